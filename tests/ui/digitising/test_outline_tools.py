"""Polygon, freehand, rectangle and brush, drawn with the mouse on a map."""

from __future__ import annotations

import pytest
from qgis.PyQt.QtCore import Qt

RIGHT, SHIFT = Qt.MouseButton.RightButton, Qt.KeyboardModifier.ShiftModifier
CORNERS = ((10, 10), (40, 10), (40, 34), (10, 34))


def drawn(drawing, qtbot, count=1):
    """Wait until there are `count` areas and return them."""
    qtbot.waitUntil(lambda: len(drawing.areas()) == count, timeout=10000)
    return drawing.areas()


def click_corners(drawing, corners=CORNERS):
    if drawing.bar.active != "polygon":
        drawing.bar.buttons["polygon"].click()
    for corner in corners:
        drawing.mouse.click(*corner)


def end_by_right_click(drawing):
    drawing.mouse.click(30, 30, RIGHT)


def end_by_enter(drawing):
    drawing.mouse.key(Qt.Key.Key_Return)


def end_by_double_click(drawing):
    drawing.mouse.double_click(9, 34)


@pytest.mark.parametrize("end", [end_by_right_click, end_by_enter, end_by_double_click])
def test_a_polygon_goes_through_its_corners_into_the_current_class(drawing, qtbot, end):
    drawing.classes.set_current(2)
    click_corners(drawing)
    end(drawing)
    (area,) = drawn(drawing, qtbot)
    assert area["class"] == 2
    assert drawing.rectangle_of(area) == pytest.approx((10, 10, 40, 34), abs=1.5)
    assert drawing.layer.isEditable()


def test_one_step_of_the_history_takes_an_area_back(drawing, qtbot):
    click_corners(drawing)
    end_by_enter(drawing)
    drawn(drawing, qtbot)
    click_corners(drawing, ((50, 50), (80, 50), (80, 80)))
    end_by_enter(drawing)
    drawn(drawing, qtbot, 2)
    assert drawing.interface.activeLayer() is drawing.layer
    drawing.layer.undoStack().undo()
    assert len(drawing.areas()) == 1
    drawing.layer.undoStack().undo()
    assert drawing.areas() == []
    drawing.layer.undoStack().redo()
    assert len(drawing.areas()) == 1


def test_backspace_takes_a_corner_back_and_escape_all(drawing, qtbot):
    click_corners(drawing, (*CORNERS, (90, 90)))
    drawing.mouse.key(Qt.Key.Key_Backspace)
    end_by_enter(drawing)
    assert drawing.rectangle_of(drawn(drawing, qtbot)[0]) == pytest.approx((10, 10, 40, 34), abs=1.5)
    click_corners(drawing)
    drawing.mouse.key(Qt.Key.Key_Escape)
    end_by_enter(drawing)
    qtbot.wait(200)
    assert len(drawing.areas()) == 1
    assert drawing.bar.active == "polygon"


def test_two_corners_are_no_area_yet_and_drawing_goes_on(drawing, qtbot):
    click_corners(drawing, CORNERS[:2])
    end_by_right_click(drawing)
    drawing.mouse.click(*CORNERS[2])
    end_by_right_click(drawing)
    assert drawing.rectangle_of(drawn(drawing, qtbot)[0]) == pytest.approx((10, 10, 40, 34), abs=1.5)


def test_an_outline_that_crosses_itself_is_repaired_and_said(drawing, qtbot):
    click_corners(drawing, ((10, 10), (40, 40), (40, 10), (10, 40)))
    end_by_enter(drawing)
    triangles = drawn(drawing, qtbot, 2)
    assert all(area.geometry().isGeosValid() for area in triangles)
    assert sum(area.geometry().area() for area in triangles) == pytest.approx(450, rel=0.1)
    assert "crossed itself" in drawing.interface.said()
    drawing.layer.undoStack().undo()
    assert drawing.areas() == []


def test_corners_in_a_line_are_refused(drawing, qtbot):
    click_corners(drawing, ((10, 10), (40, 10), (70, 10)))
    end_by_enter(drawing)
    assert "encloses no area" in drawing.interface.said()
    qtbot.wait(200)
    assert drawing.areas() == []


def test_freehand_follows_the_pointer(drawing, qtbot):
    drawing.bar.buttons["freehand"].click()
    drawing.mouse.drag((10, 10), (25, 9), (40, 10), (41, 22), (40, 34), (25, 35), (10, 34), (9, 22))
    (area,) = drawn(drawing, qtbot)
    assert drawing.rectangle_of(area) == pytest.approx((9, 9, 41, 35), abs=1.5)


def test_a_click_or_escape_while_drawing_freehand_adds_nothing(drawing, qtbot):
    drawing.bar.buttons["freehand"].click()
    drawing.mouse.click(20, 20)
    drawing.mouse.press(10, 10)
    for place in ((40, 10), (40, 34), (10, 34)):
        drawing.mouse.move(*place, held=Qt.MouseButton.LeftButton)
    drawing.mouse.key(Qt.Key.Key_Escape)
    drawing.mouse.release(10, 34)
    qtbot.wait(200)
    assert drawing.areas() == []


def test_a_rectangle_is_dragged_or_clicked(drawing, qtbot):
    drawing.bar.buttons["rectangle"].click()
    drawing.mouse.drag((10, 10), (30, 20), (40, 34))
    assert drawing.rectangle_of(drawn(drawing, qtbot)[0]) == pytest.approx((10, 10, 40, 34), abs=1)
    drawing.mouse.click(60, 60)
    drawing.mouse.click(80, 90)
    boxes = [drawing.rectangle_of(area) for area in drawn(drawing, qtbot, 2)]
    assert boxes[1] == pytest.approx((60, 60, 80, 90), abs=1)


def test_a_stroke_is_as_wide_as_the_brush(drawing, qtbot):
    drawing.bar.buttons["brush"].click()
    tool = drawing.bar.tools["brush"]
    tool.width = 10.0
    drawing.mouse.drag((20, 48), (40, 48), (70, 48))
    (area,) = drawn(drawing, qtbot)
    assert drawing.rectangle_of(area) == pytest.approx((15, 43, 75, 53), abs=1)
    assert area.geometry().area() == pytest.approx(500 + 25 * 3.14, rel=0.05)


def test_the_brush_is_resized_by_shift_and_wheel_and_by_brackets_and_says_its_size(drawing, qtbot):
    drawing.bar.buttons["brush"].click()
    tool, extent = drawing.bar.tools["brush"], drawing.canvas.extent()
    tool.width = 10.0
    drawing.mouse.wheel(2, SHIFT)
    assert tool.width == pytest.approx(14.4)
    drawing.mouse.key(Qt.Key.Key_BracketLeft)
    drawing.mouse.key(Qt.Key.Key_BracketLeft)
    assert tool.width == pytest.approx(10)
    drawing.mouse.key(Qt.Key.Key_BracketRight)
    assert tool.width == pytest.approx(12)
    assert drawing.canvas.extent() == extent
    assert "brush&nbsp;12&nbsp;m" in tool.badge.text()


@pytest.mark.parametrize("key", ["polygon", "freehand", "rectangle", "brush", "grow", "relabel", "delete"])
def test_the_plain_wheel_always_zooms(drawing, qtbot, key):
    drawing.bar.buttons[key].click()
    before = drawing.canvas.extent().width()
    drawing.mouse.wheel(1)
    assert drawing.canvas.extent().width() < 0.9 * before
    drawing.mouse.wheel(-1)
    assert drawing.canvas.extent().width() == pytest.approx(before, rel=0.01)


@pytest.mark.parametrize("crs", ["EPSG:3857", "EPSG:4326"])
def test_the_map_may_be_in_another_crs_than_the_areas(drawing, qtbot, crs):
    drawing.look_at(crs)
    click_corners(drawing)
    end_by_enter(drawing)
    (area,) = drawn(drawing, qtbot)
    assert drawing.rectangle_of(area) == pytest.approx((10, 10, 40, 34), abs=3)


def test_the_areas_may_be_in_another_crs_than_map_and_sources(drawing, qtbot):
    drawing.layer = drawing.make_areas("EPSG:4326", "MultiPolygon")
    click_corners(drawing)
    end_by_enter(drawing)
    (area,) = drawn(drawing, qtbot)
    assert area.geometry().boundingBox().xMaximum() < 90
    assert area.geometry().isMultipart()
    assert drawing.rectangle_of(area) == pytest.approx((10, 10, 40, 34), abs=1.5)
