"""The long tables of the alignment report: bands with their figures and spectra, and files."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ..data.modalities import Modality, ModalityRaster
from ..data.raster_description import storage_of
from ..errors import LandfuseError
from .figures import curve_figure
from .html import (
    UNDEFINED,
    Content,
    Markup,
    details,
    figure,
    integer,
    paragraph,
    percent,
    scrollable,
    section,
    table,
)
from .input_findings import BandFigures, RasterFindings

_MANY = 30  # bands; a longer table starts folded
_SPECTRUM = 8  # bands with a wavelength that make a spectrum


def band_section(findings: Mapping[str, Sequence[RasterFindings]]) -> Markup:
    """Return spectra and a table of the bands of each raster."""
    parts: list[Content] = []
    for key, rasters in findings.items():
        for found in rasters:
            count = len(found.bands)
            title = f"{key}: {found.raster.name}, {count} band{'' if count == 1 else 's'}"
            parts += [_spectrum(key, found), details(title, _band_table(found), is_open=count <= _MANY)]
    if not parts:
        return Markup("")
    text = "Figures of the valid pixels looked at, spread over the file, in the units above."
    return section("Bands", paragraph(text, "caption"), *parts)


def _spectrum(key: str, found: RasterFindings) -> Markup:
    """Draw the mean of the bands used, with its standard deviation, over the wavelength."""
    bands = [b for b in found.bands if b.wavelength is not None and not b.dropped]
    if len(bands) < _SPECTRUM:
        return Markup("")
    bands.sort(key=lambda b: b.wavelength or 0.0)
    curves = {
        "mean": [(b.wavelength or 0.0, b.mean) for b in bands],
        "mean + deviation": [(b.wavelength or 0.0, b.mean + b.deviation) for b in bands],
        "mean - deviation": [(b.wavelength or 0.0, b.mean - b.deviation) for b in bands],
    }
    drawn = curve_figure(curves, f"Spectrum of {found.raster.name}", across="wavelength (nm)")
    caption = f"{key}: {found.raster.name}, the bands used."
    return figure(scrollable(drawn, "spectrum", shrink=True), caption)


def _band_table(found: RasterFindings) -> Markup:
    has_waves = any(band.wavelength is not None for band in found.bands)
    has_widths = any(band.width is not None for band in found.bands)
    waves = ["Wavelength (nm)"] * has_waves + ["Width (nm)"] * has_widths
    head = ["Band", "Name", *waves, "Minimum", "Mean", "Maximum", "Deviation", "Valid", "Use"]
    rows = [_band_row(band, has_waves, has_widths) for band in found.bands]
    return table(head, rows, numeric=[0, *range(2, len(head) - 1)])


def _band_row(band: BandFigures, has_waves: bool, has_widths: bool) -> list[Content]:
    spectrum = [band.wavelength] * has_waves + [band.width] * has_widths
    figures = (band.minimum, band.mean, band.maximum, band.deviation)
    return [
        str(band.number),
        band.name,
        *(UNDEFINED if value is None else f"{value:.1f}" for value in spectrum),
        *(UNDEFINED if math.isnan(value) else f"{value:.4g}" for value in figures),
        percent(band.valid),
        f"left out: {band.dropped}" if band.dropped else "used",
    ]


def file_section(modalities: Mapping[str, Modality]) -> Markup:
    """Return how each file is stored."""
    rows = [_file_row(raster) for modality in modalities.values() for raster in modality.rasters]
    if not rows:
        return Markup("")
    head = ["File", "Format", "Type", "Blocks", "Compression", "Overviews", "Size (MB)", "Nodata value"]
    return section("Files", table(head, rows, numeric=(6,)))


def _file_row(raster: ModalityRaster) -> list[Content]:
    info = raster.info
    types = " ".join(dict.fromkeys(band.dtype for band in info.bands))
    nodata = ", ".join(dict.fromkeys(f"{v:g}" for band in info.bands for v in band.nodata))
    try:
        storage = storage_of(info.path)
    except LandfuseError:
        stored = [UNDEFINED, UNDEFINED, UNDEFINED]
    else:
        size = storage.n_bytes / 1e6
        stored = [
            storage.compression or "none",
            integer(storage.overviews) if storage.overviews else "none",
            (f"{size:.1f}" if size < 100 else integer(round(size))) if size else UNDEFINED,
        ]
    declared = nodata or ("mask" if info.has_mask else "none declared")
    return [raster.name, info.driver, types, f"{info.block[1]} x {info.block[0]}", *stored, declared]
