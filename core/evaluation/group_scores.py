"""How a model did on each group of held-back samples, so that two runs can be compared on what they share."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.classes import LandClass
from ..data.grid import Grid
from ..data.sample_set import SampleSet
from .confusion import ConfusionMatrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DIGITS = 16  # of the digest; enough that two groups never share one by chance


@dataclass(frozen=True)
class GroupScore:
    """One held-back group. `digest` stands for its very pixels and classes on its grid.

    `counts`: (class value in the reference, class value found, pixels).
    """

    key: int
    digest: str
    counts: tuple[tuple[int, int, int], ...]

    def to_json(self) -> list[Any]:
        """Return plain values for a model file."""
        return [self.key, self.digest, [list(c) for c in self.counts]]

    @classmethod
    def from_json(cls, values: Sequence[Any]) -> GroupScore:
        """Rebuild from `to_json`."""
        key, digest, counts = values
        return cls(int(key), str(digest), tuple((int(r), int(m), int(n)) for r, m, n in counts))


def group_scores(samples: SampleSet, found: NDArray[np.int64], grid: Grid) -> tuple[GroupScore, ...]:
    """Return the score of every group; `found` (n,) class indexes that the model gave."""
    values = np.array([c.value for c in samples.classes], np.int64)
    place = f"{grid.transform}{grid.shape}".encode()
    scores = []
    for key in np.unique(samples.groups).tolist():
        own = samples.groups == key
        reference, mapped = values[samples.labels[own]], values[found[own]]
        facts = np.stack([samples.rows[own], samples.cols[own], reference]).astype("<i8")
        digest = hashlib.sha256(place + facts.tobytes()).hexdigest()[:_DIGITS]
        pairs, numbers = np.unique(np.stack([reference, mapped]), axis=1, return_counts=True)
        counts = tuple(zip(*pairs.tolist(), numbers.tolist()))
        scores.append(GroupScore(int(key), digest, counts))
    return tuple(scores)


def stored_groups(scores: Mapping[str, Any]) -> tuple[GroupScore, ...]:
    """Return the groups that the scores of a model file hold; () for a file of an older version."""
    return tuple(GroupScore.from_json(values) for values in scores.get("groups", ()))


def matrix_of(groups: Sequence[GroupScore], classes: Sequence[LandClass]) -> ConfusionMatrix:
    """Return the confusion matrix over groups; `classes` holds every value that occurs."""
    index = {c.value: i for i, c in enumerate(classes)}
    counts = np.zeros((len(classes), len(classes)), np.int64)
    for group in groups:
        for reference, mapped, n in group.counts:
            counts[index[reference], index[mapped]] += n
    return ConfusionMatrix(counts, tuple(classes))
