"""How many map pixels and separate places each class has, counted in a worker thread as a run counts them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...core.data.classes import LandClass
from ...core.data.drafts import scratch_prefix
from ...core.data.grid import Grid
from ...core.data.grid_choice import choose_grid
from ...core.data.modalities import Modality, describe_inputs
from ...core.data.raster_description import inspect
from ...core.data.sample_set import SampleSet
from ...core.data.samples import median_sample_width, read_samples
from ...core.data.vector_io import write_samples_gpkg
from ...core.errors import LandfuseError
from ...core.evaluation.sample_statistics import ClassFigures, class_figures
from ...core.job import Job, SamplesInput
from ...core.job_kinds import KINDS
from ...core.progress import Progress
from ...core.training.recipe import make_recipe
from .area_reader import AreasRead

LABEL_LIMIT = 100_000  # pixels per class of a label raster that are looked at; the totals count all


@dataclass(frozen=True)
class SceneOrder:
    """The sources as a job without samples, and the training settings that differ from their defaults."""

    job: Job
    settings: Mapping[str, Any]

    @property
    def key(self) -> str:
        """The same for the same sources."""
        return json.dumps(self.job.to_json()["inputs"], sort_keys=True, default=str)


@dataclass(frozen=True)
class PixelCounts:
    """Figures by class key, the side of a map pixel and the gap between places in metres.

    `known`: classes without a figure have no pixel; otherwise theirs are not known. `classes` are those of a
    label raster. `problem`: why nothing could be counted, "" where it was.
    """

    figures: Mapping[str, ClassFigures] = field(default_factory=dict)
    pixel_metres: float = 0.0
    gap_metres: float = 0.0
    classes: tuple[LandClass, ...] = ()
    problem: str = ""
    known: bool = False


class PixelCounter:
    """Counts the pixels of areas; what it found out about the sources is kept for the next time.

    One worker thread at a time.
    """

    def __init__(self) -> None:
        self._known: tuple[str, dict[str, Modality]] = ("", {})

    def count_areas(self, read: AreasRead, scene: SceneOrder, progress: Progress) -> PixelCounts:
        """Count the pixels of a layer's areas on the map pixels of the sources."""
        if not read.records:
            return PixelCounts(known=True)
        try:
            with tempfile.TemporaryDirectory(prefix=scratch_prefix()) as folder:
                return self._count_areas(read, scene, folder, progress)
        except LandfuseError as error:
            return PixelCounts(problem=str(error))

    def count_labels(self, spec: SamplesInput, scene: SceneOrder | None, progress: Progress) -> PixelCounts:
        """Count the pixels of a label raster; raises `LandfuseError` where it holds no classes."""
        grid, gap = _own_grid(spec), 1
        if scene is not None:
            grid, gap = self._grid(scene, progress, labels=spec.path)
        samples = read_samples(spec, grid, (), progress, LABEL_LIMIT)
        figures = {str(f.land_class.value): f for f in class_figures(samples, samples, None, grid, gap)}
        return PixelCounts(figures, grid.metres_of(1), grid.metres_of(gap), samples.classes, known=True)

    def _count_areas(
        self, read: AreasRead, scene: SceneOrder, folder: str, progress: Progress
    ) -> PixelCounts:
        keys = sorted({key for key, _, _ in read.records})
        spec = _written(read, {key: i for i, key in enumerate(keys, start=1)}, folder)
        grid, gap = self._grid(scene, progress, width=median_sample_width(spec))
        classes = tuple(LandClass(i, key, "#000000") for i, key in enumerate(keys, start=1))
        samples = read_samples(spec, grid, classes, progress)
        found = class_figures(samples, samples, None, grid, gap)
        if read.grouped:
            found = [replace(f, places=_groups(samples, i)) for i, f in enumerate(found)]
        return PixelCounts(dict(zip(keys, found)), grid.metres_of(1), grid.metres_of(gap), known=True)

    def _grid(
        self, scene: SceneOrder, progress: Progress, labels: str = "", width: float | None = None
    ) -> tuple[Grid, int]:
        """Return the map pixels, and the distance in pixels from which areas are separate places."""
        key, modalities = self._known
        if key != scene.key:
            modalities = describe_inputs(scene.job.inputs)
            self._known = scene.key, modalities
        progress.check()
        grid, _ = choose_grid(modalities, scene.job.grid, labels_path=labels, samples_pixel=width)
        defaults = {p.name: p.default for p in KINDS["train"].parameters}
        training = replace(scene.job, kind="train", parameters={**defaults, **scene.settings})
        return grid, make_recipe(training, modalities, grid).gap


def _written(read: AreasRead, numbers: Mapping[str, int], folder: str) -> SamplesInput:
    """Write the areas to a file, which core reads as it reads the snapshot of a run."""
    path = str(Path(folder) / "areas.gpkg")
    rows = [(wkb, numbers[key], key, group) for key, wkb, group in read.records]
    write_samples_gpkg(path, rows, read.crs)
    return SamplesInput(path, class_field="class", group_field="group" if read.grouped else "")


def _groups(samples: SampleSet, label: int) -> int:
    """Return how many groups of the group field hold a class."""
    return len(np.unique(samples.groups[samples.labels == label]))


def _own_grid(spec: SamplesInput) -> Grid:
    return inspect(spec.path).grid
