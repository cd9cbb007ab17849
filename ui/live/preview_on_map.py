"""What a preview shows on the map: its layer, the samples above it, and the file it is drawn from."""

from __future__ import annotations

import contextlib
from pathlib import Path

from qgis.core import QgsMapLayer, QgsRasterLayer, QgsVectorLayer
from qgis.gui import QgsMapCanvas

from .preview_item import PreviewItem

OPACITY = 65  # per cent: images below stay visible


class PreviewOnMap:
    """At most one preview on a canvas. Its file is removed when another one comes, or `clear` is called."""

    def __init__(self, canvas: QgsMapCanvas) -> None:
        self._canvas = canvas
        self._layer: QgsRasterLayer | None = None
        self._samples: QgsVectorLayer | None = None
        self._opacity = OPACITY / 100
        self.item: PreviewItem | None = None

    def show(self, path: str, caption: str) -> bool:
        """Show the map at `path` in place of what is shown; False where it cannot be read."""
        layer = QgsRasterLayer(path, caption)
        if not layer.isValid():
            return False
        layer.loadDefaultStyle()
        layer.setOpacity(self._opacity)
        if self.item is None:
            self.item = PreviewItem(self._canvas)
        old, self._layer = self._layer, layer
        self.item.set_caption(caption)
        self.item.set_layers(self._layers())
        if old is not None:
            remove_map(old.source())
        return True

    def set_opacity(self, opacity: float) -> None:
        """Set how much the preview covers, from 0 to 1."""
        self._opacity = opacity
        if self._layer is not None:
            self._layer.setOpacity(opacity)
            self.redraw()

    def set_samples(self, layer: QgsVectorLayer | None) -> None:
        """Draw these samples above the preview, as long as they are on the map."""
        if self._samples is not None:
            with contextlib.suppress(TypeError, RuntimeError):  # a layer that was removed is gone
                self._samples.repaintRequested.disconnect(self.redraw)
        self._samples = layer
        if layer is not None:
            layer.repaintRequested.connect(self.redraw)
        if self.item is not None:
            self.item.set_layers(self._layers())

    def redraw(self, *_: object) -> None:
        """Draw again, as a layer looks different now."""
        if self.item is not None:
            self.item.redraw()

    def clear(self) -> None:
        """Show nothing."""
        if self.item is not None:
            self.item.remove()
            self.item = None
        if self._layer is not None:
            remove_map(self._layer.source())
            self._layer = None

    def _layers(self) -> list[QgsMapLayer]:
        on_map = self._samples is not None and self._samples in self._canvas.layers()
        return [self._samples, self._layer] if on_map else [self._layer]


def remove_map(path: str) -> None:
    """Remove the files of a map that a preview was drawn from."""
    for name in (path, str(Path(path).with_suffix(".qml")), f"{path}.aux.xml"):
        with contextlib.suppress(OSError):  # Windows: still open; the folder goes at the end
            Path(name).unlink()
