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
from .declared_units import declared_units, with_declared_units
from .grid import Bounds, GeoTransform, Grid, is_usable
from .longitudes import connected
from .raster_info import BandInfo, RasterInfo, RasterLayout, RasterStorage
from .spectral import BandMetadata, Spectrum, prisma_bands, read_spectra
from .windows import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

NO_TRANSFORM: GeoTransform = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)  # what QGIS shows for a file without any
_ENGINE_CACHE = 256 << 20  # bytes
_WARP_MEGABYTES = 64
# Values of a thinned read that are kept, as a file without overviews is read as a whole each time.
_KEPT_VALUES = 1 << 20
# Rows and columns warped at once. GDAL's 128 x 512 make windows with a margin compute many pixels in vain.
_WARP_BLOCK = (64, 128)
# Said of single points outside the domain of a projection; the pixels there are invalid, the read is good.
_HARMLESS = ("PROJ", "Reprojection failed", "Point outside", "Unable to compute source region")
_SEMI_MAJOR, _ECCENTRICITY2 = 6378137.0, 0.00669437999014  # WGS 84
# Formats whose values lie in a file as they are, without a compression.
_PLAIN = ("ENVI", "EHdr", "ERS", "RST", "SAGA", "RRASTER", "MFF", "PAux", "ISCE", "ROI_PAC", "GenBin")
_FORMATS = {
    "Byte": gdal.GDT_Byte,
    "UInt16": gdal.GDT_UInt16,
    "Int16": gdal.GDT_Int16,
    "Float32": gdal.GDT_Float32,
}


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
        moved = _ask(_not_transformable(from_crs, to_crs), change.TransformPoints, points.tolist())
        points = np.array([p[:2] for p in moved], np.float64).reshape(-1, 2)
    return points[:, 0], points[:, 1]


def _not_transformable(from_crs: str, to_crs: str) -> Callable[[str], LandfuseError]:
    names = f"{crs_name(from_crs)} to {crs_name(to_crs)}"
    return lambda message: AlignmentError(
        f"Coordinates cannot be transformed from {names} ({message}).",
        where=names,
        remedy="Check that each source has the coordinate system it was made in.",
    )


def transform_bounds(bounds: Bounds, from_crs: str, to_crs: str) -> Bounds:
    """Return the rectangle around a transformed rectangle; across 180 degrees its longitudes go on.

    Raises `AlignmentError`.
    """
    if same_crs(from_crs, to_crs):
        return bounds
    along = np.linspace(0.0, 1.0, 33)
    xs = bounds.x_min + along * (bounds.x_max - bounds.x_min)
    ys = bounds.y_min + along * (bounds.y_max - bounds.y_min)
    low, high = np.full(33, bounds.y_min), np.full(33, bounds.y_max)
    left, right = np.full(33, bounds.x_min), np.full(33, bounds.x_max)
    edge_x, edge_y = np.concatenate([xs, xs, left, right]), np.concatenate([low, high, ys, ys])
    x, y = transform_points(edge_x, edge_y, from_crs, to_crs)
    known = np.isfinite(x) & np.isfinite(y)
    if not known.any():
        raise _not_transformable(from_crs, to_crs)("outside its area of use")
    x, y = connected(x[known], full_turn(to_crs)), y[known]
    return Bounds(float(x.min()), float(y.min()), float(x.max()), float(y.max()))


def utm_crs_at(x: float, y: float, crs: str) -> str:
    """Return the WGS 84 / UTM zone of a place as WKT."""
    lon, lat = (float(v[0]) for v in transform_points([x], [y], crs, crs_wkt("EPSG:4326")))
    zone = int((lon + 180) // 6) % 60 + 1
    return crs_wkt(f"EPSG:{(32600 if lat >= 0 else 32700) + zone}")


def metres_per_pixel(crs: str, transform: GeoTransform, rows: int, cols: int) -> tuple[float, float]:
    """Return width and height of the centre pixel in metres (in map units where there is no CRS).

    For a projected CRS these are its nominal metres, unless it stretches the ground by more than 2 % (Web
    Mercator).
    """
    t = transform
    width, height = math.hypot(t[1], t[4]), math.hypot(t[2], t[5])
    if not crs:
        return width, height
    nominal = None
    if not is_geographic(crs):
        unit = float(_reference(crs).GetLinearUnits())
        nominal = width * unit, height * unit
    ground = _ground_metres(crs, t, rows, cols)
    if nominal and (ground is None or all(abs(g / n - 1) < 0.02 for g, n in zip(ground, nominal))):
        return nominal
    if ground is None:
        raise AlignmentError(
            "The raster lies outside the area of its coordinate system.",
            where=crs_name(crs),
            remedy="Assign the coordinate system that its coordinates belong to.",
        )
    return ground


def _ground_metres(crs: str, t: GeoTransform, rows: int, cols: int) -> tuple[float, float] | None:
    """Return the size of the centre pixel on the ellipsoid, None where the place has no latitude."""
    x, y = t[0] + cols / 2 * t[1] + rows / 2 * t[2], t[3] + cols / 2 * t[4] + rows / 2 * t[5]
    lon, lat = transform_points([x, x + t[1], x + t[2]], [y, y + t[4], y + t[5]], crs, crs_wkt("EPSG:4326"))
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()) or abs(lat[0]) > 90:
        return None
    curve = 1 - _ECCENTRICITY2 * math.sin(math.radians(lat[0])) ** 2
    north = _SEMI_MAJOR * (1 - _ECCENTRICITY2) / curve**1.5 * np.radians(lat[1:] - lat[0])
    turn = np.radians((lon[1:] - lon[0] + 180) % 360 - 180)
    east = _SEMI_MAJOR / math.sqrt(curve) * math.cos(math.radians(lat[0])) * turn
    size = np.hypot(east, north)
    return (float(size[0]), float(size[1])) if (size > 0).all() else None


def make_grid(crs: str, transform: GeoTransform, rows: int, cols: int) -> Grid:
    """Return a grid with its pixel size in metres filled in; `crs` as WKT or code."""
    wkt = crs_wkt(crs)
    return Grid(wkt, transform, rows, cols, metres_per_pixel(wkt, transform, rows, cols))


# Describing files.


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


def _require_all_bytes(dataset: Any, path: str) -> None:
    """Refuse plain files shorter than their header says: GDAL would read zeros for what is missing."""
    if dataset.GetDriver().ShortName not in _PLAIN or _is_compressed(dataset):
        return
    first = dataset.GetRasterBand(1)
    pixel_bytes = gdal.GetDataTypeSize(first.DataType) // 8
    needed = dataset.RasterXSize * dataset.RasterYSize * dataset.RasterCount * pixel_bytes
    found = max(
        (os.path.getsize(f) for f in dataset.GetFileList() or () if os.path.isfile(f)), default=needed
    )
    if found < needed:
        raise RasterReadError(
            f"The file is not complete: it has {found:,} bytes, its header asks for at least {needed:,}.",
            where=path,
            remedy="Copy or download it again, or correct the header.",
        )


def _is_compressed(dataset: Any) -> bool:
    return str(dataset.GetMetadataItem("file_compression", "ENVI") or "0").strip() != "0"


def is_raster(path: str) -> bool:
    """Return whether GDAL opens the file as a raster."""
    try:
        return bool(open_raster(path).RasterCount)
    except RasterReadError:
        return False


def inspect(path: str, crs: str = "") -> RasterInfo:
    """Describe a raster; `crs` (WKT or code) replaces what the file says.

    Raises `RasterReadError` for a file that is missing, no raster, or a container of several rasters.
    """
    dataset = open_raster(path)
    if dataset.RasterCount == 0:
        parts = [name for name, _ in dataset.GetSubDatasets()]
        found = f"It holds {len(parts)} rasters, such as {parts[0]}." if parts else "It holds no bands."
        raise RasterReadError(found, where=path, remedy="Choose one raster of the file.")
    _require_all_bytes(dataset, path)
    transform, wkt = dataset.GetGeoTransform(can_return_null=True), _wkt_of(dataset.GetSpatialRef())
    placed = transform is not None and tuple(transform) != (0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    grid = _grid_of(dataset, tuple(transform), crs or wkt) if placed else _grid_of(dataset, NO_TRANSFORM, "")
    stored = [dataset.GetRasterBand(i + 1) for i in range(dataset.RasterCount)]
    about = [_band_metadata(band, i) for i, band in enumerate(stored, 1)]
    items = {**dataset.GetMetadata(), **dataset.GetMetadata("ENVI")}
    _require_bands_as_bands(path, dataset.RasterCount, prisma_bands(items, path))
    spectra = read_spectra(items, about, path)
    bands = tuple(map(_describe_band, stored, about, spectra))
    bands = with_declared_units(bands, declared_units(dataset.GetMetadata(), dataset.GetMetadata("ENVI")))
    first = dataset.GetRasterBand(1)
    width, height = first.GetBlockSize()
    return RasterInfo(
        path=path,
        driver=dataset.GetDriver().ShortName,
        grid=grid,
        bands=bands,
        has_georeference=placed,
        category_names=tuple(first.GetCategoryNames() or ()),
        color_table=_colors(first.GetColorTable()),
        block=(height, width),
        has_mask=bool(first.GetMaskFlags() & (gdal.GMF_PER_DATASET | gdal.GMF_ALPHA)),
        has_gcps=not placed and dataset.GetGCPCount() > 0,
    )


def _require_bands_as_bands(path: str, found: int, expected: int) -> None:
    if expected and found != expected:
        raise RasterReadError(
            f"This GDAL takes the {expected} bands of the PRISMA cube for rows (it finds {found} bands).",
            where=path,
            remedy="Convert the cube to GeoTIFF with a PRISMA importer, or use GDAL 3.7 or newer.",
        )


def _grid_of(dataset: Any, transform: GeoTransform, crs: str) -> Grid:
    """Return where the pixels of a file lie. Raises `AlignmentError` that names the file."""
    path, rows, cols = dataset.GetDescription(), dataset.RasterYSize, dataset.RasterXSize
    if not is_usable(transform, rows, cols):
        raise AlignmentError(
            f"The geotransform {transform} gives the pixels no size or no place.",
            where=path,
            remedy="Georeference the raster anew, for example with 'Assign projection' or 'Translate'.",
        )
    try:
        return make_grid(crs, transform, rows, cols)
    except AlignmentError as error:
        raise AlignmentError(error.what, where=path, remedy=error.remedy) from error


def _band_metadata(band: Any, number: int) -> BandMetadata:
    items = band.GetMetadata()  # first: before it, GetCategoryNames() of GDAL 3.6 misses the sidecar file
    return BandMetadata(items, band.GetMetadata("IMAGERY"), band.GetDescription() or f"band {number}")


def storage_of(path: str) -> RasterStorage:
    """Return how a raster is stored. Raises `RasterReadError`."""
    dataset = open_raster(path)
    files = [name for name in dataset.GetFileList() or () if os.path.isfile(name)]
    compression = dataset.GetMetadata("IMAGE_STRUCTURE").get("COMPRESSION", "")
    overviews = dataset.GetRasterBand(1).GetOverviewCount()
    return RasterStorage(sum(os.path.getsize(name) for name in files), compression, overviews)


def _describe_band(band: Any, about: BandMetadata, spectrum: Spectrum) -> BandInfo:
    scale, offset, nodata = band.GetScale(), band.GetOffset(), band.GetNoDataValue()
    return BandInfo(
        number=band.GetBand(),
        name=about.name,
        wavelength=spectrum.wavelength,
        width=spectrum.width,
        nodata=() if nodata is None else (float(nodata),),
        dtype=gdal.GetDataTypeName(band.DataType),
        scale=spectrum.scale if scale in (None, 1) else scale,
        offset=spectrum.offset if offset in (None, 0) else offset,
        bad=spectrum.bad,
        alpha=band.GetColorInterpretation() == gdal.GCI_AlphaBand,
        unit=band.GetUnitType() or "",
    )


def _colors(table: Any) -> tuple[str, ...]:
    if table is None:
        return ()
    return tuple("#{:02x}{:02x}{:02x}".format(*table.GetColorEntry(i)[:3]) for i in range(table.GetCount()))


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
        self._type = np.dtype(_numpy_type(self.info.band(band).dtype))

    def __enter__(self) -> BandReader:
        return self

    def __exit__(self, *error: object) -> None:
        self._dataset = None

    def read(self, window: Window) -> NDArray[Any]:
        """Return a window (H, W) inside the raster as it is stored, nodata value included."""
        place = (window.col, window.row, window.width, window.height)
        fail = unreadable(self.info.path)
        data = _ask(fail, self._dataset.ReadRaster, *place, band_list=[self._band])
        if data is None:
            raise fail("")
        return np.frombuffer(data, self._type).reshape(window.height, window.width)


def _numpy_type(dtype: str) -> str:
    return {"Byte": "uint8", "CFloat32": "complex64", "CFloat64": "complex128"}.get(dtype, dtype.lower())


def read_band_window(path: str, band: int, window: Window) -> NDArray[Any]:
    """Return a window (H, W) of one band as it is stored. Raises `RasterReadError`."""
    with BandReader(path, band) as reader:
        return reader.read(window)


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
        dtype = np.dtype(_numpy_type(self._layout.dtype))
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
