"""What is in view, mapped as soon as the model is trained, until the map of the whole scene is there."""

from __future__ import annotations

from qgis.core import QgsRasterLayer
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QCoreApplication

from ...processing_provider.translate import crs_text
from ..live.preview_item import PreviewItem
from .plan import MapView


class FirstLook:
    """A picture on the map canvas; nothing of it is in the project."""

    def __init__(self, canvas: QgsMapCanvas) -> None:
        self._canvas = canvas
        self.item: PreviewItem | None = None

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def view(self) -> MapView | None:
        """Return what is in view now; None where the map shows nothing."""
        settings = self._canvas.mapSettings()
        box, size = settings.visibleExtent(), settings.outputSize()
        if box.isEmpty() or not box.isFinite():
            return None
        extent = (box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum())
        return MapView(extent, crs_text(settings.destinationCrs()), max(256, size.width() * size.height()))

    def show(self, path: str) -> bool:
        """Show a class map over the map and say whether that worked."""
        layer = QgsRasterLayer(path, self.tr("First look"))
        if not layer.isValid():  # the run ended meanwhile
            return False
        layer.loadDefaultStyle()
        self.clear()
        self.item = PreviewItem(self._canvas)
        self.item.set_caption(self.tr("First look; the whole scene follows"))
        self.item.set_layers([layer])
        return True

    def clear(self) -> None:
        """Take the picture off the map."""
        if self.item is not None:
            self.item.remove()
            self.item = None
