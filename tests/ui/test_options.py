"""The options page and the help: kept, applied to the jobs, opened without a network."""

from __future__ import annotations

from pathlib import Path

import landfuse
import pytest

pytest.importorskip("qgis.gui", reason="needs QGIS")

from landfuse.core.environment import forget_record
from landfuse.ui import help as help_module
from landfuse.ui.options import OptionsPage
from landfuse.ui.runtime_setup import RuntimeSetup
from landfuse.ui.settings import machine_parameters, memory_budget, run_device, run_threads
from landfuse.ui.state import jobs
from landfuse.ui.state.choices import SourceChoice
from landfuse.ui.state.folder import FOLDER_SETTING
from landfuse.ui.state.session import Session
from qgis.core import QgsProject, QgsRasterLayer, QgsSettings
from qgis.PyQt.QtCore import QEvent
from qgis.PyQt.QtWidgets import QApplication


@pytest.fixture
def runtime(interface):
    made = RuntimeSetup(interface)
    yield made
    made.shut_down()


@pytest.fixture
def page(runtime, qtbot):
    made = OptionsPage(runtime)
    qtbot.addWidget(made)
    made.show()
    return made


def test_nothing_is_set_until_the_page_is_applied(page):
    page.device.setCurrentIndex(page.device.findData("cpu"))
    page.threads.setValue(3)
    assert machine_parameters() == {}
    page.apply()
    assert (run_device(), run_threads(), memory_budget()) == ("cpu", 3, 0)
    assert machine_parameters() == {"DEVICE": "cpu", "THREADS": 3}


def test_what_was_kept_is_shown_again(page, runtime, qtbot):
    page.memory.setValue(1.5)
    page.device.setCurrentIndex(page.device.findData("cuda"))
    page.apply()
    again = OptionsPage(runtime)
    qtbot.addWidget(again)
    assert again.memory.value() == 1.5
    assert again.device.currentData() == "cuda"


def test_the_options_reach_the_jobs(page, small_scene):
    page.device.setCurrentIndex(page.device.findData("cpu"))
    page.memory.setValue(0.7)
    page.apply()
    layer = QgsRasterLayer(small_scene.inputs["optical"][0]["path"], "optical")
    QgsProject.instance().addMapLayer(layer)
    session = Session()
    session.set_sources([SourceChoice("optical", (layer.id(),))])
    assert jobs.train_parameters(session)["DEVICE"] == "cpu"
    classify = jobs.classify_parameters(session, "m")
    assert classify["DEVICE"] == "cpu"
    assert 32 <= classify["TILE_SIZE"] <= 256
    session.shut_down()


def test_a_folder_that_does_not_exist_or_is_temporary_is_not_kept(page, tmp_path):
    for folder, word in ((str(tmp_path), "cleared"), ("/no/such/folder", "not exist")):
        page.folder.setFilePath(folder)
        assert word in page.folder_note.text()
        assert not page.isValid()
        page.apply()
        assert QgsSettings().value(FOLDER_SETTING, "", type=str) == ""
    page.folder.setFilePath(str(Path.home()))
    assert page.isValid()
    page.apply()
    assert QgsSettings().value(FOLDER_SETTING) == str(Path.home())


def test_the_runtime_is_named_and_its_installation_followed(page, runtime, qtbot):
    assert page.state.text().startswith("Ready: ")
    runtime.progress.emit(0.4, "Downloading")
    assert "40 %" in page.state.text()
    assert not page.set_up.isEnabled()
    forget_record()
    runtime.failed.emit("The disk is full.")
    assert "Not installed" in page.state.text()
    assert "The disk is full." in page.state.text()
    assert page.set_up.isEnabled()


def test_a_page_that_was_closed_hears_nothing_more(runtime, qtbot):
    page = OptionsPage(runtime)
    page.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    runtime.progress.emit(0.5, "Downloading")


def test_qgis_gets_the_page_and_gives_it_back(interface, qgis_processing):
    plugin = landfuse.classFactory(interface)
    plugin.initGui()
    page = interface.pages[0].createWidget(None)
    assert page.objectName() == "LandfuseOptions"
    page.deleteLater()
    plugin.unload()
    assert interface.pages == []


def test_help_opens_the_page_of_the_plugin_or_says_what_is_missing(
    interface, qgis_processing, monkeypatch, tmp_path
):
    opened = []
    monkeypatch.setattr(
        help_module.QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()) or True
    )
    plugin = landfuse.classFactory(interface)
    plugin.initGui()
    entry = next(a for a in interface.actions if a.text() == "Help")
    monkeypatch.setattr(help_module, "HELP_PAGE", tmp_path / "index.html")
    entry.trigger()
    assert "index.html" in interface.said()
    (tmp_path / "index.html").write_text("<html>")
    entry.trigger()
    assert opened == [str(tmp_path / "index.html")]
    plugin.unload()
