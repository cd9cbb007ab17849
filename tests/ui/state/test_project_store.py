"""Choices live in the project: saved, reopened, moved to another folder, and gone with the next project."""

from __future__ import annotations

import shutil

import pytest

pytest.importorskip("qgis.core", reason="needs QGIS")

from landfuse.ui.state.choices import MethodChoice, RunRecord, SamplesChoice, SourceChoice
from landfuse.ui.state.project_store import KEY, SCOPE, ProjectStore, absolute, relative
from landfuse.ui.state.session import Session
from qgis.core import QgsProject, QgsRasterLayer


@pytest.fixture
def project(qgis_app):
    made = QgsProject()
    yield made
    made.clear()


@pytest.fixture
def session(project):
    made = Session(project)
    store = ProjectStore(made)
    yield made
    store.shut_down()
    made.shut_down()


def entry(project):
    return project.readEntry(SCOPE, KEY, "")[0]


def fill(session, small_scene):
    """Choose a layer, a model, a folder and a run; return the id of the layer."""
    layer = QgsRasterLayer(small_scene.inputs["optical"][0]["path"], "optical")
    session.project.addMapLayer(layer)
    folder = small_scene.folder / "work"
    model = str(folder / "m.safetensors")
    session.set_sources([SourceChoice("optical", (layer.id(),), "1-3")])
    session.set_method(MethodChoice("classify", model=model))
    session.set_folder(str(folder))
    run = RunRecord("Run 1", str(folder / "run_1"), {"train": {"MODEL": model}}, {"model": model}, {}, "2026")
    session.set_runs([run])
    return layer.id()


def test_a_project_that_is_moved_with_its_folder_finds_everything_again(
    session, project, small_scene, tmp_path
):
    layer = fill(session, small_scene)
    assert project.write(str(small_scene.folder / "town.qgz"))
    moved = tmp_path / "elsewhere" / "deep"
    shutil.move(str(small_scene.folder), str(moved))
    assert project.read(str(moved / "town.qgz"))
    assert session.sources == (SourceChoice("optical", (layer,), "1-3"),)
    assert session.source_layers()[0].isValid()
    assert session.folder == str(moved / "work")
    assert session.method.model == str(moved / "work" / "m.safetensors")
    assert session.runs[0].outputs["model"] == str(moved / "work" / "m.safetensors")
    assert session.runs[0].parameters["train"]["MODEL"] == str(moved / "work" / "m.safetensors")
    assert not project.isDirty()


def test_the_entry_holds_no_absolute_path_once_the_project_is_saved(session, project, small_scene, tmp_path):
    fill(session, small_scene)
    assert str(tmp_path) in entry(project)  # not saved: there is nothing to be relative to
    project.write(str(small_scene.folder / "town.qgz"))
    assert str(tmp_path) not in entry(project)
    project.write(str(tmp_path / "copy.qgz"))
    assert '"{project}/scene/work"' in entry(project)
    session.set_folder(str(tmp_path / "other"))
    assert '"{project}/other"' in entry(project)


def test_the_next_project_begins_empty_and_the_one_after_has_its_own_choices(
    session, project, small_scene, tmp_path
):
    fill(session, small_scene)
    first, second = str(tmp_path / "first.qgz"), str(tmp_path / "second.qgz")
    project.write(first)
    project.clear()
    assert session.to_json() == Session(project).to_json()
    assert entry(project) == ""
    project.write(second)
    project.read(first)
    assert session.method.aim == "classify"
    project.read(second)
    assert session.sources == ()
    assert session.folder == ""
    assert entry(project) == ""


def test_a_project_without_choices_gets_no_entry_and_stays_clean(session, project, tmp_path):
    project.write(str(tmp_path / "plain.qgz"))
    project.read(str(tmp_path / "plain.qgz"))
    assert not project.isDirty()
    assert entry(project) == ""
    session.set_folder(str(tmp_path))
    assert project.isDirty()


def test_a_layer_that_another_program_took_out_is_not_chosen_any_more(session, project, tmp_path):
    session.set_sources([SourceChoice("sar", ("gone",))])
    session.set_samples(SamplesChoice("gone_too", "class"))
    project.write(str(tmp_path / "p.qgz"))
    project.read(str(tmp_path / "p.qgz"))
    assert session.sources == (SourceChoice("sar"),)
    assert session.samples == SamplesChoice()


@pytest.mark.parametrize("text", ["no json", "[]", '{"landfuse_session": 99, "folder": "/x"}'])
def test_an_entry_that_is_not_understood_is_as_none(session, project, tmp_path, text):
    project.writeEntry(SCOPE, KEY, text)
    project.write(str(tmp_path / "p.qgz"))
    project.read(str(tmp_path / "p.qgz"))
    assert session.folder == ""


def test_texts_that_are_no_paths_stay_as_they_are():
    for text in ("", "class", "./a", "../b", "EPSG:32633", "1-3,5", "{projects}/a"):
        assert absolute(relative(text, "/home/me"), "/home/me") == text


def test_paths_come_back_from_relative_ones():
    for path in ("/home/me/a/b.tif", "/home/you/b.tif", "/home/me"):
        kept = relative(path, "/home/me")
        assert kept.startswith("{project}")
        assert absolute(kept, "/home/me") == path
    assert absolute(relative("/a/x/m", "/a/x"), "/b/y") == "/b/y/m"
