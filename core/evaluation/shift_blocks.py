"""Measuring the shift between two sources: blocks spread over the scene, read on a common grid."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..data.coordinates import make_grid, transform_bounds
from ..data.decimated import read_coarse
from ..data.grid import Bounds, Grid
from ..data.modalities import Modality
from ..data.stack import Stack
from ..data.windows import Window
from ..progress import Progress, silent
from .shift import MARGIN, Estimate, block_surface, edge_field, estimate

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FINER = 4  # times finer than the coarser source: what lies between its pixels tells nothing more
_BLOCK, _BLOCKS = 128, 5  # side of a block in pixels; blocks along a side of the scene at most
_SMALL_BLOCK = 16
_SMALL_BLOCKS = 4  # blocks along a side of a small scene
_REACH = 32  # pixels; the largest shift that is looked for
_BANDS = 4  # of a source, spread over all
_AROUND = 16  # pixels around a block that is shown
_AVERAGE_UP_TO = 4.0  # times finer than the grid; a finer source is sampled instead of averaged


@dataclass(frozen=True)
class Side:
    """One of two sources that are compared: a modality, or one `file` of it."""

    modality: Modality
    file: str = ""

    @property
    def name(self) -> str:
        """The name in messages: "sar", or "optical (a.tif)"."""
        return f"{self.modality.key} ({self.file})" if self.file else self.modality.key


@dataclass(frozen=True)
class MeasuredShift:
    """How far `second` lies beside `first`: metres east and north, map units where there is no CRS.

    `error` and `reach` (the largest shift looked for) in the same unit. `estimate` in pixels of `grid`, None
    where the images have nothing in common. `block`: the part of the grid with most edges in both.
    """

    first: Side
    second: Side
    grid: Grid
    reach: float
    estimate: Estimate | None
    block: Window

    @property
    def sure(self) -> bool:
        """Whether the shift can be told."""
        return self.estimate is not None and self.estimate.sure

    @property
    def east(self) -> float:
        """Metres (map units) to the east, or to the right; NaN where not measured."""
        return self.estimate.cols * self.grid.metres[0] if self.estimate else math.nan

    @property
    def north(self) -> float:
        """Metres (map units) to the north, or upwards; NaN where not measured."""
        return -self.estimate.rows * self.grid.metres[1] if self.estimate else math.nan

    @property
    def length(self) -> float:
        """Length of the shift in metres (map units)."""
        return math.hypot(self.east, self.north)

    @property
    def error(self) -> float:
        """Standard error in metres (map units)."""
        return self.estimate.error * self.grid.pixel_metres if self.estimate else math.inf


def measure_shift(first: Side, second: Side, progress: Progress = silent) -> MeasuredShift | None:
    """Compare the edges of two sources; None where they meet in too few pixels.

    Raises `RasterReadError` and `AlignmentError`.
    """
    modalities = first.modality, second.modality
    grid = common_grid(*modalities)
    if grid is None:
        return None
    reach = min(_REACH, min(grid.shape) // 4)
    with ExitStack() as stack:
        readers = [stack.enter_context(EdgeReader(some_bands(m), grid)) for m in modalities]
        blocks, surfaces, edges = list(spread_blocks(grid)), [], []
        for number, block in enumerate(blocks):
            progress(number / len(blocks), f"Comparing {first.name} with {second.name}")
            window = block.padded(reach + MARGIN, *grid.shape)
            row, col = block.row - window.row, block.col - window.col
            inner = slice(row, row + block.height), slice(col, col + block.width)
            fields = [edge_field(reader.read(window)) for reader in readers]
            surfaces.append(block_surface(fields[0], fields[1], inner, reach))
            edges.append(min(float(np.abs(field[inner]).sum()) for field in fields))
    best = blocks[int(np.argmax(edges))]
    return MeasuredShift(first, second, grid, reach * grid.pixel_metres, estimate(surfaces), best)


def block_edges(shift: MeasuredShift) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the strength of the edges (H, W), 0 to 1, of both sources in and around the block of most edges.

    Raises `RasterReadError` and `AlignmentError`.
    """
    window = shift.block.padded(_AROUND, *shift.grid.shape)
    strengths = []
    for side in (shift.first, shift.second):
        with EdgeReader(some_bands(side.modality), shift.grid) as reader:
            strengths.append(np.abs(edge_field(reader.read(window))))
    return strengths[0], strengths[1]


def some_bands(modality: Modality) -> Modality:
    """Return the finest layer of a modality with a few of its bands, spread evenly, holes not filled."""
    rasters = min(modality.layers, key=lambda layer: layer[0].info.grid.pixel_metres)
    numbers = rasters[0].bands
    if len(numbers) > _BANDS:
        # Not the first and last: sensors are noisy at the ends of their range.
        steps = (np.arange(_BANDS) + 0.5) / _BANDS * len(numbers)
        numbers = tuple(numbers[int(step)] for step in steps)
    chosen = (replace(r, bands=numbers, layer=0, derived=(), speckle=0, fill=None) for r in rasters)
    return replace(modality, rasters=tuple(chosen))


def common_grid(first: Modality, second: Modality) -> Grid | None:
    """Return a grid where both are: the finer one's pixels, at most four times as fine as the coarser's."""
    grids = [some_bands(m).rasters[0].info.grid for m in (first, second)]
    fine, coarse = sorted(grids, key=lambda g: g.pixel_metres)
    here, there = (_bounds(some_bands(m), fine.crs) for m in (first, second))
    box = here.intersection(there)
    if box is None:
        return None
    step = max(1.0, coarse.pixel_metres / _FINER / fine.pixel_metres)
    width, height = (side * step for side in fine.pixel_size)
    corner = fine.bounds  # on its pixels, so that they are read as they are
    x = corner.x_min + math.ceil((box.x_min - corner.x_min) / width - 1e-6) * width
    y = corner.y_max - math.ceil((corner.y_max - box.y_max) / height - 1e-6) * height
    rows, cols = int((y - box.y_min) / height + 1e-6), int((box.x_max - x) / width + 1e-6)
    if min(rows, cols) < _SMALL_BLOCK * 2:
        return None
    return make_grid(fine.crs, (x, width, 0.0, y, 0.0, -height), rows, cols)


def _bounds(modality: Modality, crs: str) -> Bounds:
    boxes = [transform_bounds(r.info.grid.bounds, r.info.grid.crs, crs) for r in modality.rasters]
    return Bounds(
        min(b.x_min for b in boxes),
        min(b.y_min for b in boxes),
        max(b.x_max for b in boxes),
        max(b.y_max for b in boxes),
    )


def spread_blocks(grid: Grid) -> Iterator[Window]:
    """Yield blocks spread evenly over the grid; they cover it where it is small."""
    rows, cols = (_spans(length) for length in grid.shape)
    for row, height in rows:
        for col, width in cols:
            yield Window(row, col, height, width)


def _spans(length: int) -> list[tuple[int, int]]:
    """Return start and length of the blocks along one side."""
    count = min(_BLOCKS, max(_SMALL_BLOCKS, math.ceil(length / _BLOCK)))
    count = min(count, max(1, length // _SMALL_BLOCK))
    edges = [round(i * length / count) for i in range(count + 1)]
    spans = []
    for start, stop in zip(edges, edges[1:]):
        size = min(_BLOCK, stop - start)
        spans.append((start + (stop - start - size) // 2, size))
    return spans


class EdgeReader:
    """Reads a modality on the grid: resampled properly or, where it is very fine, thinly."""

    def __init__(self, modality: Modality, grid: Grid) -> None:
        self._modality, self._grid = modality, grid
        finer = grid.pixel_metres / modality.finest_metres
        self._stack = Stack({"": modality}, grid) if finer <= _AVERAGE_UP_TO else None

    def __enter__(self) -> EdgeReader:
        return self

    def __exit__(self, *error: object) -> None:
        if self._stack is not None:
            self._stack.close()

    def read(self, window: Window) -> NDArray[np.float32]:
        """Return a window (C, H, W)."""
        if self._stack is not None:
            return self._stack.read(window).data[""]
        n = int(_AVERAGE_UP_TO)
        part = self._grid.window(window)
        t = part.transform
        finer = (t[0], t[1] / n, 0.0, t[3], 0.0, t[5] / n)
        metres = part.metres[0] / n, part.metres[1] / n
        values = read_coarse(self._modality, Grid(part.crs, finer, part.rows * n, part.cols * n, metres))
        return values.reshape(len(values), part.rows, n, part.cols, n).mean(axis=(2, 4))
