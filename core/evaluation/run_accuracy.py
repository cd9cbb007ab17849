"""The accuracy of a trained model as its file tells it: what the report of the training shows, as values."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..data.classes import LandClass, classes_from_json
from ..errors import ClassesError, ModelFileError
from ..models.model_file import read_metadata
from .confusion import ConfusionMatrix
from .group_scores import GroupScore, stored_groups
from .metrics import Interval, Metrics, compute_metrics

UNKNOWN = Interval(math.nan, math.nan)


@dataclass(frozen=True)
class RunAccuracy:
    """Scores of a model. `metrics` is None where nothing was scored; `measured_on` says on what, or why not.

    `interval`: of the overall accuracy with whole places as the unit where they are known
    (`by_places`), else as if pixels were independent. `saved_model` says what the saved model was trained on.
    """

    classes: tuple[LandClass, ...]
    measured_on: str
    saved_model: str = ""
    metrics: Metrics | None = None
    matrix: ConfusionMatrix | None = None
    interval: Interval = UNKNOWN
    by_places: bool = False
    n_places: int = 0
    not_assessed: tuple[str, ...] = ()
    groups: tuple[GroupScore, ...] = ()


def run_accuracy(path: str) -> RunAccuracy:
    """Read the scores of a model file. Raises `ModelFileError`."""
    metadata = read_metadata(path)
    try:
        classes, scores = classes_from_json(metadata["classes"]), metadata.get("scores", {})
        measured = str(scores.get("measured_on", "samples that the file does not name"))
        if not scores.get("matrix"):
            return RunAccuracy(classes, measured)
        matrix = ConfusionMatrix(np.asarray(scores["matrix"]), classes)
        metrics = compute_metrics(matrix)
        stored = scores.get("interval")
        interval = Interval(*map(float, stored)) if stored else metrics.interval
        return RunAccuracy(
            classes,
            measured,
            str(scores.get("saved_model", "")),
            metrics,
            matrix,
            interval,
            bool(stored),
            int(scores.get("n_places", 0)),
            tuple(classes[i].name for i in scores.get("not_assessed", ())),
            stored_groups(scores),
        )
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, ClassesError) as error:
        raise ModelFileError(
            f"The model file is damaged: its scores do not fit ({type(error).__name__}: {error}).",
            where=path,
            remedy="Copy it again, or train a new model.",
        ) from error
