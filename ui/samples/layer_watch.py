"""Listens to one layer: its style, its features, its abilities; to nothing of a layer that was left."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsMapLayer, QgsVectorLayer
from qgis.PyQt.QtCore import QObject, pyqtSignal


class LayerWatch(QObject):
    """Tells when the style, the features or the abilities of the followed layer change."""

    style_changed = pyqtSignal()
    features_changed = pyqtSignal()
    abilities_changed = pyqtSignal()  # fields, editing, filter, data source, name

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._connected: list[tuple[Any, Any]] = []

    def follow(self, layer: QgsMapLayer | None) -> None:
        """Listen to `layer` from now on, and to no other."""
        for signal, slot in self._connected:
            _disconnect(signal, slot)
        self._connected = self._links(layer) if layer is not None else []
        for signal, slot in self._connected:
            signal.connect(slot)

    def _links(self, layer: QgsMapLayer) -> list[tuple[Any, Any]]:
        links = [(layer.rendererChanged, self._style), (layer.styleChanged, self._style)]
        links += [(layer.nameChanged, self._ability), (layer.crsChanged, self._content)]
        links += [(layer.dataSourceChanged, self._ability), (layer.dataSourceChanged, self._content)]
        if not isinstance(layer, QgsVectorLayer):
            return links
        content = [layer.layerModified, layer.dataChanged, layer.subsetStringChanged, layer.editingStopped]
        ability = [layer.updatedFields, layer.readOnlyChanged, layer.editingStarted, layer.editingStopped]
        history = layer.undoStack()
        self._history = history  # PyQt drops the connections of a wrapper that nobody holds
        ability += [history.canUndoChanged, history.canRedoChanged]
        links += [(signal, self._content) for signal in content]
        links += [(signal, self._ability) for signal in [*ability, layer.subsetStringChanged]]
        return links

    def _style(self, *_: object) -> None:
        self.style_changed.emit()

    def _content(self, *_: object) -> None:
        self.features_changed.emit()

    def _ability(self, *_: object) -> None:
        self.abilities_changed.emit()


def _disconnect(signal: Any, slot: Any) -> None:
    try:
        signal.disconnect(slot)
    except (TypeError, RuntimeError):  # the layer is gone, and its connections with it
        return
