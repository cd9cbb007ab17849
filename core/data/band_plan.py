"""Which bands a modality is stacked with: those of its files, heights above ground, slope and roughness.

A layer that holds heights and one that holds the terrain become the height above ground, which replaces
both. Bands derived from heights follow those of their layer. Missing values are filled last, where that is
asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Protocol

import numpy as np

from .quantities import SAR
from .raster_info import RasterInfo
from .terrain import DERIVED_BANDS, MARGIN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

SURFACE, TERRAIN, ABOVE_GROUND = "height", "terrain_height", "height_above_ground"
HEIGHTS = (SURFACE, TERRAIN, ABOVE_GROUND)


@dataclass(frozen=True)
class SourceBand:
    """One band a modality uses. `layer` counts what is joined, `number` the band in the file from 1.

    `derived` names what was computed from it ("slope", "roughness"), "" for the band itself.
    """

    layer: int
    number: int
    name: str
    wavelength: float | None = None
    width: float | None = None
    derived: str = ""


class PlannedRaster(Protocol):
    """What a plan has to know of a `ModalityRaster`."""

    @property
    def info(self) -> RasterInfo: ...

    @property
    def bands(self) -> tuple[int, ...]: ...

    @property
    def quantity(self) -> str: ...

    @property
    def derived(self) -> tuple[str, ...]: ...

    @property
    def speckle(self) -> int: ...

    @property
    def fill(self) -> float | None: ...


@dataclass(frozen=True)
class LayerPlan:
    """What becomes of one layer of a modality.

    `kept`: its own bands are stacked. `ground`: the layer whose heights are subtracted. `derived`: bands
    computed from each of its own. `fill`: what its missing values become, those of derived bands 0.
    `speckle`: side of the filter.
    """

    layer: int
    n_bands: int
    kept: bool = True
    ground: int | None = None
    derived: tuple[str, ...] = ()
    fill: float | None = None
    speckle: int = 0

    @property
    def n_out(self) -> int:
        """Number of bands stacked."""
        return self.n_bands * (self.kept + len(self.derived))


@dataclass(frozen=True)
class BandPlan:
    """The layers of a modality in the order in which they are stacked."""

    layers: tuple[LayerPlan, ...]

    @property
    def is_plain(self) -> bool:
        """Whether the bands of the files are stacked as they are read."""
        return self.is_one_to_one and not any(p.speckle or p.fill is not None for p in self.layers)

    @property
    def is_one_to_one(self) -> bool:
        """Whether every band of the files is one of the stack."""
        return all(p.kept and p.ground is None and not p.derived for p in self.layers)

    @property
    def margin(self) -> int:
        """Pixels around a window that its values depend on."""
        return max(max(p.speckle // 2, MARGIN if p.derived else 0) for p in self.layers)

    @property
    def validity(self) -> tuple[slice, ...]:
        """Per layer the stacked bands of which more than half have to be valid."""
        found, start = [], 0
        for plan in self.layers:
            found.append(slice(start, start + plan.n_bands))  # of a layer not kept, its first derived bands
            start += plan.n_out
        return tuple(found)

    def valid(self, data: Floats) -> NDArray[np.bool_]:
        """Return where more than half of the bands of every layer are valid; `data` (C, H, W) as stacked."""
        valid = np.ones(data.shape[1:], dtype=bool)
        for bands in self.validity:
            valid &= 2 * np.isfinite(data[bands]).sum(axis=0) > bands.stop - bands.start
        return valid

    def stacked(self, layers: Sequence[Floats], metres: tuple[float, float]) -> Floats:
        """Return the stacked bands (C, H, W) of the bands of each layer (C_i, H, W), NaN where invalid.

        The outermost pixels know no neighbours; `metres`: width and height of a pixel.
        """
        return np.concatenate([band for plan in self.layers for band in _bands_of(plan, layers, metres)])


def _bands_of(plan: LayerPlan, layers: Sequence[Floats], metres: tuple[float, float]) -> list[Floats]:
    own = layers[plan.layer]
    bands = []
    if plan.kept:
        values = own if plan.ground is None else own - layers[plan.ground][:1]
        bands.append(_filled(values, plan.fill))
    for name in plan.derived:
        derived = np.stack([DERIVED_BANDS[name](heights, metres) for heights in own])
        bands.append(_filled(derived, None if plan.fill is None else 0.0))
    return bands


def _filled(values: Floats, fill: float | None) -> Floats:
    return values if fill is None else np.where(np.isnan(values), np.float32(fill), values)


def plan_bands(layers: Sequence[Sequence[PlannedRaster]]) -> BandPlan:
    """Return what is stacked of the rasters of each layer; it follows from quantities and settings alone."""
    ground = _ground_layer(layers)
    plans = []
    for number, rasters in enumerate(layers):
        first = rasters[0]
        above = ground is not None and first.quantity == SURFACE
        plan = LayerPlan(
            layer=number,
            n_bands=len(first.bands),
            kept=number != ground,
            ground=ground if above else None,
            derived=first.derived if first.quantity in HEIGHTS else (),
            fill=_fill(rasters, layers[ground] if above and ground is not None else ()),
            speckle=first.speckle if first.quantity in SAR else 0,
        )
        if plan.n_out:
            plans.append(plan)
    return BandPlan(tuple(plans))


def _ground_layer(layers: Sequence[Sequence[PlannedRaster]]) -> int | None:
    """Return the only layer of terrain, of one band, where others hold surface heights."""
    quantities = [rasters[0].quantity for rasters in layers]
    if quantities.count(TERRAIN) != 1 or SURFACE not in quantities:
        return None
    number = quantities.index(TERRAIN)
    return number if len(layers[number][0].bands) == 1 else None


def _fill(rasters: Sequence[PlannedRaster], ground: Sequence[PlannedRaster]) -> float | None:
    return next((r.fill for r in (*rasters, *ground) if r.fill is not None), None)


def source_bands(layers: Sequence[Sequence[PlannedRaster]]) -> tuple[SourceBand, ...]:
    """Return the bands of the files, layer by layer."""
    return tuple(_of_file(i, rasters[0], n) for i, rasters in enumerate(layers) for n in rasters[0].bands)


def stacked_bands(layers: Sequence[Sequence[PlannedRaster]]) -> tuple[SourceBand, ...]:
    """Return what `BandPlan.stacked` gives, with names that say what the bands are."""
    plan = plan_bands(layers)
    several = {name: sum(p.n_bands for p in plan.layers if name in p.derived) > 1 for name in DERIVED_BANDS}
    several[ABOVE_GROUND] = sum(p.n_bands for p in plan.layers if p.ground is not None) > 1
    bands: list[SourceBand] = []
    for part in plan.layers:
        raster = layers[part.layer][0]
        own = [_of_file(part.layer, raster, number) for number in raster.bands]
        if part.kept and part.ground is None:
            bands += own
        for name in (*([ABOVE_GROUND] if part.ground is not None else []), *part.derived):
            of = f" of {PurePath(raster.info.path).stem}" if several[name] else ""
            derived = "" if name == ABOVE_GROUND else name
            title = name.replace("_", " ") + of
            bands += [SourceBand(band.layer, band.number, title, derived=derived) for band in own]
    return tuple(bands)


def _of_file(layer: int, raster: PlannedRaster, number: int) -> SourceBand:
    band = raster.info.band(number)
    return SourceBand(layer, number, band.name, band.wavelength, band.width)
