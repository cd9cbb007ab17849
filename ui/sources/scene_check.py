"""Looking at the chosen sources in the background, and what a map of them will need."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QObject, pyqtSignal

from ...core.inference.map_cost import TILE_MARGIN, MapCost, map_cost, recorded_pace
from ..lookup import Lookup, Work
from ..settings import memory_budget, run_device
from ..state import jobs
from ..state.pace import known_pace
from ..state.session import Session
from .scene_facts import SceneFacts, look_at_scene


class SceneCheck(QObject):
    """Checks the sources of a session. `found` carries `SceneFacts`, or the exception that came instead."""

    found = pyqtSignal(object)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        title = QCoreApplication.translate("Landfuse", "Landfuse: looking at the sources")
        self._lookup = Lookup(title, self)
        self._lookup.answered.connect(self.found)

    def look(self) -> None:
        """Check again what is chosen now; the same choices are answered from memory, at once."""
        scene = {**jobs.scene_parameters(self._session), **jobs.sample_parameters(self._session)}
        # What is changed in the layer's properties, such as another CRS, makes another question as well.
        layers = [(layer.source(), layer.crs().authid()) for layer in self._session.source_layers()]
        self._lookup.ask([scene, layers, run_device()], partial(self._prepare, scene))

    def stop(self) -> None:
        """Give up the question that is open."""
        self._lookup.stop()

    def _prepare(self, scene: dict[str, Any]) -> Work:
        job, device = jobs.job_of("checkinputs", scene, self._session), run_device()
        return lambda progress: look_at_scene(job, device, progress)


def forecast(session: Session, facts: SceneFacts) -> MapCost | None:
    """Return what a map with the chosen method will need, None where there is nothing to map."""
    machine = facts.machine
    if not facts.rows or machine is None:
        return None
    method = session.method.method
    share = 1.0 if math.isnan(facts.valid_share) else facts.valid_share
    return map_cost(
        round(facts.rows * facts.cols * share),
        facts.n_bands,
        TILE_MARGIN,
        known_pace(method, machine.kind),
        recorded_pace(method, machine.kind, machine.threads),
        memory_budget(),
    )
