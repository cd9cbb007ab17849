"""From what the analyst names to rasters: product folders, archives, containers, plain folders."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..dataset_names import base_name, listed, parent, short_name
from ..errors import RasterReadError
from ..job import RasterInput
from .band_choice import parse_bands
from .band_files import BandFile, band_file, finest
from .product_metadata import is_product_metadata
from .raster_description import inspect
from .raster_info import RasterInfo
from .raster_io import is_folder, is_raster, list_folder, subdatasets

# Folders of a product that are searched; any other folder is taken by the files in it alone.
_PRODUCT_FOLDER = re.compile(
    r".*\.SAFE|GRANULE|IMG_DATA|QI_DATA|R[126]0m|(L1C|L2A)_T\d.*|S2[A-D]_OPER_MSI_L(1C|2A)_.*", re.I
)
_NO_RASTERS = (
    ".xml", ".txt", ".json", ".csv", ".hdr", ".aux", ".ovr", ".msk", ".tfw", ".prj", ".qml", ".html", ".pdf",
    ".gpkg", ".shp", ".dbf", ".shx", ".geojson", ".zip", ".md", ".safetensors",
)  # fmt: skip
_BESIDE = re.compile(
    r"_(TCI|PVI|AOT|WVP|SCL)(?:_\d+m)?\.\w+|_(QA_PIXEL|QA_RADSAT|SR_QA_AEROSOL|ST_\w+)\.\w+", re.I
)
_NO_MEASUREMENT = re.compile(
    r"(lat|lon)(itude)?s?|[xy]c?|time|crs|spatial_ref|.*(_bnds|_bounds|quality|flags?|mask|_qa|qa_.*|err_matrix"
    r"|_error|uncertainty)",
    re.I,
)
_PRISMA_CUBE = re.compile(r"(VNIR|SWIR)_Cube", re.I)


@dataclass(frozen=True)
class Expansion:
    """The rasters a path stands for, with the settings of the job for each, and notes that say which."""

    rasters: tuple[RasterInput, ...]
    notes: tuple[str, ...] = ()


def is_product(path: str) -> bool:
    """Return whether a path stands for several rasters: a folder, an archive, a product's metadata file or a
    container of rasters.
    """  # noqa: D205  one sentence
    try:
        return (
            path.lower().endswith(".zip")
            or is_product_metadata(base_name(path))
            or is_folder(path)
            or bool(subdatasets(path))
        )
    except RasterReadError:
        return False


def expand(asked: RasterInput) -> Expansion:
    """Return the rasters that a path of a job stands for; a raster stands for itself.

    Raises `RasterReadError` for a folder without rasters and a container of rasters that do not belong
    together.
    """
    path = asked.path.rstrip("/\\") or asked.path
    if path.lower().endswith(".zip") and not path.startswith("/vsi"):
        path = f"/vsizip/{path}"
    if is_product_metadata(base_name(path)):
        path = parent(path)
    if is_folder(path):
        return _expand_folder(replace(asked, path=path))
    parts = subdatasets(path)
    return _expand_container(asked, parts) if parts else Expansion((asked,))


def _expand_folder(asked: RasterInput) -> Expansion:
    paths = _files(asked.path)
    bands = [file for file in map(band_file, paths) if file]
    if len(bands) > 1:
        return _expand_bands(asked, paths, bands)
    images = [path for path in paths if re.search(r"-SPECTRAL_IMAGE(_VNIR|_SWIR)?\.TIFF?$", path, re.I)]
    if images:
        names = [base_name(path) for path in images]
        return Expansion(
            tuple(replace(asked, path=path) for path in images),
            (f"{short_name(asked.path)}: {listed(names)} used, quality layers and pictures left out.",),
        )
    if is_raster(asked.path):
        return Expansion((asked,))
    return _expand_plain_folder(asked)


def _files(folder: str) -> list[str]:
    """Return the files of a folder, those in the folders of a product within included."""
    found = []
    for name in sorted(list_folder(folder), key=_natural):
        path = f"{folder}/{name}"
        if not is_folder(path):
            found.append(path)
        elif _PRODUCT_FOLDER.fullmatch(name):
            found += _files(path)
    return found


def _natural(name: str) -> list[tuple[int, str]]:
    """Return what sorts B2 before B10."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name.lower())]


def _expand_bands(asked: RasterInput, paths: Sequence[str], bands: Sequence[BandFile]) -> Expansion:
    """Return every band of a product once, at its finest resolution; `bands` of the job counts them."""
    chosen = finest(bands)
    rasters = [replace(asked, path=file.path) for file in chosen]
    if asked.bands:
        numbers = parse_bands(asked.bands, len(rasters), short_name(asked.path))
        chosen = [chosen[n - 1] for n in numbers]
        rasters = [replace(rasters[n - 1], bands="1") for n in numbers]
    codes = [f"{f.code} ({f.metres} m)" if f.metres else f.code for f in chosen]
    sensors = ", ".join(dict.fromkeys(file.sensor for file in chosen))
    notes = [f"{short_name(asked.path)}: {sensors}, bands {', '.join(codes)}."]
    beside = [match[1] or match[2] for match in map(_BESIDE.search, paths) if match]
    if beside:
        named = ", ".join(sorted(dict.fromkeys(name.upper() for name in beside)))
        notes.append(f"{short_name(asked.path)}: {named} left out (pictures, by-products and quality).")
    return Expansion(tuple(rasters), tuple(notes))


def _expand_plain_folder(asked: RasterInput) -> Expansion:
    """Return all rasters of a folder by name; class maps and pictures beside placed rasters are left out."""
    names = sorted(list_folder(asked.path), key=_natural)
    paths = [f"{asked.path}/{n}" for n in names if not n.lower().endswith(_NO_RASTERS) and n[0] != "."]
    infos = [inspect(path, asked.crs) for path in paths if not is_folder(path) and is_raster(path)]
    placed = any(info.has_georeference for info in infos)
    kept = [i for i in infos if i.has_georeference == placed and not _is_class_map(i)]
    if not kept:
        raise RasterReadError(
            "The folder holds no raster" + (" but class maps." if infos else "."),
            where=asked.path,
            remedy="Choose the folder that holds the rasters themselves, or name the files.",
        )
    where = short_name(asked.path)
    notes = [f"{where}: {len(kept)} raster{'' if len(kept) == 1 else 's'}: {_names(kept)}."]
    left_out = [info for info in infos if info not in kept]
    if left_out:
        notes.append(f"{where}: {_names(left_out)} left out (class maps, or without georeference).")
    return Expansion(tuple(replace(asked, path=info.path) for info in kept), tuple(notes))


def _names(infos: Sequence[RasterInfo]) -> str:
    return listed([short_name(info.path) for info in infos])


def _is_class_map(info: RasterInfo) -> bool:
    return bool(info.category_names or info.color_table)


def _expand_container(asked: RasterInput, parts: Sequence[str]) -> Expansion:
    """Return the parts of a netCDF or HDF file that measure something, if they lie on one grid."""
    infos = [inspect(part, asked.crs) for part in parts if is_raster(part)]
    usable = [info for info in infos if _PRISMA_CUBE.fullmatch(_part(info))]
    usable = usable or [i for i in infos if not _NO_MEASUREMENT.fullmatch(_part(i)) and min(i.grid.shape) > 1]
    usable = usable or infos
    placed = [info for info in usable if info.has_georeference] or usable
    grids = {(info.grid.crs, info.grid.transform, info.grid.shape) for info in placed}
    where = short_name(asked.path)
    if len(grids) != 1:
        raise RasterReadError(
            f"It holds {len(parts)} rasters that do not lie on one grid: {listed(parts)}."
            if parts and infos
            else "It holds no raster that can be read.",
            where=asked.path,
            remedy='Name the one to use as it stands here, for example NETCDF:"f.nc":name.',
        )
    notes = []
    if len(placed) > 1:
        notes.append(f"{where}: {listed([_part(info) for info in placed])} are used.")
    left_out = [_part(info) for info in infos if info not in placed]
    if left_out:
        notes.append(f"{where}: {listed(left_out)} left out (coordinates, quality, or another place).")
    return Expansion(tuple(replace(asked, path=info.path) for info in placed), tuple(notes))


def _part(info: RasterInfo) -> str:
    return short_name(info.path).rpartition(":")[2]
