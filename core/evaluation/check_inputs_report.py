"""The alignment report: verdict, sources, shifts, pictures, samples, bands, files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..data.grid import Grid
from ..data.modalities import Modality, ModalityRaster
from ..data.raster_io import crs_name
from ..errors import LandfuseError
from ..progress import Progress, silent
from .html import (
    UNDEFINED,
    Content,
    Markup,
    element,
    figure,
    integer,
    join,
    key_figures,
    note,
    notes,
    page,
    percent,
    section,
    swatch,
    table,
)
from .input_check import InputCheck, places_per_class
from .input_shifts import shift_text
from .input_tables import band_section, file_section
from .input_verdict import in_order, length, longest_shift, verdict, what_fits
from .pictures import gallery, modality_figure
from .shift_blocks import MeasuredShift
from .shift_pictures import shift_figures
from .thumbnails import image

if TYPE_CHECKING:
    from numpy.typing import NDArray

_QUANTITIES = {
    "sar_linear": "SAR, linear",
    "sar_db": "SAR, dB",
    "height_above_ground": "height above ground",
    "terrain_height": "height of the terrain",
    "index": "spectral index",
}
_SHOWN = 2  # shifts that are drawn, the longest first
_SOME, _ALL = (150, 156, 164), (29, 111, 165)


def check_html(check: InputCheck, mask: str = "", progress: Progress = silent) -> str:
    """Return the report as a page."""
    sections: list[Content] = [_verdict(check), _figures(check), _sources(check), _unmapped(check)]
    sections += [_shifts(check), _pictures(check, progress), _samples(check)]
    sections += [section("Remarks", notes([*check.grid_notes, *check.notes]))]
    sections += [band_section(check.findings), file_section(check.modalities)]
    subtitle = f"{', '.join(check.modalities) or 'No source could be read'}"
    subtitle += f", inside the mask {mask}" if mask else ""
    return page("Check of the inputs", subtitle, sections)


def _verdict(check: InputCheck) -> Markup:
    parts = [element("p", element("strong", verdict(check)))]
    if check.problems:
        items = (element("li", join([element("strong", p.what), p.remedy], " ")) for p in in_order(check))
        parts.append(element("ol" if len(check.problems) > 1 else "ul", join(items)))
    fitting = what_fits(check)
    if fitting:
        parts.append(element("p", "What else was found:" if check.problems else "What was found:"))
        parts.append(element("ul", join(element("li", line) for line in fitting)))
    return note(join(parts), "warning" if check.problems else "good")


def _figures(check: InputCheck) -> Markup:
    figures: list[tuple[str, str, Content]] = []
    if len(check.modalities) > 1:
        small = "of the smallest source's area lies in all of them"
        figures.append(("Overlap", percent(check.overlap_share), small))
    if check.grid is not None:
        grid = check.grid
        size = f"{integer(grid.cols)} columns x {integer(grid.rows)} rows, {crs_name(grid.crs)}"
        figures += [
            ("Can be mapped", percent(check.valid_share), "of the grid: every source has data there"),
            ("Map pixel", length(grid.pixel_metres, grid), size),
        ]
    if check.shifts:
        figures.append(("Longest shift", longest_shift(check), _shift_small(check)))
    if check.samples is not None:
        places = len(np.unique(check.samples.places))
        small = f"pixels in {integer(places)} places, where every source has data"
        figures.append(("Samples", integer(len(check.samples)), small))
    return key_figures(figures)


def _shift_small(check: InputCheck) -> str:
    sure = [shift for shift in check.shifts if shift.sure]
    if not sure:
        return "not measurable: too few common edges"
    longest = max(sure, key=lambda shift: shift.length)
    return f"{longest.second.name} beside {longest.first.name}"


def _unit(grid: Grid) -> str:
    return "m" if grid.crs else "units"


def _sources(check: InputCheck) -> Markup:
    rows: list[Sequence[Content]] = []
    for key, modality in check.modalities.items():
        shares = {id(found.raster): found.nodata_share for found in check.findings.get(key, ())}
        rows += [_source_row(key, raster, shares.get(id(raster), math.nan)) for raster in modality.rasters]
    unit = "m" if all(r.info.grid.crs for m in check.modalities.values() for r in m.rasters) else "units"
    head = ["Source", "File", "CRS", f"Pixel ({unit})", "Columns x rows", "Bands used", "Nodata", "Measures"]
    caption = (
        "Nodata: share of the pixels looked at, spread over the file. Measures: what the values stand for, "
        "and who says so; every guess can be set."
    )
    return section("Sources", table(head, rows, numeric=(3, 4, 5, 6), caption=caption) if rows else "")


def _source_row(key: str, raster: ModalityRaster, nodata: float) -> Sequence[Content]:
    grid = raster.info.grid
    width, height = (f"{side:.4g}" for side in grid.metres)
    measures = _QUANTITIES.get(raster.quantity, raster.quantity)
    measures += f" ({raster.quantity_source})" if raster.quantity_source else ""
    return [
        key,
        raster.name,
        crs_name(grid.crs),
        width if width == height else f"{width} x {height}",
        f"{integer(grid.cols)} x {integer(grid.rows)}",
        f"{len(raster.bands)} of {len(raster.info.bands)}",
        percent(nodata),
        "; ".join([f"{measures}: {raster.units}" if raster.units else measures, *_treated(raster)]),
    ]


def _treated(raster: ModalityRaster) -> list[str]:
    """Return what is done to the values before they are used."""
    done = [f"with {name}" for name in raster.derived]
    if raster.speckle:
        done.append(f"speckle filter of {raster.speckle} pixels")
    if raster.fill is not None:
        done.append(f"missing pixels become {raster.fill:g}")
    return done


def _unmapped(check: InputCheck) -> Markup:
    """Say what stays unmapped because of which source."""
    if check.coverage is None or (check.valid_share == 1 and check.coverage.common.all()):
        return Markup("")
    rows: list[Sequence[Content]] = []
    for key in check.modalities:
        unmapped = [UNDEFINED, UNDEFINED]
        if check.usable is not None:
            unmapped = [percent(check.usable.unmapped(key)), percent(check.usable.alone(key))]
        rows.append([key, percent(check.coverage.share(key)), *unmapped])
    head = ["Source", "Of its area in common", "Stays unmapped", "Because of it alone"]
    caption = (
        "Of its area in common: where it has data, the share where all sources have. Stays unmapped: share "
        "of the map where the source has no data; because of it alone: where all others have."
    )
    return section("What stays unmapped", table(head, rows, numeric=(1, 2, 3), caption=caption))


def _shifts(check: InputCheck) -> Markup:
    grid = check.grid
    if grid is None or not check.shifts:
        return Markup("")
    rows = [_shift_row(shift, grid) for shift in check.shifts]
    head = ["Compared", "Longest looked for", "Sharpness", "Standard error", "Result"]
    caption = (
        "How far the second source lies beside the first, from the directions of their edges in blocks "
        "spread over the scene. Told only where it is sure: the peak of the correlation is sharp (at least "
        "7 times the deviation beside it; unrelated places reached 5.5), well ahead of every other, and the "
        "same in all blocks (standard error at most 0.3 pixels of the comparison; ± is twice the error). "
        "Shadows, trees and radar layover move edges too: judge shifts near a pixel by the pictures."
    )
    sure = sorted((s for s in check.shifts if s.sure), key=lambda s: -s.length)
    drawn = [_attempted(shift_figures, shift) for shift in sure[:_SHOWN]]
    pictures = join(gallery(pair) for pair in drawn)
    return section(
        "Shift between the sources", table(head, rows, numeric=(1, 2, 3), caption=caption), pictures
    )


def _shift_row(shift: MeasuredShift, grid: Grid) -> Sequence[Content]:
    unit, found = _unit(shift.grid), shift.estimate
    known = found is not None and math.isfinite(found.error)
    return [
        f"{shift.first.name}, {shift.second.name}",
        f"{shift.reach:.3g} {unit}",
        f"{found.sharpness:.1f}" if found is not None else UNDEFINED,
        f"{shift.error:.2g} {unit}" if known else UNDEFINED,
        shift_text(shift, grid) if shift.sure else "not measurable",
    ]


def _attempted(draw: object, *args: object) -> list[Markup]:
    """Return what `draw` draws; what cannot be read becomes a remark, so that the report shows the rest."""
    try:
        return list(draw(*args))  # type: ignore[operator]
    except LandfuseError as error:
        return [figure(note(str(error), "warning"))]


def _pictures(check: InputCheck, progress: Progress) -> Markup:
    figures = []
    if check.coverage is not None and not check.coverage.common.all():
        caption = "Where the sources have data. Blue: all of them; grey: some."
        figures.append(figure(image(_coverage_picture(check), "where the sources have data"), caption))
    for number, (key, modality) in enumerate(check.modalities.items()):
        progress(number / len(check.modalities), f"Drawing {key}")
        figures += _attempted(_picture, modality, check.grid or modality.rasters[0].info.grid)
    return section("Pictures" if check.grid is None else "Pictures on the common grid", gallery(figures))


def _picture(modality: Modality, grid: Grid) -> list[Markup]:
    return [modality_figure(modality, grid)]


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
    total = [int(counts.sum()), len(np.unique(check.samples.places)), int(np.sum(check.outside))]
    rows.append(["total", "", *(integer(n) for n in total)])
    head = ["Class", "Value", "Usable pixels", "Places", "Pixels without data"]
    caption = "Places are separate polygons, lines or points. At least two per class are needed to assess it."
    return section("Samples", table(head, rows, numeric=range(1, 5), caption=caption))
