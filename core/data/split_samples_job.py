"""The job `splitsamples`: samples become parts that are apart in space, as layers or label rasters."""

from __future__ import annotations

from ..job import Job
from ..job_spec import JobResult
from ..progress import Progress, silent
from .split_grid import split_grid
from .split_layers import split_layer
from .split_parts import NEITHER, TEST, TRAINING
from .split_rasters import split_raster
from .stack import Stack
from .staged_output import check_writable


def run(job: Job, progress: Progress = silent) -> JobResult:
    """Divide the samples and write the parts; numbers N_TRAINING, N_TEST and N_LEFT_OUT in pixels.

    Raises `SamplesError`, `ClassesError`, `VectorReadError`, `RasterReadError`, `AlignmentError`, `JobError`
    and `OutputError`.
    """
    if job.samples is None:
        raise ValueError("a job that splits samples has samples")
    for target in job.outputs.values():
        check_writable(target)
    chosen = split_grid(job, job.samples)
    for note in chosen.notes:
        progress.log(note)
    progress.log(f"Gap between the parts: {chosen.gap} pixels ({chosen.grid.metres_of(chosen.gap):.4g} m).")
    split = split_raster if job.samples.type == "raster" else split_layer
    with Stack(chosen.modalities, chosen.grid, job.mask, job.mask_values) as stack:
        counts = split(job, chosen, stack, progress)
    progress(1.0, "Done")
    numbers = {"N_TRAINING": counts[TRAINING], "N_TEST": counts[TEST], "N_LEFT_OUT": counts[NEITHER]}
    return JobResult(dict(job.outputs), numbers)
