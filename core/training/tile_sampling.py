"""Which tiles an epoch sees: small windows around samples, so many that every sample is well inside of one.

A tile shows the bands of all its pixels, but only training samples in it have a class; all others teach
nothing. So no pixel that is held back is ever learnt from. Nor is one shown, as long as the gap is larger
than `reach`: no pixel of a tile is farther than that from the sample around which the tile lies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from .sampling import EpochSampler
from .seeding import generator_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..data.sample_set import SampleSet

    Indexes = NDArray[np.int64]

SMALLEST_TILE = 32  # pixels: what networks on tiles halve down to a single value
_SHIFT, _CORE = 8, 4  # the largest shift is an eighth of the side; well inside: a quarter away from the edge
_PURPOSE = 7  # of the generator; the loop has others


class Positions(Protocol):
    """Sample positions on the grid; a `SampleSet` is one."""

    @property
    def rows(self) -> Indexes: ...

    @property
    def cols(self) -> Indexes: ...


def largest_shift(tile_size: int) -> int:
    """Return how many pixels the middle of a tile may lie from its sample, in rows and in columns."""
    return tile_size // _SHIFT


def reach(tile_size: int) -> int:
    """Return how many pixels a pixel of a training tile may lie from a training sample at most."""
    return tile_size // 2 + largest_shift(tile_size)


@dataclass(frozen=True, eq=False)
class Draw:
    """The tiles of an epoch: first row and column of each (n,), and the samples whose class is known (m,)."""

    rows: Indexes
    cols: Indexes
    known: Indexes


class TileSampler:
    """Draws the tiles of each epoch around the samples that `sampler` draws for it.

    Tile after tile is laid around a sample that is not yet well inside of one, shifted by chance: a dense
    label raster needs about as many as cover it, single points one each. All follows from `seed` and the
    number of the epoch.
    """

    def __init__(self, positions: Positions, tile_size: int, sampler: EpochSampler, seed: int) -> None:
        self._rows, self._cols = positions.rows, positions.cols
        self._side, self._sampler, self._seed = tile_size, sampler, seed

    def epoch(self, number: int) -> Draw:
        """Return the tiles of epoch `number` (0, 1, ...) in random order."""
        known = self._sampler.epoch(number)
        shift, inner = largest_shift(self._side), self._side // _CORE
        shifts = generator_for(self._seed, number, _PURPOSE).integers(-shift, shift + 1, (len(known), 2))
        rows, cols = self._rows[known], self._cols[known]
        first_rows = rows - self._side // 2 + shifts[:, 0]
        first_cols = cols - self._side // 2 + shifts[:, 1]
        waiting, chosen = np.ones(len(known), dtype=bool), []
        for index in range(len(known)):  # in the order of the sampler, which is random
            if not waiting[index]:
                continue
            chosen.append(index)
            down, right = rows - first_rows[index], cols - first_cols[index]
            low, high = inner, self._side - inner
            waiting &= ~((down >= low) & (down < high) & (right >= low) & (right < high))
            waiting[index] = False
        return Draw(first_rows[chosen], first_cols[chosen], known)

    def class_counts(self, n_classes: int) -> Indexes:
        """Return how many samples of each class an epoch holds (n_classes,)."""
        return self._sampler.class_counts(n_classes)


def tiles_per_epoch(samples: SampleSet, tile_size: int) -> int:
    """Return about how many tiles an epoch holds, for `TrainingPlan.for_samples`."""
    sampler = EpochSampler(samples.labels, samples.places, seed=0)
    return len(TileSampler(samples, tile_size, sampler, seed=0).epoch(0).rows)
