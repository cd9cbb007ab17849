"""Which samples an epoch sees, in which batches, and how much each class weighs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .seeding import generator_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_PER_PLACE = 500
MAX_PER_CLASS = 2000
MAX_WEIGHT_RATIO = 10.0


class EpochSampler:
    """Draws the samples of each epoch: no place more than 500 and no class more than 2,000 pixels.

    A few large training areas would else decide the map, and an epoch would last as long as they are large.
    Other pixels of a large area come in other epochs. All follows from `seed` and the number of the epoch.

    `labels`, `places`: class index and polygon id of each sample (n,).
    """

    def __init__(
        self,
        labels: NDArray[np.int64],
        places: NDArray[np.int64],
        seed: int,
        max_per_place: int = MAX_PER_PLACE,
        max_per_class: int = MAX_PER_CLASS,
    ) -> None:
        self._labels, self._places, self._seed = labels, places, seed
        self._max_per_place, self._max_per_class = max_per_place, max_per_class
        self.size = len(self.epoch(0))

    def epoch(self, number: int, shuffle: bool = True) -> NDArray[np.int64]:
        """Return the sample indexes of epoch `number` (0, 1, ...), shuffled unless told otherwise.

        Shuffled means that every batch is like the epoch: at the end of an epoch of one class a network, and
        above all its batch normalisation, knows that class alone.
        """
        generator = generator_for(self._seed, number)
        order = generator.permutation(len(self._labels))
        order = order[_first_of_each(self._places[order], self._max_per_place)]
        order = order[_first_of_each(self._labels[order], self._max_per_class)]
        # The limits leave the pixels of rare classes and small places at the end of the order: shuffle again.
        return generator.permutation(order) if shuffle else np.sort(order)

    def class_counts(self, n_classes: int) -> NDArray[np.int64]:
        """Return how many samples of each class an epoch holds (n_classes,)."""
        return np.bincount(self._labels[self.epoch(0)], minlength=n_classes).astype(np.int64)


def samples_per_epoch(labels: NDArray[np.int64], places: NDArray[np.int64]) -> int:
    """Return how many samples an epoch holds under the default limits, for `TrainingPlan.for_samples`."""
    return EpochSampler(labels, places, seed=0).size


def _first_of_each(keys: NDArray[np.int64], limit: int) -> NDArray[np.bool_]:
    """Mark the first `limit` positions of every key."""
    by_key = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(np.diff(keys[by_key], prepend=keys[by_key[:1]] - 1))
    rank_in_key = np.arange(len(keys)) - np.repeat(starts, np.diff(np.append(starts, len(keys))))
    keep = np.zeros(len(keys), dtype=bool)
    keep[by_key] = rank_in_key < limit
    return keep


def class_weights(counts: NDArray[np.int64], max_ratio: float = MAX_WEIGHT_RATIO) -> NDArray[np.float32]:
    """Return a weight per class (K,): inverse square root of its frequency, at most 1:`max_ratio`.

    The mean over the samples is 1. A class without samples weighs nothing.
    """
    present = counts > 0
    weights = np.zeros(len(counts), dtype=np.float64)
    weights[present] = 1 / np.sqrt(counts[present])
    weights[present] = np.minimum(weights[present], weights[present].min() * max_ratio)
    return (weights * counts.sum() / (weights * counts).sum()).astype(np.float32)


def batch_stop(start: int, total: int, size: int) -> int:
    """Return where the batch that begins at `start` of `total` samples ends.

    A single sample left over joins the last batch: batch normalisation has no variance in a batch of one.
    """
    stop = start + size
    return total if stop >= total - 1 else stop
