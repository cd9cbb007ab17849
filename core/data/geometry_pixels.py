"""Which pixels of a grid a polygon, line or point means.

Geometries are osgeo's, handed in by `vector_io`; what needs osgeo itself stays there, behind `Burner`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from .grid import Grid
from .windows import Window, iter_tiles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = tuple[NDArray[np.int64], NDArray[np.int64]]

_BURN_SIDE = 1024  # pixels; a larger polygon is burnt piece by piece


class Burner(Protocol):
    """Turns geometries into pixels of small grids."""

    def burn(self, geometry: Any, grid: Grid, touched: bool = False) -> NDArray[np.bool_]:
        """Return the pixels whose centre is inside a geometry (or that are touched), (rows, cols)."""
        ...

    def widened(self, line: Any, grid: Grid, radius: float) -> Any:
        """Return the area within `radius` metres of a line, in the coordinates of `metric_grid`."""
        ...


@dataclass(frozen=True)
class FeaturePixels:
    """The pixels of one feature: one pair (rows, cols) per part that lies on the grid.

    `problem` is "" or why the feature gives none: "empty", "invalid" or "outside"; `repaired`: its geometry
    was invalid and has been mended. `number`: the feature's id in its layer.
    """

    values: tuple[Any, ...]
    parts: tuple[Pixels, ...]
    problem: str = ""
    repaired: bool = False
    number: int = -1


def part_pixels(part: Any, grid: Grid, radius: float, burner: Burner) -> Pixels:
    """Return the pixels of a single part, (n,) rows and columns.

    Polygons: those whose centre is inside, or the one under the inner point where there is none. Lines: all
    touched. Points: the containing one. `radius` in metres adds, for lines and points, the pixels whose
    centre is not farther away.
    """
    dimension = int(part.GetDimension())
    if dimension == 0:
        return disc_pixels(part.GetX(), part.GetY(), grid, radius)
    if dimension == 1 and radius > 0:
        area = burner.widened(part, grid, radius)
        touched = _burnt(part, grid, burner, touched=True)
        return _union(touched, _burnt(area, metric_grid(grid), burner))
    pixels = _burnt(part, grid, burner, touched=dimension == 1)
    if dimension == 2 and not len(pixels[0]):
        inner = part.PointOnSurface()
        if inner is not None and not inner.IsEmpty():
            return disc_pixels(inner.GetX(), inner.GetY(), grid, 0.0)
    return pixels


def disc_pixels(x: float, y: float, grid: Grid, radius: float) -> Pixels:
    """Return the containing pixel and those whose centre is within `radius` metres of a point."""
    row, col = grid.position(x, y)
    if not (math.isfinite(row) and math.isfinite(col)):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    if radius <= 0:
        inside = 0 <= row < grid.rows and 0 <= col < grid.cols
        pixel = [(math.floor(row), math.floor(col))] if inside else []
        return np.array([r for r, _ in pixel], np.int64), np.array([c for _, c in pixel], np.int64)
    height, width = grid.metres[1], grid.metres[0]
    first_row, first_col = math.floor(row), math.floor(col)
    reach_row, reach_col = math.ceil(radius / height), math.ceil(radius / width)
    rows = np.arange(max(first_row - reach_row, 0), min(first_row + reach_row + 1, grid.rows))[:, None]
    cols = np.arange(max(first_col - reach_col, 0), min(first_col + reach_col + 1, grid.cols))[None]
    distance = np.hypot((rows + 0.5 - row) * height, (cols + 0.5 - col) * width)
    near_rows, near_cols = np.nonzero((distance <= radius) | ((rows == first_row) & (cols == first_col)))
    return rows[near_rows, 0].astype(np.int64), cols[0, near_cols].astype(np.int64)


def metric_grid(grid: Grid) -> Grid:
    """Return the grid in metres from its corner, where a circle is round also for geographic coordinates."""
    return Grid("", (0.0, grid.metres[0], 0.0, 0.0, 0.0, grid.metres[1]), grid.rows, grid.cols, grid.metres)


def window_of(geometry: Any, grid: Grid) -> Window | None:
    """Return the pixels under the envelope of a geometry, None where it misses the grid."""
    x_min, x_max, y_min, y_max = geometry.GetEnvelope()
    corners = np.array([grid.position(x, y) for x in (x_min, x_max) for y in (y_min, y_max)])
    if not np.isfinite(corners).all():
        return None
    low = np.clip(np.floor(corners.min(axis=0)), 0, grid.shape).astype(int)
    high = np.clip(np.floor(corners.max(axis=0)) + 1, 0, grid.shape).astype(int)
    if (high <= low).any():
        return None
    return Window(int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1]))


def _burnt(geometry: Any, grid: Grid, burner: Burner, touched: bool = False) -> Pixels:
    """Return the pixels of a geometry piece by piece, so that memory does not grow with its extent."""
    rows, cols = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    whole = window_of(geometry, grid)
    if whole is not None:
        for tile in iter_tiles(whole.height, whole.width, _BURN_SIDE):
            piece = Window(whole.row + tile.row, whole.col + tile.col, tile.height, tile.width)
            row, col = np.nonzero(burner.burn(geometry, grid.window(piece), touched))
            rows.append(row + piece.row)
            cols.append(col + piece.col)
    return np.concatenate(rows), np.concatenate(cols)


def _union(first: Pixels, second: Pixels) -> Pixels:
    both = np.unique(np.stack([np.concatenate(pair) for pair in zip(first, second)]), axis=1)
    return both[0], both[1]
