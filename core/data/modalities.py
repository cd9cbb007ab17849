"""From files to modalities: which rasters belong together, which bands are used, what they measure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from ..dataset_names import short_name
from ..errors import BandError
from ..job import RasterInput
from .band_choice import BandSample, bands_text, sample_bands, useless_bands
from .band_plan import ABOVE_GROUND, BandPlan, SourceBand, plan_bands, source_bands, stacked_bands
from .layers import group_layers
from .opened import OpenedRaster, open_inputs, opened_notes
from .quantities import SAR, guess_quantity
from .raster_info import RasterInfo
from .surface_notes import elevation_notes, guess_notes, holes_or, sar_remarks, surface_notes
from .units import SettledUnits, settle_units, taken_notes, units_json, units_text
from .units_guess import UnitsGuesses


@dataclass(frozen=True)
class ModalityRaster:
    """One raster of a modality with the bands used, what they measure and how it is resampled.

    Rasters of the same `layer` are mosaicked (the first valid value counts); layers are joined as bands.
    `quantity_source` and `units_source` say who said so: "set", "guessed", "metadata", "model" or "".
    `derived`: bands computed from heights; `speckle`: side of the filter of SAR in map pixels, 0 for none;
    `fill`: what missing values become, None leaves holes.
    """

    info: RasterInfo
    bands: tuple[int, ...]
    quantity: str
    layer: int = 0
    resampling: str = ""
    quantity_source: str = ""
    units_source: str = ""
    derived: tuple[str, ...] = ()
    speckle: int = 0
    fill: float | None = None

    @property
    def path(self) -> str:
        """The file."""
        return self.info.path

    @property
    def name(self) -> str:
        """The file name, for messages."""
        return short_name(self.path)

    @property
    def units(self) -> str:
        """How stored values become measurements and who says so, "" where they are used as stored."""
        return units_text(self.info, self.bands, self.units_source)


@dataclass(frozen=True)
class Modality:
    """One or more rasters that are one source.

    `quantity` is that of all rasters, or "other" where they differ; `notes` say in words what was decided.
    `unused`: which of the layers, as given, were left out whole.
    """

    key: str
    rasters: tuple[ModalityRaster, ...]
    quantity: str
    notes: tuple[str, ...] = ()
    unused: tuple[int, ...] = ()

    @property
    def layers(self) -> tuple[tuple[ModalityRaster, ...], ...]:
        """The rasters of each layer."""
        count = max(r.layer for r in self.rasters) + 1
        return tuple(tuple(r for r in self.rasters if r.layer == i) for i in range(count))

    @property
    def bands(self) -> tuple[SourceBand, ...]:
        """The bands in the order in which they are stacked, derived ones among them."""
        return stacked_bands(self.layers)

    @property
    def plan(self) -> BandPlan:
        """How the bands of the layers become those of the stack."""
        return plan_bands(self.layers)

    @property
    def pixel_metres(self) -> float:
        """Pixel size in metres of the coarsest raster."""
        return max(r.info.grid.pixel_metres for r in self.rasters)

    @property
    def finest_metres(self) -> float:
        """Pixel size in metres of the finest raster."""
        return min(r.info.grid.pixel_metres for r in self.rasters)

    def to_json(self) -> dict[str, Any]:
        """Return how the modality was read, as the model file keeps it and `repeat_recipes` takes it."""
        return {
            "quantity": self.quantity,
            "layers": [
                {
                    "quantity": rasters[0].quantity,
                    "quantity_source": rasters[0].quantity_source,
                    "n_bands": len(rasters[0].info.bands),
                    "units": units_json(rasters[0].info, rasters[0].bands, rasters[0].units_source),
                    "derived": list(rasters[0].derived),
                    "speckle": rasters[0].speckle,
                    "fill": rasters[0].fill,
                }
                for rasters in self.layers
            ],
            "bands": [vars(band) for band in source_bands(self.layers)],  # of the files
            "stacked": [band.name for band in self.bands],
            "pixel_metres": self.pixel_metres,
            "files": [raster.name for raster in self.rasters],
            "unused": list(self.unused),
        }


def describe_inputs(inputs: Mapping[str, Sequence[RasterInput]]) -> dict[str, Modality]:
    """Look at all rasters and decide what is used of them, without reading more than a part of each.

    Raises `RasterReadError`, `BandError` and, for a mixture of rasters with and without a CRS,
    `AlignmentError`.
    """
    opened = open_inputs(inputs)
    return {key: _describe(key, rasters) for key, rasters in opened.items()}


def _describe(key: str, opened: Sequence[OpenedRaster]) -> Modality:
    samples = [sample_bands(r.info, r.candidates) for r in opened]
    layers, joined = group_layers(key, opened)
    notes = [*opened_notes(key, opened), *joined]
    guesses = UnitsGuesses(opened, samples)
    rasters: list[ModalityRaster] = []
    settled: list[SettledUnits] = []
    layer, unused = 0, []
    for number, members in enumerate(layers):
        bands, dropped = _choose_bands(key, [(opened[i], samples[i]) for i in members])
        notes += dropped
        if not bands:
            unused.append(number)  # such as a file of Sentinel-2's band 10, which sees no ground
            continue
        for i in members:
            asked, info = opened[i].asked, opened[i].info
            quantity = asked.quantity or guess_quantity(key, info, samples[i].values)
            said_by = "set" if asked.quantity else "guessed"
            if quantity in SAR:
                notes += sar_remarks(key, info, samples[i].values)
            own = samples[i].numbers if asked.bands else bands
            raster = ModalityRaster(info, own, quantity, layer, asked.resampling, said_by)
            raster = replace(raster, derived=asked.derived, speckle=asked.speckle, fill=holes_or(asked.fill))
            units = settle_units(key, raster, asked, samples[i].values, partial(guesses.of, i))
            notes += units.notes
            settled.append(units)
            rasters.append(replace(raster, info=units.info, units_source=units.source))
        layer += 1
    if not rasters:
        raise BandError(
            f"No band can be used: {' '.join(notes)}",
            where=f"{key}, {', '.join(raster.name for raster in opened)}",
            remedy="Choose another raster, or name the bands to use them all the same.",
        )
    notes += [*taken_notes(key, settled), *guess_notes(key, rasters), *elevation_notes(key, rasters)]
    return replace(make_modality(key, rasters, notes), unused=tuple(unused))


def make_modality(key: str, rasters: Sequence[ModalityRaster], notes: Sequence[str]) -> Modality:
    """Return the modality of these rasters, with notes about how SAR is put on a scale."""
    quantities = sorted({r.quantity for r in rasters})
    notes = [
        *notes,
        *(_sar_note(key, rasters, q) for q in quantities if q in SAR),
        *surface_notes(key, rasters),
    ]
    modality = Modality(key, tuple(rasters), "other", tuple(notes))
    stacked = {
        ABOVE_GROUND if p.ground is not None else modality.layers[p.layer][0].quantity
        for p in modality.plan.layers
        if p.kept
    }
    return replace(modality, quantity=stacked.pop() if len(stacked) == 1 else "other")


def _choose_bands(
    key: str, members: Sequence[tuple[OpenedRaster, BandSample]]
) -> tuple[tuple[int, ...], list[str]]:
    """Return the bands of a layer and notes on those left out: bad in every raster of the layer.

    No band is returned where all are left out.
    """
    first, sample = members[0]
    if first.asked.bands:
        return sample.numbers, []
    found = [useless_bands(raster.info, some) for raster, some in members]
    useless = {n: why for n, why in found[0].items() if all(n in other for other in found[1:])}
    kept = tuple(n for n in sample.numbers if n not in useless)
    by_reason = Counter(useless.values())
    listed = "; ".join(
        f"{bands_text([n for n, why in useless.items() if why == reason])} ({reason})" for reason in by_reason
    )
    if not useless:
        return kept, []
    total = len(sample.numbers)
    return kept, [f"{key}: {len(useless)} of {total} bands of {first.name} are left out: {listed}."]


def _sar_note(key: str, rasters: Sequence[ModalityRaster], quantity: str) -> str:
    scale = "linear power" if quantity == "sar_linear" else "dB"
    guessed = any(r.quantity == quantity and r.quantity_source == "guessed" for r in rasters)
    how = f" (guessed; {key.upper()}_QUANTITY (--{key}-quantity) changes it)" if guessed else ""
    return f"{key}: the values are taken as {scale}{how}, resampled as linear power and used in dB."
