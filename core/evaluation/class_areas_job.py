"""The job `classareas`: hectares and share of each class of a map, whole or by zones."""

from __future__ import annotations

from pathlib import PurePath

from ..data.staged_output import check_writable
from ..data.text_output import write_text_atomic
from ..job import Job
from ..job_spec import JobResult
from ..progress import Progress, silent
from .class_areas import PIXEL_COUNT, AreaTable, ZoneAreas, areas_csv, class_areas
from .html import Content, Markup, integer, join, note, page, percent, section, swatch, table

_HECTARE = 10_000.0  # m²


def run(job: Job, progress: Progress = silent) -> JobResult:
    """Measure a class map; numbers: hectares with a class (None without a CRS), zones and classes.

    Raises `RasterReadError`, `ClassesError`, `VectorReadError`, `AlignmentError` and `OutputError`.
    """
    for target in job.outputs.values():
        check_writable(target)
    wanted = job.parameters
    found = class_areas(
        wanted["classmap"], wanted["zones"], wanted["zone_field"], progress=progress.part(0.0, 0.95)
    )
    progress.log(PIXEL_COUNT)
    for zone in found.zones:
        if not zone.classes:
            progress.warn(f"Zone '{zone.name}' holds no mapped pixel.")
    if job.outputs.get("table"):
        write_text_atomic(job.outputs["table"], areas_csv(found))
    if job.outputs.get("report"):
        write_text_atomic(job.outputs["report"], areas_html(found))
    progress(1.0, "Done")
    values = {item.land_class.value for zone in found.zones for item in zone.classes}
    hectares = sum(zone.mapped for zone in found.zones) / _HECTARE if found.is_metric else None
    numbers = {"HECTARES": hectares, "N_ZONES": len(found.zones), "N_CLASSES": len(values)}
    return JobResult(dict(job.outputs), numbers)


def areas_html(found: AreaTable) -> str:
    """Return the table as a page."""
    sections: list[Content] = [note(PIXEL_COUNT)]
    sections += [section(zone.name, _zone(zone, found)) for zone in found.zones]
    return page("Area of each class", PurePath(found.path).name, sections)


def _zone(zone: ZoneAreas, found: AreaTable) -> Markup:
    unit = "Hectares" if found.is_metric else found.unit.capitalize()
    scale = _HECTARE if found.is_metric else 1.0
    rows: list[list[Content]] = [
        [
            join([swatch(item.land_class.color), item.land_class.name], ""),
            str(item.land_class.value),
            integer(item.pixels),
            f"{item.size / scale:,.2f}",
            percent(item.share),
        ]
        for item in zone.classes
    ]
    pixels = sum(item.pixels for item in zone.classes)
    rows.append(["all classes", "", integer(pixels), f"{zone.mapped / scale:,.2f}", ""])
    if zone.unmapped:
        rows.append(["without a class", "", "", f"{zone.unmapped / scale:,.2f}", ""])
    head = ["Class", "Value", "Pixels", f"{unit} (pixel count)", "Share of the mapped area"]
    return table(head, rows, numeric=[1, 2, 3, 4])
