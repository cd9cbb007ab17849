"""The modalities on one grid, read window by window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from .aligned_reader import AlignedReader
from .coordinates import transform_bounds
from .grid import Grid
from .longitudes import turns_to
from .mask import Mask
from .modalities import Modality, ModalityRaster
from .raster_io import full_turn
from .sar_scale import power_to_decibels
from .speckle import SpeckleFilter
from .windows import Window, mirrored

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]


@dataclass(frozen=True)
class StackWindow:
    """A window of the stack with its margin.

    `data`: per modality float32 (C, H + 2m, W + 2m), NaN where invalid; `valid`: bool (H + 2m, W + 2m);
    `corner`: row and column of the window's first pixel, margin not counted.
    """

    data: dict[str, Floats]
    valid: NDArray[np.bool_]
    corner: tuple[int, int] = (0, 0)


class DerivedReader(Protocol):
    """Bands that are computed from the sources of a stack, such as the information of a diffusion model."""

    n_bands: int

    def read(self, window: Window) -> Floats:
        """Return the bands (C, H, W) of a window inside the grid."""

    def close(self) -> None:
        """Free what is held."""


class Stack:
    """All modalities on a grid; a context manager, for use by one thread at a time.

    A pixel is valid in a modality if in each of its layers more than half of the bands are: a single band
    that happens to hold the nodata value makes no hole. It is valid in the stack if it is valid in every
    modality and not masked. `mask` and `mask_values`: see `mask.Mask`. Raises `RasterReadError`,
    `AlignmentError`.
    """

    def __init__(
        self, modalities: Mapping[str, Modality], grid: Grid, mask: str = "", mask_values: str = ""
    ) -> None:
        self.modalities, self.grid = dict(modalities), grid
        self._readers = {key: _ModalityReader(m, grid) for key, m in modalities.items()}
        self.attached: dict[str, DerivedReader] = {}
        sources = [modality.rasters[0].info for modality in modalities.values()]
        self.mask = Mask(mask, grid, mask_values, sources) if mask else None

    def __enter__(self) -> Stack:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all files."""
        for derived in self.attached.values():
            derived.close()
        for reader in self._readers.values():
            reader.close()
        if self.mask is not None:
            self.mask.close()

    @property
    def keys(self) -> tuple[str, ...]:
        """The modalities in order, then what was attached."""
        return (*self.modalities, *self.attached)

    @property
    def bands(self) -> dict[str, int]:
        """Number of bands of each of `keys`."""
        own = {key: len(m.bands) for key, m in self.modalities.items()}
        return {**own, **{key: reader.n_bands for key, reader in self.attached.items()}}

    def attach(self, key: str, reader: DerivedReader) -> None:
        """Read bands computed from the sources as well; they have no say in what is valid."""
        self.attached[key] = reader

    def read_source(self, key: str, window: Window) -> Floats:
        """Return the bands (C, H, W) of one modality in a window inside the grid, NaN where invalid."""
        return self._readers[key].read(window)

    def read(self, window: Window, margin: int = 0) -> StackWindow:
        """Read a window with `margin` pixels around it; beyond the edges the scene is mirrored."""
        rows = mirrored(window.row - margin, window.row_stop + margin, self.grid.rows)
        cols = mirrored(window.col - margin, window.col_stop + margin, self.grid.cols)
        part = Window(
            int(rows.min()), int(cols.min()), int(np.ptp(rows)) + 1, int(np.ptp(cols)) + 1
        )  # what the mirrored margin needs
        data = {key: reader.read(part) for key, reader in self._readers.items()}
        valid = self._allowed(part)
        for key, reader in self._readers.items():
            valid &= reader.valid(data[key])
        data |= {key: reader.read(part) for key, reader in self.attached.items()}
        if part == Window(window.row - margin, window.col - margin, len(rows), len(cols)):
            return StackWindow(data, valid, (window.row, window.col))
        row_index, col_index = rows[:, None] - part.row, cols[None, :] - part.col
        mirrored_data = {key: values[:, row_index, col_index] for key, values in data.items()}
        return StackWindow(mirrored_data, valid[row_index, col_index], (window.row, window.col))

    def require_mask(self) -> tuple[str, ...]:
        """Return notes on the mask. Raises `AlignmentError` for one that leaves nothing."""
        if self.mask is None:
            return ()
        self.mask.require_some()
        return self.mask.notes

    def valid(self, window: Window) -> NDArray[np.bool_]:
        """Return which pixels (H, W) of a window are valid in every modality and not masked."""
        valid = self._allowed(window)
        for reader in self._readers.values():
            valid &= reader.valid(reader.read(window))
        return valid

    def _allowed(self, window: Window) -> NDArray[np.bool_]:
        if self.mask is None:
            return np.ones((window.height, window.width), dtype=bool)
        return self.mask.allowed(window)


class _ModalityReader:
    """Reads one modality: mosaics the rasters of a layer, joins the layers, computes what is derived."""

    def __init__(self, modality: Modality, grid: Grid) -> None:
        self._layers = [_LayerReader(rasters, grid) for rasters in modality.layers]
        self._plan, self._grid = modality.plan, grid
        self._speckle = {p.layer: SpeckleFilter(p.speckle) for p in self._plan.layers if p.speckle}

    def close(self) -> None:
        for layer in self._layers:
            layer.close()

    def read(self, window: Window) -> Floats:
        """Return the stacked bands (C, H, W) of a window inside the grid."""
        if self._plan.is_plain:
            out = np.empty(
                (sum(layer.n_bands for layer in self._layers), window.height, window.width), np.float32
            )
            start = 0
            for layer in self._layers:
                layer.read(window, out[start : start + layer.n_bands])
                start += layer.n_bands
            return out
        part = window.padded(self._plan.margin, *self._grid.shape)
        values = [self._filtered(i, part) for i in range(len(self._layers))]
        stacked = self._plan.stacked(values, self._grid.metres)
        row, col = window.row - part.row, window.col - part.col
        return stacked[:, row : row + window.height, col : col + window.width]

    def _filtered(self, number: int, window: Window) -> Floats:
        values = self._layers[number].read(window)
        speckle = self._speckle.get(number)
        return values if speckle is None else speckle.apply(values, self._grid, self._layers[number].read)

    def valid(self, data: Floats) -> NDArray[np.bool_]:
        """Return where more than half of the bands of every layer are valid."""
        return self._plan.valid(data)


class _LayerReader:
    """Reads the rasters of one layer as one."""

    def __init__(self, rasters: Sequence[ModalityRaster], grid: Grid) -> None:
        self._readers = [_RasterReader(raster, grid) for raster in rasters]
        self.n_bands = len(rasters[0].bands)

    def close(self) -> None:
        for reader in self._readers:
            reader.close()

    def read(self, window: Window, out: Floats | None = None) -> Floats:
        """Return the bands (C, H, W) of a window, in `out` where that is given."""
        if out is None:
            out = np.empty((self.n_bands, window.height, window.width), np.float32)
        _mosaic(self._readers, window, out)
        return out


def _mosaic(readers: Sequence[_RasterReader], window: Window, out: Floats) -> None:
    """Fill `out` (C, H, W) with the first valid value of the rasters that reach into the window."""
    reaching = [reader for reader in readers if reader.reaches(window)]
    out[...] = reaching[0].read(window) if reaching else np.nan
    for reader in reaching[1:]:
        missing = np.isnan(out)
        if not missing.any():
            return
        np.copyto(out, reader.read(window), where=missing)


class _RasterReader:
    """Reads one raster on the grid, SAR in dB."""

    def __init__(self, raster: ModalityRaster, grid: Grid) -> None:
        self._linear_power = raster.quantity == "sar_linear"
        self._reader = AlignedReader(
            raster.info,
            raster.bands,
            grid,
            raster.resampling,
            decibels=raster.quantity == "sar_db",
        )
        bounds = transform_bounds(self._reader.info.grid.bounds, raster.info.grid.crs, grid.crs)
        middle = (grid.bounds.x_min + grid.bounds.x_max) / 2
        bounds = bounds.shifted(turns_to((bounds.x_min + bounds.x_max) / 2, middle, full_turn(grid.crs)))
        corners = [
            grid.position(x, y) for x in (bounds.x_min, bounds.x_max) for y in (bounds.y_min, bounds.y_max)
        ]
        self._rows = min(r for r, _ in corners) - 1, max(r for r, _ in corners) + 1
        self._cols = min(c for _, c in corners) - 1, max(c for _, c in corners) + 1

    def close(self) -> None:
        self._reader.close()

    def reaches(self, window: Window) -> bool:
        """Return whether the raster may have values in a window."""
        in_rows = self._rows[0] < window.row_stop and self._rows[1] > window.row
        return in_rows and self._cols[0] < window.col_stop and self._cols[1] > window.col

    def read(self, window: Window) -> Floats:
        values = self._reader.read(window)
        return power_to_decibels(values) if self._linear_power else values
