"""The picture of a preview on the map, marked as one."""

from __future__ import annotations

from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QPointF, QRectF, Qt
from qgis.PyQt.QtGui import QFontMetricsF, QPainter

from ..canvas_image import CanvasImage

_MARGIN, _PADDING = 8.0, 5.0


class PreviewItem(CanvasImage):
    """A preview, with a caption in the corner of the map so that nobody takes it for a result."""

    def __init__(self, canvas: QgsMapCanvas) -> None:
        super().__init__(canvas)
        self._caption = ""

    @property
    def caption(self) -> str:
        """What stands in the corner."""
        return self._caption

    def set_caption(self, text: str) -> None:
        self._caption = text
        self.update()

    def paint(self, painter: QPainter, option: object = None, widget: object = None) -> None:
        """Draw the picture, then the caption, which is never transparent."""
        super().paint(painter, option, widget)
        if self.image is None or not self._caption:
            return
        metrics = QFontMetricsF(painter.font())
        width, height = metrics.horizontalAdvance(self._caption), metrics.height()
        # At the bottom: QGIS lays its messages over the top of the map.
        below = self.canvas.height() - _MARGIN - height - 2 * _PADDING
        corner = self.visible_corner() + QPointF(_MARGIN, below)
        box = QRectF(corner.x(), corner.y(), width + 2 * _PADDING, height + 2 * _PADDING)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(Qt.GlobalColor.black)
        painter.setOpacity(0.72)
        painter.drawRoundedRect(box, 4, 4)
        painter.setOpacity(1.0)
        painter.setPen(Qt.GlobalColor.white)
        painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), self._caption)
        painter.restore()
