"""One scene mapped with one model: what `classify` does once and `classifyscenes` for every scene."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from ..data.grid import Grid
from ..data.grid_choice import choose_grid
from ..data.holes import find_holes, hidden_nodata_warnings
from ..data.modalities import Modality
from ..data.normalisation import scene_sample
from ..data.range_check import RANGE_LIMIT, compare_ranges
from ..data.recipes import repeat_recipes, unused_inputs
from ..data.stack import Stack
from ..errors import AlignmentError
from ..job import Job
from ..models.catalog import CATALOG
from ..models.model_file import TrainedModel
from ..progress import Progress
from .forecast import Forecast, Pace
from .map_outputs import MapOutputs
from .predictor import Predictor, make_predictor
from .scene_fit import check_resolution, differences
from .streaming import choose_tile_size, stream_predictions


@dataclass(frozen=True)
class SceneMap:
    """What became of one scene: its grid, and how many of its pixels were mapped."""

    grid: Grid
    mapped: int

    @property
    def unmapped_share(self) -> float:
        """Share of the grid without a class, 0 to 1."""
        return 1 - self.mapped / (self.grid.rows * self.grid.cols)


def predictor_for(model: TrainedModel, job: Job) -> Predictor:
    """Return the predictor with the device, precision, batch and threads of a job."""
    wanted = job.parameters
    if CATALOG[model.method].kind != "pixel":
        from .device import set_threads

        set_threads(wanted["threads"])
    return make_predictor(model, wanted["device"], wanted["precision"], wanted["batch_size"])


def map_scene(job: Job, model: TrainedModel, predictor: Predictor, progress: Progress) -> SceneMap:
    """Map the sources of a `classify` job into its outputs.

    Raises `LandfuseError` for sources that do not suit the model, and leaves nothing behind then.
    """
    progress(0.0, "Looking at the sources")
    modalities = repeat_recipes(job.inputs, model.modalities)
    check_resolution(modalities, model.modalities, job.parameters["allow_coarser"], progress)
    grid, notes = choose_grid(modalities, job.grid, model_pixel=_model_pixel(model, modalities))
    found = [note for modality in modalities.values() for note in modality.notes]
    for note in (*unused_inputs(job.inputs, model.modalities), *found, *notes):
        progress.log(note)
    for difference in differences(grid, model.grid):
        progress.warn(difference)
    with Stack(modalities, grid, job.mask, job.mask_values) as stack:
        for note in (*stack.require_mask(), *(holes.text for holes in find_holes(modalities, grid))):
            progress.log(note)
        for line in hidden_nodata_warnings(modalities):
            progress.warn(line)
        progress(0.01, "Comparing the bands with training")
        sample = scene_sample(stack, RANGE_LIMIT)
        for line in compare_ranges(stack, model.preprocess, sample.values):
            progress.warn(line)
        if model.information:
            attach_extractors(stack, model, job.parameters["device"], progress)
        return SceneMap(
            grid, _map(job, model, stack, predictor, sample.valid_share, progress.part(0.05, 1.0))
        )


def attach_extractors(stack: Stack, model: TrainedModel, device: str, progress: Progress) -> None:
    """Let the stack also read what the model's diffusion models make of the sources."""
    from ..models.extractor_file import rebuilt  # these need torch, which a forest does without
    from .device import choose_device
    from .information_reader import attach_information

    extractors = rebuilt(model.information_arrays, model.information)
    attach_information(stack, extractors, choose_device(device), progress=progress)


def _model_pixel(model: TrainedModel, modalities: Mapping[str, Modality]) -> float | None:
    """Return the model's pixel size in metres; None for a scene without any place, which keeps its pixels."""
    placed = all(r.info.has_georeference for m in modalities.values() for r in m.rasters)
    return float(model.grid["pixel_metres"]) if placed else None


def _map(
    job: Job,
    model: TrainedModel,
    stack: Stack,
    predictor: Predictor,
    valid_share: float,
    progress: Progress,
) -> int:
    """Predict and write all windows; return the number of mapped pixels."""
    progress.log(f"Computing with {', '.join(f'{k} {v}' for k, v in predictor.settings.items())}.")
    rows, cols = stack.grid.shape
    size = choose_tile_size(sum(stack.bands.values()), predictor.margin, job.parameters["tile_size"])
    pace = Pace(rows * cols, valid_share)
    n_tiles = math.ceil(rows / size) * math.ceil(cols / size)
    forecast = Forecast(job.outputs, stack.grid, valid_share, n_tiles, pace)
    mapped = 0
    outputs = MapOutputs(job.outputs, stack.grid, model.classes)
    with outputs, closing(stream_predictions(stack, predictor, size, progress, pace)) as stream:
        for window, probabilities in stream:
            n_valid, layers = int(np.isfinite(probabilities[0]).sum()), outputs.layers(probabilities)
            forecast.watch(n_valid, layers, progress)
            outputs.write(window, layers)
            mapped += n_valid
        if not mapped:  # inside the block, so that nothing is written
            raise AlignmentError(
                "No pixel is valid in all sources, so the map would be empty; nothing is written.",
                where=", ".join(stack.keys),
                remedy="Check nodata values, extent and mask of the sources ('Check the inputs' shows them).",
            )
    forecast.conclude(progress)
    return mapped
