"""What is told about the quantities of a modality: guesses, heights above ground, derived bands."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Protocol

import numpy as np

from .band_plan import SURFACE, TERRAIN, PlannedRaster, plan_bands
from .raster_info import RasterInfo
from .sar_scale import guess_sar

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WORDS = {
    "height": "heights above sea level",
    "terrain_height": "heights of the terrain",
    "height_above_ground": "heights above ground",
    "index": "an index",
    "other": "other values",
}


class NotedRaster(PlannedRaster, Protocol):
    """A `ModalityRaster`, with its name and who said what it measures."""

    @property
    def name(self) -> str: ...

    @property
    def layer(self) -> int: ...

    @property
    def quantity_source(self) -> str: ...


def holes_or(fill: float | None) -> float | None:
    """Return what missing values become, None for holes, which "not a number" asks for."""
    return None if fill is None or math.isnan(fill) else fill


def guess_notes(key: str, rasters: Sequence[NotedRaster]) -> list[str]:
    """Say what the quantities were guessed to be; those of reflectance and SAR are told with their units."""
    guessed = [r for r in rasters if r.quantity_source == "guessed" and r.quantity in _WORDS]
    how = f"guessed; {key.upper()}_QUANTITY (--{key}-quantity) changes it"
    names = {q: [r.name for r in guessed if r.quantity == q] for q in _WORDS}
    return [
        f"{key}: {', '.join(some)} {'is' if len(some) == 1 else 'are'} taken as {_WORDS[quantity]} ({how})."
        for quantity, some in names.items()
        if some
    ]


def sar_remarks(key: str, info: RasterInfo, sample: NDArray[np.float32]) -> list[str]:
    """Say what is odd about the scale of a SAR raster; `sample` (n, C) of its values."""
    remark = guess_sar(info, sample).remark
    return [f"{key}: {PurePath(info.path).name}: {remark}."] if remark else []


def surface_notes(key: str, rasters: Sequence[NotedRaster]) -> list[str]:
    """Say what is computed: heights above ground, derived bands, the speckle filter; and what cannot be."""
    notes = []
    layers = _layers(rasters)
    plan = plan_bands(layers)
    above = [part for part in plan.layers if part.ground is not None]
    if above and above[0].ground is not None:
        ground = layers[above[0].ground][0]
        surfaces = ", ".join(layers[part.layer][0].name for part in above)
        notes.append(
            f"{key}: the height above ground, {surfaces} minus {ground.name}, is used instead of both; "
            f"quantity height for both ({key.upper()}_QUANTITY, --{key}-quantity) keeps them as they are."
        )
    derived = [part for part in plan.layers if part.derived]
    for part in derived:
        what = {
            "slope": "slope (degrees, Horn)",
            "roughness": "roughness (largest minus smallest of 3 x 3 pixels)",
        }
        listed = " and ".join(what[name] for name in part.derived)
        notes.append(f"{key}: {listed} of {layers[part.layer][0].name} added as bands.")
    if not derived and any(r.derived for r in rasters):
        notes.append(f"{key}: no raster holds heights, so nothing is derived from it.")
    sides = {part.speckle for part in plan.layers if part.speckle}
    notes += [f"{key}: speckle is filtered (Lee) in windows of {side} x {side} map pixels." for side in sides]
    if not sides and any(r.speckle for r in rasters):
        notes.append(f"{key}: no raster is SAR, so no speckle is filtered.")
    return notes


def elevation_notes(key: str, rasters: Sequence[NotedRaster]) -> list[str]:
    """Warn where heights above sea level are learned."""
    layers = _layers(rasters)
    alone = [
        layers[part.layer][0].name
        for part in plan_bands(layers).layers
        if part.kept and part.ground is None and layers[part.layer][0].quantity in (SURFACE, TERRAIN)
    ]
    if not alone:
        return []
    line = (
        f"{key}: of {', '.join(alone)} the model learns the elevation above sea level and may not carry over "
        "to other terrain; a surface and a terrain model together give heights above ground."
    )
    return [line]


def _layers(rasters: Sequence[NotedRaster]) -> list[list[NotedRaster]]:
    return [[r for r in rasters if r.layer == i] for i in range(max(r.layer for r in rasters) + 1)]
