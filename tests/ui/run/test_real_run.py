"""A run with the real engine: trained, mapped, and what happens when the engine is killed."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

pytest.importorskip("qgis.core", reason="needs QGIS")
pytest.importorskip("torch", reason="needs the engine's packages")
pytest.importorskip("sklearn", reason="needs the engine's packages")

from landfuse.core.errors import Cancelled
from landfuse.core.models.model_file import read_metadata
from landfuse.processing_provider.engine_client import close_shared_client, shared_client
from landfuse.ui.run.runner import Runner
from landfuse.ui.state import jobs
from landfuse.ui.state.choices import MethodChoice
from qgis.core import QgsRasterLayer

pytestmark = pytest.mark.slow


@pytest.fixture
def runner(session, home):
    made = Runner(session)
    yield made
    made.shut_down()


def both(session):
    return {"train": jobs.train_parameters(session), "classify": jobs.classify_parameters(session, "")}


def test_a_forest_is_trained_and_maps_the_scene(qtbot, session, runner):
    events = []
    runner.reported.connect(events.append)
    with qtbot.waitSignal(runner.finished, timeout=120000) as got:
        runner.start(both(session))
    record = got.args[0]
    assert record.numbers["OA"] > 0.8
    assert [c["value"] for c in read_metadata(record.outputs["model"])["classes"]] == [1, 2, 3]
    layer = QgsRasterLayer(record.outputs["classmap"], "map")
    assert (layer.isValid(), layer.width(), layer.height()) == (True, 48, 48)
    fractions = [event["fraction"] for event in events if event["event"] == "progress"]
    assert fractions == sorted(fractions)
    assert not [path for path in Path(record.folder).iterdir() if path.name.startswith(".")]


def test_an_engine_killed_in_mid_run_is_told_and_the_next_run_works(qtbot, session, runner, small_scene):
    quick = session.method
    slow = {"patch_size": 5, "epochs": 2000, "gap": 4.0, "threads": 1, "device": "cpu"}
    session.set_method(MethodChoice(parameters=slow))
    with qtbot.waitSignal(
        runner.reported, timeout=120000, check_params_cb=lambda event: event["event"] == "metric"
    ):
        runner.start(both(session))
    with qtbot.waitSignal(runner.failed, timeout=10000) as got:
        os.kill(shared_client()._engine.pid, signal.SIGKILL)
    assert "ended during the run" in str(got.args[0])
    assert small_scene.left() == []
    session.set_method(quick)
    with qtbot.waitSignal(runner.finished, timeout=120000):
        runner.start(both(session))


STAGES = {
    "the sources are read": lambda event: event["event"] == "progress",
    "a network is trained": lambda event: event["event"] == "metric",
    "it is trained again": lambda event: "Training again" in event.get("text", ""),
    "the scene is mapped": lambda event: event.get("fraction", 0) > 0.7,
}


@pytest.mark.parametrize("stage", STAGES)
def test_cancelling_while(qtbot, session, runner, small_scene, stage):
    reached = STAGES[stage]
    settings = {"patch_size": 5, "epochs": 6, "gap": 4.0, "threads": 1, "device": "cpu"}
    # Mapping the small scene on its own pixels is over before it can be cancelled.
    fine = {"PIXEL_SIZE": 0.4} if stage == "the scene is mapped" else {}
    session.set_method(MethodChoice(parameters=settings, grid=fine))
    events = []
    runner.reported.connect(events.append)
    runner.start(both(session))
    qtbot.waitUntil(lambda: any(map(reached, events)), timeout=120000)
    asked = time.monotonic()
    with qtbot.waitSignal(runner.failed, timeout=10000) as got:
        runner.cancel()
    assert time.monotonic() - asked < 2
    assert isinstance(got.args[0], Cancelled)
    assert small_scene.left() == []
    assert session.runs == ()


def test_cancelling_while_the_engine_starts(qtbot, session, runner, small_scene):
    close_shared_client()
    runner.start(both(session))
    qtbot.wait(100)
    asked = time.monotonic()
    with qtbot.waitSignal(runner.failed, timeout=10000):
        runner.cancel()
    assert time.monotonic() - asked < 2
    assert small_scene.left() == []
