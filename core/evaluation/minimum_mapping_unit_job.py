"""The job `minimummappingunit`: patches smaller than a given area take the class around them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from ..data.band_reader import BandReader
from ..data.pixel_areas import PixelAreas
from ..data.raster_description import inspect
from ..data.raster_output import create_class_map
from ..data.staged_output import check_writable
from ..data.windows import iter_tiles
from ..errors import ClassesError, JobError
from ..job import Job
from ..job_spec import JobResult
from ..progress import Progress, silent
from .assess_job import classes_in, count_classes
from .class_match import map_classes

_TILE = 1024  # pixels
_MOST_PIXELS = 2**31 - 1


def run(job: Job, progress: Progress = silent) -> JobResult:
    """Write the map without small patches; the raw map stays as it is.

    Numbers: the smallest patch that is kept, in pixels, and the share of the mapped pixels that changed.
    Raises `RasterReadError`, `ClassesError`, `JobError` and `OutputError`.
    """
    target, source = job.outputs["filtered"], job.parameters["classmap"]
    check_writable(target)
    info = inspect(source)
    present = count_classes(source, progress.part(0.0, 0.4))
    if not present:
        raise ClassesError(
            "The class map has no pixel with a class.", where=source, remedy="Choose another map."
        )
    smallest = smallest_patch(job.parameters["unit"], PixelAreas(info.grid).mean())
    neighbours = 8 if job.parameters["corners"] else 4
    style = Path(source).with_suffix(".qml")
    kept_style = style.read_text(encoding="utf-8") if style.is_file() else ""
    classes = map_classes(info, present)
    with create_class_map(target, info.grid, classes, kept_style) as output:
        progress.log(
            f"Patches of fewer than {smallest} map pixels take the class of their largest neighbour; those "
            "without any large neighbour stay."
        )
        output.sieve(source, smallest, neighbours, progress.part(0.4, 1.0))
    # No report to `progress` from here on: it could cancel a run whose files are there already.
    changed = _changed_share(source, target)
    return JobResult(dict(job.outputs), {"SMALLEST_PATCH": smallest, "CHANGED_SHARE": changed})


def smallest_patch(unit: float, pixel: float) -> int:
    """Return how many pixels of area `pixel` a patch needs to be at least `unit` large (both in m²).

    Raises `JobError` for a unit that no patch can reach.
    """
    pixels = max(1, math.ceil(round(unit / pixel, 9)))
    if pixels > _MOST_PIXELS:
        raise JobError(
            f"{unit:g} m² are more pixels than a map can have.", where="unit", remedy="Give a smaller one."
        )
    return pixels


def _changed_share(source: str, target: str) -> float:
    changed = mapped = 0
    with BandReader(source) as before, BandReader(target) as after:
        rows, cols = before.info.grid.shape
        for window in iter_tiles(rows, cols, _TILE):
            old, new = classes_in(before, window), classes_in(after, window)
            changed += int(np.count_nonzero(old != new))
            mapped += int(np.count_nonzero(old))
    return changed / max(1, mapped)
