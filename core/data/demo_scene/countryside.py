"""The open land of the demo scene: river, meadows, fields with their patterns, hedges and a wood."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .canvas import PIXEL, SIDE, Canvas, Region, Surface, blob, noise, shifted
from .legend import CROPS, GRASS, M_CROP, M_GRAVEL, M_LEAVES, M_SOIL, M_WATER, SOIL, WATER
from .objects import hedge, shrub, tree

if TYPE_CHECKING:
    from .canvas import Array, Mask


@dataclass(frozen=True)
class FieldPlan:
    """How land is divided: direction of the rows (radians), width and length of fields in metres."""

    angle: float
    widths: tuple[float, float]
    lengths: tuple[float, float]
    kinds: tuple[int, ...]


def river_x(y: Array | float) -> Array:
    """Return where the middle of the river is at `y`."""
    return np.asarray(172 + 0.17 * np.asarray(y) + 26 * np.sin(np.asarray(y) / 95 + 0.6), np.float32)


def river_distance(canvas: Canvas) -> Array:
    """Return the distance from the middle of the river in metres, negative west of it."""
    return ((canvas.x - river_x(canvas.y)) * np.float32(0.94)).astype(np.float32)


def meadow(canvas: Canvas, rng: np.random.Generator) -> None:
    """Cover everything with grass of varying vigour, mown here and long there."""
    vigour = np.clip(0.45 + 0.16 * noise(rng, 60, 3) + 0.05 * noise(rng, 1.2), 0.02, 0.98)
    gain = np.clip(0.96 + 0.07 * noise(rng, 40, 3) + 0.04 * noise(rng, 1.2), 0.6, 1.3)
    height = np.clip(0.24 + 0.12 * noise(rng, 45) + 0.05 * noise(rng, 1.2), 0.02, 0.7)
    canvas.paint(np.ones(canvas.cover.shape, bool), Surface(GRASS, M_LEAVES, vigour, gain, height))


def river(canvas: Canvas, rng: np.random.Generator) -> None:
    """Let the river run from north to south, with gravel banks in its bends."""
    distance = np.abs(river_distance(canvas) + 1.5 * noise(rng, 18))
    half = 11.5 + 2.0 * noise(rng, 120)
    bank = (distance < half + 2.5) & (noise(rng, 40) > 0.9)
    canvas.paint(bank, Surface(SOIL, M_GRAVEL, 0.3, 0.85, 0.1))
    depth = np.clip(0.35 + 0.2 * noise(rng, 50) + 0.5 * np.clip(distance / half, 0, 1) ** 3 - 0.1, 0, 1)
    canvas.paint(
        distance < half, Surface(WATER, M_WATER, depth.astype(np.float32), 1 + 0.06 * noise(rng, 3), 0.0)
    )


def fields(canvas: Canvas, land: Mask, plan: FieldPlan, rng: np.random.Generator) -> None:
    """Divide `land` into strips and these into fields, each of a kind from a shuffled list."""
    cos, sin = math.cos(plan.angle), math.sin(plan.angle)
    along = canvas.x * np.float32(cos) + canvas.y * np.float32(sin)
    across = canvas.y * np.float32(cos) - canvas.x * np.float32(sin)
    textures = noise(rng, 35, 2), noise(rng, 1.2)
    edge, last = float(across[land].min()) - rng.uniform(0, 10), float(across[land].max())
    first, end = float(along[land].min()), float(along[land].max())
    kinds: list[int] = []
    while edge < last:
        width, begin = rng.uniform(*plan.widths), first - rng.uniform(0, 40)
        while begin < end:
            length = rng.uniform(*plan.lengths)
            kinds = kinds or [int(k) for k in rng.permutation(plan.kinds)]
            inside = land & (along > begin + 0.8) & (along < begin + length - 0.8)
            inside &= (across > edge + 0.8) & (across < edge + width - 0.8)
            if inside.any():
                _field(canvas, inside, across - np.float32(edge), kinds.pop(), textures, rng)
            begin += length
        edge += width


def _field(
    canvas: Canvas,
    inside: Mask,
    across: Array,
    kind: int,
    textures: tuple[Array, Array],
    rng: np.random.Generator,
) -> None:
    """Paint one field; `across` is the distance from its long side in metres."""
    region = _bounds(inside)
    inside, across = inside[region], across[region]
    coarse, fine = (shifted(texture, region, rng) for texture in textures)
    if kind == SOIL:
        furrows = 0.05 * np.sin(across * np.float32(2 * math.pi / 1.5))
        mix = np.clip(rng.uniform(0.15, 0.6) + 0.15 * coarse + 0.05 * fine, 0, 1)
        gain = np.clip(rng.uniform(0.85, 1.15) + furrows + 0.05 * fine, 0.5, 1.4)
        canvas.paint(inside, Surface(SOIL, M_SOIL, mix, gain, np.clip(0.05 + 0.04 * fine, 0, 0.3)), region)
        return
    mix = np.clip(rng.uniform(0.25, 0.65) + 0.15 * coarse + 0.05 * fine, 0.02, 0.98)
    gain = np.clip(rng.uniform(0.85, 1.08) + 0.04 * coarse + 0.04 * fine, 0.6, 1.3)
    height = np.clip(rng.uniform(0.1, 0.5) + 0.06 * coarse + 0.05 * fine, 0.02, 0.8)
    material = M_CROP if kind == CROPS else M_LEAVES
    canvas.paint(inside, Surface(kind, material, mix, gain, height), region)
    if kind == CROPS:
        wheels = inside & (np.abs(np.abs((across % 18.0) - 9.0) - 0.9) < 0.25)
        canvas.paint(wheels, Surface(CROPS, M_CROP, 0.95, 0.75, 0.08), region)


def _bounds(mask: Mask) -> Region:
    """Return the smallest region that holds all of a mask."""
    rows, cols = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(cols[0]), int(cols[-1]) + 1)


def wood(canvas: Canvas, x: float, y: float, radius: float, rng: np.random.Generator) -> None:
    """Grow a wood: close crowns of mixed age, a shrubby edge and a clearing."""
    patch = canvas.patch(x, y, radius * 1.6)
    shape, distance = blob(patch, radius, rng, 0.2)
    _fallow(canvas, distance < 1 + 5 / radius, patch.region, rng)
    rows, cols = np.nonzero(shape)
    clearing = (x + rng.uniform(-0.3, 0.3) * radius, y + rng.uniform(-0.3, 0.3) * radius)
    spacing = 5.2
    stand = noise(rng, 45)
    for _ in range(int(len(rows) * PIXEL**2 / spacing**2 * 2.6)):
        pick = int(rng.integers(len(rows)))
        place_x, place_y = (
            float(patch.along[rows[pick], cols[pick]] + x),
            float(patch.across[rows[pick], cols[pick]] + y),
        )
        if math.hypot(place_x - clearing[0], place_y - clearing[1]) < 13:
            continue
        if distance[rows[pick], cols[pick]] > 0.93:
            shrub(canvas, place_x, place_y, rng.uniform(1.2, 2.4), rng)
        else:
            size = 3.6 + 0.7 * float(stand[canvas.at(place_x, place_y)]) + rng.normal(0, 0.7)
            tree(canvas, place_x, place_y, float(np.clip(size, 1.8, 6.0)), rng)


def _fallow(canvas: Canvas, mask: Mask, region: Region, rng: np.random.Generator) -> None:
    """Let rank grass grow."""
    grain = rng.normal(0, 0.06, mask.shape).astype(np.float32)
    mix = np.clip(rng.uniform(0.3, 0.7) + grain, 0, 1)
    canvas.paint(mask, Surface(GRASS, M_LEAVES, mix, 0.95 + grain, 0.35 + grain), region)


def river_banks(canvas: Canvas, rng: np.random.Generator) -> None:
    """Plant trees and thickets along the water."""
    wooded = noise(rng, 70)
    for y in np.arange(0, SIDE, 4.5):
        for side in (-1, 1):
            x = float(river_x(y)) + side * rng.uniform(17, 24)
            if wooded[canvas.at(x, y)] > 0.25:
                tree(canvas, x, float(y) + rng.normal(0, 1.5), rng.uniform(2.0, 4.6), rng)
            elif wooded[canvas.at(x, y)] < -0.7:
                shrub(canvas, x, float(y), rng.uniform(1.2, 2.6), rng)


def hedgerows(
    canvas: Canvas, lines: tuple[tuple[float, float, float, float], ...], rng: np.random.Generator
) -> None:
    """Plant hedges (x, y, x, y in metres) with a tree here and there."""
    for x0, y0, x1, y1 in lines:
        hedge(canvas, (x0, y0), (x1, y1), rng.uniform(3.0, 4.8), rng)
        for part in rng.uniform(0, 1, 3):
            tree(canvas, x0 + part * (x1 - x0), y0 + part * (y1 - y0), rng.uniform(2.2, 3.8), rng)


def thicket(canvas: Canvas, x: float, y: float, radius: float, rng: np.random.Generator) -> None:
    """Let a piece of fallow land grow over with shrubs, grass in between."""
    patch = canvas.patch(x, y, radius * 1.8)
    _fallow(canvas, blob(patch, radius * 1.15, rng)[0], patch.region, rng)
    for _ in range(int(radius**2 * 0.55)):
        turn, reach = rng.uniform(0, 2 * math.pi), radius * math.sqrt(rng.random())
        shrub(canvas, x + reach * math.cos(turn), y + reach * math.sin(turn), rng.uniform(1.0, 2.3), rng)
