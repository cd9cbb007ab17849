"""Names by which GDAL opens rasters: paths, archives (`/vsizip/...`), parts of files (`NETCDF:"f":x`)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

_LISTED = 12  # names in a row
_QUOTED = re.compile(r'(\w{2,}:)"([^"]+)"(.*)', re.S)
_PLAIN = re.compile(r"(\w{2,}:)((?:[A-Za-z]:[\\/]|/)?[^:\"]+)(:.*|)", re.S)


def split_name(name: str) -> tuple[str, str, str]:
    """Return what stands before the file in GDAL's name, the file, and what follows it."""
    match = _QUOTED.fullmatch(name)
    if match:
        return f'{match[1]}"', match[2], f'"{match[3]}'
    match = _PLAIN.fullmatch(name)
    return (match[1], match[2], match[3]) if match else ("", name, "")


def file_of(name: str) -> str:
    """Return the file or folder that GDAL's name stands for."""
    return split_name(name)[1]


def absolute_name(name: str, folder: Path) -> str:
    """Return the name with its file made absolute against `folder`; what is no file stays as it is."""
    before, path, after = split_name(name)
    if not path or path.startswith("/vsi") or Path(path).is_absolute():
        return name
    if before and not (before.endswith('"') or (folder / path).exists()):
        return name  # WMS:..., a database: no file
    return f"{before}{(folder / path).resolve()}{after}"


def parent(path: str) -> str:
    """Return the folder of a path, of archives too, with forward slashes."""
    return path.replace("\\", "/").rpartition("/")[0]


def base_name(path: str) -> str:
    """Return the last part of a path."""
    return path.replace("\\", "/").rpartition("/")[2]


def short_name(name: str) -> str:
    """Return a name for messages: without folders, and `f.nc:red` for a part of a file."""
    before, path, after = split_name(name)
    part = re.split(r"[:/]", after.strip('"'))[-1] if before else ""
    return base_name(path.rstrip("/\\")) + (f":{part}" if part else "")


def listed(names: Sequence[str], most: int = _LISTED) -> str:
    """Return names in a row, of many the first ones and how many more there are."""
    left = len(names) - most
    return ", ".join(names) if left <= 1 else f"{', '.join(names[:most])} and {left} more"
