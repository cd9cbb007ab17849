"""Swiping: left of a line the map as it is, right of it another layer; the line is dragged."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsMapLayer
from qgis.gui import QgsMapCanvas, QgsMapMouseEvent, QgsMapTool
from qgis.PyQt.QtCore import QPointF, QRectF, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QPainter, QPen

from ..canvas_image import CanvasImage

_GRIP = 9.0  # logical pixels: radius of the handle
_KEY_STEP = 0.02


class SwipeItem(CanvasImage):
    """Shows layers right of a line only; `share`: where it is, from 0 (left edge of the map) to 1."""

    def __init__(self, canvas: QgsMapCanvas) -> None:
        super().__init__(canvas)
        self.share = 0.5
        self.setZValue(5)  # above the preview, and the line above rubber bands

    def set_share(self, share: float) -> None:
        """Move the line."""
        self.share = min(max(share, 0.0), 1.0)
        self.update()

    def paint(self, painter: QPainter, option: object = None, widget: object = None) -> None:
        """Draw the layers right of the line on the map's background, then the line with its handle."""
        if self.image is None:
            return
        size, corner = self.canvas.size(), self.visible_corner()
        x = corner.x() + self.share * size.width()
        painter.save()
        right = QRectF(x, corner.y(), size.width() * (1 - self.share), size.height())
        painter.setClipRect(right)
        painter.fillRect(right, self.canvas.canvasColor())
        super().paint(painter, option, widget)
        painter.restore()
        self._line(painter, QPointF(x, corner.y()), size.height())

    def _line(self, painter: QPainter, top: QPointF, height: float) -> None:
        """Draw a line that is seen on any map: white on black."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        bottom, middle = top + QPointF(0, height), top + QPointF(0, height / 2)
        for color, width in ((QColor(0, 0, 0, 160), 4.0), (QColor(Qt.GlobalColor.white), 1.6)):
            painter.setPen(QPen(color, width))
            painter.drawLine(top, bottom)
        painter.setBrush(Qt.GlobalColor.white)
        painter.setPen(QPen(QColor(0, 0, 0, 160), 1.2))
        painter.drawEllipse(middle, _GRIP, _GRIP)
        painter.setPen(QPen(QColor(60, 60, 60), 1.6))
        for side in (-1, 1):
            tip = middle + QPointF(side * 6, 0)
            painter.drawLine(tip, middle + QPointF(side * 3, -3))
            painter.drawLine(tip, middle + QPointF(side * 3, 3))
        painter.restore()


class SwipeTool(QgsMapTool):
    """Drag anywhere on the map, or press the arrow keys, to move the line. The wheel zooms as always.

    `ended`: the tool was put away, by another tool or Escape.
    """

    ended = pyqtSignal()

    def __init__(self, canvas: QgsMapCanvas) -> None:
        super().__init__(canvas)
        self.item: SwipeItem | None = None
        self._layer: QgsMapLayer | None = None
        self.setCursor(Qt.CursorShape.SplitHCursor)

    def show_layer(self, layer: QgsMapLayer) -> None:
        """Show `layer` right of the line."""
        self._layer = layer
        if self.item is not None:
            self.item.set_layers([layer])

    def forget(self, layer_ids: Any) -> None:
        """Put the tool away if its layer is about to be removed."""
        if self._layer is not None and self._layer.id() in layer_ids:
            self._layer = None
            self.canvas().unsetMapTool(self)

    def activate(self) -> None:
        super().activate()
        if self.item is None:
            self.item = SwipeItem(self.canvas())
        if self._layer is not None:
            self.item.set_layers([self._layer])

    def deactivate(self) -> None:
        super().deactivate()
        if self.item is not None:
            self.item.remove()
            self.item = None
        self.ended.emit()

    def canvasPressEvent(self, event: QgsMapMouseEvent) -> None:
        self._move_to(event)

    def canvasMoveEvent(self, event: QgsMapMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._move_to(event)

    def keyPressEvent(self, event: Any) -> None:
        steps = {Qt.Key.Key_Left: -_KEY_STEP, Qt.Key.Key_Right: _KEY_STEP}
        if event.key() == Qt.Key.Key_Escape:
            self.canvas().unsetMapTool(self)
        elif event.key() in steps and self.item is not None:
            self.item.set_share(self.item.share + steps[event.key()])
            event.accept()

    def _move_to(self, event: QgsMapMouseEvent) -> None:
        if self.item is not None:
            self.item.set_share(event.pos().x() / max(1, self.canvas().width()))
