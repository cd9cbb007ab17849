"""The shifts between the sources of a job: which pairs are compared, and the result in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import combinations
from typing import Union

from ..data.grid import Bounds, Grid
from ..data.modalities import Modality
from ..data.raster_io import same_crs
from ..progress import Progress, silent
from .input_findings import Problem
from .shift_blocks import MeasuredShift, Side, measure_shift

_PLACED_BEST = ("optical", "hsi", "lidar", "sar", "other")  # among equal pixels the earlier is the reference
_LAYERS = 6  # of a modality that are compared with its first one
_COARSE_SHARE = 0.5  # of a pixel of the coarser source; a smaller shift is lost in it
_LEAST = 0.1  # pixels; what the interpolation of the peak and resampling cost at most

Attempt = Callable[..., Union[MeasuredShift, None]]


def measure_shifts(
    modalities: Mapping[str, Modality], attempt: Attempt, progress: Progress = silent
) -> tuple[MeasuredShift, ...]:
    """Compare each pair of modalities, and the layers that are joined within one.

    `attempt` calls a function with arguments and returns None where it fails.
    """
    pairs, found = pairs_to_compare(modalities), []
    for number, (first, second) in enumerate(pairs):
        part = progress.part(number / len(pairs), (number + 1) / len(pairs))
        found.append(attempt(measure_shift, first, second, part))
    return tuple(shift for shift in found if shift is not None)


def pairs_to_compare(modalities: Mapping[str, Modality]) -> list[tuple[Side, Side]]:
    """Return the pairs, the finer source of each first: the other is told to lie beside it."""
    ordered = sorted(modalities.values(), key=lambda m: (_fineness(m), _PLACED_BEST.index(m.key)))
    pairs = list(combinations([Side(m) for m in ordered], 2))
    for modality in ordered:
        sides = [
            Side(replace(modality, rasters=tuple(replace(r, layer=0) for r in layer)), layer[0].name)
            for layer in modality.layers[:_LAYERS]
        ]
        pairs += [(sides[0], side) for side in sides[1:]]
    return pairs


def _fineness(modality: Modality) -> int:
    """Return a whole number that grows with the pixels; sizes within some 5 % are alike."""
    return round(20 * math.log(modality.finest_metres))


def shift_problem(shift: MeasuredShift, grid: Grid) -> Problem | None:
    """Return the problem that a shift is: sure, and larger than a map pixel and half a coarse one.

    Larger by more than it is known exactly, so that a shift on the limit is no problem one time and none the
    next.
    """
    coarse = max(side.modality.pixel_metres for side in (shift.first, shift.second))
    limit = max(grid.pixel_metres, _COARSE_SHARE * coarse)
    if not shift.sure or shift.length - _precision(shift) <= limit:
        return None
    remedy = f"Move {shift.second.name} {_way(-shift.east, -shift.north, shift)} (or {shift.first.name} the "
    remedy += "other way round), with the Georeferencer or with gdal_translate -a_ullr"
    return Problem(shift_text(shift, grid), f"{remedy}{_corners(shift)}.")


def _corners(shift: MeasuredShift) -> str:
    """Return the corners that put the second source right, "" where it is not a single file of that CRS."""
    rasters = shift.second.modality.rasters
    if len(rasters) != 1 or not same_crs(rasters[0].info.grid.crs, shift.grid.crs) or shift.estimate is None:
        return ""
    width, height = shift.grid.pixel_size
    box = rasters[0].info.grid.bounds
    x, y = -shift.estimate.cols * width, shift.estimate.rows * height
    moved = Bounds(box.x_min + x, box.y_min + y, box.x_max + x, box.y_max + y)
    return f" {moved.x_min:.10g} {moved.y_max:.10g} {moved.x_max:.10g} {moved.y_min:.10g}"


def shift_text(shift: MeasuredShift, grid: Grid) -> str:
    """Return a sure shift in words: "sar lies 11 m west and 21 m north of optical (± 1 m, ...)."."""
    way, exact = _way(shift.east, shift.north, shift), _length(_precision(shift), shift)
    if not way:
        return f"{shift.second.name} lies on {shift.first.name} within {exact}."
    pixels = f"{shift.length / grid.pixel_metres:.1f} map pixels"
    coarse = max((shift.first.modality, shift.second.modality), key=lambda m: m.pixel_metres)
    if coarse.pixel_metres > 2 * grid.pixel_metres:
        pixels += f", {shift.length / coarse.pixel_metres:.2f} pixels of {coarse.key}"
    of = "of" if shift.grid.crs else "from"
    return f"{shift.second.name} lies {way} {of} {shift.first.name} (± {exact}, {pixels})."


def _way(east: float, north: float, shift: MeasuredShift) -> str:
    """Return "11 m west and 21 m north"; a part that is smaller than can be told is left out."""
    names = ("west", "east", "south", "north") if shift.grid.crs else ("left", "right", "down", "up")
    parts = []
    for value, minus, plus in ((east, *names[:2]), (north, *names[2:])):
        if abs(value) > _precision(shift):
            parts.append(f"{_length(abs(value), shift)} {plus if value > 0 else minus}")
    return " and ".join(parts)


def _precision(shift: MeasuredShift) -> float:
    """Return two standard errors: a shorter shift cannot be told from none, metres (map units)."""
    return max(2 * shift.error, _LEAST * shift.grid.pixel_metres)


def _length(value: float, shift: MeasuredShift) -> str:
    """Return a length with as many decimals as are known."""
    decimals = max(0, -math.floor(math.log10(_precision(shift))))
    return f"{value:.{decimals}f} {_unit(shift)}"


def _unit(shift: MeasuredShift) -> str:
    if shift.grid.crs:
        return "m"
    return "units" if shift.second.modality.rasters[0].info.has_georeference else "pixels"
