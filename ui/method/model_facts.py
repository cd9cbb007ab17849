"""What a model file says of itself, and whether it suits the chosen sources. Free of torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ...core.data.classes import LandClass, classes_from_json
from ...core.data.recipes import repeat_recipes, unused_inputs
from ...core.errors import ClassesError, LandfuseError, ModelFileError
from ...core.evaluation.source_needs import source_text
from ...core.inference.scene_fit import check_resolution
from ...core.job import Job
from ...core.models.model_file import read_metadata
from ...core.progress import Progress


@dataclass(frozen=True)
class ModelFacts:
    """The card of a model: `sources` as (modality, words), `scores` by name, `made` a date in words."""

    path: str
    method: str
    sources: tuple[tuple[str, str], ...]
    classes: tuple[LandClass, ...]
    scores: Mapping[str, float]
    measured_on: str
    made: str


@dataclass(frozen=True)
class Fit:
    """How a model suits sources: `problem` why it cannot map them, "" if it can; `notes` on the rest."""

    problem: str = ""
    notes: tuple[str, ...] = ()


def read_facts(path: str) -> ModelFacts:
    """Return what is in the header of a model file. Raises `ModelFileError`."""
    metadata = read_metadata(path)
    try:
        scores = metadata.get("scores", {})
        return ModelFacts(
            path,
            str(metadata["method"]),
            tuple((key, source_text(recipe)) for key, recipe in metadata["modalities"].items()),
            classes_from_json(metadata["classes"]),
            {k: float(scores[k]) for k in ("OA", "AA", "KAPPA", "F1") if scores.get(k) is not None},
            str(scores.get("measured_on", "")),
            _made(Path(path)),
        )
    except (KeyError, TypeError, ValueError, AttributeError, ClassesError) as error:
        raise ModelFileError(
            f"The model file is damaged: its description does not fit ({type(error).__name__}: {error}).",
            where=path,
            remedy="Copy or download it again, or train a new model.",
        ) from error


def find_fit(scene: Job, path: str, progress: Progress) -> Fit:
    """Say whether the model can map the sources of `scene`, as the run would find it out."""
    recipes: Mapping[str, Any] = read_metadata(path)["modalities"]
    warnings: list[str] = []
    try:
        modalities = repeat_recipes(scene.inputs, recipes)
        progress.check()
        check_resolution(modalities, recipes, False, Progress(lambda event: warnings.append(event["text"])))
    except LandfuseError as error:
        return Fit(str(error))
    return Fit("", (*unused_inputs(scene.inputs, recipes), *warnings))


def _made(path: Path) -> str:
    """Return when the model was trained: as its kept job says, else the date of the file."""
    try:
        kept = json.loads(path.with_suffix(".job.json").read_text(encoding="utf-8"))
        moment = datetime.fromisoformat(kept["resolved"]["finished"])
    except (OSError, ValueError, KeyError, TypeError):
        moment = datetime.fromtimestamp(path.stat().st_mtime, timezone.utc)
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")
