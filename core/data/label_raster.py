"""Samples of a label raster: every pixel with a class value, read tile by tile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ..errors import SamplesError
from ..job import SamplesInput
from ..progress import Progress, silent
from .aligned_reader import AlignedReader
from .class_field import check_values, shown
from .classes import HIGHEST_VALUE, LandClass, class_list
from .grid import Grid
from .hashing import uniform
from .raster_io import inspect
from .sample_set import SampleSet, pixel_keys, thinning_note
from .windows import Window, iter_tiles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .sample_set import Integers

_TILE = 1024  # pixels
PLACE_SIDE = 32  # pixels: a label raster has no polygons; its places are cells of this side


def raster_samples(
    spec: SamplesInput, grid: Grid, classes: tuple[LandClass, ...], progress: Progress, limit_per_class: int
) -> SampleSet:
    """Read the samples of a label raster, see `samples.read_samples`."""
    chosen = classes or raster_classes(spec, grid, progress.part(0.0, 0.5))
    kept = _Thinned(chosen, limit_per_class)
    for number, (window, values) in enumerate(_label_tiles(spec, grid)):
        progress.check()
        if number % 16 == 0:
            progress(0.5 + 0.5 * window.row / grid.rows, "Reading the label raster")
        kept.add(window, values)
    return _sample_set(kept, chosen, grid, spec.path)


def raster_classes(
    spec: SamplesInput, grid: Grid | None = None, progress: Progress = silent
) -> tuple[LandClass, ...]:
    """Return the classes of a label raster: its distinct values on `grid` (None: on its own), and its names.

    Raises `SamplesError` where no pixel has a class and `ClassesError` for values outside 0 to 65535.
    """
    info = inspect(spec.path)
    grid = grid or info.grid
    found: set[int] = set()
    for window, values in _label_tiles(spec, grid):
        progress(window.row / grid.rows, "Finding the classes of the label raster")
        found |= set(np.unique(values).tolist())
    check_values(found, spec.path)
    if not found - {0}:
        raise _nothing_labelled(spec.path)
    names = {i: name for i, name in enumerate(info.category_names) if name}
    colors = dict(enumerate(info.color_table))
    return tuple(replace(c, color=colors.get(c.value, c.color)) for c in class_list(found, names))


def _label_tiles(spec: SamplesInput, grid: Grid) -> Iterator[tuple[Window, Integers]]:
    """Yield windows with their class values, (height, width); 0 where there is none."""
    with AlignedReader(spec.path, [1], grid, "nearest") as reader:
        for window in iter_tiles(grid.rows, grid.cols, _TILE):
            values = reader.read(window)[0]
            values = np.where(np.isfinite(values), values, 0)
            _refuse_fractions(values, spec.path)
            yield window, values.astype(np.int64)


def _refuse_fractions(values: NDArray[np.float32], path: str) -> None:
    fractions = np.unique(values[values != np.floor(values)])
    if len(fractions):
        raise SamplesError(
            f"The label raster holds numbers with fractions ({shown([f'{v:g}' for v in fractions])}).",
            where=path,
            remedy="Choose a raster of class values, not of measurements.",
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

    Which ones follows from the position alone, not from the order of the tiles: of a class with too many,
    those whose hash lies below a threshold that is halved as often as needed.
    """

    classes: tuple[LandClass, ...]
    limit: int
    unlisted: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.index = np.full(HIGHEST_VALUE + 1, -1, dtype=np.int64)
        self.index[[c.value for c in self.classes]] = np.arange(len(self.classes))
        self.index[0] = -2
        self.share = np.ones(len(self.classes))
        self.rows: list[list[Integers]] = [[] for _ in self.classes]
        self.cols: list[list[Integers]] = [[] for _ in self.classes]
        self.sizes = np.zeros(len(self.classes), dtype=np.int64)

    def add(self, window: Window, values: Integers) -> None:
        listed = (values >= 0) & (values <= HIGHEST_VALUE)
        labels = np.where(listed, self.index[np.where(listed, values, 0)], -1)
        if (labels == -1).any():
            found, counts = np.unique(values[labels == -1], return_counts=True)
            self.unlisted.update(dict(zip(found.tolist(), counts.tolist())))
        rows, cols = np.nonzero(labels >= 0)
        labels = labels[rows, cols]
        for label in np.unique(labels).tolist():
            self._add_class(label, rows[labels == label] + window.row, cols[labels == label] + window.col)

    def _add_class(self, label: int, rows: Integers, cols: Integers) -> None:
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

    def notes(self) -> tuple[str, ...]:
        notes = []
        if self.unlisted:
            total, values = sum(self.unlisted.values()), sorted(self.unlisted)
            notes.append(f"{total} pixels ignored: {shown(values)} not in the class list.")
        many = [c for c, share in zip(self.classes, self.share.tolist()) if share < 1]
        if many:
            notes.append(thinning_note(many, self.limit))
        return tuple(notes)


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
    return SampleSet(rows, cols, labels, groups, places, classes, kept.notes(), "none")
