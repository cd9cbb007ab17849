"""Layers drawn over the map without being in the project: previews, and what a swipe shows."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.core import QgsMapLayer, QgsMapRendererParallelJob, QgsMapSettings, QgsRectangle
from qgis.gui import QgsMapCanvas, QgsMapCanvasItem
from qgis.PyQt.QtCore import QPointF, Qt, QTimer
from qgis.PyQt.QtGui import QImage, QPainter

BELOW_RUBBER_BANDS = -5  # the map itself is at -10, rubber bands are at 0 and above
_SETTLED = 120  # ms without a move of the map, then the picture is drawn anew


class CanvasImage(QgsMapCanvasItem):
    """A picture of some layers in the map's own extent, CRS and resolution.

    It moves and scales with the map and is drawn anew, in the background, when the map has come to rest. The
    layers need not be in the project. Main thread only. `remove` must be called at the end.
    """

    def __init__(self, canvas: QgsMapCanvas) -> None:
        super().__init__(canvas)
        self.canvas = canvas
        self.layers: list[QgsMapLayer] = []
        self.image: QImage | None = None
        self._extent = QgsRectangle()
        self._job: QgsMapRendererParallelJob | None = None
        self._later = QTimer()
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._draw)
        self.setZValue(BELOW_RUBBER_BANDS)
        canvas.extentsChanged.connect(self.redraw)
        canvas.destinationCrsChanged.connect(self.redraw)

    def set_layers(self, layers: Sequence[QgsMapLayer]) -> None:
        """Show these layers, the first on top; none clears the picture. They are kept alive."""
        self.layers = list(layers)
        if not self.layers:
            self.clear()
            return
        self._draw()

    def redraw(self) -> None:
        """Draw the layers anew in a moment, as they look different now."""
        if self.layers:
            self._later.start(_SETTLED)

    def clear(self) -> None:
        """Show nothing."""
        self._stop()
        self.layers, self.image = [], None
        self.update()

    def remove(self) -> None:
        """Take the picture off the map for good."""
        self._stop()
        self.canvas.extentsChanged.disconnect(self.redraw)
        self.canvas.destinationCrsChanged.disconnect(self.redraw)
        self.layers, self.image = [], None
        scene = self.canvas.scene()
        if scene is not None and self.scene() is scene:
            scene.removeItem(self)

    def is_drawing(self) -> bool:
        """Tell whether a newer picture is on its way."""
        return self._job is not None or self._later.isActive()

    def visible_corner(self) -> QPointF:
        """Return the upper left corner of the map in the coordinates of `paint`."""
        return -self.pos()

    def updatePosition(self) -> None:
        """Follow the map when it is moved or zoomed."""
        if self.image is not None:
            self.setRect(self._extent)

    def paint(self, painter: QPainter, option: object = None, widget: object = None) -> None:
        """Draw the picture where it belongs on the map as it is now."""
        if self.image is None:
            return
        painter.drawImage(self.boundingRect().adjusted(0, 0, -2, -2), self.image)

    def _draw(self) -> None:
        self._stop()
        settings = QgsMapSettings(self.canvas.mapSettings())
        settings.setLayers(self.layers)
        settings.setBackgroundColor(Qt.GlobalColor.transparent)
        settings.setFlag(QgsMapSettings.Flag.DrawLabeling, False)
        self._job = QgsMapRendererParallelJob(settings)
        self._job.finished.connect(self._drawn)
        self._job.start()

    def _drawn(self) -> None:
        job, self._job = self._job, None
        if job is None or not self.layers:
            return
        self.image = job.renderedImage()
        self._extent = job.mapSettings().visibleExtent()
        self.setRect(self._extent)
        self.update()
        job.deleteLater()

    def _stop(self) -> None:
        self._later.stop()
        job, self._job = self._job, None
        if job is not None:
            job.finished.disconnect(self._drawn)
            job.cancel()
            job.deleteLater()
