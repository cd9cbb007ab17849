"""Samples of a label raster: every pixel with a class value, read tile by tile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..errors import ClassesError, SamplesError
from ..job import SamplesInput
from ..progress import Progress, silent
from .aligned_reader import AlignedReader
from .class_numbers import (
    class_numbers,
    number_in_samples,
    number_notes,
    numbered_classes,
    shown,
    zero_note,
)
from .classes import LandClass
from .grid import Grid
from .hashing import uniform
from .raster_description import inspect
from .sample_set import SampleSet, pixel_keys, thinning_note
from .windows import Window, iter_tiles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .sample_set import Integers

_TILE = 1024  # pixels
_NOTHING = -(2**62)  # stands for a pixel without data
_LARGEST = 2**24  # whole numbers up to here are exact as float32, which rasters are read as
PLACE_SIDE = 32  # pixels: a label raster has no polygons; its places are cells of this side


def raster_samples(
    spec: SamplesInput, grid: Grid, classes: tuple[LandClass, ...], progress: Progress, limit_per_class: int
) -> SampleSet:
    """Read the samples of a label raster, see `samples.read_samples`."""
    chosen = classes or raster_classes(spec, grid, progress.part(0.0, 0.5))
    kept = _Thinned(chosen, [number_in_samples(c, spec.zero, spec.renumber) for c in chosen], limit_per_class)
    with AlignedReader(spec.path, [1], grid, "nearest") as reader:
        notes = _resampling_notes(reader)
        for number, (window, values) in enumerate(_label_tiles(reader)):
            progress.check()
            if number % 16 == 0:
                progress(0.5 + 0.5 * window.row / grid.rows, "Reading the label raster")
            kept.add(window, values)
    notes += [*kept.zero_notes(spec.zero), *number_notes(chosen, spec.renumber), *kept.notes()]
    return _sample_set(kept, chosen, grid, spec.path).with_notes(*notes)


def raster_classes(
    spec: SamplesInput, grid: Grid | None = None, progress: Progress = silent
) -> tuple[LandClass, ...]:
    """Return the classes of a label raster: its distinct values on `grid` (None: on its own), and its names.

    Raises `SamplesError` where no pixel has a class and `ClassesError` for values that a map cannot hold.
    """
    info = inspect(spec.path)
    grid = grid or info.grid
    found: set[int] = set()
    with AlignedReader(info, [1], grid, "nearest") as reader:
        for window, values in _label_tiles(reader):
            progress(window.row / grid.rows, "Finding the classes of the label raster")
            found |= set(np.unique(values).tolist())
    found -= {_NOTHING} if spec.zero == "class" else {_NOTHING, 0}
    if not found:
        raise _nothing_labelled(spec.path)
    names = {i: name for i, name in enumerate(info.category_names) if name}
    numbers = class_numbers(found, spec.renumber, spec.path)
    return numbered_classes(numbers, names, dict(enumerate(info.color_table)))


def _label_tiles(reader: AlignedReader) -> Iterator[tuple[Window, Integers]]:
    """Yield windows with their numbers, (height, width); `_NOTHING` where there is no data."""
    path = reader.info.path
    for window in iter_tiles(*reader.grid.shape, _TILE):
        values = reader.read(window)[0]
        known = np.isfinite(values)
        _refuse_fractions(values[known], path)
        _refuse_huge(values[known], path)
        yield window, np.where(known, values, _NOTHING).astype(np.int64)


def _resampling_notes(reader: AlignedReader) -> list[str]:
    """Tell that the labels lie in another grid than the map."""
    if not reader.resampling:
        return []
    size, own = reader.info.grid.pixel_metres, reader.grid.pixel_metres
    grids = f"The label raster ({size:.4g} m) does not lie on the grid of {own:.4g} m pixels"
    return [f"{grids}: each pixel takes the label at its centre."]


def _refuse_fractions(values: NDArray[np.float32], path: str) -> None:
    fractions = np.unique(values[values != np.floor(values)])
    if len(fractions):
        raise SamplesError(
            f"The label raster holds numbers with fractions ({shown([f'{v:g}' for v in fractions])}).",
            where=path,
            remedy="Choose a raster of class values, not of measurements.",
        )


def _refuse_huge(values: NDArray[np.float32], path: str) -> None:
    largest = np.abs(values).max() if len(values) else 0.0
    if largest > _LARGEST:
        raise ClassesError(
            f"The label raster holds {largest:.0f}; numbers above {_LARGEST} cannot be told apart.",
            where=path,
            remedy="Choose a raster of class values, or reclassify it to smaller ones.",
        )


def _nothing_labelled(path: str) -> SamplesError:
    return SamplesError(
        "The label raster has no labelled pixel inside the common area of the sources.",
        where=path,
        remedy="Check that labels and rasters show the same place; 0 and nodata mean unlabelled.",
    )


@dataclass
class _Thinned:
    """Collects labelled pixels and keeps at most `limit` of each class, chosen evenly over the scene.

    `numbers`: how the raster names each class. Which pixels are kept follows from the position alone, not
    from the order of the tiles: of a class with too many, those whose hash lies below a threshold that is
    halved as often as needed.
    """

    classes: tuple[LandClass, ...]
    numbers: Sequence[int]
    limit: int
    unlisted: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.order = np.argsort(np.array(self.numbers, dtype=np.int64), kind="stable")
        self.sorted = np.array(self.numbers, dtype=np.int64)[self.order]
        self.share = np.ones(len(self.classes))
        self.rows: list[list[Integers]] = [[] for _ in self.classes]
        self.cols: list[list[Integers]] = [[] for _ in self.classes]
        self.totals = np.zeros(len(self.classes), dtype=np.int64)
        self.sizes = np.zeros(len(self.classes), dtype=np.int64)

    def add(self, window: Window, values: Integers) -> None:
        at = np.minimum(np.searchsorted(self.sorted, values), len(self.sorted) - 1)
        labels = np.where(self.sorted[at] == values, self.order[at], -1)
        left_over = values[(labels == -1) & (values != _NOTHING)]
        if len(left_over):
            found, counts = np.unique(left_over, return_counts=True)
            self.unlisted.update(dict(zip(found.tolist(), counts.tolist())))
        rows, cols = np.nonzero(labels >= 0)
        labels = labels[rows, cols]
        for label in np.unique(labels).tolist():
            self._add_class(label, rows[labels == label] + window.row, cols[labels == label] + window.col)

    def _add_class(self, label: int, rows: Integers, cols: Integers) -> None:
        self.totals[label] += len(rows)
        self.rows[label].append(rows.astype(np.int64))
        self.cols[label].append(cols.astype(np.int64))
        if self.share[label] < 1:
            self._keep(label, slice(-1, None))
        self.sizes[label] += len(self.rows[label][-1])
        while self.sizes[label] > self.limit:
            self.share[label] /= 2
            self._keep(label, slice(0, None))
            self.sizes[label] = sum(len(r) for r in self.rows[label])

    def _keep(self, label: int, pieces: slice) -> None:
        for i in range(len(self.rows[label]))[pieces]:
            rows, cols = self.rows[label][i], self.cols[label][i]
            kept = uniform(pixel_keys(rows, cols), 0) < self.share[label]
            self.rows[label][i], self.cols[label][i] = rows[kept], cols[kept]

    def zero_notes(self, zero: str) -> list[str]:
        """Tell how many pixels are 0, which is unlabelled unless `zero` says otherwise."""
        count = self.unlisted.pop(0, 0) if zero != "class" else 0
        return [zero_note(_pixels(count), count > 1)] if count else []

    def notes(self) -> list[str]:
        """Tell what was left out beside."""
        notes = []
        if self.unlisted:
            total, values = sum(self.unlisted.values()), sorted(self.unlisted)
            notes.append(f"{_pixels(total)} ignored: {shown(values)} not in the class list.")
        many = [c for c, share in zip(self.classes, self.share.tolist()) if share < 1]
        if many:
            notes.append(thinning_note(many, self.limit))
        return notes


def _pixels(count: int) -> str:
    return "1 pixel" if count == 1 else f"{count} pixels"


def _sample_set(kept: _Thinned, classes: tuple[LandClass, ...], grid: Grid, path: str) -> SampleSet:
    rows = np.concatenate([np.zeros(0, np.int64), *(r for part in kept.rows for r in part)])
    cols = np.concatenate([np.zeros(0, np.int64), *(c for part in kept.cols for c in part)])
    labels = np.repeat(np.arange(len(classes)), kept.sizes)
    if not len(rows):
        raise _nothing_labelled(path)
    order = np.argsort(rows * np.int64(grid.cols) + cols, kind="stable")
    rows, cols, labels = rows[order], cols[order], labels[order].astype(np.int64)
    across = -(-grid.cols // PLACE_SIDE)
    cells = ((rows // PLACE_SIDE) * across + cols // PLACE_SIDE) * len(classes) + labels
    places = np.unique(cells, return_inverse=True)[1].reshape(-1).astype(np.int64)
    groups = pixel_keys(rows // PLACE_SIDE, cols // PLACE_SIDE)
    totals = tuple(kept.totals.tolist()) if (kept.share < 1).any() else ()
    return SampleSet(rows, cols, labels, groups, places, classes, unit="none", totals=totals)
