"""The result of the check in words: can one train, what has to be mended first, what fits."""

from __future__ import annotations

import math

import numpy as np

from ..data.grid import Grid
from ..data.raster_io import crs_name
from .html import integer, percent
from .input_check import InputCheck
from .input_findings import Problem
from .input_shifts import shift_problem, shift_text


def verdict(check: InputCheck) -> str:
    """Return the result in a sentence or two."""
    stopping, mending = len(_stopping(check)), len(check.problems) - len(_stopping(check))
    if stopping:
        text = f"Not ready to train: {stopping} problem{_s(stopping)} would stop it."
        return f"{text} {mending} more should be mended." if mending else text
    if mending:
        start = "Training can start" if check.samples is not None else "The sources can be used"
        return f"{start}, but mend {mending} problem{_s(mending)} first."
    if check.samples is None:
        return "The sources fit together. Give training samples to check them too."
    return "Ready to train."


def in_order(check: InputCheck) -> list[Problem]:
    """Return the problems, those that would stop a training first."""
    return sorted(check.problems, key=lambda problem: not problem.stops)


def what_fits(check: InputCheck) -> list[str]:
    """Return what was found to be in order, with numbers."""
    return [*_sources_fit(check), *_shifts_fit(check), *_samples_fit(check)]


def _stopping(check: InputCheck) -> list[Problem]:
    return [problem for problem in check.problems if problem.stops]


def _s(count: int) -> str:
    return "" if count == 1 else "s"


def _sources_fit(check: InputCheck) -> list[str]:
    grid = check.grid
    if grid is None or not check.valid_share > 0:
        return []
    size = f"{integer(grid.cols)} x {integer(grid.rows)} pixels of {length(grid.pixel_metres, grid)}"
    keys = list(check.modalities)
    where = keys[0] if len(keys) == 1 else f"{', '.join(keys[:-1])} and {keys[-1]} on one grid"
    share = percent(check.valid_share)
    return [f"{where}: {size} ({crs_name(grid.crs)}); {share} of them can be mapped."]


def _shifts_fit(check: InputCheck) -> list[str]:
    grid = check.grid
    if grid is None:
        return []
    lines = [shift_text(s, grid) for s in check.shifts if s.sure and shift_problem(s, grid) is None]
    unsure = [f"{s.second.name} to {s.first.name}" for s in check.shifts if not s.sure]
    if unsure:
        lines.append(f"Shift not measurable, too few common edges: {', '.join(unsure)}.")
    return lines


def _samples_fit(check: InputCheck) -> list[str]:
    samples = check.samples
    if samples is None or not len(samples):
        return []
    counts = samples.counts()
    places, classes = len(np.unique(samples.places)), int((counts > 0).sum())
    least = int(np.argmin(np.where(counts > 0, counts, counts.max() + 1)))
    text = f"{integer(len(samples))} sample pixels in {integer(places)} place{_s(places)}, {classes} "
    text += f"class{'' if classes == 1 else 'es'}; the smallest is {samples.classes[least].name} with "
    lines = [f"{text}{integer(int(counts[least]))}."]
    lost = int(np.sum(check.outside))
    if lost:
        share = percent(lost / (lost + len(samples)))
        lines.append(
            f"{integer(lost)} more sample pixels ({share}) lie where a source has no data: not used."
        )
    return lines


def length(metres: float, grid: Grid, digits: int = 4) -> str:
    """Return a length as "3.6 m", in units where the grid has no CRS."""
    text = f"{metres:.{digits}g}"
    return f"{text} m" if grid.crs else f"{text} unit{'' if text == '1' else 's'}"


def longest_shift(check: InputCheck) -> str:
    """Return the longest sure shift as "24 m", "-" where none is."""
    if math.isnan(check.max_shift) or check.grid is None:
        return "-"
    return length(check.max_shift, check.grid, 2)
