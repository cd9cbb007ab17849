"""The job `preview`: what is in view, mapped coarsely and quickly, while samples are still being drawn."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING

import numpy as np

from ..data.classes import LandClass
from ..data.grid import Grid
from ..data.modalities import Modality
from ..data.raster_output import create_class_map
from ..data.recipes import repeat_recipes
from ..data.stack import Stack
from ..data.staged_output import check_writable
from ..data.windows import Window, iter_tiles
from ..job import Job
from ..job_spec import JobResult
from ..models.catalog import CATALOG
from ..models.model_file import TrainedModel, read_model
from ..progress import Progress
from .predictor import Predictor, make_predictor
from .preview_forest import forest_of
from .preview_view import View, coarser, open_stack, view_of
from .scene_fit import check_resolution
from .scene_map import attach_extractors, predictor_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

TILE = 256
# A network takes some tens of times as long for a pixel as a forest does.
NETWORK_SHARE = 16
_models: dict[tuple[str, int, int, str], tuple[TrainedModel, Predictor]] = {}  # the one used last


def run(job: Job, progress: Progress) -> JobResult:
    """Map the job's extent with its model, or with a forest of its samples.

    Numbers: samples the forest saw (None with a model), classes, and the side of a pixel in metres.
    """
    check_writable(job.outputs["classmap"])
    if job.parameters["model"]:
        model, grid, labels, n_samples = *_with_model(job, progress), None
    else:
        model, grid, labels, n_samples = _with_forest(job, progress)
    _write(job.outputs["classmap"], grid, model.classes, labels)
    numbers = {"N_SAMPLES": n_samples, "N_CLASSES": len(model.classes), "PIXEL_METRES": grid.pixel_metres}
    return JobResult(dict(job.outputs), numbers)


def _with_forest(job: Job, progress: Progress) -> tuple[TrainedModel, Grid, NDArray[np.int64], int]:
    model, modalities, view, n_samples = forest_of(job, progress)
    with open_stack(view, modalities, job) as stack:
        labels = _mapped(stack, make_predictor(model), view.window, progress.part(0.7, 1.0))
    return model, view.shown, labels, n_samples


def _mapped(stack: Stack, predictor: Predictor, window: Window, progress: Progress) -> NDArray[np.int64]:
    """Return the class index of every pixel of a window, (H, W); -1 where the sources are not valid."""
    labels = np.full((window.height, window.width), -1, np.int64)
    for tile in iter_tiles(window.height, window.width, TILE):
        progress((tile.row * window.width + tile.col) / labels.size, "Mapping what is in view")
        part = Window(window.row + tile.row, window.col + tile.col, tile.height, tile.width)
        found = predictor.predict(stack.read(part, predictor.margin), progress)
        labels[tile.slices()] = _best(found)
    return labels


def _with_model(job: Job, progress: Progress) -> tuple[TrainedModel, Grid, NDArray[np.int64]]:
    """Map every n-th row and column of the view, so many that it does not take long.

    A model needs its own size of pixel, so unlike the forest's the pixels are not made larger.
    """
    model, predictor = _model_of(job)
    modalities = repeat_recipes(job.inputs, model.modalities)
    check_resolution(modalities, model.modalities, job.parameters["allow_coarser"], progress)
    view = view_of(modalities, job.grid, model_pixel=_pixel(model, modalities))
    budget = job.parameters["pixels"] // (1 if CATALOG[model.method].kind == "pixel" else NETWORK_SHARE)
    step = max(1, math.ceil(math.sqrt(view.window.height * view.window.width / max(1, budget))))
    with Stack(modalities, view.grid, job.mask, job.mask_values) as stack:
        if model.information:
            attach_extractors(stack, model, job.parameters["device"], progress)
        if step == 1:
            labels = _mapped(stack, predictor, view.window, progress)
        else:
            labels = _at_steps(stack, predictor, view, step, progress)
    return model, coarser(view.shown, step), labels


def _at_steps(
    stack: Stack, predictor: Predictor, view: View, step: int, progress: Progress
) -> NDArray[np.int64]:
    window = view.window
    rows = np.minimum(np.arange(0, window.height, step) + step // 2, window.height - 1) + window.row
    cols = np.minimum(np.arange(0, window.width, step) + step // 2, window.width - 1) + window.col
    all_rows, all_cols = (axis.ravel() for axis in np.meshgrid(rows, cols, indexing="ij"))
    return predictor.predict_at(stack, all_rows, all_cols, progress).reshape(len(rows), len(cols))


def _model_of(job: Job) -> tuple[TrainedModel, Predictor]:
    """Return the model and its predictor, kept from the last call unless the file has changed."""
    path = job.parameters["model"]
    facts = os.stat(path) if os.path.exists(path) else None  # reading it says in words that it is missing
    key = (path, facts.st_mtime_ns if facts else 0, facts.st_size if facts else 0, job.parameters["device"])
    if key not in _models:
        model = read_model(path)
        _models.clear()
        _models[key] = model, predictor_for(model, job)
    return _models[key]


def _pixel(model: TrainedModel, modalities: dict[str, Modality]) -> float | None:
    placed = all(r.info.has_georeference for m in modalities.values() for r in m.rasters)
    return float(model.grid["pixel_metres"]) if placed else None


def _best(probabilities: NDArray[np.float32]) -> NDArray[np.int64]:
    valid = np.isfinite(probabilities[0])
    return np.where(valid, np.where(valid, probabilities, 0).argmax(axis=0), -1).astype(np.int64)


def _write(path: str, grid: Grid, classes: tuple[LandClass, ...], labels: NDArray[np.int64]) -> None:
    values = np.array([0, *(c.value for c in classes)])[labels + 1]
    with create_class_map(path, grid, classes) as output:
        output.write(Window(0, 0, grid.rows, grid.cols), values)
