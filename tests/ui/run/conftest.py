"""A session over the small scene with a folder, and a stand-in for the engine."""

from __future__ import annotations

import pytest

pytest.importorskip("qgis.core", reason="needs QGIS")

import sys
from pathlib import Path

from landfuse.core.environment import verify, write_record
from landfuse.core.job_spec import JobResult
from landfuse.processing_provider import runtime
from landfuse.processing_provider.engine_client import close_shared_client
from landfuse.processing_provider.provider import LandfuseProvider
from landfuse.ui.state.choices import MethodChoice, SamplesChoice, SourceChoice
from landfuse.ui.state.session import Session
from qgis.core import QgsApplication, QgsProject, QgsRasterLayer, QgsVectorLayer
from qgis.PyQt.QtCore import QObject, pyqtSignal


@pytest.fixture
def session(qgis_app, qgis_processing, small_scene):
    """Optical and LiDAR of the small scene, its training areas, a quick forest, and a folder for runs."""
    provider = LandfuseProvider()
    QgsApplication.processingRegistry().addProvider(provider)
    project = QgsProject()
    layers = {
        "optical": QgsRasterLayer(small_scene.inputs["optical"][0]["path"], "optical"),
        "lidar": QgsRasterLayer(small_scene.inputs["lidar"][0]["path"], "lidar"),
        "areas": QgsVectorLayer(small_scene.samples["path"], "areas"),
    }
    project.addMapLayers(list(layers.values()))
    made = Session(project)
    made.set_sources([SourceChoice(key, (layers[key].id(),)) for key in ("optical", "lidar")])
    made.set_samples(SamplesChoice(layers["areas"].id(), "class"))
    made.set_method(
        MethodChoice(
            method="random_forest", parameters={"trees": 5, "context_windows": "3", "gap": 4.0, "threads": 1}
        )
    )
    made.set_folder(str(small_scene.out))
    yield made
    made.shut_down()
    # pytest lets go of the last test's fixtures after QGIS has ended: layers would be freed too late.
    project.removeAllMapLayers()
    QgsApplication.processingRegistry().removeProvider(provider)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder of the engine whose record names this Python."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LANDFUSE_HOME", str(folder))
        patch.setenv("OMP_WAIT_POLICY", "PASSIVE")
        write_record(verify(sys.executable))
        yield folder
        close_shared_client()


class StubEngine:
    """Writes a line into every output, after `work(job, progress)`, which may raise."""

    def __init__(self):
        self.jobs = []
        self.work = lambda job, progress: None
        self.preview = lambda job: None

    def run(self, job, progress):
        if job.kind == "preview":
            self.preview(job)
            return JobResult(dict(job.outputs), {})
        self.jobs.append(job)
        self.work(job, progress)
        for path in job.outputs.values():
            Path(path).write_text("made")
        return JobResult(dict(job.outputs), {"OA": 0.75, "KAPPA": None} if job.kind == "train" else {"N": 4})


@pytest.fixture
def engine(monkeypatch):
    stub = StubEngine()
    monkeypatch.setattr(runtime, "shared_client", lambda: stub)
    return stub


class StubSetup(QObject):
    """Stands for the runtime set-up: missing until `ready` is emitted."""

    progress = pyqtSignal(float, str)
    ready = pyqtSignal()
    failed = pyqtSignal(str)
    planned = pyqtSignal(object)

    def __init__(self):
        super().__init__()
        self.calls, self.share = [], 0.0
        self.missing, self.busy = True, False

    def look(self):
        self.calls.append("look")

    def offer(self):
        self.calls.append("offer")

    def install(self):
        self.missing = False
        self.ready.emit()


@pytest.fixture
def runtime_setup():
    return StubSetup()
