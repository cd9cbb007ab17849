"""Spectra under the pointer and of the classes, on the real map with real layers."""

from __future__ import annotations

import numpy as np
import pytest
from landfuse.ui.digitising.axis import tick_text, ticks
from landfuse.ui.digitising.spectra import SpectraView
from landfuse.ui.digitising.spectra_chart import Axes, Curve, SpectraChart
from landfuse.ui.state.choices import SamplesChoice
from qgis.core import QgsFeature, QgsGeometry
from qgis.PyQt.QtGui import QColor, QPalette
from qgis.PyQt.QtWidgets import QApplication


@pytest.fixture
def view(drawing, qtbot):
    for wkt, value in drawing.scene.areas():
        feature = QgsFeature(drawing.layer.fields())
        feature.setAttributes([value, None])
        feature.setGeometry(QgsGeometry.fromWkt(wkt))
        drawing.layer.dataProvider().addFeatures([feature])
    made = SpectraView(drawing.context)
    qtbot.addWidget(made)
    made.resize(320, 260)
    made.show()
    yield made
    made.shut_down()


def means(view):
    return {curve.color: curve.mean for curve in view.chart.curves}


def wait_for_means(view, qtbot, count=3):
    qtbot.waitUntil(lambda: len(view.chart.curves) == count, timeout=10000)


def test_each_class_has_its_mean_and_spread_in_its_colour(view, drawing, qtbot):
    wait_for_means(view, qtbot)
    assert set(means(view)) == {"#33a02c", "#006400", "#1f78b4"}
    np.testing.assert_allclose(means(view)["#33a02c"], [400, 700, 500, 3000], atol=10)
    np.testing.assert_allclose(means(view)["#1f78b4"], [300, 250, 100, 50], atol=10)
    curve = view.chart.curves[0]
    assert (curve.low < curve.mean).all()
    assert (curve.mean < curve.high).all()
    view.spread.click()
    assert view.chart.curves[0].low is None


def test_another_source_is_shown_when_it_is_chosen(view, drawing, qtbot):
    wait_for_means(view, qtbot)
    assert [view.source.itemText(i) for i in range(view.source.count())] == ["LiDAR", "Optical"]
    view.source.setCurrentIndex(0)
    assert means(view)["#006400"] == pytest.approx([62], abs=1)
    assert view.chart.axes.y_title == "Height (m)"


def test_the_place_under_the_pointer_is_read(view, drawing, qtbot):
    wait_for_means(view, qtbot)
    drawing.mouse.move(2 * 20 + 1, 2 * 6 + 1)
    qtbot.waitUntil(lambda: view.chart.place is not None, timeout=10000)
    np.testing.assert_allclose(view.chart.place.mean, drawing.scene.optical()[:, 6, 20], rtol=1e-5)
    drawing.mouse.move(-8, 20)
    qtbot.waitUntil(lambda: view.chart.place is None, timeout=10000)


def test_the_place_is_found_on_a_map_in_another_crs(view, drawing, qtbot):
    drawing.look_at("EPSG:3857", margin=0)
    drawing.mouse.move(2 * 20 + 1, 2 * 6 + 1)
    qtbot.waitUntil(lambda: view.chart.place is not None, timeout=10000)
    np.testing.assert_allclose(view.chart.place.mean, drawing.scene.optical()[:, 6, 20], rtol=1e-5)


def test_edits_and_undo_change_the_means(view, drawing, qtbot):
    wait_for_means(view, qtbot)
    drawing.layer.startEditing()
    drawing.layer.beginEditCommand("delete the water")
    drawing.layer.deleteFeatures([f.id() for f in drawing.areas() if f["class"] == 3])
    drawing.layer.endEditCommand()
    wait_for_means(view, qtbot, 2)
    drawing.layer.undoStack().undo()
    wait_for_means(view, qtbot, 3)


def test_a_colour_changes_at_once(view, drawing, qtbot):
    wait_for_means(view, qtbot)
    drawing.classes.recolor(3, "#123456")
    assert "#123456" in means(view)


def test_the_current_class_stands_out(view, drawing, qtbot):
    wait_for_means(view, qtbot)
    drawing.classes.set_current(3)
    assert [c.color for c in view.chart.curves if c.strong] == ["#1f78b4"]
    assert view.chart.drawn[-1].strong


def test_hidden_it_reads_nothing(view, drawing, qtbot):
    wait_for_means(view, qtbot)
    view.hide()
    drawing.layer.startEditing()
    drawing.layer.deleteFeatures([f.id() for f in drawing.areas() if f["class"] == 3])
    drawing.mouse.move(40, 40)
    qtbot.wait(700)
    assert len(view.chart.curves) == 3
    assert view.chart.place is None
    view.show()
    wait_for_means(view, qtbot, 2)


def test_layers_that_go_leave_an_explanation(view, drawing, qtbot):
    wait_for_means(view, qtbot)
    drawing.project.removeMapLayer(drawing.layer.id())
    wait_for_means(view, qtbot, 0)
    for layer in list(drawing.rasters.values()):
        drawing.project.removeMapLayer(layer.id())
    assert view.chart.nothing == "Choose a source to see what it measures."
    assert view.chart.curves == ()
    assert not view.source.isEnabled()
    drawing.session.set_samples(SamplesChoice())


def test_a_source_that_cannot_be_read_says_so(view, drawing, qtbot):
    wait_for_means(view, qtbot)
    drawing.use("lidar")
    (drawing.scene.folder / "lidar.tif").unlink()
    drawing.session.set_sources(drawing.session.sources[:0])
    drawing.use("lidar")
    drawing.mouse.move(40, 40)
    qtbot.waitUntil(lambda: "lidar.tif" in view.chart.nothing, timeout=10000)


def painted(chart):
    picture = chart.grab().toImage()
    return {picture.pixelColor(x, y).name() for x in range(picture.width()) for y in range(picture.height())}


@pytest.mark.parametrize("dark", [False, True])
def test_curves_are_painted_in_their_colours_on_light_and_dark(qgis_app, qtbot, dark):
    chart = SpectraChart()
    qtbot.addWidget(chart)
    ground, ink = ("#202326", "#eff0f1") if dark else ("#efefef", "#101010")
    palette = QApplication.palette()
    for role in (QPalette.ColorRole.Window, QPalette.ColorRole.Base):
        palette.setColor(role, QColor(ground))
    palette.setColor(QPalette.ColorRole.WindowText, QColor(ink))
    chart.setPalette(palette)
    chart.resize(320, 190)
    flat = np.full(20, 0.5)
    waves = tuple(np.linspace(400, 2400, 20))
    axes = Axes(tuple(map(str, range(20))), waves, "Wavelength (nm)", "Reflectance")
    chart.show_curves(axes, [Curve(flat, color="#e31a1c", strong=True)], Curve(flat + 0.2), "")
    colors = painted(chart)
    assert "#e31a1c" in colors
    assert ink in colors
    assert ground in colors
    chart.show_curves(Axes(), (), None, "nothing")
    assert "#e31a1c" not in painted(chart)


def test_gaps_in_a_spectrum_stay_gaps_and_a_single_band_is_drawn(qgis_app, qtbot):
    chart = SpectraChart()
    qtbot.addWidget(chart)
    chart.resize(320, 190)
    gap = np.array([0.1, 0.2, np.nan, np.nan, 0.3, np.nan])
    axes = Axes(tuple("abcdef"), (1, 2, 3, 4, 5, 6))
    chart.show_curves(axes, [Curve(gap, color="#e31a1c", strong=True)], None, "")
    assert "#e31a1c" in painted(chart)
    one = np.array([5.0])
    chart.show_curves(Axes(("height",)), [Curve(one, one - 1, one + 1, "#e31a1c")], Curve(one), "")
    assert "#e31a1c" in painted(chart)
    assert chart.value_range() == pytest.approx((3.9, 6.1))


def test_ticks_are_round_and_their_texts_short():
    assert ticks(390, 2450, 4) == [500, 1000, 1500, 2000]
    assert ticks(-0.02, 0.61, 4) == pytest.approx([0, 0.2, 0.4, 0.6])
    assert ticks(5, 5, 4) == []
    assert [tick_text(v, 0.2) for v in (0.0, 0.2, 0.6)] == ["0", "0.2", "0.6"]
    assert tick_text(2500, 500) == "2,500"
    assert tick_text(-1e-17, 0.05) == "0"
