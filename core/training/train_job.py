"""The `train` job: align, hold back, train, score, train again, write.

What is scored has not been seen: by default a quarter of the sample groups is held back, the model trained on the
rest is scored on them, and a second model is trained on all samples with the same settings and saved.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from ..data.staged_output import check_writable
from ..job import Job
from ..job_kinds import JobResult
from ..models.model_file import write_model
from ..progress import Progress
from .fit import Fit
from .provenance import remove_sidecars, sidecar_paths, versions, write_sidecars
from .recipe import Recipe, make_recipe
from .report import write_report
from .scene import Scene, open_scene
from .score import Score, no_numbers, train_and_score


def run(job: Job, progress: Progress) -> JobResult:
    """Train a model as `job` says and write model file, report and provenance."""
    started = time.monotonic()
    for path in (*job.outputs.values(), *map(str, sidecar_paths(job.outputs["model"]))):
        check_writable(path)
    with open_scene(job, progress.part(0.0, 0.1)) as scene:
        recipe = make_recipe(job, scene.modalities, scene.grid)
        _tell(scene, recipe, progress)
        fit, score = train_and_score(job, scene, recipe, progress.part(0.1, 0.97))
        progress(0.97, "Writing the model")
        _write(job, scene, fit, score, time.monotonic() - started)
    progress(1.0, "Done")
    return JobResult(dict(job.outputs), score.numbers() if score else no_numbers())


def _tell(scene: Scene, recipe: Recipe, progress: Progress) -> None:
    for note in scene.notes:
        progress.log(note)
    grid = scene.grid
    progress.log(f"Samples per class: {scene.samples.describe_counts()}.")
    progress.log(
        f"The patch is {recipe.patch_size} x {recipe.patch_size} map pixels "
        f"({grid.metres_of(recipe.patch_size):g} m); the gap between training and held-back samples is "
        f"{recipe.gap} map pixels ({grid.metres_of(recipe.gap):g} m)."
    )


def _write(job: Job, scene: Scene, fit: Fit, score: Score | None, seconds: float) -> None:
    """Write the sidecars and the report, then the model; the model is there only when all is complete."""
    path = job.outputs["model"]
    training = {**fit.settings, "versions": versions()}
    fit = replace(fit, model=replace(fit.model, scores=_scores(score), training=training))
    try:
        write_sidecars(path, job, scene, fit.settings)
        if job.outputs.get("report"):
            write_report(job.outputs["report"], job, scene, fit, score, seconds)
        write_model(path, fit.model)
    except BaseException:
        remove_sidecars(path)
        raise


def _scores(score: Score | None) -> dict[str, Any]:
    if score is None:
        return {"measured_on": "nothing: the model was not scored"}
    return {
        **score.numbers(),
        "measured_on": score.measured_on,
        "saved_model": score.saved_model,
        "not_assessed": list(score.not_assessed),
        "matrix": score.matrix.counts.tolist(),
    }
