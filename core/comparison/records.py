"""What is kept of a finished cell, and whether it was made from the same data and settings."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..data.grid import Grid
from ..data.sample_set import SampleSet
from ..data.text_output import write_text_atomic
from ..evaluation.confusion import ConfusionMatrix
from ..evaluation.metrics import compute_metrics
from ..job import Job
from ..training.provenance import file_facts
from ..training.recipe import Recipe
from ..version import __version__
from .design import Cell
from .parts import Part

_VERSION = "landfuse_cell"
# Device and threads change no more than the rounding of sums; the samples say how they were divided.
_INDIFFERENT = ("device", "threads", "test_fraction")


@dataclass(frozen=True, eq=False)
class Finished:
    """A cell that has been trained and scored."""

    matrix: ConfusionMatrix
    seconds: float
    settings: Mapping[str, Any]
    n_train: int

    def numbers(self) -> dict[str, Any]:
        """OA, AA, kappa and macro F1; None where undefined."""
        return compute_metrics(self.matrix).numbers()


def mark_of(job: Job, part: Part, recipe: Recipe, grid: Grid) -> str:
    """Return what tells the results of one cell from another's: sources, settings, samples, program.

    Files count by name, size and time of change, not by folder; samples by what they are, as QGIS hands
    them over in a new file each time.
    """
    items = job.to_json()
    for rasters in items["inputs"].values():
        for raster in rasters:
            raster["facts"] = {**file_facts(raster["path"]), "path": ""}
            raster["path"] = Path(raster["path"]).name
    known = {
        "inputs": items["inputs"],
        "mask": [os.path.getsize(job.mask) if job.mask else 0, job.mask_values],
        "parameters": {k: v for k, v in job.parameters.items() if k not in _INDIFFERENT},
        "recipe": repr(recipe),
        "grid": grid.to_json(),
        "classes": [c.to_json() for c in part.train.classes],
        "samples": [_digest(part.train), _digest(part.test)],
        "program": __version__,
    }
    return hashlib.sha256(json.dumps(known, sort_keys=True, default=str).encode()).hexdigest()


def _digest(samples: SampleSet) -> str:
    digest = hashlib.sha256()
    for values in (samples.rows, samples.cols, samples.labels, samples.places):
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def record_path(folder: Path, cell: Cell) -> Path:
    """Return the file that keeps a cell."""
    return folder / f"{cell.name}.json"


def read_record(path: Path, mark: str) -> Finished | None:
    """Return a cell that was finished with the same data and settings, None where it must be done."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record[_VERSION] != 1 or record["made_from"] != mark:
            return None
        matrix = ConfusionMatrix.from_json(record["matrix"])
        return Finished(matrix, float(record["seconds"]), record["settings"], int(record["n_train"]))
    except (OSError, ValueError, KeyError, TypeError):  # none, or not ours
        return None


def write_record(path: Path, cell: Cell, mark: str, found: Finished) -> None:
    """Keep a finished cell with its confusion matrix. Raises `OutputError`."""
    record = {
        _VERSION: 1,
        "method": cell.row.method,
        "sources": list(cell.row.sources),
        "seed": cell.seed,
        "fold": cell.fold,
        "numbers": found.numbers(),
        "matrix_rows": "reference",
        "matrix": found.matrix.to_json(),
        "n_train": found.n_train,
        "seconds": round(found.seconds, 2),
        "settings": dict(found.settings),
        "landfuse": __version__,
        "made_from": mark,
    }
    write_text_atomic(path, json.dumps(record, indent=1, ensure_ascii=False, default=str) + "\n")
