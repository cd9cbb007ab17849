"""The folder of a project: beside the saved one, asked for once otherwise, never a temporary one."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

pytest.importorskip("qgis.gui", reason="needs QGIS")

from landfuse.ui.state import folder as folder_module
from landfuse.ui.state.context import DockContext
from landfuse.ui.state.folder import FOLDER_SETTING, is_temporary, needed_folder
from landfuse.ui.state.session import Session
from qgis.core import QgsProject, QgsSettings
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QApplication, QMessageBox


@pytest.fixture
def context(interface):
    made = DockContext(interface, Session(), None, None, None)
    yield made
    made.session.shut_down()


@pytest.fixture
def press():
    """Press the button of the question that opens, by its text; returns the questions seen."""
    seen = []

    def later(text):
        def answer():
            box = QApplication.activeModalWidget()
            if isinstance(box, QMessageBox):
                seen.append(box.text())
                next(b for b in box.buttons() if text in b.text().replace("&", "")).click()
            else:
                QTimer.singleShot(20, answer)

        QTimer.singleShot(20, answer)
        return seen

    return later


def test_a_saved_project_has_its_folder_beside_it_and_nobody_is_asked(context, tmp_path):
    QgsProject.instance().write(str(tmp_path / "town.qgz"))
    assert needed_folder(context) == str(tmp_path / "town_landfuse")
    assert (tmp_path / "town_landfuse").is_dir()
    assert context.session.folder == str(tmp_path / "town_landfuse")


def test_an_unsaved_project_is_asked_once(context, tmp_path, press, monkeypatch):
    monkeypatch.setattr(folder_module, "is_temporary", lambda folder: False)  # tmp_path is one
    monkeypatch.setattr(folder_module.QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    questions = press("Choose a folder")
    assert needed_folder(context) == str(tmp_path)
    assert needed_folder(context) == str(tmp_path)
    assert len(questions) == 1


def test_saving_the_project_is_one_of_the_answers(context, tmp_path, press, interface):
    interface.save.triggered.connect(lambda: QgsProject.instance().write(str(tmp_path / "new.qgz")))
    press("Save the project")
    assert needed_folder(context) == str(tmp_path / "new_landfuse")


def test_no_is_an_answer(context, press):
    press("Cancel")
    assert needed_folder(context) == ""
    assert context.session.folder == ""


def test_a_temporary_folder_is_refused(context, tmp_path, press, monkeypatch, interface):
    answers = [tempfile.gettempdir(), ""]
    monkeypatch.setattr(folder_module.QFileDialog, "getExistingDirectory", lambda *_: answers.pop(0))
    press("Choose a folder")
    assert needed_folder(context) == ""
    assert answers == []
    assert "cleared by the system" in interface.said()
    assert is_temporary(str(tmp_path))
    assert not is_temporary(str(Path.home()))


def test_the_options_can_name_a_place_for_unsaved_projects(context, tmp_path):
    QgsSettings().setValue(FOLDER_SETTING, str(tmp_path))
    (tmp_path / "untitled_1").mkdir()
    assert needed_folder(context) == str(tmp_path / "untitled_2")


def test_a_folder_that_was_removed_is_made_anew_beside_the_project(context, tmp_path):
    QgsProject.instance().write(str(tmp_path / "town.qgz"))
    context.session.set_folder(str(tmp_path / "gone"))
    assert needed_folder(context) == str(tmp_path / "town_landfuse")


def test_a_place_that_cannot_be_written_is_told(context, tmp_path, interface):
    (tmp_path / "town_landfuse").write_text("a file")
    QgsProject.instance().write(str(tmp_path / "town.qgz"))
    assert needed_folder(context) == ""
    assert "cannot be made" in interface.said()
