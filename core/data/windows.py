"""Pixel rectangles and the tiles that cover a raster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Window:
    """A rectangle of pixels: first row and column, height and width."""

    row: int
    col: int
    height: int
    width: int

    @property
    def row_stop(self) -> int:
        """The row after the last one."""
        return self.row + self.height

    @property
    def col_stop(self) -> int:
        """The column after the last one."""
        return self.col + self.width

    def padded(self, margin: int, rows: int, cols: int) -> Window:
        """Return the window grown by `margin` pixels on each side and clipped to a raster of rows x cols."""
        row, col = max(self.row - margin, 0), max(self.col - margin, 0)
        row_stop, col_stop = min(self.row_stop + margin, rows), min(self.col_stop + margin, cols)
        return Window(row, col, row_stop - row, col_stop - col)

    def slices(self) -> tuple[slice, slice]:
        """Return the window as a pair of array slices."""
        return slice(self.row, self.row_stop), slice(self.col, self.col_stop)


def iter_tiles(rows: int, cols: int, size: int) -> Iterator[Window]:
    """Yield windows of at most size x size pixels that cover every pixel exactly once."""
    for row in range(0, rows, size):
        for col in range(0, cols, size):
            yield Window(row, col, min(size, rows - row), min(size, cols - col))


def mirrored(start: int, stop: int, length: int) -> NDArray[np.int64]:
    """Return the positions 0..length-1 that stand for start..stop-1 of an endlessly mirrored axis.

    The edge is not repeated (-1 becomes 1). Where the axis is shorter than the overhang the mirror image ends
    and its last position is replicated, so that one pixel is enough.
    """
    index = np.arange(start, stop)
    index = np.where(index < 0, -index, index)
    index = np.where(index > length - 1, 2 * (length - 1) - index, index)
    return np.clip(index, 0, length - 1).astype(np.int64)
