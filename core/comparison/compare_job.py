"""The `compare` job: methods x sources x seeds x folds on the same samples, and tables of what they reached.

Every cell is a training as in the `train` job without the second one on all samples. A run that is started
again skips what is finished; a cell that fails does not stop the others.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..data.stack import Stack
from ..data.staged_output import check_writable
from ..errors import Cancelled, LandfuseError, OutputError, TrainingError
from ..evaluation.confusion import ConfusionMatrix
from ..job import Job
from ..job_spec import JobResult
from ..models.catalog import CATALOG
from ..progress import Progress
from ..training.fit import fit_model, predict_samples
from ..training.recipe import Recipe, make_recipe
from ..training.scene import Scene, open_scene
from ..training.train_job import check_method
from .design import Cell, Design, Row, read_design, training_job
from .outputs import PAGE, write_outputs
from .parts import Part, Parts, make_parts
from .records import Finished, mark_of, read_record, record_path, write_record
from .remaining import CellProgress, Pace
from .summary import Published, Summary, protocol, read_published, summarise

_CELLS = "cells"
_BEGIN, _END = 0.05, 0.99  # the cells in the progress of the whole


@dataclass
class _Run:
    """A comparison on its way."""

    job: Job
    design: Design
    scene: Scene
    recipes: Mapping[Row, Recipe]
    parts: Parts
    published: tuple[Published, ...]
    finished: dict[Cell, Finished] = field(default_factory=dict)
    errors: dict[Cell, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return Path(self.job.outputs["results"])

    @property
    def cells(self) -> list[Cell]:
        return self.design.cells([part.number for part in self.parts.items])

    def part(self, cell: Cell) -> Part:
        return next(part for part in self.parts.items if part.number == cell.fold)

    def training_job(self, cell: Cell) -> Job:
        model = self.folder / _CELLS / f"{cell.name}.safetensors"  # names the state of an unfinished training
        return training_job(self.job, cell.row, cell.seed, str(model))

    def recipe(self, cell: Cell) -> Recipe:
        return replace(self.recipes[cell.row], seed=cell.seed)

    def mark(self, cell: Cell) -> str:
        return mark_of(self.training_job(cell), self.part(cell), self.recipe(cell), self.scene.grid)

    def record(self, cell: Cell) -> Path:
        return record_path(self.folder / _CELLS, cell)

    def summary(self) -> Summary:
        facts = protocol(self.job, self.design, self.parts)
        return summarise(self.design, self.cells, self.finished, self.errors, facts, self.published)


def run(job: Job, progress: Progress) -> JobResult:
    """Carry a comparison out and write its tables into the folder of the job.

    Raises `TrainingError` where no cell at all could be finished; `LandfuseError` as the `train` job.
    """
    design = read_design(job)
    published = read_published(str(job.parameters["published"]), tuple(job.inputs))
    _check_early(job, design)
    _prepare_folder(Path(job.outputs["results"]))
    with open_scene(job, progress.part(0.0, 0.04)) as scene:
        for note in scene.notes:
            progress.log(note)
        recipes = _recipes(job, design, scene)
        largest = max(recipe.apart for recipe in recipes.values())
        gap = max(recipe.gap for recipe in recipes.values())
        parts = make_parts(job, scene, gap, largest, progress.part(0.04, _BEGIN))
        state = _Run(job, design, scene, recipes, parts, published)
        outputs = _carry_out(state, progress)
    numbers = {"CELLS": len(state.cells), "FINISHED": len(state.finished), "FAILED": len(state.errors)}
    return JobResult({"results": str(state.folder), **outputs}, numbers)


def _check_early(job: Job, design: Design) -> None:
    """Raise what would otherwise come to light only in the first cell of a method."""
    for row in design.rows:
        check_method(training_job(job, row, design.seeds[0], ""))


def _prepare_folder(folder: Path) -> None:
    try:
        (folder / _CELLS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"The folder cannot be made ({error.strerror}).",
            where=str(folder),
            remedy="Choose another folder or change its permissions.",
        ) from error
    check_writable(folder / PAGE)
    check_writable(folder / _CELLS / "cell.json")


def _recipes(job: Job, design: Design, scene: Scene) -> dict[Row, Recipe]:
    """Return the recipe of each row, all with the gap of the one that needs most.

    The patch side is that for all sources, also where a row sees only some: rows then differ in one thing.
    """
    found = {}
    for row in design.rows:
        own = training_job(job, row, design.seeds[0], "")
        recipe = make_recipe(own, scene.modalities, scene.grid)
        components = {key: recipe.components[key] for key in row.sources}
        found[row] = replace(recipe, components=components)
    gap = max(recipe.gap for recipe in found.values())
    return {row: replace(recipe, gap=gap) for row, recipe in found.items()}


def _carry_out(state: _Run, progress: Progress) -> dict[str, str]:
    pace = Pace()
    if not state.job.parameters["redo"]:
        _take_over(state, pace, progress)
    left = [cell for cell in state.cells if cell not in state.finished]
    outputs = write_outputs(state.folder, state.summary())
    for position, cell in enumerate(left):
        share = (_END - _BEGIN) / len(left)
        span = (_BEGIN + position * share, _BEGIN + (position + 1) * share)
        name = f"{cell} ({position + 1} of {len(left)})"
        _do(state, cell, CellProgress(progress, name, span, pace, left[position:]))
        if cell in state.finished:
            pace.add(cell, state.finished[cell].seconds)
        outputs = write_outputs(state.folder, state.summary())  # what a stopped run leaves behind
    if not state.finished:
        cell, text = next(iter(state.errors.items()))
        raise TrainingError(
            f"Not one of {len(state.cells)} cells could be finished. {cell}: {text}",
            where=str(state.folder),
            remedy="Mend the cause and start again.",
        )
    for cell, text in state.errors.items():
        progress.warn(f"Failed: {cell}: {text}")
    return outputs


def _take_over(state: _Run, pace: Pace, progress: Progress) -> None:
    """Find the cells that an earlier run has finished with the same data and settings."""
    for cell in state.cells:
        progress.check()
        found = read_record(state.record(cell), state.mark(cell))
        if found is not None:
            state.finished[cell] = found
            pace.add(cell, found.seconds)
    if state.finished:
        progress.log(f"{len(state.finished)} of {len(state.cells)} cells are finished already.")


def _do(state: _Run, cell: Cell, progress: Progress) -> None:
    """Train and score a cell and keep it, or note why it failed."""
    try:
        found = _train(state, cell, progress)
        write_record(state.record(cell), cell, state.mark(cell), found)
        state.finished[cell] = found
        f1 = found.numbers()["F1"]
        progress.log(f"finished in {found.seconds:.0f} s, macro F1 {math.nan if f1 is None else f1:.3f}")
    except Cancelled:
        raise
    except LandfuseError as error:
        _fail(state, cell, str(error), progress)
    except Exception as error:  # noqa: BLE001  the other cells go on, and this one is told
        _fail(state, cell, f"Landfuse failed unexpectedly ({type(error).__name__}: {error}).", progress)


def _fail(state: _Run, cell: Cell, text: str, progress: Progress) -> None:
    state.errors[cell] = text
    progress.warn(f"failed: {text}")


def _train(state: _Run, cell: Cell, progress: Progress) -> Finished:
    job, part, scene = state.training_job(cell), state.part(cell), state.scene
    started = time.monotonic()
    modalities = {key: scene.modalities[key] for key in cell.row.sources}
    held_back = None if part.given else part.test
    with Stack(modalities, scene.grid, job.mask, job.mask_values) as stack:
        recipe, start = state.recipe(cell), 0.0
        if recipe.information:
            from ..training.information import add_information  # here: it needs torch

            start = 0.4  # the first cell makes it, the others find it
            add_information(job, stack, recipe, progress.part(0.0, start))
        trained = progress.part(start, 0.9)
        fit = fit_model(job, stack, part.train, recipe, held_back, trained, resumable=True)
        found = predict_samples(job, fit.model, stack, part.test, progress.part(0.9, 1.0))
    if CATALOG[cell.row.method].kind != "pixel":
        from ..training.state import remove_states  # here: it needs torch

        remove_states(job.outputs["model"])
    matrix = ConfusionMatrix.from_labels(part.test.labels, found, part.test.classes)
    return Finished(matrix, time.monotonic() - started, fit.settings, len(part.train))
