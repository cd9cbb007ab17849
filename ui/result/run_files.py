"""The files of a run, and numbers in words."""

from __future__ import annotations

import contextlib
import math
from datetime import datetime
from pathlib import Path

from qgis.PyQt.QtCore import QCoreApplication

from ...core.evaluation.run_change import RunFiles
from ..state.choices import RunRecord

UNKNOWN = "-"


def files_of(record: RunRecord) -> RunFiles:
    """Return the files of a run that are there; a run that only classified names the model it used."""
    model = record.outputs.get("model") or str(record.parameters.get("classify", {}).get("MODEL", ""))
    return RunFiles(record.name, _existing(model), _existing(record.outputs.get("classmap", "")))


def percent(value: float | None, digits: int = 1) -> str:
    """Return a share as a percentage, a dash where it is unknown."""
    if value is None or math.isnan(value):
        return UNKNOWN
    return f"{100 * value:.{digits}f} %"


def decimal(value: float | None) -> str:
    """Return a figure with two decimals, a dash where it is unknown."""
    return UNKNOWN if value is None or math.isnan(value) else f"{value:.2f}"


def title_of(record: RunRecord) -> str:
    """Return a run as one line: its name, when it ended, and its overall accuracy."""
    parts = [record.name]
    with contextlib.suppress(ValueError):  # a time that another version wrote in another form is left out
        parts.append(datetime.fromisoformat(record.finished).astimezone().strftime("%d.%m. %H:%M"))
    if record.numbers.get("OA") is not None:
        parts.append(
            QCoreApplication.translate("Landfuse", "accuracy {}").format(percent(record.numbers["OA"]))
        )
    return " · ".join(parts)


def _existing(path: str) -> str:
    return path if path and Path(path).is_file() else ""
