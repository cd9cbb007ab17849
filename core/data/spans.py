"""Pixels of many polygons, lines and points at once, as spans: runs of pixels in one row.

All positions are fractional rows and columns of the grid, pixel (r, c) has its centre at (r + 0.5, c + 0.5).
A centre that lies exactly on the border of two areas belongs to one of them, never to both or none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

_CROSSINGS = 4_000_000  # of edges and rows that are looked at together
_TOUCH = 1e-12  # of a segment: what is shorter only touches a corner


@dataclass(frozen=True, eq=False)
class Spans:
    """Columns `first` to `stop` - 1 of row `rows` belong to shape `owners`; (n,) each, as int32."""

    rows: NDArray[np.int32]
    first: NDArray[np.int32]
    stop: NDArray[np.int32]
    owners: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.rows)

    @classmethod
    def inside(
        cls, rows: Integers, first: Floats, stop: Floats, owners: Integers, shape: tuple[int, int]
    ) -> Spans:
        """Return spans cut to a grid of `shape`, empty ones left out."""
        first, stop = np.clip(first, 0, shape[1]), np.clip(stop, 0, shape[1])
        kept = (stop > first) & (rows >= 0) & (rows < shape[0])
        return cls(*(part[kept].astype(np.int32) for part in (rows, first, stop, owners)))

    @classmethod
    def joined(cls, parts: Sequence[Spans]) -> Spans:
        """Return all spans of several lists."""
        empty = [np.zeros(0, np.int32)]
        names = ("rows", "first", "stop", "owners")
        return cls(*(np.concatenate(empty + [getattr(p, name) for p in parts]) for name in names))

    def taken(self, which: Integers) -> Spans:
        """Return some of the spans by index."""
        return Spans(self.rows[which], self.first[which], self.stop[which], self.owners[which])

    def pixels(self) -> tuple[Integers, Integers, Integers]:
        """Return row, column and owner of every pixel, (m,) each, span by span."""
        lengths = (self.stop - self.first).astype(np.int64)
        span, step = _counted_out(lengths)
        return self.rows[span].astype(np.int64), self.first[span] + step, self.owners[span].astype(np.int64)


@dataclass(frozen=True, eq=False)
class Outlines:
    """Rings or lines one after the other: `rows`, `cols` (n,) of all vertices; `sizes` (m,) vertices of each
    outline and `owners` (m,), ascending, the shape it belongs to.
    """  # noqa: D205  one sentence

    rows: Floats
    cols: Floats
    sizes: Integers
    owners: Integers

    def segments(self) -> tuple[Integers, Integers]:
        """Return the first vertex of every segment and the owner of the segment, (k,) each."""
        last = np.zeros(len(self.rows), dtype=bool)
        last[np.cumsum(self.sizes) - 1] = True
        return np.flatnonzero(~last), np.repeat(self.owners, self.sizes)[~last]

    def parted(self) -> tuple[Outlines, Outlines]:
        """Return the outlines in two halves; a shape stays whole."""
        at = int(np.searchsorted(self.owners, self.owners[len(self.owners) // 2]))
        if at == 0:
            at = int(np.searchsorted(self.owners, self.owners[0], side="right"))
        vertex = int(self.sizes[:at].sum())
        return (
            Outlines(self.rows[:vertex], self.cols[:vertex], self.sizes[:at], self.owners[:at]),
            Outlines(self.rows[vertex:], self.cols[vertex:], self.sizes[at:], self.owners[at:]),
        )


def polygon_spans(rings: Outlines, shape: tuple[int, int]) -> Spans:
    """Return the pixels whose centre is inside polygons (even-odd rule); rings are closed."""
    start, owners = rings.segments()
    row, col = _ordered(rings.rows[start], rings.rows[start + 1], rings.cols[start], rings.cols[start + 1])
    top = np.clip(np.ceil(row[0] - 0.5), 0, shape[0]).astype(np.int64)
    counts = np.clip(np.ceil(row[1] - 0.5), 0, shape[0]).astype(np.int64) - top
    if counts.sum() > _CROSSINGS and rings.owners[0] != rings.owners[-1]:
        return Spans.joined([polygon_spans(half, shape) for half in rings.parted()])
    edge, step = _counted_out(counts)
    rows = top[edge] + step
    slope = (col[1] - col[0])[edge] / (row[1] - row[0])[edge]
    crossed = col[0][edge] + (rows + 0.5 - row[0][edge]) * slope
    order = np.lexsort((crossed, rows, owners[edge]))
    enter, leave = order[0::2], order[1::2]  # a closed ring crosses a row an even number of times
    columns = np.ceil(crossed - 0.5)
    return Spans.inside(rows[enter], columns[enter], columns[leave], owners[edge][enter], shape)


def touched_spans(lines: Outlines, shape: tuple[int, int]) -> Spans:
    """Return the pixels that lines go through; a line of one point twice means the pixel that contains it."""
    start, owners = lines.segments()
    ends = np.stack([lines.rows[start], lines.cols[start], lines.rows[start + 1], lines.cols[start + 1]])
    (row, col, row_end, col_end), owners = _cut(ends, owners, shape)
    number = np.arange(len(owners))
    at_rows, at_cols = _border_crossings(row, row_end), _border_crossings(col, col_end)
    segment = np.concatenate([number, number, at_rows[0], at_cols[0]])
    position = np.concatenate([np.zeros(len(owners)), np.ones(len(owners)), at_rows[1], at_cols[1]])
    order = np.lexsort((position, segment))
    segment, position = segment[order], position[order]
    piece = np.flatnonzero((segment[1:] == segment[:-1]) & (position[1:] - position[:-1] > _TOUCH))
    middle, segment = (position[piece] + position[piece + 1]) / 2, segment[piece]
    rows = np.floor(row[segment] + middle * (row_end - row)[segment]).astype(np.int64)
    cols = np.floor(col[segment] + middle * (col_end - col)[segment])
    return Spans.inside(rows, cols, cols + 1, owners[segment], shape)


def near_spans(lines: Outlines, radii: Floats, shape: tuple[int, int], metres: tuple[float, float]) -> Spans:
    """Return the pixels whose centre is within a radius of lines; `radii` (owner + 1,) in metres by owner.

    `metres`: width and height of a pixel. What is near a segment are a disc around each end and the
    rectangle between; together they are convex, so that each row has one span per segment.
    """
    width, height = metres
    start, owners = lines.segments()
    x, y = lines.cols * width, lines.rows * height
    ends = np.stack([x[start], y[start], x[start + 1], y[start + 1]])
    reach = radii[owners]
    low, high = np.minimum(ends[1], ends[3]) - reach, np.maximum(ends[1], ends[3]) + reach
    top = np.clip(np.ceil(low / height - 0.5), 0, shape[0]).astype(np.int64)
    bottom = np.clip(np.floor(high / height - 0.5) + 1, 0, shape[0]).astype(np.int64)
    segment, step = _counted_out(np.maximum(bottom - top, 0))
    rows = top[segment] + step
    left, right = _reach_of(ends[:, segment], reach[segment], (rows + 0.5) * height)
    first, stop = np.ceil(left / width - 0.5), np.floor(right / width - 0.5) + 1
    return Spans.inside(rows, first, stop, owners[segment], shape)


def _reach_of(ends: Floats, reach: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return from where to where lines at height `y` are within reach of segments (x, y, x, y), (n,) each."""
    left, right = np.full(len(y), np.inf), np.full(len(y), -np.inf)
    for x_end, y_end in (ends[:2], ends[2:]):
        half = np.sqrt(np.maximum(reach**2 - (y - y_end) ** 2, 0.0))
        hit = np.abs(y - y_end) <= reach
        left = np.where(hit, np.minimum(left, x_end - half), left)
        right = np.where(hit, np.maximum(right, x_end + half), right)
    length = np.hypot(ends[2] - ends[0], ends[3] - ends[1])
    scale = np.where(length > 0, reach / np.where(length > 0, length, 1.0), 0.0)
    aside = (ends[3] - ends[1]) * scale, (ends[0] - ends[2]) * scale
    corners = [
        (ends[i] + s * aside[0], ends[i + 1] + s * aside[1]) for i, s in ((0, 1), (2, 1), (2, -1), (0, -1))
    ]
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1]):
        hit = (np.minimum(y0, y1) <= y) & (y <= np.maximum(y0, y1)) & (y0 != y1)
        crossed = x0 + (y - y0) * (x1 - x0) / np.where(y0 != y1, y1 - y0, 1.0)
        left = np.where(hit, np.minimum(left, crossed), left)
        right = np.where(hit, np.maximum(right, crossed), right)
    return left, right


def _ordered(
    row: Floats, row_end: Floats, col: Floats, col_end: Floats
) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Return segments from their lower row to their higher, so that both areas along an edge see the same."""
    swap = row > row_end
    rows = np.where(swap, row_end, row), np.where(swap, row, row_end)
    return rows, (np.where(swap, col_end, col), np.where(swap, col, col_end))


def _cut(ends: Floats, owners: Integers, shape: tuple[int, int]) -> tuple[Floats, Integers]:
    """Return the parts of segments (4, n) that lie on the grid, with their owners."""
    enter, leave = np.zeros(ends.shape[1]), np.ones(ends.shape[1])
    for axis in (0, 1):
        origin, delta = ends[axis], ends[axis + 2] - ends[axis]
        moves = delta != 0
        safe = np.where(moves, delta, 1.0)
        one, other = -origin / safe, (shape[axis] - origin) / safe
        enter = np.where(moves, np.maximum(enter, np.minimum(one, other)), enter)
        leave = np.where(moves, np.minimum(leave, np.maximum(one, other)), leave)
        leave = np.where(moves | ((origin >= 0) & (origin < shape[axis])), leave, -1.0)
    kept = np.flatnonzero(leave >= enter)
    start, delta, enter, leave = ends[:2, kept], (ends[2:] - ends[:2])[:, kept], enter[kept], leave[kept]
    return np.concatenate([start + enter * delta, start + leave * delta]), owners[kept]


def _border_crossings(start: Floats, stop: Floats) -> tuple[Integers, Floats]:
    """Return segments and positions (0 to 1) where they cross whole numbers strictly between their ends."""
    low = np.floor(np.minimum(start, stop)).astype(np.int64) + 1
    counts = np.maximum(np.ceil(np.maximum(start, stop)).astype(np.int64) - low, 0)
    segment, step = _counted_out(counts)
    return segment, (low[segment] + step - start[segment]) / (stop - start)[segment]


def _counted_out(counts: Integers) -> tuple[Integers, Integers]:
    """Return for `counts` (n,) the index repeated so often, and 0, 1, 2 ... within each, (sum,)."""
    index = np.repeat(np.arange(len(counts)), counts)
    return index, np.arange(len(index)) - np.repeat(np.cumsum(counts) - counts, counts)
