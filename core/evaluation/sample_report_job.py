"""The job `samplereport`: what the samples are worth before anything is trained on them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..data.classes import classes_from_json
from ..data.grid import Grid
from ..data.grid_choice import choose_grid
from ..data.modalities import Modality, describe_inputs
from ..data.sample_set import SampleSet
from ..data.sample_values import SampleValues, read_sample_values
from ..data.samples import median_sample_width, read_samples
from ..data.split_parts import LabelledFeature, read_features
from ..data.stack import Stack
from ..data.staged_output import check_writable
from ..data.text_output import write_text_atomic
from ..job import Job, SamplesInput
from ..job_spec import JobResult
from ..progress import Progress, silent
from .sample_conflicts import (
    Conflict,
    FeatureNumbers,
    TwoGroups,
    overlaps,
    same_values,
    two_groups,
    unlike_their_class,
)
from .sample_layer import write_conflicts
from .sample_report import SampleReport, findings, report_html
from .sample_statistics import class_figures, class_spectra
from .sample_table import table_text
from .separability import ClassSums, Features, class_pairs, least_separable, make_features

VALUES_PER_CLASS = 10_000  # pixels whose values are looked at


def run(job: Job, progress: Progress = silent) -> JobResult:
    """Report on samples; numbers N_CLASSES, N_SAMPLES, LEAST_SEPARABILITY and N_CONFLICTS.

    Raises `SamplesError`, `ClassesError`, `VectorReadError`, `RasterReadError`, `AlignmentError` and
    `OutputError`.
    """
    if job.samples is None:
        raise ValueError("a job that reports on samples has samples")
    for target in job.outputs.values():
        check_writable(target)
    report = make_report(job, job.samples, progress.part(0.0, 0.95))
    for line in report.notes:
        progress.log(line)
    for line in findings(report):
        progress.warn(line)
    progress(0.95, "Writing the report")
    _write(job, report)
    progress(1.0, "Done")
    worst = least_separable(report.pairs)
    numbers = {
        "N_CLASSES": sum(1 for figures in report.classes if figures.pixels),
        "N_SAMPLES": report.n_pixels,
        "LEAST_SEPARABILITY": worst[0].overall if worst else None,
        "N_CONFLICTS": len(report.conflicts),
    }
    return JobResult(dict(job.outputs), numbers)


def _write(job: Job, report: SampleReport) -> None:
    outputs = job.outputs
    if "conflicts" in outputs:
        write_conflicts(outputs["conflicts"], report)
    if "table" in outputs:
        write_text_atomic(outputs["table"], table_text(report))
    if "report" in outputs:
        write_text_atomic(outputs["report"], report_html(report))


@dataclass(frozen=True, eq=False)
class _Read:
    """All samples, those on valid pixels, the values of a selection, and the features they come from."""

    every: SampleSet
    usable: SampleSet
    values: SampleValues
    features: list[LabelledFeature] | None


def make_report(job: Job, spec: SamplesInput, progress: Progress = silent) -> SampleReport:
    """Read samples and sources and work out all figures."""
    progress(0.0, "Looking at the sources")
    modalities = describe_inputs(job.inputs)
    labels = spec.path if spec.type == "raster" else ""
    width = median_sample_width(spec)
    grid, grid_notes = choose_grid(modalities, job.grid, labels_path=labels, samples_pixel=width)
    with Stack(modalities, grid, job.mask, job.mask_values) as stack:
        read = _read(job, spec, stack, progress.part(0.0, 0.8))
    features = make_features(read.values.values)
    coarsest = max(m.pixel_metres for m in modalities.values())
    reach = math.ceil(round(grid.pixels_of(coarsest), 6)) + 1
    conflicts, groups = _conflicts(read, features, grid, progress.part(0.8, 1.0))
    samples = read.values.samples
    sums = ClassSums.of(features.values, samples.labels, len(samples.classes))
    return SampleReport(
        source=spec,
        grid=grid,
        samples=read.usable,
        classes=class_figures(read.every, read.usable, read.features, grid, reach),
        n_measured=len(samples),
        features=features,
        fewest=sums.fewest,
        pairs=class_pairs(sums, features.columns),
        spectra=[s for m in modalities.values() for s in class_spectra(read.values, m)],
        conflicts=conflicts,
        groups=groups,
        notes=[*_notes(modalities), *grid_notes, *read.every.notes],
    )


def _notes(modalities: dict[str, Modality]) -> list[str]:
    return [note for modality in modalities.values() for note in modality.notes]


def _read(job: Job, spec: SamplesInput, stack: Stack, progress: Progress) -> _Read:
    listed = classes_from_json(job.classes)
    every = read_samples(spec, stack.grid, listed, progress.part(0.0, 0.3))
    features = None
    if spec.type == "vector":
        features = read_features(spec, every, stack.grid, progress.part(0.3, 0.4))
    usable, values = read_sample_values(every, stack, VALUES_PER_CLASS, progress.part(0.4, 1.0))
    return _Read(every, usable, values, features)


def _conflicts(
    read: _Read, features: Features, grid: Grid, progress: Progress
) -> tuple[list[Conflict], list[TwoGroups]]:
    found, samples = read.features or [], read.values.samples
    numbers = FeatureNumbers.of(found, grid.cols)
    conflicts = unlike_their_class(samples, features.values, numbers, progress)
    conflicts += overlaps(found, grid)
    conflicts += same_values(samples, features.values, numbers)
    return conflicts, two_groups(samples, features.values)
