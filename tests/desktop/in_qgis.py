"""Runs inside QGIS Desktop (`qgis --code`): opens the demo, maps it, and writes what it saw as JSON.

Variables: LANDFUSE_DEMO the folder of the demo, LANDFUSE_TEST_FOLDER where the results go.
"""

from __future__ import annotations

import json
import os
import traceback
from pathlib import Path

import processing
import qgis.utils
from landfuse import plugin
from qgis.core import QgsApplication, QgsCategorizedSymbolRenderer, QgsLayerTreeGroup, QgsProject
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtWidgets import QApplication
from qgis.utils import iface

SCENE = Path(os.environ["LANDFUSE_DEMO"]) / "scene"
FOLDER = Path(os.environ["LANDFUSE_TEST_FOLDER"])
OPEN_DEMO = Path(plugin.__file__).parent / "resources" / "demo" / "open_in_qgis.py"
SOURCES = {"HSI": [str(SCENE / "hsi.tif")], "LIDAR": [str(SCENE / "lidar.tif")]}
FAST = {"METHOD": "random_forest", "TREES": 20, "CONTEXT_WINDOWS": "3", "PIXEL_SIZE": 4.0}
seen = {"modal": []}


def close_modal():
    """Note and close a window that would wait for somebody."""
    window = QApplication.activeModalWidget()
    if window is not None:
        seen["modal"].append(f"{type(window).__name__}: {window.windowTitle()}")
        window.close()


def look():
    """Gather everything, whatever happens, and leave as a user does."""
    try:
        look_at_plugin()
        seen["tree"] = tree(QgsProject.instance().layerTreeRoot())
        look_at_samples()
        look_at_class_map()
    except Exception:  # noqa: BLE001  nobody sees a traceback in this desktop: the test does
        seen["error"] = traceback.format_exc()
    iface.mainWindow().grab().save(str(FOLDER / "desktop.png"))
    (FOLDER / "seen.json").write_text(json.dumps(seen, indent=1), encoding="utf-8")
    QgsProject.instance().setDirty(False)
    QTimer.singleShot(0, iface.actionExit().trigger)  # to the slot: QGIS must not wait under Python's lock


def look_at_plugin():
    seen["plugins"] = sorted(qgis.utils.plugins)
    provider = QgsApplication.processingRegistry().providerById("landfuse")
    seen["algorithms"] = sorted(found.id() for found in provider.algorithms()) if provider else []


def tree(group):
    """Return the layer tree: name, and for a group its content, for a layer whether it is drawn."""
    return [
        [node.name(), tree(node) if isinstance(node, QgsLayerTreeGroup) else node.isVisible()]
        for node in group.children()
    ]


def look_at_samples():
    areas = QgsProject.instance().mapLayersByName("Training areas")[0]
    assert isinstance(areas.renderer(), QgsCategorizedSymbolRenderer)
    seen["samples"] = {c.label(): c.symbol().color().name() for c in areas.renderer().categories()}


def look_at_class_map():
    """Train on the layers of the project, classify, and look at the layer that Processing loads."""
    areas = QgsProject.instance().mapLayersByName("Training areas")[0]
    samples = {"SAMPLES": areas.id(), "CLASS_FIELD": "class"}
    model, target = str(FOLDER / "forest.safetensors"), str(FOLDER / "map.tif")
    trained = processing.runAndLoadResults("landfuse:train", {**SOURCES, **samples, **FAST, "MODEL": model})
    seen["accuracy"] = trained["OA"]
    processing.runAndLoadResults("landfuse:classify", {**SOURCES, "MODEL": model, "CLASSMAP": target})
    layer = next(found for found in QgsProject.instance().mapLayers().values() if found.source() == target)
    seen["renderer"] = layer.renderer().type()
    seen["classes"] = {entry.label: entry.color.name() for entry in layer.renderer().classes()}
    node = QgsProject.instance().layerTreeRoot().findLayer(layer.id())
    QApplication.processEvents()
    seen["unfolded"] = node.isExpanded()
    shown = iface.layerTreeView().layerTreeModel().layerLegendNodes(node)
    seen["legend"] = [str(entry.data(Qt.ItemDataRole.DisplayRole)) for entry in shown]
    seen["share_in_class_colors"] = share_drawn(set(seen["classes"].values()))


def share_drawn(colors):
    """Return the share of the map canvas that has one of `colors`."""
    canvas = iface.mapCanvas()
    canvas.refresh()
    canvas.waitWhileRendering()
    QApplication.processEvents()
    image = canvas.grab().toImage()
    pixels = [(x, y) for x in range(0, image.width(), 7) for y in range(0, image.height(), 7)]
    return sum(image.pixelColor(x, y).name() in colors for x, y in pixels) / len(pixels)


exec(compile(OPEN_DEMO.read_text(encoding="utf-8"), str(OPEN_DEMO), "exec"), {"__name__": "open_in_qgis"})
watch = QTimer()
watch.timeout.connect(close_modal)
watch.start(500)
iface.initializationCompleted.connect(lambda: QTimer.singleShot(2000, look))
