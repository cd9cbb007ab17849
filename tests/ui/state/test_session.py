"""The session announces what changes, forgets layers that go, and comes back from its JSON form."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("qgis.core", reason="needs QGIS")

from landfuse.ui.state.choices import MethodChoice, RunRecord, SamplesChoice, SourceChoice
from landfuse.ui.state.session import Session
from qgis.core import QgsProject, QgsVectorLayer


@pytest.fixture
def session(qgis_app):
    made = Session(QgsProject())
    yield made
    made.shut_down()


def test_only_a_change_is_announced(session, qtbot):
    with qtbot.waitSignal(session.sources_changed, timeout=100):
        session.set_sources([SourceChoice("hsi", ("a",))])
    with qtbot.assertNotEmitted(session.changed, wait=10):
        session.set_sources([SourceChoice("hsi", ("a",))])


def test_a_layer_that_leaves_the_project_leaves_the_choices(session):
    layer = QgsVectorLayer("Polygon?crs=EPSG:32633&field=class:integer", "areas", "memory")
    session.project.addMapLayer(layer)
    gone = layer.id()
    session.set_sources([SourceChoice("hsi", ("kept", gone))])
    session.set_samples(SamplesChoice(gone, "class"))
    session.project.removeMapLayer(gone)
    assert session.sources == (SourceChoice("hsi", ("kept",)),)
    assert session.samples == SamplesChoice()


def test_all_choices_survive_their_json_form(session):
    session.set_sources([SourceChoice("sar", ("a", "b"), "1-2", "sar_db", "nodata=0", used=False)])
    session.set_samples(SamplesChoice("areas", "class", "place"))
    session.set_method(
        MethodChoice("classify", "gihcn", "paper", {"epochs": 5}, "/m.safetensors", {"PIXEL_SIZE": 2})
    )
    run = RunRecord(
        "Run 1", "/runs/1", {"train": {"METHOD": "gihcn"}}, {"model": "/m"}, {"OA": 0.9}, "2026-01-01", "l"
    )
    session.set_runs([run])
    session.set_folder("/folder")
    kept = json.loads(json.dumps(session.to_json()))
    other = Session(session.project)
    other.restore(kept)
    assert other.to_json() == session.to_json()
    assert other.runs == (run,)
    other.restore({})
    assert other.sources == ()
    assert other.folder == ""
    other.shut_down()


def test_a_source_without_a_layer_or_switched_off_is_not_used(session):
    session.set_sources(
        [SourceChoice("hsi"), SourceChoice("sar", ("a",), used=False), SourceChoice("lidar", ("b",))]
    )
    assert [s.key for s in session.used_sources()] == ["lidar"]
