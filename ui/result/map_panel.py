"""The map of a run on the canvas: opacity, swipe, and how certain it is."""

from __future__ import annotations

import contextlib

from qgis.core import QgsMapLayer, QgsMapLayerProxyModel, QgsRasterLayer
from qgis.gui import QgsMapLayerComboBox
from qgis.PyQt.QtCore import QCoreApplication, Qt
from qgis.PyQt.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSlider, QToolButton, QVBoxLayout, QWidget

from .. import look
from ..state.choices import RunRecord
from ..state.context import DockContext
from .map_layers import layer_of, load_certainty, load_map, set_visible
from .run_files import files_of
from .swipe import SwipeTool


class MapPanel(QWidget):
    """What is done with the map of one run. Main thread only."""

    def __init__(self, context: DockContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context, self._session = context, context.session
        self._record: RunRecord | None = None
        self._before_swipe = None
        self._other_was_chosen = False
        self.tool = SwipeTool(context.canvas)
        self.tool.ended.connect(self._swipe_ended)
        self._build()
        self._session.project.layersWillBeRemoved.connect(self._layers_leave)
        self._session.project.layersRemoved.connect(self._refresh)

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def shut_down(self) -> None:
        """Give the map tool back and stop listening."""
        self._session.project.layersWillBeRemoved.disconnect(self._layers_leave)
        self._session.project.layersRemoved.disconnect(self._refresh)
        self._context.canvas.unsetMapTool(self.tool)

    def set_run(self, record: RunRecord | None) -> None:
        """Work with the map of this run; loads nothing."""
        self._record = record
        self._suggest_other()
        self._refresh()

    def load(self) -> None:
        """Put the map into the project, if it is not there, and show it."""
        layer = load_map(self._session, self._record) if self._record is not None else None
        if layer is not None:
            set_visible(self._session.project, layer, True)
        self._refresh()

    def layer(self) -> QgsRasterLayer | None:
        """Return the layer of the map, None while it is not in the project."""
        if self._record is None:
            return None
        return layer_of(self._session.project, self._record.outputs.get("classmap", ""))

    # Widgets

    def _build(self) -> None:
        self.load_button = QToolButton(self)
        self.load_button.setText(self.tr("Load the map"))
        self.load_button.setToolTip(
            self.tr("Put the map of this run back into the project, with its legend.")
        )
        self.load_button.clicked.connect(self.load)
        self.opacity = QSlider(Qt.Orientation.Horizontal, self)
        self.opacity.setRange(0, 100)
        self.opacity.setToolTip(self.tr("How much the map covers what lies below it."))
        self.opacity.valueChanged.connect(self._set_opacity)
        self.certainty = QCheckBox(self.tr("Maximum probability"), self)
        self.certainty.setToolTip(
            self.tr(
                "Show how certain the map is: the probability of the class that each pixel was given. Dark "
                "areas are where more training areas help most."
            )
        )
        self.certainty.clicked.connect(self._show_certainty)
        self._build_swipe()
        self._lay_out()

    def _build_swipe(self) -> None:
        self.swipe = QToolButton(self)
        self.swipe.setText(self.tr("Swipe"))
        self.swipe.setCheckable(True)
        self.swipe.setToolTip(
            self.tr(
                "Show the layer beside this button right of a line; drag on the map, or press the left and "
                "right arrow keys, to move the line. Escape ends it."
            )
        )
        self.swipe.clicked.connect(self._swipe)
        self.other = QgsMapLayerComboBox(self)
        self.other.setFilters(_spatial())
        self.other.setMinimumWidth(80)
        self.other.setToolTip(self.tr("The layer that is shown right of the line."))
        self.other.layerChanged.connect(self._other_chosen)
        self.other.activated.connect(self._remember_choice)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(look.TIGHT)
        layout.addWidget(self.load_button)
        row = QHBoxLayout()
        self.opacity_label = QLabel(self.tr("Opacity"), self)
        self.opacity_label.setBuddy(self.opacity)
        row.addWidget(self.opacity_label)
        row.addWidget(self.opacity, 1)
        layout.addLayout(row)
        row = QHBoxLayout()
        row.addWidget(self.swipe)
        row.addWidget(self.other, 1)
        layout.addLayout(row)
        layout.addWidget(self.certainty)

    def _suggest_other(self) -> None:
        """Offer an optical source to swipe against, unless the user has chosen another layer."""
        if self._other_was_chosen:
            return
        sources = self._session.used_sources()
        optical = [source for source in sources if source.key == "optical"] or list(sources)
        layer = self._session.layer(optical[0].layers[0]) if optical else None
        if layer is not None:
            self.other.blockSignals(True)
            self.other.setLayer(layer)
            self.other.blockSignals(False)

    def _refresh(self, *_: object) -> None:
        """Show what the project and the files of the run allow."""
        layer, record = self.layer(), self._record
        has_map = record is not None and bool(files_of(record).classmap)
        self.load_button.setVisible(has_map and layer is None)
        reason = "" if layer is not None else self.tr("Load the map first.")
        if not has_map:
            reason = self.tr("This run has no map, or its file is gone.")
        for widget in (self.opacity, self.swipe, self.other):
            look.explain(widget, reason)
        self._show_opacity(layer)
        path = record.outputs.get("uncertainty", "") if record is not None else ""
        shown = layer_of(self._session.project, path)
        look.explain(self.certainty, "" if path else self.tr("This run has not kept how certain its map is."))
        self.certainty.setChecked(shown is not None and _is_ticked(self._session, shown))

    def _show_opacity(self, layer: QgsRasterLayer | None) -> None:
        self.opacity.blockSignals(True)
        self.opacity.setValue(round(100 * layer.opacity()) if layer is not None else 100)
        self.opacity.blockSignals(False)

    def _set_opacity(self, percent: int) -> None:
        layer = self.layer()
        if layer is not None:
            layer.setOpacity(percent / 100)
            layer.triggerRepaint()

    def _show_certainty(self, wanted: bool) -> None:
        if self._record is None:
            return
        path = self._record.outputs.get("uncertainty", "")
        layer = layer_of(self._session.project, path)
        if wanted and layer is None:
            layer = load_certainty(self._session, self._record)
        if layer is None:
            self.certainty.setChecked(False)
            return
        set_visible(self._session.project, layer, wanted)

    # Swipe

    def _swipe(self, wanted: bool) -> None:
        canvas = self._context.canvas
        if not wanted:
            canvas.unsetMapTool(self.tool)
            with contextlib.suppress(RuntimeError):  # its owner may have deleted it meanwhile
                if self._before_swipe is not None:
                    canvas.setMapTool(self._before_swipe)
            return
        if self.other.currentLayer() is None or canvas.rotation():
            self.swipe.setChecked(False)
            if canvas.rotation():
                self._context.tell(self.tr("Swiping needs a map that is not turned: set its rotation to 0."))
            return
        self._before_swipe = canvas.mapTool()
        self.tool.show_layer(self.other.currentLayer())
        canvas.setMapTool(self.tool)
        canvas.setFocus()

    def _swipe_ended(self) -> None:
        self.swipe.setChecked(False)

    def _remember_choice(self, index: int) -> None:
        self._other_was_chosen = True

    def _other_chosen(self, layer: QgsMapLayer | None) -> None:
        if self.swipe.isChecked() and layer is not None:
            self.tool.show_layer(layer)

    def _layers_leave(self, layer_ids: list[str]) -> None:
        self.tool.forget(layer_ids)


def _spatial() -> QgsMapLayerProxyModel.Filters:
    return QgsMapLayerProxyModel.Filter.RasterLayer | QgsMapLayerProxyModel.Filter.HasGeometry


def _is_ticked(session: object, layer: QgsMapLayer) -> bool:
    node = session.project.layerTreeRoot().findLayer(layer.id())
    return node is not None and node.isVisible()
