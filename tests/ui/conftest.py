"""A QGIS interface with a real window, message bar, canvas and docks, for tests that drive the dock."""

from __future__ import annotations

import sys

import pytest

pytest.importorskip("qgis.gui", reason="needs QGIS")

from landfuse.core.environment import EngineRecord, write_record
from qgis.core import QgsProject, QgsSettings
from qgis.gui import QgsMapCanvas, QgsMessageBar
from qgis.PyQt.QtCore import QEvent
from qgis.PyQt.QtWidgets import QAction, QApplication, QDockWidget, QMainWindow


class Interface:
    """The part of QGIS's interface that the dock uses. `actions`: menu entries; `tools`: toolbar buttons."""

    def __init__(self):
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

    def addRasterToolBarIcon(self, action):  # noqa: N802  QGIS names it
        self.tools.append(action)

    def removeRasterToolBarIcon(self, action):  # noqa: N802  QGIS names it
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
