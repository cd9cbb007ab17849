"""Flips and quarter turns of square patches, as orders in which the pixels of a patch are read.

Land cover has no preferred direction in most scenes, so each of the eight views of a patch is as good as
the others. Because a view is only an order of reading, all modalities of a sample are turned alike and no
pixel is copied twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

N_VIEWS = 8


def views(size: int) -> NDArray[np.int64]:
    """Return the eight views (8, size, size) of a patch as row-major pixel positions; view 0 is upright."""
    upright = np.arange(size * size).reshape(size, size)
    turned = [np.rot90(upright, quarter) for quarter in range(4)]
    return np.stack(turned + [view[:, ::-1] for view in turned]).astype(np.int64)


def draw_views(count: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Draw one of the eight views for each of `count` patches."""
    return generator.integers(0, N_VIEWS, count)
