"""The `classify` job: a model file applied to sources, window by window, into a styled class map."""

from __future__ import annotations

from ..data.staged_output import check_writable
from ..job import Job
from ..job_spec import JobResult
from ..models.model_file import read_model
from ..progress import Progress
from .scene_map import map_scene, predictor_for


def run(job: Job, progress: Progress) -> JobResult:
    """Classify as `job` says; the figures are the number of mapped pixels and the share left unmapped."""
    for path in job.outputs.values():
        check_writable(path)
    progress(0.0, "Reading the model")
    model = read_model(job.parameters["model"])
    # Before the scene is read: a missing torch must not come to light after that.
    predictor = predictor_for(model, job)
    found = map_scene(job, model, predictor, progress.part(0.01, 1.0))
    numbers = {"CLASSIFIED_PIXELS": found.mapped, "UNMAPPED_SHARE": found.unmapped_share}
    return JobResult(dict(job.outputs), numbers)
