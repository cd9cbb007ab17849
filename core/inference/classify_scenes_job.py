"""The `classifyscenes` job: one model applied to many scenes, a map each, and a virtual raster over all.

A run that is started again skips what is finished; a scene that fails does not stop the others.
"""

from __future__ import annotations

import csv
import io
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..data.map_mosaic import write_mosaics
from ..data.staged_output import check_writable
from ..data.text_output import write_text_atomic
from ..errors import Cancelled, JobError, LandfuseError, OutputError, SceneError
from ..job import Job
from ..job_file import parse_job
from ..job_kinds import KINDS
from ..job_spec import JobResult
from ..models.model_file import TrainedModel, read_model
from ..progress import Progress
from ..source_options import options_of_rasters
from .map_record import file_digest, made_from, read_finished, write_record
from .predictor import Predictor
from .scene_list import SceneFiles, find_scenes, require_complete
from .scene_map import map_scene, predictor_for

REPORT = "maps.csv"
MAPPED, FINISHED, FAILED = "mapped", "finished before", "failed"
_COLUMNS = ("scene", "status", "map", "classified_pixels", "unmapped_share", "seconds", "error")


@dataclass
class _Scene:
    """A scene on its way: its files, the job that maps it, what the map is made from, what became of it."""

    files: SceneFiles
    job: Job | None = None
    source: Mapping[str, Any] = field(default_factory=dict)
    status: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""

    @property
    def name(self) -> str:
        return self.files.name

    @property
    def class_map(self) -> str:
        """The map, "" where there is none of this run's making."""
        return self.job.outputs["classmap"] if self.job and self.status in (MAPPED, FINISHED) else ""


def run(job: Job, progress: Progress) -> JobResult:
    """Map every scene of the job into its folder.

    Raises `SceneError` naming the scenes that failed, after all others are written; `JobError` where there
    are none.
    """
    place, folder = _place(job), _prepared_folder(job)
    progress(0.0, "Reading the model")
    model = read_model(job.parameters["model"])
    predictor = predictor_for(model, job)
    scenes = _planned(job, model, place, folder, progress)
    left = [scene for scene in scenes if not scene.status]
    for position, scene in enumerate(left):
        name = f"{scene.name} ({position + 1} of {len(left)})"
        start, stop = (0.02 + 0.96 * p / len(left) for p in (position, position + 1))
        progress.log(f"Scene {name}")
        _map(scene, model, predictor, progress.part(start, stop, name))
    progress(0.99, "Writing the mosaic")
    outputs = _finish(scenes, model, folder, progress)
    failed = [scene for scene in scenes if scene.status == FAILED]
    if failed:
        raise _error(scenes, failed, folder)
    counts = {status: sum(s.status == status for s in scenes) for status in (MAPPED, FINISHED)}
    numbers = {"SCENES": len(scenes), "MAPPED": counts[MAPPED], "SKIPPED": counts[FINISHED]}
    return JobResult(outputs, numbers)


def _prepared_folder(job: Job) -> Path:
    folder = Path(job.outputs["maps"])
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"The folder cannot be made ({error.strerror}).",
            where=str(folder),
            remedy="Choose another folder or change its permissions.",
        ) from error
    check_writable(folder / REPORT)
    return folder


def _planned(job: Job, model: TrainedModel, place: str, folder: Path, progress: Progress) -> list[_Scene]:
    """Return all scenes; those with a problem and those that are finished have their status already."""
    needs = {key: tuple(recipe.get("files", ())) for key, recipe in model.modalities.items()}
    scenes = [_Scene(files) for files in find_scenes(place, needs, [str(folder)])]
    digest = file_digest(job.parameters["model"])
    for scene in scenes:
        progress(0.01, "Looking at the scenes")
        try:
            require_complete(scene.files)
            scene.job = _scene_job(job, scene.files, place, folder)
            scene.source = made_from(scene.job, digest)
        except LandfuseError as error:
            _fail(scene, str(error), progress)
            continue
        record = None if job.parameters["redo"] else read_finished(scene.job, scene.source)
        if record is not None:
            scene.status, scene.facts = FINISHED, record
    _refuse_inputs_as_outputs(scenes)
    finished = [scene.name for scene in scenes if scene.status == FINISHED]
    if finished:
        progress.log(f"{len(finished)} of {len(scenes)} maps are finished already: {_names(finished)}.")
    return scenes


def _place(job: Job) -> str:
    folder, listed = job.parameters["scenes"], job.parameters["scene_list"]
    if bool(folder) == bool(listed):
        raise JobError(
            "Give either the folder of the scenes or a list of them.",
            where="scenes",
            remedy="SCENES is a folder with a sub-folder for each scene, SCENE_LIST a CSV file.",
        )
    return str(folder or listed)


def _scene_job(job: Job, files: SceneFiles, place: str, folder: Path) -> Job:
    """Return the `classify` job of one scene. Raises `JobError`, `OutputError`."""
    wanted = job.parameters
    inputs = {}
    for key, paths in files.files.items():
        text = f"{wanted[f'{key}_options']} {files.options.get(key, '')}"
        own = options_of_rasters(text, len(paths), f"{key}_options")
        inputs[key] = [{"path": path, **settings} for path, settings in zip(paths, own)]
    outputs = {"classmap": str(folder / f"{files.name}.tif")}
    for name in ("probabilities", "uncertainty"):
        if wanted[name]:
            outputs[name] = str(folder / f"{files.name}_{name}.tif")
    parameters = {p.name: wanted[p.name] for p in KINDS["classify"].parameters}
    description = {
        "kind": "classify",
        "inputs": inputs,
        "mask": files.mask,
        "parameters": parameters,
        "outputs": outputs,
    }
    return parse_job(description, Path(place).resolve().parent if Path(place).is_file() else Path(place))


def _refuse_inputs_as_outputs(scenes: Sequence[_Scene]) -> None:
    """Refuse maps that would replace a file of another scene; within a scene the job was checked."""
    jobs = [scene.job for scene in scenes if scene.job]
    read = {os.path.realpath(r.path) for job in jobs for rasters in job.inputs.values() for r in rasters}
    for path in (path for job in jobs for path in job.outputs.values()):
        if os.path.realpath(path) in read:
            raise OutputError(
                "A map would replace a file that is read.", where=path, remedy="Choose another folder."
            )


def _map(scene: _Scene, model: TrainedModel, predictor: Predictor, progress: Progress) -> None:
    if scene.job is None:
        raise ValueError("a scene without a job has failed already")
    started = time.monotonic()
    try:
        for path in scene.job.outputs.values():
            check_writable(path)
        found = map_scene(scene.job, model, predictor, progress)
        scene.facts = {
            "classified_pixels": found.mapped,
            "unmapped_share": found.unmapped_share,
            "seconds": round(time.monotonic() - started, 1),
            "grid": found.grid.to_json(),
        }
        write_record(scene.job, scene.source, scene.facts)
        scene.status = MAPPED
    except Cancelled:
        raise
    except LandfuseError as error:
        _fail(scene, str(error), progress)
    except Exception as error:  # noqa: BLE001  the other scenes go on, and this one is told
        _fail(scene, f"Landfuse failed unexpectedly ({type(error).__name__}: {error}).", progress)


def _fail(scene: _Scene, text: str, progress: Progress) -> None:
    scene.status, scene.error = FAILED, text
    progress.warn(f"{scene.name} failed: {text}")


def _finish(
    scenes: Sequence[_Scene], model: TrainedModel, folder: Path, progress: Progress
) -> dict[str, str]:
    """Write mosaic and report; return the outputs."""
    outputs = {"maps": str(folder), "report": str(folder / REPORT)}
    write_text_atomic(folder / REPORT, _report(scenes))
    maps = [scene.class_map for scene in scenes if scene.class_map]
    if not maps:
        return outputs
    mosaics = write_mosaics(str(folder), maps, model.classes)
    if len(mosaics.paths) > 1:
        progress.log(
            "The maps have several coordinate systems or pixel sizes, so there is a mosaic for each: "
            f"{', '.join(Path(path).name for path in mosaics.paths)}."
        )
    if mosaics.unplaced:
        progress.warn(f"Not in a mosaic, as nothing says where they lie: {_names(mosaics.unplaced)}.")
    for position, path in enumerate(mosaics.paths, 1):
        outputs["vrt" if position == 1 else f"vrt_{position}"] = path
    return outputs


def _report(scenes: Sequence[_Scene]) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(_COLUMNS)
    for scene in scenes:
        figures = [scene.facts.get(name, "") for name in _COLUMNS[3:6]]
        rows.writerow([scene.name, scene.status, Path(scene.class_map).name, *figures, scene.error])
    return text.getvalue()


def _error(scenes: Sequence[_Scene], failed: Sequence[_Scene], folder: Path) -> SceneError:
    told = " ".join(f"[{scene.name}] {scene.error}" for scene in failed[:5])
    more = f" ... and {len(failed) - 5} more." if len(failed) > 5 else ""
    return SceneError(
        f"{len(failed)} of {len(scenes)} scenes could not be mapped: {told}{more}",
        where=str(folder),
        remedy=f"The other maps are written; {REPORT} lists all. Mend the cause and start again: "
        "finished maps are skipped.",
    )


def _names(names: Sequence[str]) -> str:
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
