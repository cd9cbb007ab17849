"""The grid all modalities are brought onto: whose pixels, and how far they reach."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations

from ..errors import AlignmentError
from ..job import GridRequest
from .coordinates import make_grid, transform_bounds
from .grid import Bounds, Grid
from .longitudes import turns_to
from .modalities import Modality, ModalityRaster
from .pixel_lattice import (
    PixelLattice,
    asked_lattice,
    check_size,
    lattice_of,
    metric,
    resized,
    rounded,
    source_lattice,
)
from .raster_description import inspect
from .raster_io import crs_name, crs_wkt, full_turn, is_geographic, same_crs
from .same_place import require_same_place

SAMPLE_SHARE = 0.1  # a pixel is at least this share of the median sample width
_SAME_SIZE = 0.05  # relative; a native pixel this close to the wanted size is used as it is
_EPSILON = 1e-6  # pixels


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
        _common_bounds(modalities, grid.crs, grid.bounds.x_min)
        return grid, ("Grid: as the job gives it.",)
    lattice = _lattice(modalities, request, labels_path, samples_pixel, model_pixel)
    common = _common_bounds(modalities, lattice.crs, lattice.x)
    if request.extent is not None:
        common = _within_extent(common, request, lattice)
    grid = _cut(lattice, common)
    return grid, tuple(_notes(lattice, grid, modalities))


def _lattice(
    modalities: Mapping[str, Modality],
    request: GridRequest,
    labels_path: str,
    samples_pixel: float | None,
    model_pixel: float | None,
) -> PixelLattice:
    _require_same_places(modalities, [p for p in (request.reference, labels_path) if p])
    if request.reference:
        found = lattice_of(inspect(request.reference).grid, request.reference, "the reference raster")
    elif request.pixel_size is not None:
        found = asked_lattice(_finest(modalities), request.pixel_size)
    elif model_pixel is not None:
        found = _model_lattice(modalities, model_pixel)
    elif labels_path:
        found = lattice_of(inspect(labels_path).grid, labels_path, "the label raster")
    else:
        raster = _fitting(modalities, samples_pixel)
        found = metric(source_lattice(raster), raster.info.grid)
    if request.reference and request.pixel_size is not None:
        check_size(request.pixel_size, _finest(modalities))
        return resized(found, request.pixel_size, request.pixel_size)
    return found


def _model_lattice(modalities: Mapping[str, Modality], metres: float) -> PixelLattice:
    """Return the pixels of the source nearest to the model's pixel size, or that size on its corner."""
    raster = min(_rasters(modalities), key=lambda r: abs(math.log(r.info.grid.pixel_metres / metres)))
    native = raster.info.grid
    lattice = metric(source_lattice(raster), native)
    if abs(native.pixel_metres / metres - 1) < _SAME_SIZE:
        return lattice
    factor = 1.0
    if lattice.crs and same_crs(lattice.crs, native.crs):  # map units may be feet
        factor = math.sqrt(lattice.width * lattice.height) / native.pixel_metres
    return resized(lattice, metres * factor, metres * factor)


def _rasters(modalities: Mapping[str, Modality]) -> Iterator[ModalityRaster]:
    for modality in modalities.values():
        yield from modality.rasters


def _finest(modalities: Mapping[str, Modality]) -> ModalityRaster:
    return min(_rasters(modalities), key=_fineness)


def _fineness(raster: ModalityRaster) -> tuple[float, bool]:
    """Return what finer rasters have less of; of two alike, north-up ones."""
    return rounded(raster.info.grid.pixel_metres), raster.info.grid.is_turned


def _fitting(modalities: Mapping[str, Modality], samples_pixel: float | None) -> ModalityRaster:
    """Return the finest raster whose pixel is not too fine for the samples, else the coarsest."""
    least = SAMPLE_SHARE * (samples_pixel or 0.0)
    ordered = sorted(_rasters(modalities), key=_fineness)
    return next((r for r in ordered if r.info.grid.pixel_metres >= least * (1 - _EPSILON)), ordered[-1])


def _require_same_places(modalities: Mapping[str, Modality], paths: list[str]) -> None:
    """Refuse a reference or label raster that is not placed in the way of the sources."""
    first = next(_rasters(modalities))
    for path in paths:
        require_same_place(first.info, inspect(path))


def modality_bounds(modality: Modality, crs: str, x: float | None = None) -> Bounds:
    """Return where all layers of a modality are, in `crs`. Raises `AlignmentError` if nowhere.

    Longitudes are those nearest to `x` (None: to the first raster).
    """
    found: Bounds | None = None
    for rasters in modality.layers:
        boxes = [transform_bounds(r.info.grid.bounds, r.info.grid.crs, crs) for r in rasters]
        x = boxes[0].x_min if x is None else x
        boxes = [_near(box, x, crs) for box in boxes]
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


def _near(box: Bounds, x: float, crs: str) -> Bounds:
    """Return a rectangle with the longitudes nearest to `x`."""
    return box.shifted(turns_to((box.x_min + box.x_max) / 2, x, full_turn(crs)))


def _common_bounds(modalities: Mapping[str, Modality], crs: str, x: float) -> Bounds:
    """Return where all modalities are. Raises `AlignmentError` naming two that do not overlap."""
    boxes = {key: modality_bounds(modality, crs, x) for key, modality in modalities.items()}
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


def _within_extent(common: Bounds, request: GridRequest, lattice: PixelLattice) -> Bounds:
    if request.extent is None:
        return common
    asked = _asked_bounds(request.extent, crs_wkt(request.extent_crs) or lattice.crs)
    if request.extent_crs:
        asked = transform_bounds(asked, crs_wkt(request.extent_crs), lattice.crs)
    overlap = common.intersection(_near(asked, lattice.x, lattice.crs))
    if overlap is None:
        raise AlignmentError(
            f"The extent {_shown(asked)} lies outside the sources ({_shown(common)}).",
            where="extent",
            remedy="Choose an extent inside the sources.",
        )
    return overlap


def _asked_bounds(extent: tuple[float, float, float, float], crs: str) -> Bounds:
    """Return an extent; in degrees, one that ends west of its beginning goes across 180."""
    box = Bounds(*extent)
    if box.x_min > box.x_max:
        box = replace(box, x_max=box.x_max + full_turn(crs))
    if not (box.x_min < box.x_max and box.y_min < box.y_max):
        raise AlignmentError(
            f"The extent {_shown(box)} holds nothing.",
            where="extent",
            remedy="Give it as smallest x, smallest y, largest x, largest y.",
        )
    return box


def _shown(box: Bounds) -> str:
    return f"x {box.x_min:.7g} to {box.x_max:.7g}, y {box.y_min:.7g} to {box.y_max:.7g}"


def _cut(lattice: PixelLattice, box: Bounds) -> Grid:
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


def _notes(lattice: PixelLattice, grid: Grid, modalities: Mapping[str, Modality]) -> Iterator[str]:
    width, height = grid.pixel_size
    unit = "degrees" if is_geographic(grid.crs) else "m" if grid.crs else "units"
    if unit == "m" and abs(grid.pixel_metres / math.sqrt(width * height) - 1) > 0.001:
        unit = f"map units ({grid.pixel_metres:.3g} m)"  # feet, or a CRS that stretches the ground
    side = f"{width:.6g}" if abs(width / height - 1) < _EPSILON else f"{width:.6g} x {height:.6g}"
    unit = "unit" if (side, unit) == ("1", "units") else unit
    yield f"Grid: {grid.cols} x {grid.rows} pixels of {side} {unit}, {crs_name(grid.crs)} ({lattice.source})."
    for modality in modalities.values():
        ratio = modality.pixel_metres / grid.pixel_metres
        if ratio > 1.01:
            yield f"{modality.key}: coarser than the grid ({modality.pixel_metres:.3g} m), interpolated."
        elif modality.finest_metres / grid.pixel_metres < 0.99:
            yield f"{modality.key}: finer than the grid ({modality.finest_metres:.3g} m), averaged."
