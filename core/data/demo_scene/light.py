"""Sun and shadow on the surface of the demo scene."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .canvas import PIXEL, Canvas

if TYPE_CHECKING:
    from .canvas import Array


@dataclass(frozen=True)
class Sun:
    """Where the sun stands: azimuth clockwise from north and elevation above the horizon, in degrees."""

    azimuth: float
    elevation: float

    @property
    def towards(self) -> tuple[float, float, float]:
        """The unit vector to the sun: east, south, up."""
        azimuth, elevation = math.radians(self.azimuth), math.radians(self.elevation)
        flat = math.cos(elevation)
        return flat * math.sin(azimuth), -flat * math.cos(azimuth), math.sin(elevation)


def shadow(height: Array, sun: Sun) -> Array:
    """Return how deep a pixel lies in shadow, 0 to 1; `height` in metres on the board's pixels.

    Walks from every pixel towards the sun and asks whether something stands above the ray; within 0.5 m of
    the ray the shadow is half-lit, as leaves and roughness make it.
    """
    east, south, up = sun.towards
    flat = math.hypot(east, south)
    rise = PIXEL * up / flat
    deepest = np.full(height.shape, -1.0, np.float32)
    for step in range(1, math.ceil(float(height.max()) / rise) + 1):
        rows, cols = round(step * south / flat), round(step * east / flat)
        above = _moved(height, rows, cols) - height - np.float32(step * rise)
        np.maximum(deepest, above, out=deepest)
    return np.clip(deepest / 0.5, 0, 1).astype(np.float32)


def _moved(values: Array, rows: int, cols: int) -> Array:
    """Return the values `rows` further down and `cols` further right, 0 beyond the board."""
    moved = np.zeros_like(values)
    n_rows, n_cols = values.shape
    target = slice(max(-rows, 0), n_rows - max(rows, 0)), slice(max(-cols, 0), n_cols - max(cols, 0))
    source = slice(max(rows, 0), n_rows + min(rows, 0)), slice(max(cols, 0), n_cols + min(cols, 0))
    moved[target] = values[source]
    return moved


def illumination(canvas: Canvas, sun: Sun) -> tuple[Array, Array]:
    """Return direct and diffuse light (1 = that on open flat ground) on every pixel of the board."""
    east, south, up = sun.towards
    rise_east, rise_south = canvas.tilt
    steep = np.sqrt(1 + rise_east**2 + rise_south**2)
    facing = (up - rise_east * np.float32(east) - rise_south * np.float32(south)) / (steep * np.float32(up))
    lit = 1 - 0.93 * shadow(canvas.height, sun)
    direct = np.clip(facing, 0.05, 1.6) * lit
    open_sky = 0.5 + 0.5 / steep
    return direct.astype(np.float32), open_sky.astype(np.float32)
