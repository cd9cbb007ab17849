"""Training areas and reference points of the demo scene, placed on its truth as an analyst would."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..classes import LandClass
from .canvas import MARGIN, PIXEL, SIDE, Canvas
from .layout import truth
from .legend import CLASSES, MATERIALS
from .sensors import HSI_RASTER, beyond_strip

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .canvas import Mask

    Places = tuple[NDArray[np.int64], ...]

AREAS_PER_CLASS = 9
POINTS_PER_CLASS = 40
CLEARANCE = 15.0  # metres between a reference point and the next training area
_APART = 24.0  # metres between the middles of two training areas
_POINTS_APART = 5.0  # metres between two reference points of a class
_TRIES = 150
Position = tuple[float, float]


@dataclass(frozen=True)
class TrainingArea:
    """A polygon drawn within one class; `corners` are metres on the board (x, y), the first not repeated."""

    land_class: LandClass
    corners: tuple[Position, ...]
    middle: Position


@dataclass(frozen=True)
class ReferencePoint:
    """A position with the class that truly is there; metres on the board."""

    land_class: LandClass
    x: float
    y: float


def training_areas(canvas: Canvas, seed: int) -> tuple[TrainingArea, ...]:
    """Draw some polygons per class, spread over the scene and over the materials of the class."""
    rng = np.random.default_rng([seed, 7])
    seen = _usable(canvas)
    strata = {c: _strata(canvas, seen & (canvas.cover == c.value)) for c in CLASSES}
    areas: list[TrainingArea] = []
    for number in range(AREAS_PER_CLASS):
        for land_class in CLASSES:
            places = strata[land_class][number % len(strata[land_class])]
            area = _one_area(canvas, places, land_class, areas, rng)
            if area is not None:
                areas.append(area)
    return tuple(areas)


def _usable(canvas: Canvas) -> Mask:
    """Return the part of the board within the scene, 10 m from its edge, and within the flight strip."""
    inner = MARGIN + 10
    inside = (canvas.x > inner) & (canvas.x < SIDE - inner) & (canvas.y > inner) & (canvas.y < SIDE - inner)
    off = beyond_strip(HSI_RASTER)
    rows = np.clip((canvas.y[:, 0] + 8 - HSI_RASTER.y) / HSI_RASTER.pixel, 0, HSI_RASTER.rows - 1).astype(int)
    cols = np.clip((canvas.x[0] + 8 - HSI_RASTER.x) / HSI_RASTER.pixel, 0, HSI_RASTER.cols - 1).astype(int)
    below = np.clip(rows - 4, 0, None)
    return inside & ~off[np.ix_(rows, cols)] & ~off[np.ix_(below, cols)]


def _strata(canvas: Canvas, own: Mask) -> list[Places]:
    """Return rows and columns at least 1 m within a class, for each of its commoner materials."""
    counts = np.bincount(canvas.material[own], minlength=len(MATERIALS))
    common = [int(m) for m in np.argsort(-counts, kind="stable") if counts[m] > 0.05 * counts.sum()]
    inner = _eroded(own, round(1.0 / PIXEL))
    return [np.nonzero(inner & (canvas.material == material)) for material in common]


def _eroded(mask: Mask, reach: int) -> Mask:
    """Return the pixels with nothing but `mask` within `reach` pixels (a square)."""
    return ~_dilated(~mask, reach)


def _dilated(mask: Mask, reach: int) -> Mask:
    """Return the pixels with anything of `mask` within `reach` pixels (a square)."""
    for axis in (0, 1):
        padded = np.pad(mask, [(reach + 1, reach) if a == axis else (0, 0) for a in (0, 1)])
        total = np.cumsum(padded, axis=axis)
        upper = np.take(total, range(2 * reach + 1, total.shape[axis]), axis=axis)
        lower = np.take(total, range(total.shape[axis] - 2 * reach - 1), axis=axis)
        mask = upper > lower
    return mask


def _one_area(
    canvas: Canvas, places: Places, land_class: LandClass, areas: list[TrainingArea], rng: np.random.Generator
) -> TrainingArea | None:
    """Try random places, those far from the areas of the class first, until a polygon can be drawn."""
    rows, cols = places
    if not len(rows):
        return None
    picks = rng.integers(len(rows), size=_TRIES)
    middles = np.stack([(cols[picks] + 0.5) * PIXEL, (rows[picks] + 0.5) * PIXEL], axis=1)
    to_own = _nearest(middles, [a.middle for a in areas if a.land_class == land_class])
    to_any = _nearest(middles, [a.middle for a in areas])
    for pick in np.argsort(-to_own, kind="stable"):
        if to_any[pick] < _APART:
            continue
        middle = float(middles[pick, 0]), float(middles[pick, 1])
        corners = _outline(canvas, middle, land_class.value, rng)
        if _acceptable(canvas, corners, land_class.value):
            return TrainingArea(land_class, corners, middle)
    return None


def _nearest(positions: NDArray[np.float64], others: list[Position]) -> NDArray[np.float64]:
    """Return the distance of every position to the nearest of `others` (infinite without any)."""
    if not others:
        return np.full(len(positions), np.inf)
    offsets = positions[:, None, :] - np.array(others)[None, :, :]
    return np.asarray(np.hypot(offsets[..., 0], offsets[..., 1]).min(axis=1))


def _outline(canvas: Canvas, middle: Position, value: int, rng: np.random.Generator) -> tuple[Position, ...]:
    """Draw a polygon from a place outwards: each corner short of where the class ends, as by hand."""
    n_corners, reach = int(rng.integers(6, 10)), rng.uniform(4.5, 9.0)
    turn = rng.uniform(0, 2 * math.pi)
    corners = []
    for i in range(n_corners):
        bearing = turn + 2 * math.pi * (i + rng.uniform(-0.25, 0.25)) / n_corners
        east, south = math.cos(bearing), math.sin(bearing)
        length = 0.0
        while length < reach:
            if canvas.cover[canvas.at(middle[0] + length * east, middle[1] + length * south)] != value:
                break
            length += PIXEL / 2
        length = max(length * rng.uniform(0.72, 0.97) - 0.2, 0.4)
        corners.append((round(middle[0] + length * east, 2), round(middle[1] + length * south, 2)))
    return tuple(corners)


def _acceptable(canvas: Canvas, corners: tuple[Position, ...], value: int) -> bool:
    """Tell whether a polygon is large enough and nearly all of the class."""
    rows, cols = inside_pixels(corners)
    return len(rows) * PIXEL**2 >= 10 and bool((canvas.cover[rows, cols] == value).mean() >= 0.96)


def inside_pixels(corners: tuple[Position, ...]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return rows and columns of the board's pixels whose centre is inside a polygon (even-odd rule)."""
    xs, ys = np.array(corners).T
    col0, row0 = int(xs.min() / PIXEL), int(ys.min() / PIXEL)
    rows, cols = np.mgrid[row0 : int(ys.max() / PIXEL) + 1, col0 : int(xs.max() / PIXEL) + 1]
    x, y = (cols + 0.5) * PIXEL, (rows + 0.5) * PIXEL
    inside = np.zeros(x.shape, bool)
    for x0, y0, x1, y1 in zip(xs, ys, np.roll(xs, -1), np.roll(ys, -1)):
        if y0 != y1:
            inside ^= ((y0 > y) != (y1 > y)) & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    return rows[inside], cols[inside]


def reference_points(
    canvas: Canvas, areas: tuple[TrainingArea, ...], seed: int
) -> tuple[ReferencePoint, ...]:
    """Draw random points per class, away from the training areas and not on the edge between two classes."""
    rng = np.random.default_rng([seed, 8])
    free = ~_dilated(_drawn(canvas, areas), math.ceil((CLEARANCE + 1) / PIXEL)) & _usable(canvas)
    step, edge = round(1 / PIXEL), round(MARGIN / PIXEL)
    free = free[edge:-edge:step, edge:-edge:step]
    labels = truth(canvas)
    points: list[ReferencePoint] = []
    for land_class in CLASSES:
        places = _eroded(labels == land_class.value, 1) & free
        points += _scattered(places, land_class, rng)
    return tuple(points)


def _drawn(canvas: Canvas, areas: tuple[TrainingArea, ...]) -> Mask:
    drawn = np.zeros(canvas.cover.shape, bool)
    for area in areas:
        drawn[inside_pixels(area.corners)] = True
        for x, y in area.corners:
            drawn[canvas.at(x, y)] = True
    return drawn


def _scattered(places: Mask, land_class: LandClass, rng: np.random.Generator) -> list[ReferencePoint]:
    """Pick up to `POINTS_PER_CLASS` of the places (1 m pixels of the scene), none close to another."""
    rows, cols = np.nonzero(places)
    chosen: list[Position] = []
    for pick in rng.permutation(len(rows)):
        x, y = (float(v[pick]) + MARGIN + 0.5 + rng.uniform(-0.4, 0.4) for v in (cols, rows))
        if all(math.hypot(x - a, y - b) >= _POINTS_APART for a, b in chosen):
            chosen.append((x, y))
        if len(chosen) == POINTS_PER_CLASS:
            break
    return [ReferencePoint(land_class, round(x, 2), round(y, 2)) for x, y in chosen]
