"""The area of pixels on the ellipsoid: a map projection makes pixels of one size where the ground has none.

In the cylindrical equal-area projection of the ellipsoid (Snyder, Map Projections: A Working Manual, USGS
Professional Paper 1395, 1987, equations 3-12 and 10-14, 10-15) x = a * longitude and y = a * q(latitude) / 2,
and the area of a quadrilateral is that of the plane.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .grid import Grid
from .raster_io import ellipsoid, full_turn, geographic_part, is_geographic, linear_unit, transform_points
from .windows import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

# Between the nodes the area is interpolated: it changes smoothly, so the error is below a millionth.
_ROW_NODES, _COL_NODES = 257, 17


class PixelAreas:
    """The area in square metres of every pixel of a grid; in square map units where it has no CRS."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        t = grid.transform
        self._plane = abs(t[1] * t[5] - t[2] * t[4])
        self._rows, self._cols = np.arange(1), np.arange(1)
        self._areas = np.full((1, 1), self._plane)
        if not grid.crs:
            return
        along_parallels = is_geographic(grid.crs) and not grid.is_turned
        self._rows = np.arange(grid.rows) if along_parallels else _nodes(grid.rows, _ROW_NODES)
        self._cols = np.arange(1) if along_parallels else _nodes(grid.cols, _COL_NODES)
        self._areas = self._at_nodes()

    @property
    def unit(self) -> str:
        """The unit of the areas."""
        return "m²" if self._grid.crs else "square map units"

    def of_window(self, window: Window) -> Doubles:
        """Return the area of each pixel (H, W) of a window."""
        rows = np.arange(window.row, window.row_stop)
        cols = np.arange(window.col, window.col_stop)
        down = np.stack([np.interp(rows, self._rows, column) for column in self._areas.T], axis=1)
        return np.stack([np.interp(cols, self._cols, line) for line in down])

    def mean(self) -> float:
        """Return the mean area of a pixel, by the nodes."""
        return float(self._areas.mean())

    def _at_nodes(self) -> Doubles:
        rows, cols = np.meshgrid(self._rows, self._cols, indexing="ij")
        corners = [(rows, cols), (rows, cols + 1), (rows + 1, cols + 1), (rows + 1, cols)]
        xs, ys = zip(*(self._on_plane(row.ravel(), col.ravel()) for row, col in corners))
        x = np.stack(xs) - xs[0]  # from the first corner on, so that digits are not lost
        y = np.stack(ys) - ys[0]
        turn = 2 * math.pi * ellipsoid(self._grid.crs)[0]
        x = (x + turn / 2) % turn - turn / 2 if not is_geographic(self._grid.crs) else x
        areas = 0.5 * np.abs((x * np.roll(y, -1, axis=0) - np.roll(x, -1, axis=0) * y).sum(axis=0))
        unit = 1.0 if is_geographic(self._grid.crs) else linear_unit(self._grid.crs) ** 2
        return np.where(np.isfinite(areas), areas, self._plane * unit).reshape(rows.shape)

    def _on_plane(self, rows: NDArray[Any], cols: NDArray[Any]) -> tuple[Doubles, Doubles]:
        """Return positions of the grid in the equal-area projection, in metres."""
        crs, t = self._grid.crs, self._grid.transform
        base = geographic_part(crs)
        x, y = t[0] + cols * t[1] + rows * t[2], t[3] + cols * t[4] + rows * t[5]
        if is_geographic(crs):
            lon, lat = x, y
        else:
            lon, lat = transform_points(x, y, crs, base)
        radians = 2 * math.pi / full_turn(base)
        major, eccentricity2 = ellipsoid(crs)
        return major * lon * radians, major * _q(lat * radians, eccentricity2) / 2


def _nodes(length: int, count: int) -> NDArray[np.int64]:
    return np.unique(np.linspace(0, length - 1, min(length, count)).round().astype(np.int64))


def _q(latitude: Doubles, eccentricity2: float) -> Doubles:
    """Return q of Snyder's equation 3-12; latitudes beyond the poles are taken as the poles."""
    sine: Doubles = np.sin(np.clip(latitude, -math.pi / 2, math.pi / 2))
    if eccentricity2 == 0:
        return 2 * sine
    e = math.sqrt(eccentricity2)
    inner = sine / (1 - eccentricity2 * sine**2) + np.arctanh(e * sine) / e
    return (1 - eccentricity2) * inner
