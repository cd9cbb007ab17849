"""The drawing board of the demo scene: fine arrays of what covers the ground, and shapes to paint with.

Positions are metres from the north-west corner: `x` to the east, `y` to the south. The board is wider than
the scene by `MARGIN` on every side, so that every sensor can cover a little more or less than the truth.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]
    Mask = NDArray[np.bool_]

PIXEL = 0.5  # metres; half of the finest sensor, so that its pixels are mixed too
SIDE = 640  # metres
MARGIN = 20  # metres
SIZE = int(SIDE / PIXEL)

Region = tuple[slice, slice]


@dataclass(frozen=True)
class Surface:
    """How something looks: class, material, blend of its two spectra (0 to 1), brightness, height (m)."""

    cover: int
    material: int
    mix: Array | float = 0.5
    gain: Array | float = 1.0
    height: Array | float = 0.0


@dataclass(frozen=True)
class Patch:
    """A piece of the board in a shape's own coordinates: metres along and across its axis from its centre."""

    region: Region
    along: Array
    across: Array
    angle: float


class Canvas:
    """The landscape as arrays (rows, cols): class, material, spectral mix, brightness, height and slope.

    `tilt` (2, rows, cols) is the slope of the surface to the east and to the south (metres per metre).
    """

    def __init__(self) -> None:
        shape = (SIZE, SIZE)
        centres = ((np.arange(SIZE) + 0.5) * PIXEL).astype(np.float32)
        self.x: Array = np.broadcast_to(centres[None, :], shape)
        self.y: Array = np.broadcast_to(centres[:, None], shape)
        self.cover = np.zeros(shape, np.uint8)
        self.material = np.zeros(shape, np.uint8)
        self.mix = np.zeros(shape, np.float32)
        self.gain = np.ones(shape, np.float32)
        self.height = np.zeros(shape, np.float32)
        self.tilt = np.zeros((2, *shape), np.float32)

    def paint(self, mask: Mask, surface: Surface, region: Region = (slice(None), slice(None))) -> None:
        """Lay a flat surface where `mask` (the shape of `region`) is true."""
        self.cover[region][mask] = surface.cover
        self.material[region][mask] = surface.material
        for target, value in (
            (self.mix, surface.mix),
            (self.gain, surface.gain),
            (self.height, surface.height),
        ):
            part = target[region]
            part[mask] = value[mask] if isinstance(value, np.ndarray) else value
        for slope in self.tilt:
            slope[region][mask] = 0.0

    def lean(self, mask: Mask, region: Region, east: Array, south: Array) -> None:
        """Give a painted surface a slope (metres per metre, rising to the east and to the south)."""
        for slope, values in zip(self.tilt, (east, south)):
            slope[region][mask] = values[mask]

    def patch(self, x: float, y: float, reach: float, angle: float = 0.0) -> Patch:
        """Return the square of half side `reach` metres around a position, axes turned by `angle`."""
        rows = slice(max(int((y - reach) / PIXEL), 0), max(min(math.ceil((y + reach) / PIXEL), SIZE), 0))
        cols = slice(max(int((x - reach) / PIXEL), 0), max(min(math.ceil((x + reach) / PIXEL), SIZE), 0))
        dx, dy = self.x[rows, cols] - np.float32(x), self.y[rows, cols] - np.float32(y)
        along = dx * np.float32(math.cos(angle)) + dy * np.float32(math.sin(angle))
        across = dy * np.float32(math.cos(angle)) - dx * np.float32(math.sin(angle))
        return Patch((rows, cols), along, across, angle)

    def at(self, x: float, y: float) -> tuple[int, int]:
        """Return row and column of a position, clipped to the board."""
        return min(max(int(y / PIXEL), 0), SIZE - 1), min(max(int(x / PIXEL), 0), SIZE - 1)


def noise(rng: np.random.Generator, scale: float, octaves: int = 1) -> Array:
    """Return smooth noise over the board, mean 0 and deviation 1; `scale`: size of its spots in metres."""
    total = np.zeros((SIZE, SIZE), np.float32)
    for octave in range(octaves):
        knots = max(int(SIDE * 2**octave / scale), 1) + 3
        values = rng.normal(size=(knots, knots)).astype(np.float32)
        weights = _interpolation(knots)
        total += (weights @ values @ weights.T) * np.float32(0.6**octave)
    return ((total - total.mean()) / total.std()).astype(np.float32)


@lru_cache(maxsize=8)
def _interpolation(knots: int) -> Array:
    """Return the weights (SIZE, knots) that spread knots over the board by a cubic B-spline."""
    place = np.linspace(1.0, knots - 2.0, SIZE)
    distance = np.abs(place[:, None] - np.arange(knots)[None, :])
    inner = 2 / 3 - distance**2 * (1 - distance / 2)
    outer = np.clip(2 - distance, 0, None) ** 3 / 6
    return np.where(distance < 1, inner, outer).astype(np.float32)


def shifted(texture: Array, region: Region, rng: np.random.Generator) -> Array:
    """Return a piece of a texture as large as `region` from a random place (the texture wraps around)."""
    down, right = (int(n) for n in rng.integers(SIZE, size=2))
    rows = (np.arange(region[0].start, region[0].stop) + down) % SIZE
    cols = (np.arange(region[1].start, region[1].stop) + right) % SIZE
    return texture[np.ix_(rows, cols)]


def rectangle(patch: Patch, length: float, width: float) -> Mask:
    """Return where a patch lies within a rectangle of `length` along and `width` across its axis."""
    return (np.abs(patch.along) <= length / 2) & (np.abs(patch.across) <= width / 2)


def blob(
    patch: Patch, radius: float, rng: np.random.Generator, roughness: float = 0.18
) -> tuple[Mask, Array]:
    """Return an irregular round shape and the distance from its centre in parts of its local radius."""
    bearing = np.arctan2(patch.across, patch.along)
    edge = np.ones_like(bearing)
    for lobes in (2, 3, 5):
        swing, turn = rng.uniform(0, roughness), rng.uniform(0, 2 * math.pi)
        edge += np.float32(swing) * np.sin(lobes * bearing + np.float32(turn))
    distance = np.hypot(patch.along, patch.across) / (np.float32(radius) * np.clip(edge, 0.5, None))
    return distance <= 1, distance.astype(np.float32)
