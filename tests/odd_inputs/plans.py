"""What cases of several subjects share: plans of one or two sources, and where rasters lie."""

from __future__ import annotations

import math

import numpy as np

from .case import Plan
from .ground import SIDE, Ground, moved

LOCAL = Ground(crs="", x=0.0, y=240.0)
WGS = "EPSG:4326"
DEGREES = Ground(WGS, 13.0, 52.0, (1e-4, 1e-4))


def two(bench, tint=None, height=None, **plan):
    """Return the plan of two modalities that are both needed; the arguments change how they are written."""
    inputs = {
        "optical": bench.raster("tint.tif", "tint", **(tint or {})),
        "lidar": bench.raster("height.tif", "height", **(height or {})),
    }
    return Plan(inputs, **plan)


def one(bench, name="colour.tif", plan=None, **how):
    return Plan({"optical": bench.raster(name, "colour", **how)}, **(plan or {}))


def ref(bench):
    path = bench.folder / "ref.tif"
    return str(path) if path.exists() else bench.raster("ref.tif")


def corner_hole(u, v):
    return (u < 6) & (v < 10)


def corner_mask(bench, **how):
    """Write a mask that leaves `corner_hole` out."""
    return bench.raster("mask.tif", change=np.ones_like, hole=corner_hole, nodata=0, **how)


def rotated(ground, angle, n=36, pixel=1.0):
    """Return the geotransform of n x n pixels turned about the middle of the ground."""
    a, size = math.radians(angle), pixel * ground.unit[0]
    x, y = ground.at(SIDE / 2, SIDE / 2)
    right, down = (size * math.cos(a), size * math.sin(a)), (size * math.sin(a), -size * math.cos(a))
    corner = x - n / 2 * (right[0] + down[0]), y - n / 2 * (right[1] + down[1])
    return (float(corner[0]), right[0], down[0], float(corner[1]), right[1], down[1])


def around_in(ground, crs, pixel):
    """Return transform, shape, crs of a north-up raster in another CRS around the ground."""
    edge = np.linspace(-1.0, SIDE + 1.0, 14)
    u, v = np.meshgrid(edge, edge)
    x, y = moved(*ground.at(u, v), ground.crs, crs)
    if x.max() - x.min() > 180:  # across 180 degrees
        x = np.where(x < 0, x + 360, x)
    far_x, far_y = (x.max() - x.min()) / (SIDE + 2), (y.max() - y.min()) / (SIDE + 2)
    cols, rows = math.ceil((SIDE + 2) / pixel), math.ceil((SIDE + 2) / pixel)
    transform = (float(x.min()), far_x * pixel, 0.0, float(y.max()), 0.0, -far_y * pixel)
    return {"transform": transform, "shape": (rows, cols), "crs": crs}


def labels_in(bench, crs):
    return bench.label_samples(bench.labels(**around_in(bench.ground, crs, 0.5)))


def rim(bench):
    """Return how a raster in the ground's own CRS covers it with a rim of two units."""
    return {"transform": bench.ground.transform(1, -2, -2), "shape": (SIDE + 4, SIDE + 4)}


def extent_in_degrees(bench):
    x, y = moved(*bench.ground.at([-2, 26], [26, -2]), bench.ground.crs, WGS)
    return {"extent": [float(x[0]), float(y[0]), float(x[1]), float(y[1])], "extent_crs": WGS}
