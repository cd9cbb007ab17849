"""The `forecast` job: what each method will cost on these sources, here, found by trials of a second each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..data.grid_choice import choose_grid
from ..data.modalities import describe_inputs
from ..errors import LandfuseError
from ..forecast_job_kind import FIGURES, number_name
from ..inference.device import require_torch
from ..inference.forecast import duration_in_words, size_in_words
from ..job import Job
from ..job_spec import METHODS, JobResult
from ..models.catalog import CATALOG
from ..progress import Progress
from ..train_job_kind import TRAIN
from .cost import Cost, free_bytes, run_cost
from .recipe import Recipe, make_recipe
from .scene import Scene, open_scene

_MEBIBYTE = 1 << 20
_PIXELS_PER_TILE = 10  # of training areas, where nothing is known of how they lie


def run(job: Job, progress: Progress) -> JobResult:
    """Return seconds and MiB of training and of mapping for one method or all, and the free memory in MiB.

    A figure is None for a method that is not asked for, or cannot take these sources; the log says why.
    """
    require_torch()
    asked = job.parameters["method"]
    methods = METHODS if asked == "all" else (asked,)
    numbers: dict[str, Any] = dict.fromkeys(job.spec.numbers)
    numbers["FREE_MIB"] = free_bytes(job.parameters["device"]) // _MEBIBYTE
    with _Sources.of(job, progress.part(0.0, 0.2)) as sources:
        for number, method in enumerate(methods):
            progress(0.2 + 0.8 * number / len(methods), f"trying {CATALOG[method].title.split(' (')[0]}")
            try:
                cost = sources.cost(training_job(job, method))
            except LandfuseError as error:
                progress.warn(f"{method}: {error}")
                continue
            numbers.update(_figures(method, cost))
            progress.log(
                f"{method}: about {duration_in_words(cost.training_seconds)} and "
                f"{size_in_words(cost.training_bytes)} to train, {duration_in_words(cost.mapping_seconds)} "
                f"and {size_in_words(cost.mapping_bytes)} to map."
            )
    return JobResult({}, numbers)


def training_job(job: Job, method: str) -> Job:
    """Return the `train` job of this method that a `forecast` job asks about."""
    defaults = {p.name: p.default for p in TRAIN.parameters}
    own = {name: value for name, value in job.parameters.items() if name in defaults}
    return Job(
        "train",
        inputs=job.inputs,
        samples=job.samples,
        classes=job.classes,
        grid=job.grid,
        parameters={**defaults, **own, "method": method},
    )


def _figures(method: str, cost: Cost) -> dict[str, float]:
    values = (
        round(cost.training_seconds, 1),
        round(cost.training_bytes / _MEBIBYTE),
        round(cost.mapping_seconds, 1),
        round(cost.mapping_bytes / _MEBIBYTE),
    )
    return {number_name(method, figure): value for figure, value in zip(FIGURES, values)}


class _Sources:
    """What is known of sources and samples: read from the samples, or the numbers of the job."""

    def __init__(self, job: Job, modalities: Any, grid: Any, scene: Scene | None) -> None:
        self._job, self._modalities, self._grid, self._scene = job, modalities, grid, scene

    @classmethod
    @contextmanager
    def of(cls, job: Job, progress: Progress) -> Iterator[_Sources]:
        if job.samples is not None:
            with open_scene(job, progress) as scene:
                yield cls(job, scene.modalities, scene.grid, scene)
            return
        progress(0.0, "Looking at the sources")
        modalities = describe_inputs(job.inputs)
        grid, _ = choose_grid(modalities, job.grid)
        yield cls(job, modalities, grid, None)

    def cost(self, job: Job) -> Cost:
        recipe = make_recipe(job, self._modalities, self._grid)
        n, k = self._counts(recipe)
        return run_cost(job, recipe, self._modalities, self._grid, n, k)

    def _counts(self, recipe: Recipe) -> tuple[int, int]:
        """Return the examples of an epoch and the classes."""
        if self._scene is not None:
            from .examples import examples_per_epoch

            return examples_per_epoch(recipe, self._scene.samples), len(self._scene.samples.classes)
        count = int(self._job.parameters["sample_count"])
        n = max(2, count // _PIXELS_PER_TILE) if recipe.kind == "tile" else count
        return n, int(self._job.parameters["class_count"])
