"""The rasters of a job as they are opened: what the file says, with what the job says otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..dataset_names import short_name
from ..errors import AlignmentError, BandError, JobError
from ..job import RasterInput
from ..job_spec import QUANTITIES
from .aligned_reader import RESAMPLING
from .band_choice import parse_bands
from .product_metadata import with_product_metadata
from .products import expand
from .raster_description import inspect
from .raster_info import RasterInfo


@dataclass(frozen=True)
class OpenedRaster:
    """A raster as the job gives it, and what the file and its product say; `notes` say how that was found."""

    asked: RasterInput
    info: RasterInfo
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file name, for messages."""
        return short_name(self.info.path)

    @property
    def candidates(self) -> tuple[int, ...]:
        """The bands the job names, else all that are no opacity. Raises `BandError`."""
        if self.asked.bands:
            return parse_bands(self.asked.bands, len(self.info.bands), self.name)
        numbers = tuple(b.number for b in self.info.bands if not b.alpha)
        return numbers or tuple(b.number for b in self.info.bands)


def open_inputs(inputs: Mapping[str, Sequence[RasterInput]]) -> dict[str, list[OpenedRaster]]:
    """Open all rasters, folders and containers expanded into theirs.

    Raises `RasterReadError`, `AlignmentError`, `BandError`, `JobError`.
    """
    opened: dict[str, list[OpenedRaster]] = {}
    for key, rasters in inputs.items():
        opened[key] = [raster for asked in rasters for raster in _open(asked)]
        for raster in opened[key]:
            _check(key, raster)
    _require_one_kind_of_place([r for rasters in opened.values() for r in rasters])
    return opened


def _open(asked: RasterInput) -> list[OpenedRaster]:
    """Open a raster, or all that a folder or container stands for; the first one has the notes about that."""
    expansion = expand(asked)
    found = []
    for number, item in enumerate(expansion.rasters):
        info, notes = with_product_metadata(inspect(item.path, item.crs))
        notes = [*(expansion.notes if number == 0 else ()), *notes]
        found.append(OpenedRaster(item, _as_asked(item, info), tuple(notes)))
    return found


def opened_notes(key: str, opened: Sequence[OpenedRaster]) -> list[str]:
    """Return what was found out while opening, each once."""
    return [f"{key}: {note}" for note in dict.fromkeys(note for raster in opened for note in raster.notes)]


def _as_asked(asked: RasterInput, info: RasterInfo) -> RasterInfo:
    """Return what the file says, with what the job says otherwise: nodata, scale and offset."""
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
