"""The sources as digitising reads them: a view for region growing, and how many pixels of an area count."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ..errors import SamplesError
from ..job import GridRequest, RasterInput
from ..progress import Progress, silent
from .coordinates import transform_bounds
from .decimated import coarse_grid, read_coarse, thinned, valid_coarse
from .geometry_pixels import Shape, ShapeBatch, positions
from .grid import Bounds, Grid
from .grid_choice import choose_grid
from .modalities import Modality, describe_inputs
from .quantities import SAR
from .raster_io import crs_wkt, same_crs, transform_points
from .region_growing import grow, seed_distances, standardised
from .region_outline import smooth_outline
from .speckle import without_speckle
from .stack import Stack
from .vector_io import inner_point
from .windows import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Ring = NDArray[np.float64]

VIEW_PIXELS = 400  # longest side of what region growing reads
_VIEW_BANDS = 24  # of a raster; neighbouring bands of a spectrometer say nearly the same
_COUNT_PIXELS = 512  # longest side of what is looked at to count the pixels of an area


@dataclass(frozen=True, eq=False)
class ViewPixels:
    """A part of the sources ready for growing: `features` (C, H, W), `valid` (H, W) on `grid`.

    `step`: how many map pixels one of its pixels stands for.
    """

    grid: Grid
    features: Floats
    valid: NDArray[np.bool_]
    step: float


@dataclass(frozen=True)
class MapView:
    """What is on the screen: a rectangle in `crs` (WKT or code, "" for local coordinates)."""

    bounds: Bounds
    crs: str


@dataclass(frozen=True, eq=False)
class Region:
    """A grown region: its outline (n, 2), x and y in the CRS asked for, closed, and its map pixels."""

    outline: Ring
    n_pixels: int
    tolerance: float


@dataclass(frozen=True)
class AreaPixels:
    """How many map pixels an area covers, and how many of them have data in every source."""

    covered: int
    usable: int


class DigitisingScene:
    """The chosen sources on their common grid; for use by one thread at a time.

    Coordinates go in and out in the `crs` given with them (WKT or code; "" for local coordinates). Raises
    `RasterReadError`, `AlignmentError` or `BandError` for sources that cannot be used together.
    """

    def __init__(self, inputs: Mapping[str, Sequence[RasterInput]], request: GridRequest) -> None:
        self.modalities = describe_inputs(inputs)
        self.grid = choose_grid(self.modalities, request)[0]
        self._stack: Stack | None = None
        self._view: tuple[MapView, ViewPixels] | None = None
        self._distances: tuple[object, Floats] | None = None

    def close(self) -> None:
        """Close the files that are kept open."""
        if self._stack is not None:
            self._stack.close()
            self._stack = None

    @property
    def stack(self) -> Stack:
        """All bands of the sources on the grid, opened when first asked for and kept open."""
        if self._stack is None:
            self._stack = Stack(self.modalities, self.grid)
        return self._stack

    def pixel_at(self, x: float, y: float, crs: str) -> tuple[int, int] | None:
        """Return row and column of the map pixel at a place in `crs`, None beside the grid."""
        xs, ys = self._onto_grid([x], [y], crs)
        row, col = self.grid.position(float(xs[0]), float(ys[0]))
        inside = 0 <= row < self.grid.rows and 0 <= col < self.grid.cols
        return (math.floor(row), math.floor(col)) if inside else None

    def grow(
        self, seed: tuple[float, float], view: MapView, tolerance: float, progress: Progress = silent
    ) -> Region:
        """Return the region around `seed` (x, y in the CRS of `view`) within `view`.

        Pixels and distances are kept: another tolerance or seed in the same view is quick. Raises
        `SamplesError` where the seed has no data.
        """
        pixels = self._pixels_of_view(view, progress)
        x, y = self._onto_grid([seed[0]], [seed[1]], view.crs)
        row, col = (math.floor(v) for v in pixels.grid.position(float(x[0]), float(y[0])))
        if not (0 <= row < pixels.grid.rows and 0 <= col < pixels.grid.cols and pixels.valid[row, col]):
            raise no_data_here()
        key = (view, row, col)
        if self._distances is None or self._distances[0] != key:
            self._distances = key, seed_distances(pixels.features, pixels.valid, (row, col))
            progress.check()
        region = grow(self._distances[1], (row, col), tolerance)
        progress.check()
        outline = self._from_grid(pixels.grid, smooth_outline(region), view.crs)
        return Region(outline, round(int(region.sum()) * pixels.step), tolerance)

    def pixels_of(self, rings: Sequence[Sequence[Ring]], crs: str) -> AreaPixels:
        """Return the map pixels of an area; `rings`: closed rings per polygon, (n, 2) x and y in `crs`."""
        moved = [tuple(self._moved(ring, crs) for ring in polygon) for polygon in rings]
        window = _window_around(self.grid, np.concatenate([ring for polygon in moved for ring in polygon]))
        if window is None:
            return AreaPixels(0, 0)
        grid = coarse_grid(self.grid.window(window), _COUNT_PIXELS)
        batch = ShapeBatch()
        for outlines in moved:
            batch.add(Shape(2, outlines), 0)
        rows, cols, _ = batch.spans(grid, inner_point).pixels()
        valid = _on_grid(grid, self.grid)
        for modality in self.modalities.values():
            valid &= valid_coarse(thinned(modality), grid)
        step = window.height * window.width / (grid.rows * grid.cols)
        return AreaPixels(round(len(rows) * step), round(int(valid[rows, cols].sum()) * step))

    def _pixels_of_view(self, view: MapView, progress: Progress) -> ViewPixels:
        if self._view is None or self._view[0] != view:
            self._view = view, self._read_view(view, progress)
        return self._view[1]

    def _read_view(self, view: MapView, progress: Progress) -> ViewPixels:
        box = view.bounds
        if self._moves(view.crs):
            box = transform_bounds(box, crs_wkt(view.crs), self.grid.crs)
        corners = np.array([(x, y) for x in (box.x_min, box.x_max) for y in (box.y_min, box.y_max)])
        window = _window_around(self.grid, corners)
        window = window and _clipped(window, self.grid)
        if window is None:
            raise no_data_here()
        grid = coarse_grid(self.grid.window(window), VIEW_PIXELS)
        valid, data = np.ones(grid.shape, dtype=bool), {}
        for key, modality in self.modalities.items():
            progress.check()
            some = _with_few_bands(modality)
            data[key] = read_coarse(some, grid)
            valid &= some.plan.valid(data[key])
            if modality.quantity in SAR:
                data[key] = without_speckle(data[key])
        step = window.height * window.width / (grid.rows * grid.cols)
        return ViewPixels(grid, standardised(data, valid), valid, step)

    def _moves(self, crs: str) -> bool:
        """Whether coordinates in `crs` must be transformed; without a CRS on one side they are the same."""
        return bool(crs and self.grid.crs) and not same_crs(crs_wkt(crs), self.grid.crs)

    def _onto_grid(self, xs: Sequence[float], ys: Sequence[float], crs: str) -> tuple[Ring, Ring]:
        if not self._moves(crs):
            return np.asarray(xs, np.float64), np.asarray(ys, np.float64)
        return transform_points(xs, ys, crs_wkt(crs), self.grid.crs)

    def _moved(self, ring: Ring, crs: str) -> Ring:
        return np.column_stack(self._onto_grid(ring[:, 0].tolist(), ring[:, 1].tolist(), crs))

    def _from_grid(self, grid: Grid, ring: Ring, crs: str) -> Ring:
        t = grid.transform
        rows, cols = ring.T
        x, y = t[0] + cols * t[1] + rows * t[2], t[3] + cols * t[4] + rows * t[5]
        if self._moves(crs):
            x, y = transform_points(x, y, self.grid.crs, crs_wkt(crs))
        return np.column_stack([x, y])


def no_data_here() -> SamplesError:
    """Return the error for a place that no training area can use."""
    return SamplesError(
        "Not all sources have data here.",
        where="training area",
        remedy="Draw where the sources overlap and none of them has holes.",
    )


def _with_few_bands(modality: Modality) -> Modality:
    """Return the modality with at most `_VIEW_BANDS` bands of each raster, evenly chosen."""
    return replace(modality, rasters=tuple(replace(r, bands=_even(r.bands)) for r in modality.rasters))


@lru_cache(maxsize=64)
def _even(numbers: tuple[int, ...]) -> tuple[int, ...]:
    if len(numbers) <= _VIEW_BANDS:
        return numbers
    positions = np.linspace(0, len(numbers) - 1, _VIEW_BANDS).round().astype(int)
    return tuple(numbers[i] for i in positions.tolist())


def _window_around(grid: Grid, points: Ring) -> Window | None:
    """Return the pixels around points (n, 2), on the grid or not; None where they have no place."""
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        return None
    rows, cols = positions(grid, points[:, 0], points[:, 1])
    row, col = math.floor(rows.min()), math.floor(cols.min())
    row_stop, col_stop = math.ceil(rows.max()), math.ceil(cols.max())
    return Window(row, col, max(row_stop - row, 1), max(col_stop - col, 1))


def _clipped(window: Window, grid: Grid) -> Window | None:
    row, col = max(window.row, 0), max(window.col, 0)
    row_stop, col_stop = min(window.row_stop, grid.rows), min(window.col_stop, grid.cols)
    return Window(row, col, row_stop - row, col_stop - col) if row < row_stop and col < col_stop else None


def _on_grid(part: Grid, whole: Grid) -> NDArray[np.bool_]:
    """Return which pixels of `part` have their centre on `whole`; both are north-up."""
    xs = part.transform[0] + (np.arange(part.cols) + 0.5) * part.transform[1]
    ys = part.transform[3] + (np.arange(part.rows) + 0.5) * part.transform[5]
    box = whole.bounds
    return ((ys > box.y_min) & (ys < box.y_max))[:, None] & ((xs > box.x_min) & (xs < box.x_max))
