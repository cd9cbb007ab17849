"""The `classify` job: a model file applied to sources, window by window, into a styled class map."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import numpy as np

from ..data.classes import LandClass
from ..data.grid import Grid
from ..data.grid_choice import choose_grid
from ..data.modalities import Modality
from ..data.range_check import compare_ranges
from ..data.raster_output import RasterOutput, create_class_map, create_float_raster
from ..data.recipes import repeat_recipes, unused_inputs
from ..data.stack import Stack
from ..data.staged_output import check_writable
from ..data.windows import Window
from ..errors import AlignmentError
from ..job import Job
from ..job_kinds import JobResult
from ..models.catalog import CATALOG
from ..models.model_file import TrainedModel, read_model
from ..progress import Progress
from .predictor import Predictor, make_predictor
from .streaming import stream_predictions

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNCERTAINTY_BANDS = ("maximum probability", "entropy (0 certain, 1 all classes alike)")


def run(job: Job, progress: Progress) -> JobResult:
    """Classify as `job` says; the figures are the number of mapped pixels and the share left unmapped."""
    for path in job.outputs.values():
        check_writable(path)
    progress(0.0, "Reading the model")
    model = read_model(job.parameters["model"])
    predictor = _predictor(
        job, model
    )  # first: a missing torch must not come to light after the scene was read
    modalities = repeat_recipes(job.inputs, model.modalities)
    grid, notes = _grid(job, model, modalities)
    found = [note for modality in modalities.values() for note in modality.notes]
    for note in (*unused_inputs(job.inputs, model.modalities), *found, *notes):
        progress.log(note)
    with Stack(modalities, grid, job.mask) as stack:
        progress(0.02, "Comparing the bands with training")
        for line in compare_ranges(stack, model.preprocess):
            progress.warn(line)
        mapped = _map(job, model, stack, predictor, progress.part(0.05, 1.0))
    total = grid.rows * grid.cols
    return JobResult(dict(job.outputs), {"CLASSIFIED_PIXELS": mapped, "UNMAPPED_SHARE": 1 - mapped / total})


def _grid(job: Job, model: TrainedModel, modalities: Mapping[str, Modality]) -> tuple[Grid, tuple[str, ...]]:
    return choose_grid(modalities, job.grid, model_pixel=float(model.grid["pixel_metres"]))


def _map(job: Job, model: TrainedModel, stack: Stack, predictor: Predictor, progress: Progress) -> int:
    """Predict and write all windows; return the number of mapped pixels."""
    progress.log(f"Computing with {', '.join(f'{k} {v}' for k, v in predictor.settings.items())}.")
    mapped = 0
    outputs = Outputs(job.outputs, stack.grid, model.classes)
    with (
        outputs,
        closing(stream_predictions(stack, predictor, job.parameters["tile_size"], progress)) as stream,
    ):
        for window, probabilities in stream:
            outputs.write(window, probabilities)
            mapped += int(np.isfinite(probabilities[0]).sum())
        if not mapped:  # inside the block, so that nothing is written
            raise AlignmentError(
                "No pixel is valid in all sources, so the map would be empty; nothing is written.",
                where=", ".join(stack.keys),
                remedy="Check nodata values, extent and mask of the sources ('Check the inputs' shows them).",
            )
    return mapped


def _predictor(job: Job, model: TrainedModel) -> Predictor:
    wanted = job.parameters
    if CATALOG[model.method].kind != "pixel":
        from .device import set_threads

        set_threads(wanted["threads"])
    return make_predictor(model, wanted["device"], wanted["precision"], wanted["batch_size"])


class Outputs:
    """The rasters of one classification: class map and, where asked for, probabilities and uncertainty.

    A context manager: all appear when the block ends well, none after an error.
    """

    def __init__(self, paths: Mapping[str, str], grid: Grid, classes: tuple[LandClass, ...]) -> None:
        self._values = np.array([c.value for c in classes], dtype=np.uint16)
        self._paths, self._grid, self._classes = paths, grid, classes
        self._open = ExitStack()
        self._rasters: dict[str, RasterOutput] = {}

    def __enter__(self) -> Outputs:
        with ExitStack() as opening:
            for name in self._paths:
                self._rasters[name] = opening.enter_context(self._create(name))
            self._open = opening.pop_all()
        return self

    def __exit__(self, *error: object) -> bool | None:
        return self._open.__exit__(*error)  # type: ignore[arg-type]  # the three arguments of the protocol

    def _create(self, name: str) -> RasterOutput:
        path = self._paths[name]
        if name == "classmap":
            return create_class_map(path, self._grid, self._classes)
        if name == "probabilities":
            return create_float_raster(path, self._grid, [c.name for c in self._classes])
        return create_float_raster(path, self._grid, UNCERTAINTY_BANDS)

    def write(self, window: Window, probabilities: NDArray[np.float32]) -> None:
        """Write one window of probabilities (K, H, W), NaN where not valid."""
        valid = np.isfinite(probabilities[0])
        best = np.where(valid, probabilities, 0).argmax(axis=0)
        self._rasters["classmap"].write(window, np.where(valid, self._values[best], 0))
        if "probabilities" in self._rasters:
            self._rasters["probabilities"].write(window, probabilities)
        if "uncertainty" in self._rasters:
            self._rasters["uncertainty"].write(window, uncertainty(probabilities))


def uncertainty(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the maximum probability and the entropy divided by its largest value, (2, H, W)."""
    k = len(probabilities)
    logs = np.log(np.clip(probabilities, 1e-12, 1.0))
    entropy = -(probabilities * logs).sum(axis=0) / np.log(max(k, 2))
    return np.stack([probabilities.max(axis=0), entropy]).astype(np.float32)
