"""The job `checkinputs`: how the sources fit together, and whether one can train with them."""

from __future__ import annotations

import math

from ..data.staged_output import check_writable
from ..data.text_output import write_text_atomic
from ..job import Job
from ..job_spec import JobResult
from ..progress import Progress, silent
from .check_inputs_report import check_html
from .input_check import check_inputs
from .input_verdict import verdict, what_fits


def run(job: Job, progress: Progress = silent) -> JobResult:
    """Check the inputs and write the report; numbers OVERLAP_SHARE, MAX_SHIFT (metres) and PROBLEMS.

    What would stop a training (no overlap, no CRS, samples outside) is a problem in the report, not an error.
    Raises `OutputError`.
    """
    target = job.outputs.get("report", "")
    if target:
        check_writable(target)
    check = check_inputs(job, progress.part(0.0, 0.8))
    for problem in check.problems:
        progress.warn(str(problem))
    for line in (*check.grid_notes, *check.notes):
        progress.log(line)
    progress.log(verdict(check))
    for line in what_fits(check):
        progress.log(line)
    if target:
        write_text_atomic(target, check_html(check, job.mask, progress.part(0.8, 1.0)))
    progress(1.0, "Done")
    measured = {"OVERLAP_SHARE": check.overlap_share, "MAX_SHIFT": check.max_shift}
    numbers: dict[str, float | None] = {k: None if math.isnan(v) else v for k, v in measured.items()}
    numbers["PROBLEMS"] = len(check.problems)
    return JobResult({"report": target} if target else {}, numbers)
