"""The confusion matrix: rows are the reference, columns are the map, everywhere in Landfuse."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.classes import LandClass, classes_from_json

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class ConfusionMatrix:
    """Counts of samples: `counts` (K, K) int64, row = class in the reference, column = class in the map.

    `classes` gives the K classes in the order of both axes.
    """

    counts: NDArray[np.int64]
    classes: tuple[LandClass, ...]

    def __post_init__(self) -> None:
        counts = np.asarray(self.counts, dtype=np.int64)
        k = len(self.classes)
        if counts.shape != (k, k):
            raise ValueError(f"counts have shape {counts.shape}, {k} classes need ({k}, {k})")
        if (counts < 0).any():
            raise ValueError("counts of a confusion matrix are not negative")
        object.__setattr__(self, "counts", counts)

    @classmethod
    def from_labels(cls, reference: Any, mapped: Any, classes: Sequence[LandClass]) -> ConfusionMatrix:
        """Count pairs of class indexes 0..K-1, both of shape (n,).

        Raises:
            ValueError: the two differ in length or an index is outside 0..K-1. Unmapped samples have no
                column: the caller counts and drops them first.
        """
        rows, cols = np.asarray(reference, dtype=np.int64), np.asarray(mapped, dtype=np.int64)
        k = len(classes)
        if rows.shape != cols.shape or rows.ndim != 1:
            raise ValueError(f"reference {rows.shape} and map {cols.shape} must be of one length")
        if rows.size and (min(rows.min(), cols.min()) < 0 or max(rows.max(), cols.max()) >= k):
            raise ValueError(f"class indexes must be 0 to {k - 1}")
        return cls(np.bincount(rows * k + cols, minlength=k * k).reshape(k, k), tuple(classes))

    @classmethod
    def sum(cls, matrices: Iterable[ConfusionMatrix]) -> ConfusionMatrix:
        """Add matrices of the same classes, as those of the folds of a cross-validation."""
        items = list(matrices)
        if not items:
            raise ValueError("there is no matrix to sum")
        total = items[0]
        for item in items[1:]:
            total = total + item
        return total

    def __add__(self, other: ConfusionMatrix) -> ConfusionMatrix:
        if [c.value for c in self.classes] != [c.value for c in other.classes]:
            raise ValueError("matrices of different classes cannot be added")
        return ConfusionMatrix(self.counts + other.counts, self.classes)

    @property
    def total(self) -> int:
        """Number of samples counted."""
        return int(self.counts.sum())

    @property
    def reference_totals(self) -> NDArray[np.int64]:
        """Samples of each class in the reference (K,)."""
        return self.counts.sum(axis=1)

    @property
    def map_totals(self) -> NDArray[np.int64]:
        """Samples of each class in the map (K,)."""
        return self.counts.sum(axis=0)

    @property
    def correct(self) -> NDArray[np.int64]:
        """Samples of each class on which map and reference agree (K,)."""
        return np.diagonal(self.counts)

    def without_empty_classes(self) -> ConfusionMatrix:
        """Return the matrix without the classes that occur neither in the reference nor in the map."""
        keep = (self.reference_totals + self.map_totals) > 0
        kept = tuple(c for c, used in zip(self.classes, keep) if used)
        return ConfusionMatrix(self.counts[np.ix_(keep, keep)], kept)

    def to_json(self) -> dict[str, Any]:
        """Return plain values for a model file."""
        return {"classes": [c.to_json() for c in self.classes], "counts": self.counts.tolist()}

    @classmethod
    def from_json(cls, values: Any) -> ConfusionMatrix:
        """Rebuild a matrix from `to_json`."""
        classes = classes_from_json(values["classes"])
        counts = np.asarray(values["counts"], dtype=np.int64).reshape(len(classes), len(classes))
        return cls(counts, classes)
