"""The landscape of the demo scene: everything that covers the ground, drawn in the order in which it lies."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ...progress import Progress, silent
from .canvas import MARGIN, PIXEL, SIDE, Canvas
from .countryside import (
    FieldPlan,
    fields,
    hedgerows,
    meadow,
    river,
    river_banks,
    river_distance,
    thicket,
    wood,
)
from .legend import CROPS, GRASS, SOIL
from .town import LANES, WORKS_LANE, axes, housing, parked_cars, street_trees, streets
from .works import industrial_area

if TYPE_CHECKING:
    from numpy.typing import NDArray

WEST = FieldPlan(math.radians(-24), (46, 64), (105, 150), (CROPS, SOIL, GRASS, CROPS, CROPS, SOIL))
NORTH = FieldPlan(math.radians(12), (40, 55), (100, 140), (CROPS, SOIL, CROPS, GRASS))
SOUTH = FieldPlan(math.radians(4), (45, 60), (90, 130), (SOIL, CROPS, GRASS, CROPS))
# Hedges between fields: x, y, x, y in metres from the north-west corner of the board.
HEDGES = (
    (20.0, 268.0, 130.0, 222.0),
    (25.0, 420.0, 200.0, 352.0),
    (60.0, 560.0, 210.0, 490.0),
    (110.0, 400.0, 158.0, 505.0),
    (370.0, 46.0, 520.0, 78.0),
    (330.0, 548.0, 470.0, 562.0),
    (520.0, 572.0, 610.0, 580.0),
)
THICKETS = (  # x, y, radius
    (262.0, 378.0, 12.0),
    (282.0, 500.0, 16.0),
    (45.0, 335.0, 14.0),
    (128.0, 268.0, 11.0),
    (560.0, 66.0, 12.0),
    (430.0, 596.0, 13.0),
    (66.0, 596.0, 13.0),
)


def draw(seed: int, progress: Progress = silent) -> Canvas:
    """Draw the landscape; the same seed gives the same arrays, another seed another such place."""
    rng = np.random.default_rng([seed, 1])
    canvas = Canvas()
    meadow(canvas, rng)
    _farmland(canvas, rng)
    river(canvas, rng)
    progress(0.4, "Building the town")
    streets(canvas, rng)
    housing(canvas, rng)
    industrial_area(canvas, rng)
    parked_cars(canvas, rng)
    progress(0.8, "Planting trees and hedges")
    wood(canvas, 78, 128, 66, rng)
    wood(canvas, 575, 585, 24, rng)
    for place in THICKETS:
        thicket(canvas, *place, rng)
    hedgerows(canvas, HEDGES, rng)
    river_banks(canvas, rng)
    street_trees(canvas, rng)
    return canvas


def _farmland(canvas: Canvas, rng: np.random.Generator) -> None:
    _, v = axes(canvas)
    distance = river_distance(canvas)
    fields(canvas, (distance < -32) & (np.abs(v - LANES[-1]) > 12), WEST, rng)
    fields(canvas, (distance > 40) & (v < LANES[0] - 12), NORTH, rng)
    fields(canvas, (distance > 34) & (v > WORKS_LANE + 84), SOUTH, rng)


def truth(canvas: Canvas) -> NDArray[np.uint8]:
    """Return the class values of the scene at 1 m (rows, cols): what covers most of each square metre."""
    step, edge = round(1 / PIXEL), round(MARGIN / PIXEL)
    inner = canvas.cover[edge:-edge, edge:-edge]
    side = round((SIDE - 2 * MARGIN) / (step * PIXEL))
    parts = inner.reshape(side, step, side, step)
    counts = np.stack([(parts == value).sum(axis=(1, 3)) for value in range(int(inner.max()) + 1)])
    return counts.argmax(axis=0).astype(np.uint8)
