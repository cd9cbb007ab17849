"""The curves keep few points of long runs, tell two trainings apart, and are drawn seldom."""

from __future__ import annotations

import pytest

pytest.importorskip("qgis.gui", reason="needs QGIS")

from landfuse.ui.run.curve_data import MOST_POINTS, CurveData
from landfuse.ui.run.curves import CurvesView
from qgis.PyQt.QtGui import QColor, QPalette


def metric(epoch, name, value):
    return {"event": "metric", "epoch": epoch, "name": name, "value": value}


def test_points_come_in_order_and_a_second_training_is_one_of_its_own():
    data = CurveData()
    for _ in range(2):
        for epoch in (1, 2, 3):
            assert data.add(metric(epoch, "loss", 1 / epoch))
        data.add(metric(3, "accuracy", 0.9))
    assert [t.lines["loss"] for t in data.trainings] == [[(1, 1), (2, 0.5), (3, 1 / 3)]] * 2
    assert [t.lines["accuracy"] for t in data.trainings] == [[(3, 0.9)]] * 2


def test_what_is_no_curve_or_no_number_is_left_out():
    data = CurveData()
    assert not data.add(metric(1, "learning_rate", 0.1))
    assert not data.add(metric(1, "loss", float("nan")))
    assert data.trainings == []


def test_a_long_run_keeps_few_points_with_first_and_last():
    data = CurveData()
    for epoch in range(1, 20001):
        data.add(metric(epoch, "loss", 1 / epoch))
    points = data.trainings[0].lines["loss"]
    assert MOST_POINTS / 4 < len(points) <= MOST_POINTS
    assert points[0] == (1, 1)
    assert points[-1] == (20000, 1 / 20000)
    assert [x for x, _ in points] == sorted({x for x, _ in points})


@pytest.fixture
def view(qgis_app, qtbot):
    made = CurvesView()
    qtbot.addWidget(made)
    made.resize(300, 150)
    made.show()
    return made


def pixels(view, color):
    image = view.grab().toImage()
    size = image.size()
    places = [(x, y) for x in range(size.width()) for y in range(size.height())]
    return [p for p in places if QColor(image.pixel(*p)).getRgb()[:3] == color.getRgb()[:3]]


@pytest.mark.parametrize("is_dark", [False, True])
def test_a_falling_loss_is_drawn_from_top_left_to_bottom_right(view, is_dark):
    palette = QPalette()
    palette.setColor(QPalette.ColorRole.Window, QColor("#202020" if is_dark else "#f0f0f0"))
    palette.setColor(QPalette.ColorRole.WindowText, QColor("#eeeeee" if is_dark else "#101010"))
    palette.setColor(QPalette.ColorRole.Highlight, QColor("#ff0000"))
    view.setPalette(palette)
    for epoch in range(1, 41):
        view.add(metric(epoch, "loss", 41 - epoch))
    drawn = [p for p in pixels(view, QColor("#ff0000")) if p[0] < 145]
    assert drawn
    left, right = min(drawn), max(drawn)
    assert right[0] - left[0] > 100
    assert right[1] - left[1] > 50


def test_many_events_are_few_pictures(view, qtbot):
    qtbot.waitUntil(lambda: view.paints > 0, timeout=2000)
    before = view.paints
    for epoch in range(1, 2001):
        view.add(metric(epoch, "loss", 1 / epoch))
    qtbot.wait(450)
    assert 1 <= view.paints - before <= 3
    assert "Loss 0.0005" in view.accessibleDescription()
