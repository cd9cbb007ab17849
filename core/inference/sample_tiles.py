"""Sample positions grouped into small windows, so that each part of a raster is read once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ..data.windows import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Samples are read tile by tile; the side keeps one read small also with hundreds of bands.
TILE = 64


def tiles_with_samples(
    rows: NDArray[np.int64], cols: NDArray[np.int64], size: int = TILE
) -> Iterator[tuple[Window, NDArray[np.int64]]]:
    """Yield the smallest windows, at most size x size, that hold all positions of a tile.

    With each window come the indexes (n,) of its positions. Order: by tile row, then tile column.
    """
    rows, cols = np.asarray(rows, np.int64), np.asarray(cols, np.int64)
    if rows.size == 0:
        return
    tile_cols = int(cols.max()) // size + 1
    tile = (rows // size) * tile_cols + cols // size
    order = np.argsort(tile, kind="stable")
    starts = np.flatnonzero(np.diff(tile[order], prepend=-1))
    for members in np.split(order, starts[1:]):
        row, col = int(rows[members].min()), int(cols[members].min())
        height, width = int(rows[members].max()) - row + 1, int(cols[members].max()) - col + 1
        yield Window(row, col, height, width), members
