"""Groups: the samples that a split keeps on one side. A field, merged polygons, or square blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from .sample_set import SampleSet, first_pixel_keys, pixel_keys

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .sample_set import Integers

ENOUGH_BLOCKS = 8  # a class should be spread over about as many, so that a quarter of them is two
_SMALLEST_BLOCK = 8  # pixels
_LARGEST_BLOCK = 8  # times the smallest: beyond, hardly more is saved from the gap
_PIXEL_PAIRS = 1_000_000  # compared at once
_TOO_MUCH = 0.25  # of a class in one group of merged polygons: then it is divided if it can be
_BLOCK_FLAG = np.int64(1) << 62  # tells the key of a block from that of a polygon


def assign_groups(samples: SampleSet, gap_px: int, rows: int, cols: int) -> SampleSet:
    """Return the samples with the groups that splits use; the notes say which.

    A group field is taken as it is. Polygons nearer than the gap are merged; a group that is larger than a
    block and without which a class could not stand on both sides of a split is divided into blocks. Samples
    of a label raster are grouped in blocks. `gap_px` in pixels; `rows`, `cols`: size of the grid.
    """
    if samples.unit == "field" or not len(samples):
        return samples
    side = block_side(samples, gap_px, rows, cols)
    blocks = block_groups(samples.rows, samples.cols, side)
    if samples.unit == "none":
        note = f"Samples are grouped in {len(np.unique(blocks))} blocks of {side} x {side} pixels."
        return replace(samples, groups=blocks, unit="block").with_notes(note)
    merged = merge_groups(samples, gap_px)
    divided = _to_divide(samples, merged, side)
    groups = np.where(divided, blocks, merged)
    return replace(samples, groups=groups, unit="merged").with_notes(
        *_merge_notes(samples, merged, divided, gap_px, side)
    )


def block_groups(rows: Integers, cols: Integers, block_px: int) -> Integers:
    """Return the key of the square block of side `block_px` that each pixel lies in, (n,).

    Blocks are counted from the corner of the grid; the key is the block's position.
    """
    centre = block_px // 2
    keys = pixel_keys(rows // block_px * block_px + centre, cols // block_px * block_px + centre)
    return keys | _BLOCK_FLAG


def group_place(key: int) -> str:
    """Return a group's key as text: the row and column of its first pixel, or of the centre of its block."""
    place = key & ~int(_BLOCK_FLAG)
    kind = "block at " if key & int(_BLOCK_FLAG) else ""
    return f"{kind}row {place >> 31}, column {place & (2**31 - 1)}"


def block_side(samples: SampleSet, gap_px: int, rows: int, cols: int) -> int:
    """Return the side of blocks in pixels: twice the gap times 1, 2, 4 or 8.

    The largest with which every class that is spread widely enough still has about eight blocks, so that
    little is lost to the gap between them. A class counts a block by its share of the class (the inverse of
    Simpson's index), so that slivers do not count as whole blocks.
    """
    side = max(2 * gap_px, _SMALLEST_BLOCK)
    cells = _Cells.of(samples, side)
    spread = cells.spread(len(samples.classes))
    wanted = np.where(spread >= ENOUGH_BLOCKS, ENOUGH_BLOCKS, np.minimum(spread, 2.0))
    largest = min(_LARGEST_BLOCK * side, max(rows, cols))
    while 2 * side <= largest:
        cells = cells.coarser()
        if (cells.spread(len(samples.classes)) < wanted).any():
            break
        side *= 2
    return side


@dataclass(frozen=True)
class _Cells:
    """Pixels of each class in each occupied cell of a lattice; all arrays (m,)."""

    rows: Integers
    cols: Integers
    labels: Integers
    counts: NDArray[np.float64]

    @classmethod
    def of(cls, samples: SampleSet, side: int) -> _Cells:
        ones = np.ones(len(samples))
        return cls(samples.rows // side, samples.cols // side, samples.labels, ones)._summed()

    def coarser(self) -> _Cells:
        return _Cells(self.rows // 2, self.cols // 2, self.labels, self.counts)._summed()

    def _summed(self) -> _Cells:
        keys = pixel_keys(self.rows, self.cols)
        order = np.lexsort((self.labels, keys))
        keys, labels = keys[order], self.labels[order]
        new = np.r_[True, (keys[1:] != keys[:-1]) | (labels[1:] != labels[:-1])]
        starts = np.flatnonzero(new)
        first = order[starts]
        counts = np.add.reduceat(self.counts[order], starts)
        return _Cells(self.rows[first], self.cols[first], self.labels[first], counts)

    def spread(self, n_classes: int) -> NDArray[np.float64]:
        """Return over how many cells each class is spread, (K,); 0 for a class without pixels."""
        total = np.bincount(self.labels, self.counts, n_classes)
        squares = np.bincount(self.labels, self.counts**2, n_classes)
        return np.where(squares > 0, total**2 / np.maximum(squares, 1e-9), 0.0)


def merge_groups(samples: SampleSet, gap_px: int) -> Integers:
    """Return the key of the merged group of each pixel, (n,): places with pixels closer than the gap are one.

    Exact for Chebyshev distances, without comparing all pairs: pixels in one cell of side `gap_px` are always
    closer than the gap, those two cells apart never. The key is that of the group's first pixel.
    """
    side = max(gap_px, 1)
    cell_keys, cells = np.unique(pixel_keys(samples.rows // side, samples.cols // side), return_inverse=True)
    _, places = np.unique(samples.places, return_inverse=True)
    cells, places = cells.reshape(-1).astype(np.int64), places.reshape(-1).astype(np.int64)
    members = np.unique(np.stack([places + len(cell_keys), cells]), axis=1)  # nodes: cells, then places
    found = _Linked(len(cell_keys) + int(places.max()) + 1 if len(places) else 0)
    found.link(members[0], members[1])
    if gap_px > 1:
        _link_neighbours(found, samples, cells, cell_keys, gap_px)
    return first_pixel_keys(samples.rows, samples.cols, found.roots[cells])


class _Linked:
    """Sets of nodes that have been linked (union-find on arrays); `roots` (n,) names the set of each node."""

    def __init__(self, n_nodes: int) -> None:
        self.roots = np.arange(n_nodes, dtype=np.int64)

    def link(self, one: Integers, other: Integers) -> None:
        """Link pairs of nodes; the root of a set is its lowest node."""
        while True:
            low, high = self.roots[one], self.roots[other]
            apart = low != high
            if not apart.any():
                return
            one, other, low, high = one[apart], other[apart], low[apart], high[apart]
            np.minimum.at(self.roots, np.maximum(low, high), np.minimum(low, high))
            self._flatten()

    def _flatten(self) -> None:
        while True:
            above = self.roots[self.roots]
            if (above == self.roots).all():
                return
            self.roots = above


def _link_neighbours(
    found: _Linked, samples: SampleSet, cells: Integers, cell_keys: Integers, gap_px: int
) -> None:
    """Link neighbouring cells that hold pixels closer than the gap."""
    extremes = _extremes(samples, cells, len(cell_keys))
    for d_row, d_col in ((0, 1), (1, 0)):
        one, other = _neighbours(cell_keys, d_row, d_col)
        if d_row:
            near = extremes.top[other] - extremes.bottom[one] < gap_px
        else:
            near = extremes.left[other] - extremes.right[one] < gap_px
        found.link(one[near], other[near])
    order = np.argsort(cells, kind="stable")
    starts = np.searchsorted(cells[order], np.arange(len(cell_keys) + 1))
    for d_col in (1, -1):
        one, other = _neighbours(cell_keys, 1, d_col)
        left, right = (one, other) if d_col > 0 else (other, one)
        near = (extremes.top[other] - extremes.bottom[one] < gap_px) & (
            extremes.left[right] - extremes.right[left] < gap_px
        )
        near &= found.roots[one] != found.roots[other]
        for pairs in _portions(one[near], other[near], np.diff(starts)):
            close = _any_close(samples, order, starts, pairs, gap_px)
            found.link(pairs[0][close], pairs[1][close])


def _portions(one: Integers, other: Integers, sizes: Integers) -> Iterator[tuple[Integers, Integers]]:
    """Yield pairs of cells in portions with a bounded number of pixel pairs (at least one pair of cells)."""
    work = np.cumsum(sizes[one] * sizes[other])
    start = 0
    while start < len(one):
        done = work[start - 1] if start else 0
        stop = max(int(np.searchsorted(work, done + _PIXEL_PAIRS, side="right")), start + 1)
        yield one[start:stop], other[start:stop]
        start = stop


def _any_close(
    samples: SampleSet, order: Integers, starts: Integers, pairs: tuple[Integers, Integers], gap_px: int
) -> NDArray[np.bool_]:
    """Return for each pair of cells whether a pixel of one is closer than the gap to one of the other, (m,).

    The pixels of cell i are `order[starts[i]:starts[i + 1]]`.
    """
    one, other = pairs
    height, width = starts[one + 1] - starts[one], starts[other + 1] - starts[other]
    number = np.repeat(np.arange(len(one)), height * width)
    first = np.cumsum(height * width) - height * width
    row, col = np.divmod(np.arange(len(number)) - first[number], width[number])
    a, b = order[starts[one][number] + row], order[starts[other][number] + col]
    close = np.abs(samples.rows[a] - samples.rows[b]) < gap_px
    close &= np.abs(samples.cols[a] - samples.cols[b]) < gap_px
    return np.bincount(number[close], minlength=len(one)) > 0


@dataclass(frozen=True)
class _Extremes:
    """First and last row and column of the pixels in each cell; all arrays (m,)."""

    top: Integers
    bottom: Integers
    left: Integers
    right: Integers


def _extremes(samples: SampleSet, members: Integers, count: int) -> _Extremes:
    order = np.argsort(members, kind="stable")
    starts = np.searchsorted(members[order], np.arange(count))
    rows, cols = samples.rows[order], samples.cols[order]
    return _Extremes(
        np.minimum.reduceat(rows, starts),
        np.maximum.reduceat(rows, starts),
        np.minimum.reduceat(cols, starts),
        np.maximum.reduceat(cols, starts),
    )


def _neighbours(cell_keys: Integers, d_row: int, d_col: int) -> tuple[Integers, Integers]:
    """Return pairs of indexes of occupied cells where the second lies (d_row, d_col) from the first."""
    rows, cols = cell_keys >> 31, cell_keys & (2**31 - 1)
    wanted = np.where(cols + d_col >= 0, pixel_keys(rows + d_row, cols + d_col), -1)
    at = np.minimum(np.searchsorted(cell_keys, wanted), len(cell_keys) - 1)
    there = np.flatnonzero(cell_keys[at] == wanted)
    return there, at[there].astype(np.int64)


def _to_divide(samples: SampleSet, merged: Integers, side: int) -> NDArray[np.bool_]:
    """Return the pixels of groups that are to be divided into blocks, (n,).

    Groups larger than a block that hold all pixels of a class or, when made of several polygons, much of one.
    """
    _, members = np.unique(merged, return_inverse=True)
    members = members.reshape(-1).astype(np.int64)
    count, n_classes = int(members.max()) + 1, len(samples.classes)
    box = _extremes(samples, members, count)
    large = np.maximum(box.bottom - box.top, box.right - box.left) >= side
    pixels = np.bincount(members * n_classes + samples.labels, minlength=count * n_classes)
    share = (pixels.reshape(count, n_classes) / np.maximum(samples.counts(), 1)).max(axis=1)
    pairs = np.unique(np.stack([members, samples.places]), axis=1)[0]
    several = np.bincount(pairs, minlength=count) > 1
    return (large & ((share == 1) | (several & (share > _TOO_MUCH))))[members]


def _merge_notes(
    samples: SampleSet, merged: Integers, divided: NDArray[np.bool_], gap_px: int, side: int
) -> list[str]:
    n_places, n_groups = len(np.unique(samples.places)), len(np.unique(merged))
    notes = []
    if n_groups < n_places:
        notes.append(
            f"Areas closer together than the gap of {gap_px} pixels stay on one side: {n_places} areas make "
            f"{_counted(n_groups, 'group')}."
        )
    if divided.any():
        count = len(np.unique(merged[divided]))
        notes.append(
            f"{_counted(count, 'group')} with all or much of a class divided into blocks of "
            f"{side} x {side} pixels."
        )
    return notes


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
