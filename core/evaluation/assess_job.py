"""The job `assess`: a class map against reference samples on the map's own grid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..data.band_reader import BandReader
from ..data.classes import HIGHEST_VALUE, LandClass, classes_from_json
from ..data.raster_description import inspect
from ..data.samples import SampleSet, read_samples
from ..data.staged_output import check_writable
from ..data.windows import Window, iter_tiles
from ..errors import ClassesError, SamplesError
from ..job import Job, SamplesInput
from ..job_spec import JobResult
from ..progress import Progress, silent
from .assess_report import AssessedMap, assessment
from .class_match import map_classes, match_classes
from .confusion import ConfusionMatrix
from .html import decimal
from .metrics import compute_metrics
from .report import write_assessment_report
from .table import write_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TILE = 1024  # pixels


def run(job: Job, progress: Progress = silent) -> JobResult:
    """Assess a class map; numbers OA, AA, KAPPA and F1, None where undefined.

    Raises `RasterReadError`, `ClassesError`, `SamplesError`, `VectorReadError`, `AlignmentError` and
    `OutputError`.
    """
    if job.samples is None:
        raise SamplesError(
            "No reference samples are given.",
            where="samples",
            remedy="Give a vector layer or a label raster.",
        )
    for target in job.outputs.values():
        check_writable(target)
    result = assess(job.parameters["classmap"], job.samples, classes_from_json(job.classes), progress)
    metrics = compute_metrics(result.matrix)
    report = assessment(result)
    for line in (*report.warnings, *report.notes):
        progress.warn(line) if line in report.warnings else progress.log(line)
    progress.log(
        f"Overall accuracy {decimal(metrics.overall_accuracy)}, kappa {decimal(metrics.kappa)}, macro F1 "
        f"{decimal(metrics.macro_f1)}, measured on {report.measured_on}."
    )
    if job.outputs.get("report"):
        write_assessment_report(job.outputs["report"], report)
    if job.outputs.get("table"):
        write_table(
            job.outputs["table"], report.matrix, report.measured_on, [*report.warnings, *report.notes]
        )
    progress(1.0, "Done")
    return JobResult(dict(job.outputs), metrics.numbers())


def assess(
    path: str, spec: SamplesInput, listed: Sequence[LandClass] = (), progress: Progress = silent
) -> AssessedMap:
    """Compare a class map with samples. `listed`: names and colours that go before those of the file."""
    info = inspect(path)
    present = count_classes(path, progress.part(0.0, 0.4))
    if not present:
        raise ClassesError(
            "The class map has no pixel with a class: all are 0 or nodata.",
            where=path,
            remedy="Choose another map.",
        )
    match = match_classes(map_classes(info, present, listed), spec)
    samples = read_samples(spec, info.grid, match.read, progress.part(0.4, 0.7))
    mapped = values_at(path, samples.rows, samples.cols, progress.part(0.7, 0.9))
    samples = replace(samples, classes=match.shown)
    position = np.full(HIGHEST_VALUE + 1, -1, dtype=np.int64)
    position[[c.value for c in match.shown]] = np.arange(len(match.shown))
    labels = position[mapped]
    on_map = mapped > 0
    if not on_map.any():
        raise SamplesError(
            f"All {len(samples)} reference pixels lie where the map has no class (value 0 or nodata).",
            where=path,
            remedy="Check that the reference covers the mapped area.",
        )
    kept = samples.subset(on_map)
    matrix = ConfusionMatrix.from_labels(kept.labels, labels[on_map], match.shown)
    return AssessedMap(
        path=path,
        reference=spec,
        info=info,
        present=present,
        samples=kept,
        mapped=labels[on_map],
        unmapped=samples.subset(~on_map).counts(),
        matrix=matrix,
        warnings=match.warnings,
    )


def count_classes(path: str, progress: Progress = silent) -> dict[int, int]:
    """Return class value -> pixels of a class map, tile by tile; 0 and nodata are left out.

    Raises `ClassesError` for values that cannot be classes.
    """
    counts: Counter[int] = Counter()
    with BandReader(path) as reader:
        rows, cols = reader.info.grid.shape
        for window in iter_tiles(rows, cols, _TILE):
            progress(window.row / rows, "Reading the class map")
            values, numbers = np.unique(classes_in(reader, window), return_counts=True)
            counts.update(dict(zip(values.tolist(), numbers.tolist())))
    counts.pop(0, None)
    return dict(sorted(counts.items()))


def values_at(
    path: str, rows: NDArray[np.int64], cols: NDArray[np.int64], progress: Progress = silent
) -> NDArray[np.int64]:
    """Return the class values of a map at positions (n,); 0 where it has none."""
    out = np.zeros(len(rows), dtype=np.int64)
    with BandReader(path) as reader:
        n_cols = reader.info.grid.cols
        tiles = (rows // _TILE) * (n_cols // _TILE + 1) + cols // _TILE
        order = np.argsort(tiles, kind="stable")
        groups = np.split(order, np.flatnonzero(np.diff(tiles[order])) + 1) if len(order) else []
        for number, members in enumerate(groups):
            progress(number / len(groups), "Comparing map and reference")
            top, left = int(rows[members].min()), int(cols[members].min())
            height, width = int(rows[members].max()) - top + 1, int(cols[members].max()) - left + 1
            values = classes_in(reader, Window(top, left, height, width))
            out[members] = values[rows[members] - top, cols[members] - left]
    return out


def classes_in(reader: BandReader, window: Window) -> NDArray[np.int64]:
    """Return a window of a class map as class values (H, W), nodata as 0.

    Raises `ClassesError` for values that cannot be classes.
    """
    values = reader.read(window)
    floating = values.dtype.kind == "f"
    empty = ~np.isfinite(values) if floating else np.zeros(values.shape, dtype=bool)
    for nodata in reader.info.band(1).nodata:
        empty = empty | (values == nodata)
    values = np.where(empty, 0, values)
    wrong = (values != np.floor(values)) if floating else np.zeros(values.shape, dtype=bool)
    wrong = wrong | (values < 0) | (values > HIGHEST_VALUE)
    if wrong.any():
        raise ClassesError(
            f"The raster holds {values[wrong][0]:g}, which is no class value (whole numbers from 0 to "
            f"{HIGHEST_VALUE}).",
            where=reader.info.path,
            remedy="Choose a class map, not a raster of measurements.",
        )
    return values.astype(np.int64)


__all__ = ["AssessedMap", "SampleSet", "assess", "classes_in", "count_classes", "run", "values_at"]
