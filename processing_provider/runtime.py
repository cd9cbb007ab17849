"""Where a job runs: in the engine process if it needs torch, else in this process."""

from __future__ import annotations

from ..core.job import Job
from ..core.job_kinds import JobResult
from ..core.progress import Progress


def run(job: Job, progress: Progress) -> JobResult:
    """Run `job` and return its result. Raises `LandfuseError` or `Cancelled`."""
    if job.spec.needs_engine:
        from .engine_client import shared_client

        return shared_client().run(job, progress)
    from ..core.dispatch import run_job

    return run_job(job, progress)


def reason_not_to_run() -> str:
    """Return why the engine cannot run, "" if it can or if that is unknown. Reads one small file."""
    return ""
