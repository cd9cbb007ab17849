"""The plugin as QGIS Desktop loads and unloads it."""

from __future__ import annotations

import pytest

pytest.importorskip("qgis.core", reason="needs QGIS")

from qgis.core import QgsApplication
from qgis.PyQt.QtWidgets import QMainWindow


class Interface:
    """The part of QGIS's interface that the plugin uses."""

    def __init__(self):
        self.window = QMainWindow()
        self.actions, self.tools, self.pages = [], [], []

    def mainWindow(self):  # noqa: N802  QGIS names it
        return self.window

    def addPluginToRasterMenu(self, menu, action):  # noqa: N802  QGIS names it
        self.actions.append(action)

    def removePluginRasterMenu(self, menu, action):  # noqa: N802  QGIS names it
        self.actions.remove(action)

    def registerOptionsWidgetFactory(self, factory):  # noqa: N802  QGIS names it
        self.pages.append(factory)

    def unregisterOptionsWidgetFactory(self, factory):  # noqa: N802  QGIS names it
        self.pages.remove(factory)

    def addToolBarIcon(self, action):  # noqa: N802  QGIS names it
        self.tools.append(action)

    def removeToolBarIcon(self, action):  # noqa: N802  QGIS names it
        self.tools.remove(action)


def provider():
    return QgsApplication.processingRegistry().providerById("landfuse")


def test_the_plugin_can_be_loaded_and_unloaded_twice(qgis_app, qgis_processing):
    import landfuse

    interface = Interface()
    for _ in range(2):
        plugin = landfuse.classFactory(interface)
        plugin.initGui()
        assert [a.text() for a in interface.actions] == [
            "Landfuse panel",
            "Set up the deep-learning runtime...",
            "Options...",
            "Help",
        ]
        assert [a.text() for a in interface.tools] == ["Landfuse panel"]
        assert {"train", "classify", "assess", "train_classify_assess"} <= {
            a.name() for a in provider().algorithms()
        }
        plugin.unload()
        assert interface.actions == interface.tools == interface.pages == []
        assert provider() is None


def test_qgis_process_gets_the_algorithms_without_an_interface(qgis_app, qgis_processing):
    import landfuse

    plugin = landfuse.classFactory(None)
    plugin.initProcessing()
    assert provider().algorithm("demoscene") is not None
    plugin.unload()
