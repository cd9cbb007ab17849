"""A forest of the samples as they are now, for a preview. What does not change is kept between calls.

Of a scene that stays the same only the pixels of new samples are read, and a pan costs prediction alone.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.classes import classes_from_json
from ..data.hashing import uniform
from ..data.modalities import Modality, describe_inputs
from ..data.normalisation import Preprocess, fit_normalisation, scene_sample
from ..data.sample_set import SampleSet, pixel_keys
from ..data.samples import drop_invalid, median_sample_width, read_samples
from ..data.stack import Stack
from ..dataset_names import file_of
from ..errors import SamplesError
from ..job import Job
from ..models import forest
from ..models.catalog import CATALOG
from ..models.config import ModelConfig
from ..models.context_features import WINDOWS
from ..models.model_file import TrainedModel
from ..progress import Progress
from .pixel_features import features_at
from .preview_view import View, open_stack, view_of, zoomed_out

if TYPE_CHECKING:
    from numpy.typing import NDArray

METHOD = "random_forest"
BANDS_READ = 24  # of a raster: neighbouring bands of a hyperspectral one say nearly the same
COMPONENTS = 8  # left of a source with more bands
PER_PLACE, PER_CLASS = 100, 500  # pixels the forest sees; all areas, but not all of a large one
FITTING_PIXELS, FITTING_BUDGET = 4000, 1 << 18
_SCENES_KEPT, _LEVELS_KEPT = 2, 4


@dataclass
class _Level:
    """What is known of a scene at one size of pixel: the scaling, and features (n, F) of pixels by key."""

    preprocess: Preprocess
    keys: NDArray[np.int64]
    features: NDArray[np.float32]

    def features_of(self, stack: Stack, samples: SampleSet, progress: Progress) -> NDArray[np.float32]:
        """Return the features of samples (n, F); only those that are not known are read."""
        keys = pixel_keys(samples.rows, samples.cols)
        new = ~np.isin(keys, self.keys)
        if new.any():
            rows, cols = samples.rows[new], samples.cols[new]
            found = features_at(stack, self.preprocess, rows, cols, WINDOWS, progress)
            joined = found if not len(self.keys) else np.concatenate([self.features, found])
            order = np.argsort(np.concatenate([self.keys, keys[new]]))
            self.keys, self.features = np.concatenate([self.keys, keys[new]])[order], joined[order]
        return self.features[np.searchsorted(self.keys, keys)]


@dataclass
class _Scene:
    """The sources of a scene, thinned for previews, and what is known of it at each size of pixel."""

    modalities: dict[str, Modality]
    levels: OrderedDict[tuple[Any, ...], _Level]


_scenes: OrderedDict[str, _Scene] = OrderedDict()


def forget_scenes() -> None:
    """Drop everything that is kept."""
    _scenes.clear()


def forest_of(job: Job, progress: Progress) -> tuple[TrainedModel, dict[str, Modality], View, int]:
    """Return a forest of the job's samples, the modalities it reads, the view, and how many samples it saw.

    Raises `SamplesError` for samples of fewer than two classes, `AlignmentError` for a view of nothing.
    """
    if job.samples is None:
        raise SamplesError("There are no samples yet.", where="live map", remedy="Draw areas of two classes.")
    scene = _scene_of(job, progress)
    pixel = median_sample_width(job.samples)
    view = zoomed_out(view_of(scene.modalities, job.grid, samples_pixel=pixel), int(job.parameters["pixels"]))
    with open_stack(view, scene.modalities, job) as stack:
        samples = read_samples(
            job.samples, view.grid, classes_from_json(job.classes), progress.part(0.1, 0.2)
        )
        samples = _chosen(drop_invalid(samples, stack, progress.part(0.2, 0.3)), job.parameters["seed"])
        _require_two_classes(samples)
        level = _level_of(scene, stack, progress.part(0.3, 0.4))
        features = level.features_of(stack, samples, progress.part(0.4, 0.6))
        arrays = forest.fit(
            features, samples.labels, len(samples.classes), job.parameters["trees"],
            job.parameters["seed"], progress.part(0.6, 0.7),
        )  # fmt: skip
        config = ModelConfig(
            dict(stack.bands), len(samples.classes), max(WINDOWS), {"windows": list(WINDOWS)}
        )
    model = TrainedModel(
        method=METHOD,
        config=config,
        modalities={},
        preprocess=level.preprocess,
        classes=samples.classes,
        grid={},
        arrays=arrays,
    )
    return model, scene.modalities, view, len(samples)


def _scene_of(job: Job, progress: Progress) -> _Scene:
    """Return the scene of the job's sources, kept from an earlier call unless a file has changed."""
    progress(0.0, "Looking at the sources")
    inputs = job.to_json()["inputs"]
    paths = [raster.path for rasters in job.inputs.values() for raster in rasters]
    key = repr((inputs, [_stamp(path) for path in (*paths, job.mask)], job.mask, job.mask_values))
    if key not in _scenes:
        found = {name: _thinned(m) for name, m in describe_inputs(job.inputs).items()}
        _scenes[key] = _Scene(found, OrderedDict())
    _scenes.move_to_end(key)
    while len(_scenes) > _SCENES_KEPT:
        _scenes.popitem(last=False)
    return _scenes[key]


def _stamp(path: str) -> tuple[int, int]:
    try:
        facts = os.stat(file_of(path))
    except OSError:
        return 0, 0
    return facts.st_mtime_ns, facts.st_size


def _thinned(modality: Modality) -> Modality:
    """Return the modality with some bands of those rasters that have very many."""
    return replace(
        modality,
        rasters=tuple(
            r if len(r.bands) <= BANDS_READ else replace(r, bands=_spread(r.bands)) for r in modality.rasters
        ),
    )


def _spread(numbers: tuple[int, ...]) -> tuple[int, ...]:
    last = len(numbers) - 1
    return tuple(numbers[round(i * last / (BANDS_READ - 1))] for i in range(BANDS_READ))


def _level_of(scene: _Scene, stack: Stack, progress: Progress) -> _Level:
    key = (stack.grid.crs, stack.grid.transform, stack.grid.shape)
    if key not in scene.levels:
        empty = np.zeros(0, np.int64), np.zeros((0, 0), np.float32)
        scene.levels[key] = _Level(_preprocess(stack, progress), *empty)
    scene.levels.move_to_end(key)
    while len(scene.levels) > _LEVELS_KEPT:
        scene.levels.popitem(last=False)
    return scene.levels[key]


def _preprocess(stack: Stack, progress: Progress) -> Preprocess:
    sample: Mapping[str, NDArray[np.float32]] = scene_sample(
        stack, FITTING_PIXELS, progress=progress, budget=FITTING_BUDGET
    ).values
    kind = CATALOG[METHOD].normalisation
    return Preprocess(
        {
            key: fit_normalisation(values, kind, COMPONENTS if values.shape[1] > COMPONENTS else 0)
            for key, values in sample.items()
        }
    )


def _chosen(samples: SampleSet, seed: int) -> SampleSet:
    """Return at most so many samples of a place and of a class; those chosen stay when others come."""
    draw = uniform(pixel_keys(samples.rows, samples.cols), seed)
    kept = np.zeros(len(samples), dtype=bool)
    order = np.argsort(draw, kind="stable")
    order = order[_rank(samples.places[order]) < PER_PLACE]
    kept[order[_rank(samples.labels[order]) < PER_CLASS]] = True
    return samples.subset(kept)


def _rank(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each position how many before it have the same key, (n,)."""
    by_key = np.argsort(keys, kind="stable")
    _, starts, counts = np.unique(keys[by_key], return_index=True, return_counts=True)
    rank = np.empty(len(keys), np.int64)
    rank[by_key] = np.arange(len(keys)) - np.repeat(starts, counts)
    return rank


def _require_two_classes(samples: SampleSet) -> None:
    if np.count_nonzero(samples.counts()) < 2:
        raise SamplesError(
            "The live map needs areas of at least two classes.",
            where="live map",
            remedy="Draw an area of another class.",
        )
