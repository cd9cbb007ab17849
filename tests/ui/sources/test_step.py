"""The step 'Sources' driven by its widgets: rows, layers, bands, settings, verdict, forecast, dropping."""

from __future__ import annotations

import pytest

pytest.importorskip("qgis.gui", reason="needs QGIS")

from landfuse.processing_provider.provider import LandfuseProvider
from landfuse.ui.runtime_setup import RuntimeSetup
from landfuse.ui.sources import scene_check
from landfuse.ui.sources import step as step_module
from landfuse.ui.sources.scene_facts import SceneFacts
from landfuse.ui.sources.step import SourcesStep
from landfuse.ui.state.choices import SamplesChoice, SourceChoice
from landfuse.ui.state.context import DockContext
from landfuse.ui.state.pace import keep_pace
from landfuse.ui.state.session import Session
from qgis.core import QgsApplication, QgsLayerTreeModel, QgsProject, QgsRasterLayer, QgsVectorLayer
from qgis.PyQt.QtCore import QPoint, Qt
from qgis.PyQt.QtGui import QDropEvent

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def context(interface, qgis_processing):
    provider = LandfuseProvider()
    QgsApplication.processingRegistry().addProvider(provider)
    made = DockContext(interface, Session(), None, None, RuntimeSetup(interface))
    yield made
    made.session.shut_down()
    QgsApplication.processingRegistry().removeProvider(provider)


@pytest.fixture
def layers(context, small_scene):
    """Layers of the small scene in the project: ids by name; the interface has emptied the project."""
    found = {
        "optical": QgsRasterLayer(small_scene.inputs["optical"][0]["path"], "ortho"),
        "lidar": QgsRasterLayer(small_scene.inputs["lidar"][0]["path"], "dsm"),
        "areas": QgsVectorLayer(small_scene.samples["path"], "areas"),
    }
    QgsProject.instance().addMapLayers(list(found.values()))
    return {name: layer.id() for name, layer in found.items()}


@pytest.fixture
def step(context, qtbot):
    made = SourcesStep(context)
    qtbot.addWidget(made)
    made.resize(320, 600)
    made.headlines = []
    made.headline_changed.connect(made.headlines.append)
    made.show()
    yield made
    made.shut_down()


def both(layers):
    return [SourceChoice("lidar", (layers["lidar"],)), SourceChoice("optical", (layers["optical"],))]


def checked(step, qtbot):
    qtbot.waitUntil(lambda: step.facts is not None, timeout=10000)
    return step.facts


def entry(step, text):
    return next(a for a in step.add.menu().actions() if text in a.text())


def test_without_any_layer_the_step_says_what_to_do(step):
    assert step.empty.isVisible()
    assert not step.guess.isEnabled()
    assert "no raster layer" in step.guess.toolTip()
    assert not step.verdict.isVisible()


def test_a_source_is_added_and_gets_its_layer_from_the_picker(step, context, layers, qtbot):
    entry(step, "LiDAR").trigger()
    assert context.session.sources == (SourceChoice("lidar"),)
    row = step.rows[0]
    assert "Choose a layer" in row.facts.text()
    row.pickers[0].setLayer(QgsProject.instance().mapLayer(layers["lidar"]))
    assert context.session.sources == (SourceChoice("lidar", (layers["lidar"],)),)
    assert [a.text() for a in step.add.menu().actions()].count("LiDAR and heights") == 0
    assert checked(step, qtbot).sources["lidar"].quantity == "height"
    assert "1 band, 4 m, height above sea level" in row.facts.text()


def test_two_sources_get_a_verdict_map_pixels_and_a_forecast(step, context, layers, qtbot):
    context.session.set_sources(both(layers))
    assert "Looking" in step.verdict.text.text()
    facts = checked(step, qtbot)
    assert facts.problems == ()
    assert "fit together" in step.verdict.text.text()
    assert "48 x 48 map pixels of 2 m; all can be mapped." in step.verdict.map.text()
    assert facts.machine.name in step.verdict.cost.text()
    assert "free of" in step.verdict.cost.text()
    assert "another computer" in step.verdict.cost.toolTip()
    assert step.headlines[-1] == "2 sources, 2 m"
    assert "automatic: 2 m" in step.pixel_size.box.specialValueText()


def test_the_pace_of_an_earlier_run_counts(step, context, layers, qtbot):
    keep_pace("mibf_net", "cpu", 100_000, 1000.0)  # 100 pixels per second
    context.session.set_sources(both(layers))
    checked(step, qtbot)
    assert "about 23 seconds" in step.verdict.cost.text()
    assert "this computer" in step.verdict.cost.toolTip()


def test_samples_belong_to_the_check(step, context, layers, qtbot):
    context.session.set_samples(SamplesChoice(layers["areas"], "class"))
    context.session.set_sources(both(layers))
    checked(step, qtbot)
    assert "Ready to train" in step.verdict.text.text()


def test_sources_that_lie_elsewhere_are_told(step, context, layers, qtbot, small_scene):
    path = small_scene.write_raster("far.tif", small_scene.height(), pixel=4.0, x=900000.0)
    far = QgsRasterLayer(path, "far dsm")
    QgsProject.instance().addMapLayer(far)
    context.session.set_sources(
        [SourceChoice("lidar", (far.id(),)), SourceChoice("optical", (layers["optical"],))]
    )
    facts = checked(step, qtbot)
    assert facts.stops
    assert "Not ready" in step.verdict.text.text()
    assert step.verdict.problems.isVisible()
    assert step.verdict.report.isEnabled()


def test_a_source_is_switched_off_and_removed(step, context, layers, qtbot):
    context.session.set_sources(both(layers))
    qtbot.mouseClick(step.rows[0].used, LEFT, pos=QPoint(8, step.rows[0].used.height() // 2))
    assert [s.used for s in context.session.sources] == [False, True]
    qtbot.waitUntil(lambda: step.facts is not None and list(step.facts.sources) == ["optical"], timeout=10000)
    qtbot.mouseClick(step.rows[0].remove, LEFT)
    assert [s.key for s in context.session.sources] == ["optical"]
    assert len(step.rows) == 1
    assert step.rows[0].choice.key == "optical"


def test_the_kind_of_a_row_can_be_changed_to_a_free_one_only(step, context, layers):
    context.session.set_sources(both(layers))
    entries = {e.data(): e for e in step.rows[0].kind.menu().actions()}
    enabled = {key: entry.isEnabled() for key, entry in entries.items()}
    assert enabled == {"hsi": True, "lidar": True, "sar": True, "optical": False, "other": True}
    assert "already" in entries["optical"].toolTip()
    entries["other"].trigger()
    assert step.rows[0].kind.text() == "Other"
    assert [s.key for s in context.session.sources] == ["other", "optical"]


def test_a_source_can_have_several_layers(step, context, layers, qtbot, small_scene):
    path = small_scene.write_raster("intensity.tif", small_scene.height(), pixel=4.0)
    second = QgsRasterLayer(path, "intensity")
    QgsProject.instance().addMapLayer(second)
    context.session.set_sources([SourceChoice("lidar", (layers["lidar"],), options="2.scale=2; fill=0")])
    row = step.rows[0]
    qtbot.mouseClick(row.add, LEFT)
    assert len(row.pickers) == 2
    row.pickers[1].setLayer(second)
    assert context.session.sources[0].layers == (layers["lidar"], second.id())
    take_out = row.pickers[0].parentWidget().layout().itemAt(1).widget()
    qtbot.mouseClick(take_out, LEFT)
    assert context.session.sources[0].layers == (second.id(),)
    assert context.session.sources[0].options == "fill=0; 1.scale=2"
    assert len(row.pickers) == 1


def test_bands_and_what_they_measure_are_set(step, context, layers, qtbot):
    context.session.set_sources(both(layers))
    checked(step, qtbot)
    settings = step.rows[1].settings
    qtbot.mouseClick(step.rows[1].more, LEFT)
    assert settings.isVisible()
    line = settings.bands.lineEdit()
    line.selectAll()
    qtbot.keyClicks(line, "1-2, 4")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert context.session.sources[1].bands == "1-2,4"
    line.selectAll()
    qtbot.keyClicks(line, "1-9")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert context.session.sources[1].bands == "1-2,4"
    assert "does not exist" in settings.note.text()
    settings.quantity.setCurrentIndex(settings.quantity.findData("index"))
    settings.quantity.activated.emit(settings.quantity.currentIndex())
    assert context.session.sources[1].quantity == "index"


def test_settings_of_layers_are_widgets(step, context, layers, qtbot):
    context.session.set_sources([SourceChoice("lidar", (layers["lidar"],))])
    qtbot.mouseClick(step.rows[0].more, LEFT)
    options = step.rows[0].settings.options
    assert not options.speckle.isVisible()
    assert not options.join.isVisible()
    qtbot.keyClicks(options.nodata, "0, -9999")
    qtbot.keyClick(options.nodata, Qt.Key.Key_Return)
    options._derived["slope"].click()
    options.resampling.setCurrentIndex(options.resampling.findData("nearest"))
    assert context.session.sources[0].options == "nodata=0,-9999; derived=slope; resampling=nearest"
    qtbot.keyClicks(options.scale, "two")
    qtbot.keyClick(options.scale, Qt.Key.Key_Return)
    assert "'two' is not a number" in options.problem.text()
    assert "scale" not in context.session.sources[0].options
    qtbot.waitUntil(lambda: step.facts is not None and step.facts.sources["lidar"].used == 2, timeout=10000)


def test_the_map_pixel_size_can_be_fixed_and_left_to_the_program(step, context, layers, qtbot):
    context.session.set_sources(both(layers))
    checked(step, qtbot)
    step.pixel_size.box.setValue(4.0)
    assert context.session.method.grid == {"PIXEL_SIZE": 4.0}
    qtbot.waitUntil(lambda: "24 x 24 map pixels of 4 m" in step.verdict.map.text(), timeout=10000)
    step.pixel_size.box.setValue(0.0)
    assert context.session.method.grid == {}


def test_guessing_adds_the_layers_that_are_in_no_row(step, context, layers, qtbot):
    context.session.set_sources([SourceChoice("optical", (layers["optical"],), "1-3")])
    qtbot.mouseClick(step.guess, LEFT)
    qtbot.waitUntil(lambda: len(context.session.sources) == 2, timeout=10000)
    assert context.session.sources == (
        SourceChoice("lidar", (layers["lidar"],)),
        SourceChoice("optical", (layers["optical"],), "1-3"),
    )


def drop(step, layer_ids, place):
    root = QgsProject.instance().layerTreeRoot()
    model = QgsLayerTreeModel(root)
    data = model.mimeData([model.node2index(root.findLayer(i)) for i in layer_ids])
    buttons, keys = LEFT, Qt.KeyboardModifier.NoModifier
    step.dropEvent(QDropEvent(place, Qt.DropAction.CopyAction, data, buttons, keys))


def test_layers_dropped_from_the_layer_tree_find_their_kind_or_the_row_they_are_dropped_on(
    step, context, layers, qtbot
):
    drop(step, [layers["lidar"], layers["areas"]], QPoint(10, 300))
    qtbot.waitUntil(lambda: len(context.session.sources) == 1, timeout=10000)
    assert context.session.sources == (SourceChoice("lidar", (layers["lidar"],)),)
    qtbot.wait(20)  # the row gets its place
    drop(step, [layers["optical"]], step.rows[0].geometry().center())
    assert context.session.sources[0].layers == (layers["lidar"], layers["optical"])


def test_a_layer_that_is_removed_or_renamed_is_followed(step, context, layers, qtbot):
    context.session.set_sources(both(layers))
    checked(step, qtbot)
    QgsProject.instance().mapLayer(layers["optical"]).setName("ortho 2026")
    assert step.rows[1].pickers[0].currentText() == "ortho 2026"
    QgsProject.instance().removeMapLayer(layers["optical"])
    assert context.session.sources[1].layers == ()
    assert "Choose a layer" in step.rows[1].facts.text()
    QgsProject.instance().clear()
    context.session.restore({})
    assert step.rows == []
    assert step.facts is None


def test_the_full_report_is_a_click_away(step, context, layers, qtbot, monkeypatch, tmp_path):
    opened = []
    monkeypatch.setattr(step_module.QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    context.session.set_folder(str(tmp_path))
    context.session.set_sources(both(layers))
    checked(step, qtbot)
    qtbot.mouseClick(step.verdict.report, LEFT)
    qtbot.waitUntil(lambda: bool(opened), timeout=60000)
    assert opened == [str(tmp_path / "inputs_report.html")]
    assert "<html" in (tmp_path / "inputs_report.html").read_text(encoding="utf-8")


def test_an_error_of_the_check_is_told(step, context, layers, qtbot):
    context.session.set_sources([SourceChoice("optical", (layers["optical"],), "7")])
    qtbot.waitUntil(lambda: "Looking" not in step.verdict.text.text(), timeout=10000)
    assert step.facts is None or isinstance(step.facts, SceneFacts)
    told = step.verdict.text.text() + step.verdict.problems.text()
    assert "Band 7 does not exist" in told


def test_unloading_in_the_middle_of_a_check_ends_it(context, layers, qtbot, monkeypatch):
    seen = []

    def look(job, device, progress):
        seen.append("started")
        try:
            while True:
                progress.check()
        finally:
            seen.append("ended")

    monkeypatch.setattr(scene_check, "look_at_scene", look)
    step = SourcesStep(context)
    qtbot.addWidget(step)
    context.session.set_sources(both(layers))
    qtbot.waitUntil(lambda: seen == ["started"])
    step.shut_down()
    qtbot.waitUntil(lambda: seen == ["started", "ended"])
    assert step.facts is None
