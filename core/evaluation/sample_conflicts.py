"""Samples that are likely to be wrong, each with its place, so that the analyst finds it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..data.grid import Grid
from ..data.sample_set import SampleSet
from ..data.split_parts import LabelledFeature
from ..progress import Progress
from .separability import ClassSums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .separability import Floats

LOOKS_LIKE, OVERLAP, SAME_VALUES = "looks like another class", "claimed by two classes", "same values"
_OWN_WEIGHT = 0.005  # of the class: a place with more is judged by the class without it
UNUSUAL = 0.05  # share of the pixels of a class
ODDS = 20.0
_ALIKE = 0.02  # standard deviations in every feature: practically the same values
_FEWEST_FEATURES = 4  # below, equal values are no surprise


@dataclass(frozen=True)
class Conflict:
    """One place that does not fit.

    `label`, `other`: class indexes; `feature`: id in the layer, -1 for label rasters; `row`, `col`: one of
    its pixels; `pixels` of them, of which the share `share` is in conflict; `strength` orders conflicts.
    `other_feature`: the second of two that overlap.
    """

    kind: str
    label: int
    other: int
    feature: int
    row: int
    col: int
    pixels: int
    share: float
    strength: float = 0.0
    other_feature: int = -1

    def text(self, samples: SampleSet) -> str:
        """Return the finding in words."""
        own, other = samples.classes[self.label].name, samples.classes[self.other].name
        share = f"{100 * self.share:.0f} % of {self.pixels} pixels"
        if self.kind == LOOKS_LIKE:
            return f"{own}: {share} look more like {other}"
        if self.kind == OVERLAP:
            return f"{own} and {other}: {self.pixels} pixels are claimed by both and not used"
        return f"{own}: {share} have practically the same values as pixels of {other}"


@dataclass(frozen=True, eq=False)
class FeatureNumbers:
    """Finds the feature of a sample: `codes` (m,), row * columns + column, ascending, with `numbers` (m,)."""

    codes: NDArray[np.int64]
    numbers: NDArray[np.int64]
    cols: int

    @classmethod
    def of(cls, features: Sequence[LabelledFeature], cols: int) -> FeatureNumbers:
        """Index the pixels of features; of those that share a pixel the first counts."""
        codes = np.concatenate([np.zeros(0, np.int64), *(f.codes for f in features)])
        numbers = np.repeat(
            np.array([f.told for f in features], dtype=np.int64), [len(f.codes) for f in features]
        )
        order = np.argsort(codes, kind="stable")
        return cls(codes[order], numbers[order], cols)

    def at(self, row: int, col: int) -> int:
        """Return the id of the feature with a pixel, -1 where there is none."""
        code = row * self.cols + col
        i = int(np.searchsorted(self.codes, code))
        return int(self.numbers[i]) if i < len(self.codes) and self.codes[i] == code else -1


def unlike_their_class(
    samples: SampleSet, values: Floats, features: FeatureNumbers, progress: Progress
) -> list[Conflict]:
    """Return the places that are unusual in their own class, more likely in another and ordinary there.

    Likelihoods of Gaussians with equal prior (`separability.ClassSums`). Unusual: the mean log density of the
    place is below that of `UNUSUAL` of the pixels of its class, most of its pixels are more likely in the one
    other class, and they are `ODDS` times as likely there (geometric mean). Ordinary: above that of `UNUSUAL`
    of the pixels of the other class. So not every area of
    classes that overlap is told. A place that weighs much in its class is judged by its class without it, so
    that it does not vouch for itself; classes too small for that are not judged. `values`: standardised
    features (n, D).
    """
    judge = _Judge.of(samples, values)
    found, groups = [], _places(samples)
    for number, members in enumerate(groups):
        if number % 64 == 0:
            progress(number / len(groups), "Looking for samples that do not fit")
        verdict = judge.verdict(members)
        if verdict is not None:
            other, votes, evidence = verdict
            labels = int(samples.labels[members[0]]), other
            found.append(_conflict(LOOKS_LIKE, samples, members, labels, (votes, evidence), features))
    return sorted(found, key=lambda c: -c.strength * c.pixels)


def _places(samples: SampleSet) -> list[NDArray[np.int64]]:
    """Return the indexes of the samples of each place."""
    order = np.argsort(samples.places, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(samples.places[order])) + 1)


@dataclass(frozen=True, eq=False)
class _Judge:
    """Samples with their log density in each class (n, K), -inf for classes that are not measured.

    `ordinary` (K,): the log density that all but `UNUSUAL` of the pixels of a class exceed in their class.
    """

    samples: SampleSet
    values: Floats
    sums: ClassSums
    density: Floats
    ordinary: Floats

    @classmethod
    def of(cls, samples: SampleSet, values: Floats) -> _Judge:
        n_classes = len(samples.classes)
        sums = ClassSums.of(values, samples.labels, n_classes)
        density = np.full((len(values), n_classes), -np.inf)
        ordinary = np.full(n_classes, np.nan)
        for label in range(n_classes):
            gaussian = sums.gaussian(label)
            if gaussian is not None:
                density[:, label] = gaussian.log_density(values)
                ordinary[label] = np.percentile(density[samples.labels == label, label], 100 * UNUSUAL)
        return cls(samples, values, sums, density, ordinary)

    def verdict(self, members: NDArray[np.int64]) -> tuple[int, int, float] | None:
        """Return the class that a place looks like, its pixels that do, and by how much; None if it fits."""
        label = int(self.samples.labels[members[0]])
        own = self._own_density(members, label)
        if not np.isfinite(own).all() or own.mean() >= self.ordinary[label]:
            return None
        others = self.density[members].copy()
        others[:, label] = -np.inf
        votes = np.bincount(others.argmax(axis=1)[others.max(axis=1) > own], minlength=others.shape[1])
        other = int(votes.argmax())
        there = float(others[:, other].mean())
        if (
            2 * votes[other] <= len(members)
            or there < self.ordinary[other]
            or there < own.mean() + math.log(ODDS)
        ):
            return None
        return other, int(votes[other]), there - float(own.mean())

    def _own_density(self, members: NDArray[np.int64], label: int) -> Floats:
        if len(members) <= _OWN_WEIGHT * self.sums.counts[label]:
            return self.density[members, label]
        without = self.sums.without(label, self.values[members]).gaussian(label)
        return without.log_density(self.values[members]) if without else np.full(len(members), np.nan)


def _conflict(
    kind: str,
    samples: SampleSet,
    members: NDArray[np.int64],
    labels: tuple[int, int],
    found: tuple[int, float],
    features: FeatureNumbers,
) -> Conflict:
    """Return a conflict of a place, located at the pixel nearest to its middle."""
    rows, cols = samples.rows[members], samples.cols[members]
    nearest = int(((rows - rows.mean()) ** 2 + (cols - cols.mean()) ** 2).argmin())
    row, col = int(rows[nearest]), int(cols[nearest])
    count, strength = found
    share = float(count) / len(members)
    return Conflict(kind, *labels, features.at(row, col), row, col, len(members), share, strength)


def overlaps(features: Sequence[LabelledFeature], grid: Grid) -> list[Conflict]:
    """Return the pairs of features of two classes that claim the same pixels, the largest overlap first."""
    codes = np.concatenate([np.zeros(0, np.int64), *(f.codes for f in features)])
    owners = np.repeat(np.arange(len(features)), [len(f.codes) for f in features])
    order = np.argsort(codes, kind="stable")
    codes, owners = codes[order], owners[order]
    pairs: dict[tuple[int, int], list[int]] = {}
    for start, stop in _runs(codes):
        for i, one in enumerate(owners[start:stop].tolist()):
            for other in owners[start + i + 1 : stop].tolist():
                if features[one].label != features[other].label:
                    pairs.setdefault((one, other), []).append(int(codes[start]))
    found = []
    for (one, other), shared in pairs.items():
        row, col = divmod(shared[len(shared) // 2], grid.cols)
        first, second = features[one], features[other]
        labels, count = (first.label, second.label), len(shared)
        place = (first.told, row, col, count)
        found.append(Conflict(OVERLAP, *labels, *place, 1.0, float(count), second.told))
    return sorted(found, key=lambda c: -c.strength)


def _runs(codes: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Yield start and stop of every run of equal values with two or more of them."""
    starts = np.flatnonzero(np.r_[True, np.diff(codes) != 0]) if len(codes) else np.zeros(0, np.int64)
    stops = np.r_[starts[1:], len(codes)]
    long = stops - starts > 1
    yield from zip(starts[long].tolist(), stops[long].tolist())


def same_values(samples: SampleSet, values: Floats, features: FeatureNumbers) -> list[Conflict]:
    """Return the places with pixels whose values are practically those of a pixel of another class.

    Such as copies, or pixels of two classes inside one pixel of a coarse source. Equal values are looked for
    in cells of 2 % of the standard deviation within classes; with fewer than four features nothing is said.
    """
    if values.shape[1] < _FEWEST_FEATURES:
        return []
    cells = np.round(values / (_ALIKE * _deviation_within(samples, values))).astype(np.int64)
    _, cell = np.unique(cells, axis=0, return_inverse=True)
    cell = cell.reshape(-1)
    low = np.full(int(cell.max()) + 1, len(samples.classes))
    high = np.full(int(cell.max()) + 1, -1)
    np.minimum.at(low, cell, samples.labels)
    np.maximum.at(high, cell, samples.labels)
    alike = low[cell] != high[cell]
    found = []
    for members in _places(samples):
        hits = members[alike[members]]
        if not len(hits):
            continue
        label = int(samples.labels[members[0]])
        others = np.where(low[cell[hits]] == label, high[cell[hits]], low[cell[hits]])
        other = int(np.bincount(others).argmax())
        count = (len(hits), float(len(hits)))
        found.append(_conflict(SAME_VALUES, samples, members, (label, other), count, features))
    return sorted(found, key=lambda c: -c.strength)


def _deviation_within(samples: SampleSet, values: Floats) -> Floats:
    """Return the standard deviation of each feature around the means of the classes, (D,)."""
    squares = np.zeros(values.shape[1])
    for label in np.unique(samples.labels).tolist():
        own = values[samples.labels == label]
        squares += ((own - own.mean(axis=0)) ** 2).sum(axis=0)
    deviation = np.sqrt(squares / len(values))
    return np.where(deviation > 0, deviation, 1.0)


@dataclass(frozen=True)
class TwoGroups:
    """A class that falls into two groups: `distance` as in `two_groups`, and the share of the smaller one."""

    label: int
    distance: float
    share: float


def two_groups(samples: SampleSet, values: Floats) -> list[TwoGroups]:
    """Return the classes whose pixels fall into two groups along their first principal component.

    The pixels are cut where the two halves vary least (Otsu 1979); the distance of the two means in units of
    their root mean square deviation (Ashman 1994, doi:10.1086/117248) is 2.7 for a normal distribution cut so
    and 3.5 for a uniform one. Told from 4.5, where the smaller group has a tenth of the pixels at least.
    """
    found = []
    for label in range(len(samples.classes)):
        own = values[samples.labels == label]
        if len(own) < 2 * _FEWEST_OF_GROUPS:
            continue
        centred = own - own.mean(axis=0)
        _, vectors = np.linalg.eigh(centred.T @ centred)
        group = _cut_in_two(label, np.sort(centred @ vectors[:, -1]))
        if group is not None:
            found.append(group)
    return found


_FEWEST_OF_GROUPS, _TOLD_FROM, _SMALLER = 50, 4.5, 0.1


def _cut_in_two(label: int, line: Floats) -> TwoGroups | None:
    """Cut sorted numbers (n,) in two; None where they are one group."""
    n = len(line)
    left = np.arange(1, n)
    total, squares = np.cumsum(line), np.cumsum(line**2)
    within = squares[:-1] - total[:-1] ** 2 / left
    rest, rest_squares = total[-1] - total[:-1], squares[-1] - squares[:-1]
    beyond = rest_squares - rest**2 / (n - left)
    cut = int((within + beyond).argmin())
    size = cut + 1
    share = min(size, n - size) / n
    spread = math.sqrt(max((within[cut] / size + beyond[cut] / (n - size)) / 2, 1e-12))
    distance = abs(float(total[cut]) / size - float(rest[cut]) / (n - size)) / spread
    return TwoGroups(label, distance, share) if distance >= _TOLD_FROM and share >= _SMALLER else None
