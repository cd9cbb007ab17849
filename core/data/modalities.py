"""From files to modalities: which rasters belong together, which bands are used, what they measure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

from ..errors import AlignmentError, BandError, JobError
from ..job import RasterInput
from ..job_kinds import QUANTITIES
from .aligned_reader import RESAMPLING
from .band_choice import BandSample, bands_text, parse_bands, sample_bands, useless_bands
from .quantities import SAR, guess_quantity
from .raster_info import RasterInfo
from .raster_io import inspect, transform_bounds

MOSAIC_OVERLAP = 0.1  # of the smaller raster; more than that and two rasters are joined, not mosaicked


@dataclass(frozen=True)
class SourceBand:
    """One band a modality uses. `layer` counts what is joined, `number` the band in the file from 1."""

    layer: int
    number: int
    name: str
    wavelength: float | None = None
    width: float | None = None


@dataclass(frozen=True)
class ModalityRaster:
    """One raster of a modality with the bands used, what they measure and how it is resampled.

    Rasters of the same `layer` are mosaicked (the first valid value counts); layers are joined as bands.
    """

    info: RasterInfo
    bands: tuple[int, ...]
    quantity: str
    layer: int = 0
    resampling: str = ""

    @property
    def path(self) -> str:
        """The file."""
        return self.info.path

    @property
    def name(self) -> str:
        """The file name, for messages."""
        return PurePath(self.path).name


@dataclass(frozen=True)
class Modality:
    """One or more rasters that are one source.

    `quantity` is that of all rasters, or "other" where they differ; `notes` say in words what was decided.
    """

    key: str
    rasters: tuple[ModalityRaster, ...]
    quantity: str
    notes: tuple[str, ...] = ()

    @property
    def layers(self) -> tuple[tuple[ModalityRaster, ...], ...]:
        """The rasters of each layer."""
        count = max(r.layer for r in self.rasters) + 1
        return tuple(tuple(r for r in self.rasters if r.layer == i) for i in range(count))

    @property
    def bands(self) -> tuple[SourceBand, ...]:
        """The bands in the order in which they are stacked."""
        return tuple(
            SourceBand(i, n, rasters[0].info.band(n).name, *_spectrum(rasters[0].info, n))
            for i, rasters in enumerate(self.layers)
            for n in rasters[0].bands
        )

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
                {"quantity": rasters[0].quantity, "n_bands": len(rasters[0].info.bands)}
                for rasters in self.layers
            ],
            "bands": [vars(band) for band in self.bands],
            "pixel_metres": self.pixel_metres,
        }


def _spectrum(info: RasterInfo, number: int) -> tuple[float | None, float | None]:
    band = info.band(number)
    return band.wavelength, band.width


def describe_inputs(inputs: Mapping[str, Sequence[RasterInput]]) -> dict[str, Modality]:
    """Look at all rasters and decide what is used of them, without reading more than a part of each.

    Raises `RasterReadError`, `BandError` and, for a mixture of rasters with and without a CRS,
    `AlignmentError`.
    """
    opened = open_inputs(inputs)
    return {key: _describe(key, rasters) for key, rasters in opened.items()}


@dataclass(frozen=True)
class OpenedRaster:
    """A raster as the job gives it, and what the file says."""

    asked: RasterInput
    info: RasterInfo

    @property
    def name(self) -> str:
        """The file name, for messages."""
        return PurePath(self.info.path).name


def open_inputs(inputs: Mapping[str, Sequence[RasterInput]]) -> dict[str, list[OpenedRaster]]:
    """Open all rasters. Raises `RasterReadError`, `AlignmentError`, `BandError`, `JobError`."""
    opened: dict[str, list[OpenedRaster]] = {}
    for key, rasters in inputs.items():
        opened[key] = [OpenedRaster(asked, _as_asked(asked)) for asked in rasters]
        for raster in opened[key]:
            _check(key, raster)
    _require_one_kind_of_place([r for rasters in opened.values() for r in rasters])
    return opened


def _as_asked(asked: RasterInput) -> RasterInfo:
    """Return what the file says, with what the job says otherwise: CRS, nodata, scale and offset."""
    info = inspect(asked.path, asked.crs)
    bands = tuple(
        replace(
            band,
            nodata=((*band.nodata, *asked.nodata) if asked.file_nodata else asked.nodata),
            scale=band.scale if asked.scale is None else asked.scale,
            offset=band.offset if asked.offset is None else asked.offset,
        )
        for band in info.bands
    )
    return replace(info, bands=bands)


def _check(key: str, raster: OpenedRaster) -> None:
    where = f"{key}, {raster.name}"
    if raster.info.has_gcps:
        raise AlignmentError(
            "The raster is placed by ground control points only.",
            where=where,
            remedy="Rectify it first, for example with 'Warp (reproject)'.",
        )
    if any(band.dtype.startswith("C") for band in raster.info.bands):
        raise BandError(
            "The raster holds complex numbers.", where=where, remedy="Convert it to intensity or dB first."
        )
    for value, choices in ((raster.asked.quantity, QUANTITIES), (raster.asked.resampling, RESAMPLING)):
        if value and value not in choices:
            raise JobError(
                f"'{value}' is not one of: {', '.join(choices)}.", where=where, remedy="Use one of these."
            )


def _require_one_kind_of_place(rasters: Sequence[OpenedRaster]) -> None:
    kinds: dict[str, list[str]] = {"a CRS": [], "coordinates without a CRS": [], "no georeference": []}
    for raster in rasters:
        info = raster.info
        kind = "a CRS" if info.grid.crs else "coordinates without a CRS"
        kinds[kind if info.has_georeference else "no georeference"].append(raster.name)
    found = {kind: names for kind, names in kinds.items() if names}
    if len(found) > 1:
        raise AlignmentError(
            "The sources cannot be placed together: "
            + "; ".join(f"{', '.join(names)} with {kind}" for kind, names in found.items())
            + ".",
            where=", ".join(raster.name for raster in rasters),
            remedy="Assign the coordinate system that is missing, or leave the file out.",
        )
    sizes = {r.name: r.info.grid.shape for r in rasters if not r.info.has_georeference}
    if len(set(sizes.values())) > 1:
        listed = "; ".join(f"{name} {shape[1]} x {shape[0]}" for name, shape in sizes.items())
        raise AlignmentError(
            f"Rasters without any georeference must have the same columns and rows: {listed}.",
            where=", ".join(sizes),
            remedy="Georeference them, or resample them to one size.",
        )


def _describe(key: str, opened: Sequence[OpenedRaster]) -> Modality:
    samples = [sample_bands(r.info, _candidates(r)) for r in opened]
    layers = group_layers(opened)
    rasters: list[ModalityRaster] = []
    notes = _layer_notes(key, opened, layers)
    for layer, members in enumerate(layers):
        bands, dropped = _choose_bands(key, [(opened[i], samples[i]) for i in members])
        notes += dropped
        for i in members:
            asked, info = opened[i].asked, opened[i].info
            quantity = asked.quantity or guess_quantity(key, info, samples[i].values)
            rasters.append(ModalityRaster(info, bands, quantity, layer, asked.resampling))
    return make_modality(key, rasters, notes)


def make_modality(key: str, rasters: Sequence[ModalityRaster], notes: Sequence[str]) -> Modality:
    """Return the modality of these rasters, with notes about how SAR is put on a scale."""
    quantities = sorted({r.quantity for r in rasters})
    notes = [*notes, *(_sar_note(key, q) for q in quantities if q in SAR)]
    return Modality(key, tuple(rasters), quantities[0] if len(quantities) == 1 else "other", tuple(notes))


def _candidates(raster: OpenedRaster) -> tuple[int, ...]:
    if raster.asked.bands:
        return parse_bands(raster.asked.bands, len(raster.info.bands), raster.name)
    numbers = tuple(b.number for b in raster.info.bands if not b.alpha)
    return numbers or tuple(b.number for b in raster.info.bands)


def group_layers(opened: Sequence[OpenedRaster]) -> list[list[int]]:
    """Return the positions of the rasters of each layer: same bands and hardly any overlap share one."""
    layers: list[list[int]] = []
    for i, raster in enumerate(opened):
        for members in layers:
            if all(_tiles_of_one(raster, opened[j]) for j in members):
                members.append(i)
                break
        else:
            layers.append([i])
    return layers


def _tiles_of_one(first: OpenedRaster, second: OpenedRaster) -> bool:
    if not first.info.has_georeference or first.asked.bands != second.asked.bands:
        return False
    if [(b.name, b.wavelength) for b in first.info.bands] != [
        (b.name, b.wavelength) for b in second.info.bands
    ]:
        return False
    here = first.info.grid.bounds
    there = transform_bounds(second.info.grid.bounds, second.info.grid.crs, first.info.grid.crs)
    common = here.intersection(there)
    return common is None or common.area <= MOSAIC_OVERLAP * min(here.area, there.area)


def _layer_notes(key: str, opened: Sequence[OpenedRaster], layers: Sequence[Sequence[int]]) -> list[str]:
    notes = [
        f"{key}: {', '.join(opened[i].name for i in members)} are mosaicked (same bands, hardly any overlap)."
        for members in layers
        if len(members) > 1
    ]
    if len(layers) > 1:
        firsts = ", ".join(opened[members[0]].name for members in layers)
        notes.append(f"{key}: {firsts} are joined as bands.")
    return notes


def _choose_bands(
    key: str, members: Sequence[tuple[OpenedRaster, BandSample]]
) -> tuple[tuple[int, ...], list[str]]:
    """Return the bands of a layer and notes on those left out: bad in every raster of the layer."""
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
    if not kept:
        raise BandError(
            f"No band can be used: {listed}.",
            where=f"{key}, {first.name}",
            remedy="Choose another raster, or name the bands to use them all the same.",
        )
    if not useless:
        return kept, []
    total = len(sample.numbers)
    return kept, [f"{key}: {len(useless)} of {total} bands of {first.name} are left out: {listed}."]


def _sar_note(key: str, quantity: str) -> str:
    scale = "linear power" if quantity == "sar_linear" else "dB"
    return f"{key}: the values are taken as {scale}, resampled as linear power and used in dB."
