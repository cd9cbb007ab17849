"""Checks how the sources fit together, and whether one can train with them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import numpy as np

from ..data.classes import classes_from_json
from ..data.decimated import thinned
from ..data.grid import Grid
from ..data.grid_choice import choose_grid
from ..data.holes import find_holes
from ..data.modalities import Modality, describe_inputs
from ..data.samples import SampleSet, drop_invalid, median_sample_width, read_samples, require_trainable
from ..data.stack import Stack
from ..errors import LandfuseError, OutputError
from ..job import Job
from ..progress import Progress, silent
from .input_findings import (
    Coverage,
    Problem,
    RasterFindings,
    Usable,
    coverage,
    raster_findings,
    usable,
)
from .input_shifts import measure_shifts, shift_problem
from .shift_blocks import MeasuredShift

Result = TypeVar("Result")
_LITTLE = 0.5  # share of the smallest source in common below which the overlap is a problem
_COARSE = 20  # times: pixel sizes that far apart hardly help each other


@dataclass(frozen=True, eq=False)
class InputCheck:
    """What was found. `grid` is None where the sources cannot be brought together.

    `usable`: which pixels of the grid are valid in the sources. `samples`: on the valid pixels; `outside`
    (K,): samples per class that are not.
    """

    modalities: Mapping[str, Modality]
    findings: Mapping[str, Sequence[RasterFindings]]
    grid: Grid | None = None
    grid_notes: Sequence[str] = ()
    coverage: Coverage | None = None
    usable: Usable | None = None
    samples: SampleSet | None = None
    outside: Sequence[int] = ()
    shifts: Sequence[MeasuredShift] = ()
    problems: Sequence[Problem] = ()
    notes: Sequence[str] = ()

    @property
    def valid_share(self) -> float:
        """Of the pixels of the grid, those that are valid in every source; NaN where it is unknown."""
        return self.usable.share if self.usable else math.nan

    @property
    def max_shift(self) -> float:
        """The longest shift that is sure, metres (map units without a CRS); NaN where none is."""
        return max((shift.length for shift in self.shifts if shift.sure), default=math.nan)

    @property
    def overlap_share(self) -> float:
        """The common area as a share of the smallest source; NaN where it is unknown."""
        return self.coverage.overlap_share if self.coverage else math.nan


def check_inputs(job: Job, progress: Progress = silent) -> InputCheck:
    """Look at sources, grid, overlap and samples of a job, and collect what is wrong with them."""
    problems: list[Problem] = []
    modalities = _modalities(job, problems)
    findings: dict[str, list[RasterFindings]] = {}
    for number, (key, modality) in enumerate(modalities.items()):
        progress(0.4 * number / len(modalities), f"Looking at {key}")
        found = [_attempt(problems, raster_findings, key, raster) for raster in modality.rasters]
        findings[key] = [item for item in found if item is not None]
        problems += [p for item in findings[key] for p in item.problems]
    check = InputCheck(modalities, findings, notes=[n for m in modalities.values() for n in m.notes])
    if modalities and not any(_is_fatal(p) for p in problems):
        check = _on_the_grid(check, job, problems, progress.part(0.4, 1.0))
    return replace(check, problems=tuple(dict.fromkeys(problems)))


class _Fatal(Problem):
    """A problem after which no grid can be chosen."""


def _is_fatal(problem: Problem) -> bool:
    return isinstance(problem, _Fatal)


def _attempt(
    problems: list[Problem],
    work: Callable[..., Result],
    *args: object,
    kind: Callable[[str, str, bool], Problem] = Problem,
) -> Result | None:
    """Return what `work` returns; an error of ours becomes a problem that stops a training, and None."""
    try:
        return work(*args)
    except OutputError:
        raise
    except LandfuseError as error:
        where = f"{error.where}: " if error.where else ""
        problems.append(kind(f"{where}{error.what}", error.remedy, True))
        return None


def _modalities(job: Job, problems: list[Problem]) -> dict[str, Modality]:
    """Describe all sources; where that fails as a whole, one by one, so that the report shows the rest."""
    together = _attempt(problems, describe_inputs, job.inputs, kind=_Fatal)
    if together is not None:
        return together
    described: dict[str, Modality] = {}
    for key, rasters in job.inputs.items():
        own: list[Problem] = []
        described.update(_attempt(own, describe_inputs, {key: rasters}) or {})
        told = {str(problem) for problem in problems}
        problems += [problem for problem in own if str(problem) not in told]
    return described


def _on_the_grid(check: InputCheck, job: Job, problems: list[Problem], progress: Progress) -> InputCheck:
    chosen = _attempt(problems, _choose_grid, check.modalities, job)
    reference = chosen[0] if chosen else next(iter(check.modalities.values())).rasters[0].info.grid
    covered = _attempt(problems, coverage, check.modalities, reference, progress.part(0.0, 0.5))
    check = replace(check, coverage=covered)
    if chosen is None:
        return check
    grid, notes = chosen
    seen = _attempt(problems, usable, check.modalities, grid, job.mask, job.mask_values)
    holes = _attempt(problems, find_holes, check.modalities, grid) or []
    masked = _attempt(problems, _mask_notes, grid, job) or ()
    told = [*check.notes, *masked, *(found.text for found in holes)]
    check = replace(check, grid=grid, grid_notes=notes, usable=seen, notes=told)
    problems += _overlap_problems(check)
    check = _with_shifts(check, problems, progress.part(0.5, 0.8))
    return _with_samples(check, job, problems, progress.part(0.8, 1.0))


def _mask_notes(grid: Grid, job: Job) -> tuple[str, ...]:
    with Stack({}, grid, job.mask, job.mask_values) as stack:
        return stack.require_mask()


def _choose_grid(modalities: Mapping[str, Modality], job: Job) -> tuple[Grid, tuple[str, ...]]:
    labels = job.samples.path if job.samples and job.samples.type == "raster" else ""
    width = median_sample_width(job.samples) if job.samples else None
    return choose_grid(modalities, job.grid, labels_path=labels, samples_pixel=width)


def _overlap_problems(check: InputCheck) -> list[Problem]:
    found = []
    share = check.overlap_share
    if check.coverage and not check.coverage.common.any():
        found.append(
            Problem(
                "There is no place where all sources have data.",
                "Leave out the source that lies elsewhere, or choose another one.",
                stops=True,
            )
        )
    elif share < _LITTLE:
        found.append(
            Problem(
                f"The sources have only {100 * share:.0f} % of the smallest one's area in common; the rest "
                "is not used.",
                "Choose sources that cover the same place, or leave one out.",
            )
        )
    sizes = {key: m.pixel_metres for key, m in check.modalities.items()}
    fine, coarse = min(sizes, key=lambda k: sizes[k]), max(sizes, key=lambda k: sizes[k])
    if sizes[coarse] > _COARSE * sizes[fine]:
        found.append(
            Problem(
                f"Pixels of {coarse} ({sizes[coarse]:.3g} m) are {sizes[coarse] / sizes[fine]:.0f} times as "
                f"wide as those of {fine} ({sizes[fine]:.3g} m).",
                "Give a pixel size between the two, or leave one source out.",
            )
        )
    return found


def _with_shifts(check: InputCheck, problems: list[Problem], progress: Progress) -> InputCheck:
    """Compare the sources, unless they have no data in common: then there is nothing to compare."""
    grid = check.grid
    if grid is None or not (check.coverage and check.coverage.common.any()):
        return check
    shifts = measure_shifts(check.modalities, partial(_attempt, problems), progress)
    found = (shift_problem(shift, grid) for shift in shifts)
    problems += [problem for problem in found if problem is not None]
    return replace(check, shifts=shifts)


def _with_samples(check: InputCheck, job: Job, problems: list[Problem], progress: Progress) -> InputCheck:
    if job.samples is None or check.grid is None:
        return check
    classes, reading = classes_from_json(job.classes), progress.part(0.0, 0.5)
    samples = _attempt(problems, read_samples, job.samples, check.grid, classes, reading)
    if samples is None:
        return check
    with Stack(
        {key: thinned(m) for key, m in check.modalities.items()}, check.grid, job.mask, job.mask_values
    ) as stack:
        kept = _attempt(problems, drop_invalid, samples, stack, progress.part(0.5, 1.0))
    outside = samples.counts() - (kept.counts() if kept is not None else 0)
    if kept is not None:
        _attempt(problems, require_trainable, kept)
    found = kept if kept is not None else samples.subset(np.zeros(len(samples), dtype=bool))
    return replace(
        check,
        samples=found,
        outside=outside.tolist(),
        notes=[*check.notes, *found.notes, *_single_places(found)],
    )


def places_per_class(samples: SampleSet) -> list[int]:
    """Return the number of separate places of each class."""
    return [len(np.unique(samples.places[samples.labels == i])) for i in range(len(samples.classes))]


def _single_places(samples: SampleSet) -> list[str]:
    names = [c.name for c, n in zip(samples.classes, places_per_class(samples)) if n == 1]
    if not names:
        return []
    line = (
        f"Only one place: {', '.join(names)}. Training works, but such a class cannot be assessed; digitise "
    )
    return [line + "it at a second place."]
