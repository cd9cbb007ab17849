"""What a method will cost on this machine, before the run: seconds and memory of training and of mapping."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..data.modalities import Modality
from ..errors import OutOfMemoryError
from ..inference.device import choose_device, set_threads
from ..inference.forecast import duration_in_words, size_in_words
from ..inference.map_cost import map_bytes
from ..inference.streaming import choose_tile_size
from ..job import Job
from ..machine import memory
from ..models.config import ModelConfig
from ..progress import Progress
from .plan import TrainingPlan, training_plan
from .recipe import Recipe, make_recipe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..data.grid import Grid
    from .scene import Scene

    Sources = Mapping[str, Modality]

_LOOKS = 10 + 2 * 4  # at the training samples: along the curve, and in both modes at the end
_LOOKED_AT = {"patch": 128, "tile": 16}
_TREES_TRIED = 20
_FEW_SAMPLES = 300  # of a machine on trial; the time goes with their square
_MACHINES = 9 * 3 / 2  # settings compared in three parts of two thirds each


@dataclass(frozen=True)
class Cost:
    """Of all trainings of a run and of a map of the whole grid. Bytes: beyond the program itself."""

    training_seconds: float
    training_bytes: int
    mapping_seconds: float
    mapping_bytes: int


def run_cost(job: Job, recipe: Recipe, sources: Sources, grid: Grid, n: int, k: int) -> Cost:
    """Return the cost of a `train` job with `n` examples in an epoch and `k` classes, and of a map."""
    config = _config(recipe, sources, k)
    if recipe.kind == "pixel":
        seconds, n_bytes, pixel = _pixel_method(job, recipe, config, n)
    else:
        from .trial import try_mapping

        seconds, n_bytes = _network(job, recipe, config, n)
        pixel = try_mapping(recipe.method, config, choose_device(job.parameters["device"]))
    margin = recipe.patch_size - 1 if recipe.kind == "tile" else recipe.patch_size // 2
    bands = sum(len(m.bands) for m in sources.values())
    tile = choose_tile_size(bands, margin)
    return Cost(seconds * fits(job), n_bytes, pixel * grid.rows * grid.cols, map_bytes(bands, margin, tile))


def fits(job: Job) -> float:
    """Return how many trainings on all samples the trainings of a job amount to."""
    held_back = 0.0 if job.test_samples is not None else float(job.parameters["test_fraction"])
    if held_back == 0:
        return 1.0
    return (1 - held_back) + bool(job.parameters["refit"])


def announce(job: Job, scene: Scene, recipe: Recipe, progress: Progress) -> None:
    """Say what a training of a network will take. Raises `OutOfMemoryError` where memory is too small."""
    if recipe.kind == "pixel":
        return
    from .examples import examples_per_epoch

    n, k = examples_per_epoch(recipe, scene.samples), len(scene.samples.classes)
    free = free_bytes(job.parameters["device"])
    _check(job, scene, recipe, n, free)
    seconds, n_bytes = _network(job, recipe, _config(recipe, scene.modalities, k), n)
    held = f" of {size_in_words(free)} free" if free else ""
    progress.log(
        f"Forecast: about {duration_in_words(seconds * fits(job))} of training, "
        f"{size_in_words(n_bytes)} of memory{held}."
        + (" The diffusion models of the sources come on top." if recipe.information else "")
    )


def free_bytes(device: str) -> int:
    """Return the free memory of the device that is taken for `device`; 0 where the system does not tell."""
    if choose_device(device).type == "cuda":
        import torch

        return int(torch.cuda.mem_get_info()[0])
    return memory()[0]


def _check(job: Job, scene: Scene, recipe: Recipe, n: int, free: int) -> None:
    needed = _training_bytes(job, scene, recipe, n)
    if not free or needed <= free:
        return
    raise OutOfMemoryError(
        f"Training needs about {size_in_words(needed)} of memory, and {size_in_words(free)} are free.",
        where=f"preset '{job.parameters['preset']}'",
        remedy=_smaller(job, scene, n, free),
    )


def _smaller(job: Job, scene: Scene, n: int, free: int) -> str:
    """Return what to do: the first smaller preset that fits, else what makes a training smaller."""
    order = ("paper", "default", "small")
    for preset in order[order.index(job.parameters["preset"]) + 1 :]:
        own = job.with_parameters(preset=preset)
        n_bytes = _training_bytes(own, scene, make_recipe(own, scene.modalities, scene.grid), n)
        if n_bytes <= free:
            return f"Use the preset '{preset}', which needs about {size_in_words(n_bytes)}."
    return "Use a smaller batch size, a smaller side, fewer principal components, or close other programs."


def _plan(job: Job) -> TrainingPlan:
    wanted = job.parameters
    return training_plan(
        wanted["method"], wanted["preset"], epochs=wanted["epochs"], batch_size=wanted["batch_size"]
    )


def _config(recipe: Recipe, sources: Sources, k: int) -> ModelConfig:
    bands = {key: recipe.components.get(key) or len(m.bands) for key, m in sources.items()}
    return ModelConfig(bands, k, options=dict(recipe.options), **recipe.sides)


def _stored(config: ModelConfig, n: int) -> int:
    """Return the bytes of the pixels around `n` examples; more than the budget goes into a file."""
    from .pixel_store import MEMORY_BUDGET

    return min(MEMORY_BUDGET, 4 * n * sum(config.bands.values()) * config.side**2)


def _training_bytes(job: Job, scene: Scene, recipe: Recipe, n: int) -> int:
    from .trial import step_bytes

    config = _config(recipe, scene.modalities, len(scene.samples.classes))
    return step_bytes(recipe.method, config, _plan(job)) + _stored(config, n)


def _network(job: Job, recipe: Recipe, config: ModelConfig, n: int) -> tuple[float, int]:
    """Return seconds and bytes of a training."""
    from .trial import try_training

    set_threads(job.parameters["threads"])
    plan = _plan(job).for_samples(n)
    trial = try_training(recipe.method, config, plan, choose_device(job.parameters["device"]))
    looks = _LOOKS * min(n, _LOOKED_AT[recipe.kind]) * trial.look_seconds
    seconds = plan.epochs * n / plan.batch_size * trial.step_seconds + looks
    return seconds, trial.step_bytes + _stored(config, n)


def _pixel_method(job: Job, recipe: Recipe, config: ModelConfig, n: int) -> tuple[float, int, float]:
    """Return seconds of a training, its bytes, and seconds of a pixel, from a fit to made-up samples."""
    from ..models import forest, svm
    from .trial import pixel_seconds, untrained

    k = config.n_classes
    windows = 1 + 2 * len(recipe.options["windows"])
    generator = np.random.default_rng(0)
    is_forest = recipe.method == "random_forest"
    tried = n if is_forest else min(n, _FEW_SAMPLES)
    labels = np.arange(tried) % k
    features = generator.normal(size=(tried, windows * sum(config.bands.values()))).astype(np.float32)
    features[:, 0] += labels
    started = time.perf_counter()
    if is_forest:
        arrays = forest.fit(features, labels, k, _TREES_TRIED)
        times = share = recipe.options["trees"] / _TREES_TRIED
    else:
        arrays = svm.fit(features, labels, k, svm.Machine(10.0, 1.0))
        used = min(n, svm.MAX_SAMPLES)
        share = used / tried
        times = share**2 * (1 if recipe.options["cost"] and recipe.options["gamma"] else 1 + _MACHINES / 3)
    seconds = (time.perf_counter() - started) * times
    pixel = pixel_seconds(untrained(recipe.method, config, arrays), "cpu") * share
    return seconds, math.ceil(features.nbytes * n / tried) * 3, pixel
