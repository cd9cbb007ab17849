"""What stands in the landscape: houses with gabled roofs, halls, trees, shrubs, hedges and cars."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from .canvas import Canvas, Surface, blob, rectangle
from .legend import (
    FLAT_ROOF,
    M_ASPHALT,
    M_CONCRETE,
    M_GRAVEL,
    M_LEAVES,
    M_METAL,
    M_TILE,
    PAVEMENT,
    SHRUBS,
    TILED_ROOF,
    TREES,
)

if TYPE_CHECKING:
    from .canvas import Array

ROOF_MATERIALS = (M_CONCRETE, M_ASPHALT, M_GRAVEL, M_METAL)


def gabled_house(
    canvas: Canvas, place: tuple[float, float, float], size: tuple[float, float], rng: np.random.Generator
) -> None:
    """Build a house with a tiled roof; `place`: x, y, direction of the ridge; `size`: length, width."""
    x, y, angle = place
    patch = canvas.patch(x, y, math.hypot(*size) / 2 + 1, angle)
    mask = rectangle(patch, *size)
    pitch = math.tan(math.radians(rng.uniform(28, 48)))
    eave, age = rng.uniform(3.2, 5.5), float(np.clip(rng.beta(1.1, 1.4), 0, 1))
    height = eave + (size[1] / 2 - np.abs(patch.across)) * np.float32(pitch)
    gain = rng.uniform(0.75, 1.2) * _grain(rng, patch.along.shape, 0.05)
    mix = np.clip(age + _grain(rng, patch.along.shape, 0.10) - 1, 0, 1)
    canvas.paint(mask, Surface(TILED_ROOF, M_TILE, mix, gain, height), patch.region)
    fall = -np.sign(patch.across) * np.float32(pitch)
    canvas.lean(mask, patch.region, -fall * np.float32(math.sin(angle)), fall * np.float32(math.cos(angle)))


def flat_roof(
    canvas: Canvas,
    place: tuple[float, float, float],
    size: tuple[float, float],
    height: float,
    rng: np.random.Generator,
    material: int | None = None,
) -> None:
    """Build a flat-roofed building with a parapet and, on large roofs, skylights and air handling units."""
    x, y, angle = place
    patch = canvas.patch(x, y, math.hypot(*size) / 2 + 1, angle)
    mask = rectangle(patch, *size)
    if material is None:
        material = int(rng.choice(ROOF_MATERIALS, p=(0.34, 0.32, 0.2, 0.14)))
    stains = _grain(rng, patch.along.shape, 0.06)
    surface = Surface(
        FLAT_ROOF,
        material,
        np.clip(rng.uniform(0.05, 0.95) + stains - 1, 0, 1),
        rng.uniform(0.85, 1.12) * stains,
        np.where(rectangle(patch, size[0] - 1.2, size[1] - 1.2), height, height + 0.5).astype(np.float32),
    )
    canvas.paint(mask, surface, patch.region)
    for _ in range(int(size[0] * size[1] / 260)):
        unit = (rng.uniform(-0.4, 0.4) * size[0], rng.uniform(-0.4, 0.4) * size[1])
        box = (np.abs(patch.along - unit[0]) < 1.2) & (np.abs(patch.across - unit[1]) < 1.2) & mask
        canvas.paint(box, Surface(FLAT_ROOF, M_METAL, 0.4, 0.9, height + rng.uniform(0.6, 1.8)), patch.region)


def tree(canvas: Canvas, x: float, y: float, radius: float, rng: np.random.Generator) -> None:
    """Plant a tree: a lumpy crown over what is below, as high as suits its radius."""
    top = float(np.clip(radius * rng.uniform(2.2, 3.4), 4.5, 22.0))
    _crown(canvas, (x, y, radius, top, 0.45), TREES, rng)


def shrub(canvas: Canvas, x: float, y: float, radius: float, rng: np.random.Generator) -> None:
    """Plant a shrub of 0.9 to 2.8 m."""
    _crown(canvas, (x, y, radius, rng.uniform(0.9, 2.8), 0.65), SHRUBS, rng)


def _crown(
    canvas: Canvas, shape: tuple[float, float, float, float, float], cover: int, rng: np.random.Generator
) -> None:
    """Paint a dome (x, y, radius, top, rim as part of the top) where it rises above what is there."""
    x, y, radius, top, rim = shape
    patch = canvas.patch(x, y, radius * 1.6, 0.0)
    if patch.along.size == 0:
        return
    mask, distance = blob(patch, radius, rng)
    lumps = _grain(rng, patch.along.shape, 0.07)
    height = np.float32(top) * (
        np.float32(rim) + np.float32(1 - rim) * np.sqrt(np.clip(1 - distance**2, 0, 1))
    )
    height *= lumps
    mask &= height > canvas.height[patch.region]
    mix = np.clip(_vigour(rng) + (lumps - 1), 0, 1)
    canvas.paint(mask, Surface(cover, M_LEAVES, mix, rng.uniform(0.85, 1.15) * lumps, height), patch.region)
    steep = -np.float32(min(top / radius, 1.2) * 0.55) * distance / np.clip(distance * radius, 0.3, None)
    canvas.lean(mask, patch.region, steep * patch.along, steep * patch.across)


def _vigour(rng: np.random.Generator) -> float:
    """Draw how green leaves are: 0 lush, 1 sparse and dry; much the same for grass, shrubs and trees."""
    return float(np.clip(rng.normal(0.45, 0.2), 0.02, 0.98))


def hedge(
    canvas: Canvas,
    start: tuple[float, float],
    stop: tuple[float, float],
    width: float,
    rng: np.random.Generator,
) -> None:
    """Plant shrubs in a row, touching each other, with a few gaps."""
    length = math.hypot(stop[0] - start[0], stop[1] - start[1])
    for step in np.arange(0, length, max(width * 0.55, 0.8)):
        if rng.random() < 0.04:
            continue
        part = step / length
        x = start[0] + part * (stop[0] - start[0]) + rng.normal(0, width * 0.06)
        y = start[1] + part * (stop[1] - start[1]) + rng.normal(0, width * 0.06)
        shrub(canvas, x, y, width / 2 * rng.uniform(0.9, 1.2), rng)


def car(canvas: Canvas, x: float, y: float, angle: float, rng: np.random.Generator) -> None:
    """Park a car; the truth below it stays pavement."""
    patch = canvas.patch(x, y, 4.0, angle)
    mask = rectangle(patch, rng.uniform(4.0, 4.8), 1.8) & (canvas.cover[patch.region] == PAVEMENT)
    paint = Surface(PAVEMENT, M_METAL, rng.uniform(0, 1), rng.uniform(0.15, 1.0), rng.uniform(1.4, 1.8))
    canvas.paint(mask, paint, patch.region)


def _grain(rng: np.random.Generator, shape: tuple[int, ...], deviation: float) -> Array:
    """Return fine texture around 1."""
    return rng.normal(1.0, deviation, shape).astype(np.float32)
