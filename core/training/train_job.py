"""The `train` job: align, hold back, train, score, train again, write.

What is scored has not been seen: by default a quarter of the sample groups is held back, the model trained on
the rest is scored on them, and a second model is trained on all samples with the same settings and saved.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..data.staged_output import StagedOutput, check_writable
from ..errors import OutputError
from ..inference.device import require_torch
from ..job import Job
from ..job_spec import JobResult
from ..models.catalog import CATALOG
from ..models.model_file import write_model
from ..progress import Progress
from .cost import announce
from .fit import Fit
from .provenance import sidecar_paths, versions, write_sidecars
from .recipe import Recipe, check_classes, check_settings, make_recipe
from .report import write_report
from .scene import Scene, open_scene
from .score import Score, no_numbers, train_and_score


def run(job: Job, progress: Progress) -> JobResult:
    """Train a model as `job` says and write model file, report and provenance."""
    started = time.monotonic()
    _check_early(job)
    with open_scene(job, progress.part(0.0, 0.1)) as scene:
        recipe = make_recipe(job, scene.modalities, scene.grid)
        check_classes(recipe, len(scene.samples.classes))
        _tell(scene, recipe, progress)
        announce(job, scene, recipe, progress)
        start = 0.1
        if recipe.information:
            from .information import add_information  # here: it needs torch

            start = 0.6
            add_information(job, scene.stack, recipe, progress.part(0.1, start))
        fit, score = train_and_score(job, scene, recipe, progress.part(start, 0.97))
        progress(0.97, "Writing the model")
        _write(job, scene, fit, score, time.monotonic() - started, progress)
    if recipe.kind != "pixel":
        from .state import remove_states  # here: it needs torch

        remove_states(job.outputs["model"])
    # No report to `progress` from here on: it could cancel a run whose files are there already.
    return JobResult(dict(job.outputs), score.numbers() if score else no_numbers())


def _check_early(job: Job) -> None:
    """Raise what would otherwise come to light only after minutes of reading and training."""
    check_method(job)
    _check_outputs(job)


def check_method(job: Job) -> None:
    """Raise what is wrong with method and settings, before any raster is read."""
    check_settings(job)
    if CATALOG[job.parameters["method"]].kind != "pixel":
        require_torch()
        from .encoder_weights import EncoderWeights  # here: it needs torch

        EncoderWeights.of(job.parameters["encoder_weights"])


def _check_outputs(job: Job) -> None:
    for path in (*map(Path, job.outputs.values()), *sidecar_paths(job.outputs["model"])):
        check_writable(path)


def _tell(scene: Scene, recipe: Recipe, progress: Progress) -> None:
    for note in scene.notes:
        progress.log(note)
    grid = scene.grid
    progress.log(f"Samples per class: {scene.samples.describe_counts()}.")
    progress.log(
        f"The {recipe.noun} is {recipe.patch_size} x {recipe.patch_size} map pixels "
        f"({grid.metres_of(recipe.patch_size):g} m); the gap between training and held-back samples is "
        f"{recipe.gap} map pixels ({grid.metres_of(recipe.gap):g} m)."
    )


def _write(job: Job, scene: Scene, fit: Fit, score: Score | None, seconds: float, progress: Progress) -> None:
    """Write model, sidecars and report under hidden names, then move them to their places, the model last.

    Whatever fails, older files of these names stay as they are.
    """
    training = {**fit.settings, "versions": versions()}
    fit = replace(fit, model=replace(fit.model, scores=_scores(score), training=training))
    with ExitStack() as drafts:
        staged = {}
        for name, path in job.outputs.items():
            staged[name] = StagedOutput(path)
            drafts.callback(staged[name].discard)
        if "report" in staged:
            with _told_of(job.outputs["report"]):
                write_report(str(staged["report"].draft), job, scene, fit, score, seconds)
        model = staged.pop("model")
        with _told_of(job.outputs["model"]):
            write_sidecars(str(model.draft), job, scene, fit.settings, progress)
            write_model(model.draft, fit.model)
        _check_outputs(job)  # again, so that not one of them is moved where another cannot be
        for output in staged.values():
            output.commit()
        model.commit(stale_names=[path.name for path in sidecar_paths(job.outputs["model"])])


@contextmanager
def _told_of(path: str) -> Iterator[None]:
    """Let errors in writing a draft name the file that the user asked for."""
    try:
        yield
    except OutputError as error:
        raise OutputError(error.what, where=path, remedy=error.remedy) from error


def _scores(score: Score | None) -> dict[str, Any]:
    if score is None:
        return {"measured_on": "nothing: the model was not scored"}
    return {
        **score.numbers(),
        "measured_on": score.measured_on,
        "saved_model": score.saved_model,
        "not_assessed": list(score.not_assessed),
        "matrix": score.matrix.counts.tolist(),
        "n_places": score.n_places,
        "interval": _interval(score),
        "groups": [group.to_json() for group in score.groups],
    }


def _interval(score: Score) -> list[float]:
    """Return the interval of the overall accuracy by places; [] where there are too few of them."""
    found = score.place_interval
    return [] if found is None or math.isnan(found.low) else [found.low, found.high]
