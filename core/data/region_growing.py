"""Region growing: the connected pixels that are like the place that was clicked.

A pixel's distance from the seed is measured once; every tolerance is then a threshold of it. A larger
tolerance therefore never gives a smaller region, and dragging it costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Mask = NDArray[np.bool_]
    Integers = NDArray[np.int64]

CORE = 0.35  # standard deviations: pixels this near to the seed say what is meant by it
CORE_REACH = 7  # pixels around the seed in which they are looked for
_ROUNDS = 5  # how often the mean of the core is updated at most


def standardised(data: Mapping[str, Floats], valid: Mask) -> Floats:
    """Return all bands of all sources as features (C, H, W), 0 where nothing was measured.

    `data`: (C_i, H, W) per source; `valid` (H, W). Each band has mean 0 and deviation 1 over the valid pixels
    and is scaled so that the squared distance of two pixels is the mean over the sources of the mean over
    their bands: a source of 144 bands counts as much as one of a single band.
    """
    parts = []
    for values in data.values():
        known = np.isfinite(values) & valid
        counts = np.maximum(known.sum(axis=(1, 2), keepdims=True), 1)
        mean = np.where(known, values, 0).sum(axis=(1, 2), keepdims=True, dtype=np.float64) / counts
        centred = np.where(known, values - mean, 0).astype(np.float32)
        spread = np.sqrt((centred**2).sum(axis=(1, 2), keepdims=True, dtype=np.float64) / counts)
        scale = np.where(spread > 0, 1 / np.where(spread > 0, spread, 1), 0)
        parts.append((centred * (scale / np.sqrt(len(values) * len(data)))).astype(np.float32))
    return np.concatenate(parts)


def seed_distances(features: Floats, valid: Mask, seed: tuple[int, int]) -> Floats:
    """Return how far each pixel is from what was clicked, in standard deviations (H, W); inf where invalid.

    `seed`: row and column of a valid pixel. What was clicked is the mean of the seed's core: the connected
    pixels within `CORE_REACH` of it and within `CORE` of the mean, which is updated as the core grows. Single
    pixels that differ from most of their neighbours take the middle one of their distances: noise does not
    cut a field into pieces.
    """
    mean = features[:, seed[0], seed[1]]
    near = _around(seed, *valid.shape)
    part, inside = features[:, near[0], near[1]], valid[near]
    own = seed[0] - near[0].start, seed[1] - near[1].start
    core = np.zeros(inside.shape, dtype=bool)
    for _ in range(_ROUNDS):
        grown = connected((_distances(part, mean) <= CORE) & inside, own)
        if not grown[own] or (grown == core).all():
            break
        core = grown
        mean = part[:, core].mean(axis=1)
    found = np.where(valid, _distances(features, mean), np.inf).astype(np.float32)
    calm = np.where(valid, np.minimum(found, _middle_of_nine(found)), np.inf).astype(np.float32)
    calm[seed] = 0.0  # whatever the tolerance, the pixel that was clicked belongs to the region
    return calm


def grow(distances: Floats, seed: tuple[int, int], tolerance: float) -> Mask:
    """Return the region of `seed` (H, W): connected pixels no farther than `tolerance`, holes filled."""
    return filled(connected(distances <= tolerance, seed))


def _distances(features: Floats, mean: Floats) -> Floats:
    squared = np.zeros(features.shape[1:], dtype=np.float32)
    for band, value in zip(features, mean.tolist()):
        squared += (band - np.float32(value)) ** 2
    return np.sqrt(squared)


def _around(seed: tuple[int, int], rows: int, cols: int) -> tuple[slice, slice]:
    row, col = seed
    return (
        slice(max(0, row - CORE_REACH), min(rows, row + CORE_REACH + 1)),
        slice(max(0, col - CORE_REACH), min(cols, col + CORE_REACH + 1)),
    )


def _middle_of_nine(values: Floats) -> Floats:
    """Return the median of each pixel and its eight neighbours; the edge is repeated."""
    rows, cols = values.shape
    wide = np.pad(values, 1, mode="edge")
    nine = np.stack([wide[r : r + rows, c : c + cols] for r in range(3) for c in range(3)])
    return np.partition(nine, 4, axis=0)[4]


def connected(mask: Mask, seed: tuple[int, int]) -> Mask:
    """Return the pixels of `mask` that hang together with `seed` over their sides."""
    if not mask[seed]:
        return np.zeros_like(mask)
    runs = _Runs(mask)
    labels = runs.labels()
    return runs.painted(labels == labels[runs.at(seed)])


def filled(mask: Mask) -> Mask:
    """Return `mask` with what it encloses.

    What can be reached from outside only across a corner counts as enclosed: the outline of a connected mask
    then never touches itself.
    """
    outside = np.pad(~mask, 1, constant_values=True)
    return ~connected(outside, (0, 0))[1:-1, 1:-1]


class _Runs:
    """The runs of true pixels in the rows of a mask, and which of them hang together."""

    def __init__(self, mask: Mask) -> None:
        self._shape = mask.shape
        edges = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
        self.rows, self.first = np.nonzero(edges == 1)
        self.stop = np.nonzero(edges == -1)[1]

    def at(self, pixel: tuple[int, int]) -> int:
        """Return the number of the run that holds a pixel of the mask."""
        here = (self.rows == pixel[0]) & (self.first <= pixel[1]) & (self.stop > pixel[1])
        return int(np.flatnonzero(here)[0])

    def labels(self) -> Integers:
        """Return for each run the number of the first run that it hangs together with, (n,)."""
        above, below = self._touching()
        label = np.arange(len(self.rows))
        while True:
            low = np.minimum(label[above], label[below])
            best = label.copy()
            np.minimum.at(best, label[above], low)
            np.minimum.at(best, label[below], low)
            best = _roots(best)[label]
            if (best == label).all():
                return label
            label = best

    def _touching(self) -> tuple[Integers, Integers]:
        """Return the pairs of runs in neighbouring rows that share a side."""
        width = self._shape[1] + 1
        starts, stops = self.rows * width + self.first, self.rows * width + self.stop
        low = np.searchsorted(stops, starts - width, side="right")  # the first above to end beyond my start
        high = np.searchsorted(starts, stops - width, side="left")  # the first above to start beyond my end
        counts = np.maximum(high - low, 0)
        below = np.repeat(np.arange(len(counts)), counts)
        step = np.arange(len(below)) - np.repeat(np.cumsum(counts) - counts, counts)
        return low[below] + step, below

    def painted(self, chosen: Mask) -> Mask:
        """Return the pixels of some runs as a mask."""
        change = np.zeros((self._shape[0], self._shape[1] + 1), dtype=np.int8)
        change[self.rows[chosen], self.first[chosen]] += 1
        change[self.rows[chosen], self.stop[chosen]] -= 1
        return np.cumsum(change, axis=1, dtype=np.int8)[:, :-1] > 0


def _roots(parents: Integers) -> Integers:
    """Follow each entry to the one that is its own parent."""
    while True:
        further = parents[parents]
        if (further == parents).all():
            return parents
        parents = further
