"""The small scene in an open project, and an engine that works in this process."""

from __future__ import annotations

import time

import pytest

pytest.importorskip("qgis.gui", reason="needs QGIS")

from landfuse.core.dispatch import run_job
from landfuse.core.errors import Cancelled
from landfuse.processing_provider import runtime
from landfuse.processing_provider.provider import LandfuseProvider
from landfuse.ui.state.choices import SamplesChoice, SourceChoice
from landfuse.ui.state.context import DockContext
from landfuse.ui.state.session import Session
from qgis.core import QgsApplication, QgsProject, QgsRasterLayer, QgsVectorLayer
from qgis.PyQt.QtCore import QObject, pyqtSignal


class StubRunner(QObject):
    """A runner that is busy when the test says so."""

    state_changed = pyqtSignal()
    finished = pyqtSignal(object)
    failed = pyqtSignal(object)

    def __init__(self):
        super().__init__()
        self.busy, self.asked = False, []

    def set_busy(self, busy):
        self.busy = busy
        self.state_changed.emit()

    def start(self, parameters):
        self.asked.append(parameters)
        return True


class Engine:
    """Runs jobs in this process; `hold` seconds pass before, in which a job can be cancelled."""

    def __init__(self):
        self.jobs, self.cancelled, self.hold = [], 0, 0.0

    def run(self, job, progress):
        self.jobs.append(job)
        until = time.monotonic() + self.hold
        try:
            while time.monotonic() < until:
                progress.check()
                time.sleep(0.01)
            return run_job(job, progress)
        except Cancelled:
            self.cancelled += 1
            raise


@pytest.fixture
def engine(monkeypatch):
    made = Engine()
    monkeypatch.setattr(runtime, "shared_client", lambda: made)
    return made


@pytest.fixture
def context(interface, qgis_processing, small_scene):
    """Optical, LiDAR and training areas of the small scene, in the project and chosen."""
    provider = LandfuseProvider()
    QgsApplication.processingRegistry().addProvider(provider)
    project = QgsProject.instance()
    layers = {
        "optical": QgsRasterLayer(small_scene.inputs["optical"][0]["path"], "optical"),
        "lidar": QgsRasterLayer(small_scene.inputs["lidar"][0]["path"], "lidar"),
        "areas": QgsVectorLayer(small_scene.samples["path"], "areas"),
    }
    project.addMapLayers(list(layers.values()))
    session = Session(project)
    session.set_sources([SourceChoice(key, (layers[key].id(),)) for key in ("optical", "lidar")])
    session.set_samples(SamplesChoice(layers["areas"].id(), "class"))
    canvas = interface.mapCanvas()
    canvas.setDestinationCrs(layers["optical"].crs())
    canvas.setExtent(layers["optical"].extent())
    yield DockContext(interface, session, None, StubRunner(), None)
    session.shut_down()
    QgsApplication.processingRegistry().removeProvider(provider)
