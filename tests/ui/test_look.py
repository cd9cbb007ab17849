"""Icons in the colour of texts, reasons in tool tips, sections that fold and remember it."""

from __future__ import annotations

import pytest

pytest.importorskip("qgis.gui", reason="needs QGIS")

from landfuse.ui import look
from landfuse.ui.section import Section
from landfuse.ui.wheel import keep_wheel_for_scrolling
from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QPoint, QPointF, Qt
from qgis.PyQt.QtGui import QColor, QPalette, QWheelEvent
from qgis.PyQt.QtWidgets import QAction, QApplication, QComboBox, QLabel, QPushButton

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def dark(qgis_app):
    """A dark palette for the whole application."""
    before = QApplication.palette()
    palette = QPalette(before)
    for role, color in (("Window", "#202020"), ("WindowText", "#e0e0e0"), ("Text", "#e0e0e0")):
        palette.setColor(getattr(QPalette.ColorRole, role), QColor(color))
    QApplication.setPalette(palette)
    yield
    QApplication.setPalette(before)


def colors_of(icon):
    image = icon.pixmap(32, 32).toImage()
    pixels = (image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height()))
    return {pixel.name() for pixel in pixels if pixel.alpha() == 255}


def test_an_icon_is_drawn_in_the_colour_of_texts(qgis_app):
    assert colors_of(look.icon("plus")) == {look.ink().name()}


def test_an_icon_is_light_in_a_dark_theme(dark):
    assert look.is_dark()
    assert colors_of(look.icon("plus")) == {"#e0e0e0"}
    assert look.muted().lightness() > 120


def test_a_coloured_icon_and_one_of_qgis_stay_as_they_are(dark):
    assert len(colors_of(look.icon("landfuse"))) > 3
    assert not look.icon("/mActionAdd.svg").isNull()


@pytest.mark.parametrize("make", [lambda: QPushButton("Run"), lambda: QAction("Run")])
def test_a_reason_replaces_the_tip_and_gives_it_back(qgis_app, make):
    thing = make()
    thing.setToolTip("Runs")
    for reason in ("No sources.", "No samples."):
        look.explain(thing, reason)
        assert not thing.isEnabled()
        assert thing.toolTip() == reason
    look.explain(thing, "")
    look.explain(thing, "")
    assert thing.isEnabled()
    assert thing.toolTip() == "Runs"


@pytest.fixture
def section(interface, qtbot):
    made = Section("sources", "Sources")
    made.set_body(QLabel("body"))
    made.resize(320, 100)
    qtbot.addWidget(made)
    made.show()
    return made


def test_a_section_folds_by_click_and_by_key_and_remembers_it(section, qtbot):
    section.restore(default=True)
    assert section.body.isVisible()
    qtbot.mouseClick(section.header, LEFT, pos=QPoint(100, 10))
    assert not section.body.isVisible()
    again = Section("sources", "Sources")
    qtbot.addWidget(again)
    again.restore(default=True)
    assert not again.is_open()
    section.header.setFocus()
    qtbot.keyClick(section.header, Qt.Key.Key_Space)
    assert section.body.isVisible()
    assert QgsSettings().value("landfuse/sections/sources", type=bool)


def test_a_long_state_is_shortened_and_the_header_needs_no_width(section):
    section.header.set_state("4 sources, 1 m, and a good deal more that does not fit into a narrow dock")
    section.header.repaint()
    assert section.header.accessibleDescription().startswith("4 sources")
    assert section.minimumSizeHint().width() <= look.WIDTH


def test_the_wheel_scrolls_unless_the_value_was_clicked(qgis_app, qtbot):
    box = QComboBox()
    box.addItems(["a", "b", "c"])
    keep_wheel_for_scrolling(box)
    qtbot.addWidget(box)
    box.show()
    turn(box)
    assert box.currentText() == "a"
    box.activateWindow()
    box.setFocus()
    qtbot.waitUntil(box.hasFocus)
    turn(box)
    assert box.currentText() == "b"


def turn(widget):
    """Turn the wheel over a widget by one notch towards the user."""
    place = QPointF(widget.rect().center())
    event = QWheelEvent(
        place,
        QPointF(widget.mapToGlobal(place.toPoint())),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)
