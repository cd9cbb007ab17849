"""A QGIS interface with a real window, message bar, canvas and docks, for tests that drive the dock."""

from __future__ import annotations

import sys
import time

import pytest

pytest.importorskip("qgis.gui", reason="needs QGIS")

from landfuse.core.dispatch import run_job
from landfuse.core.environment import EngineRecord, write_record
from landfuse.core.errors import Cancelled
from landfuse.processing_provider import runtime
from landfuse.processing_provider.provider import LandfuseProvider
from landfuse.ui.state.choices import SamplesChoice, SourceChoice
from landfuse.ui.state.context import DockContext
from landfuse.ui.state.session import Session
from qgis.core import QgsApplication, QgsProject, QgsRasterLayer, QgsSettings, QgsVectorLayer
from qgis.gui import QgsMapCanvas, QgsMessageBar
from qgis.PyQt.QtCore import QEvent, QObject, pyqtSignal
from qgis.PyQt.QtWidgets import QAction, QApplication, QDockWidget, QMainWindow


class Interface(QObject):
    """The part of QGIS's interface that the dock uses. `actions`: menu entries; `tools`: toolbar buttons."""

    initializationCompleted = pyqtSignal()  # noqa: N815  QGIS names it

    def __init__(self):
        super().__init__()
        self.window = QMainWindow()
        self.window.resize(1200, 800)
        self.canvas = QgsMapCanvas(self.window)
        self.window.setCentralWidget(self.canvas)
        self.bar = QgsMessageBar(self.window)
        self.actions, self.tools, self.pages = [], [], []
        self.save = QAction(self.window)
        self.active = None

    def mainWindow(self):  # noqa: N802  QGIS names it
        return self.window

    def mapCanvas(self):  # noqa: N802  QGIS names it
        return self.canvas

    def messageBar(self):  # noqa: N802  QGIS names it
        return self.bar

    def activeLayer(self):  # noqa: N802  QGIS names it
        return self.active

    def setActiveLayer(self, layer):  # noqa: N802  QGIS names it
        self.active = layer

    def actionSaveProject(self):  # noqa: N802  QGIS names it
        return self.save

    def newProject(self, asks_to_save):  # noqa: N802  QGIS names it
        QgsProject.instance().clear()
        return True

    def addPluginToRasterMenu(self, menu, action):  # noqa: N802  QGIS names it
        self.actions.append(action)

    def removePluginRasterMenu(self, menu, action):  # noqa: N802  QGIS names it
        self.actions.remove(action)

    def addToolBarIcon(self, action):  # noqa: N802  QGIS names it
        self.tools.append(action)

    def removeToolBarIcon(self, action):  # noqa: N802  QGIS names it
        self.tools.remove(action)

    def addDockWidget(self, area, dock):  # noqa: N802  QGIS names it
        self.window.addDockWidget(area, dock)
        dock.show()

    def removeDockWidget(self, dock):  # noqa: N802  QGIS names it
        self.window.removeDockWidget(dock)

    @property
    def docks(self):
        """The docks of the window that still live."""
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        return self.window.findChildren(QDockWidget)

    def registerOptionsWidgetFactory(self, factory):  # noqa: N802  QGIS names it
        self.pages.append(factory)

    def unregisterOptionsWidgetFactory(self, factory):  # noqa: N802  QGIS names it
        self.pages.remove(factory)

    def said(self):
        """The text of the message that is shown, "" without one."""
        item = self.bar.currentItem()
        return item.text() if item is not None else ""


@pytest.fixture
def interface(qgis_app, tmp_path, monkeypatch):
    """The interface of a window of its own; project and settings of the plugin are empty before and after.

    The runtime on record is the Python of the tests, and all that is kept for the user lies in `tmp_path`.
    """
    monkeypatch.setenv("LANDFUSE_HOME", str(tmp_path / "home"))
    write_record(EngineRecord(sys.executable))
    QgsProject.instance().clear()
    QgsSettings().remove("landfuse")
    made = Interface()
    made.window.show()
    yield made
    QgsProject.instance().clear()
    QgsSettings().remove("landfuse")
    made.canvas.setLayers([])
    made.window.close()
    made.window.deleteLater()


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
def local_engine(monkeypatch):
    """Jobs of the engine run in this process."""
    made = Engine()
    monkeypatch.setattr(runtime, "shared_client", lambda: made)
    return made


@pytest.fixture
def scene_context(interface, qgis_processing, small_scene):
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
