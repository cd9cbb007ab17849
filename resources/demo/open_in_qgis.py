"""Loads the demo scene into QGIS Desktop: `LANDFUSE_DEMO=FOLDER qgis --code resources/demo/open_in_qgis.py`.

FOLDER holds `scene` (made by `landfuse demoscene`) and, after `make demo`, the class map `fused_map.tif`.
QGIS runs this file while it starts; the work waits until the window is complete.
"""

from __future__ import annotations

import os
from pathlib import Path

from landfuse.ui.demo_layers import load_demo, missing_files, zoom_to
from qgis.core import QgsProject
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QDockWidget
from qgis.utils import iface

CLASS_MAP = "fused_map.tif"


def open_demo() -> None:
    """Load, style and arrange the layers, zoom to them and show where the algorithms are."""
    folder = Path(os.environ["LANDFUSE_DEMO"])
    scene, class_map = folder / "scene", folder / CLASS_MAP
    missing = missing_files(scene)
    if missing:
        text = f"{scene} lacks {', '.join(missing)}. Run: landfuse demoscene {scene}"
        iface.messageBar().pushCritical("Landfuse", text)
        return
    project = QgsProject.instance()
    project.setTitle("Landfuse demo scene")
    optical = load_demo(project, scene, str(class_map) if class_map.is_file() else "")["optical"]
    project.setDirty(False)  # nothing to save: the next start makes the same project
    arrange_panels()
    if not class_map.is_file():
        text = "Next: 'Train, classify and assess' in the Processing Toolbox."
        iface.messageBar().pushInfo("Landfuse", text)
    # QGIS itself zooms to all layers once it has seen the first ones.
    QTimer.singleShot(500, lambda: zoom_to(iface.mapCanvas(), optical))


def arrange_panels() -> None:
    """Open the Processing Toolbox at Landfuse's algorithms, and give the browser's room to the layers."""
    panels = {panel.objectName(): panel for panel in iface.mainWindow().findChildren(QDockWidget)}
    if "Browser" in panels:
        panels["Browser"].hide()
    if "ProcessingToolbox" in panels:  # Processing can be switched off in the plugin manager
        panels["ProcessingToolbox"].show()
        panels["ProcessingToolbox"].searchBox.setText("landfuse")


iface.initializationCompleted.connect(open_demo)
