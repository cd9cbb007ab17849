"""Named arrays and JSON text in one file of the safetensors format, read and written with numpy alone.

The format: 8 bytes little-endian length of a JSON header, the header, then the arrays' bytes. The header maps
each name to `dtype`, `shape` and `data_offsets`, and `__metadata__` to a table of texts. Nothing is executed.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from ..data.drafts import draft_prefix
from ..errors import ModelFileError, OutputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[Any]]

_DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1",
}  # fmt: skip
_NAMES = {np.dtype(code): name for name, code in _DTYPES.items()}
_LONGEST_HEADER = 100_000_000
_METADATA = "__metadata__"


@dataclass(frozen=True)
class Entry:
    """One array in a file: its dtype, shape, and byte range in the data part."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    start: int
    stop: int


@dataclass(frozen=True)
class Header:
    """What a file says about itself; `data_at` is the position of the first data byte."""

    metadata: dict[str, str]
    entries: dict[str, Entry]
    data_at: int


def read_header(path: str | os.PathLike[str]) -> Header:
    """Read and check the header without touching the arrays.

    Raises:
        ModelFileError: the file is missing, unreadable, of another kind, or shorter than its header says.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            return _header_of(file, path)
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> ModelFileError:
    return ModelFileError(
        f"The file cannot be read ({error.strerror or error}).",
        where=str(path),
        remedy="Check the path and the permissions.",
    )


def read_arrays(path: str | os.PathLike[str], header: Header) -> Arrays:
    """Read every array that `header` lists."""
    path = Path(path)
    arrays: Arrays = {}
    try:
        with path.open("rb") as file:
            for name, entry in header.entries.items():
                file.seek(header.data_at + entry.start)
                content = file.read(entry.stop - entry.start)
                if len(content) != entry.stop - entry.start:
                    raise _truncated(path)
                arrays[name] = np.frombuffer(bytearray(content), entry.dtype).reshape(entry.shape)
    except OSError as error:
        raise _unreadable(path, error) from error
    return arrays


def write_arrays(
    path: str | os.PathLike[str], arrays: Mapping[str, NDArray[Any]], text: str, key: str
) -> None:
    """Write arrays and one text (stored in the header under `key`); an existing file is replaced at once.

    Raises:
        OutputError: the folder is missing or not writable, the disk is full, or the file is in use.
    """
    path = Path(path)
    # A name of its own in the same folder: the move cannot stop half-way, and a crash leaves the old file.
    draft = path.with_name(f"{draft_prefix()}{uuid.uuid4().hex[:8]}.part")
    try:
        with draft.open("wb") as file:
            _write(file, arrays, {key: text})
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except OSError as error:
        raise OutputError(
            f"The file cannot be written ({error.strerror or error}).",
            where=str(path),
            remedy="Choose a folder that exists and can be written to, and close programs that use the file.",
        ) from error
    finally:
        draft.unlink(missing_ok=True)


def _write(file: BinaryIO, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> None:
    header: dict[str, Any] = {_METADATA: dict(metadata)}
    position = 0
    # Widest items first: every array then starts at a multiple of its item size.
    ordered = sorted(arrays.items(), key=lambda item: (-item[1].dtype.itemsize, item[0]))
    for name, array in ordered:
        dtype = _NAMES.get(array.dtype.newbyteorder("<"))
        if dtype is None:
            raise ValueError(f"array {name} has dtype {array.dtype}, which the format cannot hold")
        header[name] = {
            "dtype": dtype,
            "shape": list(array.shape),
            "data_offsets": [position, position + array.nbytes],
        }
        position += array.nbytes
    encoded = json.dumps(header, ensure_ascii=False, allow_nan=False).encode("utf-8")
    encoded += b" " * (-len(encoded) % 8)
    file.write(len(encoded).to_bytes(8, "little"))
    file.write(encoded)
    for _, array in ordered:
        file.write(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes())


def _header_of(file: BinaryIO, path: Path) -> Header:
    size = os.fstat(file.fileno()).st_size
    length = int.from_bytes(file.read(8), "little")
    first = file.read(1)
    if size < 9 or first != b"{" or length > _LONGEST_HEADER:
        raise _foreign(path) if first != b"{" and size >= 9 else _truncated(path)
    if 8 + length > size:
        raise _truncated(path)
    try:
        content = json.loads((first + file.read(length - 1)).decode("utf-8"))
        metadata = {str(k): str(v) for k, v in content.pop(_METADATA, {}).items()}
        entries = {str(name): _entry(values) for name, values in content.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _damaged(path, f"its header cannot be understood: {error}") from error
    header = Header(metadata, entries, 8 + length)
    _check_extent(header, size, path)
    return header


def _entry(values: Mapping[str, Any]) -> Entry:
    dtype = np.dtype(_DTYPES[values["dtype"]])
    shape = tuple(int(n) for n in values["shape"])
    start, stop = (int(n) for n in values["data_offsets"])
    if min((*shape, start), default=0) < 0 or stop - start != prod(shape) * dtype.itemsize:
        raise ValueError(f"an array of shape {shape} does not fill bytes {start} to {stop}")
    return Entry(dtype, shape, start, stop)


def _check_extent(header: Header, size: int, path: Path) -> None:
    """Check that the arrays lie one after another and end with the file."""
    end = 0
    for entry in sorted(header.entries.values(), key=lambda e: (e.start, e.stop)):
        if entry.start != end:
            raise _damaged(path, "its arrays overlap or leave gaps")
        end = entry.stop
    if header.data_at + end > size:
        raise _truncated(path)
    if header.data_at + end < size:
        raise _damaged(path, "there are bytes after its last array")


def _truncated(path: Path) -> ModelFileError:
    return ModelFileError(
        "The model file is not complete: it ends before its content does.",
        where=str(path),
        remedy="Copy or download it again, or train a new model.",
    )


def _foreign(path: Path) -> ModelFileError:
    return ModelFileError(
        "This is not a model file of Landfuse.",
        where=str(path),
        remedy="Choose a .safetensors file that Landfuse's Train has written.",
    )


def _damaged(path: Path, why: str) -> ModelFileError:
    return ModelFileError(
        f"The model file is damaged: {why}.",
        where=str(path),
        remedy="Copy or download it again, or train a new model.",
    )
