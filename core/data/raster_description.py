"""What a raster file says of itself."""

from __future__ import annotations

import os
from typing import Any

from ..errors import AlignmentError, RasterReadError
from .coordinates import make_grid
from .declared_units import declared_units, with_declared_units
from .grid import GeoTransform, Grid, is_usable
from .raster_info import BandInfo, RasterInfo, RasterStorage
from .raster_io import crs_of, has_mask, is_alpha, open_raster, pixel_bytes, type_name
from .spectral import BandMetadata, Spectrum, prisma_bands, read_spectra

NO_TRANSFORM: GeoTransform = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)  # what QGIS shows for a file without any
# Formats whose values lie in a file as they are, without a compression.
_PLAIN = ("ENVI", "EHdr", "ERS", "RST", "SAGA", "RRASTER", "MFF", "PAux", "ISCE", "ROI_PAC", "GenBin")


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
    transform, wkt = dataset.GetGeoTransform(can_return_null=True), crs_of(dataset)
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
        has_mask=has_mask(first),
        has_gcps=not placed and dataset.GetGCPCount() > 0,
    )


def storage_of(path: str) -> RasterStorage:
    """Return how a raster is stored. Raises `RasterReadError`."""
    dataset = open_raster(path)
    files = [name for name in dataset.GetFileList() or () if os.path.isfile(name)]
    compression = dataset.GetMetadata("IMAGE_STRUCTURE").get("COMPRESSION", "")
    overviews = dataset.GetRasterBand(1).GetOverviewCount()
    return RasterStorage(sum(os.path.getsize(name) for name in files), compression, overviews)


def _require_bands_as_bands(path: str, found: int, expected: int) -> None:
    if expected and found != expected:
        raise RasterReadError(
            f"This GDAL takes the {expected} bands of the PRISMA cube for rows (it finds {found} bands).",
            where=path,
            remedy="Convert the cube to GeoTIFF with a PRISMA importer, or use GDAL 3.7 or newer.",
        )


def _require_all_bytes(dataset: Any, path: str) -> None:
    """Refuse plain files shorter than their header says: GDAL would read zeros for what is missing."""
    if dataset.GetDriver().ShortName not in _PLAIN or _is_compressed(dataset):
        return
    first = dataset.GetRasterBand(1)
    needed = dataset.RasterXSize * dataset.RasterYSize * dataset.RasterCount * pixel_bytes(first)
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


def _describe_band(band: Any, about: BandMetadata, spectrum: Spectrum) -> BandInfo:
    scale, offset, nodata = band.GetScale(), band.GetOffset(), band.GetNoDataValue()
    return BandInfo(
        number=band.GetBand(),
        name=about.name,
        wavelength=spectrum.wavelength,
        width=spectrum.width,
        nodata=() if nodata is None else (float(nodata),),
        dtype=type_name(band),
        scale=spectrum.scale if scale in (None, 1) else scale,
        offset=spectrum.offset if offset in (None, 0) else offset,
        bad=spectrum.bad,
        alpha=is_alpha(band),
        unit=band.GetUnitType() or "",
    )


def _colors(table: Any) -> tuple[str, ...]:
    if table is None:
        return ()
    return tuple("#{:02x}{:02x}{:02x}".format(*table.GetColorEntry(i)[:3]) for i in range(table.GetCount()))
