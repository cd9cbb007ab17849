"""What a network learns from: patches with a class each, or tiles with classes at some of their pixels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from torch import Tensor

from ..progress import Progress, silent
from .patches import PatchSource
from .plan import TrainingPlan
from .recipe import Recipe
from .sampling import EpochSampler, samples_per_epoch
from .tile_sampling import TileSampler, tiles_per_epoch
from .tiles import TileExamples, TileSource

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..data.normalisation import Preprocess
    from ..data.sample_set import SampleSet
    from ..data.stack import Stack

    Indexes = NDArray[np.int64]


class Examples(Protocol):
    """The examples of a training; `PatchExamples` and `tiles.TileExamples` are such.

    `noun`: what one is called, in the plural. `size`: examples in an epoch. `smallest_batch`: what batch
    normalisation needs. `checked`: on how many of them the training accuracy is measured.
    """

    noun: str
    size: int
    smallest_batch: int
    checked: int

    def epoch(self, number: int) -> Indexes:
        """Return the examples of epoch `number` (0, 1, ...) in order; they hold until the next call."""
        ...

    def class_counts(self, n_classes: int) -> Indexes:
        """Return how many labelled pixels of each class an epoch holds (n_classes,)."""
        ...

    def gather(self, indices: Indexes, turned: Indexes | None = None) -> dict[str, Tensor]:
        """Return the bands of examples (B, C, H, W), each in one of the eight views or upright."""
        ...

    def labels(self, indices: Indexes, turned: Indexes | None = None) -> Tensor:
        """Return the class indexes that belong to `gather`, (B,) or (B, H, W); `IGNORED` where unknown."""
        ...


class Patches(Protocol):
    """Where patches come from; `patches.PatchSource` is one."""

    def gather(self, indices: Indexes, turned: Indexes | None = None) -> dict[str, Tensor]: ...


class PatchExamples:
    """The patch around each sample, with the class of the sample."""

    noun = "patches"
    smallest_batch = 2
    checked = 128

    def __init__(self, source: Patches, labels: Indexes, sampler: EpochSampler) -> None:
        self._source, self._labels, self._sampler = source, torch.from_numpy(labels), sampler
        self.size = sampler.size

    def epoch(self, number: int) -> Indexes:
        return self._sampler.epoch(number)

    def class_counts(self, n_classes: int) -> Indexes:
        return self._sampler.class_counts(n_classes)

    def gather(self, indices: Indexes, turned: Indexes | None = None) -> dict[str, Tensor]:
        return self._source.gather(indices, turned)

    def labels(self, indices: Indexes, turned: Indexes | None = None) -> Tensor:
        return self._labels[torch.from_numpy(indices)]


def examples_per_epoch(recipe: Recipe, samples: SampleSet) -> int:
    """Return how many examples an epoch holds, for `TrainingPlan.for_samples`."""
    if recipe.kind == "tile":
        return tiles_per_epoch(samples, recipe.patch_size)
    return samples_per_epoch(samples.labels, samples.places)


@contextmanager
def open_examples(
    recipe: Recipe,
    plan: TrainingPlan,
    stack: Stack,
    preprocess: Preprocess,
    samples: SampleSet,
    progress: Progress = silent,
) -> Iterator[Examples]:
    """Read the pixels around the samples and yield what the kind of the method learns from."""
    sampler = EpochSampler(samples.labels, samples.places, plan.seed, plan.max_per_place, plan.max_per_class)
    side = recipe.patch_size
    if recipe.kind == "tile":
        tiles = TileSampler(samples, side, sampler, plan.seed)
        with TileSource(stack, preprocess, samples, side, progress=progress) as tile_source:
            yield TileExamples(tile_source, tiles, samples, samples.labels)
    else:
        with PatchSource(stack, preprocess, samples, side, progress=progress) as source:
            yield PatchExamples(source, samples.labels, sampler)
