"""Spatially disjoint splits: groups are held back whole, and a gap keeps training and test patches apart."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .gap import within_gap
from .groups import assign_groups, block_groups, merge_groups
from .hashing import uniform
from .sample_set import Integers, Mask, SampleSet

__all__ = ["Split", "assign_groups", "block_groups", "hold_back", "k_folds", "merge_groups", "within_gap"]


@dataclass(frozen=True, eq=False)
class Split:
    """Which samples train and which test, (n,) each; those in the gap do neither.

    `not_assessed`: indexes of classes that have samples but none in the test part.
    """

    train: Mask
    test: Mask
    not_assessed: tuple[int, ...] = ()
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class _Groups:
    """The groups of samples: `draw` (G,) a number from 0 to 1 that follows from seed and key of each group,
    `members` (n,) the group index of each sample, `holds` (G, K) whether a group has samples of a class.
    """  # noqa: D205  one sentence

    draw: NDArray[np.float64]
    members: Integers
    holds: NDArray[np.bool_]

    @classmethod
    def of(cls, samples: SampleSet, seed: int) -> _Groups:
        keys, members = np.unique(samples.groups, return_inverse=True)
        members = members.reshape(-1).astype(np.int64)
        n_classes = len(samples.classes)
        counts = np.bincount(members * n_classes + samples.labels, minlength=len(keys) * n_classes)
        return cls(uniform(keys, seed), members, counts.reshape(len(keys), n_classes) > 0)

    def single(self) -> NDArray[np.bool_]:
        """Return the groups that are the only one of a class, (G,)."""
        return self.holds[:, self.holds.sum(axis=0) == 1].any(axis=1)


def hold_back(samples: SampleSet, fraction: float, seed: int, gap_px: int) -> Split:
    """Hold about `fraction` of the groups back as test part.

    A group's side follows from the seed and its own key; where that would leave a class with two or more
    groups on one side only, the group nearest to the border changes sides. A class with a single group is
    trained in full. Training samples closer than `gap_px` pixels (Chebyshev) to a test sample are left out;
    test groups that would take the last training samples of a class that way are trained instead.
    """
    groups = _Groups.of(samples, seed)
    pinned = groups.single()
    while True:
        chosen = _test_groups(groups, fraction, pinned)
        test = chosen[groups.members]
        train = _outside_gap(samples, ~test, test, gap_px)
        starved = (samples.counts() > 0) & (samples.subset(train).counts() == 0)
        if not starved.any():
            return _described(samples, groups, train, test)
        pinned = pinned | _groups_near(samples, groups, test, starved, gap_px)


def k_folds(samples: SampleSet, k: int, seed: int, gap_px: int) -> list[Split]:
    """Divide the groups into k test parts; every sample of a class with two or more groups is tested once.

    A group's fold follows from the seed and its own key; folds that lack a class take over one of its groups
    from a fold with several. Groups that are the only one of a class are trained in every fold.
    """
    if k < 2:
        raise ValueError(f"k must be at least 2, got {k}")
    groups = _Groups.of(samples, seed)
    fold_of_group = _fold_numbers(groups, k)
    splits = []
    for number in range(k):
        test = fold_of_group[groups.members] == number
        train = _outside_gap(samples, ~test, test, gap_px)
        splits.append(_described(samples, groups, train, test))
    return splits


def _test_groups(groups: _Groups, fraction: float, pinned: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the groups to hold back, (G,); groups in `pinned` are never held back."""
    test = (groups.draw < fraction) & ~pinned
    if fraction <= 0:
        return test
    for column in groups.holds.T:
        if column.any() and not (column & ~test).any():  # without training
            held = np.flatnonzero(column)
            test[held[np.argmax(groups.draw[held])]] = False
    for column in groups.holds.T:
        if not (column & test).any():
            _hold_one_back(groups, column & ~pinned, test)
    return test


def _hold_one_back(groups: _Groups, candidates: NDArray[np.bool_], test: NDArray[np.bool_]) -> None:
    """Hold back the first candidate that is not the last training group of any of its classes."""
    indexes = np.flatnonzero(candidates)
    for group in indexes[np.argsort(groups.draw[indexes])].tolist():
        training = groups.holds[~test].sum(axis=0)
        if (training[groups.holds[group]] > 1).all():
            test[group] = True
            return


def _fold_numbers(groups: _Groups, k: int) -> Integers:
    """Return the fold in which each group is tested, (G,); -1 for groups that are always trained."""
    folds = np.where(groups.single(), -1, np.floor(groups.draw * k).astype(np.int64))
    for label in np.argsort(groups.holds.sum(axis=0)).tolist():  # rare classes first
        held = groups.holds[:, label] & (folds >= 0)
        for number in range(k):
            if held.any() and not (held & (folds == number)).any():
                _take_over(groups, held, folds, number, k)
    return folds


def _take_over(groups: _Groups, held: NDArray[np.bool_], folds: Integers, number: int, k: int) -> None:
    """Move one of the groups `held` to a fold, from the fold with most of them, if it leaves none wanting."""
    source = int(np.argmax(np.bincount(folds[held], minlength=k)))
    indexes = np.flatnonzero(held & (folds == source))
    for group in indexes[np.argsort(groups.draw[indexes])].tolist():
        there = groups.holds[folds == source].sum(axis=0)
        if (there[groups.holds[group]] > 1).all():
            folds[group] = number
            return


def _outside_gap(samples: SampleSet, train: Mask, test: Mask, gap_px: int) -> Mask:
    """Return the training samples that are not closer than the gap to a test sample, (n,)."""
    kept = train.copy()
    kept[train] = ~within_gap(
        samples.rows[train], samples.cols[train], samples.rows[test], samples.cols[test], gap_px
    )
    return kept


def _groups_near(
    samples: SampleSet, groups: _Groups, test: Mask, starved: NDArray[np.bool_], gap_px: int
) -> NDArray[np.bool_]:
    """Return the test groups with samples closer than the gap to training groups of starved classes, (G,)."""
    wanting = starved[samples.labels] & ~test
    near = within_gap(
        samples.rows[test], samples.cols[test], samples.rows[wanting], samples.cols[wanting], gap_px
    )
    found = np.zeros(len(groups.draw), dtype=bool)
    found[groups.members[test][near]] = True
    return found


def _described(samples: SampleSet, groups: _Groups, train: Mask, test: Mask) -> Split:
    present = samples.counts() > 0
    tested, trained = samples.subset(test).counts() > 0, samples.subset(train).counts() > 0
    not_assessed = tuple(np.flatnonzero(present & ~tested).tolist())
    n_test = len(np.unique(groups.members[test]))
    notes = [
        f"Held back: {n_test} of {len(groups.draw)} groups, {int(test.sum())} of {len(samples)} samples."
    ]
    in_gap = len(samples) - int(train.sum()) - int(test.sum())
    if in_gap:
        notes.append(f"{in_gap} samples within the gap around the held-back ones are left out of training.")
    if not_assessed:
        names = ", ".join(samples.classes[i].name for i in not_assessed)
        notes.append(f"Not assessed, because there is no second group to hold back: {names}.")
    untrained = [samples.classes[i].name for i in np.flatnonzero(present & ~trained)]
    if untrained:
        notes.append(f"No training samples are left outside the gap: {', '.join(untrained)}.")
    return Split(train, test, not_assessed, tuple(notes))
