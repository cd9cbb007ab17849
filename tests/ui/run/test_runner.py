"""A run from the dock: its files and record, and what is left when it does not end well."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

pytest.importorskip("qgis.core", reason="needs QGIS")

from landfuse.core.errors import Cancelled, EngineError, MissingDependencyError
from landfuse.ui.run.runner import CANCELLING, IDLE, RUNNING, WAITING, Runner
from landfuse.ui.state import jobs
from landfuse.ui.state.choices import SourceChoice
from qgis.core import QgsFeature, QgsGeometry


@pytest.fixture
def runner(session, engine):
    made = Runner(session)
    yield made
    made.shut_down()


def both(session):
    return {"train": jobs.train_parameters(session), "classify": jobs.classify_parameters(session, "")}


def wait_until_cancelled(job, progress):
    while True:
        progress(0.3, "Working")
        time.sleep(0.02)


def outcome_of(qtbot, runner, parameters, timeout=10000):
    with qtbot.waitSignal(runner.failed, timeout=timeout) as got:
        assert runner.start(parameters)
    return got.args[0]


def test_a_run_trains_then_classifies_with_that_model_in_a_folder_of_its_own(
    qtbot, session, runner, engine, small_scene
):
    with qtbot.waitSignals([runner.started, runner.finished], timeout=10000):
        assert runner.start(both(session))
        assert (runner.state, runner.busy) == (RUNNING, True)
    folder = small_scene.out / "run_1"
    assert [job.kind for job in engine.jobs] == ["train", "classify"]
    assert engine.jobs[1].parameters["model"] == engine.jobs[0].outputs["model"]
    (record,) = session.runs
    assert (record.name, record.folder) == ("Run 1", str(folder))
    assert set(record.outputs) == {"model", "report", "classmap", "uncertainty"}
    assert all(Path(path).parent == folder and Path(path).is_file() for path in record.outputs.values())
    assert record.numbers == {"OA": 0.75, "N": 4.0}
    assert record.parameters["classify"]["MODEL"] == record.outputs["model"]
    assert runner.state == IDLE


def test_the_parameters_of_a_record_run_again_under_new_names(qtbot, session, runner, small_scene):
    with qtbot.waitSignal(runner.finished, timeout=10000):
        runner.start({**both(session), "classify": {**both(session)["classify"], "PROBABILITIES": "x.tif"}})
    with qtbot.waitSignal(runner.finished, timeout=10000):
        runner.start(session.runs[0].parameters)
    first, second = session.runs
    assert (first.name, second.name) == ("Run 1", "Run 2")
    assert set(first.outputs) == set(second.outputs) >= {"probabilities"}
    assert not set(first.outputs.values()) & set(second.outputs.values())
    assert small_scene.left() == ["run_1", "run_2"]


def test_a_folder_that_is_there_already_is_not_used(qtbot, session, runner, small_scene):
    (small_scene.out / "run_1").mkdir()
    with qtbot.waitSignal(runner.finished, timeout=10000):
        runner.start(both(session))
    assert session.runs[0].name == "Run 2"
    assert list((small_scene.out / "run_1").iterdir()) == []


def test_a_second_run_is_refused_while_one_goes_on(qtbot, session, runner, engine):
    engine.work = wait_until_cancelled
    runner.start(both(session))
    assert not runner.start(both(session))
    with qtbot.waitSignal(runner.failed, timeout=5000):
        runner.cancel()


@pytest.mark.parametrize("stage", ["train", "classify"])
def test_cancelling_ends_within_two_seconds_and_leaves_nothing(
    qtbot, session, runner, engine, small_scene, stage
):
    engine.work = lambda job, progress: job.kind == stage and wait_until_cancelled(job, progress)
    runner.start(both(session))
    qtbot.waitUntil(lambda: bool(engine.jobs) and engine.jobs[-1].kind == stage, timeout=5000)
    asked = time.monotonic()
    with qtbot.waitSignal(runner.failed, timeout=5000) as got:
        runner.cancel()
        assert runner.state == CANCELLING
    assert time.monotonic() - asked < 2
    assert isinstance(got.args[0], Cancelled)
    assert small_scene.left() == []
    assert (session.runs, runner.state) == ((), IDLE)


def test_a_run_cancelled_before_it_begins_leaves_nothing(qtbot, session, runner, engine, small_scene):
    with qtbot.waitSignal(runner.failed, timeout=5000):
        runner.start(both(session))
        runner.cancel()
    assert small_scene.left() == []


def test_a_failure_is_told_and_the_next_run_works(qtbot, session, runner, engine, small_scene):
    def crash(job, progress):
        Path(job.outputs["model"]).write_text("half")
        raise EngineError("The engine ended during the run.")

    engine.work = crash
    assert "ended during the run" in str(outcome_of(qtbot, runner, both(session)))
    assert small_scene.left() == []
    engine.work = lambda job, progress: None
    with qtbot.waitSignal(runner.finished, timeout=5000):
        runner.start(both(session))


def test_jobs_that_cannot_be_made_are_told_and_leave_no_folder(qtbot, session, runner, small_scene):
    parameters = both(session)
    parameters["train"]["OPTICAL_BANDS"] = "first"
    assert "first" in str(outcome_of(qtbot, runner, parameters))
    assert small_scene.left() == []


def test_without_a_folder_the_run_says_so(qtbot, session, runner):
    session.set_folder("")
    assert "folder" in str(outcome_of(qtbot, runner, both(session)))


def test_layers_removed_during_a_run_do_not_matter_to_it(qtbot, session, runner, engine):
    engine.work = lambda job, progress: time.sleep(0.3)
    with qtbot.waitSignal(runner.finished, timeout=5000):
        runner.start(both(session))
        session.project.removeAllMapLayers()
    assert len(session.runs) == 1


def test_a_project_closed_during_a_run_stops_it_and_gets_no_record(
    qtbot, session, runner, engine, small_scene
):
    engine.work = wait_until_cancelled
    runner.start(both(session))
    qtbot.waitUntil(lambda: bool(engine.jobs), timeout=5000)
    with qtbot.waitSignal(runner.failed, timeout=5000) as got:
        session.project.clear()
    assert "project was closed" in str(got.args[0])
    assert session.runs == ()
    assert small_scene.left() == []


def test_unsaved_areas_are_trained_on_and_the_edits_stay_as_they_are(qtbot, session, runner, engine):
    layer = session.samples_layer()
    layer.startEditing()
    layer.beginEditCommand("Draw an area")
    area = QgsFeature(layer.fields())
    area.setGeometry(
        QgsGeometry.fromWkt("POLYGON((400000 5799990, 400010 5799990, 400010 5800000, 400000 5799990))")
    )
    area.setAttribute("class", 9)
    layer.addFeature(area)
    layer.endEditCommand()
    before = layer.undoStack().count(), layer.undoStack().index(), layer.featureCount()
    seen = []

    def look(job, progress):
        from landfuse.core.data.vector_io import VectorLayer

        if job.kind == "train":
            with VectorLayer(job.samples.path, job.samples.layer, "class") as snapshot:
                seen.extend(values[0] for _, values in snapshot.records(["class"]))

    engine.work = look
    with qtbot.waitSignal(runner.finished, timeout=5000):
        runner.start(both(session))
    assert 9 in seen
    assert layer.isEditable()
    assert (layer.undoStack().count(), layer.undoStack().index(), layer.featureCount()) == before
    layer.rollBack()


def test_events_arrive_in_the_main_thread_in_order(qtbot, session, runner, engine):
    def report(job, progress):
        progress(0.5, "Half")
        progress.metric(3, "loss", 0.25)

    engine.work, seen = report, []
    runner.reported.connect(seen.append)
    with qtbot.waitSignal(runner.finished, timeout=5000):
        runner.start({"train": jobs.train_parameters(session)})
    assert [event["event"] for event in seen] == ["progress", "metric"]
    assert seen[0]["fraction"] == 0.5
    assert (seen[1]["name"], seen[1]["epoch"], seen[1]["value"]) == ("loss", 3, 0.25)


@pytest.fixture
def lacking(session, engine, runtime_setup):
    """A runner whose runtime is missing."""
    made = Runner(session, runtime_setup)
    yield made
    made.shut_down()


def test_a_run_without_the_runtime_waits_and_starts_by_itself(
    qtbot, session, lacking, runtime_setup, small_scene
):
    lacking.start(both(session))
    assert (lacking.state, runtime_setup.calls) == (WAITING, ["look"])
    runtime_setup.planned.emit(None)
    assert runtime_setup.calls == ["look", "offer"]
    runtime_setup.progress.emit(0.62, "Downloading")
    assert lacking.runtime_percent == 62
    assert small_scene.left() == []
    with qtbot.waitSignal(lacking.finished, timeout=5000):
        runtime_setup.install()
    assert session.runs[0].name == "Run 1"


def test_a_run_that_waits_can_be_cancelled_and_fails_with_the_setup(qtbot, session, lacking, runtime_setup):
    lacking.start(both(session))
    with qtbot.waitSignal(lacking.failed, timeout=1000) as got:
        lacking.cancel()
    assert isinstance(got.args[0], Cancelled)
    lacking.start(both(session))
    with qtbot.waitSignal(lacking.failed, timeout=1000) as got:
        runtime_setup.failed.emit("The disk is full.")
    assert "disk is full" in str(got.args[0])
    assert lacking.state == IDLE
    runtime_setup.install()
    assert lacking.state == IDLE


def test_a_run_joins_an_installation_that_goes_on(session, lacking, runtime_setup):
    runtime_setup.busy, runtime_setup.share = True, 0.3
    lacking.start(both(session))
    assert (lacking.state, lacking.runtime_percent, runtime_setup.calls) == (WAITING, 30, [])
    lacking.cancel()


def test_a_runtime_that_turns_out_broken_is_offered_once(qtbot, session, lacking, runtime_setup, engine):
    def work(job, progress):
        raise MissingDependencyError("No PyTorch.")

    engine.work, runtime_setup.missing = work, False
    lacking.start(both(session))
    qtbot.waitUntil(lambda: lacking.state == WAITING, timeout=5000)
    with qtbot.waitSignal(lacking.failed, timeout=5000) as got:
        runtime_setup.install()
    assert "No PyTorch" in str(got.args[0])


def test_a_source_given_as_a_choice_without_layers_is_told(qtbot, session, runner):
    session.set_sources([SourceChoice("hsi")])
    assert "No source" in str(outcome_of(qtbot, runner, both(session)))


def test_taking_the_plugin_back_during_a_run_stops_it_and_leaves_nothing(qtbot, session, engine, small_scene):
    runner = Runner(session)
    engine.work = wait_until_cancelled
    runner.start(both(session))
    qtbot.waitUntil(lambda: bool(engine.jobs), timeout=5000)
    runner.shut_down()
    del runner
    qtbot.waitUntil(lambda: small_scene.left() == [], timeout=2000)
    assert session.runs == ()
