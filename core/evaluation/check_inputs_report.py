"""The alignment report: verdict, sources, overlap, pictures, bands, samples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..data.grid import Grid
from ..data.modalities import Modality
from ..data.raster_io import crs_name
from ..errors import LandfuseError
from ..progress import Progress, silent
from .figures import curve_figure
from .html import (
    UNDEFINED,
    Content,
    Markup,
    details,
    element,
    figure,
    integer,
    join,
    key_figures,
    note,
    notes,
    page,
    paragraph,
    percent,
    scrollable,
    section,
    swatch,
    table,
)
from .input_check import InputCheck, places_per_class, verdict
from .input_findings import RasterFindings
from .pictures import gallery, modality_figure
from .thumbnails import image

if TYPE_CHECKING:
    from numpy.typing import NDArray

_QUANTITIES = {
    "sar_linear": "SAR, linear",
    "sar_db": "SAR, dB",
    "height_above_ground": "height above ground",
}
_MANY = 30  # bands; a longer table starts folded
_SPECTRUM = 8  # bands with a wavelength that make a spectrum
_SOME, _ALL = (150, 156, 164), (29, 111, 165)


def check_html(check: InputCheck, mask: str = "", progress: Progress = silent) -> str:
    """Return the report as a page."""
    sections: list[Content] = [_verdict(check), _figures(check), _sources(check)]
    sections += [_pictures(check, progress), _grid(check), _samples(check), _bands(check)]
    sections.append(section("Remarks", notes(list(check.notes))))
    subtitle = "How the sources fit together" + (f", inside the mask {mask}" if mask else "")
    return page("Check of the inputs", subtitle, sections)


def _verdict(check: InputCheck) -> Markup:
    if not check.problems:
        return note(verdict(check), "good")
    items = (element("li", join([element("strong", p.what), p.remedy], " ")) for p in check.problems)
    return note(join([element("p", verdict(check)), element("ul", join(items))]), "warning")


def _figures(check: InputCheck) -> Markup:
    figures: list[tuple[str, str, Content]] = [
        ("Overlap", percent(check.overlap_share), "of the smallest source's area lies in all of them")
    ]
    if check.grid is not None:
        grid = check.grid
        size = f"{integer(grid.rows)} rows x {integer(grid.cols)} columns"
        figures += [
            ("Usable pixels", percent(check.valid_share), "of the grid are valid in every source"),
            ("Map pixel", f"{grid.pixel_metres:.4g} m", f"{size}, {crs_name(grid.crs)}"),
        ]
    if check.samples is not None:
        places = len(np.unique(check.samples.places))
        small = f"in {integer(places)} places, on usable pixels"
        figures.append(("Samples", integer(len(check.samples)), small))
    return key_figures(figures)


def _sources(check: InputCheck) -> Markup:
    rows: list[Sequence[Content]] = []
    for key, modality in check.modalities.items():
        shares = {id(found.raster): found.nodata_share for found in check.findings.get(key, ())}
        for raster in modality.rasters:
            grid = raster.info.grid
            rows.append(
                [
                    key,
                    raster.name,
                    crs_name(grid.crs),
                    f"{grid.metres[0]:.4g} x {grid.metres[1]:.4g}",
                    f"{integer(grid.cols)} x {integer(grid.rows)}",
                    f"{len(raster.bands)} of {len(raster.info.bands)}",
                    _QUANTITIES.get(raster.quantity, raster.quantity),
                    percent(shares.get(id(raster), math.nan)),
                    percent(check.coverage.share(key)) if check.coverage else UNDEFINED,
                ]
            )
    head = [
        "Source",
        "File",
        "CRS",
        "Pixel (m)",
        "Columns x rows",
        "Bands used",
        "Quantity",
        "Nodata",
        "In common",
    ]
    caption = (
        "Nodata: share of the pixels looked at, on a regular lattice. In common: share of the source's own "
        "area with data where all sources have data. Quantity is a guess unless it was given."
    )
    return section("Sources", table(head, rows, numeric=(3, 4, 5, 7, 8), caption=caption))


def _pictures(check: InputCheck, progress: Progress) -> Markup:
    figures = []
    if check.coverage is not None:
        caption = "Where the sources have data. Blue: all of them; grey: some."
        figures.append(figure(image(_coverage_picture(check), "where the sources have data"), caption))
    for number, (key, modality) in enumerate(check.modalities.items()):
        progress(number / len(check.modalities), f"Drawing {key}")
        figures.append(_picture(key, modality, check.grid or modality.rasters[0].info.grid))
    return section("Pictures" if check.grid is None else "Pictures on the common grid", gallery(figures))


def _picture(key: str, modality: Modality, grid: Grid) -> Markup:
    try:
        return modality_figure(modality, grid)
    except LandfuseError as error:  # the report shows the others
        return figure(note(str(error), "warning"), key)


def _coverage_picture(check: InputCheck) -> NDArray[np.uint8]:
    if check.coverage is None:
        raise ValueError("there is no coverage to draw")
    counts = sum(mask.astype(np.int64) for mask in check.coverage.valid.values())
    picture = np.zeros((*check.coverage.grid.shape, 4), dtype=np.uint8)
    n = len(check.coverage.valid)
    for some in range(1, n):
        picture[counts == some] = (*_SOME, 60 + 120 * some // n)
    picture[check.coverage.common] = (*_ALL, 255)
    return picture


def _grid(check: InputCheck) -> Markup:
    if check.grid is None:
        return Markup("")
    t = check.grid.bounds
    extent = f"Extent {t.x_min:.10g} to {t.x_max:.10g}, {t.y_min:.10g} to {t.y_max:.10g}."
    return section("Grid", notes(list(check.grid_notes)), paragraph(extent, "caption"))


def _samples(check: InputCheck) -> Markup:
    if check.samples is None:
        return Markup("")
    counts, places = check.samples.counts(), places_per_class(check.samples)
    rows = [
        [
            join([swatch(item.color), item.name], ""),
            str(item.value),
            integer(int(counts[i])),
            integer(places[i]),
            integer(int(check.outside[i])),
        ]
        for i, item in enumerate(check.samples.classes)
    ]
    head = ["Class", "Value", "Usable pixels", "Places", "Pixels without data"]
    caption = "Places are separate polygons, lines or points. At least two per class are needed to assess it."
    return section("Samples", table(head, rows, numeric=range(1, 5), caption=caption))


def _bands(check: InputCheck) -> Markup:
    tables: list[Content] = []
    for key, findings in check.findings.items():
        for found in findings:
            count = len(found.bands)
            title = f"{key}: {found.raster.name}, {count} band{'' if count == 1 else 's'}"
            tables += [_spectrum(key, found), details(title, _band_table(found), is_open=count <= _MANY)]
    caption = paragraph(
        "Minimum, mean and maximum of the valid pixels looked at, in the file's units.", "caption"
    )
    return section("Bands", caption, *tables) if tables else Markup("")


def _spectrum(key: str, found: RasterFindings) -> Markup:
    """Draw mean, lowest and highest value of the bands used over the wavelength."""
    bands = [b for b in found.bands if b.wavelength is not None and not b.dropped]
    if len(bands) < _SPECTRUM:
        return Markup("")
    bands.sort(key=lambda b: b.wavelength or 0.0)
    curves = {
        "mean": [(b.wavelength or 0.0, b.mean) for b in bands],
        "maximum": [(b.wavelength or 0.0, b.maximum) for b in bands],
        "minimum": [(b.wavelength or 0.0, b.minimum) for b in bands],
    }
    drawn = curve_figure(curves, f"Spectrum of {found.raster.name}", across="wavelength (nm)")
    caption = f"{key}: {found.raster.name}, the bands used."
    return figure(scrollable(drawn, "spectrum", shrink=True), caption)


def _band_table(found: RasterFindings) -> Markup:
    rows = [
        [
            str(band.number),
            band.name,
            UNDEFINED if band.wavelength is None else f"{band.wavelength:.1f}",
            *(UNDEFINED if math.isnan(v) else f"{v:.5g}" for v in (band.minimum, band.mean, band.maximum)),
            f"left out: {band.dropped}" if band.dropped else "used",
        ]
        for band in found.bands
    ]
    head = ["Band", "Name", "Wavelength (nm)", "Minimum", "Mean", "Maximum", ""]
    return table(head, rows, numeric=(0, 2, 3, 4, 5))
