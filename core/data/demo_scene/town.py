"""The built-up part of the demo scene: streets, houses with gardens, flats, a park.

Its axes `u` (along the main road, to the east) and `v` (across it, to the south) are turned against the map.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from .canvas import SIDE, Canvas, Surface, blob, noise, rectangle
from .countryside import river_x
from .legend import GRASS, M_ASPHALT, M_CONCRETE, M_GRAVEL, M_LEAVES, M_SOIL, M_WATER, PAVEMENT, SOIL, WATER
from .objects import car, flat_roof, gabled_house, hedge, shrub, tree

if TYPE_CHECKING:
    from .canvas import Array, Mask

ANGLE = math.radians(12)
MAIN_ROAD = 40.0  # v of its middle
CROSS_STREETS = (-95.0, 20.0, 135.0, 250.0)
LANES = (-240.0, -170.0, -100.0, -30.0, MAIN_ROAD)
WORKS_LANE = 118.0
Block = tuple[float, float, float, float]


def to_map(u: float, v: float) -> tuple[float, float]:
    """Return x and y of a position in the axes of the town."""
    cos, sin = math.cos(ANGLE), math.sin(ANGLE)
    return SIDE / 2 + u * cos - v * sin, SIDE / 2 + u * sin + v * cos


def axes(canvas: Canvas) -> tuple[Array, Array]:
    """Return u and v over the board."""
    cos, sin = np.float32(math.cos(ANGLE)), np.float32(math.sin(ANGLE))
    x, y = canvas.x - np.float32(SIDE / 2), canvas.y - np.float32(SIDE / 2)
    return x * cos + y * sin, y * cos - x * sin


def dry(u: float, v: float, distance: float) -> bool:
    """Tell whether a position is on the board and `distance` metres or more east of the river's middle."""
    x, y = to_map(u, v)
    return x - float(river_x(y)) > distance and -10 < x < SIDE + 10 and -10 < y < SIDE + 10


def streets(canvas: Canvas, rng: np.random.Generator) -> None:
    """Lay the road network: pavements of concrete beside asphalt of different age, the bridge included."""
    u, v = axes(canvas)
    east = canvas.x - river_x(canvas.y) > 30
    town = east & (v > LANES[0] - 6) & (v < MAIN_ROAD)
    worn, grain = 0.12 * noise(rng, 20, 2), 0.03 * noise(rng, 1)
    for middle in LANES[:-1]:
        _street(canvas, np.abs(v - middle), town, 3.0, (rng.uniform(0.2, 0.8), worn, grain))
    for middle in CROSS_STREETS:
        _street(canvas, np.abs(u - middle), town, 3.0, (rng.uniform(0.2, 0.8), worn, grain))
    works = east & (v > MAIN_ROAD) & (v < WORKS_LANE + 74)
    _street(canvas, np.abs(v - WORKS_LANE), works, 4.0, (0.6, worn, grain))
    _street(canvas, np.abs(u - CROSS_STREETS[2]), works, 3.5, (0.5, worn, grain))
    _street(canvas, np.abs(v - MAIN_ROAD), np.ones_like(town), 4.5, (0.35, worn, grain))


def _street(
    canvas: Canvas, distance: Array, where: Mask, half: float, look: tuple[float, Array, Array]
) -> None:
    age, worn, grain = look
    mix = np.clip(age + worn, 0, 1)
    side = Surface(PAVEMENT, M_CONCRETE, np.clip(0.5 + worn, 0, 1), 0.9 + grain, 0.1)
    road = (distance < half) & where
    untouched = canvas.material != M_ASPHALT
    canvas.paint((distance < half + 1.8) & where & untouched, side)
    canvas.paint(road, Surface(PAVEMENT, M_ASPHALT, mix, 1 + grain, 0.0))


def parked_cars(canvas: Canvas, rng: np.random.Generator) -> None:
    """Park cars along the streets."""
    for middle in LANES:
        for u in np.arange(-320, 330, 6.5):
            if rng.random() < 0.3:
                car(canvas, *to_map(float(u), middle + rng.choice((-2.2, 2.2))), ANGLE, rng)
    for middle in CROSS_STREETS:
        for v in np.arange(-240, 40, 6.5):
            if rng.random() < 0.25:
                car(canvas, *to_map(middle + rng.choice((-2.2, 2.2)), float(v)), ANGLE + math.pi / 2, rng)


def street_trees(canvas: Canvas, rng: np.random.Generator) -> None:
    """Plant an avenue along the main road and part of the lanes."""
    for middle, offset in ((MAIN_ROAD, 7.0), (LANES[2], 5.2)):
        for u in np.arange(-330, 330, 11.0):
            for side in (-1, 1):
                x, y = to_map(float(u) + rng.normal(0, 0.8), middle + side * offset)
                if rng.random() < 0.6 and abs(x - float(river_x(y))) > 22:
                    tree(canvas, x, y, rng.uniform(1.7, 3.2), rng)


def housing(canvas: Canvas, rng: np.random.Generator) -> None:
    """Fill the blocks between the streets with two rows of plots each; some blocks hold flats or the park."""
    special = {(1, 1): _park, (2, 2): _flats, (1, 3): _flats, (3, 0): _flats}
    columns = (*CROSS_STREETS, 365.0)
    for row in range(len(LANES) - 1):
        for col in range(len(columns) - 1):
            block = (columns[col] + 5, columns[col + 1] - 5, LANES[row] + 5, LANES[row + 1] - 5)
            special.get((col, row), _plots)(canvas, block, rng)


def _plots(canvas: Canvas, block: Block, rng: np.random.Generator) -> None:
    u0, u1, v0, v1 = block
    back = (v0 + v1) / 2
    for front in (v0, v1):
        left = u0
        while left + 13 < u1:
            width = min(rng.uniform(15, 23), u1 - left)
            if dry(left, front, 32):
                _plot(canvas, (left, left + width, front, back), rng)
            left += width


def _plot(canvas: Canvas, plot: Block, rng: np.random.Generator) -> None:
    """Build one plot: lawn, house, garage and drive, terrace, hedges and garden trees."""
    u0, u1, front, back = plot
    inward = 1.0 if back > front else -1.0
    middle, depth = (u0 + u1) / 2, abs(back - front)
    _lawn(canvas, ((u0 + u1) / 2, (front + back) / 2), (u1 - u0, depth), rng)
    length, width = rng.uniform(9, 12.5), rng.uniform(8, 10)
    setback = rng.uniform(4, 7) + width / 2
    house = to_map(middle - 1.5, front + inward * setback)
    drive = (u1 - 2.6, front + inward * (setback + 3) / 2)
    _slab(canvas, drive, (3.0, setback + 3), rng)
    _slab(canvas, (middle - 2, front + inward * (setback + width / 2 + 1.5)), (6.0, 3.5), rng)
    _garden(canvas, plot, rng)
    turn = ANGLE + (math.pi / 2 if rng.random() < 0.3 else 0.0) + rng.normal(0, 0.03)
    gabled_house(canvas, (*house, turn), (length, width), rng)
    if rng.random() < 0.6:
        place = to_map(u1 - 2.6, front + inward * (setback + 5))
        flat_roof(canvas, (*place, ANGLE), (3.6, 6.5), rng.uniform(2.4, 3.0), rng)


def _lawn(
    canvas: Canvas, middle: tuple[float, float], size: tuple[float, float], rng: np.random.Generator
) -> None:
    patch = canvas.patch(*to_map(*middle), math.hypot(*size) / 2 + 1, ANGLE)
    mask = rectangle(patch, *size)
    grain = rng.normal(0, 0.05, patch.along.shape).astype(np.float32)
    mix = np.clip(rng.uniform(0.1, 0.8) + grain, 0, 1)
    canvas.paint(
        mask,
        Surface(GRASS, M_LEAVES, mix, rng.uniform(0.85, 1.1) + grain, rng.uniform(0.03, 0.15)),
        patch.region,
    )


def _slab(
    canvas: Canvas,
    middle: tuple[float, float],
    size: tuple[float, float],
    rng: np.random.Generator,
    material: int | None = None,
) -> None:
    """Pave a rectangle (size along u and v)."""
    if material is None:
        material = int(rng.choice((M_CONCRETE, M_ASPHALT, M_GRAVEL), p=(0.6, 0.25, 0.15)))
    patch = canvas.patch(*to_map(*middle), math.hypot(*size) / 2 + 1, ANGLE)
    grain = rng.normal(0, 0.04, patch.along.shape).astype(np.float32)
    look = Surface(
        PAVEMENT, material, np.clip(rng.uniform(0.1, 0.9) + grain, 0, 1), rng.uniform(0.88, 1.1) + grain
    )
    canvas.paint(rectangle(patch, *size), look, patch.region)


def _garden(canvas: Canvas, plot: Block, rng: np.random.Generator) -> None:
    """Plant hedges on the borders, shrubs and trees behind the house, and now and then dig a bed."""
    u0, u1, front, back = plot
    inward = 1.0 if back > front else -1.0
    if rng.random() < 0.55:
        hedge(canvas, to_map(u0, front + inward * 2), to_map(u0, back), rng.uniform(1.4, 2.4), rng)
    if rng.random() < 0.65:
        hedge(canvas, to_map(u0, back), to_map(u1, back), rng.uniform(1.6, 3.0), rng)
    if rng.random() < 0.3:
        patch = canvas.patch(*to_map(rng.uniform(u0 + 4, u1 - 4), back - inward * 5), 5.0, ANGLE)
        canvas.paint(rectangle(patch, 6.0, 4.0), Surface(SOIL, M_SOIL, rng.uniform(0.2, 0.8)), patch.region)
    for _ in range(int(rng.integers(0, 4))):
        place = to_map(rng.uniform(u0 + 2, u1 - 2), back - inward * rng.uniform(1, 12))
        shrub(canvas, *place, rng.uniform(0.9, 2.0), rng)
    for _ in range(int(rng.integers(0, 3))):
        place = to_map(rng.uniform(u0 + 2, u1 - 2), back - inward * rng.uniform(1, 10))
        tree(canvas, *place, rng.uniform(1.6, 4.0), rng)


def _flats(canvas: Canvas, block: Block, rng: np.random.Generator) -> None:
    """Build blocks of flats with flat roofs between lawns, shrubberies and a car park."""
    u0, u1, v0, v1 = block
    _lawn(canvas, ((u0 + u1) / 2, (v0 + v1) / 2), (u1 - u0, v1 - v0), rng)
    _car_park(canvas, (u0, u0 + 24, v0 + 8, v1 - 8), rng)
    for i in range(3):
        u = u0 + 40 + 24 * i
        for _ in range(9):
            place = to_map(u + 11 + rng.uniform(-4, 4), rng.uniform(v0 + 3, v1 - 3))
            (tree if rng.random() < 0.5 else shrub)(canvas, *place, rng.uniform(1.6, 3.0), rng)
        place = to_map(u, (v0 + v1) / 2 + rng.uniform(-5, 5))
        flat_roof(canvas, (*place, ANGLE + math.pi / 2), (rng.uniform(36, 46), 12.0), rng.uniform(9, 15), rng)


def _car_park(canvas: Canvas, area: Block, rng: np.random.Generator) -> None:
    u0, u1, v0, v1 = area
    material = int(rng.choice((M_ASPHALT, M_CONCRETE)))
    _slab(canvas, ((u0 + u1) / 2, (v0 + v1) / 2), (u1 - u0, v1 - v0), rng, material)
    for u in np.arange(u0 + 4, u1 - 2, 9.0):
        for v in np.arange(v0 + 2, v1 - 1, 2.8):
            if rng.random() < 0.35:
                car(canvas, *to_map(float(u), float(v)), ANGLE, rng)


def _park(canvas: Canvas, block: Block, rng: np.random.Generator) -> None:
    """Lay out the park: lawn, pond, gravel paths, a sandy playground, groups of trees and flower shrubs."""
    u0, u1, v0, v1 = block
    middle = ((u0 + u1) / 2, (v0 + v1) / 2)
    _lawn(canvas, middle, (u1 - u0, v1 - v0), rng)
    _slab(canvas, middle, (u1 - u0, 3.0), rng, M_GRAVEL)
    _slab(canvas, (middle[0] + 12, middle[1]), (3.0, v1 - v0), rng, M_GRAVEL)
    pond = canvas.patch(*to_map(middle[0] - 20, middle[1] + 15), 20.0)
    canvas.paint(blob(pond, 10.5, rng)[0], Surface(WATER, M_WATER, 0.8), pond.region)
    sand = canvas.patch(*to_map(middle[0] + 32, middle[1] - 15), 15.0)
    canvas.paint(blob(sand, 7.5, rng)[0], Surface(SOIL, M_SOIL, 0.1, 1.2), sand.region)
    for _ in range(26):
        place = to_map(rng.uniform(u0 + 3, u1 - 3), rng.uniform(v0 + 3, v1 - 3))
        if canvas.cover[canvas.at(*place)] == GRASS:
            (tree if rng.random() < 0.6 else shrub)(canvas, *place, rng.uniform(1.8, 4.8), rng)
