"""Choosing bands one by one, with their names and wavelengths."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import QCoreApplication, Qt
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ...core.data.band_choice import bands_text
from .. import look
from .scene_facts import BandFacts

_CHECKED, _UNCHECKED = Qt.CheckState.Checked, Qt.CheckState.Unchecked


class BandDialog(QDialog):
    """A list of all bands with a tick for those that are used; several selected ones are ticked together."""

    def __init__(
        self, bands: Sequence[BandFacts], chosen: Sequence[int], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Choose bands"))
        self.resize(420, 480)
        self.list = QTreeWidget(self)
        self.list.setHeaderLabels([self.tr("Band"), self.tr("Name"), self.tr("Wavelength")])
        self.list.setRootIsDecorated(False)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setToolTip(self.tr("Tick what is used. Select several lines and use the buttons below."))
        for band in bands:
            nm = "" if band.wavelength is None else self.tr("{} nm").format(f"{band.wavelength:.0f}")
            item = QTreeWidgetItem([str(band.number), band.name, nm])
            item.setData(0, Qt.ItemDataRole.UserRole, band.number)
            item.setCheckState(0, _CHECKED if band.number in set(chosen) else _UNCHECKED)
            self.list.addTopLevelItem(item)
        self.use = self._button(self.tr("Use selected"), self.tr("Tick the selected bands"), _CHECKED)
        self.leave = self._button(self.tr("Leave out"), self.tr("Untick the selected bands"), _UNCHECKED)
        self.state = look.hint("", self)
        buttons = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(buttons.Ok | buttons.Cancel, self)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.list.itemChanged.connect(lambda *_: self._tell())
        self._lay_out()
        self._tell()

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def chosen(self) -> str:
        """Return the ticked bands as `1-120,150`; "" for all."""
        numbers = self._ticked()
        if len(numbers) == self.list.topLevelItemCount():
            return ""
        return bands_text(numbers).replace(" ", "")

    def _ticked(self) -> list[int]:
        items = (self.list.topLevelItem(i) for i in range(self.list.topLevelItemCount()))
        return [item.data(0, Qt.ItemDataRole.UserRole) for item in items if item.checkState(0) == _CHECKED]

    def _button(self, text: str, tip: str, state: Qt.CheckState) -> QPushButton:
        button = QPushButton(text, self)
        button.setToolTip(tip)
        button.setAutoDefault(False)
        button.clicked.connect(lambda: self._tick(state))
        return button

    def _tick(self, state: Qt.CheckState) -> None:
        for item in self.list.selectedItems():
            item.setCheckState(0, state)

    def _tell(self) -> None:
        count, total = len(self._ticked()), self.list.topLevelItemCount()
        self.state.setText(self.tr("{} of {} bands").format(count, total))
        reason = "" if count else self.tr("Tick at least one band.")
        look.explain(self.buttons.button(QDialogButtonBox.StandardButton.Ok), reason)

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        for widget in (self.use, self.leave):
            line.addWidget(widget)
        line.addStretch(1)
        line.addWidget(self.state)
        layout = QVBoxLayout(self)
        layout.addWidget(self.list)
        layout.addLayout(line)
        layout.addWidget(self.buttons)
        for column, width in enumerate((80, 180)):
            self.list.setColumnWidth(column, width)
