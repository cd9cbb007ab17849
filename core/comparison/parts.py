"""The training and test parts of a comparison: the same ones for every method and every subset of sources."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..data.gap import within_gap
from ..data.sample_set import SampleSet
from ..data.splits import Split, assign_groups, hold_back, k_folds
from ..errors import SamplesError
from ..job import Job
from ..progress import Progress
from ..training.scene import Scene
from ..training.score import read_test_samples

Log = Callable[[str], None]
_LEAST_CLASSES = 2
_SERIOUS = ("Not assessed", "No training samples", "Assessed with fewer")


@dataclass(frozen=True, eq=False)
class Part:
    """Samples to train on and to score on; `given`: the test samples are not held back from the others."""

    number: int
    train: SampleSet
    test: SampleSet
    given: bool = False


@dataclass(frozen=True, eq=False)
class Parts:
    """All parts, and in words how they were made and how far apart they are."""

    items: tuple[Part, ...]
    split_text: str
    gap_text: str


def make_parts(job: Job, scene: Scene, gap: int, patch_size: int, progress: Progress) -> Parts:
    """Divide the samples of a `compare` job. Raises `SamplesError` where nothing can be scored.

    `gap` and `patch_size` in map pixels, the largest that any of the methods needs.
    """
    if job.test_samples is not None:
        return _given(job, scene, patch_size, progress)
    samples = assign_groups(scene.samples, gap, *scene.grid.shape)
    count, seed = int(job.parameters["folds"]), int(job.parameters["split_seed"])
    if count > 1:
        splits = k_folds(samples, count, seed, gap)
    else:
        splits = [hold_back(samples, job.parameters["test_fraction"], seed, gap)]
    for note in samples.notes[len(scene.samples.notes) :]:
        progress.log(note)
    items = [
        Part(number, samples.subset(split.train), samples.subset(split.test))
        for number, split in enumerate(splits, 1)
        if _is_usable(samples, split, f"Fold {number}", progress)
    ]
    if not items:
        raise SamplesError(
            "The samples cannot be divided: no fold has test samples and two classes to train on.",
            where=job.samples.path if job.samples else "",
            remedy="Digitise training areas at more places, use fewer folds or a smaller gap, or give test "
            "samples.",
        )
    groups = f"{len(np.unique(samples.groups))} groups of samples"
    if count > 1:
        text = f"{len(items)} spatial folds of {groups} (seed {seed})"
    else:
        share = f"{100 * job.parameters['test_fraction']:g} %"
        text = f"one spatial split, {share} of {groups} held back (seed {seed})"
    return Parts(tuple(items), text, f"gap {scene.grid.metres_of(gap):g} m ({gap} map pixels)")


def _is_usable(samples: SampleSet, split: Split, name: str, progress: Progress) -> bool:
    for note in split.notes:
        told = f"{name}: {note}"
        progress.warn(told) if note.startswith(_SERIOUS) else progress.log(told)
    n_trained = int((samples.subset(split.train).counts() > 0).sum())
    usable = bool(split.test.any()) and n_trained >= _LEAST_CLASSES
    if not usable:
        progress.warn(f"{name} is left out: it has no test samples, or fewer than two classes to train on.")
    return usable


def _given(job: Job, scene: Scene, patch_size: int, progress: Progress) -> Parts:
    if job.test_samples is None:
        raise ValueError("there are no test samples")
    tests = read_test_samples(job.test_samples, scene, progress)
    train = scene.samples
    near = int(within_gap(tests.rows, tests.cols, train.rows, train.cols, patch_size).sum())
    gap = "no test sample is closer than one patch side to a training sample"
    if near:
        gap = f"{near} of {len(tests)} test samples are closer than one patch side to training samples"
        progress.warn(f"{gap}; the scores are optimistic.")
        gap = f"no gap kept: {gap}, so the figures are optimistic"
    text = f"given test samples, {len(tests)} pixels"
    return Parts((Part(1, train, tests, given=True),), text, gap)
