"""How fast this computer maps: learnt from the runs of the dock, kept in QGIS's settings."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QObject

_FEWEST_PIXELS = 20_000  # of shorter maps the time is that of the start
_STAGE = "classifying"


def known_pace(method: str, device: str) -> float | None:
    """Return the map pixels per second that `method` made on `device` (cpu, cuda) here, None for none yet."""
    value = QgsSettings().value(_key(method, device), 0.0, type=float)
    return value if value > 0 else None


def keep_pace(method: str, device: str, pixels: float, seconds: float) -> None:
    """Remember a map; one that is too small to tell is not kept."""
    if pixels >= _FEWEST_PIXELS and seconds > 0:
        QgsSettings().setValue(_key(method, device), pixels / seconds)


class PaceKeeper(QObject):
    """Listens to the runner and keeps how fast it mapped. `device`: returns that of the runs."""

    def __init__(self, runner: Any, device: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner, self._device = runner, device
        self._began: float | None = None
        runner.started.connect(self._start)
        runner.reported.connect(self._report)
        runner.finished.connect(self._finish)

    def shut_down(self) -> None:
        """Stop listening."""
        self._runner.started.disconnect(self._start)
        self._runner.reported.disconnect(self._report)
        self._runner.finished.disconnect(self._finish)

    def _start(self, _: object) -> None:
        self._began = None

    def _report(self, event: Mapping[str, Any]) -> None:
        if event.get("event") == "progress" and event.get("stage") == _STAGE and self._began is None:
            self._began = time.monotonic()

    def _finish(self, record: Any) -> None:
        pixels = record.numbers.get("CLASSIFIED_PIXELS", 0.0)
        method = record.parameters.get("train", {}).get("METHOD", "")
        if self._began is not None and method:
            keep_pace(method, self._device(), pixels, time.monotonic() - self._began)


def _key(method: str, device: str) -> str:
    return f"landfuse/pace/{device}/{method}"
