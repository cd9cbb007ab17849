"""Variables of MATLAB files: version 5 through scipy, version 7.3 (HDF5) through h5py or GDAL.

A variable is named as in MATLAB: `gt`, `hsi.Data` for a field of a structure, `gt'` for the transpose.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.raster_io import hdf5_arrays, read_hdf5_array
from ..errors import LandfuseError, MissingDependencyError, RasterReadError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Shape = tuple[int, ...]

_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_USER_BLOCK = 512  # bytes of text before the HDF5 part of a file that MATLAB wrote
_WRITTEN_BY_MATLAB = b"MATLAB 7.3"


def variables(path: str) -> dict[str, Shape]:
    """Return name and shape of the numeric variables in a file, axes as MATLAB has them.

    Raises `RasterReadError` for a file that is no MATLAB file, `MissingDependencyError`.
    """
    if _is_hdf5(path):
        shapes = {name.replace("/", "."): shape for name, shape in _hdf5_shapes(path).items()}
        return {name: shape[::-1] if _is_reversed(path) else shape for name, shape in shapes.items()}
    return {name: array.shape for name, array in _arrays(_load(path, None))}


def read_variable(path: str, name: str) -> NDArray[Any]:
    """Return a variable, axes as MATLAB has them: (H, W) or (H, W, C) as a rule.

    `name` "": the only one with two or three axes. Raises `RasterReadError` with the names that are there.
    """
    bare, transposed = name.rstrip("'"), name.endswith("'")
    values = _read(path, bare or _only_one(path))
    return np.swapaxes(values, 0, 1) if transposed else values


def _read(path: str, name: str) -> NDArray[Any]:
    if not _is_hdf5(path):
        found = dict(_arrays(_load(path, name.split(".")[0])))
        if name not in found:
            raise _missing(path, name)
        return found[name]
    stored = name.replace(".", "/")
    if stored not in _hdf5_shapes(path):
        raise _missing(path, name)
    values = _hdf5_values(path, stored)
    # MATLAB counts the first axis fastest and HDF5 the last: the axes come in reverse.
    return values.transpose() if _is_reversed(path) else values


def _only_one(path: str) -> str:
    candidates = [name for name, shape in variables(path).items() if len(shape) in (2, 3) and min(shape) > 0]
    rasters = [name for name in candidates if max(variables(path)[name]) > 1] or candidates
    if len(rasters) == 1:
        return rasters[0]
    raise RasterReadError(
        f"The file holds {len(rasters)} variables that could be meant: {_listed(path)}.",
        where=path,
        remedy="Name the one that is wanted.",
    )


def _missing(path: str, name: str) -> RasterReadError:
    return RasterReadError(
        f"There is no numeric variable '{name}' in the file; it holds: {_listed(path)}.",
        where=path,
        remedy="Name one of these; upper and lower case count.",
    )


def _listed(path: str) -> str:
    found = [f"{name} ({' x '.join(map(str, shape))})" for name, shape in variables(path).items()]
    return ", ".join(found) or "none"


def _is_hdf5(path: str) -> bool:
    head = _head(path)
    return head.startswith((_HDF5_SIGNATURE, _WRITTEN_BY_MATLAB)) or head[_USER_BLOCK:].startswith(
        _HDF5_SIGNATURE
    )


def _is_reversed(path: str) -> bool:
    """Tell whether MATLAB, or what writes as it does, has written an HDF5 file."""
    return _head(path).startswith(_WRITTEN_BY_MATLAB)


def _head(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(_USER_BLOCK + len(_HDF5_SIGNATURE))
    except OSError as error:
        raise RasterReadError(
            f"The file cannot be read ({error.strerror or error}).",
            where=path,
            remedy="Check that it is there and that you may read it.",
        ) from error


# Version 5 and older.


def _load(path: str, name: str | None) -> Mapping[str, Any]:
    try:
        from scipy.io import loadmat
    except (ImportError, OSError) as error:
        raise MissingDependencyError(
            f"SciPy cannot be loaded ({error}); MATLAB files are read with it.",
            where="scipy",
            remedy="Set up the engine again (Landfuse options, or 'landfuse setup').",
        ) from error
    try:
        wanted = None if name is None else [name]
        found: Mapping[str, Any] = loadmat(
            path, variable_names=wanted, struct_as_record=False, squeeze_me=False
        )
    except MemoryError:
        raise
    except Exception as error:  # scipy meets a damaged file with many kinds, some its own
        raise RasterReadError(
            f"The file is no MATLAB file that can be read ({error}).",
            where=path,
            remedy="Check that it is complete, or save the variables again in MATLAB.",
        ) from error
    return found


def _arrays(items: Mapping[str, Any], place: str = "") -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the numeric arrays of a file or structure with their names."""
    for name, value in items.items():
        if name.startswith("__"):
            continue
        while isinstance(value, np.ndarray) and value.dtype == object and value.size == 1:
            value = value.item()  # a structure is an array of one
        if hasattr(value, "toarray"):  # sparse, as a list of labels may be
            value = value.toarray()
        if hasattr(value, "_fieldnames"):
            yield from _arrays({f: getattr(value, f) for f in value._fieldnames}, f"{place}{name}.")
        elif isinstance(value, np.ndarray) and value.dtype.kind in "buif":
            yield place + name, value


# Version 7.3.


def _hdf5_shapes(path: str) -> dict[str, Shape]:
    file = _h5py(path)
    if file is None:
        return _with_gdal(path, hdf5_arrays)
    found: dict[str, Shape] = {}

    def note(name: str, item: Any) -> None:
        numeric = getattr(item, "dtype", None) is not None and item.dtype.kind in "buif"
        # Neither texts nor the axes that netCDF keeps beside its arrays are variables.
        other = item.attrs.get("MATLAB_class") == b"char" or item.attrs.get("CLASS") == b"DIMENSION_SCALE"
        if numeric and not other and not name.startswith("#"):
            found[name] = tuple(item.shape)

    with file:
        file.visititems(note)
    return found


def _hdf5_values(path: str, name: str) -> NDArray[Any]:
    file = _h5py(path)
    if file is None:
        return _with_gdal(path, lambda p: read_hdf5_array(p, name))
    with file:
        return np.asarray(file[name])


def _h5py(path: str) -> Any:
    """Return the open file, None where h5py is not installed."""
    try:
        import h5py
    except (ImportError, OSError):
        return None
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise RasterReadError(
            f"The file is no HDF5 file that can be read ({error}).",
            where=path,
            remedy="Check that it is complete, or save the variables again in MATLAB.",
        ) from error


def _with_gdal(path: str, read: Any) -> Any:
    try:
        return read(os.path.abspath(path))
    except LandfuseError as error:
        raise RasterReadError(
            f"The file is of version 7.3 (HDF5) and cannot be read: {error.what}",
            where=path,
            remedy="Install h5py in the Python of the engine ('pip install h5py'), or a GDAL with the HDF5 "
            "driver, or save the variables in MATLAB with save(..., '-v7').",
        ) from error
