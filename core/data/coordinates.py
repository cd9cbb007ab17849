"""Rectangles, zones and pixel sizes in coordinate systems."""

from __future__ import annotations

import math

import numpy as np

from ..errors import AlignmentError
from .grid import Bounds, GeoTransform, Grid
from .longitudes import connected
from .raster_io import (
    crs_name,
    crs_wkt,
    full_turn,
    is_geographic,
    linear_unit,
    not_transformable,
    same_crs,
    transform_points,
)

_SEMI_MAJOR, _ECCENTRICITY2 = 6378137.0, 0.00669437999014  # WGS 84


def transform_bounds(bounds: Bounds, from_crs: str, to_crs: str) -> Bounds:
    """Return the rectangle around a transformed rectangle; across 180 degrees its longitudes go on.

    Raises `AlignmentError`.
    """
    if same_crs(from_crs, to_crs):
        return bounds
    along = np.linspace(0.0, 1.0, 33)
    xs = bounds.x_min + along * (bounds.x_max - bounds.x_min)
    ys = bounds.y_min + along * (bounds.y_max - bounds.y_min)
    low, high = np.full(33, bounds.y_min), np.full(33, bounds.y_max)
    left, right = np.full(33, bounds.x_min), np.full(33, bounds.x_max)
    edge_x, edge_y = np.concatenate([xs, xs, left, right]), np.concatenate([low, high, ys, ys])
    x, y = transform_points(edge_x, edge_y, from_crs, to_crs)
    known = np.isfinite(x) & np.isfinite(y)
    if not known.any():
        raise not_transformable(from_crs, to_crs)("outside its area of use")
    x, y = connected(x[known], full_turn(to_crs)), y[known]
    return Bounds(float(x.min()), float(y.min()), float(x.max()), float(y.max()))


def utm_crs_at(x: float, y: float, crs: str) -> str:
    """Return the WGS 84 / UTM zone of a place as WKT."""
    lon, lat = (float(v[0]) for v in transform_points([x], [y], crs, crs_wkt("EPSG:4326")))
    zone = int((lon + 180) // 6) % 60 + 1
    return crs_wkt(f"EPSG:{(32600 if lat >= 0 else 32700) + zone}")


def metres_per_pixel(crs: str, transform: GeoTransform, rows: int, cols: int) -> tuple[float, float]:
    """Return width and height of the centre pixel in metres (in map units where there is no CRS).

    For a projected CRS these are its nominal metres, unless it stretches the ground by more than 2 % (Web
    Mercator).
    """
    t = transform
    width, height = math.hypot(t[1], t[4]), math.hypot(t[2], t[5])
    if not crs:
        return width, height
    nominal = None
    if not is_geographic(crs):
        unit = linear_unit(crs)
        nominal = width * unit, height * unit
    ground = _ground_metres(crs, t, rows, cols)
    if nominal and (ground is None or all(abs(g / n - 1) < 0.02 for g, n in zip(ground, nominal))):
        return nominal
    if ground is None:
        raise AlignmentError(
            "The raster lies outside the area of its coordinate system.",
            where=crs_name(crs),
            remedy="Assign the coordinate system that its coordinates belong to.",
        )
    return ground


def _ground_metres(crs: str, t: GeoTransform, rows: int, cols: int) -> tuple[float, float] | None:
    """Return the size of the centre pixel on the ellipsoid, None where the place has no latitude."""
    x, y = t[0] + cols / 2 * t[1] + rows / 2 * t[2], t[3] + cols / 2 * t[4] + rows / 2 * t[5]
    lon, lat = transform_points([x, x + t[1], x + t[2]], [y, y + t[4], y + t[5]], crs, crs_wkt("EPSG:4326"))
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()) or abs(lat[0]) > 90:
        return None
    curve = 1 - _ECCENTRICITY2 * math.sin(math.radians(lat[0])) ** 2
    north = _SEMI_MAJOR * (1 - _ECCENTRICITY2) / curve**1.5 * np.radians(lat[1:] - lat[0])
    turn = np.radians((lon[1:] - lon[0] + 180) % 360 - 180)
    east = _SEMI_MAJOR / math.sqrt(curve) * math.cos(math.radians(lat[0])) * turn
    size = np.hypot(east, north)
    return (float(size[0]), float(size[1])) if (size > 0).all() else None


def make_grid(crs: str, transform: GeoTransform, rows: int, cols: int) -> Grid:
    """Return a grid with its pixel size in metres filled in; `crs` as WKT or code."""
    wkt = crs_wkt(crs)
    return Grid(wkt, transform, rows, cols, metres_per_pixel(wkt, transform, rows, cols))
