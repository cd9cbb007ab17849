"""What is seen of an area while it is drawn: its outline in the class colour, and a badge at the pointer."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsGeometry, QgsWkbTypes
from qgis.gui import QgsMapCanvas, QgsRubberBand
from qgis.PyQt.QtCore import QPoint, Qt
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import QLabel

from .. import look

POLYGON = QgsWkbTypes.GeometryType.PolygonGeometry
_TINT, _EDGE = 70, 2  # opacity of 255 inside, logical pixels of the line around
_BESIDE = QPoint(16, 18)  # logical pixels from the pointer to the badge
_NO_CLASS = "#888888"


class Shade:
    """A polygon over the map, in the colour of a class; ends with `remove`."""

    def __init__(self, canvas: QgsMapCanvas, dashed: bool = False) -> None:
        self._canvas = canvas
        self._band = QgsRubberBand(canvas, POLYGON)
        self._band.setWidth(_EDGE)
        self._band.setSecondaryStrokeColor(QColor(255, 255, 255, 150))  # seen on dark pictures as well
        if dashed:
            self._band.setLineStyle(Qt.PenStyle.DashLine)

    @property
    def geometry(self) -> QgsGeometry:
        """What is shown, in the CRS of the map."""
        return self._band.asGeometry()

    def show(self, geometry: QgsGeometry, color: str = _NO_CLASS) -> None:
        """Show a geometry in the CRS of the map; an empty one hides it."""
        line, fill = QColor(color), QColor(color)
        fill.setAlpha(_TINT)
        self._band.setStrokeColor(line)
        self._band.setFillColor(fill)
        if geometry.isEmpty():
            self._band.reset(POLYGON)
        else:
            self._band.setToGeometry(geometry)

    def hide(self) -> None:
        """Show nothing."""
        self._band.reset(POLYGON)

    def remove(self) -> None:
        """Take the polygon off the map for good."""
        self._band.reset(POLYGON)
        self._canvas.scene().removeItem(self._band)


class Badge(QLabel):
    """A few words beside the pointer: which class is drawn, and how large the area is."""

    def __init__(self, canvas: QgsMapCanvas) -> None:
        super().__init__(canvas)
        self.setObjectName("LandfuseBadge")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setTextFormat(Qt.TextFormat.RichText)
        paper, ink, line = look.paper(canvas), look.ink(canvas), look.line_color(canvas)
        self.setStyleSheet(
            f"#LandfuseBadge {{ background: {paper.name()}; color: {ink.name()};"
            f" border: 1px solid {line.name()}; border-radius: 4px; padding: 2px 6px; }}"
        )
        self.hide()

    def say(self, row: Any, texts: list[str], position: QPoint) -> None:
        """Show the class `row` (None: none) and texts beside `position` on the map."""
        color = row.color if row is not None else _NO_CLASS
        name = _escaped(row.name) if row is not None else self.tr("no class")
        self.setText(
            f'<span style="color:{color}">&#9632;</span>&nbsp;<b>{name}</b>'
            + "".join(f" &middot; {_escaped(text)}" for text in texts if text)
        )
        self.adjustSize()
        self._place(position)
        self.show()

    def _place(self, position: QPoint) -> None:
        """Move below and right of the pointer, or to its other side at the edge of the map."""
        room = self.parentWidget().size()
        x, y = position.x() + _BESIDE.x(), position.y() + _BESIDE.y()
        if x + self.width() > room.width():
            x = position.x() - _BESIDE.x() - self.width()
        if y + self.height() > room.height():
            y = position.y() - _BESIDE.y() - self.height()
        self.move(max(0, x), max(0, y))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(" ", "&nbsp;")
