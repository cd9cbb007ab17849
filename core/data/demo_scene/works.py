"""The industrial area of the demo scene: halls with big flat roofs, yards, car parks and a building site."""

from __future__ import annotations

import math

import numpy as np

from .canvas import Canvas, Surface, blob, rectangle
from .legend import GRASS, M_ASPHALT, M_CONCRETE, M_GRAVEL, M_LEAVES, M_METAL, M_SOIL, PAVEMENT, SOIL
from .objects import car, flat_roof, tree
from .town import ANGLE, CROSS_STREETS, MAIN_ROAD, WORKS_LANE, Block, dry, to_map

ROWS = ((MAIN_ROAD + 13, WORKS_LANE - 7), (WORKS_LANE + 7, WORKS_LANE + 70))
ROOFS = (M_CONCRETE, M_ASPHALT, M_METAL, M_GRAVEL, M_ASPHALT, M_CONCRETE, M_GRAVEL, M_CONCRETE)


def industrial_area(canvas: Canvas, rng: np.random.Generator) -> None:
    """Fill both sides of the works lane with premises; one is a building site."""
    number = 0
    for v0, v1 in ROWS:
        u = -70.0
        while u < 310:
            width = rng.uniform(52, 78)
            crosses = u < CROSS_STREETS[2] < u + width
            if crosses:
                width = CROSS_STREETS[2] - 6 - u
            if width > 30 and dry(u, (v0 + v1) / 2, 34) and dry(u, v1, 30):
                area = (u, u + width - 4, v0, v1)
                if number == 3:
                    _building_site(canvas, area, rng)
                else:
                    _premises(canvas, area, ROOFS[number % len(ROOFS)], rng)
                number += 1
            u = CROSS_STREETS[2] + 6 if crosses else u + width


def _yard(canvas: Canvas, area: Block, surface: Surface) -> None:
    u0, u1, v0, v1 = area
    patch = canvas.patch(*to_map((u0 + u1) / 2, (v0 + v1) / 2), math.hypot(u1 - u0, v1 - v0) / 2 + 1, ANGLE)
    canvas.paint(rectangle(patch, u1 - u0, v1 - v0), surface, patch.region)


def _premises(canvas: Canvas, area: Block, roof: int, rng: np.random.Generator) -> None:
    """Pave a yard, put a hall and an annexe on it, park cars, and leave a green strip with trees."""
    u0, u1, v0, v1 = area
    _yard(canvas, area, Surface(GRASS, M_LEAVES, rng.uniform(0.3, 0.9), rng.uniform(0.85, 1.05), 0.12))
    material = int(rng.choice((M_ASPHALT, M_CONCRETE), p=(0.45, 0.55)))
    yard = (u0 + 3, u1 - 3, v0 + 2, v1 - 2)
    patch = canvas.patch(*to_map((u0 + u1) / 2, (v0 + v1) / 2), math.hypot(u1 - u0, v1 - v0) / 2 + 1, ANGLE)
    stains = rng.normal(0, 0.05, patch.along.shape).astype(np.float32)
    look = Surface(PAVEMENT, material, np.clip(rng.uniform(0.15, 0.85) + stains, 0, 1), 1 + 0.6 * stains)
    canvas.paint(rectangle(patch, yard[1] - yard[0], yard[3] - yard[2]), look, patch.region)
    if rng.random() < 0.5:
        slab = (u0 + 4, u0 + 16, v0 + 3, v1 - 3)
        other = M_CONCRETE if material == M_ASPHALT else M_ASPHALT
        _yard(canvas, slab, Surface(PAVEMENT, other, rng.uniform(0.2, 0.8)))
    _lorries(canvas, yard, rng)
    hall = (min(u1 - u0 - 22, rng.uniform(34, 50)), rng.uniform(26, 38))
    place = to_map(u1 - 7 - hall[0] / 2, (v0 + v1) / 2 + rng.uniform(-6, 6))
    flat_roof(canvas, (*place, ANGLE), hall, rng.uniform(6, 11), rng, roof)
    annexe = to_map(u1 - 8 - hall[0] - 2, (v0 + v1) / 2 + rng.uniform(-8, 8))
    flat_roof(canvas, (*annexe, ANGLE), (8.0, 14.0), rng.uniform(3.2, 5), rng)
    for u in np.arange(u0 + 4, u1 - 4, 9.0):
        if rng.random() < 0.4:
            tree(canvas, *to_map(float(u), v1 - 1), rng.uniform(1.6, 3.0), rng)


def _lorries(canvas: Canvas, yard: Block, rng: np.random.Generator) -> None:
    u0, _, v0, v1 = yard
    for v in np.arange(v0 + 3, v1 - 3, 3.2):
        if rng.random() < 0.45:
            car(canvas, *to_map(u0 + 4 + rng.normal(0, 0.3), float(v)), ANGLE, rng)


def _building_site(canvas: Canvas, area: Block, rng: np.random.Generator) -> None:
    """Strip a plot to the soil and heap some of it up: soil that is as high as a shed."""
    u0, u1, v0, v1 = area
    patch = canvas.patch(*to_map((u0 + u1) / 2, (v0 + v1) / 2), math.hypot(u1 - u0, v1 - v0) / 2 + 1, ANGLE)
    grain = rng.normal(0, 0.06, patch.along.shape).astype(np.float32)
    look = Surface(SOIL, M_SOIL, np.clip(0.3 + grain, 0, 1), 1 + grain, 0.1)
    canvas.paint(rectangle(patch, u1 - u0 - 3, v1 - v0 - 3), look, patch.region)
    for _ in range(3):
        place = to_map(rng.uniform(u0 + 10, u1 - 10), rng.uniform(v0 + 10, v1 - 10))
        heap = canvas.patch(*place, 10.0)
        mask, distance = blob(heap, rng.uniform(4, 6), rng)
        height = (rng.uniform(1.5, 3.0) * np.clip(1 - distance, 0, 1) + 0.1).astype(np.float32)
        canvas.paint(mask, Surface(SOIL, M_SOIL, rng.uniform(0.2, 0.7), 1.0, height), heap.region)
