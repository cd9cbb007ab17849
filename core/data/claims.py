"""Claims of places on pixels: who gets a pixel that several places claim, settled some rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..progress import Progress
from .grid import Grid
from .hashing import uniform
from .sample_set import pixel_keys
from .spans import Spans

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .sample_set import Integers

_BAND = 2_000_000  # pixels settled together, unless one row has more
_UNSEEN = np.iinfo(np.int64).max


@dataclass(frozen=True, eq=False)
class Settled:
    """Pixels with one claim, by row, then column; `rows`, `cols`, `places` (n,).

    `first_keys` (places,): key of the first pixel of each place. `disputed`, `shared`: pixels that two
    classes, or several places of one class, claimed. `totals`: pixels of each class, () where all were kept
    and not only a selection.
    """

    rows: Integers
    cols: Integers
    places: Integers
    first_keys: Integers
    disputed: int
    shared: int
    totals: tuple[int, ...]


def settle(
    spans: Spans,
    label_of_place: Integers,
    n_classes: int,
    grid: Grid,
    limit_per_class: int,
    progress: Progress,
) -> Settled:
    """Return the pixels that belong to one class, at most `limit_per_class` of each class.

    A pixel of several places of one class goes to the first of them; a pixel of two classes to none. Of a
    class with more pixels than the limit those with the lowest hash of their position are kept. `spans`:
    their owners are places. Memory grows with the spans, not with their pixels.
    """
    first_keys = np.full(len(label_of_place), _UNSEEN)
    kept = _Selection(n_classes, limit_per_class)
    disputed = shared = 0
    for band, share in _bands(spans):
        progress(share, "Settling which area a pixel belongs to")
        rows, cols, places = band.pixels()
        codes = rows * np.int64(grid.cols) + cols
        if _overlaps(band):
            codes, places, conflicts = _settled(codes, places, label_of_place)
            disputed, shared = disputed + conflicts[0], shared + conflicts[1]
        rows, cols = np.divmod(codes, grid.cols)
        keys = pixel_keys(rows, cols)
        fresh = np.flatnonzero(first_keys[places] == _UNSEEN)[::-1]
        first_keys[places[fresh]] = keys[fresh]  # the last assignment, of the lowest key, stays
        kept.add(keys, places, label_of_place[places])
    keys, places = kept.result()
    totals = tuple(kept.seen.tolist()) if (kept.seen > limit_per_class).any() else ()
    return Settled(keys >> 31, keys & (2**31 - 1), places, first_keys, disputed, shared, totals)


def _bands(spans: Spans) -> Iterator[tuple[Spans, float]]:
    """Yield the spans of some rows after the other, by row and column, with the share done before."""
    order = np.lexsort((spans.owners, spans.first, spans.rows))
    rows = spans.rows[order]
    ends = np.cumsum((spans.stop - spans.first)[order].astype(np.int64))
    start = 0
    while start < len(order):
        done = ends[start - 1] if start else 0
        stop = max(int(np.searchsorted(ends, done + _BAND)), start + 1)
        row = rows[min(stop, len(rows)) - 1]
        whole = int(np.searchsorted(rows, row, side="left"))  # the last row may be cut: leave it for later
        cut = stop < len(rows) and rows[stop] == row
        if cut and whole > start:
            stop = whole
        elif cut:
            stop = int(np.searchsorted(rows, row, side="right"))
        yield spans.taken(order[start:stop]), start / len(order)
        start = stop


def _overlaps(band: Spans) -> bool:
    """Say whether spans, by row and first column, overlap."""
    if len(band) < 2:
        return False
    begins = (band.rows.astype(np.int64) << 31) + band.first
    reached = np.maximum.accumulate((band.rows.astype(np.int64) << 31) + band.stop)
    return bool((begins[1:] < reached[:-1]).any())


def _settled(
    codes: Integers, places: Integers, label_of_place: Integers
) -> tuple[Integers, Integers, tuple[int, int]]:
    """Return one claim per pixel, by pixel, and how many pixels were disputed and shared."""
    order = np.lexsort((places, codes))
    codes, places = codes[order], places[order]
    once = np.r_[True, (codes[1:] != codes[:-1]) | (places[1:] != places[:-1])]  # one claim of each place
    codes, places = codes[once], places[once]
    starts = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]])
    labels = label_of_place[places]
    disputed = np.minimum.reduceat(labels, starts) != np.maximum.reduceat(labels, starts)
    several = np.diff(np.r_[starts, len(codes)]) > 1
    first = starts[~disputed]
    return codes[first], places[first], (int(disputed.sum()), int((several & ~disputed).sum()))


@dataclass
class _Selection:
    """Keeps of every class the pixels with the lowest hash, at most `limit`; in the order they come."""

    n_classes: int
    limit: int
    keys: list[Integers] = field(default_factory=list)
    places: list[NDArray[np.int32]] = field(default_factory=list)
    labels: list[NDArray[np.int32]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.seen = np.zeros(self.n_classes, dtype=np.int64)
        self.pending = np.zeros(self.n_classes, dtype=np.int64)
        self.highest = np.full(self.n_classes, np.inf)  # hash that is still kept

    def add(self, keys: Integers, places: Integers, labels: Integers) -> None:
        self.seen += np.bincount(labels, minlength=self.n_classes)
        if np.isfinite(self.highest).any():
            fits = uniform(keys, 0) <= self.highest[labels]
            keys, places, labels = keys[fits], places[fits], labels[fits]
        self.pending += np.bincount(labels, minlength=self.n_classes)
        self.keys.append(keys)
        self.places.append(places.astype(np.int32))
        self.labels.append(labels.astype(np.int32))
        if (self.pending > 1.5 * self.limit + _BAND / 4).any():
            self._prune()

    def _prune(self) -> None:
        keys, places = np.concatenate(self.keys), np.concatenate(self.places)
        labels = np.concatenate(self.labels)
        draws = uniform(keys, 0)
        for label in np.flatnonzero(self.pending > self.limit).tolist():
            own = draws[labels == label]
            self.highest[label] = np.partition(own, self.limit - 1)[self.limit - 1]
        fits = draws <= self.highest[labels]
        self.keys, self.places, self.labels = [keys[fits]], [places[fits]], [labels[fits]]
        self.pending = np.bincount(self.labels[0], minlength=self.n_classes).astype(np.int64)

    def result(self) -> tuple[Integers, Integers]:
        """Return keys and places of the pixels kept, (n,) each."""
        if not self.keys:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        if (self.pending > self.limit).any():
            self._prune()
        return np.concatenate(self.keys), np.concatenate(self.places).astype(np.int64)
