"""One band of a raster as it is stored: class maps, label rasters, masks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import RasterReadError
from .raster_description import inspect
from .raster_info import numpy_type
from .raster_io import open_raster, read_stored
from .windows import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray


class BandReader:
    """One band of a raster as it is stored: class maps, label rasters, masks. A context manager."""

    def __init__(self, path: str, band: int = 1) -> None:
        self.info = inspect(path)
        if not 1 <= band <= len(self.info.bands):
            raise RasterReadError(
                f"There is no band {band}; the file has {len(self.info.bands)}.",
                where=path,
                remedy="Choose one of its bands.",
            )
        self._dataset = open_raster(path)
        self._band = band
        self._type = np.dtype(numpy_type(self.info.band(band).dtype))

    def __enter__(self) -> BandReader:
        return self

    def __exit__(self, *error: object) -> None:
        self._dataset = None

    def read(self, window: Window) -> NDArray[Any]:
        """Return a window (H, W) inside the raster as it is stored, nodata value included."""
        data = read_stored(self._dataset, self._band, window, self.info.path)
        return np.frombuffer(data, self._type).reshape(window.height, window.width)


def read_band_window(path: str, band: int, window: Window) -> NDArray[Any]:
    """Return a window (H, W) of one band as it is stored. Raises `RasterReadError`."""
    with BandReader(path, band) as reader:
        return reader.read(window)
