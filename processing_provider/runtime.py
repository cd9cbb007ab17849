"""How algorithms reach the engine: running a job, and whether that can work at all."""

from __future__ import annotations

from pathlib import Path

from ..core.environment import read_record
from ..core.job import Job
from ..core.job_spec import JobResult
from ..core.progress import Progress
from .definitions import tr
from .engine_client import shared_client


def run(job: Job, progress: Progress) -> JobResult:
    """Run `job`, in the engine process if it needs torch. Raises `LandfuseError` or `Cancelled`."""
    return shared_client().run(job, progress)


def reason_not_to_run() -> str:
    """Return why the engine cannot run, "" if it can or if that is not known (then a run tells).

    Reads only the record of the environment: Processing asks often and on the main thread.
    """
    record = read_record()
    if record is None or Path(record.executable).is_file():
        return ""
    return tr(
        "The Python of the deep-learning runtime is gone ({}). "
        "Choose Raster > Landfuse > Set up the deep-learning runtime."
    ).format(record.executable)
