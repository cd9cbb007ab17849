"""Where the pixels of a map may lie: the lattice of a raster, north-up, in metres, of another pixel size."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..errors import AlignmentError
from .coordinates import transform_bounds, utm_crs_at
from .grid import TURNED, Grid
from .modalities import ModalityRaster
from .raster_io import crs_name, is_geographic

_DEGREES = 0.05  # a pixel size below this, asked for a geographic source, is meant in degrees
_EPSILON = 1e-6  # relative
_FINEST = 250  # times finer than the finest source is the smallest pixel size that can be asked for


@dataclass(frozen=True)
class PixelLattice:
    """Where pixels lie, without an end: CRS, a pixel corner and the pixel size, all in map units."""

    crs: str
    x: float
    y: float
    width: float
    height: float
    source: str


def lattice_of(grid: Grid, path: str, source: str) -> PixelLattice:
    """Return the north-up lattice of a raster that gives its grid, whichever way its axes point."""
    if grid.is_turned:
        raise AlignmentError(
            f"{source[:1].upper()}{source[1:]} is rotated, so its pixels cannot be those of a map.",
            where=path,
            remedy="Give a pixel size or a reference raster that is north-up.",
        )
    box, (width, height) = grid.bounds, grid.pixel_size
    return PixelLattice(grid.crs, box.x_min, box.y_max, width, height, f"pixels of {source}")


def source_lattice(raster: ModalityRaster) -> PixelLattice:
    """Return the north-up lattice of a source; of a rotated one, square pixels of the same area."""
    grid = raster.info.grid
    if not grid.is_turned:
        return lattice_of(grid, raster.path, raster.name)
    box, t = grid.bounds, grid.transform
    if max(abs(t[1]), abs(t[5])) < TURNED * min(abs(t[2]), abs(t[4])):  # by a right angle: the pixels fit
        width, height = abs(t[2]), abs(t[4])
    else:
        width = height = math.sqrt(abs(t[1] * t[5] - t[2] * t[4]))
    return PixelLattice(
        grid.crs, box.x_min, box.y_max, width, height, f"{raster.name} is rotated; north-up pixels"
    )


def resized(lattice: PixelLattice, width: float, height: float) -> PixelLattice:
    """Return the lattice with pixels of another size at the same corner."""
    if max(abs(width / lattice.width - 1), abs(height / lattice.height - 1)) < _EPSILON:
        return lattice
    source = f"{lattice.source}, resized"
    return PixelLattice(lattice.crs, lattice.x, lattice.y, width, height, source)


def metric(lattice: PixelLattice, grid: Grid) -> PixelLattice:
    """Return a lattice in metres: UTM with square pixels where coordinates are degrees, else as it is."""
    if not is_geographic(lattice.crs):
        return lattice
    crs = utm_crs_at(*grid.xy(grid.rows / 2, grid.cols / 2), lattice.crs)
    box = transform_bounds(grid.bounds, lattice.crs, crs)
    side = rounded(grid.pixel_metres)
    x, y = math.floor(box.x_min / side) * side, math.ceil(box.y_max / side) * side
    return PixelLattice(crs, x, y, side, side, f"{lattice.source}, brought to {crs_name(crs)}")


def rounded(metres: float) -> float:
    """Return a pixel size with three digits that count."""
    return float(f"{metres:.3g}")


def asked_lattice(raster: ModalityRaster, size: float) -> PixelLattice:
    """Return pixels of a size that the user gave, on the corner of a source. Raises `AlignmentError`."""
    check_size(size, raster)
    lattice = source_lattice(raster)
    if not (is_geographic(lattice.crs) and size < _DEGREES):
        lattice = metric(lattice, raster.info.grid)
    return resized(lattice, size, size)


def check_size(size: float, raster: ModalityRaster) -> None:
    """Refuse a pixel size that is none, or that would blow the scene up."""
    native = raster.info.grid
    smallest = min(native.pixel_metres, math.sqrt(native.pixel_size[0] * native.pixel_size[1])) / _FINEST
    if size >= smallest:
        return
    raise AlignmentError(
        f"A pixel size of {size:g} is not possible: pixels of {raster.name}, the finest source, measure "
        f"{native.pixel_metres:.3g} {'m' if native.crs else 'units'}.",
        where="pixel size",
        remedy="Give a size near those of the sources, in map units (metres where a source is in degrees).",
    )
