"""The step 'Result' with real runs: what it shows, loads, measures and compares."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("qgis.gui", reason="needs QGIS")

from landfuse.core.evaluation.run_accuracy import run_accuracy
from landfuse.ui.result import areas_panel
from landfuse.ui.result.step import ResultStep
from landfuse.ui.result.swipe import SwipeItem
from landfuse.ui.state.choices import SamplesChoice
from qgis.core import QgsFeature, QgsGeometry, QgsProject, QgsRasterLayer, QgsVectorLayer
from qgis.gui import QgsMapToolPan
from qgis.PyQt.QtCore import QPoint, Qt
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import QFileDialog

CLICK = Qt.MouseButton.LeftButton


@pytest.fixture
def step(qtbot, scene_context, records):
    made = ResultStep(scene_context)
    qtbot.addWidget(made)
    made.resize(320, 900)
    made.show()
    yield made
    made.shut_down()


@pytest.fixture
def opened(monkeypatch):
    """The files that were opened in the browser."""
    files = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: files.append(url.toLocalFile()))
    return files


def finish(step, record):
    """Let a run end as the runner does."""
    session = step.session
    session.set_runs([*session.runs, record])
    step.context.runner.finished.emit(record)


def rasters():
    return [x for x in QgsProject.instance().mapLayers().values() if isinstance(x, QgsRasterLayer)]


def order():
    return [node.name() for node in QgsProject.instance().layerTreeRoot().findLayers()]


def accuracy_shown(qtbot, step):
    qtbot.waitUntil(lambda: not step.accuracy.worker.is_busy, timeout=10000)


def test_without_a_run_it_says_what_will_be_here(step):
    assert step.empty.isVisible()
    assert not step.content.isVisible()


def test_a_finished_run_loads_its_map_below_the_samples_and_above_the_sources(step, records, qtbot):
    root = QgsProject.instance().layerTreeRoot()
    samples = root.findLayer(step.session.samples.layer)
    root.insertChildNode(0, samples.clone())
    root.removeChildNode(samples)
    finish(step, records[0])
    assert order() == ["areas", "Run 1: map", "optical", "lidar"]
    layer = step.map.layer()
    assert layer.renderer().type() == "paletted"
    assert [c.label for c in layer.renderer().classes()] == ["class 1", "class 2", "class 3"]
    assert step.session.runs[0].layer == layer.id()
    finish(step, records[1])
    assert order() == ["areas", "Run 2: map", "Run 1: map", "optical", "lidar"]


def test_the_accuracy_is_that_of_the_report(step, records, qtbot, opened):
    finish(step, records[0])
    accuracy_shown(qtbot, step)
    found = run_accuracy(records[0].outputs["model"])
    panel = step.accuracy
    assert panel.overall.text() == f"{100 * found.metrics.overall_accuracy:.1f} %"
    assert f"{100 * found.interval.low:.1f}" in panel.interval.text()
    assert found.measured_on in panel.measured.text()
    assert "trained again on all samples" in panel.measured.text()
    assert panel.table.rowCount() == 3
    users = [panel.table.item(i, 1).text() for i in range(3)]
    assert users == [f"{100 * u:.0f} %" for u in found.metrics.users]
    qtbot.mouseClick(panel.report, CLICK)
    assert opened == [records[0].outputs["report"]]


def test_runs_are_switched_in_the_list(step, records, qtbot):
    for record in records:
        finish(step, record)
    assert step.record.name == "Run 2"
    step.runs.setFocus()
    qtbot.keyClick(step.runs, Qt.Key.Key_Down)
    assert step.record.name == "Run 1"
    accuracy_shown(qtbot, step)
    assert step.accuracy.overall.text() == f"{100 * records[0].numbers['OA']:.1f} %"


def test_the_opacity_is_that_of_the_layer(step, records, qtbot):
    finish(step, records[0])
    slider = step.map.opacity
    assert slider.value() == 100
    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_Home)
    assert step.map.layer().opacity() == 0.0


def test_a_map_that_was_removed_can_be_loaded_again(step, records, qtbot):
    finish(step, records[0])
    assert not step.map.load_button.isVisible()
    QgsProject.instance().removeMapLayer(step.map.layer().id())
    assert step.map.load_button.isVisible()
    assert not step.map.opacity.isEnabled()
    assert "Load the map" in step.map.opacity.toolTip()
    qtbot.mouseClick(step.map.load_button, CLICK)
    assert step.map.layer() is not None
    assert step.map.opacity.isEnabled()


def test_the_maximum_probability_is_a_layer_that_comes_and_goes(step, records, qtbot):
    finish(step, records[0])
    box = step.map.certainty
    qtbot.mouseClick(box, CLICK, pos=QPoint(8, box.height() // 2))
    (layer,) = [x for x in rasters() if "probability" in x.name()]
    assert layer.renderer().type() == "singlebandpseudocolor"
    node = QgsProject.instance().layerTreeRoot().findLayer(layer.id())
    assert node.isVisible()
    qtbot.mouseClick(box, CLICK, pos=QPoint(8, box.height() // 2))
    assert not node.isVisible()


def swiping(qtbot, step):
    canvas = step.context.canvas
    canvas.setLayers([step.map.layer()])
    step.map.other.setLayer(step.session.layer(step.session.sources[0].layers[0]))
    qtbot.mouseClick(step.map.swipe, CLICK)
    item = step.map.tool.item
    qtbot.waitUntil(lambda: item.image is not None, timeout=10000)
    return canvas, item


def test_swipe_shows_the_other_layer_right_of_a_line_that_is_dragged(step, records, qtbot):
    finish(step, records[0])
    canvas, item = swiping(qtbot, step)
    assert canvas.mapTool() is step.map.tool
    view, width = canvas.viewport(), canvas.width()
    middle = canvas.height() // 2
    qtbot.mousePress(view, CLICK, pos=QPoint(width // 2, middle))
    qtbot.mouseMove(view, QPoint(width // 4, middle))
    qtbot.mouseRelease(view, CLICK, pos=QPoint(width // 4, middle))
    qtbot.mousePress(view, CLICK, pos=QPoint(width // 4, middle))
    assert item.share == pytest.approx(0.25, abs=0.01)
    qtbot.mouseRelease(view, CLICK, pos=QPoint(width // 4, middle))
    qtbot.keyClick(canvas, Qt.Key.Key_Right)
    assert item.share == pytest.approx(0.27, abs=0.01)


def test_swipe_is_against_the_optical_source_unless_another_layer_is_chosen(step, records, qtbot):
    optical, lidar = (step.session.layer(source.layers[0]) for source in step.session.sources)
    finish(step, records[0])
    assert step.map.other.currentLayer() is optical
    combo = step.map.other
    index = next(i for i in range(combo.count()) if combo.layer(i) is lidar)
    combo.setCurrentIndex(index)
    combo.activated.emit(index)
    finish(step, records[1])
    assert combo.currentLayer() is lidar


def test_swipe_ends_with_escape_and_gives_the_tool_before_back_with_its_button(step, records, qtbot):
    finish(step, records[0])
    pan = QgsMapToolPan(step.context.canvas)
    step.context.canvas.setMapTool(pan)
    canvas, _ = swiping(qtbot, step)
    qtbot.mouseClick(step.map.swipe, CLICK)
    assert canvas.mapTool() is pan
    swiping(qtbot, step)
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert not step.map.swipe.isChecked()
    assert not [i for i in canvas.scene().items() if isinstance(i, SwipeItem)]


def test_swipe_ends_when_its_layer_is_removed(step, records, qtbot):
    finish(step, records[0])
    canvas, _ = swiping(qtbot, step)
    QgsProject.instance().removeMapLayer(step.session.sources[0].layers[0])
    assert not step.map.swipe.isChecked()
    assert not [i for i in canvas.scene().items() if isinstance(i, SwipeItem)]


def measured(qtbot, step):
    step.areas_fold.set_open(True)
    qtbot.mouseClick(step.areas.measure, CLICK)
    qtbot.waitUntil(lambda: step.areas.found is not None, timeout=10000)
    return [
        [step.areas.table.item(i, j).text() for j in range(step.areas.table.columnCount())]
        for i in range(step.areas.table.rowCount())
    ]


def test_hectares_of_the_whole_map(step, records, qtbot, monkeypatch, tmp_path):
    finish(step, records[0])
    rows = measured(qtbot, step)
    total = sum(float(row[1]) for row in rows)
    assert total == pytest.approx(48 * 48 * 4 / 1e4, abs=0.02)
    assert "not an estimate" in step.areas.note.text()
    target = tmp_path / "areas"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    qtbot.mouseClick(step.areas.save, CLICK)
    assert "whole map" in Path(f"{target}.csv").read_text(encoding="utf-8-sig")


def test_hectares_by_zones_with_unsaved_edits(step, records, qtbot, small_scene):
    layer = QgsVectorLayer("Polygon?crs=EPSG:32633&field=name:string", "districts", "memory")
    QgsProject.instance().addMapLayer(layer)
    layer.startEditing()
    feature = QgsFeature(layer.fields())
    feature.setAttributes(["north"])
    feature.setGeometry(QgsGeometry.fromWkt(small_scene.box(0, 0, 12, 12)))
    layer.addFeature(feature)
    finish(step, records[0])
    step.areas.zones.setLayer(layer)
    step.areas.field.setField("name")
    measured(qtbot, step)
    (zone,) = step.areas.found.zones
    assert zone.name == "north"
    assert zone.mapped == pytest.approx(144 * 4, rel=2e-3)
    layer.rollBack()


def test_many_zones_are_shown_in_part_and_saved_as_a_whole(step, records, qtbot, small_scene, monkeypatch):
    monkeypatch.setattr(areas_panel, "MOST_ROWS", 3)
    finish(step, records[0])
    step.areas.zones.setLayer(step.session.samples_layer())
    assert len(measured(qtbot, step)) == 3
    assert len(step.areas.found.zones) == 16
    assert "first 3 of" in step.areas.note.text()


def test_a_second_map_without_small_patches(step, records, qtbot, local_engine):
    finish(step, records[0])
    raw = Path(records[0].outputs["classmap"]).read_bytes()
    step.patches_fold.set_open(True)
    step.patches.unit.setValue(60.0)
    qtbot.mouseClick(step.patches.make, CLICK)
    qtbot.waitUntil(lambda: not step.patches.worker.is_busy, timeout=10000)
    (layer,) = [x for x in rasters() if "60 m²" in x.name()]
    assert layer.renderer().type() == "paletted"
    assert "15 map pixels" in step.patches.state.text()
    assert order().index(layer.name()) < order().index("Run 1: map")
    assert Path(records[0].outputs["classmap"]).read_bytes() == raw


def test_two_runs_are_compared(step, records, qtbot, opened):
    for record in records:
        finish(step, record)
    qtbot.mouseClick(step.next.compare, CLICK)
    qtbot.waitUntil(lambda: step.next.note is not None, timeout=10000)
    text = step.next.told.text()
    assert "0 added, 0 altered, 1 removed" in text
    assert "changed class" in text
    assert "both runs held back" in text
    qtbot.mouseClick(step.next.open_note, CLICK)
    assert Path(opened[0]).read_text(encoding="utf-8").count("Run 1")


def test_redo_asks_for_the_same_settings_on_the_same_grid_with_the_samples_of_now(step, records, qtbot):
    finish(step, records[0])
    session = step.session
    session.set_samples(SamplesChoice(session.samples.layer, "class", "class"))
    qtbot.mouseClick(step.next.redo, CLICK)
    (asked,) = step.context.runner.asked
    assert asked["train"]["METHOD"] == "random_forest"
    assert asked["train"]["TREES"] == 5
    assert asked["train"]["GROUP_FIELD"] == "class"
    assert asked["train"]["REFERENCE"] == asked["classify"]["REFERENCE"] == records[0].outputs["classmap"]
    finish(step, records[1])
    qtbot.waitUntil(lambda: step.next.note is not None, timeout=10000)
    assert step.next.note.before == "Run 1"
    assert (Path(records[1].folder) / "changes_since_run_1.html").is_file()


def test_redo_says_why_it_cannot(step, records, qtbot):
    finish(step, records[0])
    step.context.runner.set_busy(True)
    assert "under way" in step.next.redo.toolTip()
    step.context.runner.set_busy(False)
    assert step.next.redo.isEnabled()
    step.session.set_samples(SamplesChoice())
    assert "no samples" in step.next.redo.toolTip()


def test_a_run_whose_files_are_gone_says_so(step, records, qtbot):
    gone = {name: path + ".gone" for name, path in records[0].outputs.items()}
    step.session.set_runs([replace(records[0], outputs=gone)])
    assert "gone" in step.accuracy.measured.text()
    assert not step.accuracy.report.isEnabled()
    assert "no map" in step.map.opacity.toolTip()
    assert not step.areas.measure.isEnabled()


def test_a_run_that_only_mapped_has_the_scores_of_its_model(step, records, qtbot):
    outputs = {k: v for k, v in records[0].outputs.items() if k in ("classmap", "uncertainty")}
    parameters = {"classify": records[0].parameters["classify"]}
    finish(step, replace(records[0], outputs=outputs, parameters=parameters, numbers={}))
    accuracy_shown(qtbot, step)
    assert step.accuracy.overall.text().endswith("%")
    assert "trained nothing" in step.next.redo.toolTip()


def test_the_narrow_dock_is_wide_enough(step, records, qtbot):
    for record in records:
        finish(step, record)
    accuracy_shown(qtbot, step)
    step.areas_fold.set_open(True)
    step.patches_fold.set_open(True)
    widths = {type(p).__name__: p.minimumSizeHint().width() for p in step._panels}
    assert step.minimumSizeHint().width() <= 320 - 16, widths


def test_another_project_empties_the_step(step, records, qtbot):
    finish(step, records[0])
    step.session.restore({})
    assert step.record is None
    assert step.empty.isVisible()
