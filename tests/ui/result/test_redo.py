"""The loop: run, mend the samples, redo, and read what that changed; with the real runner."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("qgis.gui", reason="needs QGIS")
pytest.importorskip("sklearn", reason="needs scikit-learn")

from landfuse.core.evaluation.run_accuracy import run_accuracy
from landfuse.core.evaluation.run_change import compare_maps
from landfuse.ui.result.step import ResultStep
from landfuse.ui.run.runner import Runner
from landfuse.ui.state import jobs
from landfuse.ui.state.choices import MethodChoice
from qgis.core import QgsFeature, QgsGeometry
from qgis.PyQt.QtCore import Qt

FOREST = {"trees": 5, "context_windows": "3", "gap": 4.0, "threads": 1}


@pytest.fixture
def step(qtbot, scene_context, local_engine, small_scene):
    session = scene_context.session
    session.set_folder(str(small_scene.out))
    session.set_method(MethodChoice(method="random_forest", parameters=FOREST))
    context = replace(scene_context, runner=Runner(session))
    made = ResultStep(context)
    qtbot.addWidget(made)
    made.show()
    yield made
    made.shut_down()
    context.runner.shut_down()


def first_run(qtbot, step):
    session = step.session
    parameters = {"train": jobs.train_parameters(session), "classify": jobs.classify_parameters(session, "")}
    with qtbot.waitSignal(step.context.runner.finished, timeout=60000):
        step.context.runner.start(parameters)


def redo(qtbot, step):
    with qtbot.waitSignal(step.context.runner.finished, timeout=60000):
        qtbot.mouseClick(step.next.redo, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: step.next.note is not None, timeout=20000)
    return step.next.note


def test_redo_with_unchanged_samples_changes_nothing(qtbot, step):
    first_run(qtbot, step)
    note = redo(qtbot, step)
    assert (note.samples.added, note.samples.altered, note.samples.removed) == (0, 0, 0)
    assert note.map.changed == 0
    before, after = (run_accuracy(run.outputs["model"]) for run in step.session.runs)
    assert before.groups == after.groups
    assert note.scores.n_groups == len(before.groups)


def test_redo_with_one_more_area_keeps_the_sides_of_the_others(qtbot, step, small_scene):
    first_run(qtbot, step)
    first = run_accuracy(step.session.runs[0].outputs["model"])
    layer = step.session.samples_layer()
    layer.startEditing()
    feature = QgsFeature(layer.fields())
    feature["class"] = int(small_scene.truth[13, 1])
    feature.setGeometry(QgsGeometry.fromWkt(small_scene.box(13, 0, 15, 2)))
    assert layer.addFeature(feature)
    note = redo(qtbot, step)
    second = run_accuracy(step.session.runs[1].outputs["model"])
    assert (note.samples.added, note.samples.altered, note.samples.removed) == (1, 0, 0)
    assert layer.isEditable()  # a run never saves edits
    known = {g.key: g for g in first.groups}
    shared = [g for g in second.groups if g in known.values() or g.key in known]
    assert len(shared) >= len(first.groups) - 1
    assert note.scores.n_groups >= 1
    maps = [run.outputs["classmap"] for run in step.session.runs]
    assert compare_maps(*maps).compared == pytest.approx(48 * 48 * 4, rel=2e-3)
    assert [Path(path).parent.name for path in maps] == ["run_1", "run_2"]
    assert step.record.name == "Run 2"
    assert step.runs.count() == 2
    layer.rollBack()
