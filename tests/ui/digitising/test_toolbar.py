"""The bar of tools: one tool at a time, reasons for what is off, keys for classes, and a clean end."""

from __future__ import annotations

import threading

import pytest
from landfuse.core.data.digitising_scene import DigitisingScene
from landfuse.ui.state.choices import SamplesChoice
from qgis.core import QgsFeature, QgsGeometry, QgsPointXY, QgsRectangle
from qgis.gui import QgsMapToolPan, QgsRubberBand
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QLabel

X, Y = 400000.0, 5800000.0
BOX = ((10, 10), (30, 20), (40, 34))


def checked(drawing):
    return [key for key, button in drawing.bar.buttons.items() if button.isChecked()]


def add_area(drawing, value, west, north, east, south):
    feature = QgsFeature(drawing.layer.fields())
    feature.setAttributes([value, None])
    feature.setGeometry(QgsGeometry.fromRect(QgsRectangle(X + west, Y - south, X + east, Y - north)))
    drawing.layer.dataProvider().addFeatures([feature])


def bands(drawing):
    """The rubber bands that show something."""
    items = drawing.canvas.scene().items()
    return [i for i in items if isinstance(i, QgsRubberBand) and not i.asGeometry().isEmpty()]


def test_one_tool_is_on_at_a_time_and_another_tool_of_qgis_switches_it_off(drawing):
    pan = QgsMapToolPan(drawing.canvas)
    drawing.canvas.setMapTool(pan)
    drawing.bar.buttons["polygon"].click()
    assert checked(drawing) == ["polygon"]
    assert "Backspace" in drawing.bar.hint.text()
    drawing.bar.buttons["brush"].click()
    assert checked(drawing) == ["brush"]
    drawing.canvas.setMapTool(pan)
    assert checked(drawing) == []
    assert not drawing.bar.hint.isVisible()
    drawing.canvas.unsetMapTool(pan)


def test_a_click_on_the_button_that_is_down_gives_the_tool_before_back(drawing):
    pan = QgsMapToolPan(drawing.canvas)
    drawing.canvas.setMapTool(pan)
    drawing.bar.buttons["polygon"].click()
    drawing.bar.buttons["grow"].click()
    drawing.bar.buttons["grow"].click()
    assert drawing.canvas.mapTool() is pan
    drawing.canvas.unsetMapTool(pan)


def test_without_a_layer_all_is_off_and_says_why(drawing):
    drawing.session.set_samples(SamplesChoice())
    for button in drawing.bar.buttons.values():
        assert not button.isEnabled()
        assert button.toolTip() == "Choose or make a layer of training areas first."
    drawing.session.set_samples(SamplesChoice(drawing.layer.id(), "class"))
    assert all(button.isEnabled() for button in drawing.bar.buttons.values())
    assert "Click corners" in drawing.bar.buttons["polygon"].toolTip()


def test_without_a_class_nothing_can_be_drawn(drawing):
    drawing.classes.delete([1, 2, 3])
    assert drawing.bar.buttons["polygon"].toolTip() == "Add a class first."
    assert not drawing.bar.buttons["polygon"].isEnabled()
    assert drawing.bar.buttons["delete"].isEnabled()


def test_without_a_source_areas_can_be_drawn_but_not_grown(drawing, qtbot):
    drawing.session.set_sources([])
    assert not drawing.bar.buttons["grow"].isEnabled()
    assert "source" in drawing.bar.buttons["grow"].toolTip()
    drawing.bar.buttons["rectangle"].click()
    drawing.mouse.drag(*BOX)
    assert len(drawing.areas()) == 1


def test_points_take_no_polygons_but_other_classes(drawing):
    drawing.layer = drawing.make_areas(geometry="Point")
    assert not drawing.bar.buttons["polygon"].isEnabled()
    assert "lines or points" in drawing.bar.buttons["polygon"].toolTip()
    feature = QgsFeature(drawing.layer.fields())
    feature.setAttributes([1, None])
    feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(X + 20, Y - 20)))
    drawing.layer.dataProvider().addFeatures([feature])
    drawing.classes.set_current(3)
    drawing.bar.buttons["relabel"].click()
    drawing.mouse.click(20, 20)
    assert [f["class"] for f in drawing.areas()] == [3]


def test_digits_pick_a_class_and_dots_and_commas_step(drawing):
    drawing.bar.buttons["polygon"].click()
    seen = []
    for key in (
        Qt.Key.Key_3,
        Qt.Key.Key_1,
        Qt.Key.Key_Period,
        Qt.Key.Key_Comma,
        Qt.Key.Key_Comma,
        Qt.Key.Key_9,
    ):
        drawing.mouse.key(key)
        seen.append(drawing.classes.current.value)
    assert seen == [3, 1, 2, 1, 3, 3]


def test_a_polygon_in_the_making_takes_the_colour_of_the_class_that_is_picked(drawing, qtbot):
    drawing.bar.buttons["polygon"].click()
    for corner in ((10, 10), (40, 10), (40, 34)):
        drawing.mouse.click(*corner)
    tool = drawing.bar.tools["polygon"]
    assert tool.shade._band.strokeColor().name() == "#33a02c"
    drawing.mouse.key(Qt.Key.Key_3)
    assert tool.shade._band.strokeColor().name() == "#1f78b4"
    assert "water" in tool.badge.text()
    drawing.mouse.key(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(drawing.areas()) == 1, timeout=10000)
    assert drawing.areas()[0]["class"] == 3


def test_the_badge_counts_map_pixels(drawing, qtbot):
    drawing.bar.buttons["rectangle"].click()
    qtbot.waitUntil(lambda: drawing.bar.reader.pixel_area > 0, timeout=10000)
    drawing.mouse.press(10, 10)
    drawing.mouse.move(30, 30, held=Qt.MouseButton.LeftButton)
    text = drawing.bar.tools["rectangle"].badge.text().replace("&nbsp;", " ")
    assert "grass" in text
    number = int(text.split("about ")[1].split(" map pixels")[0])
    assert number == pytest.approx(100, abs=8)
    drawing.mouse.release(30, 30)


@pytest.mark.parametrize("place", [((-11, 10), (-6, 20), (-2, 30)), ((97, 97), (100, 100), (104, 104))])
def test_areas_outside_the_sources_are_refused_with_a_hint(drawing, qtbot, place):
    drawing.bar.buttons["rectangle"].click()
    drawing.mouse.drag(*place)
    qtbot.waitUntil(lambda: "Not all sources have data here" in drawing.interface.said(), timeout=10000)
    assert drawing.areas() == []
    assert bands(drawing) == []


def test_areas_mostly_outside_are_taken_and_it_is_said_how_much_counts(drawing, qtbot):
    drawing.bar.buttons["rectangle"].click()
    drawing.mouse.drag((-10, 10), (0, 20), (4, 30))
    qtbot.waitUntil(lambda: len(drawing.areas()) == 1, timeout=10000)
    assert "map pixels count" in drawing.interface.said()


def test_an_area_goes_into_the_class_it_was_drawn_in_however_long_the_check_takes(
    drawing, qtbot, monkeypatch
):
    go, original = threading.Event(), DigitisingScene.pixels_of
    monkeypatch.setattr(
        DigitisingScene, "pixels_of", lambda self, *values: go.wait(10) and original(self, *values)
    )
    drawing.classes.set_current(2)
    drawing.bar.buttons["rectangle"].click()
    drawing.mouse.drag(*BOX)
    assert len(bands(drawing)) == 1  # it stays to be seen meanwhile
    drawing.mouse.key(Qt.Key.Key_3)
    go.set()
    qtbot.waitUntil(lambda: len(drawing.areas()) == 1, timeout=10000)
    assert drawing.areas()[0]["class"] == 2
    assert drawing.classes.current.value == 3
    assert bands(drawing) == []


def test_a_clicked_area_gets_the_current_class_as_one_step(drawing):
    add_area(drawing, 1, 10, 10, 60, 60)
    add_area(drawing, 1, 20, 20, 30, 30)  # lies within the other: the smaller one is meant
    drawing.classes.set_current(3)
    drawing.bar.buttons["relabel"].click()
    drawing.mouse.click(25, 25)
    assert [f["class"] for f in drawing.areas()] == [1, 3]
    drawing.layer.undoStack().undo()
    assert [f["class"] for f in drawing.areas()] == [1, 1]
    drawing.mouse.click(80, 80)
    assert "no training area here" in drawing.interface.said()


def test_a_clicked_area_is_deleted_as_one_step(drawing):
    add_area(drawing, 1, 10, 10, 60, 60)
    add_area(drawing, 2, 70, 70, 80, 80)
    drawing.bar.buttons["delete"].click()
    drawing.mouse.move(75, 75)
    assert bands(drawing)[0].asGeometry().area() == pytest.approx(100, rel=0.01)
    drawing.mouse.click(75, 75)
    assert [f["class"] for f in drawing.areas()] == [1]
    assert bands(drawing) == []
    drawing.layer.undoStack().undo()
    assert sorted(f["class"] for f in drawing.areas()) == [1, 2]


def test_a_layer_removed_while_drawing_switches_the_tool_off(drawing, qtbot):
    drawing.bar.buttons["polygon"].click()
    for corner in ((10, 10), (40, 10), (40, 34)):
        drawing.mouse.click(*corner)
    drawing.project.removeMapLayer(drawing.layer.id())
    assert drawing.bar.active == ""
    assert checked(drawing) == []
    assert bands(drawing) == []
    assert not drawing.bar.buttons["polygon"].isEnabled()
    drawing.mouse.key(Qt.Key.Key_Return)


def test_a_layer_removed_while_an_area_is_checked_leaves_no_ghost(drawing, qtbot, monkeypatch):
    go, original = threading.Event(), DigitisingScene.pixels_of
    monkeypatch.setattr(
        DigitisingScene, "pixels_of", lambda self, *values: go.wait(10) and original(self, *values)
    )
    drawing.bar.buttons["rectangle"].click()
    drawing.mouse.drag(*BOX)
    drawing.project.removeMapLayer(drawing.layer.id())
    go.set()
    qtbot.waitUntil(lambda: "was not added" in drawing.interface.said(), timeout=10000)
    assert bands(drawing) == []


@pytest.mark.parametrize("key", ["polygon", "brush", "grow", "delete"])
def test_shutting_down_with_a_tool_on_gives_the_map_back(drawing, qtbot, key):
    pan = QgsMapToolPan(drawing.canvas)
    drawing.canvas.setMapTool(pan)
    drawing.bar.buttons[key].click()
    drawing.mouse.click(20, 20)
    drawing.bar.shut_down()
    assert drawing.canvas.mapTool() is pan
    assert bands(drawing) == []
    assert not [label for label in drawing.canvas.findChildren(QLabel) if label.isVisible()]
    drawing.canvas.unsetMapTool(pan)
    drawing.classes.set_current(3)  # nobody listens any more
    drawing.close = lambda: None


def test_shutting_down_while_an_area_is_checked_adds_nothing(drawing, qtbot):
    drawing.bar.buttons["rectangle"].click()
    drawing.mouse.drag(*BOX)
    drawing.bar.shut_down()
    qtbot.wait(300)
    assert drawing.areas() == []
    assert bands(drawing) == []
    drawing.close = lambda: None


def test_the_bar_fits_into_the_narrowest_dock(drawing):
    assert drawing.bar.minimumSizeHint().width() <= 300
