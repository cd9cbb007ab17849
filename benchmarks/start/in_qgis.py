"""Runs inside QGIS Desktop (`qgis --code`): writes when QGIS was ready, and how long the dock took to open.

Variables: LANDFUSE_BENCH the file to write; the dock is opened where the plugin is enabled.
"""

import json
import os
import time
from pathlib import Path

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QApplication
from qgis.utils import iface, plugins

SETTLED_MS = 3000  # QGIS does more after it says that it is ready


def ready() -> None:
    seen["ready"] = time.time()
    seen["busy_ms"] = 1000 * time.thread_time()
    QTimer.singleShot(SETTLED_MS, look)


def look() -> None:
    plugin = plugins.get("landfuse")
    if plugin is not None:
        wall, busy = time.perf_counter(), time.thread_time()
        plugin.show_dock()
        QApplication.processEvents()
        seen["open_ms"] = 1000 * (time.perf_counter() - wall)
        seen["open_busy_ms"] = 1000 * (time.thread_time() - busy)
        plugin.dock().finish_building()
        QApplication.processEvents()
        seen["complete_ms"] = 1000 * (time.perf_counter() - wall)
        plugin.show_dock(False)  # else the next start opens it
    Path(os.environ["LANDFUSE_BENCH"]).write_text(json.dumps(seen), encoding="utf-8")
    QgsProject.instance().setDirty(False)
    QTimer.singleShot(0, iface.actionExit().trigger)  # to the slot: QGIS must not wait under Python's lock


seen = {}
iface.initializationCompleted.connect(ready)
