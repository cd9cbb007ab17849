"""Reading a scene thinly: pixels on a regular lattice, with a bounded amount of reading."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .windows import Window, iter_tiles

if TYPE_CHECKING:
    from numpy.typing import NDArray

TILE = 128  # pixels; divides the usual block sizes
READ_BUDGET = 1 << 21  # pixels of the scene read at most; a larger scene is read in tiles spread evenly


@dataclass(frozen=True)
class LatticePart:
    """A window to read and the rows (n,) and columns (m,) of the lattice in it, counted in the scene."""

    window: Window
    rows: NDArray[np.int64]
    cols: NDArray[np.int64]

    def positions(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return row and column (n * m,) of every lattice pixel."""
        rows, cols = np.meshgrid(self.rows, self.cols, indexing="ij")
        return rows.ravel(), cols.ravel()

    def take(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the lattice pixels (n * m, C) of values (C, H, W) of the window."""
        inside = values[:, self.rows[:, None] - self.window.row, self.cols[None, :] - self.window.col]
        return inside.reshape(len(values), -1).T


def lattice_windows(rows: int, cols: int, limit: int, budget: int = READ_BUDGET) -> Iterator[LatticePart]:
    """Yield the parts of a regular lattice of at most about `limit` pixels.

    Where rows x cols exceeds `budget`, only tiles on a coarser regular lattice are read, and within them the
    pixels lie closer. The lattice depends on nothing but these numbers.
    """
    tiles = list(_spread_tiles(rows, cols, budget))
    share = sum(t.height * t.width for t in tiles) / (rows * cols)
    step = max(1, math.floor(math.sqrt(rows * cols * share / limit)))
    while math.ceil(rows / step) * math.ceil(cols / step) * share > limit:
        step += 1
    for tile in tiles:
        part = LatticePart(
            tile,
            _lattice(tile.row, tile.row_stop, step, rows),
            _lattice(tile.col, tile.col_stop, step, cols),
        )
        if len(part.rows) and len(part.cols):
            yield part


def covers_all(rows: int, cols: int, limit: int, budget: int = READ_BUDGET) -> bool:
    """Return whether `lattice_windows` of these numbers takes every pixel."""
    return rows * cols <= min(limit, budget)


def _spread_tiles(rows: int, cols: int, budget: int) -> Iterator[Window]:
    if rows * cols <= budget:
        yield from iter_tiles(rows, cols, TILE)
        return
    skip = math.ceil(math.sqrt(rows * cols / budget))
    row_first, col_first = (min(skip, math.ceil(n / TILE)) // 2 * TILE for n in (rows, cols))
    for row in range(row_first, rows, skip * TILE):  # of a service that covers the Earth there are billions
        for col in range(col_first, cols, skip * TILE):
            yield Window(row, col, min(TILE, rows - row), min(TILE, cols - col))


def _lattice(start: int, stop: int, step: int, length: int) -> NDArray[np.int64]:
    """Return the positions of the scene's lattice between start and stop; one at least in the whole scene."""
    first = min(step, length) // 2
    return np.arange(first + math.ceil(max(0, start - first) / step) * step, stop, step, dtype=np.int64)
