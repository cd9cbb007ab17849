"""Spatially disjoint splits: groups are held back whole, and a gap keeps training and test patches apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from .gap import within_gap
from .groups import assign_groups, block_groups, merge_groups
from .hashing import uniform
from .sample_set import SampleSet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .sample_set import Integers, Mask

__all__ = ["Split", "assign_groups", "block_groups", "hold_back", "k_folds", "merge_groups", "within_gap"]

_LEAST_TRAINED = 0.2  # of a class; below it a score would say little about the model trained on all samples

_FEW = 30  # held-back samples of a class; with fewer its figures say little


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
    `members` (n,) the group index of each sample, `counts` (G, K) its samples of each class.
    """  # noqa: D205  one sentence

    draw: NDArray[np.float64]
    members: Integers
    counts: Integers

    @classmethod
    def of(cls, samples: SampleSet, seed: int) -> _Groups:
        keys, members = np.unique(samples.groups, return_inverse=True)
        members = members.reshape(-1).astype(np.int64)
        n_classes = len(samples.classes)
        counts = np.bincount(members * n_classes + samples.labels, minlength=len(keys) * n_classes)
        return cls(uniform(keys, seed), members, counts.reshape(len(keys), n_classes).astype(np.int64))

    @cached_property
    def holds(self) -> NDArray[np.bool_]:
        """Whether a group has samples of a class, (G, K)."""
        return self.counts > 0

    def single(self) -> NDArray[np.bool_]:
        """Return the groups that are the only one of a class, (G,)."""
        return self.holds[:, self.holds.sum(axis=0) == 1].any(axis=1)


def hold_back(samples: SampleSet, fraction: float, seed: int, gap_px: int) -> Split:
    """Hold about `fraction` of the groups back as test part.

    A group's side follows from the seed and its own key, so that other groups may come and go. Only where
    that would leave a class with two or more groups on one side, or hold back less than a third of `fraction`
    or more than twice of it, the groups nearest to the border change sides. A class with a single group is
    trained in full. Training samples closer than `gap_px` pixels (Chebyshev) to a test sample are left out;
    test groups that would leave less than a fifth of a class for training are trained instead, those that
    touch most of it first.
    """
    groups = _Groups.of(samples, seed)
    pinned, wanted = groups.single(), np.ceil(_LEAST_TRAINED * samples.counts())
    while True:
        test = _test_groups(groups, fraction, pinned)[groups.members]
        train = _outside_gap(samples, ~test, test, gap_px)
        starved = samples.subset(train).counts() < wanted
        blocking = _blocking_groups(samples, groups, test, starved[samples.labels] & ~test & ~train, gap_px)
        if not len(blocking):
            return _described(samples, groups, train, test)
        pinned = pinned.copy()
        pinned[blocking[: -(-len(blocking) // 8)]] = True


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
    if fraction <= 0:
        return np.zeros(len(groups.draw), dtype=bool)
    sides = _Sides(groups, (groups.draw < fraction) & ~pinned, pinned)
    rare_first = np.argsort(groups.holds.sum(axis=0), kind="stable").tolist()
    for label in rare_first:
        sides.leave_training(label)
    least, most = fraction / 3, min(2 * fraction, (1 + fraction) / 2)
    for label in rare_first:
        sides.reduce(label, most)
    for label in rare_first:
        sides.fill(label, least, most)
    return sides.test


class _Sides:
    """The groups held back so far, (G,), with moves that never take the last training group of a class."""

    def __init__(self, groups: _Groups, test: NDArray[np.bool_], pinned: NDArray[np.bool_]) -> None:
        self.test = test
        self._groups, self._pinned = groups, pinned
        self._by_draw = np.argsort(groups.draw, kind="stable")
        self._total = np.maximum(groups.counts.sum(axis=0), 1)
        self._held_back = groups.counts[test].sum(axis=0)
        self._n_groups, self._n_test = groups.holds.sum(axis=0), groups.holds[test].sum(axis=0)

    def leave_training(self, label: int) -> None:
        """Train the group with the highest draw if all groups of a class are held back."""
        if self._n_groups[label] and self._n_test[label] == self._n_groups[label]:
            self._move(int(self._of(label)[-1]), to_test=False)

    def reduce(self, label: int, most: float) -> None:
        """Train groups of a class while more than `most` of it is held back, the highest draw first.

        A group stays if without it none of another class would be held back.
        """
        held = self._of(label)
        for group in held[self.test[held]][::-1].tolist():
            if self._share(label) <= most:
                return
            if (self._n_test[self._groups.holds[group]] > 1).all():
                self._move(group, to_test=False)

    def fill(self, label: int, least: float, most: float) -> None:
        """Hold groups of a class back while less than `least` of it is, the lowest draw first.

        Groups that bring a class above `most` only where nothing of this class would be held back otherwise.
        """
        held = self._of(label)
        for limit in (most, 1.0):
            for group in held[~self.test[held] & ~self._pinned[held]].tolist():
                if self._share(label) >= least or (limit > most and self._n_test[label]):
                    return
                if self._can_be_held_back(group, limit):
                    self._move(group, to_test=True)

    def _can_be_held_back(self, group: int, most: float) -> bool:
        holds, counts = self._groups.holds[group], self._groups.counts[group]
        trained_elsewhere = (self._n_groups - self._n_test)[holds] > 1
        share = (self._held_back + counts)[holds] / self._total[holds]
        return bool(trained_elsewhere.all() and (share <= most).all())

    def _move(self, group: int, to_test: bool) -> None:
        sign = 1 if to_test else -1
        self.test[group] = to_test
        self._held_back = self._held_back + sign * self._groups.counts[group]
        self._n_test = self._n_test + sign * self._groups.holds[group]

    def _of(self, label: int) -> Integers:
        """Return the groups of a class by ascending draw."""
        return self._by_draw[self._groups.holds[self._by_draw, label]]

    def _share(self, label: int) -> float:
        return float(self._held_back[label] / self._total[label])


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
    for source in np.argsort(-np.bincount(folds[held], minlength=k), kind="stable").tolist():
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


def _blocking_groups(samples: SampleSet, groups: _Groups, test: Mask, lost: Mask, gap_px: int) -> Integers:
    """Return the test groups with samples closer than the gap to `lost` ones, the most first, (m,)."""
    near = within_gap(samples.rows[test], samples.cols[test], samples.rows[lost], samples.cols[lost], gap_px)
    touching = np.bincount(groups.members[test][near], minlength=len(groups.draw))
    order = np.argsort(-touching, kind="stable")
    return order[touching[order] > 0]


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
    tested_counts = samples.subset(test).counts().tolist()
    few = [f"{c.name} ({n})" for c, n in zip(samples.classes, tested_counts) if 0 < n < _FEW]
    if few:
        notes.append(f"Assessed with fewer than {_FEW} samples: {', '.join(few)}.")
    untrained = [samples.classes[i].name for i in np.flatnonzero(present & ~trained)]
    if untrained:
        notes.append(f"No training samples are left outside the gap: {', '.join(untrained)}.")
    return Split(train, test, not_assessed, tuple(notes))
