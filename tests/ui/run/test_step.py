"""The run step: its button, what is missing, and how a run is shown."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("qgis.gui", reason="needs QGIS")

from landfuse.core.errors import EngineError
from landfuse.ui.run.runner import CANCELLING, IDLE, RUNNING, Runner
from landfuse.ui.run.step import RunStep
from landfuse.ui.samples.class_table import ClassTable
from landfuse.ui.state.choices import MethodChoice
from landfuse.ui.state.context import DockContext
from qgis.PyQt.QtCore import Qt


@pytest.fixture
def step(session, engine, interface, qtbot):
    runner = Runner(session)
    classes = ClassTable(session)
    made = RunStep(DockContext(interface, session, classes, runner, None))
    qtbot.addWidget(made)
    made.resize(320, 700)
    made.show()
    yield made
    made.shut_down()
    runner.shut_down()
    if hasattr(classes, "shut_down"):
        classes.shut_down()


def press(qtbot, step):
    qtbot.mouseClick(step.button, Qt.MouseButton.LeftButton)


def test_a_click_runs_and_the_scores_stand_there_afterwards(qtbot, session, step):
    assert step.button.text() == "Run"
    with qtbot.waitSignal(step.context.runner.finished, timeout=10000):
        press(qtbot, step)
        assert (step.context.runner.state, step.button.text()) == (RUNNING, "Cancel")
    assert "Overall accuracy 0.750" in step.scores.text()
    assert step.scores.isVisible()
    assert not step.bar.isVisible()
    assert step.button.text() == "Run"
    assert set(session.runs[0].parameters) == {"train", "classify"}


@pytest.mark.parametrize(("aim", "kinds"), [("train", ["train"]), ("classify", ["classify"])])
def test_the_aim_decides_which_jobs_run(qtbot, session, step, engine, small_scene, aim, kinds):
    model = small_scene.out / "m.safetensors"
    model.write_bytes(b"")
    session.set_method(replace(session.method, aim=aim, model=str(model)))
    with qtbot.waitSignal(step.context.runner.finished, timeout=10000):
        press(qtbot, step)
    assert [job.kind for job in engine.jobs] == kinds


def test_what_is_missing_is_listed_and_the_button_says_why_it_is_off(qtbot, session, step):
    session.set_sources([])
    assert not step.button.isEnabled()
    assert "Sources: add at least one layer" in step.missing.text()
    assert "Sources: add at least one layer" in step.button.toolTip()
    session.project.removeMapLayer(session.samples.layer)
    assert "layer of training areas" in step.missing.text()
    session.set_method(MethodChoice("classify"))
    assert "choose a model file" in step.missing.text()
    session.set_method(MethodChoice("classify", model="/no/such.safetensors"))
    assert "is gone" in step.missing.text()


def test_the_button_is_on_again_once_nothing_is_missing(session, step):
    sources = session.sources
    session.set_sources([])
    session.set_sources(sources)
    assert step.button.isEnabled()
    assert not step.missing.isVisible()
    assert "samples" in step.button.toolTip()


def test_progress_curves_warnings_and_log_are_shown(qtbot, session, step, engine):
    go_on = []

    def work(job, progress):
        if job.kind == "train":
            progress(0.5, "training, epoch 2 of 4", 90)
            progress.metric(1, "loss", 0.5)
            progress.log("Samples per class: 10.")
            progress.warn("Values lie outside.")
            while not go_on:
                progress.check()
                time.sleep(0.01)

    engine.work = work
    press(qtbot, step)
    qtbot.waitUntil(lambda: step.notes.isVisible(), timeout=5000)
    assert "Training, round 2 of 4" in step.stage.text()
    assert "left" in step.stage.text()
    assert 0 < step.bar.value() < step.bar.maximum()
    assert step.curves.isVisible()
    assert "Values lie outside." in step.notes.text()
    assert "10." not in step.notes.text()
    assert not step.log.isVisible()
    qtbot.mouseClick(step.fold.button, Qt.MouseButton.LeftButton)
    assert step.log.isVisible()
    assert "Samples per class: 10." in step.log.toPlainText()
    with qtbot.waitSignal(step.context.runner.finished, timeout=5000):
        go_on.append(True)


def test_a_second_click_cancels(qtbot, session, step, engine, small_scene, interface):
    def work(job, progress):
        while True:
            progress(0.1, "Working")
            time.sleep(0.02)

    engine.work = work
    press(qtbot, step)
    qtbot.waitUntil(lambda: bool(engine.jobs), timeout=5000)
    with qtbot.waitSignal(step.context.runner.failed, timeout=5000):
        press(qtbot, step)
        assert step.context.runner.state == CANCELLING
        assert not step.button.isEnabled()
    assert "nothing is left" in interface.said()
    assert small_scene.left() == []
    assert (step.button.text(), step.button.isEnabled()) == ("Run", True)


def test_a_failure_is_told_with_its_remedy_and_stays_in_the_log(qtbot, session, step, engine, interface):
    def work(job, progress):
        raise EngineError("The engine ended.", remedy="Run it again.")

    engine.work = work
    with qtbot.waitSignal(step.context.runner.failed, timeout=5000):
        press(qtbot, step)
    assert interface.said() == "The engine ended. Run it again."
    assert "The engine ended." in step.log.toPlainText()
    assert step.context.runner.state == IDLE


def test_without_a_folder_nothing_starts(qtbot, session, step, engine, monkeypatch):
    from landfuse.ui.state import folder

    session.set_folder("")
    monkeypatch.setattr(folder, "needed_folder", lambda context: "")
    press(qtbot, step)
    assert step.context.runner.state == IDLE
    assert engine.jobs == []


def test_the_step_fits_into_a_narrow_dock(qtbot, step):
    with qtbot.waitSignal(step.context.runner.finished, timeout=10000):
        press(qtbot, step)
    step.curves.show()
    assert step.minimumSizeHint().width() <= 320


def test_what_is_in_view_is_mapped_first_and_shown_until_the_end(
    qtbot, session, step, engine, interface, small_scene
):
    from osgeo import gdal
    from qgis.core import QgsCoordinateReferenceSystem, QgsRectangle

    interface.canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:32633"))
    interface.canvas.setExtent(QgsRectangle(400010, 5799950, 400060, 5800000))
    seen, go_on = [], []

    def work(job, progress):
        if job.kind == "classify":
            while not go_on:
                progress.check()
                time.sleep(0.01)

    def make(job):
        seen.append(job)
        gdal.Translate(job.outputs["classmap"], small_scene.inputs["optical"][0]["path"])

    engine.work, engine.preview = work, make
    step._pressed()
    qtbot.waitUntil(lambda: step.look.item is not None and step.look.item.image is not None, timeout=5000)
    (job,) = seen
    assert [j.kind for j in engine.jobs] == ["train", "classify"]
    assert job.parameters["model"] == engine.jobs[0].outputs["model"]
    x_min, y_min, x_max, y_max = job.grid.extent
    assert x_min <= 400010 < 400060 <= x_max
    assert y_min <= 5799950 < 5800000 <= y_max
    assert job.grid.extent_crs == "EPSG:32633"
    with qtbot.waitSignal(step.context.runner.finished, timeout=5000):
        go_on.append(True)
    assert step.look.item is None
    assert not Path(job.outputs["classmap"]).parent.exists()


def test_a_view_of_another_place_does_not_stop_the_run(qtbot, session, step, engine, interface):
    from landfuse.core.errors import AlignmentError
    from qgis.core import QgsRectangle

    def refuse(job):
        raise AlignmentError("The extent lies outside.")

    interface.canvas.setExtent(QgsRectangle(0, 0, 10, 10))
    engine.preview = refuse
    with qtbot.waitSignal(step.context.runner.finished, timeout=5000):
        press(qtbot, step)
    assert "The extent lies outside." in step.log.toPlainText()


def test_a_single_class_is_not_enough(qtbot, session, step):
    layer = session.samples_layer()
    layer.startEditing()
    others = [f.id() for f in layer.getFeatures() if f["class"] != 2]
    layer.deleteFeatures(others)
    qtbot.waitUntil(lambda: "draw areas of another class" in step.missing.text(), timeout=10000)
    assert not step.button.isEnabled()
    layer.rollBack()
    qtbot.waitUntil(step.button.isEnabled, timeout=10000)


def test_the_button_says_how_far_the_runtime_is(qtbot, session, engine, interface, runtime_setup):
    runner = Runner(session, runtime_setup)
    made = RunStep(DockContext(interface, session, None, runner, runtime_setup))
    qtbot.addWidget(made)
    press(qtbot, made)
    runtime_setup.progress.emit(0.62, "Downloading")
    assert made.button.text() == "Waiting for the runtime, 62 %"
    with qtbot.waitSignal(runner.finished, timeout=5000):
        runtime_setup.install()
    assert made.button.text() == "Run"
    made.shut_down()
    runner.shut_down()
