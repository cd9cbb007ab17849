"""What a raster file says about itself and its bands: names, wavelengths, bad bands, scale, colours."""

from __future__ import annotations

from dataclasses import dataclass

from .grid import Grid


@dataclass(frozen=True)
class BandInfo:
    """One band of a file. `number` counts from 1; `wavelength` and `width` in nanometres.

    `scale` and `offset` are what the metadata declares (value = raw * scale + offset), None where it declares
    none. `nodata`: values that stand for no data, as stored. `bad`: the metadata flag the band as bad.
    `alpha`: it holds opacity, no measurement. `unit` as the file names it.
    """

    number: int
    name: str
    wavelength: float | None = None
    width: float | None = None
    nodata: tuple[float, ...] = ()
    dtype: str = "Float32"
    scale: float | None = None
    offset: float | None = None
    bad: bool = False
    alpha: bool = False
    unit: str = ""


@dataclass(frozen=True)
class RasterInfo:
    """One raster file.

    `grid` as the file says, possibly not north-up; without a geotransform one pixel is one unit.
    `category_names` and `color_table` (#rrggbb) belong to the first band and are indexed by value; `block` is
    the height and width of the blocks the file is stored in. `has_gcps`: the file is placed by ground control
    points.
    """

    path: str
    driver: str
    grid: Grid
    bands: tuple[BandInfo, ...]
    has_georeference: bool
    category_names: tuple[str, ...] = ()
    color_table: tuple[str, ...] = ()
    block: tuple[int, int] = (256, 256)
    has_mask: bool = False
    has_gcps: bool = False

    def band(self, number: int) -> BandInfo:
        """Return a band by its number, counted from 1."""
        return self.bands[number - 1]


@dataclass(frozen=True)
class RasterStorage:
    """How a raster is stored.

    `n_bytes` of all its files on disk (0 = none); `compression` as GDAL names it ("" = none known); number of
    `overviews`.
    """

    n_bytes: int
    compression: str
    overviews: int


@dataclass(frozen=True)
class RasterLayout:
    """How a GeoTIFF is to be written.

    `dtype`: Byte, UInt16, Int16 or Float32; `band_names` also give the number of bands; `category_names` and
    `color_table` (#rrggbb, "" = none) are indexed by value and belong to the first band; `overviews`:
    nearest, mode or average. `wavelengths` and `widths` in nm, one per band or none; `scale`: stored value
    times this is the measurement.
    """

    dtype: str
    band_names: tuple[str, ...]
    nodata: float
    category_names: tuple[str, ...] = ()
    color_table: tuple[str, ...] = ()
    overviews: str = "average"
    wavelengths: tuple[float, ...] = ()
    widths: tuple[float, ...] = ()
    scale: float | None = None


def numpy_type(dtype: str) -> str:
    """Return the name numpy has for a type of GDAL."""
    return {"Byte": "uint8", "CFloat32": "complex64", "CFloat64": "complex128"}.get(dtype, dtype.lower())
