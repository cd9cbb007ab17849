"""Distances between pixels of two parts: the gap that keeps a network from seeing test pixels in training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .windows import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TILE = 1024  # pixels


def within_gap(
    rows: NDArray[np.int64],
    cols: NDArray[np.int64],
    other_rows: NDArray[np.int64],
    other_cols: NDArray[np.int64],
    gap: int,
) -> NDArray[np.bool_]:
    """Return which pixels lie closer than `gap` to one of the other pixels, (n,).

    Distances are Chebyshev's, max(|row difference|, |column difference|): two patches of side P share no
    pixel exactly when their centres are P or more apart. Memory: about 4 * (1024 + 2 * gap) ** 2 bytes
    whatever the size of the scene.
    """
    near = np.zeros(len(rows), dtype=bool)
    if gap < 1 or not len(rows) or not len(other_rows):
        return near
    order = np.argsort(other_rows, kind="stable")
    other_rows, other_cols = other_rows[order], other_cols[order]
    for tile, members in _occupied_tiles(rows, cols):
        reach = Window(tile.row - gap, tile.col - gap, tile.height + 2 * gap, tile.width + 2 * gap)
        start, stop = np.searchsorted(other_rows, [reach.row, reach.row_stop])
        found_cols = other_cols[start:stop]
        inside = (found_cols >= reach.col) & (found_cols < reach.col_stop)
        if inside.any():
            sums = _running_sums(other_rows[start:stop][inside], found_cols[inside], reach)
            near[members] = _any_in_square(sums, rows[members] - reach.row, cols[members] - reach.col, gap)
    return near


def _occupied_tiles(
    rows: NDArray[np.int64], cols: NDArray[np.int64]
) -> list[tuple[Window, NDArray[np.int64]]]:
    """Return the tiles that hold pixels, each with the indexes of its pixels."""
    width = int(cols.max()) // _TILE + 1
    numbers = (rows // _TILE) * width + cols // _TILE
    order = np.argsort(numbers, kind="stable")
    found, starts = np.unique(numbers[order], return_index=True)
    members = np.split(order, starts[1:])
    corners = [divmod(int(n), width) for n in found]
    return [(Window(r * _TILE, c * _TILE, _TILE, _TILE), m) for (r, c), m in zip(corners, members)]


def _running_sums(rows: NDArray[np.int64], cols: NDArray[np.int64], reach: Window) -> NDArray[np.int32]:
    """Return how many pixels lie above and left of each corner of a window, (height + 1, width + 1)."""
    sums = np.zeros((reach.height + 1, reach.width + 1), dtype=np.int32)
    sums[rows - reach.row + 1, cols - reach.col + 1] = 1
    np.cumsum(sums, axis=0, out=sums)
    np.cumsum(sums, axis=1, out=sums)
    return sums


def _any_in_square(
    sums: NDArray[np.int32], rows: NDArray[np.int64], cols: NDArray[np.int64], gap: int
) -> NDArray[np.bool_]:
    """Return whether a pixel lies within gap - 1 of each position (window coordinates), (n,)."""
    top, bottom, left, right = rows - gap + 1, rows + gap, cols - gap + 1, cols + gap
    count = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
    return count > 0
