"""Which pixels of a grid polygons, lines and points mean. Works on plain arrays, many shapes at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from .grid import Grid
from .spans import Outlines, Spans, near_spans, polygon_spans, touched_spans

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = NDArray[np.float64]
    InnerPoint = Callable[["Shape"], "tuple[float, float] | None"]

FULL = 20_000  # parts, or as many vertices five times over: time to turn them into pixels


@dataclass(frozen=True, eq=False)
class Shape:
    """One polygon, line or point in map coordinates.

    `dimension`: 2, 1 or 0. `outlines`: the closed rings of a polygon, the line, or the point, (n, 2) each.
    """

    dimension: int
    outlines: tuple[Points, ...]


@dataclass
class ShapeBatch:
    """Shapes that wait to be turned into pixels together."""

    shapes: list[Shape] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)
    radii: list[float] = field(default_factory=list)
    n_vertices: int = 0

    @property
    def is_full(self) -> bool:
        """Whether it is time to take the pixels and start anew."""
        return max(self.n_vertices / 5, len(self.shapes)) >= FULL

    def add(self, shape: Shape, owner: int, radius: float = 0.0) -> None:
        """Add a shape; owners ascend. `radius` in metres counts for lines and points."""
        self.shapes.append(shape)
        self.owners.append(owner)
        self.radii.append(radius)
        self.n_vertices += sum(map(len, shape.outlines))

    def spans(self, grid: Grid, inner_point: InnerPoint, tiny: bool = True) -> Spans:
        """Return the pixels of all shapes.

        Polygons: those whose centre is inside, or the one under the inner point where there is none. Lines:
        all touched. Points: the containing one. A radius adds, for lines and points, the pixels whose centre
        is not farther away. `inner_point` gives the map coordinates of a point inside a polygon; `tiny` =
        false leaves polygons without a centre out.
        """
        areas = [i for i, shape in enumerate(self.shapes) if shape.dimension == 2]
        paths = [i for i, shape in enumerate(self.shapes) if shape.dimension < 2]
        found = self._areas(areas, grid, inner_point if tiny else None)
        return Spans.joined([*found, *self._paths(paths, grid)])

    def _outlines(self, which: list[int], grid: Grid) -> Outlines:
        outlines = [outline for i in which for outline in self.shapes[i].outlines]
        owners = [self.owners[i] for i in which for _ in self.shapes[i].outlines]
        x, y = np.concatenate(outlines).T
        rows, cols = positions(grid, x, y)
        sizes = np.array([len(outline) for outline in outlines], dtype=np.int64)
        return Outlines(rows, cols, sizes, np.array(owners, dtype=np.int64))

    def _areas(self, which: list[int], grid: Grid, inner_point: InnerPoint | None) -> list[Spans]:
        if not which:
            return []
        rings = self._outlines(which, grid)
        found = polygon_spans(rings, grid.shape)
        if inner_point is None:
            return [found]
        owners = np.array([self.owners[i] for i in which])
        missed = np.flatnonzero(~np.isin(owners, found.owners))
        if not len(missed):
            return [found]
        top, left, bottom, right = (box[missed] for box in _boxes(rings, grid.shape))
        on_grid = (bottom >= 0) & (right >= 0) & (top < grid.rows) & (left < grid.cols)
        within = on_grid & (top == bottom) & (left == right)
        tiny = missed[within]
        inner = Spans.inside(top[within], left[within], left[within] + 1, owners[tiny], grid.shape)
        others = ShapeBatch()
        for i in missed[on_grid & ~within].tolist():
            point = inner_point(self.shapes[which[i]])
            if point is not None:
                others.add(Shape(0, (np.array([point]),)), int(owners[i]))
        return [found, inner, *others._paths(list(range(len(others.shapes))), grid)]

    def _paths(self, which: list[int], grid: Grid) -> list[Spans]:
        if not which:
            return []
        lines = self._outlines(which, grid)
        single = np.repeat(lines.sizes == 1, lines.sizes)
        repeats = np.where(single, 2, 1)  # a point is a line from itself to itself
        sizes = np.where(lines.sizes == 1, 2, lines.sizes)
        lines = Outlines(lines.rows.repeat(repeats), lines.cols.repeat(repeats), sizes, lines.owners)
        found = [touched_spans(lines, grid.shape)]
        wide = np.array([self.radii[i] > 0 for i in which])
        if wide.any():
            radii = np.zeros(int(lines.owners[-1]) + 1)
            radii[[self.owners[i] for i in which]] = [self.radii[i] for i in which]
            found.append(near_spans(_some(lines, radii[lines.owners] > 0), radii, grid.shape, grid.metres))
        return found


def positions(grid: Grid, x: Points, y: Points) -> tuple[Points, Points]:
    """Return fractional rows and columns of map coordinates, (n,) each."""
    t = grid.transform
    det = t[1] * t[5] - t[2] * t[4]
    dx, dy = x - t[0], y - t[3]
    return (dy * t[1] - dx * t[4]) / det, (dx * t[5] - dy * t[2]) / det


def _some(lines: Outlines, which: NDArray[np.bool_]) -> Outlines:
    vertices = np.repeat(which, lines.sizes)
    return Outlines(lines.rows[vertices], lines.cols[vertices], lines.sizes[which], lines.owners[which])


def _boxes(rings: Outlines, shape: tuple[int, int]) -> list[NDArray[np.int64]]:
    """Return top, left, bottom and right pixel under each shape, (k,) each."""
    starts = np.cumsum(rings.sizes) - rings.sizes
    starts = starts[np.r_[True, rings.owners[1:] != rings.owners[:-1]]]
    found = []
    for reduce in (np.minimum, np.maximum):
        for values, size in ((rings.rows, shape[0]), (rings.cols, shape[1])):
            edge = np.floor(reduce.reduceat(values, starts))
            found.append(np.clip(edge, -1, size).astype(np.int64))
    return found
