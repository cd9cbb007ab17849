"""Flips, quarter turns and jitter of square patches.

Land cover has no preferred direction in most scenes, so each of the eight views of a patch is as good as
the others. A view is only an order in which the pixels are read: all modalities of a sample are turned alike
and no pixel is copied twice. Jitter shifts whole bands a little, so that a network cannot tell a place by its
exact values; a coarse source has few distinct ones among a handful of training areas.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

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


def jittered(patches: Mapping[str, Tensor], deviation: float) -> dict[str, Tensor]:
    """Return patches (B, C, P, P) with every band of every patch shifted by normal noise of `deviation`.

    The unit is that of the normalised bands. Modalities with one or two bands, like height, are left alone:
    there a shift is not averaged out over the bands. Draws from torch's global generator.
    """
    return {
        key: values + deviation * torch.randn(*values.shape[:2], 1, 1) if values.shape[1] >= 3 else values
        for key, values in patches.items()
    }
