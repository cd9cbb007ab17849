"""A label raster divided into label rasters, window by window, so that its size does not matter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..job import Job, SamplesInput
from ..progress import Progress
from .aligned_reader import AlignedReader
from .class_numbers import number_in_samples
from .classes import LandClass, classes_from_json, palette_color
from .gap import within_gap
from .grid import Grid
from .groups import assign_groups, block_groups, block_side
from .hashing import uniform
from .raster_output import create_class_map
from .sample_set import SampleSet
from .samples import drop_invalid, read_samples
from .split_grid import SplitGrid
from .split_parts import NEITHER, TEST, TRAINING, fold_numbers, training_and_test
from .stack import Stack
from .windows import Window, iter_tiles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .sample_set import Integers

_TILE = 512  # pixels


@dataclass(frozen=True, eq=False)
class BlockParts:
    """The part of each block of a label raster, known for those that hold samples, computed for the rest.

    `side`: of the blocks, in pixels. `known`: key of a block -> part. `draw`: keys (n,) -> parts (n,).
    """

    side: int
    known: Mapping[int, int]
    draw: Callable[[Integers], Integers]

    def of(self, rows: Integers, cols: Integers) -> Integers:
        """Return the part of pixels, (n,)."""
        if not len(rows):
            return np.zeros(0, np.int64)
        keys, members = np.unique(block_groups(rows, cols, self.side), return_inverse=True)
        drawn = self.draw(keys)
        parts = [self.known.get(key, part) for key, part in zip(keys.tolist(), drawn.tolist())]
        return np.array(parts, dtype=np.int64)[members.reshape(-1)]


@dataclass(frozen=True, eq=False)
class LabelTile:
    """A window of a label raster with `labels` (H, W), 0 = none, and per labelled pixel its part (n,).

    `rows`, `cols` (n,): the labelled pixels, counted in the grid; `near` (n,): closer than the gap to a pixel
    of another part; `usable` (n,): valid in the sources.
    """

    window: Window
    labels: Integers
    rows: Integers
    cols: Integers
    parts: Integers
    near: NDArray[np.bool_]
    usable: NDArray[np.bool_]

    @cached_property
    def final(self) -> Integers:
        """The part of every labelled pixel, (n,); training pixels in the gap and those without data: none."""
        lost = ~self.usable | (self.near & (self.parts == TRAINING))
        return np.where(lost, NEITHER, self.parts)

    def picture(self, values: Integers, chosen: NDArray[np.bool_]) -> Integers:
        """Return values (n,) of the chosen pixels as an array (H, W), 0 elsewhere."""
        out = np.zeros(self.labels.shape, np.int64)
        rows, cols = self.rows[chosen] - self.window.row, self.cols[chosen] - self.window.col
        out[rows, cols] = values[chosen]
        return out

    def values(self) -> Integers:
        """Return the class value of every labelled pixel, (n,)."""
        return self.labels[self.rows - self.window.row, self.cols - self.window.col]


@dataclass(frozen=True)
class LabelSource:
    """A label raster and the classes its values mean."""

    spec: SamplesInput
    classes: Sequence[LandClass]


def label_tiles(
    source: LabelSource, blocks: BlockParts, stack: Stack, gap: int, progress: Progress
) -> Iterator[LabelTile]:
    """Yield the windows of a label raster with the part of each pixel.

    Distances count all labelled pixels around the window, those without data in the sources too.
    """
    grid = stack.grid
    with AlignedReader(source.spec.path, [1], grid, "nearest") as reader:
        for window in iter_tiles(grid.rows, grid.cols, _TILE):
            progress(window.row / grid.rows, "Dividing the label raster")
            around = window.padded(gap, grid.rows, grid.cols)
            labels = _class_values(reader.read(around)[0], source)
            yield _tile(labels, window, around, blocks, stack, gap)


def _tile(
    labels: Integers, window: Window, around: Window, blocks: BlockParts, stack: Stack, gap: int
) -> LabelTile:
    rows, cols = (v.astype(np.int64) for v in np.nonzero(labels))
    rows, cols = rows + around.row, cols + around.col
    parts = blocks.of(rows, cols)
    inside = (rows >= window.row) & (rows < window.row_stop)
    inside &= (cols >= window.col) & (cols < window.col_stop)
    near = np.zeros(int(inside.sum()), dtype=bool)
    own = parts[inside]
    for part in np.unique(own).tolist():
        mine, others = inside & (parts == part), parts != part
        near[own == part] = within_gap(rows[mine], cols[mine], rows[others], cols[others], gap)
    rows, cols = rows[inside], cols[inside]
    top, left = window.row - around.row, window.col - around.col
    cut = labels[top : top + window.height, left : left + window.width]
    usable = np.zeros(0, dtype=bool)
    if len(rows):
        usable = stack.valid(window)[rows - window.row, cols - window.col]
    return LabelTile(window, cut, rows, cols, own, near, usable)


def _class_values(values: NDArray[np.float32], source: LabelSource) -> Integers:
    """Return the class value of each pixel (H, W), 0 for what is not in the list."""
    spec, classes = source.spec, source.classes
    numbers = np.array([number_in_samples(c, spec.zero, spec.renumber) for c in classes])
    order = np.argsort(numbers)
    numbers, targets = numbers[order], np.array([c.value for c in classes], dtype=np.int64)[order]
    found = np.where(np.isfinite(values), values, numbers[0] - 1)
    at = np.minimum(np.searchsorted(numbers, found), len(numbers) - 1)
    return np.where(numbers[at] == found, targets[at], 0)


def fold_classes(folds: int) -> tuple[LandClass, ...]:
    """Return the values of a raster of folds: 1 to `folds`, then always training."""
    names = [*(f"fold {i}" for i in range(1, folds + 1)), "always training"]
    return tuple(LandClass(i, name, palette_color(i - 1)) for i, name in enumerate(names, 1))


@dataclass(frozen=True)
class RasterTask:
    """One raster to write: `values` gives the pixels (H, W) of a tile, `classes` their names and colours."""

    path: str
    classes: Sequence[LandClass]
    values: Callable[[LabelTile], Integers]


def split_raster(job: Job, chosen: SplitGrid, stack: Stack, progress: Progress) -> Counter[int]:
    """Divide a label raster and write the outputs of the job; return the pixels of each part.

    Blocks are divided by an even selection of the labelled pixels; then every pixel is put into its block's
    part. Pixels without data in the sources go to none.
    """
    spec = job.samples
    if spec is None:
        raise ValueError("a job that splits samples has samples")
    grid, seed = chosen.grid, int(job.parameters["seed"])
    every = read_samples(spec, grid, classes_from_json(job.classes), progress.part(0.0, 0.2))
    samples = drop_invalid(every, stack, progress.part(0.2, 0.4))
    side = block_side(samples, chosen.gap, *grid.shape)
    samples = assign_groups(samples, chosen.gap, *grid.shape)
    numbers = training_and_test(job, samples, chosen.gap, progress)
    numbers[numbers == NEITHER] = TRAINING  # of their block; the gap is found again pixel by pixel
    fraction, count = float(job.parameters["test_fraction"]), int(job.parameters["folds"])
    parts = _blocks(
        side, samples, numbers, lambda keys: np.where(uniform(keys, seed) < fraction, TEST, TRAINING)
    )
    tasks, source = _part_tasks(job, samples.classes), LabelSource(spec, samples.classes)
    tiles = label_tiles(source, parts, stack, chosen.gap, progress.part(0.4, 0.8))
    counts = write_rasters(tiles, grid, tasks)
    if "fold_labels" in job.outputs:
        folds = fold_numbers(job, samples, chosen.gap)
        blocks = _blocks(side, samples, folds, lambda keys: 1 + np.floor(uniform(keys, seed) * count))
        tiles = label_tiles(source, blocks, stack, 0, progress.part(0.8, 1.0))
        task = RasterTask(job.outputs["fold_labels"], fold_classes(count), _fold_values)
        write_rasters(tiles, grid, [task])
    return counts


def _blocks(
    side: int, samples: SampleSet, numbers: Integers, draw: Callable[[Integers], NDArray[Any]]
) -> BlockParts:
    keys, first = np.unique(samples.groups, return_index=True)
    return BlockParts(side, dict(zip(keys.tolist(), numbers[first].tolist())), draw)


def _part_tasks(job: Job, classes: Sequence[LandClass]) -> list[RasterTask]:
    wanted = (("training_labels", TRAINING), ("test_labels", TEST))
    return [
        RasterTask(job.outputs[name], classes, partial(_part_values, part))
        for name, part in wanted
        if name in job.outputs
    ]


def _part_values(part: int, tile: LabelTile) -> Integers:
    return tile.picture(tile.values(), tile.final == part)


def _fold_values(tile: LabelTile) -> Integers:
    return tile.picture(tile.parts, tile.usable)


def write_rasters(tiles: Iterator[LabelTile], grid: Grid, tasks: Sequence[RasterTask]) -> Counter[int]:
    """Write all rasters in one pass and return the pixels of each part. Raises `OutputError`."""
    total: Counter[int] = Counter()
    with ExitStack() as stack:
        outputs = [stack.enter_context(create_class_map(t.path, grid, t.classes)) for t in tasks]
        for tile in tiles:
            total.update(tile.final.tolist())
            for task, output in zip(tasks, outputs):
                output.write(tile.window, task.values(tile))
    return total
