"""The common raster geometry that all modalities are brought onto. Georeferencing is a value here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from .windows import Window

GeoTransform = tuple[float, float, float, float, float, float]
TURNED = 1e-6  # share of a pixel's side; a raster that leans less is taken as north-up


def is_usable(transform: GeoTransform, rows: int, cols: int) -> bool:
    """Return whether pixels have an area, and coordinates that tell one from the next everywhere."""
    t = transform
    if not all(map(math.isfinite, t)) or t[1] * t[5] - t[2] * t[4] == 0:
        return False
    far = max(
        abs(t[0]), abs(t[3]), abs(t[0] + cols * t[1] + rows * t[2]), abs(t[3] + cols * t[4] + rows * t[5])
    )
    return math.isfinite(far) and far * 1e-12 < min(math.hypot(t[1], t[4]), math.hypot(t[2], t[5]))


@dataclass(frozen=True)
class Bounds:
    """A rectangle in map units: x_min <= x_max, y_min <= y_max."""

    x_min: float
    y_min: float
    x_max: float
    y_max: float

    def intersection(self, other: Bounds) -> Bounds | None:
        """Return the common rectangle, or None where there is none with an area."""
        common = Bounds(
            max(self.x_min, other.x_min),
            max(self.y_min, other.y_min),
            min(self.x_max, other.x_max),
            min(self.y_max, other.y_max),
        )
        return common if common.x_min < common.x_max and common.y_min < common.y_max else None

    def shifted(self, x: float) -> Bounds:
        """Return the rectangle `x` map units further east."""
        return Bounds(self.x_min + x, self.y_min, self.x_max + x, self.y_max) if x else self

    @property
    def area(self) -> float:
        """Area in square map units."""
        return (self.x_max - self.x_min) * (self.y_max - self.y_min)


@dataclass(frozen=True)
class Grid:
    """CRS, geotransform, rows and columns.

    `crs` is WKT, "" for local coordinates without a CRS: compare with `raster_io.same_crs`, never as text.
    `transform` is GDAL's: x = t[0] + col * t[1] + row * t[2], y = t[3] + col * t[4] + row * t[5].
    `metres` is the width and height of a pixel in metres at the centre (map units where there is no CRS).
    """

    crs: str
    transform: GeoTransform
    rows: int
    cols: int
    metres: tuple[float, float]

    @property
    def pixel_metres(self) -> float:
        """The side in metres of a square as large as a pixel."""
        return math.sqrt(self.metres[0] * self.metres[1])

    @property
    def pixel_size(self) -> tuple[float, float]:
        """Width and height of a pixel in map units, both positive."""
        t = self.transform
        return math.hypot(t[1], t[4]), math.hypot(t[2], t[5])

    @property
    def bounds(self) -> Bounds:
        """The rectangle around the grid in map units."""
        corners = [self.xy(r, c) for r in (0.0, float(self.rows)) for c in (0.0, float(self.cols))]
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        return Bounds(min(xs), min(ys), max(xs), max(ys))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows, self.cols

    def xy(self, row: float, col: float) -> tuple[float, float]:
        """Return the map coordinates of a position; (0, 0) is the outer corner of the first pixel."""
        t = self.transform
        return t[0] + col * t[1] + row * t[2], t[3] + col * t[4] + row * t[5]

    def position(self, x: float, y: float) -> tuple[float, float]:
        """Return the fractional row and column of map coordinates (inverse of `xy`)."""
        t = self.transform
        det = t[1] * t[5] - t[2] * t[4]
        dx, dy = x - t[0], y - t[3]
        return (dy * t[1] - dx * t[4]) / det, (dx * t[5] - dy * t[2]) / det

    def window(self, window: Window) -> Grid:
        """Return the grid of a window of this one."""
        x, y = self.xy(window.row, window.col)
        t = self.transform
        return Grid(self.crs, (x, t[1], t[2], y, t[4], t[5]), window.height, window.width, self.metres)

    def shifted(self, x: float) -> Grid:
        """Return the grid `x` map units further east."""
        t = self.transform
        return replace(self, transform=(t[0] + x, *t[1:])) if x else self

    @property
    def is_turned(self) -> bool:
        """Whether rows do not run along the x axis."""
        t = self.transform
        return abs(t[2]) > TURNED * abs(t[1]) or abs(t[4]) > TURNED * abs(t[5])

    def metres_of(self, pixels: float) -> float:
        """Convert a length in pixels to metres."""
        return pixels * self.pixel_metres

    def pixels_of(self, metres: float) -> float:
        """Convert a length in metres to (fractional) pixels; callers round once."""
        return metres / self.pixel_metres

    def to_json(self) -> dict[str, Any]:
        """Return plain values for a job or a model file."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Grid:
        """Rebuild a grid from `to_json`."""
        t, metres = [float(v) for v in values["transform"]], values["metres"]
        return cls(
            str(values["crs"]),
            (t[0], t[1], t[2], t[3], t[4], t[5]),
            int(values["rows"]),
            int(values["cols"]),
            (float(metres[0]), float(metres[1])),
        )
