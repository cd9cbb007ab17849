"""The method step: choices go to the session and come back, and what they mean is told."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("qgis.gui", reason="needs QGIS")

from landfuse.core.models.catalog import CATALOG
from landfuse.ui.state import jobs
from landfuse.ui.state.choices import MethodChoice, SourceChoice
from qgis.PyQt.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from qgis.PyQt.QtGui import QDragEnterEvent, QDropEvent


def click(qtbot, widget):
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def test_every_method_of_the_catalogue_is_listed_with_what_it_is_good_for(step):
    assert list(step.methods.buttons) == list(CATALOG)
    for method, entry in CATALOG.items():
        assert step.methods._hints[method].text() == entry.good_for
        assert entry.paper in step.methods.buttons[method].toolTip()


def test_a_click_chooses_the_method_and_leaves_out_settings_that_it_does_not_read(qtbot, session, step):
    session.set_method(MethodChoice(parameters={"head": "released", "seed": 7}))
    button = step.methods.buttons["random_forest"]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton, pos=QPoint(10, button.height() // 2))
    assert session.method.method == "random_forest"
    assert session.method.parameters == {"seed": 7}
    assert not step.network_only.isVisible()
    click(qtbot, step.fold.button)
    assert step.more.editors["trees"].widget.isVisible()
    assert not step.more.editors["head"].widget.isVisible()


def test_the_session_is_shown_also_when_it_changes_elsewhere(session, step):
    session.set_method(
        MethodChoice("train", "gihcn", "paper", {"patch_size": 7, "epochs": 12, "test_fraction": 0.5})
    )
    assert step.aim.currentData() == "train"
    assert step.methods.current == "gihcn"
    assert step.preset.currentData() == "paper"
    assert (step.neighbourhood.box.value(), step.rounds.value()) == (7, 12)
    assert step.more.values() == {"test_fraction": 0.5}
    assert "1" in step.fold.button.text()


def test_settings_go_into_the_job(qtbot, session, step, tmp_path):
    step.neighbourhood.box.setFocus()
    qtbot.keyClick(step.neighbourhood.box, Qt.Key.Key_Up)
    qtbot.keyClick(step.neighbourhood.box, Qt.Key.Key_Up)
    step.rounds.widget.setValue(15)
    click(qtbot, step.fold.button)
    step.more.editors["seed"].widget.setValue(3)
    assert session.method.parameters == {"patch_size": 5, "epochs": 15, "seed": 3}
    parameters = {**jobs.train_parameters(session), "MODEL": str(tmp_path / "m.safetensors")}
    job = jobs.job_of("train", parameters, session)
    assert [job.parameters[name] for name in ("patch_size", "epochs", "seed")] == [5, 15, 3]


def test_an_even_side_typed_in_becomes_odd(qtbot, session, step):
    box = step.neighbourhood.box
    box.selectAll()
    qtbot.keyClicks(box, "8")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert box.value() == 9
    assert session.method.parameters == {"patch_size": 9}
    for _ in range(6):
        box.stepDown()
    assert (box.value(), session.method.parameters) == (0, {})


def test_the_neighbourhood_is_told_in_metres_for_the_chosen_sources(qtbot, session, step):
    # pixels of 2 m (optical); nine of them by default
    qtbot.waitUntil(lambda: step.neighbourhood.ground.text() == "18 m (9 pixels of 2 m)", timeout=10000)
    with qtbot.waitSignal(step.headline_changed) as got:
        step.neighbourhood.box.setValue(5)
    assert got.args[0] == "MIBF-Net, 10 m"
    lidar = session.sources[1]
    session.set_sources([lidar])
    qtbot.waitUntil(lambda: "20 m (5 pixels of 4 m)" in step.neighbourhood.ground.text(), timeout=10000)
    session.set_sources([])
    assert step.neighbourhood.ground.text() == "map pixels"


@pytest.fixture
def model(root, small_scene):
    """A forest trained on the small scene, in a process of its own: Qt and torch do not go together."""
    pytest.importorskip("sklearn", reason="needs the engine's packages")
    job = small_scene.train(small_scene.forest)
    path = small_scene.out / "job.json"
    path.write_text(json.dumps(job.to_json()))
    command = [sys.executable, str(root / "core" / "__main__.py"), "run", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return job.outputs["model"]


def drop(step, path):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(path)])
    place, button = QPointF(10, 10), Qt.MouseButton.LeftButton
    copy, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(place.toPoint(), copy, data, button, none)
    step.dragEnterEvent(enter)
    if enter.isAccepted():
        step.dropEvent(QDropEvent(place, copy, data, button, none))
    return enter.isAccepted()


def test_a_model_dropped_on_the_step_shows_its_card(qtbot, session, step, model):
    assert drop(step, model)
    assert (session.method.aim, session.method.model) == ("classify", model)
    qtbot.waitUntil(lambda: "Fits" in step.model.verdict.text(), timeout=10000)
    card = step.model.text.text().replace("&nbsp;", " ")
    for words in ("Random forest", "OPTICAL", "4 bands", "LIDAR", "overall accuracy", "held-back", "class 3"):
        assert words in card, words
    kept = json.loads(Path(model).with_suffix(".job.json").read_text())
    moment = datetime.fromisoformat(kept["resolved"]["finished"]).astimezone()
    assert f"{moment:%Y-%m-%d %H:%M}" in card
    assert not step.training.isVisible()


def test_other_files_cannot_be_dropped(session, step, small_scene):
    assert not drop(step, small_scene.samples["path"])
    assert session.method.aim == "train_classify"


def test_a_model_that_does_not_fit_the_sources_is_told_before_the_run(
    qtbot, session, step, model, small_scene
):
    optical, _ = session.sources
    session.set_sources([optical])
    drop(step, model)
    qtbot.waitUntil(lambda: "Does not fit" in step.model.verdict.text(), timeout=10000)
    assert "lidar" in step.model.verdict.text()


def test_bands_that_are_missing_are_told(qtbot, session, step, model, small_scene):
    from qgis.core import QgsRasterLayer

    path = small_scene.write_raster("two.tif", np.ones((2, 48, 48), dtype=np.float32))
    layer = QgsRasterLayer(path, "two")
    session.project.addMapLayer(layer)
    session.set_sources([SourceChoice("optical", (layer.id(),)), session.sources[1]])
    drop(step, model)
    qtbot.waitUntil(lambda: "Does not fit" in step.model.verdict.text(), timeout=10000)
    assert "optical" in step.model.verdict.text()


def test_a_file_that_is_no_model_is_told(qtbot, session, step, tmp_path):
    path = tmp_path / "broken.safetensors"
    path.write_bytes(b"nothing")
    drop(step, str(path))
    qtbot.waitUntil(lambda: "cannot be used" in step.model.text.text(), timeout=10000)
    session.set_method(MethodChoice())
    assert step.training.isVisible()


def test_the_step_fits_into_a_narrow_dock(step):
    assert step.minimumSizeHint().width() <= 320
