"""Runs inside QGIS Desktop (`qgis --code`): presses Run in the dock and keeps what happens when.

A second time after three more areas: what is timed then is named `again_...`.

Variables: LANDFUSE_SCENE the folder of the demo scene, LANDFUSE_BENCH where the samples lie and results go,
LANDFUSE_CHOICE the method's choices as JSON.
"""

from __future__ import annotations

import json
import os
import time
import traceback
from pathlib import Path

import qgis.utils
from landfuse.processing_provider.engine_client import shared_client
from landfuse.ui.state.choices import MethodChoice, SamplesChoice, SourceChoice
from qgis.core import QgsGeometry, QgsProject, QgsRasterLayer, QgsVectorLayer
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtTest import QTest
from qgis.utils import iface

SCENE, FOLDER = Path(os.environ["LANDFUSE_SCENE"]), Path(os.environ["LANDFUSE_BENCH"])
CHOICE = json.loads(os.environ["LANDFUSE_CHOICE"])
KEYS = ("hsi", "lidar", "sar", "optical")
TICK_MS = 10
IDLE_S, SETTLE_S, LIMIT_S = 8.0, 6.0, 560.0
found = {"stages": [], "engine_s": [], "late_ms": {"idle": [], "run": []}, "worst": [], "error": ""}


def engine_seconds():
    """Return the processor time of the engine so far: what a free machine needs can be told from it."""
    engine = shared_client()._engine
    if engine is None:
        return 0.0
    fields = Path(f"/proc/{engine.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return round((int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), 1)


class Watch:
    """Ticks every 10 ms and keeps by how much each tick is late."""

    def __init__(self):
        self.phase, self.last_event, self.paused = "", "", True
        self._last = time.perf_counter()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start(TICK_MS)

    def begin(self, phase):
        self.phase, self.paused = phase, not phase
        self._last = time.perf_counter()

    def _tick(self):
        now = time.perf_counter()
        late = 1000 * (now - self._last) - TICK_MS
        self._last = now
        if self.paused:
            return
        found["late_ms"][self.phase].append(round(max(0.0, late), 2))
        if late > 40 and self.phase == "run":
            since = round(now - bench.pressed, 2)
            found["worst"].append([since, round(late, 1), self.last_event])


class Bench:
    """The run: layers, dock, click, end."""

    def __init__(self):
        self.pressed, self.again = 0.0, ""
        self.watch = Watch()

    def prepare(self):
        project = QgsProject.instance()
        layers = {key: QgsRasterLayer(str(SCENE / f"{key}.tif"), key) for key in KEYS}
        areas = QgsVectorLayer(str(FOLDER / "samples.gpkg"), "areas", "ogr")
        project.addMapLayers([*layers.values(), areas])
        plugin = qgis.utils.plugins["landfuse"]
        plugin.show_dock()
        self.dock = plugin.dock()
        self.dock.finish_building()
        for name, section in self.dock.sections.items():
            section.set_open(name == "run")
        session = self.dock.context.session
        session.set_folder(str(FOLDER / "out"))
        session.set_sources([SourceChoice(key, (layer.id(),)) for key, layer in layers.items()])
        session.set_samples(SamplesChoice(areas.id(), "class"))
        session.set_method(MethodChoice(**CHOICE))
        iface.mapCanvas().setExtent(layers["optical"].extent())
        runner = self.dock.context.runner
        runner.reported.connect(self.reported)
        runner.finished.connect(self.finished)
        runner.failed.connect(self.failed)
        iface.initializationCompleted.disconnect(start)
        QTimer.singleShot(int(1000 * SETTLE_S), lambda: self.watch.begin("idle"))
        QTimer.singleShot(int(1000 * (SETTLE_S + IDLE_S)), self.press)
        QTimer.singleShot(int(1000 * LIMIT_S), lambda: self.failed("too slow"))

    def press(self):
        self.pressed = time.perf_counter()
        self.watch.begin("run")
        step = self.dock.steps["run"]
        QTest.mouseClick(step.button, Qt.MouseButton.LeftButton)
        found[f"{self.again}press_s"] = time.perf_counter() - self.pressed
        if self.dock.context.runner.state == "waiting":
            self.failed("The deep-learning runtime is missing: set LANDFUSE_HOME, or run `make runtime`.")

    def reported(self, event):
        since = round(time.perf_counter() - self.pressed, 2)
        kind = event["event"]
        self.watch.last_event = f"{kind} {event.get('stage') or event.get('name') or event.get('text', '')}"
        if kind == "progress":
            stage = event["stage"].split(", epoch")[0]
            if not found["stages"] or found["stages"][-1][1] != stage:
                found["stages"].append([since, stage, round(event["fraction"], 3)])
                found["engine_s"].append([since, engine_seconds()])
        elif kind == "log":
            found["stages"].append([since, f"log: {event['text']}"[:120], None])
        if kind == "first_look":
            self.dock.steps["run"].look.item._job.finished.connect(self.looked)
        if kind == "metric" and event["name"] == "loss" and event["epoch"] in (5, 20):
            self.grab(f"running_{event['epoch']}")

    def looked(self):
        found[f"{self.again}first_look_s"] = time.perf_counter() - self.pressed
        found.setdefault("first_look_engine_s", engine_seconds())
        QTimer.singleShot(200, lambda: self.grab(f"{self.again}first_look"))

    def grab(self, name):
        if os.environ.get("LANDFUSE_GRABS"):
            iface.mainWindow().grab().save(str(FOLDER / f"{name}.png"))

    def finished(self, record):
        found[f"{self.again}finished_s"] = time.perf_counter() - self.pressed
        if not self.again:
            found["engine_s"].append([round(found["finished_s"], 2), engine_seconds()])
            found["numbers"] = dict(record.numbers)
        layer = QgsRasterLayer(record.outputs["classmap"], "map")
        if "result" not in self.dock.steps:
            QgsProject.instance().addMapLayer(layer)
        iface.mapCanvas().mapCanvasRefreshed.connect(self.seen)
        iface.mapCanvas().refresh()

    def seen(self):
        iface.mapCanvas().mapCanvasRefreshed.disconnect(self.seen)
        found[f"{self.again}seen_s"] = time.perf_counter() - self.pressed
        self.watch.begin("")
        QTimer.singleShot(1000, self.leave if self.again else self.once_more)

    def once_more(self):
        """Draw three more areas, each beside one that is there, and press Run again."""
        self.again = "again_"
        classes = self.dock.context.classes
        for feature in list(classes.layer.getFeatures())[::9][:3]:
            geometry = QgsGeometry(feature.geometry())
            geometry.translate(geometry.boundingBox().width(), 0)
            classes.set_current(feature["class"])
            classes.add_area(geometry)
        QTimer.singleShot(3000, self.press)

    def failed(self, error):
        if f"{self.again}finished_s" not in found:
            found["error"] = str(error)
            self.leave()

    def leave(self):
        self.watch.begin("")
        self.grab("end")
        runner = self.dock.context.runner
        if runner.busy:  # else QGIS asks whether to wait for it
            runner.failed.disconnect(self.failed)
            runner.failed.connect(lambda _: QTimer.singleShot(500, self.leave))
            runner.cancel()
            return
        self.dock.context.classes.layer.rollBack()  # else QGIS asks whether to save
        (FOLDER / "found.json").write_text(json.dumps(found), encoding="utf-8")
        QgsProject.instance().setDirty(False)
        QTimer.singleShot(
            0, iface.actionExit().trigger
        )  # to the slot: QGIS must not wait under Python's lock


def start():
    try:
        bench.prepare()
    except Exception:  # noqa: BLE001  nobody sees a traceback in this desktop
        found["error"] = traceback.format_exc()
        bench.leave()


bench = Bench()
iface.initializationCompleted.connect(start)
