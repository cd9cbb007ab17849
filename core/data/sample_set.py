"""Samples as values: pixel positions with their class, their place and their group."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..errors import SamplesError
from .classes import LandClass

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]
    Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class SampleSet:
    """Pixels of one grid with their class, sorted by row, then column; no pixel comes twice.

    `rows`, `cols` (n,): position. `labels` (n,): class index 0..K-1 in `classes`. `places` (n,): the polygon,
    line or point the pixel comes from (a cell of a lattice for label rasters), numbered from 0.
    `groups` (n,): what a split keeps together; a key that follows from the group's location or name alone,
    not a running number, so that a group keeps its key when others come or go. `unit` says what the groups
    are: "field", "polygon" (not yet merged), "merged" (polygons nearer than the gap merged, some perhaps
    divided into blocks), "block", or "none" (a label raster, not yet grouped). `notes` say in words what
    was left out. `totals`: pixels of each class before a selection was made, () where all are here.
    """

    rows: Integers
    cols: Integers
    labels: Integers
    groups: Integers
    places: Integers
    classes: tuple[LandClass, ...]
    notes: tuple[str, ...] = ()
    unit: str = "polygon"
    totals: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def subset(self, mask: Mask) -> SampleSet:
        """Return the samples where `mask` (n,) is true, with the same classes and notes."""
        return replace(
            self,
            rows=self.rows[mask],
            cols=self.cols[mask],
            labels=self.labels[mask],
            groups=self.groups[mask],
            places=self.places[mask],
        )

    def counts(self) -> Integers:
        """Return the number of samples of each class, (K,)."""
        return np.bincount(self.labels, minlength=len(self.classes)).astype(np.int64)

    def with_notes(self, *notes: str) -> SampleSet:
        """Return the samples with further notes."""
        return replace(self, notes=(*self.notes, *notes))

    def describe_counts(self) -> str:
        """Return the samples of each class in words, such as `water 120, forest 80`."""
        return ", ".join(f"{c.name} {n}" for c, n in zip(self.classes, self.counts().tolist()))


def pixel_keys(rows: Integers, cols: Integers) -> Integers:
    """Return one number per pixel that names its position whatever the size of the grid; (n,) below 2**62."""
    return (rows.astype(np.int64) << 31) | cols.astype(np.int64)


def first_pixel_keys(rows: Integers, cols: Integers, members: Integers) -> Integers:
    """Return for each pixel the key of the first pixel (by row, then column) of its member number, (n,).

    `members` (n,): any numbers; pixels with the same number belong together.
    """
    keys = pixel_keys(rows, cols)
    _, inverse = np.unique(members, return_inverse=True)
    inverse = inverse.reshape(-1)
    lowest = np.full(int(inverse.max()) + 1 if len(inverse) else 0, np.iinfo(np.int64).max)
    np.minimum.at(lowest, inverse, keys)
    return lowest[inverse]


def thinning_note(classes: Iterable[LandClass], limit_per_class: int) -> str:
    """Return in words that classes were thinned."""
    names = ", ".join(c.name for c in classes)
    return f"Of {names} an even selection of at most {limit_per_class} pixels is used."


def require_trainable(samples: SampleSet, minimum: int = 3) -> None:
    """Raise `SamplesError` unless there are two classes and each has at least `minimum` samples."""
    counts = samples.counts()
    present = [c.name for c, n in zip(samples.classes, counts.tolist()) if n]
    if not present:
        raise SamplesError(
            "There are no samples.", remedy="Digitise training areas inside the common area of the sources."
        )
    if len(samples.classes) < 2 or len(present) < 2:
        raise SamplesError(
            f"All samples belong to one class ('{present[0]}'); at least two classes are needed.",
            remedy="Digitise training areas of another class.",
        )
    few = [f"{c.name} ({n})" for c, n in zip(samples.classes, counts.tolist()) if n < minimum]
    if few:
        raise SamplesError(
            f"Classes with fewer than {minimum} usable pixels: {', '.join(few)}.",
            remedy="Digitise more of these inside the common area of the sources, or take them out of "
            "the class list.",
        )
