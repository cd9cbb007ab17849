"""Writes an imported scene: rasters, label rasters, the class list, and the job that repeats a protocol."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.classes import LandClass
from ..data.grid import Grid
from ..data.raster_info import RasterLayout
from ..data.raster_io import open_raster, read_floats
from ..data.raster_output import RasterOutput, create_class_map
from ..data.text_output import write_text_atomic
from ..data.windows import Window
from ..progress import Progress
from .labels import Division

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ROWS = 64  # written at once
CLASS_LIST, FACTS, JOB = "classes.csv", "scene.json", "paper.job.json"


@dataclass(frozen=True, eq=False)
class Cube:
    """The bands of a modality, in memory (H, W, C) or in a raster file.

    `wavelengths` in nm or (); `nodata`: values that stand for no data.
    """

    values: NDArray[Any] | None
    path: str
    n_bands: int
    wavelengths: tuple[float, ...] = ()
    nodata: tuple[float, ...] = ()

    def strips(self, grid: Grid) -> Iterator[tuple[Window, NDArray[np.float32]]]:
        """Yield the rows of the scene some at a time, (C, h, W)."""
        dataset = open_raster(self.path) if self.values is None else None
        for row in range(0, grid.rows, _ROWS):
            window = Window(row, 0, min(_ROWS, grid.rows - row), grid.cols)
            if self.values is None:
                yield window, read_floats(dataset, window, self.path)
            else:
                rows = self.values[row : row + window.height]
                yield window, np.ascontiguousarray(rows.transpose(2, 0, 1), dtype=np.float32)


def write_cube(path: Path, cube: Cube, grid: Grid, progress: Progress) -> None:
    """Write the bands of a modality as Float32, NaN where they are not finite. Raises `OutputError`."""
    names = tuple(f"band {number}" for number in range(1, cube.n_bands + 1))
    layout = RasterLayout("Float32", names, float(np.nan), wavelengths=cube.wavelengths)
    with RasterOutput(path, grid, layout) as output:
        for window, values in cube.strips(grid):
            progress(window.row / grid.rows, f"Writing {path.name}")
            valid = np.isfinite(values) & ~np.isin(values, np.array(cube.nodata, np.float32))
            output.write(window, np.where(valid, values, np.float32(np.nan)))


def write_labels(path: Path, labels: NDArray[np.int64], grid: Grid, classes: Sequence[LandClass]) -> None:
    """Write a label raster with the names and colours of the classes. Raises `OutputError`."""
    with create_class_map(path, grid, classes) as output:
        output.write(Window(0, 0, grid.rows, grid.cols), labels)


def write_class_list(path: Path, classes: Sequence[LandClass], division: Division) -> None:
    """Write value, name, colour and the pixels of each part, a line per class. Raises `OutputError`."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(["value", "name", "color", "training_pixels", "test_pixels"])
    for item in classes:
        counts = [int((part == item.value).sum()) for part in (division.train, division.test)]
        rows.writerow([item.value, item.name, item.color, *counts])
    write_text_atomic(path, out.getvalue())


def write_job(
    folder: Path, cubes: Mapping[str, Cube], classes: Sequence[LandClass], methods: str, seeds: str
) -> None:
    """Write the comparison that trains with the authors' settings on the training part of the scene.

    Bands are named, so that none is left out; the last epoch counts; nothing is trained on the test part.
    """
    labels = {"type": "raster"}
    job = {
        "landfuse_job": 1,
        "kind": "compare",
        "inputs": {key: [{"path": f"{key}.tif", "bands": f"1-{c.n_bands}"}] for key, c in cubes.items()},
        "samples": {"path": "train.tif", **labels},
        "test_samples": {"path": "test.tif", **labels},
        "classes": [item.to_json() for item in classes],
        "parameters": {"methods": methods, "subsets": "all", "seeds": seeds, "preset": "paper"},
        "outputs": {"results": "paper"},
    }
    write_text_atomic(folder / JOB, json.dumps(job, indent=1, ensure_ascii=False) + "\n")
