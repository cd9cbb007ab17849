"""The `importscene` job: a benchmark scene as rasters, label rasters for training and testing, class list.

What it writes is an ordinary scene; `paper.job.json` beside it runs the published protocol in one command.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.classes import LandClass, class_list
from ..data.coordinates import make_grid
from ..data.grid import Grid
from ..data.raster_description import inspect
from ..data.raster_io import open_raster, read_floats
from ..data.staged_output import check_writable
from ..data.text_output import write_text_atomic
from ..data.windows import Window
from ..errors import AlignmentError, JobError, OutputError, SamplesError
from ..job import Job
from ..job_spec import METHODS, MODALITIES, JobResult
from ..progress import Progress
from . import houston
from .labels import Division, checked_labels, divide, given, masked
from .mat_file import read_variable
from .scene_files import (
    CLASS_LIST,
    FACTS,
    JOB,
    Cube,
    write_class_list,
    write_cube,
    write_job,
    write_labels,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Labels = NDArray[np.int64]
    Shape = tuple[int, ...]

_GIVEN = "given"


@dataclass(frozen=True, eq=False)
class _Found:
    """A scene as it was found: bands, grid, labels of each part (None: not there), names of the classes."""

    cubes: Mapping[str, Cube]
    grid: Grid
    labels: Labels | None
    train: Labels | None
    test: Labels | None
    names: Sequence[str]


def run(job: Job, progress: Progress) -> JobResult:
    """Write the scene of the job into its folder.

    Raises `RasterReadError`, `SamplesError`, `ClassesError`, `AlignmentError`, `JobError`, `OutputError`.
    """
    _check_methods(str(job.parameters["methods"]))
    folder = _prepared(Path(job.outputs["scene"]))
    found = _contest(job, progress) if job.parameters["layout"] == "houston2013" else _matlab(job, progress)
    division = _divided(job, found)
    classes = _classes(found, division)
    _write(folder, job, found, division, classes, progress.part(0.3, 1.0))
    counts = {"N_TRAINING": int((division.train > 0).sum()), "N_TEST": int((division.test > 0).sum())}
    progress.log(f"{counts['N_TRAINING']} training and {counts['N_TEST']} test pixels: {division.text}.")
    if division.is_random:
        progress.warn("The parts were drawn pixel by pixel: what is measured on them is optimistic.")
    progress.log(f"The protocol of the papers in one command: landfuse run {folder / JOB}")
    outputs = {"train_labels": "train.tif", "test_labels": "test.tif", "classes": CLASS_LIST, "job": JOB}
    outputs.update({key: f"{key}.tif" for key in found.cubes})
    paths = {name: str(folder / file) for name, file in outputs.items()}
    return JobResult({"scene": str(folder), **paths}, {"N_CLASSES": len(classes), **counts})


def _check_methods(text: str) -> None:
    wanted = [part.strip() for part in text.split(",")]
    if not set(wanted) <= set(METHODS):
        raise JobError(
            f"'{text}' is no list of methods.", where="methods", remedy=f"Use some of: {', '.join(METHODS)}."
        )


def _prepared(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"The folder cannot be made ({error.strerror}).",
            where=str(folder),
            remedy="Choose another folder or change its permissions.",
        ) from error
    check_writable(folder / FACTS)
    return folder


# What is there.


def _contest(job: Job, progress: Progress) -> _Found:
    """Find the files of the contest; labels that the job names itself replace the contest's regions."""
    if not job.parameters["folder"]:
        raise JobError("The folder of the contest's files is missing.", where="folder", remedy="Name it.")
    regions = {"train": houston.TRAINING, "test": houston.TESTING}
    wanted = [name for key, name in regions.items() if not job.parameters[f"{key}_file"]]
    files = houston.find_files(str(job.parameters["folder"]), wanted)
    cubes, grid = {}, None
    for key, path in files.rasters.items():
        progress(0.1, f"Looking at {path.name}")
        info = inspect(str(path))
        n_bands = len(info.bands)
        known = tuple(band.wavelength for band in info.bands if band.wavelength is not None)
        waves = known if len(known) == n_bands else ()
        nodata = tuple({value for band in info.bands for value in band.nodata})
        if key == "hsi":
            waves = waves or houston.read_wavelengths(files.spectrum, n_bands)
        cubes[key] = Cube(None, str(path), n_bands, waves, nodata)
        if grid is None:
            grid = info.grid if info.has_georeference else _plain_grid(info.grid.shape, houston.PIXEL_SIZE)
        elif info.grid.shape != grid.shape:
            raise _unequal({"hsi": grid.shape, key: info.grid.shape})
    if grid is None:
        raise ValueError("the contest has rasters")
    parts = {}
    for key, name in regions.items():
        own = _read(job, key, progress)
        if own is None:
            parts[key] = houston.read_regions(files.regions[name], grid.shape)
        else:
            parts[key] = checked_labels(own, _place(job, key), len(houston.CLASSES))
            if parts[key].shape != grid.shape:
                raise _unequal({"hsi": grid.shape, key: parts[key].shape})
    train, test = parts["train"], parts["test"]
    both = np.where(train > 0, train, test)
    return _Found(cubes, grid, both, train, test, tuple(houston.CLASSES.values()))


def _matlab(job: Job, progress: Progress) -> _Found:
    names = tuple(n.strip() for n in str(job.parameters["class_names"]).split(",") if n.strip())
    parts = {key: _read(job, key, progress) for key in (*MODALITIES, "labels", "train", "test")}
    cubes = {key: values for key in MODALITIES if (values := parts[key]) is not None}
    labels = {
        key: checked_labels(values, _place(job, key), len(names))
        for key in ("labels", "train", "test")
        if (values := parts[key]) is not None
    }
    if not cubes:
        raise JobError(
            "No modality is given.", where="hsi_file", remedy=f"Give one of {', '.join(MODALITIES)}."
        )
    if not labels:
        raise JobError("No labels are given.", where="labels_file", remedy="Give labels, or train and test.")
    shape = next(iter(labels.values())).shape
    shaped = {key: _bands_last(values, key, shape, progress) for key, values in cubes.items()}
    shapes = {key: values.shape[:2] for key, values in {**shaped, **labels}.items()}
    if len(set(shapes.values())) > 1:
        raise _unequal(shapes)
    known = {key: Cube(values, "", values.shape[2]) for key, values in shaped.items()}
    grid = _plain_grid(shape, float(job.parameters["pixel_size"]))
    return _Found(known, grid, labels.get("labels"), labels.get("train"), labels.get("test"), names)


def _place(job: Job, key: str) -> str:
    """Return file and variable of a part, as errors name it."""
    return f"{job.parameters[f'{key}_file']}: {job.parameters[f'{key}_variable'] or key}"


def _read(job: Job, key: str, progress: Progress) -> NDArray[Any] | None:
    path, name = str(job.parameters[f"{key}_file"]), str(job.parameters[f"{key}_variable"])
    if not path:
        if name:
            raise JobError(f"{key}_variable is given without {key}_file.", where=key, remedy="Give the file.")
        return None
    progress(0.1, f"Reading {Path(path).name}")
    if key not in MODALITIES and not path.lower().endswith(".mat"):
        dataset = open_raster(path)  # of labels the first band
        window = Window(0, 0, dataset.RasterYSize, dataset.RasterXSize)
        return read_floats(dataset, window, path)[0]
    return read_variable(path, name)


def _bands_last(values: NDArray[Any], key: str, shape: Shape, progress: Progress) -> NDArray[Any]:
    """Return a modality as (H, W, C); bands that come first are moved where only that fits the labels."""
    if values.ndim == 2:
        return values[:, :, None]
    if values.ndim != 3:
        text = " x ".join(map(str, values.shape))
        raise AlignmentError(
            f"A modality has two or three axes, this has {text}.",
            where=key,
            remedy="Name another variable.",
        )
    if values.shape[:2] != shape and values.shape[1:] == shape:
        progress.log(f"{key}: the bands are the first axis of {values.shape}.")
        return np.moveaxis(values, 0, -1)
    return values


def _unequal(shapes: Mapping[str, Sequence[int]]) -> AlignmentError:
    told = ", ".join(f"{key} {' x '.join(map(str, shape))}" for key, shape in shapes.items())
    return AlignmentError(
        f"The parts of the scene differ in rows and columns: {told}.",
        where=", ".join(shapes),
        remedy="Check that all are of one scene; where one is transposed, write its variable with an "
        "apostrophe, such as gt'.",
    )


def _plain_grid(shape: Shape, pixel: float) -> Grid:
    """Return a grid in local coordinates in metres, its lower left corner at 0, 0."""
    return make_grid("", (0.0, pixel, 0.0, shape[0] * pixel, 0.0, -pixel), shape[0], shape[1])


# Parts and classes.


def _divided(job: Job, found: _Found) -> Division:
    wanted = job.parameters
    if wanted["split"] == _GIVEN:
        if found.train is None:
            raise JobError(
                "The split is to be the given one, but no training mask is given.",
                where="train_file",
                remedy="Give it, or choose the split 'number' or 'rate'.",
            )
        parts = [found.train, found.test]
        if found.labels is not None:
            parts = [
                None if part is None else masked(found.labels, part, name)
                for name, part in zip(("train", "test"), parts)
            ]
        if parts[0] is None or not (parts[0] > 0).any():
            raise SamplesError("The training mask is empty.", where="train", remedy="Name another variable.")
        return given(found.labels, parts[0], parts[1])
    labels = found.labels if found.labels is not None else found.train
    if found.labels is None or labels is None:
        raise JobError(
            f"The split '{wanted['split']}' divides all labels, but none are given.",
            where="labels_file",
            remedy="Give the labels of the whole scene.",
        )
    return divide(labels, wanted["split"], wanted["per_class"], wanted["rate"], wanted["seed"])


def _classes(found: _Found, division: Division) -> tuple[LandClass, ...]:
    """Return the classes that have samples, and all that have a name."""
    values = {int(v) for part in (division.train, division.test) for v in np.unique(part)}
    named = dict(enumerate(found.names, 1))
    return class_list(values | set(named), named)


# Writing.


def _write(
    folder: Path,
    job: Job,
    found: _Found,
    division: Division,
    classes: Sequence[LandClass],
    progress: Progress,
) -> None:
    count = len(found.cubes) + 1
    for number, (key, cube) in enumerate(found.cubes.items()):
        write_cube(
            folder / f"{key}.tif", cube, found.grid, progress.part(number / count, (number + 1) / count)
        )
    progress(1 - 1 / count, "Writing the labels")
    labels = {"train": division.train, "test": division.test}
    if found.labels is not None:
        labels["labels"] = found.labels
    for name, values in labels.items():
        write_labels(folder / f"{name}.tif", values, found.grid, classes)
    write_class_list(folder / CLASS_LIST, classes, division)
    facts = {
        "layout": job.parameters["layout"],
        "split": division.text,
        "random_split": division.is_random,
        "bands": {key: cube.n_bands for key, cube in found.cubes.items()},
        "rows": found.grid.rows,
        "cols": found.grid.cols,
    }
    write_text_atomic(folder / FACTS, json.dumps(facts, indent=1, ensure_ascii=False) + "\n")
    used = {int(v) for part in (division.train,) for v in np.unique(part)}
    trained = [item for item in classes if item.value in used]
    write_job(folder, found.cubes, trained, str(job.parameters["methods"]), str(job.parameters["seeds"]))
