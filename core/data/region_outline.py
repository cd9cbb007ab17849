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
    edges = _edges(np.pad(mask, 1))
    if not edges:
        return np.zeros((0, 2))
    start = next(iter(edges))
    corners, at = [start], edges[start]
    while at != start:
        corners.append(at)
        at = edges[at]
    return np.array([*corners, start], dtype=np.float64) - 1


def smooth_outline(mask: Mask) -> Ring:
    """Return the outline through the middles of the pixels' sides, without the points that add nothing.

    Stairs of pixels so become slanted lines. Closed, (n, 2) rows and columns; the area is that of the pixels
    but for cut corners.
    """
    outline = pixel_outline(mask)
    if len(outline) <= 5:  # a single pixel would lose half of its area
        return outline
    middles = (outline[:-1] + outline[1:]) / 2
    return np.array(simplified(np.concatenate([middles, middles[:1]]), SLACK))


def simplified(line: Ring, slack: float) -> Ring:
    """Return few points of a closed line from which no other is farther than `slack` (Douglas-Peucker).

    The line is halved at the point farthest from its first one.
    """
    far = int(np.argmax(((line - line[0]) ** 2).sum(axis=1)))
    kept = np.zeros(len(line), dtype=bool)
    kept[[0, far, -1]] = True
    waiting = [(0, far), (far, len(line) - 1)]
    while waiting:
        first, last = waiting.pop()
        if last - first < 2:
            continue
        away = _distances_to_segment(line[first + 1 : last], line[first], line[last])
        worst = int(np.argmax(away))
        if away[worst] > slack:
            middle = first + 1 + worst
            kept[middle] = True
            waiting += [(first, middle), (middle, last)]
    return line[kept]


def _distances_to_segment(points: Ring, start: Ring, stop: Ring) -> NDArray[np.float64]:
    along = stop - start
    length = float(along @ along)
    share = np.clip((points - start) @ along / length, 0, 1) if length else np.zeros(len(points))
    return np.hypot(*(points - start - share[:, None] * along).T)


def _edges(mask: Mask) -> dict[tuple[int, int], tuple[int, int]]:
    """Return the sides between region and rest as corner -> next corner, the region on the right hand."""
    found: dict[tuple[int, int], tuple[int, int]] = {}
    # A side of the pixel (r, c) begins and ends at these corners of it.
    sides = {
        (-1, 0): ((0, 0), (0, 1)),
        (0, 1): ((0, 1), (1, 1)),
        (1, 0): ((1, 1), (1, 0)),
        (0, -1): ((1, 0), (0, 0)),
    }
    for (down, right), (begin, end) in sides.items():
        rows, cols = np.nonzero(mask & ~np.roll(mask, (-down, -right), axis=(0, 1)))
        for r, c in zip(rows.tolist(), cols.tolist()):
            found[r + begin[0], c + begin[1]] = (r + end[0], c + end[1])
    return found
