"""What one run will do: its name, a folder of its own, the jobs, and how they are worked off."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ...core.errors import LandfuseError, OutputError
from ...core.job import Job
from ...core.job_kinds import ALL_KINDS, KINDS
from ...core.job_spec import JobResult
from ...core.models.catalog import CATALOG
from ...core.progress import Progress
from ...processing_provider import runtime
from ..state import jobs
from ..state.choices import RunRecord
from ..state.session import Session

KINDS_IN_ORDER = ("train", "classify")
# Optional outputs that a run of the dock always makes: the report is read, the map's certainty is shown.
WANTED = ("report", "uncertainty")
# Where the training ends in the progress of a run that also classifies, by the kind of the method.
TRAINING_SHARE = {"pixel": 0.5}
USUAL_TRAINING_SHARE = 0.6
LOOK_SHARE = 0.05

Parameters = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class MapView:
    """What the user sees of the map: x_min, y_min, x_max, y_max in `crs`, and the pixels of the screen."""

    extent: tuple[float, float, float, float]
    crs: str
    pixels: int


@dataclass(frozen=True)
class RunPlan:
    """A run before it starts. `parameters` are those of the algorithms, outputs included; `jobs` by kind.

    `first_look` maps coarsely what is in view, between the training and the map of the whole scene; its file
    lies in a temporary folder and goes with `forget_look`.
    """

    name: str
    folder: Path
    parameters: Parameters
    jobs: Mapping[str, Job]
    notes: tuple[str, ...] = ()
    first_look: Job | None = None

    def record(self, result: JobResult) -> RunRecord:
        """Return what is kept of the finished run."""
        numbers = {name: float(value) for name, value in result.numbers.items() if value is not None}
        finished = datetime.now(timezone.utc).isoformat(timespec="seconds")
        plain = {kind: dict(values) for kind, values in self.parameters.items()}
        return RunRecord(self.name, str(self.folder), plain, dict(result.outputs), numbers, finished)

    def remove(self) -> None:
        """Remove the folder of a run that did not end well; it holds nothing but this run's files."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def forget_look(self) -> None:
        """Remove the file of the first look."""
        if self.first_look is not None:
            shutil.rmtree(Path(self.first_look.outputs["classmap"]).parent, ignore_errors=True)


def make_plan(session: Session, parameters: Parameters, view: MapView | None = None) -> RunPlan:
    """Make the folder and the jobs of a run in `session.folder`. Main thread: layers are read.

    `parameters` as `state.jobs` makes them, of "train", "classify" or both; outputs in them are replaced by
    new names in the new folder, and the model to classify with by the one that is trained. A run that trains
    and maps shows `view` first. Raises `LandfuseError`, and leaves no folder then.
    """
    name, folder = _new_place(session)
    notes: list[str] = []
    complete = _with_outputs(parameters, folder)
    plan = RunPlan(name, folder, complete, {})
    try:
        made = {kind: jobs.job_of(kind, complete[kind], session, notes) for kind in complete}
    except BaseException:
        plan.remove()
        raise
    look = _first_look(made["classify"], view) if view is not None and len(made) == 2 else None
    return replace(plan, jobs=made, notes=tuple(dict.fromkeys(notes)), first_look=look)


def run_plan(plan: RunPlan, progress: Progress) -> JobResult:
    """Do the jobs of `plan` one after the other; called in a worker thread. Nothing is left of a failure."""
    outputs: dict[str, str] = {}
    numbers: dict[str, Any] = {}
    shares = _shares(plan)
    try:
        for kind, job in plan.jobs.items():
            done = runtime.run(job, progress.part(*shares[kind]))
            outputs.update(done.outputs)
            numbers.update(done.numbers)
            if kind == "train" and plan.first_look is not None:
                _look(
                    plan.first_look, progress.part(shares[kind][1], shares["classify"][0], "what is in view")
                )
    except BaseException:
        plan.remove()
        raise
    return JobResult(outputs, numbers)


def _look(job: Job, progress: Progress) -> None:
    """Map what is in view and send the event `first_look` with the file; the run goes on without it."""
    try:
        done = runtime.run(job, progress)
    except LandfuseError as error:  # most often the view shows another place
        progress.log(f"What is in view was not mapped first: {error.what}")
        return
    progress.send({"event": "first_look", "classmap": done.outputs["classmap"]})


def _first_look(classify: Job, view: MapView) -> Job:
    known = {p.name: p.default for p in ALL_KINDS["preview"].parameters}
    same = {name: value for name, value in classify.parameters.items() if name in known}
    target = Path(tempfile.mkdtemp(prefix="landfuse_look_")) / "look.tif"
    return replace(
        classify,
        kind="preview",
        grid=replace(classify.grid, extent=view.extent, extent_crs=view.crs),
        parameters={**known, **same, "pixels": min(known["pixels"], view.pixels)},
        outputs={"classmap": str(target)},
    )


def _new_place(session: Session) -> tuple[str, Path]:
    """Return a name that no run of the project has, and the folder made for it."""
    if not session.folder:
        raise OutputError("There is no folder for the run.", remedy="Save the project, or choose a folder.")
    taken = {run.name for run in session.runs}
    number = 1
    while True:
        name, folder = f"Run {number}", Path(session.folder) / f"run_{number}"
        if name not in taken and not folder.exists():
            break
        number += 1
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise OutputError(
            f"The folder of the run cannot be made ({error.strerror}).",
            where=str(folder),
            remedy="Check the permissions, or choose another folder in the options.",
        ) from error
    return name, folder


def _with_outputs(parameters: Parameters, folder: Path) -> dict[str, dict[str, Any]]:
    complete = {}
    for kind in KINDS_IN_ORDER:
        if kind in parameters:
            given, outputs = parameters[kind], KINDS[kind].outputs
            values = {name: value for name, value in given.items() if name.lower() not in outputs}
            if kind == "classify":  # here MODEL is what is read
                values["MODEL"] = complete["train"]["MODEL"] if "train" in complete else given["MODEL"]
            for name, output in outputs.items():
                if output.required or name in WANTED or given.get(name.upper()):
                    values[name.upper()] = str(folder / f"{name}.{output.extension}")
            complete[kind] = values
    return complete


def _shares(plan: RunPlan) -> dict[str, tuple[float, float]]:
    """Return for each job where it begins and ends in the progress of the whole run."""
    if len(plan.jobs) == 1:
        return dict.fromkeys(plan.jobs, (0.0, 1.0))
    kind = CATALOG[plan.jobs["train"].parameters["method"]].kind
    border = TRAINING_SHARE.get(kind, USUAL_TRAINING_SHARE)
    look = LOOK_SHARE if plan.first_look is not None else 0.0
    return {"train": (0.0, border), "classify": (border + look, 1.0)}
