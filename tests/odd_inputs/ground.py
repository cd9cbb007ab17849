"""A piece of ground whose classes are known at every point, and the values that sensors would measure there.

Nothing here uses the code under test: what is right is worked out from coordinates alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from osgeo import osr

SIDE, BLOCK = 24, 8  # units of the ground
LAYOUT = np.array([[1, 2, 3], [3, 1, 1], [2, 3, 2]])  # from the north west; unlike each of its mirror images
UTM33 = "EPSG:32633"

# Values of classes 1, 2, 3 per band; all fit a Byte. `colour` tells all three, `tint` only 1 from the others
# and `height` only 3, so that a map from both is right only if both lie in their places.
SIGNATURES = {
    "colour": np.array([[30, 90, 160], [90, 160, 30], [160, 30, 90]], float),
    "tint": np.array([[40, 140, 140], [150, 60, 60]], float),
    "height": np.array([[50, 50, 120]], float),
    "grey": np.array([[40, 110, 180]], float),
}


def reference(crs):
    """Return a coordinate system with x east first."""
    found = osr.SpatialReference()
    found.SetFromUserInput(crs)
    found.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    return found


def moved(x, y, source, target):
    """Return coordinates in another system; without one on either side they stay."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    if not source or not target or source == target:
        return x, y
    change = osr.CoordinateTransformation(reference(source), reference(target))
    points = np.array(change.TransformPoints(np.column_stack([x.ravel(), y.ravel()]).tolist()))
    return points[:, 0].reshape(x.shape), points[:, 1].reshape(y.shape)


@dataclass(frozen=True)
class Ground:
    """24 x 24 units with their north-west corner at (x, y); u counts east and v south, in units."""

    crs: str = UTM33
    x: float = 400000.0
    y: float = 5800000.0
    unit: tuple[float, float] = (10.0, 10.0)  # width and height in the units of the CRS

    @property
    def is_geographic(self):
        """Whether its coordinates are degrees."""
        return bool(self.crs) and bool(reference(self.crs).IsGeographic())

    def at(self, u, v):
        """Return map coordinates of places."""
        return self.x + np.asarray(u, float) * self.unit[0], self.y - np.asarray(v, float) * self.unit[1]

    def places(self, x, y, crs=None):
        """Return (u, v) of map coordinates, given in `crs` (None: the ground's)."""
        x, y = moved(x, y, self.crs if crs is None else crs, self.crs)
        return (x - self.x) / self.unit[0], (self.y - y) / self.unit[1]

    def transform(self, pixel=1.0, u=0.0, v=0.0):
        """Return the geotransform of north-up pixels `pixel` units wide with their corner at (u, v)."""
        x, y = self.at(u, v)
        width, height = (pixel, pixel) if np.isscalar(pixel) else pixel
        return (float(x), width * self.unit[0], 0.0, float(y), 0.0, -height * self.unit[1])

    def shifted(self, u, v):
        """Return the same ground elsewhere."""
        x, y = self.at(u, v)
        return replace(self, x=float(x), y=float(y))


def truth(u, v):
    """Return the class at places; beyond the ground its outer blocks go on."""
    row = np.clip(np.floor(np.asarray(v) / BLOCK), 0, 2).astype(int)
    col = np.clip(np.floor(np.asarray(u) / BLOCK), 0, 2).astype(int)
    return LAYOUT[row, col]


def inside_classes(u, v, margin):
    """Return which places have one class `margin` units around them."""
    here = truth(u, v)
    same = [truth(u + du, v + dv) == here for du in (-margin, margin) for dv in (-margin, margin)]
    return np.logical_and.reduce(same)


def measured(kind, u, v, seed=0):
    """Return the values (bands, ...) of a sensor at places, with a noise of a few whole numbers."""
    table = SIGNATURES[kind]
    values = table[:, truth(u, v) - 1]
    return values + np.random.default_rng(seed).integers(-3, 4, values.shape)


def centres(transform, rows, cols):
    """Return x, y of all pixel centres, (rows, cols) each."""
    row, col = np.mgrid[0:rows, 0:cols] + 0.5
    t = transform
    return t[0] + col * t[1] + row * t[2], t[3] + col * t[4] + row * t[5]


def positions(transform, x, y):
    """Return row and column of map coordinates, whatever way the axes of the raster point."""
    t = transform
    det = t[1] * t[5] - t[2] * t[4]
    dx, dy = x - t[0], y - t[3]
    return (dy * t[1] - dx * t[4]) / det, (dx * t[5] - dy * t[2]) / det
