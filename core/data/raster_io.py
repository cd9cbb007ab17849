"""The thin layer over GDAL for rasters: coordinate systems, describing, aligned reading, writing.

With `vector_io` the only module that imports osgeo. GDAL tells failures by None, by an error state or by
exceptions, depending on what another plugin switched on in this process; all become errors of ours here.
"""

from __future__ import annotations

import importlib
import math
import os
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from osgeo import gdal, osr

from ..errors import AlignmentError, LandfuseError, OutputError, RasterReadError
from .grid import Grid
from .raster_info import BandInfo, RasterInfo, RasterLayout, numpy_type
from .windows import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ENGINE_CACHE = 256 << 20  # bytes
_WARP_MEGABYTES = 64
# Values of a thinned read that are kept, as a file without overviews is read as a whole each time.
_KEPT_VALUES = 1 << 20
# Rows and columns warped at once. GDAL's 128 x 512 make windows with a margin compute many pixels in vain.
_WARP_BLOCK = (64, 128)
# Said of single points outside the domain of a projection; the pixels there are invalid, the read is good.
_HARMLESS = ("PROJ", "Reprojection failed", "Point outside", "Unable to compute source region")
_FORMATS = {
    "Byte": gdal.GDT_Byte,
    "UInt16": gdal.GDT_UInt16,
    "Int16": gdal.GDT_Int16,
    "Float32": gdal.GDT_Float32,
}

_POINTS = 2000  # transformed in one call


def configure_for_engine() -> None:
    """Set GDAL up for a process of our own: these settings are process-wide and never touched inside QGIS.

    Raises `ImportError` when GDAL cannot exchange arrays with numpy: its bindings may be built without it.
    """
    importlib.import_module("osgeo.gdal_array")
    gdal.UseExceptions()
    osr.UseExceptions()
    gdal.SetCacheMax(_ENGINE_CACHE)


def _ask(
    fail: Callable[[str], LandfuseError], function: Callable[..., Any], *args: Any, **kwargs: Any
) -> Any:
    """Call GDAL with its messages kept off stderr; an exception or a failure state raises `fail(message)`."""
    gdal.PushErrorHandler("CPLQuietErrorHandler")
    gdal.ErrorReset()
    try:
        result = function(*args, **kwargs)
        message = gdal.GetLastErrorMsg() if gdal.GetLastErrorType() >= gdal.CE_Failure else ""
    except RuntimeError as error:
        raise fail(str(error)) from error
    finally:
        gdal.ErrorReset()
        gdal.PopErrorHandler()
    if message and not message.startswith(_HARMLESS):
        raise fail(message)
    return result


# Coordinate systems: text in (WKT or a code such as EPSG:32633), "" for local coordinates without any.


def _reference(crs: str) -> Any:
    def fail(message: str) -> AlignmentError:
        return AlignmentError(
            f"'{crs[:60]}' is not a coordinate system ({message}).",
            where="coordinate system",
            remedy="Use a code such as EPSG:32633, or WKT.",
        )

    reference = osr.SpatialReference()
    if _ask(fail, reference.SetFromUserInput, crs) not in (None, 0):
        raise fail("unknown")
    reference.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    return reference


def _wkt_of(reference: Any) -> str:
    """Return the horizontal part as WKT; a local system without a place on Earth is none."""
    if reference is None or reference.IsLocal():
        return ""
    if reference.IsCompound():
        reference = reference.Clone()
        reference.DemoteTo2D()  # not StripVertical: Python has it since GDAL 3.6
    return str(reference.ExportToWkt())


@lru_cache(maxsize=256)
def crs_wkt(text: str) -> str:
    """Return WKT or an authority code ("EPSG:32633") as WKT, "" as "". Raises `AlignmentError`."""
    return _wkt_of(_reference(text)) if text else ""


@lru_cache(maxsize=256)
def crs_name(crs: str) -> str:
    """Return "EPSG:32633" or, without a code, the name of a coordinate system; "no CRS" for ""."""
    if not crs:
        return "no CRS"
    reference = _reference(crs)
    authority, code = reference.GetAuthorityName(None), reference.GetAuthorityCode(None)
    return f"{authority}:{code}" if authority and code else str(reference.GetName() or "unnamed")


@lru_cache(maxsize=256)
def same_crs(first: str, second: str) -> bool:
    """Return whether two coordinate systems are the same in meaning; "" equals only ""."""
    if not first or not second:
        return first == second
    options = ["IGNORE_DATA_AXIS_TO_SRS_AXIS_MAPPING=YES"]
    return first == second or bool(_reference(first).IsSame(_reference(second), options))


@lru_cache(maxsize=256)
def is_geographic(crs: str) -> bool:
    """Return whether coordinates are angles (degrees)."""
    return bool(crs) and bool(_reference(crs).IsGeographic())


@lru_cache(maxsize=256)
def full_turn(crs: str) -> float:
    """Return the x after which places repeat: 360 where coordinates are degrees; 0 where they are lengths."""
    return 2 * math.pi / float(_reference(crs).GetAngularUnits()) if is_geographic(crs) else 0.0


@lru_cache(maxsize=256)
def linear_unit(crs: str) -> float:
    """Return the length in metres of a unit of a projected coordinate system."""
    return float(_reference(crs).GetLinearUnits())


@lru_cache(maxsize=256)
def ellipsoid(crs: str) -> tuple[float, float]:
    """Return the semi-major axis in metres and the squared eccentricity of a coordinate system."""
    reference = _reference(crs)
    inverse = float(reference.GetInvFlattening())
    flattening = 1 / inverse if inverse else 0.0  # 0 stands for a sphere
    return float(reference.GetSemiMajor()), flattening * (2 - flattening)


@lru_cache(maxsize=256)
def geographic_part(crs: str) -> str:
    """Return, as WKT, the longitudes and latitudes that a coordinate system is made on."""
    return str(_reference(crs).CloneGeogCS().ExportToWkt())


def transform_points(
    xs: Sequence[float] | NDArray[Any], ys: Sequence[float] | NDArray[Any], from_crs: str, to_crs: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return coordinates (n,), (n,) in another system (x east or longitude); infinite where there is none."""
    points = np.column_stack([np.asarray(xs, np.float64), np.asarray(ys, np.float64)])
    if not same_crs(from_crs, to_crs):
        if not from_crs or not to_crs:
            raise AlignmentError(
                "One of two sources has a coordinate system, the other has none.",
                where=crs_name(from_crs or to_crs),
                remedy="Assign the coordinate system that is missing.",
            )
        change = osr.CoordinateTransformation(_reference(from_crs), _reference(to_crs))
        fail = not_transformable(from_crs, to_crs)
        # Some at a time: Python's other threads, QGIS's window among them, wait while GDAL reads a list.
        parts = [points[start : start + _POINTS] for start in range(0, len(points), _POINTS)]
        moved = [np.array(_ask(fail, change.TransformPoints, part.tolist()), np.float64) for part in parts]
        points = np.concatenate([part[:, :2] for part in moved]) if moved else points
    return points[:, 0], points[:, 1]


def not_transformable(from_crs: str, to_crs: str) -> Callable[[str], LandfuseError]:
    """Return what makes an error of the words of GDAL about two coordinate systems."""
    names = f"{crs_name(from_crs)} to {crs_name(to_crs)}"
    return lambda message: AlignmentError(
        f"Coordinates cannot be transformed from {names} ({message}).",
        where=names,
        remedy="Check that each source has the coordinate system it was made in.",
    )


# Opening files.


def unreadable(path: str) -> Callable[[str], RasterReadError]:
    """Return what makes an error of GDAL's words about a file."""
    return lambda message: RasterReadError(
        f"The raster cannot be read ({message.strip() or 'GDAL gives no reason'}).",
        where=path,
        remedy="Check that the file is there, complete and a raster that QGIS opens.",
    )


def open_raster(path: str) -> Any:
    """Open a raster for reading. Raises `RasterReadError`."""
    if not os.path.exists(path) and not path.startswith(("/vsi", "<")) and ":" not in path[2:]:
        raise RasterReadError("The file does not exist.", where=path, remedy="Choose the raster again.")
    dataset = _ask(unreadable(path), gdal.OpenEx, path, gdal.OF_RASTER | gdal.OF_READONLY)
    if dataset is None:
        raise unreadable(path)("no driver knows it")
    return dataset


def dataset_files(path: str) -> tuple[str, ...]:
    """Return the files a raster consists of, sidecars and the sources of a VRT included.

    Raises `RasterReadError`.
    """
    return tuple(_ask(unreadable(path), open_raster(path).GetFileList) or ())


def list_folder(path: str) -> list[str]:
    """Return the names in a folder or archive (`/vsizip/...`) in order; none where it is no folder."""
    names = gdal.ReadDir(path) if is_folder(path) else None
    return sorted(name for name in names or () if name not in (".", ".."))


def is_folder(path: str) -> bool:
    """Return whether this is a folder, or an archive named as one (`/vsizip/...`)."""
    found = _ask(unreadable(path), gdal.VSIStatL, path)
    return found is not None and bool(found.IsDirectory())


def read_text(path: str) -> str:
    """Return the text of a small file, which may lie in an archive. Raises `RasterReadError`."""
    file = _ask(unreadable(path), gdal.VSIFOpenL, path, "rb")
    if file is None:
        raise unreadable(path)("it cannot be opened")
    try:
        size = gdal.VSIStatL(path).size
        return bytes(gdal.VSIFReadL(1, size, file) or b"").decode("utf-8-sig", "replace")
    finally:
        gdal.VSIFCloseL(file)


def subdatasets(path: str) -> list[str]:
    """Return GDAL's names of the rasters in a container, none for a raster. Raises `RasterReadError`."""
    dataset = open_raster(path)
    return [] if dataset.RasterCount else [name for name, _ in dataset.GetSubDatasets()]


def hdf5_arrays(path: str) -> dict[str, tuple[int, ...]]:
    """Return name and shape of every numeric array in an HDF5 file, groups as `group/name`, as stored.

    Raises `RasterReadError`, also where GDAL has no driver for HDF5.
    """
    root = _hdf5_root(path)
    found: dict[str, tuple[int, ...]] = {}
    pending = [("", root.GetRootGroup())]
    while pending:
        place, group = pending.pop()
        for name in group.GetMDArrayNames() or ():
            array = _ask(unreadable(path), group.OpenMDArray, name)
            if array is not None and array.GetDataType().GetClass() == gdal.GEDTC_NUMERIC:
                found[place + name] = tuple(int(d.GetSize()) for d in array.GetDimensions() or ())
        for name in group.GetGroupNames() or ():
            if not name.startswith("#"):  # MATLAB's own bookkeeping
                pending.append((f"{place}{name}/", group.OpenGroup(name)))
    return found


def read_hdf5_array(path: str, name: str) -> NDArray[Any]:
    """Return an array that `hdf5_arrays` names, as stored. Raises `RasterReadError`."""
    root = _hdf5_root(path)
    array = _ask(unreadable(path), root.GetRootGroup().OpenMDArrayFromFullname, f"/{name}")
    if array is None:
        raise unreadable(path)(f"it has no array {name}")
    values: NDArray[Any] = _ask(unreadable(path), array.ReadAsArray)
    return values


def _hdf5_root(path: str) -> Any:
    root = _ask(unreadable(path), gdal.OpenEx, path, gdal.OF_MULTIDIM_RASTER, ["HDF5", "netCDF"])
    if root is None:
        raise unreadable(path)("no driver of this GDAL reads HDF5")
    return root


def is_raster(path: str) -> bool:
    """Return whether GDAL opens the file as a raster."""
    try:
        return bool(open_raster(path).RasterCount)
    except RasterReadError:
        return False


# What is known of an open raster.


def crs_of(dataset: Any) -> str:
    """Return the horizontal CRS of an open raster as WKT, "" for none or a local one."""
    return _wkt_of(dataset.GetSpatialRef())


def has_mask(band: Any) -> bool:
    """Return whether a mask or an alpha band says where a band is valid."""
    return bool(band.GetMaskFlags() & (gdal.GMF_PER_DATASET | gdal.GMF_ALPHA))


def is_alpha(band: Any) -> bool:
    """Return whether a band is an opacity."""
    return bool(band.GetColorInterpretation() == gdal.GCI_AlphaBand)


def type_name(band: Any) -> str:
    """Return GDAL's name of the type of a band's pixels."""
    return str(gdal.GetDataTypeName(band.DataType))


def pixel_bytes(band: Any) -> int:
    """Return how many bytes a pixel of a band takes."""
    return int(gdal.GetDataTypeSize(band.DataType)) // 8


# Reading.


def open_vrt(text: str, path: str) -> Any:
    """Open a virtual raster given as text; `path` is the file that errors name."""
    vrt = _ask(unreadable(path), gdal.OpenEx, text, gdal.OF_RASTER | gdal.OF_READONLY)
    if vrt is None:
        raise unreadable(path)("")
    return vrt


def warp(source: Any, grid: Grid, resampling: str, max_error: float, path: str) -> Any:
    """Return an open raster brought onto a north-up grid, computed block by block when it is read.

    Every block is resampled as a whole, so that pixels do not depend on the window they are read with.
    `max_error` in source pixels is what interpolating the coordinates may cost; 0 computes each.
    """
    box = grid.bounds
    warped = _ask(
        unreadable(path),
        gdal.Warp,
        "",
        source,
        format="VRT",
        outputBounds=(box.x_min, box.y_min, box.x_max, box.y_max),
        width=grid.cols,
        height=grid.rows,
        dstSRS=grid.crs or None,
        resampleAlg="near" if resampling == "nearest" else resampling,
        dstNodata="nan",
        overviewLevel="NONE",  # overviews made by nearest neighbour are no averages
        errorThreshold=max_error,
        workingType=gdal.GDT_Float32,  # by default float64, twice as slow
        warpMemoryLimit=_WARP_MEGABYTES,
        warpOptions=["INIT_DEST=NO_DATA", "UNIFIED_SRC_NODATA=NO"],
    )
    if warped is None:
        raise unreadable(path)("it cannot be brought onto the grid")
    text = str(warped.GetMetadata("xml:VRT")[0])
    for axis, limit in (("X", min(_WARP_BLOCK[1], grid.cols)), ("Y", min(_WARP_BLOCK[0], grid.rows))):
        text = re.sub(rf"<Block{axis}Size>\d+", f"<Block{axis}Size>{limit}", text)
    return open_vrt(text, path)


def block_size(dataset: Any) -> tuple[int, int]:
    """Return height and width of the blocks of an open raster."""
    width, height = dataset.GetRasterBand(1).GetBlockSize()
    return height, width


def is_unwritten(dataset: Any, band: int, window: Window) -> bool:
    """Return whether a window of a sparse file was never written; false where the format cannot tell."""
    place = (window.col, window.row, window.width, window.height)
    flags, _ = dataset.GetRasterBand(band).GetDataCoverageStatus(*place, gdal.GDAL_DATA_COVERAGE_STATUS_DATA)
    return bool(flags == gdal.GDAL_DATA_COVERAGE_STATUS_EMPTY)


def read_floats(dataset: Any, window: Window, path: str) -> NDArray[np.float32]:
    """Return a window of all bands of an open raster (C, H, W). Raises `RasterReadError`."""
    place = (window.col, window.row, window.width, window.height)
    data = _ask(unreadable(path), dataset.ReadRaster, *place, buf_type=gdal.GDT_Float32)
    if data is None:
        raise unreadable(path)("")
    return np.frombuffer(data, np.float32).reshape(dataset.RasterCount, window.height, window.width)


def read_stored(dataset: Any, band: int, window: Window, path: str) -> bytes:
    """Return a window of one band as the bytes that are stored. Raises `RasterReadError`."""
    place = (window.col, window.row, window.width, window.height)
    data = _ask(unreadable(path), dataset.ReadRaster, *place, band_list=[band])
    if data is None:
        raise unreadable(path)("")
    return bytes(data)


def read_thinned(
    info: RasterInfo, bands: Sequence[BandInfo], window: Window, shape: tuple[int, int]
) -> NDArray[np.float32]:
    """Return a window of a file thinned to `shape` (rows, columns), (C, rows, cols); NaN where invalid.

    Takes single pixels, from the file's overviews where it has them. Not through `source_vrt`: thinned by
    GDAL 3.6.2, it gives no value at all of a file with overviews. Raises `RasterReadError`.
    """
    place = (window.col, window.row, window.width, window.height, shape[1], shape[0])
    numbers = tuple(band.number for band in bands)
    changed = _changed(info.path)
    is_kept = any(changed) and info.driver != "VRT" and len(bands) * shape[0] * shape[1] <= _KEPT_VALUES
    read = _thinned_again if is_kept else _thinned
    data, mask = read(info.path, changed, numbers, place, info.has_mask)
    values = np.frombuffer(data, np.float32).reshape(len(bands), *shape).copy()
    if mask:
        values[:, np.frombuffer(mask, np.float32).reshape(shape) == 0] = np.nan
    for band, layer in zip(bands, values):
        for value in band.nodata:
            with np.errstate(over="ignore"):  # of float64: infinite as the values read
                layer[layer == np.float32(value)] = np.nan
        layer *= 1.0 if band.scale is None else band.scale
        layer += band.offset or 0.0
    values[~np.isfinite(values)] = np.nan
    return values


def _changed(path: str) -> tuple[int, int]:
    """Return time of change and size, zeros for a dataset that is no plain file."""
    try:
        facts = os.stat(path)
    except OSError:
        return 0, 0
    return facts.st_mtime_ns, facts.st_size


def _thinned(
    path: str, changed: tuple[int, int], numbers: tuple[int, ...], place: tuple[int, ...], has_mask: bool
) -> tuple[bytes, bytes]:
    """Return stored values of bands and the mask as bytes of float32; `changed` tells files apart."""
    dataset, fail = open_raster(path), unreadable(path)
    data = _ask(fail, dataset.ReadRaster, *place, gdal.GDT_Float32, band_list=list(numbers))
    mask = b""
    if has_mask:
        mask = _ask(fail, dataset.GetRasterBand(1).GetMaskBand().ReadRaster, *place, gdal.GDT_Float32)
    if data is None or mask is None:
        raise fail("")
    return bytes(data), bytes(mask)


_thinned_again = lru_cache(maxsize=16)(_thinned)


# Writing.


class GeoTiff:
    """A tiled, compressed GeoTIFF that is being written; `where` is the file that errors name."""

    def __init__(self, path: str, grid: Grid, layout: RasterLayout, where: str = "") -> None:
        self._path, self._where, self._layout = path, where or path, layout
        options = ["TILED=YES", "COMPRESS=DEFLATE", "BIGTIFF=IF_SAFER", "INTERLEAVE=BAND"]
        options += ["PREDICTOR=3"] if layout.dtype == "Float32" else []
        size = (grid.cols, grid.rows, len(layout.band_names), _FORMATS[layout.dtype])
        self._dataset = _ask(self._fail, gdal.GetDriverByName("GTiff").Create, path, *size, options)
        if self._dataset is None:
            raise self._fail("")
        self._dataset.SetGeoTransform(grid.transform)
        if grid.crs:
            self._dataset.SetProjection(grid.crs)
        for number, name in enumerate(layout.band_names, 1):
            band = self._dataset.GetRasterBand(number)
            band.SetDescription(name)
            band.SetNoDataValue(layout.nodata)
            if layout.scale is not None:
                band.SetScale(layout.scale)
            self._describe_spectrum(band, number - 1)
        self._paint(self._dataset.GetRasterBand(1))

    def _fail(self, message: str) -> OutputError:
        reason = message.strip().replace(self._path, self._where) or "GDAL gives no reason"
        return OutputError(
            f"The raster cannot be written ({reason}).",
            where=self._where,
            remedy="Check the free space and the permissions of the folder.",
        )

    def _describe_spectrum(self, band: Any, position: int) -> None:
        """Note the wavelength as ENVI files do, which QGIS and other programs show."""
        if self._layout.wavelengths:
            band.SetMetadataItem("wavelength", f"{self._layout.wavelengths[position]:g}")
            band.SetMetadataItem("wavelength_units", "Nanometers")
        if self._layout.widths:
            band.SetMetadataItem("fwhm", f"{self._layout.widths[position]:g}")

    def _paint(self, band: Any) -> None:
        if self._layout.category_names:
            band.SetCategoryNames(list(self._layout.category_names))
        if self._layout.color_table:
            table = gdal.ColorTable()
            for value, color in enumerate(self._layout.color_table):
                parts = [int(color[i : i + 2], 16) for i in (1, 3, 5)] if color else [0, 0, 0]
                table.SetColorEntry(value, (*parts, 255 if color else 0))
            _ask(self._fail, band.SetColorTable, table)

    def write(self, window: Window, values: NDArray[Any]) -> None:
        """Write a window (C, H, W), or (H, W) for a single band. Raises `OutputError`."""
        dtype = np.dtype(numpy_type(self._layout.dtype))
        data = np.ascontiguousarray(values, dtype=dtype)
        shape = (len(self._layout.band_names), window.height, window.width)
        if data.size != math.prod(shape):
            raise ValueError(f"values of shape {values.shape} do not fill {shape}")
        place = (window.col, window.row, window.width, window.height)
        _ask(
            self._fail,
            self._dataset.WriteRaster,
            *place,
            data.tobytes(),
            buf_type=_FORMATS[self._layout.dtype],
        )

    def sieve(self, source: str, smallest: int, neighbours: int, progress: Callable[[float], object]) -> None:
        """Fill the raster with the first band of `source` without its small patches.

        A patch of equal pixels (touching by a side, or with 8 `neighbours` also by a corner) with fewer than
        `smallest` pixels takes the value of the largest patch that it touches. Pixels without data stay and
        take no part. Raises `OutputError`, `RasterReadError`, and what `progress` raises.
        """
        dataset = open_raster(source)  # its bands live no longer than it does
        band = dataset.GetRasterBand(1)
        raised: list[BaseException] = []

        def tell(fraction: float, *_: object) -> int:
            try:
                progress(fraction)
            except BaseException as error:  # noqa: BLE001  an exception cannot leave through GDAL's C code
                raised.append(error)
            return 0 if raised else 1

        target, arguments = self._dataset.GetRasterBand(1), (smallest, neighbours)
        try:
            _ask(self._fail, gdal.SieveFilter, band, band.GetMaskBand(), target, *arguments, callback=tell)
        except OutputError:
            if not raised:
                raise
        if raised:
            raise raised[0]

    def finish(self) -> None:
        """Add overviews and close the file, so that every byte is on the disk. Raises `OutputError`."""
        longest = max(self._dataset.RasterXSize, self._dataset.RasterYSize)
        levels = [2**i for i in range(1, 16) if longest / 2 ** (i - 1) > 512]
        _ask(self._fail, self._dataset.FlushCache)
        if levels:
            _ask(self._fail, self._dataset.BuildOverviews, self._layout.overviews.upper(), levels)
        _ask(self._fail, self.close)

    def close(self) -> None:
        """Close the file as it is."""
        self._dataset = None
