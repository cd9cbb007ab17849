"""From the pixels of a region to the polygon that a person would have drawn around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ring = NDArray[np.float64]
    Mask = NDArray[np.bool_]

SLACK = 0.3  # pixels by which the outline may leave the middles of the pixels' sides


def pixel_outline(mask: Mask) -> Ring:
    """Return the outline of a region along the sides of its pixels, closed, (n, 2) rows and columns.

    `mask` (H, W) must be one connected region without holes, as `region_growing.grow` returns it.
    """
    begin, end = _edges(np.pad(mask, 1))
    if not len(begin):
        return np.zeros((0, 2))
    order = np.argsort(begin)
    following = order[np.searchsorted(begin[order], end)].tolist()  # each corner begins a single side
    sides, at = [0], following[0]
    while at:
        sides.append(at)
        at = following[at]
    corners = begin[[*sides, 0]]
    return np.column_stack(np.divmod(corners, mask.shape[1] + 3)).astype(np.float64) - 1


def smooth_outline(mask: Mask) -> Ring:
    """Return the outline through the middles of the pixels' sides, without the points that add nothing.

    Stairs of pixels so become slanted lines. Closed, (n, 2) rows and columns; the area is that of the pixels
    but for cut corners.
    """
    outline = pixel_outline(mask)
    if len(outline) <= 5:  # a single pixel would lose half of its area
        return outline
    middles = (outline[:-1] + outline[1:]) / 2
    return simplified(np.concatenate([middles, middles[:1]]), SLACK)


def simplified(line: Ring, slack: float) -> Ring:
    """Return few points of a closed line from which no other is farther than `slack` (Douglas-Peucker).

    The line is halved at the point farthest from its first one.
    """
    kept = np.zeros(len(line), dtype=bool)
    kept[[0, int(np.argmax(((line - line[0]) ** 2).sum(axis=1))), -1]] = True
    while True:  # all stretches between kept points at once
        ends = np.flatnonzero(kept)
        stretch = np.minimum(np.cumsum(kept) - 1, len(ends) - 2)
        away = _distances(line, line[ends[stretch]], line[ends[stretch + 1]])
        worst = np.maximum.reduceat(away, ends[:-1])
        split = np.flatnonzero((away == worst[stretch]) & (away > slack))
        if not len(split):
            return line[kept]
        kept[split[np.unique(stretch[split], return_index=True)[1]]] = True


def _distances(points: Ring, start: Ring, stop: Ring) -> NDArray[np.float64]:
    """Return how far points are from segments, (n,); all (n, 2)."""
    along = stop - start
    length = (along**2).sum(axis=1)
    share = ((points - start) * along).sum(axis=1) / np.where(length > 0, length, 1)
    nearest = start + np.clip(share, 0, 1)[:, None] * along
    return np.hypot(*(points - nearest).T)


def _edges(mask: Mask) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the corners where the sides between region and rest begin and end, the region on the right hand.

    A corner is its row times the number of corners in a row, plus its column.
    """
    width = mask.shape[1] + 1
    sides = {  # neighbour: the corners of the pixel between which the side lies
        (-1, 0): ((0, 0), (0, 1)),
        (0, 1): ((0, 1), (1, 1)),
        (1, 0): ((1, 1), (1, 0)),
        (0, -1): ((1, 0), (0, 0)),
    }
    begins, ends = [], []
    for (down, right), (begin, end) in sides.items():
        rows, cols = np.nonzero(mask & ~np.roll(mask, (-down, -right), axis=(0, 1)))
        begins.append((rows + begin[0]) * width + cols + begin[1])
        ends.append((rows + end[0]) * width + cols + end[1])
    return np.concatenate(begins), np.concatenate(ends)
