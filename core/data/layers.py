"""Which rasters of a modality are tiles of one mosaic and which are joined as bands."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..dataset_names import listed
from ..errors import AlignmentError, BandError
from .band_names import real_name, same_meaning
from .grid import Grid
from .longitudes import turns_to
from .opened import OpenedRaster
from .raster_io import full_turn, same_crs, transform_points

MOSAIC_OVERLAP = 0.1  # of the smaller raster; more than that and two rasters are joined, not mosaicked
_SAME_WAVELENGTH = 0.5  # nm
_JOINED_NAMES = 6
_PLACES = 40  # places along each side that are looked at where rectangles do not tell the overlap


def group_layers(key: str, opened: Sequence[OpenedRaster]) -> tuple[list[list[int]], list[str]]:
    """Return the positions of the rasters of each layer, and notes that say what was decided and why.

    Rasters with the same bands that hardly overlap share a layer; `RasterInput.join` decides otherwise.
    Raises `BandError` and `AlignmentError` where rasters are to be mosaicked that cannot be.
    """
    layers: list[list[int]] = []
    closed: set[int] = set()
    for i, raster in enumerate(opened):
        layer = _layer_of(key, opened, i, layers, closed)
        if layer == len(layers):
            layers.append([])
        layers[layer].append(i)
        if raster.asked.join == "bands":
            closed.add(layer)
    return layers, _notes(key, opened, layers)


def _layer_of(
    key: str, opened: Sequence[OpenedRaster], i: int, layers: Sequence[Sequence[int]], closed: set[int]
) -> int:
    """Return the layer raster `i` belongs to; the number of layers for one of its own."""
    raster = opened[i]
    if raster.asked.join == "mosaic" and i > 0:
        layer = next(n for n, members in enumerate(layers) if i - 1 in members)
        _require_mosaic(key, opened[layers[layer][0]], raster)
        return layer
    if not raster.asked.join:
        for n, members in enumerate(layers):
            tiles = [opened[j] for j in members]
            if n not in closed and not _against_mosaic(tiles[0], raster) and _lies_beside(raster, tiles[1:]):
                return n
    return len(layers)


def _require_mosaic(key: str, first: OpenedRaster, raster: OpenedRaster) -> None:
    if not raster.info.has_georeference:
        raise AlignmentError(
            "Rasters without any georeference cannot be mosaicked: nothing says where each lies.",
            where=f"{key}, {raster.name}",
            remedy="Georeference them, or leave out join=mosaic.",
        )
    reason = _other_bands(first, raster)
    if reason:
        raise BandError(
            f"It cannot be mosaicked with {first.name}: {reason}.",
            where=f"{key}, {raster.name}",
            remedy="Leave out join=mosaic, or choose the same bands of both.",
        )


def _against_mosaic(first: OpenedRaster, second: OpenedRaster) -> str:
    """Return why two rasters are not taken for tiles of one mosaic, "" where they are."""
    if not first.info.has_georeference:
        return "they have no georeference"
    reason = _other_bands(first, second) or _other_quantity(first, second)
    if reason:
        return reason
    share = overlap_share(first.info.grid, second.info.grid)
    return f"they overlap by {100 * share:.0f} %" if share > MOSAIC_OVERLAP else ""


def _lies_beside(raster: OpenedRaster, tiles: Sequence[OpenedRaster]) -> bool:
    return all(overlap_share(tile.info.grid, raster.info.grid) <= MOSAIC_OVERLAP for tile in tiles)


def _other_bands(first: OpenedRaster, second: OpenedRaster) -> str:
    """Return why the bands of two rasters cannot lie in one mosaic, "" where they can."""
    here, there = first.candidates, second.candidates
    if len(here) != len(there):
        return f"{first.name} has {len(here)} bands, {second.name} {len(there)}"
    for a, b in zip(here, there):
        one, other = first.info.band(a).wavelength, second.info.band(b).wavelength
        if one is not None and other is not None and abs(one - other) > _SAME_WAVELENGTH:
            return f"band {a} of {first.name} is at {one:g} nm, band {b} of {second.name} at {other:g} nm"
    return ""


def _other_quantity(first: OpenedRaster, second: OpenedRaster) -> str:
    """Return in which way two rasters seem to measure different things, "" where nothing says so."""
    if first.asked.quantity != second.asked.quantity or first.asked.bands != second.asked.bands:
        return "their settings differ"
    for a, b in zip(first.candidates, second.candidates):
        one = real_name(first.info.band(a).name, first.name)
        other = real_name(second.info.band(b).name, second.name)
        if one and other and not same_meaning(one, other):
            return f"band {a} of {first.name} is {one}, band {b} of {second.name} {other}"
    return ""


def overlap_share(first: Grid, second: Grid) -> float:
    """Return the common area of two rasters as a share of the smaller one. Raises `AlignmentError`."""
    upright = all(grid.transform[2] == grid.transform[4] == 0 for grid in (first, second))
    if upright and same_crs(first.crs, second.crs):
        here, there = first.bounds, second.bounds
        there = there.shifted(turns_to(there.x_min, here.x_min, full_turn(first.crs)))
        common = here.intersection(there)
        return common.area / min(first.bounds.area, second.bounds.area) if common else 0.0
    return max(_share_inside(first, second), _share_inside(second, first))


def _share_inside(grid: Grid, other: Grid) -> float:
    """Return the share of a grid that lies in another one, by a lattice of places."""
    along = (np.arange(_PLACES) + 0.5) / _PLACES
    rows, cols = (part.ravel() for part in np.meshgrid(along * grid.rows, along * grid.cols))
    t, o = grid.transform, other.transform
    xs, ys = transform_points(
        t[0] + cols * t[1] + rows * t[2], t[3] + cols * t[4] + rows * t[5], grid.crs, other.crs
    )
    turn = o[1] * o[5] - o[2] * o[4]
    with np.errstate(invalid="ignore"):
        col = ((xs - o[0]) * o[5] - (ys - o[3]) * o[2]) / turn
        row = ((ys - o[3]) * o[1] - (xs - o[0]) * o[4]) / turn
        inside = (col >= 0) & (col < other.cols) & (row >= 0) & (row < other.rows)
    return float(inside.mean())


def _notes(key: str, opened: Sequence[OpenedRaster], layers: Sequence[Sequence[int]]) -> list[str]:
    notes = [_mosaic_note(key, [opened[i] for i in members]) for members in layers if len(members) > 1]
    if len(layers) > 1:
        notes.append(_joined_note(key, [opened[members[0]] for members in layers]))
    return notes


def _mosaic_note(key: str, members: Sequence[OpenedRaster]) -> str:
    asked = any(raster.asked.join == "mosaic" for raster in members[1:])
    why = "as asked" if asked else "same bands, hardly any overlap"
    other = "" if asked else f" {_setting(key, 'join=bands')} joins them as bands instead."
    return f"{key}: {listed([r.name for r in members])} are mosaicked ({why}).{other}"


def _joined_note(key: str, firsts: Sequence[OpenedRaster]) -> str:
    names = listed([raster.name for raster in firsts], _JOINED_NAMES)
    if all(raster.asked.join == "bands" for raster in firsts[1:]):
        return f"{key}: {names} are joined as bands (as asked)."
    first, second = firsts[0], next(r for r in firsts[1:] if r.asked.join != "bands")
    possible = first.info.has_georeference and not _other_bands(first, second)
    other = f" {_setting(key, 'join=mosaic')} mosaics them instead." if possible else ""
    why = _against_mosaic(first, second)
    return f"{key}: {names} are joined as bands{f' ({why})' if why else ''}.{other}"


def _setting(key: str, text: str) -> str:
    return f"{key.upper()}_OPTIONS {text} (--{key}-options)"
