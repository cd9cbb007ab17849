"""The live map, driven as the user does: switches, edits, moves of the map, runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("qgis.gui", reason="needs QGIS")
pytest.importorskip("sklearn", reason="needs scikit-learn")

from landfuse.ui.canvas_image import CanvasImage
from landfuse.ui.live import preview_request
from landfuse.ui.live.live_bar import LiveBar
from landfuse.ui.state.choices import SamplesChoice
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeature,
    QgsGeometry,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QObject, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor


@pytest.fixture
def context(scene_context):
    return scene_context


@pytest.fixture
def engine(local_engine):
    return local_engine


@pytest.fixture
def bar(context, engine, qtbot):
    made = LiveBar(context)
    qtbot.addWidget(made)
    made.show()
    yield made
    made.shut_down()


def shown(qtbot, bar):
    """Wait for a preview that is drawn on the map."""
    live = bar.live_map
    qtbot.waitUntil(lambda: live.item is not None and live.item.image is not None, timeout=20000)
    qtbot.waitUntil(lambda: live._task is None and not live.item.is_drawing(), timeout=20000)
    return live.item


def items(context):
    return [item for item in context.canvas.scene().items() if isinstance(item, CanvasImage)]


def digitise(context, small_scene, row, col, value):
    layer = context.session.samples_layer()
    layer.startEditing()
    feature = QgsFeature(layer.fields())
    feature["class"] = value
    feature.setGeometry(QgsGeometry.fromWkt(small_scene.box(row, col, row + 4, col + 4)))
    assert layer.addFeature(feature)


def _alike(one, other):
    return all(abs(a - b) <= 2 for a, b in zip(one.getRgb()[:3], other.getRgb()[:3]))


def test_a_preview_of_the_samples_appears_by_itself(qtbot, bar, context):
    item = shown(qtbot, bar)
    picture = item.image
    colors = [picture.pixelColor(x, y) for x in range(0, picture.width(), 9) for y in (100, 300)]
    for wanted in map(QColor, ("#1f78b4", "#e31a1c", "#33a02c")):  # rounded, as they are transparent
        assert any(_alike(color, wanted) for color in colors)
    assert "random forest" in item.caption
    assert "3 classes" in bar.state.text()


def test_a_finished_area_is_mapped_before_it_is_saved(qtbot, bar, context, engine, small_scene):
    shown(qtbot, bar)
    with qtbot.waitSignal(bar.live_map.shown, timeout=20000):
        digitise(context, small_scene, 2, 2, 7)
    assert "4 classes" in bar.state.text()
    context.session.samples_layer().rollBack()


def test_the_view_follows_the_map(qtbot, bar, context, engine):
    shown(qtbot, bar)
    canvas = context.canvas
    part = QgsRectangle(canvas.extent())
    part.scale(0.5)
    with qtbot.waitSignal(bar.live_map.shown, timeout=20000):
        canvas.setExtent(part)
    asked = engine.jobs[-1].grid.extent
    assert asked[2] - asked[0] == pytest.approx(canvas.extent().width())


def test_a_map_in_another_crs_shows_it_in_its_place(qtbot, bar, context, engine):
    shown(qtbot, bar)
    canvas = context.canvas
    other = QgsCoordinateReferenceSystem("EPSG:3857")
    optical = context.session.source_layers()[0]
    to_other = QgsCoordinateTransform(optical.crs(), other, QgsProject.instance())
    with qtbot.waitSignal(bar.live_map.shown, timeout=20000):
        canvas.setDestinationCrs(other)
        canvas.setExtent(to_other.transformBoundingBox(optical.extent()))
    item = shown(qtbot, bar)
    picture = item.image
    middle = picture.pixelColor(picture.width() // 2, picture.height() // 2)
    assert middle.alpha() == pytest.approx(0.65 * 255, abs=2)
    assert engine.jobs[-1].grid.extent_crs == "EPSG:3857"


def test_a_turned_map_shows_none_and_says_so(qtbot, bar, context):
    shown(qtbot, bar)
    context.canvas.setRotation(20)
    qtbot.waitUntil(lambda: "turned" in bar.state.text(), timeout=5000)
    assert items(context) == []
    context.canvas.setRotation(0)
    shown(qtbot, bar)


def test_nothing_of_it_is_in_the_project_or_its_file(qtbot, bar, context, tmp_path):
    before = set(QgsProject.instance().mapLayers())
    shown(qtbot, bar)
    assert set(QgsProject.instance().mapLayers()) == before
    path = tmp_path / "p.qgs"
    assert QgsProject.instance().write(str(path))
    assert "preview_" not in path.read_text(encoding="utf-8")


def test_switching_it_off_takes_it_off_the_map_and_is_remembered(qtbot, bar, context):
    shown(qtbot, bar)
    qtbot.mouseClick(bar.switch, Qt.MouseButton.LeftButton)
    assert items(context) == []
    assert not bar.opacity.isEnabled()
    again = LiveBar(context)
    qtbot.addWidget(again)
    assert not again.switch.isChecked()
    assert not again.opacity.isEnabled()
    again.shut_down()


def test_it_rests_while_the_panel_is_folded(qtbot, bar, context, engine):
    shown(qtbot, bar)
    bar.hide()
    assert items(context) == []
    asked = len(engine.jobs)
    context.canvas.zoomByFactor(0.8)
    qtbot.wait(600)
    assert len(engine.jobs) == asked
    bar.show()
    shown(qtbot, bar)
    assert bar.switch.isChecked()


def test_the_newest_request_wins_and_a_stale_one_is_cancelled(qtbot, bar, context, engine, small_scene):
    shown(qtbot, bar)
    engine.hold = 5.0
    digitise(context, small_scene, 2, 2, 7)
    qtbot.waitUntil(lambda: len(engine.jobs) == 2, timeout=5000)
    engine.hold = 0.0
    with qtbot.waitSignal(bar.live_map.shown, timeout=4000):
        digitise(context, small_scene, 2, 8, 8)
    assert engine.cancelled == 1
    assert "5 classes" in bar.state.text()
    context.session.samples_layer().rollBack()


def test_it_rests_while_a_run_uses_the_engine_and_goes_on_after(qtbot, bar, context, engine):
    shown(qtbot, bar)
    asked = len(engine.jobs)
    context.runner.set_busy(True)
    context.canvas.zoomByFactor(0.8)
    qtbot.wait(700)
    assert len(engine.jobs) == asked
    assert "run" in bar.state.text()
    with qtbot.waitSignal(bar.live_map.shown, timeout=20000):
        context.runner.set_busy(False)


def test_it_makes_way_for_the_map_of_a_run_until_the_next_edit(qtbot, bar, context, engine, small_scene):
    shown(qtbot, bar)
    context.runner.set_busy(True)
    context.runner.set_busy(False)
    context.runner.finished.emit(None)
    assert items(context) == []
    asked = len(engine.jobs)
    context.canvas.zoomByFactor(0.8)
    qtbot.wait(700)
    assert len(engine.jobs) == asked
    assert "Hidden" in bar.state.text()
    with qtbot.waitSignal(bar.live_map.shown, timeout=20000):
        digitise(context, small_scene, 2, 2, 7)
    context.session.samples_layer().rollBack()


def test_it_says_what_is_missing(qtbot, bar, context):
    shown(qtbot, bar)
    context.session.set_samples(SamplesChoice())
    qtbot.waitUntil(lambda: "no samples" in bar.state.text(), timeout=5000)
    assert items(context) == []
    context.session.set_sources([])
    qtbot.waitUntil(lambda: "sources" in bar.state.text(), timeout=5000)


def test_a_slow_computer_gets_fewer_pixels_and_a_quick_one_more_again(
    qtbot, bar, context, engine, monkeypatch
):
    monkeypatch.setattr(preview_request, "QUICK_SECONDS", 2.4)
    shown(qtbot, bar)
    sizes = []
    for hold in (2.6, 2.6, 0.0, 0.0):
        engine.hold = hold
        with qtbot.waitSignal(bar.live_map.shown, timeout=20000):
            bar.live_map.refresh()
        sizes.append(engine.jobs[-1].parameters["pixels"])
    assert sizes == [160_000, 80_000, 40_000, 80_000]


class Runtime(QObject):
    changed = pyqtSignal()
    missing = True


def test_without_the_runtime_nothing_is_asked_until_it_is_there(qtbot, context, engine):
    runtime = Runtime()
    bar = LiveBar(replace(context, runtime=runtime))
    qtbot.addWidget(bar)
    bar.show()
    qtbot.waitUntil(lambda: "deep-learning runtime" in bar.state.text(), timeout=5000)
    assert engine.jobs == []
    runtime.missing = False
    runtime.changed.emit()
    shown(qtbot, bar)
    bar.shut_down()


def test_the_opacity_is_that_of_the_slider(qtbot, bar):
    item = shown(qtbot, bar)
    before = item.image.pixelColor(300, 300).alpha()
    bar.opacity.setFocus()
    qtbot.keyClick(bar.opacity, Qt.Key.Key_Home)
    qtbot.waitUntil(lambda: item.image.pixelColor(300, 300).alpha() < before, timeout=5000)
    assert item.image.pixelColor(300, 300).alpha() == pytest.approx(0.05 * 255, abs=2)


def test_the_samples_lie_above_the_preview(qtbot, bar, context):
    item = shown(qtbot, bar)
    samples = context.session.samples_layer()
    assert samples not in item.layers
    context.canvas.setLayers([samples])
    with qtbot.waitSignal(bar.live_map.shown, timeout=20000):
        bar.live_map.refresh()
    assert item.layers[0] is samples
    source = samples.source()
    bar.hide()
    assert QgsVectorLayer(source).isValid()  # only the preview's own file is removed


def test_a_samples_layer_that_is_removed_leaves_the_preview(qtbot, bar, context):
    context.canvas.setLayers([context.session.samples_layer()])
    shown(qtbot, bar)
    QgsProject.instance().removeMapLayer(context.session.samples.layer)
    qtbot.waitUntil(lambda: items(context) == [], timeout=5000)


def test_a_model_is_offered_only_where_there_is_one(qtbot, bar):
    assert not bar.by.model().item(1).isEnabled()


def test_shutting_down_leaves_nothing(qtbot, context, engine):
    bar = LiveBar(context)
    qtbot.addWidget(bar)
    bar.show()
    item = shown(qtbot, bar)
    folder = Path(engine.jobs[-1].outputs["classmap"]).parent
    assert folder.is_dir()
    bar.shut_down()
    assert items(context) == []
    assert item.layers == []
    assert not folder.exists()
