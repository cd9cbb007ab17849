"""The grid all modalities are brought onto: whose pixels, and how far they reach."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from ..errors import AlignmentError
from ..job import GridRequest
from .grid import Bounds, Grid
from .modalities import Modality, ModalityRaster
from .raster_io import (
    crs_name,
    crs_wkt,
    inspect,
    is_geographic,
    make_grid,
    same_crs,
    transform_bounds,
    utm_crs_at,
)

SAMPLE_SHARE = 0.1  # a pixel is at least this share of the median sample width
_SAME_SIZE = 0.05  # relative; a native pixel this close to the wanted size is used as it is
_DEGREES = 0.05  # a pixel size below this, asked for a geographic source, is meant in degrees
_EPSILON = 1e-6  # pixels


@dataclass(frozen=True)
class _Lattice:
    """Where pixels lie, without an end: CRS, a pixel corner and the pixel size, all in map units."""

    crs: str
    x: float
    y: float
    width: float
    height: float
    source: str


def choose_grid(
    modalities: Mapping[str, Modality],
    request: GridRequest,
    *,
    labels_path: str = "",
    samples_pixel: float | None = None,
    model_pixel: float | None = None,
) -> tuple[Grid, tuple[str, ...]]:
    """Return the grid and notes that say why it is this one.

    In this order: what `request` gives; the pixel size of the model (`model_pixel`, metres) on the
    source nearest to it; the grid of the label raster; the finest source whose pixel is at least a tenth
    of the median sample width (`samples_pixel`, metres), in UTM where that source is geographic. It
    reaches as far as all modalities do. Always north-up. Raises `AlignmentError`.
    """
    if request.exact is not None:
        grid = Grid.from_json(request.exact)
        _common_bounds(modalities, grid.crs)
        return grid, ("Grid: as the job gives it.",)
    lattice = _lattice(modalities, request, labels_path, samples_pixel, model_pixel)
    common = _common_bounds(modalities, lattice.crs)
    if request.extent is not None:
        common = _within_extent(common, request, lattice.crs)
    grid = _cut(lattice, common)
    return grid, tuple(_notes(lattice, grid, modalities))


def _lattice(
    modalities: Mapping[str, Modality],
    request: GridRequest,
    labels_path: str,
    samples_pixel: float | None,
    model_pixel: float | None,
) -> _Lattice:
    _require_same_places(modalities, [p for p in (request.reference, labels_path) if p])
    if request.reference:
        found = _lattice_of(inspect(request.reference).grid, "the reference raster")
    elif request.pixel_size is not None:
        found = _asked_lattice(_finest(modalities), request.pixel_size)
    elif model_pixel is not None:
        found = _model_lattice(modalities, model_pixel)
    elif labels_path:
        found = _lattice_of(inspect(labels_path).grid, "the label raster")
    else:
        raster = _fitting(modalities, samples_pixel)
        found = _metric(_lattice_of(raster.info.grid, raster.name), raster.info.grid)
    if request.reference and request.pixel_size is not None:
        return _resized(found, request.pixel_size, request.pixel_size)
    return found


def _lattice_of(grid: Grid, source: str) -> _Lattice:
    """Return the north-up lattice of a grid, whichever way its axes point."""
    t = grid.transform
    if abs(t[2]) > _EPSILON * abs(t[1]) or abs(t[4]) > _EPSILON * abs(t[5]):
        raise AlignmentError(
            "The raster that gives the grid is rotated.",
            where=source,
            remedy="Give a pixel size or a reference raster that is north-up.",
        )
    box = grid.bounds
    return _Lattice(grid.crs, box.x_min, box.y_max, abs(t[1]), abs(t[5]), f"pixels of {source}")


def _resized(lattice: _Lattice, width: float, height: float) -> _Lattice:
    if max(abs(width / lattice.width - 1), abs(height / lattice.height - 1)) < _EPSILON:
        return lattice
    source = f"{lattice.source}, resized"
    return _Lattice(lattice.crs, lattice.x, lattice.y, width, height, source)


def _metric(lattice: _Lattice, grid: Grid) -> _Lattice:
    """Return a lattice in metres: UTM with square pixels where coordinates are degrees, else as it is."""
    if not is_geographic(lattice.crs):
        return lattice
    crs = utm_crs_at(*grid.xy(grid.rows / 2, grid.cols / 2), lattice.crs)
    box = transform_bounds(grid.bounds, lattice.crs, crs)
    side = _round(grid.pixel_metres)
    x, y = math.floor(box.x_min / side) * side, math.ceil(box.y_max / side) * side
    return _Lattice(crs, x, y, side, side, f"{lattice.source}, brought to {crs_name(crs)}")


def _round(metres: float) -> float:
    """Return a pixel size with three digits that count."""
    return float(f"{metres:.3g}")


def _asked_lattice(raster: ModalityRaster, size: float) -> _Lattice:
    lattice = _lattice_of(raster.info.grid, raster.name)
    if not (is_geographic(lattice.crs) and size < _DEGREES):
        lattice = _metric(lattice, raster.info.grid)
    return _resized(lattice, size, size)


def _model_lattice(modalities: Mapping[str, Modality], metres: float) -> _Lattice:
    """Return the pixels of the source nearest to the model's pixel size, or that size on its corner."""
    raster = min(_rasters(modalities), key=lambda r: abs(math.log(r.info.grid.pixel_metres / metres)))
    native = raster.info.grid
    lattice = _metric(_lattice_of(native, raster.name), native)
    if abs(native.pixel_metres / metres - 1) < _SAME_SIZE:
        return lattice
    factor = 1.0
    if lattice.crs and same_crs(lattice.crs, native.crs):  # map units may be feet
        factor = math.sqrt(lattice.width * lattice.height) / native.pixel_metres
    return _resized(lattice, metres * factor, metres * factor)


def _rasters(modalities: Mapping[str, Modality]) -> Iterator[ModalityRaster]:
    for modality in modalities.values():
        yield from modality.rasters


def _finest(modalities: Mapping[str, Modality]) -> ModalityRaster:
    return min(_rasters(modalities), key=lambda r: r.info.grid.pixel_metres)


def _fitting(modalities: Mapping[str, Modality], samples_pixel: float | None) -> ModalityRaster:
    """Return the finest raster whose pixel is not too fine for the samples, else the coarsest."""
    least = SAMPLE_SHARE * (samples_pixel or 0.0)
    ordered = sorted(_rasters(modalities), key=lambda r: r.info.grid.pixel_metres)
    return next((r for r in ordered if r.info.grid.pixel_metres >= least * (1 - _EPSILON)), ordered[-1])


def _require_same_places(modalities: Mapping[str, Modality], paths: list[str]) -> None:
    """Refuse a reference or label raster with a CRS beside sources without one, and the other way round."""
    first = next(_rasters(modalities))
    for path in paths:
        info = inspect(path)
        if bool(info.grid.crs) == bool(first.info.grid.crs):
            continue
        have, lack = (path, first.name) if info.grid.crs else (first.name, path)
        raise AlignmentError(
            f"'{have}' has a coordinate system, '{lack}' has none.",
            where=path,
            remedy="Assign the coordinate system that is missing.",
        )


def modality_bounds(modality: Modality, crs: str) -> Bounds:
    """Return where all layers of a modality are, in `crs`. Raises `AlignmentError` if nowhere."""
    found: Bounds | None = None
    for rasters in modality.layers:
        boxes = [transform_bounds(r.info.grid.bounds, r.info.grid.crs, crs) for r in rasters]
        box = Bounds(
            min(b.x_min for b in boxes),
            min(b.y_min for b in boxes),
            max(b.x_max for b in boxes),
            max(b.y_max for b in boxes),
        )
        common = box if found is None else found.intersection(box)
        if common is None:
            names = [rasters[0].name for rasters in modality.layers]
            raise AlignmentError(
                f"The rasters {', '.join(names)} do not overlap.",
                where=modality.key,
                remedy="Give rasters of the same place, or tiles with the same bands.",
            )
        found = common
    if found is None:
        raise ValueError("a modality without rasters")
    return found


def _common_bounds(modalities: Mapping[str, Modality], crs: str) -> Bounds:
    """Return where all modalities are. Raises `AlignmentError` naming two that do not overlap."""
    boxes = {key: modality_bounds(modality, crs) for key, modality in modalities.items()}
    for (first, here), (second, there) in combinations(boxes.items(), 2):
        if here.intersection(there) is None:
            raise AlignmentError(
                f"'{first}' and '{second}' do not overlap: {_shown(here)} and {_shown(there)}.",
                where=f"{modalities[first].rasters[0].name}, {modalities[second].rasters[0].name}",
                remedy="Give sources of the same place, and check their coordinate systems.",
            )
    common = next(iter(boxes.values()))
    for box in boxes.values():
        overlap = common.intersection(box)
        if overlap is None:
            raise AlignmentError(
                "There is no place where all sources overlap.",
                where=", ".join(modalities),
                remedy="Leave out a source, or give sources of the same place.",
            )
        common = overlap
    return common


def _within_extent(common: Bounds, request: GridRequest, crs: str) -> Bounds:
    if request.extent is None:
        return common
    asked = Bounds(*request.extent)
    if request.extent_crs:
        asked = transform_bounds(asked, crs_wkt(request.extent_crs), crs)
    overlap = common.intersection(asked)
    if overlap is None:
        raise AlignmentError(
            f"The extent {_shown(asked)} lies outside the sources ({_shown(common)}).",
            where="extent",
            remedy="Choose an extent inside the sources.",
        )
    return overlap


def _shown(box: Bounds) -> str:
    return f"x {box.x_min:.7g} to {box.x_max:.7g}, y {box.y_min:.7g} to {box.y_max:.7g}"


def _cut(lattice: _Lattice, box: Bounds) -> Grid:
    """Return the pixels of a lattice whose centre lies in a rectangle; at least the one under its centre."""
    col, cols = _span((box.x_min - lattice.x) / lattice.width, (box.x_max - lattice.x) / lattice.width)
    row, rows = _span((lattice.y - box.y_max) / lattice.height, (lattice.y - box.y_min) / lattice.height)
    x, y = lattice.x + col * lattice.width, lattice.y - row * lattice.height
    return make_grid(lattice.crs, (x, lattice.width, 0.0, y, 0.0, -lattice.height), rows, cols)


def _span(low: float, high: float) -> tuple[int, int]:
    """Return the first pixel with its centre between two positions in pixels, and how many there are."""
    first, stop = math.ceil(low - 0.5 - _EPSILON), math.floor(high - 0.5 + _EPSILON) + 1
    if stop <= first:
        return math.floor((low + high) / 2), 1
    return first, stop - first


def _notes(lattice: _Lattice, grid: Grid, modalities: Mapping[str, Modality]) -> Iterator[str]:
    width, height = grid.pixel_size
    unit = "degrees" if is_geographic(grid.crs) else "m" if grid.crs else "units"
    side = f"{width:.6g}" if abs(width / height - 1) < _EPSILON else f"{width:.6g} x {height:.6g}"
    yield f"Grid: {grid.cols} x {grid.rows} pixels of {side} {unit}, {crs_name(grid.crs)} ({lattice.source})."
    for modality in modalities.values():
        ratio = modality.pixel_metres / grid.pixel_metres
        if ratio > 1.01:
            yield f"{modality.key}: coarser than the grid ({modality.pixel_metres:.3g} m), interpolated."
        elif modality.finest_metres / grid.pixel_metres < 0.99:
            yield f"{modality.key}: finer than the grid ({modality.finest_metres:.3g} m), averaged."
