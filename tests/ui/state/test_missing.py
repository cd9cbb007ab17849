"""A project whose files went elsewhere: one list of what is missing, one dialog that relinks."""

from __future__ import annotations

import shutil

import pytest

pytest.importorskip("qgis.gui", reason="needs QGIS")

from landfuse.ui.missing_notice import MissingNotice
from landfuse.ui.relink_dialog import RelinkDialog
from landfuse.ui.runtime_setup import RuntimeSetup
from landfuse.ui.state.choices import MethodChoice, RunRecord, SamplesChoice, SourceChoice
from landfuse.ui.state.context import DockContext
from landfuse.ui.state.missing import Named, search
from landfuse.ui.state.project_store import ProjectStore
from landfuse.ui.state.session import Session
from qgis.core import QgsProject, QgsRasterLayer, QgsVectorLayer
from qgis.PyQt.QtWidgets import QDialogButtonBox


@pytest.fixture
def context(interface):
    made = DockContext(interface, Session(), None, None, RuntimeSetup(interface))
    store = ProjectStore(made.session)
    yield made
    store.shut_down()
    made.session.shut_down()


@pytest.fixture
def saved(context, small_scene, tmp_path):
    """A project outside the folder of its data, saved; returns its file."""
    project = QgsProject.instance()
    optical = QgsRasterLayer(small_scene.inputs["optical"][0]["path"], "optical")
    areas = QgsVectorLayer(small_scene.samples["path"], "areas")
    project.addMapLayers([optical, areas])
    work = small_scene.folder / "work"
    work.mkdir()
    model = work / "m.safetensors"
    model.write_bytes(b"")
    session = context.session
    session.set_sources([SourceChoice("optical", (optical.id(),))])
    session.set_samples(SamplesChoice(areas.id(), "class"))
    session.set_method(MethodChoice("classify", model=str(model)))
    session.set_runs([RunRecord("Run 1", str(work), {}, {"model": str(model)}, {}, "2026")])
    session.set_folder(str(work))
    path = str(tmp_path / "project" / "town.qgz")
    (tmp_path / "project").mkdir()
    assert project.write(path)
    return path


@pytest.fixture
def notice(context, qtbot):
    made = MissingNotice(context)
    qtbot.addWidget(made)
    yield made
    made.shut_down()


def test_nothing_is_said_of_a_project_that_is_complete(saved, notice, qtbot):
    QgsProject.instance().read(saved)
    qtbot.wait(300)
    assert notice._task is None
    assert not notice.isVisible()


def test_what_is_missing_is_listed_once_and_relinked_by_one_dialog(
    saved, notice, context, qtbot, small_scene, tmp_path
):
    moved = tmp_path / "archive" / "2026"
    shutil.move(str(small_scene.folder), str(moved))
    QgsProject.instance().read(saved)
    qtbot.waitUntil(notice.isVisible, timeout=10000)
    assert "5 things" in notice.title.text()
    assert [thing.name for thing in notice.missing] == [
        "Folder of the project", "optical", "areas", "Model m.safetensors", "Run 1, model",
    ]  # fmt: skip
    dialog = RelinkDialog(context, notice.missing)
    qtbot.addWidget(dialog)
    ok = dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)
    assert not ok.isEnabled()
    assert "look in a folder" in ok.toolTip()
    dialog.look_in(str(tmp_path / "archive"))
    qtbot.waitUntil(ok.isEnabled, timeout=10000)
    assert "5 of 5" in dialog.state.text()
    ok.click()
    session = context.session
    assert all(layer.isValid() for layer in (*session.source_layers(), session.samples_layer()))
    assert session.folder == str(moved / "work")
    assert session.method.model == session.runs[0].outputs["model"] == str(moved / "work" / "m.safetensors")
    notice.look()
    qtbot.waitUntil(lambda: not notice.isVisible(), timeout=10000)
    assert QgsProject.instance().isDirty()


def test_of_files_of_the_same_name_the_one_in_the_likest_folder_is_taken(tmp_path):
    for place in ("a/2023", "b/2024", "c"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "dsm.tif").write_bytes(b"")
    thing = Named("file", "dsm", "/old/2024/dsm.tif")
    assert search([thing], str(tmp_path)) == {"/old/2024/dsm.tif": str(tmp_path / "b" / "2024" / "dsm.tif")}
