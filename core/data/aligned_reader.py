"""Reading bands of one raster on a grid, window by window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import AlignmentError, BandError
from .grid import Grid
from .longitudes import turns_to
from .raster_description import inspect
from .raster_info import BandInfo, RasterInfo
from .raster_io import block_size, full_turn, open_raster, open_vrt, read_floats, same_crs, warp
from .vrt_xml import source_vrt
from .windows import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESAMPLING = ("average", "bilinear", "nearest")
_PIECE_BYTES = 32 << 20  # bytes of source blocks touched by one read, all bands
_WARP_BANDS = 64  # bands warped together; their blocks have to fit GDAL's block cache
_SAME_PLACE = 1e-2  # pixels; grids that differ less than this are one
_REPROJECTION_ERROR = 0.02  # source pixels


class AlignedReader:
    """Some bands of one raster on a grid; a context manager.

    Values are in the units the file declares (scale and offset applied). `resampling` is one of `RESAMPLING`,
    "" = average when coarsening, else bilinear; where the pixels coincide nothing is resampled. `decibels`:
    the values are dB and are resampled as linear power. Raises `RasterReadError`, `AlignmentError`
    and, for complex numbers, `BandError`.
    """

    def __init__(
        self,
        raster: RasterInfo | str,
        bands: Sequence[int],
        grid: Grid,
        resampling: str = "",
        *,
        decibels: bool = False,
    ) -> None:
        info = inspect(raster) if isinstance(raster, str) else raster
        _require_both_or_neither(info, grid)
        info = _nearest_longitudes(info, grid)
        self.info, self.grid, self.n_bands = info, grid, len(bands)
        chosen = [info.band(n) for n in bands]
        _require_real(info, chosen)
        self._offset = pixel_offset(info.grid, grid)
        resampling = resampling or default_resampling(info.grid, grid)
        self.resampling = resampling if self._offset is None else ""
        self._power = decibels and self._offset is None and self.resampling != "nearest"
        self._kept: list[Any] = [open_raster(info.path)]  # so that every window comes from one file
        if self._offset is None:
            self._parts = self._warped(chosen)
            self._block = block_size(self._parts[0])
        else:
            self._parts = [open_vrt(source_vrt(info, chosen, ""), info.path)]
            self._block = _piece_size(info.block, len(chosen))

    def __enter__(self) -> AlignedReader:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._parts, self._kept = [], []

    def _warped(self, bands: Sequence[BandInfo]) -> list[Any]:
        """Return open rasters on the grid that hold all bands in order."""
        same = same_crs(self.info.grid.crs, self.grid.crs)
        crs = self.grid.crs if same else self.info.grid.crs
        path, parts = self.info.path, []
        for start in range(0, len(bands), _WARP_BANDS):
            some = bands[start : start + _WARP_BANDS]
            source = open_vrt(source_vrt(self.info, some, crs, self._power, not self._power), path)
            parts.append(warp(source, self.grid, self.resampling, 0.0 if same else _REPROJECTION_ERROR, path))
            self._kept.append(source)
        return parts

    def read(self, window: Window) -> NDArray[np.float32]:
        """Return a window of the grid as float32 (C, H, W); NaN where nothing valid was measured.

        Raises `RasterReadError`, also when the file vanishes while it is being read.
        """
        out = np.full((self.n_bands, window.height, window.width), np.nan, np.float32)
        row, col = self._offset or (0, 0)
        moved = Window(window.row + row, window.col + col, window.height, window.width)
        shape = self.grid.shape if self._offset is None else self.info.grid.shape
        for piece in _pieces(moved, self._block, shape):
            self._read_piece(piece, out[:, piece.row - moved.row :, piece.col - moved.col :])
        if self._power:
            with np.errstate(divide="ignore", invalid="ignore"):
                np.multiply(np.log10(out), 10, out=out)
        out[~np.isfinite(out)] = np.nan
        return out

    def _read_piece(self, piece: Window, out: NDArray[np.float32]) -> None:
        band = 0
        for part in self._parts:
            values = read_floats(part, piece, self.info.path)
            out[band : band + len(values), : piece.height, : piece.width] = values
            band += len(values)


def _nearest_longitudes(info: RasterInfo, grid: Grid) -> RasterInfo:
    """Return a raster in degrees with the longitudes, of those of its places, that are nearest to a grid."""
    turn = full_turn(grid.crs) if same_crs(info.grid.crs, grid.crs) else 0.0
    if not turn:
        return info
    here, there = info.grid.bounds, grid.bounds
    shift = turns_to((here.x_min + here.x_max) / 2, (there.x_min + there.x_max) / 2, turn)
    return replace(info, grid=info.grid.shifted(shift))


def pixel_offset(source: Grid, grid: Grid) -> tuple[int, int] | None:
    """Return row and column of `source` under the first pixel of `grid`, None unless all pixels coincide."""
    if not same_crs(source.crs, grid.crs):
        return None
    row, col = source.position(*grid.xy(0, 0))
    far_row, far_col = source.position(*grid.xy(grid.rows, grid.cols))
    first = round(row), round(col)
    gaps = (row - first[0], col - first[1], far_row - first[0] - grid.rows, far_col - first[1] - grid.cols)
    return first if all(abs(gap) < _SAME_PLACE for gap in gaps) else None


def default_resampling(source: Grid, grid: Grid) -> str:
    """Return "average" where the grid is coarser than the source, else "bilinear"."""
    return "average" if grid.pixel_metres > source.pixel_metres * 1.01 else "bilinear"


def _require_real(info: RasterInfo, bands: Sequence[BandInfo]) -> None:
    if any(band.dtype.startswith("C") for band in bands):
        raise BandError(
            "The raster holds complex numbers.",
            where=info.path,
            remedy="Convert it to intensity or dB first.",
        )


def _require_both_or_neither(info: RasterInfo, grid: Grid) -> None:
    if bool(info.grid.crs) != bool(grid.crs):
        raise AlignmentError(
            "One of raster and grid has a coordinate system, the other has none.",
            where=info.path,
            remedy="Assign the coordinate system that is missing.",
        )


def _piece_size(block: tuple[int, int], n_bands: int) -> tuple[int, int]:
    """Return a multiple of the file's block size whose blocks in all bands fit GDAL's cache."""
    many = max(1, _PIECE_BYTES // (block[0] * block[1] * n_bands * 4))
    down = max(1, min(many, 1024 // block[0]))
    return block[0] * down, block[1] * max(1, many // down)


def _pieces(window: Window, size: tuple[int, int], shape: tuple[int, int]) -> Iterator[Window]:
    """Yield the parts of a window inside `shape` that lie in one block of `size` each."""
    row_stop, col_stop = min(window.row_stop, shape[0]), min(window.col_stop, shape[1])
    row = max(window.row, 0)
    while row < row_stop:
        next_row = min((row // size[0] + 1) * size[0], row_stop)
        col = max(window.col, 0)
        while col < col_stop:
            next_col = min((col // size[1] + 1) * size[1], col_stop)
            yield Window(row, col, next_row - row, next_col - col)
            col = next_col
        row = next_row
