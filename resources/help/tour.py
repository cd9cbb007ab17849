"""Runs inside QGIS Desktop (`qgis --code`): the whole loop on the demo scene, with pictures on the way.

Variables: LANDFUSE_TOUR the folder of the pictures, LANDFUSE_TOUR_SIZE the window as 1600x1000,
LANDFUSE_TOUR_METHOD what is trained. `tour.json` in the folder says what was seen, and the error if there was
one. Widgets are clicked, and the map is drawn on with mouse events, as a user does.
"""

from __future__ import annotations

import json
import os
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import qgis.utils
from landfuse.resources.help.hands import (
    canvas,
    click,
    click_map,
    dock,
    drag_map,
    drawn,
    give_edits_up,
    key,
    move,
    only,
    press_map,
    session,
    show,
    texts,
    zoom,
)
from qgis.core import QgsApplication, QgsProject
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtWidgets import QApplication, QDialog, QDockWidget, QMessageBox, QWidget
from qgis.utils import iface

FOLDER = Path(os.environ["LANDFUSE_TOUR"])
SIZE = tuple(int(side) for side in os.environ.get("LANDFUSE_TOUR_SIZE", "1600x1000").split("x"))
METHOD = os.environ.get("LANDFUSE_TOUR_METHOD", "mibf_net")
POLL_MS = 100
SETTLE_SECONDS = 0.8
# Places of the demo scene, in metres.
MEADOW = ((412215, 5801232), (412255, 5801230), (412262, 5801202), (412220, 5801200))
LAWN = ((412214, 5801264), (412220, 5801258))
STREET = (412329, 5801335)
ROOF = ((412300, 5801215), (412312, 5801203))
Wait = Callable[[], bool]
Step = tuple[str, float, Wait]  # what is waited for, how many seconds at most, whether it is there

seen: dict[str, object] = {"pictures": [], "modal": [], "seconds": {}}


def tour() -> Iterator[Step]:
    """Do one thing after the other; what is yielded is waited for."""
    arrange()
    yield pause()
    open_dock()
    yield until("the steps of the panel", 20, lambda: len(dock().steps) == len(dock().sections))
    yield pause()
    shot("welcome", dock())
    yield from demo()
    if "sources" in dock().steps:
        yield from sources()
    yield from drawing()
    yield from settings()
    yield from training()
    yield from results()
    yield from another_round()
    yield from classify_with_a_model()
    give_edits_up()
    yield until("the tasks to end", 60, lambda: QgsApplication.taskManager().countActiveTasks() == 0)


def demo() -> Iterator[Step]:
    click(dock().front.welcome.demo)
    yield until("the demo scene", 120, lambda: len(session().sources) == 4)
    began = time.monotonic()
    yield until("the verdict", 60, lambda: dock().sections["sources"].header.state.endswith(" m"))
    took("the verdict", began)
    yield until("the map", 60, drawn)
    yield pause(3)


def sources() -> Iterator[Step]:
    only("sources")
    yield pause(4)
    shot("sources")
    shot("sources_panel", dock())


def drawing() -> Iterator[Step]:
    only("samples")
    step = dock().steps["samples"]
    step.live.switch.setChecked(False)  # it would cover what the first pictures show
    step.table.set_current(named(step, "grassland"))
    yield until("the counts of the classes", 30, lambda: all(c.areas is not None for c in counts(step)))
    zoom(0.35)
    yield until("the map", 60, drawn)
    click(step.digitising.buttons["polygon"])
    for corner in MEADOW:
        click_map(*corner)
        yield pause(0.2)
    move(MEADOW[-1][0] - 4, MEADOW[-1][1] + 6)
    shot("drawing")
    press_map(*MEADOW[-1], Qt.MouseButton.RightButton)
    yield pause(1)
    step.table.set_current(named(step, "pavement"))
    click(step.digitising.buttons["grow"])
    click_map(*STREET)
    yield pause(3)
    shot("grow")
    QApplication.sendEvent(canvas().viewport(), key(Qt.Key.Key_Escape))
    click(step.digitising.buttons["grow"])
    step.live.switch.setChecked(True)
    yield until("the live map", 60, lambda: live_map_is_there(step))
    yield pause()
    shot("live_map")
    shown: list[float] = []
    step.live.live_map.shown.connect(lambda: shown.append(time.monotonic()))
    step.table.set_current(named(step, "grassland"))
    click(step.digitising.buttons["rectangle"])
    began = time.monotonic()
    drag_map(*LAWN)
    yield until("the live map after an area", 60, lambda: bool(shown))
    took("the live map after an area", began)
    click(step.digitising.buttons["rectangle"])
    step.spectra_fold.set_open(True)
    for metres in range(5):
        move(MEADOW[0][0] + metres, MEADOW[0][1])
        yield pause(0.3)
    yield pause(3)
    shot("spectra_panel", dock())
    step.spectra_fold.set_open(False)
    step.live.switch.setChecked(False)


def settings() -> Iterator[Step]:
    only("method")
    step = dock().steps["method"]
    click(step.methods.buttons[METHOD])
    yield pause(6)
    shot("method_panel", dock())


def training() -> Iterator[Step]:
    only("run")
    step = dock().steps["run"]
    click(step.button)
    yield until("a run", 30, lambda: dock().context.runner.busy)
    seconds = time.monotonic()
    if METHOD != "random_forest":
        yield until("curves", 600, lambda: curve_length(step) > 10 or bool(session().runs))
        yield pause()
    shot("training")
    yield until("the first run", 1200, lambda: bool(session().runs) and not dock().context.runner.busy)
    took("the run", seconds)
    yield pause(2)
    shot("trained_panel", dock())


def results() -> Iterator[Step]:
    only("result")
    step = dock().steps["result"]
    canvas().zoomToFullExtent()
    yield until("the map", 60, drawn)
    yield pause(3)
    shot("result")
    click(step.map.swipe)
    middle = session().source_layers()[-1].extent().center()
    drag_map((middle.x() - 50, middle.y()), (middle.x() + 20, middle.y()))
    yield pause(1)
    shot("swipe")
    click(step.map.swipe)
    step.areas_fold.set_open(True)
    click(step.areas.measure)
    yield until("the areas", 60, lambda: step.areas.found is not None)
    yield pause()
    show(step.areas)
    shot("areas_panel", dock())
    step.areas_fold.set_open(False)
    yield pause()
    show(step.runs)
    shot("result_panel", dock())


def another_round() -> Iterator[Step]:
    only("samples")
    step = dock().steps["samples"]
    step.table.set_current(named(step, "flat roof"))
    zoom(0.3)
    yield until("the map", 60, drawn)
    click(step.digitising.buttons["rectangle"])
    drag_map(*ROOF)
    yield pause(1)
    click(step.digitising.buttons["rectangle"])
    only("result")
    step = dock().steps["result"]
    click(step.next.redo)
    yield until("the second run", 1200, lambda: len(session().runs) == 2 and not dock().context.runner.busy)
    yield until("the change note", 60, lambda: step.next.note is not None)
    yield pause(2)
    show(step.next)
    shot("redo")
    shot("redo_panel", dock())


def classify_with_a_model() -> Iterator[Step]:
    only("method")
    step = dock().steps["method"]
    step.aim.setCurrentIndex(step.aim.count() - 1)
    step.aim.activated.emit(step.aim.currentIndex())
    step.model.chosen.emit(session().runs[-1].outputs["model"])
    yield pause(4)
    shot("model_panel", dock())


# What the steps are made of


def until(what: str, seconds: float, ready: Wait) -> Step:
    return what, seconds, ready


def took(what: str, began: float) -> None:
    """Keep how many seconds something took."""
    seen["seconds"][what] = round(time.monotonic() - began, 1)


def pause(seconds: float = SETTLE_SECONDS) -> Step:
    end = time.monotonic() + seconds
    return "time to pass", seconds + 30, lambda: time.monotonic() >= end


def arrange() -> None:
    """Give the window its size and leave only the layers beside the map."""
    window = iface.mainWindow()
    window.showNormal()
    window.resize(*SIZE)
    window.move(0, 0)
    for panel in window.findChildren(QDockWidget):
        panel.setVisible(panel.objectName() == "Layers")


def open_dock() -> None:
    qgis.utils.plugins["landfuse"].show_dock()
    if SIZE[0] > 1400:
        iface.mainWindow().resizeDocks([dock()], [420], Qt.Orientation.Horizontal)


def named(step, name: str) -> int:
    """Return the value of a class."""
    return next(row.value for row in step.table.rows if row.name == name)


def counts(step) -> list:
    return list(step.table.counts.values())


def live_map_is_there(step) -> bool:
    return step.live.live_map.item is not None and step.live.live_map.item.isVisible()


def curve_length(step) -> int:
    trainings = step.curves.data.trainings
    return int(trainings[-1].last_round) if trainings else 0


def shot(name: str, widget: QWidget | None = None) -> None:
    """Write a picture of the window, or of a part of it."""
    QApplication.processEvents()
    number = len(seen["pictures"]) + 1
    path = FOLDER / f"{number:02}_{name}.png"
    if not (widget or iface.mainWindow()).grab().save(str(path)):
        raise OSError(f"the picture cannot be written: {path}")
    seen["pictures"].append(path.name)


class Guide:
    """Takes the next step of the tour as soon as what it waits for is there; then leaves QGIS."""

    def __init__(self) -> None:
        self.steps = tour()
        self.waiting: Step = pause(1)
        self.since, self.left = time.monotonic(), False
        self.timer = QTimer(iface.mainWindow())
        self.timer.timeout.connect(self.look)
        self.timer.start(POLL_MS)

    def look(self) -> None:
        close_modal(self.left)
        if self.left:
            return
        what, seconds, ready = self.waiting
        try:
            if ready():
                self.timer.stop()
                self.waiting, self.since = next(self.steps), time.monotonic()
                self.timer.start(POLL_MS)
            elif time.monotonic() - self.since > seconds:
                raise TimeoutError(f"waited {seconds:.0f} s for {what}")
        except StopIteration:
            self.leave()
        except Exception:  # noqa: BLE001  nobody sees a traceback in this window: who started the tour does
            seen["error"] = traceback.format_exc()
            iface.mainWindow().grab().save(str(FOLDER / "failed.png"))
            self.leave()

    def leave(self) -> None:
        self.left = True
        self.timer.start(POLL_MS)  # for what QGIS may ask
        give_edits_up()
        QgsProject.instance().setDirty(False)
        (FOLDER / "tour.json").write_text(json.dumps(seen, indent=1), encoding="utf-8")
        # Connected to the slot itself: called from Python, leaving would hold Python's lock while QGIS waits
        # for tasks that need it.
        self.exit = QTimer(iface.mainWindow())
        self.exit.setSingleShot(True)
        self.exit.timeout.connect(iface.actionExit().trigger)
        self.exit.start(POLL_MS)


def close_modal(leaving: bool = False) -> None:
    """Note and close a window that would wait for somebody."""
    window = QApplication.activeModalWidget()
    if isinstance(window, QDialog):
        seen["modal"].append(f"{type(window).__name__}: {window.windowTitle()}: {texts(window)}")
        (FOLDER / "tour.json").write_text(json.dumps(seen, indent=1), encoding="utf-8")
        if leaving and isinstance(window, QMessageBox):
            window.button(QMessageBox.StandardButton.Yes).click()
        else:
            window.reject()


def begin() -> None:
    global guide  # without a reference Python would collect it
    guide = Guide()


iface.initializationCompleted.connect(begin)
