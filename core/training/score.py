"""Scores on samples that the scored model has not seen, and the model that is saved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from ..data.gap import within_gap
from ..data.sample_set import SampleSet
from ..data.samples import drop_invalid, read_samples
from ..data.splits import Split, assign_groups, hold_back
from ..evaluation.confusion import ConfusionMatrix
from ..evaluation.group_scores import GroupScore, group_scores
from ..evaluation.metrics import Interval, clustered_interval, compute_metrics
from ..job import Job, SamplesInput
from ..progress import Progress
from .fit import Fit, fit_model, predict_samples
from .recipe import Recipe
from .scene import Scene, named_place

# A run that was stopped goes on where it was; the states are removed with the end of the job.
_fit = partial(fit_model, resumable=True)
_NUMBERS = ("OA", "AA", "KAPPA", "F1")


@dataclass(frozen=True)
class Score:
    """What a model reached on samples it had not seen.

    `measured_on` says on what, `saved_model` on what the saved model was trained; `not_assessed` are the
    indexes of the classes without test samples; `n_places` counts the independent groups behind the matrix;
    `notes` say what was left out and what to beware of; `groups` are the scores of each held-back group.
    """

    matrix: ConfusionMatrix
    measured_on: str
    saved_model: str
    not_assessed: tuple[int, ...]
    n_places: int
    place_interval: Interval | None
    notes: tuple[str, ...] = ()
    groups: tuple[GroupScore, ...] = ()

    def numbers(self) -> dict[str, Any]:
        """OA, AA, kappa and macro F1; None where undefined."""
        figures = compute_metrics(self.matrix).numbers()
        return {name: figures[name] for name in _NUMBERS}


def no_numbers() -> dict[str, Any]:
    """Return the figures of a model that was not scored."""
    return dict.fromkeys(_NUMBERS)


def train_and_score(job: Job, scene: Scene, recipe: Recipe, progress: Progress) -> tuple[Fit, Score | None]:
    """Train the model that is saved and score it, or its twin trained without the held-back part."""
    if job.test_samples is not None:
        return _score_on_given(job, job.test_samples, scene, recipe, progress)
    if job.parameters["test_fraction"] == 0:
        progress.log("Nothing is held back: the model is not scored.")
        return _fit(job, scene.stack, scene.samples, recipe, None, progress), None
    samples = assign_groups(scene.samples, recipe.gap, *scene.grid.shape)
    split = hold_back(samples, job.parameters["test_fraction"], recipe.seed, recipe.gap)
    notes = (*samples.notes[len(scene.samples.notes) :], *split.notes, *_shown_in_tiles(recipe))
    for note in notes:
        progress.log(note)
    if not split.test.any():
        progress.warn("No class has two separate places: nothing could be held back and nothing is scored.")
        return _fit(job, scene.stack, samples, recipe, None, progress), None
    share = 0.5 if job.parameters["refit"] else 1.0
    fit, score = _score_held_back(job, scene, samples, split, recipe, progress.part(0.0, share))
    score = replace(score, notes=notes)
    if not job.parameters["refit"]:
        return fit, score
    progress.log("Training again on all samples; the scores are those of the first model.")
    epochs = int(fit.settings.get("epochs", 0))
    if recipe.kind == "pixel":  # with the settings that the scored model chose
        recipe = replace(recipe, options=fit.model.config.options)
    return _fit(job, scene.stack, samples, recipe, None, progress.part(0.5, 1.0), epochs), score


def _shown_in_tiles(recipe: Recipe) -> tuple[str, ...]:
    """Say what of the held-back pixels a network on tiles sees in training."""
    if recipe.kind != "tile":
        return ()
    text = (
        "No training tile showed a held-back pixel. The tile around a held-back pixel can show training "
        "pixels, as on every map."
    )
    if recipe.gap < recipe.apart:
        text = (
            f"With a gap below {recipe.apart} map pixels training tiles may show held-back pixels, though "
            "never with their class: the scores are optimistic."
        )
    return (text,)


def _score_held_back(
    job: Job, scene: Scene, samples: SampleSet, split: Split, recipe: Recipe, progress: Progress
) -> tuple[Fit, Score]:
    tests = samples.subset(split.test)
    fit = _fit(job, scene.stack, samples.subset(split.train), recipe, tests, progress.part(0.0, 0.9))
    n_groups = len(np.unique(tests.groups))
    measured = (
        f"{len(tests)} pixels in {n_groups} held-back groups, at least "
        f"{scene.grid.metres_of(recipe.gap):g} m from the training samples"
    )
    if job.parameters["refit"]:
        saved = "The saved model was trained again on all samples, the held-back ones included."
    else:
        saved = "The saved model is the one that was scored; it has not seen the held-back samples."
    score = _scored(job, scene, fit, tests, (measured, saved), progress.part(0.9, 1.0))
    accuracy, epochs = score.numbers()["OA"], int(fit.settings.get("epochs", 0))
    if epochs and accuracy is not None:  # beside the curve of the accuracy on training samples
        progress.metric(epochs, "held_back_accuracy", accuracy)
    return fit, score


def _score_on_given(
    job: Job, spec: SamplesInput, scene: Scene, recipe: Recipe, progress: Progress
) -> tuple[Fit, Score]:
    # Before the training, which a wrong class field must not cost.
    tests = read_test_samples(spec, scene, progress.part(0.0, 0.05))
    near = within_gap(tests.rows, tests.cols, scene.samples.rows, scene.samples.cols, recipe.apart)
    notes = [f"Test samples: {note}" for note in tests.notes]
    for note in notes:
        progress.log(note)
    if near.any():
        far = "the reach of a tile" if recipe.kind == "tile" else "one patch side"
        notes.append(
            f"{int(near.sum())} of {len(tests)} test samples are closer than {far} to training samples; the "
            "scores are optimistic."
        )
        progress.warn(notes[-1])
    fit = _fit(job, scene.stack, scene.samples, recipe, None, progress.part(0.05, 0.9))
    texts = (
        f"{len(tests)} pixels of the given test samples",
        "The saved model was trained on all training samples.",
    )
    score = _scored(job, scene, fit, tests, texts, progress.part(0.9, 1.0))
    return fit, replace(score, notes=tuple(notes))


def read_test_samples(spec: SamplesInput, scene: Scene, progress: Progress) -> SampleSet:
    """Return the test samples of the job; those of classes that are not trained are ignored."""
    with named_place(spec.path):
        tests = read_samples(spec, scene.grid, scene.samples.classes, progress.part(0.0, 0.7))
        return drop_invalid(tests, scene.stack, progress.part(0.7, 1.0))


def _scored(
    job: Job, scene: Scene, fit: Fit, tests: SampleSet, texts: tuple[str, str], progress: Progress
) -> Score:
    found = predict_samples(job, fit.model, scene.stack, tests, progress)
    absent = np.flatnonzero((tests.counts() == 0) & (scene.samples.counts() > 0))
    return Score(
        matrix=ConfusionMatrix.from_labels(tests.labels, found, tests.classes),
        measured_on=texts[0],
        saved_model=texts[1],
        not_assessed=tuple(absent.tolist()),
        n_places=len(np.unique(tests.groups)),
        place_interval=clustered_interval(found == tests.labels, tests.groups),
        groups=group_scores(tests, found, scene.grid),
    )
