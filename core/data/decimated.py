"""Reading a modality coarsely, for pictures and to see where it has data; quick whatever the scene's size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from .coordinates import transform_bounds
from .grid import Grid
from .modalities import Modality, ModalityRaster
from .raster_io import read_thinned, transform_points
from .sar_scale import power_to_decibels
from .windows import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_VALIDITY_BANDS = 5  # bands of a layer looked at for validity
_LAYER_VALUES = 1 << 24  # values of a file read at most


def coarse_grid(grid: Grid, longest: int) -> Grid:
    """Return a grid over the same rectangle whose longer side has at most `longest` pixels."""
    step = max(grid.rows, grid.cols) / longest
    if step <= 1:
        return grid
    rows, cols = max(1, math.ceil(grid.rows / step)), max(1, math.ceil(grid.cols / step))
    down, across = grid.rows / rows, grid.cols / cols
    t = grid.transform
    transform = (t[0], t[1] * across, t[2] * down, t[3], t[4] * across, t[5] * down)
    return Grid(grid.crs, transform, rows, cols, (grid.metres[0] * across, grid.metres[1] * down))


def read_coarse(modality: Modality, grid: Grid) -> Floats:
    """Return all bands at the centres of the pixels of a coarse grid, (C, rows, cols); NaN where invalid.

    Each value is that of a file pixel near the centre, none is averaged. SAR is returned in dB, speckle and
    all; slope and roughness are those of the coarse pixels. Raises
    `RasterReadError` and `AlignmentError`.
    """
    layers = []
    for rasters in modality.layers:
        values = _read_raster(rasters[0], grid)
        for raster in rasters[1:]:
            values = np.where(np.isnan(values), _read_raster(raster, grid), values)
        layers.append(values)
    return modality.plan.stacked(layers, grid.metres)


def valid_coarse(modality: Modality, grid: Grid) -> NDArray[np.bool_]:
    """Return where a modality has data on a coarse grid, (rows, cols): by the rule of `stack.Stack`."""
    return modality.plan.valid(read_coarse(modality, grid))


def thinned(modality: Modality, limit: int = _VALIDITY_BANDS) -> Modality:
    """Return the modality with a few bands per layer and nearest resampling: enough to see where data are."""
    return replace(
        modality,
        rasters=tuple(
            replace(r, bands=_spread(r.bands, limit), resampling="nearest", derived=(), speckle=0)
            for r in modality.rasters
        ),
    )


def _spread(numbers: Sequence[int], limit: int) -> tuple[int, ...]:
    if len(numbers) <= limit:
        return tuple(numbers)
    return tuple(numbers[round(i * (len(numbers) - 1) / (limit - 1))] for i in range(limit))


def _read_raster(raster: ModalityRaster, grid: Grid) -> Floats:
    out = np.full((len(raster.bands), *grid.shape), np.nan, np.float32)
    window = _window_under(raster, grid)
    if window is None:
        return out
    thin = _read_thinly(raster, window, _thin_shape(raster, window, grid))
    rows, cols = _positions(raster.info.grid, grid)
    row = np.floor((rows - window.row) * (thin.shape[1] / window.height))
    col = np.floor((cols - window.col) * (thin.shape[2] / window.width))
    with np.errstate(invalid="ignore"):
        inside = (row >= 0) & (col >= 0) & (row < thin.shape[1]) & (col < thin.shape[2])
    out[:, inside] = thin[:, row[inside].astype(np.int64), col[inside].astype(np.int64)]
    return out


def _window_under(raster: ModalityRaster, grid: Grid) -> Window | None:
    """Return the part of a file that lies under the grid, None where they do not meet."""
    source = raster.info.grid
    box = transform_bounds(grid.bounds, grid.crs, source.crs)
    corners = [source.position(x, y) for x in (box.x_min, box.x_max) for y in (box.y_min, box.y_max)]
    rows = [min(max(r, 0.0), float(source.rows)) for r, _ in corners]
    cols = [min(max(c, 0.0), float(source.cols)) for _, c in corners]
    row, row_stop = math.floor(min(rows)), math.ceil(max(rows))
    col, col_stop = math.floor(min(cols)), math.ceil(max(cols))
    if row >= row_stop or col >= col_stop:
        return None
    return Window(row, col, row_stop - row, col_stop - col)


def _thin_shape(raster: ModalityRaster, window: Window, grid: Grid) -> tuple[int, int]:
    """Return rows and columns to read: about as fine as the grid, and not more than memory should hold."""
    source = raster.info.grid
    down = max(1.0, grid.metres[1] / source.metres[1])
    across = max(1.0, grid.metres[0] / source.metres[0])
    values = window.height / down * window.width / across * len(raster.bands)
    more = max(1.0, math.sqrt(values / _LAYER_VALUES))
    return max(1, math.ceil(window.height / (down * more))), max(1, math.ceil(window.width / (across * more)))


def _read_thinly(raster: ModalityRaster, window: Window, shape: tuple[int, int]) -> Floats:
    info = raster.info
    values = read_thinned(info, [info.band(n) for n in raster.bands], window, shape)
    return power_to_decibels(values) if raster.quantity == "sar_linear" else values


def _positions(source: Grid, grid: Grid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the row and column of `source` under each pixel centre of `grid`, both (rows, cols)."""
    row, col = np.meshgrid(np.arange(grid.rows) + 0.5, np.arange(grid.cols) + 0.5, indexing="ij")
    t, s = grid.transform, source.transform
    xs, ys = t[0] + col * t[1] + row * t[2], t[3] + col * t[4] + row * t[5]
    x, y = transform_points(xs.ravel(), ys.ravel(), grid.crs, source.crs)
    dx, dy, det = x - s[0], y - s[3], s[1] * s[5] - s[2] * s[4]
    with np.errstate(invalid="ignore"):
        rows, cols = (dy * s[1] - dx * s[4]) / det, (dx * s[5] - dy * s[2]) / det
    return rows.reshape(grid.shape), cols.reshape(grid.shape)
