"""How a sensor's pixels average the board: the area of each pixel blurred by the point spread."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from .canvas import PIXEL, SIZE

if TYPE_CHECKING:
    from .canvas import Array


@dataclass(frozen=True)
class Raster:
    """The pixels of one sensor: corner in metres from the north-west corner of the board, pixel side, size.

    `blur` is the standard deviation of the point spread in metres.
    """

    x: float
    y: float
    pixel: float
    rows: int
    cols: int
    blur: float

    def average(self, values: Array) -> Array:
        """Return the mean of `values` (SIZE, SIZE) in every pixel (rows, cols)."""
        down = _weights(self.y, self.pixel, self.rows, self.blur)
        right = _weights(self.x, self.pixel, self.cols, self.blur)
        return (down @ values) @ right.T


@lru_cache(maxsize=8)
def _weights(start: float, pixel: float, count: int, blur: float) -> Array:
    """Return the share (count, SIZE) that each piece of the board has in each pixel of one axis."""
    fine = (np.arange(SIZE) + 0.5) * PIXEL
    taps = np.linspace(-2.5, 2.5, 11)
    strength = np.exp(-0.5 * taps**2)
    weights = np.zeros((count, SIZE))
    for tap, share in zip(taps, strength / strength.sum()):
        first = start + tap * blur + np.arange(count)[:, None] * pixel
        overlap = np.minimum(fine + PIXEL / 2, first + pixel) - np.maximum(fine - PIXEL / 2, first)
        weights += share * np.clip(overlap, 0, None)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
