"""One source: its kind, its layers, what was found of them, and its settings folded away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from qgis.core import QgsMapLayer, QgsMapLayerProxyModel, QgsProject
from qgis.gui import QgsMapLayerComboBox
from qgis.PyQt.QtCore import QCoreApplication, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from .. import look
from ..state.choices import SourceChoice
from ..wheel import keep_wheel_for_scrolling
from .options_text import without_layer
from .scene_facts import SourceFacts
from .settings import SourceSettings
from .words import inside, kinds, length, number, quantities

_INDENT = 22  # logical pixels: below the text of the check box


class SourceRow(QFrame):
    """Shows a `SourceChoice` and announces what the user makes of it; it keeps no state of its own."""

    changed = pyqtSignal(object)  # SourceChoice
    removed = pyqtSignal()

    def __init__(self, project: QgsProject, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._project = project
        self._choice = SourceChoice("other")
        self._facts: SourceFacts | None = None
        self.pickers: list[QgsMapLayerComboBox] = []
        self.excepted: list[QgsMapLayer] = []
        self._make_header()
        self.facts = look.hint("", self)
        self.settings = SourceSettings(self)
        self.settings.changed.connect(lambda values: self._change(**values))
        self.settings.hide()
        self._lines = QVBoxLayout()
        self._lines.setSpacing(look.TIGHT)
        below = QVBoxLayout()
        below.setContentsMargins(_INDENT, 0, 0, 0)
        below.setSpacing(look.TIGHT)
        below.addLayout(self._lines)
        below.addWidget(self.facts)
        below.addWidget(self.settings)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, look.GAP)
        layout.setSpacing(look.TIGHT)
        layout.addLayout(self._header)
        layout.addLayout(below)

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    @property
    def choice(self) -> SourceChoice:
        """What is shown."""
        return self._choice

    def set_choice(self, choice: SourceChoice, kinds_taken: Sequence[str], facts: SourceFacts | None) -> None:
        """Show a source. `kinds_taken`: those of other rows; a job has one source of each kind."""
        self._choice, self._facts = choice, facts
        self._show_kind(kinds_taken)
        self._show_layers()
        self._show_facts()
        names = [self._name(layer_id) for layer_id in choice.layers]
        self.settings.set_source(choice, names, facts)

    def shut_down(self) -> None:
        """Announce nothing any more, before the row is deleted."""
        for picker in self.pickers:
            picker.blockSignals(True)
        self.blockSignals(True)

    def set_excepted(self, layers: list[QgsMapLayer]) -> None:
        """Leave out of the pickers what cannot be a source."""
        self.excepted = layers
        for picker in self.pickers:
            self._leave_out(picker)

    # Widgets

    def _make_header(self) -> None:
        self.used = QCheckBox(self)
        self.used.setToolTip(self.tr("Use this source in the next run"))
        self.kind = self._kind_button()
        self.add = look.tool_button("plus", self.tr("Add another layer to this source"), self)
        self.more = look.tool_button("sliders", self.tr("Bands, what it measures, and seldom settings"), self)
        self.more.setCheckable(True)
        self.remove = look.tool_button(
            "bin", self.tr("Remove this source; its layers stay in the project"), self
        )
        self._header = QHBoxLayout()
        self._header.setSpacing(look.TIGHT)
        self._header.addWidget(self.used)
        self._header.addWidget(self.kind)
        self._header.addStretch(1)
        for button in (self.add, self.more, self.remove):
            self._header.addWidget(button)
        self.used.clicked.connect(lambda on: self._change(used=on))
        self.add.clicked.connect(lambda: self._append())
        self.more.toggled.connect(lambda on: self.settings.setVisible(on))
        self.remove.clicked.connect(lambda: self.removed.emit())

    def _kind_button(self) -> QToolButton:
        """Return the heading of the source, which opens the list of kinds."""
        button = QToolButton(self)
        button.setAutoRaise(True)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setToolTip(self.tr("What kind of source this is; the methods treat each kind by itself"))
        font = button.font()
        font.setBold(True)
        button.setFont(font)
        button.setMenu(QMenu(button))
        button.menu().setToolTipsVisible(True)
        for key, name in kinds().items():
            entry = button.menu().addAction(name)
            entry.setData(key)
            entry.setCheckable(True)
            entry.triggered.connect(lambda _, key=key: self._change_kind(key))
        return button

    def _make_line(self) -> None:
        """Add a picker with a button that takes its layer out."""
        picker = QgsMapLayerComboBox(self)
        picker.setFilters(QgsMapLayerProxyModel.Filter.RasterLayer)
        picker.setAllowEmptyLayer(True)
        picker.setMinimumContentsLength(10)
        picker.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        picker.setToolTip(self.tr("The raster layer; pictures from the web are not offered"))
        keep_wheel_for_scrolling(picker)
        picker.setExceptedLayerList(self.excepted)
        picker.setLayer(None)
        take_out = look.tool_button("cross", self.tr("Take this layer out of the source"), self)
        line = QWidget(self)
        layout = QHBoxLayout(line)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(look.TIGHT)
        layout.addWidget(picker, 1)
        layout.addWidget(take_out)
        self._lines.addWidget(line)
        self.pickers.append(picker)
        picker.layerChanged.connect(lambda layer: self._picked(picker, layer))
        take_out.clicked.connect(lambda: self._take_out(picker))

    def _drop_line(self) -> None:
        picker = self.pickers.pop()
        picker.blockSignals(True)  # it lives until the event loop deletes it, and follows the project
        line = picker.parentWidget()
        self._lines.removeWidget(line)
        line.hide()
        line.deleteLater()

    def _leave_out(self, picker: QgsMapLayerComboBox) -> None:
        blocked = picker.blockSignals(True)
        picker.setExceptedLayerList(self.excepted)
        picker.blockSignals(blocked)

    # From the choice to the widgets

    def _show_kind(self, kinds_taken: Sequence[str]) -> None:
        self.used.setChecked(self._choice.used)
        self.kind.setText(kinds()[self._choice.key])
        for entry in self.kind.menu().actions():
            entry.setChecked(entry.data() == self._choice.key)
            taken = self.tr("There is a source of this kind already; add the layers to it.")
            look.explain(entry, taken if entry.data() in kinds_taken else "")

    def _show_layers(self) -> None:
        wanted = list(self._choice.layers) or [""]
        while len(self.pickers) < len(wanted):
            self._make_line()
        while len(self.pickers) > len(wanted):
            self._drop_line()
        for picker, layer_id in zip(self.pickers, wanted):
            blocked = picker.blockSignals(True)
            picker.setLayer(self._project.mapLayer(layer_id) if layer_id else None)
            picker.blockSignals(blocked)
        is_empty = not self._choice.layers
        look.explain(self.add, self.tr("Choose the first layer below.") if is_empty else "")

    def _show_facts(self) -> None:
        broken = [self._name(i) for i in self._choice.layers if not self._is_valid(i)]
        if not self._choice.layers:
            text = self.tr("Choose a layer, or drop one here.")
        elif broken:
            text = self.tr("Cannot be read: {}").format(", ".join(broken))
        else:
            text = self._found() if self._facts is not None else ""
        self.facts.setText(text)
        self.facts.setVisible(bool(text))

    def _found(self) -> str:
        """Return what was found of the source, in a line."""
        facts = self._facts
        if facts.used == 1:
            parts = [self.tr("1 band")]
        elif facts.used < facts.bands_in_files:
            parts = [self.tr("{} of {} bands").format(facts.used, facts.bands_in_files)]
        else:
            parts = [self.tr("{} bands").format(number(facts.used))]
        waves = [band.wavelength for band in facts.bands if band.wavelength is not None]
        if len(waves) > 1:
            parts.append(self.tr("{}-{} nm").format(number(min(waves), 4), number(max(waves), 4)))
        return ", ".join([*parts, length(facts.pixel_metres), inside(quantities()[facts.quantity])])

    # From the widgets to the choice

    def _change(self, **values: Any) -> None:
        changed = replace(self._choice, **values)
        if changed != self._choice:
            self.changed.emit(changed)

    def _change_kind(self, key: str) -> None:
        self._show_kind([e.data() for e in self.kind.menu().actions() if not e.isEnabled()])
        self._change(key=key)

    def _picked(self, picker: QgsMapLayerComboBox, layer: QgsMapLayer | None) -> None:
        position = self.pickers.index(picker)
        layers = list(self._choice.layers)
        if layer is None:
            self._take_out(picker)
            return
        if layer.id() in layers:  # twice in one source makes no sense
            self._show_layers()
            return
        layers[position : position + 1] = [layer.id()]
        self._change(layers=tuple(layers))

    def _take_out(self, picker: QgsMapLayerComboBox) -> None:
        position = self.pickers.index(picker)
        if position < len(self._choice.layers):
            layers = tuple(i for n, i in enumerate(self._choice.layers) if n != position)
            self._change(layers=layers, options=without_layer(self._choice.options, position + 1))
        elif position:
            self._drop_line()

    def _append(self) -> None:
        """Offer a further picker; the layer chosen there joins the source."""
        if len(self.pickers) == len(self._choice.layers):
            self._make_line()
            self.pickers[-1].setFocus()

    def _name(self, layer_id: str) -> str:
        layer = self._project.mapLayer(layer_id)
        return layer.name() if layer is not None else layer_id

    def _is_valid(self, layer_id: str) -> bool:
        layer = self._project.mapLayer(layer_id)
        return layer is not None and layer.isValid()
