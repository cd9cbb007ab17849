"""The small JSON beside a map, which tells what it was made from, and whether it would be made anew."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..data.raster_io import dataset_files
from ..data.text_output import write_text_atomic
from ..errors import ModelFileError, RasterReadError
from ..job import Job
from ..version import __version__

_VERSION = "landfuse_map"
# The settings that shape a map. Device, batch, tile and threads do not, beyond the rounding of sums: a run
# that is started again with a smaller tile, because memory was full, keeps what is finished.
_SHAPING = ("precision",)


def record_path(class_map: str) -> Path:
    """Return the record that belongs to a map."""
    return Path(class_map).with_suffix(".json")


def file_digest(path: str) -> str:
    """Return the SHA-256 of a model file. Raises `ModelFileError`."""
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            for part in iter(lambda: file.read(1 << 20), b""):
                digest.update(part)
    except OSError as error:
        raise ModelFileError(
            f"The file cannot be read ({error.strerror}).",
            where=path,
            remedy="Check that it is still there and that you may read it.",
        ) from error
    return digest.hexdigest()


def made_from(job: Job, model_digest: str) -> dict[str, Any]:
    """Return everything that decides what the map of a `classify` job looks like, as JSON values.

    Files count by name, size and time of change, not by folder: a project can be moved.
    """
    inputs = {
        key: [
            {**_without_folder(raster), "files": _facts(str(raster["path"]))}
            for raster in job.to_json()["inputs"][key]
        ]
        for key in job.inputs
    }
    found = {
        "model": {"name": Path(job.parameters["model"]).name, "sha256": model_digest},
        "inputs": inputs,
        "mask": _facts(job.mask) if job.mask else [],
        "mask_values": job.mask_values,
        "settings": {name: job.parameters[name] for name in _SHAPING},
        "outputs": sorted(job.outputs),
    }
    plain: dict[str, Any] = json.loads(json.dumps(found))
    return plain


def _without_folder(raster: Mapping[str, Any]) -> dict[str, Any]:
    return {**raster, "path": Path(str(raster["path"])).name}


def _facts(path: str) -> list[dict[str, Any]]:
    """Return name, size and time of change of a raster's files, sidecars and sources of a VRT included."""
    if Path(path).is_dir():  # a product
        return [_stat(str(file)) for file in sorted(Path(path).rglob("*")) if file.is_file()]
    try:
        files = dataset_files(path)
    except RasterReadError:  # an archive, or nothing that can be read: mapping it will tell
        files = ()
    return [_stat(name) for name in sorted({path, *files})]


def _stat(path: str) -> dict[str, Any]:
    try:
        found = Path(path).stat()
    except OSError:  # a data set that is no plain file
        return {"name": path}
    return {"name": Path(path).name, "bytes": found.st_size, "changed": found.st_mtime_ns}


def read_finished(job: Job, source: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the record of a map that is there and was made from the same; None where it must be made."""
    try:
        record = json.loads(record_path(job.outputs["classmap"]).read_text(encoding="utf-8"))
        same = record[_VERSION] == 1 and record["made_from"] == source
        there = all(record["files"][name] == _stat(path) for name, path in job.outputs.items())
        return dict(record) if same and there else None
    except (OSError, ValueError, KeyError, TypeError):  # none, or not ours
        return None


def write_record(job: Job, source: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
    """Write the record of a map that is finished; `facts` are figures worth keeping. Raises `OutputError`."""
    record = {
        _VERSION: 1,
        "made_from": source,
        "files": {name: _stat(path) for name, path in job.outputs.items()},
        **facts,
        "landfuse": __version__,
        "finished": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }
    text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    write_text_atomic(record_path(job.outputs["classmap"]), text)
