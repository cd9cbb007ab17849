"""Bands derived from heights: slope and roughness, on the map grid.

Both look at the 3 x 3 pixels around each. A neighbour that was not measured counts as high as the pixel
itself, and beyond the edge of the array the edge is repeated. Callers read one pixel more on every side that
is not the edge of the scene, so that the result does not depend on the tile.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

MARGIN = 1  # pixels


def slope(heights: Floats, metres: tuple[float, float]) -> Floats:
    """Return the slope in degrees (H, W) by Horn (1981); NaN where the height is.

    `heights` (H, W) in metres, `metres`: width and height of a pixel.
    """
    a, b, c, d, centre, f, g, h, i = _neighbourhood(heights)
    across = ((c + 2 * f + i) - (a + 2 * d + g)) / (8 * metres[0])
    down = ((g + 2 * h + i) - (a + 2 * b + c)) / (8 * metres[1])
    degrees = np.degrees(np.arctan(np.sqrt(across**2 + down**2)))
    return np.where(np.isnan(centre), np.nan, degrees).astype(np.float32)


def roughness(heights: Floats, metres: tuple[float, float]) -> Floats:
    """Return the largest minus the smallest height of the 3 x 3 pixels (H, W), as GDAL and QGIS define it."""
    around = _neighbourhood(heights)
    spread = np.maximum.reduce(around) - np.minimum.reduce(around)
    return np.where(np.isnan(around[4]), np.nan, spread).astype(np.float32)


def _neighbourhood(heights: Floats) -> list[NDArray[np.float64]]:
    """Return the nine pixels around each, row by row (9 arrays of (H, W))."""
    rows, cols = heights.shape
    padded = np.pad(heights.astype(np.float64), MARGIN, mode="edge")
    around = [padded[r : r + rows, c : c + cols] for r in range(3) for c in range(3)]
    centre = around[4]
    return [np.where(np.isnan(values), centre, values) for values in around]


DERIVED_BANDS: Mapping[str, Callable[[Floats, tuple[float, float]], Floats]] = {
    "slope": slope,
    "roughness": roughness,
}
