"""Setting up the runtime from QGIS: asks first, installs in the background, tells how it went."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("qgis.gui", reason="needs QGIS")

from landfuse.core.environment import EngineRecord
from landfuse.core.errors import EngineError
from landfuse.core.setup_runtime import SetupPlan
from landfuse.ui import runtime_setup
from qgis.core import Qgis
from qgis.gui import QgsMessageBar
from qgis.PyQt.QtWidgets import QMainWindow, QMessageBox

PLAN = SetupPlan(Path("/some/where"), "/usr/bin/python3", ("torch",), "", ("numpy==1.24",), 300, 1200)


class Interface:
    def __init__(self):
        self.window = QMainWindow()
        self.bar = QgsMessageBar(self.window)

    def mainWindow(self):  # noqa: N802  QGIS names it
        return self.window

    def messageBar(self):  # noqa: N802  QGIS names it
        return self.bar


@pytest.fixture
def asked(monkeypatch):
    """Answer the question and keep it; the answer is taken from `answers`."""
    questions, answers = [], [QMessageBox.StandardButton.Yes]

    def question(parent, title, text, *buttons):
        questions.append(text)
        return answers[-1]

    monkeypatch.setattr(runtime_setup.QMessageBox, "question", question)
    monkeypatch.setattr(runtime_setup, "plan_setup", lambda progress: PLAN)
    return questions, answers


def shown(interface):
    item = interface.bar.currentItem()
    return (item.text(), item.level()) if item is not None else ("", None)


def test_size_and_place_are_said_before_and_success_after(qgis_app, qtbot, monkeypatch, asked):
    installed = []

    def install(plan, progress):
        progress(0.5, "Downloading")
        installed.append(plan)
        return EngineRecord("/some/where/bin/python")

    monkeypatch.setattr(runtime_setup, "setup", install)
    interface = Interface()
    runtime_setup.RuntimeSetup(interface).offer()
    qtbot.waitUntil(lambda: shown(interface)[1] == Qgis.MessageLevel.Success, timeout=10000)
    assert installed == [PLAN]
    assert "1200 MB" in asked[0][0]
    assert "/some/where" in asked[0][0]


def test_nothing_is_installed_without_consent(qgis_app, qtbot, monkeypatch, asked):
    asked[1].append(QMessageBox.StandardButton.No)
    monkeypatch.setattr(runtime_setup, "setup", lambda *_: pytest.fail("installed without consent"))
    setup = runtime_setup.RuntimeSetup(Interface())
    setup.offer()
    qtbot.waitUntil(lambda: bool(asked[0]), timeout=10000)
    assert setup._task is None


def test_a_failure_is_told_with_its_remedy_and_can_be_tried_again(qgis_app, qtbot, monkeypatch, asked):
    def fail(plan, progress):
        raise EngineError("The disk is full.", remedy="Free some space.")

    monkeypatch.setattr(runtime_setup, "setup", fail)
    interface = Interface()
    setup = runtime_setup.RuntimeSetup(interface)
    for _ in range(2):
        setup.offer()
        qtbot.waitUntil(lambda: shown(interface)[1] == Qgis.MessageLevel.Critical, timeout=10000)
        assert shown(interface)[0] == "The disk is full. Free some space."
        interface.bar.clearWidgets()


def nothing_found(progress):
    raise EngineError("none", where="here", remedy="")


def test_the_menu_asks_after_the_look_that_the_dock_began(qgis_app, qtbot, monkeypatch, asked):
    monkeypatch.setattr(runtime_setup, "find", nothing_found)
    asked[1].append(QMessageBox.StandardButton.No)
    setup = runtime_setup.RuntimeSetup(Interface())
    setup.look()
    setup.offer()
    qtbot.waitUntil(lambda: len(asked[0]) == 1, timeout=10000)
    qtbot.wait(100)
    assert len(asked[0]) == 1
    assert setup.plan == PLAN


def test_a_look_that_nobody_asked_for_is_quiet_about_its_failure(qgis_app, qtbot, monkeypatch):
    def fail(progress):
        raise EngineError("The disk is full.", remedy="Free some space.")

    monkeypatch.setattr(runtime_setup, "find", nothing_found)
    monkeypatch.setattr(runtime_setup, "plan_setup", fail)
    interface = Interface()
    setup = runtime_setup.RuntimeSetup(interface)
    with qtbot.waitSignal(setup.failed, timeout=10000) as told:
        setup.look()
    assert told.args == ["The disk is full. Free some space."]
    assert shown(interface) == ("", None)
