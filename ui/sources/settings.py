"""The settings of a source that are folded away: bands, what it measures, and those of its layers."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QFormLayout, QLabel, QVBoxLayout, QWidget

from ...core.data.band_choice import parse_bands
from ...core.errors import BandError
from .. import look
from ..state.choices import SourceChoice
from ..wheel import keep_wheel_for_scrolling
from .band_dialog import BandDialog
from .band_presets import presets
from .options_form import OptionsForm
from .scene_facts import SourceFacts
from .words import inside, quantities

_CHOOSE = "choose"  # the entry that opens the list of bands


class SourceSettings(QWidget):
    """Announces what the user changes as `changed(bands=...)`, by the names of `SourceChoice`."""

    changed = pyqtSignal(dict)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._choice = SourceChoice("other")
        self._facts: SourceFacts | None = None
        self.bands = self._combo(
            self.tr("Which bands are used; counted from 1, such as 1-120,150-200. Type or choose."), True
        )
        self.quantity = self._combo(
            self.tr("What the numbers measure; decides how they are resampled and scaled"), False
        )
        self.options = OptionsForm(self)
        form = QFormLayout()
        form.setContentsMargins(0, look.TIGHT, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for text, widget in ((self.tr("Bands"), self.bands), (self.tr("Measures"), self.quantity)):
            label = QLabel(text, self)
            label.setToolTip(widget.toolTip())
            label.setBuddy(widget)
            form.addRow(label, widget)
            self.options.align(label)
        self.note = look.hint("", self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(look.TIGHT)
        layout.addLayout(form)
        layout.addWidget(self.note)
        layout.addWidget(self.options)
        self.bands.activated.connect(self._preset)
        self.bands.lineEdit().editingFinished.connect(self._typed)
        self.quantity.activated.connect(
            lambda _: self.changed.emit({"quantity": self.quantity.currentData()})
        )
        self.options.changed.connect(lambda text: self.changed.emit({"options": text}))

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def set_source(self, choice: SourceChoice, names: list[str], facts: SourceFacts | None) -> None:
        """Show the settings of a source with layers called `names`."""
        self._choice, self._facts = choice, facts
        self._show_bands()
        self._show_quantity()
        dropped = facts.dropped if facts is not None and not choice.bands else ""
        text = self.tr("Left out: {} (empty, constant, flagged bad or in water vapour)").format(dropped)
        self.note.setText(text)
        self.note.setVisible(bool(dropped))
        self.options.set_source(choice.key, names, choice.options)

    def _combo(self, tip: str, is_editable: bool) -> QComboBox:
        box = QComboBox(self)
        box.setEditable(is_editable)
        box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(8)
        box.setToolTip(tip)
        keep_wheel_for_scrolling(box)
        return box

    def _show_bands(self) -> None:
        found = presets(self._facts.bands) if self._facts is not None else {}
        words = {
            "rgb": self.tr("Red, green, blue"),
            "rgbn": self.tr("Red, green, blue, near infrared"),
            "visible": self.tr("Visible (400-700 nm)"),
            "vnir": self.tr("Visible and near infrared (to 1000 nm)"),
            "swir": self.tr("Short-wave infrared (from 1000 nm)"),
        }
        self.bands.clear()
        self.bands.addItem(self.tr("All good ones"), "")
        for name, text in words.items():
            if found.get(name):
                self.bands.addItem(text, found[name])
        if self._facts is not None and len(self._facts.bands) > 1:
            self.bands.addItem(self.tr("Choose from the list..."), _CHOOSE)
        position = self.bands.findData(self._choice.bands)
        self.bands.setCurrentIndex(position)
        if position < 0:
            self.bands.setEditText(self._choice.bands)

    def _show_quantity(self) -> None:
        guessed = self.tr("Automatic")
        if self._facts is not None and not self._choice.quantity:
            guessed = self.tr("Automatic: {}").format(inside(quantities()[self._facts.quantity]))
        self.quantity.clear()
        self.quantity.addItem(guessed, "")
        for value, text in quantities().items():
            self.quantity.addItem(text, value)
        self.quantity.setCurrentIndex(self.quantity.findData(self._choice.quantity))

    def _preset(self, index: int) -> None:
        if self.bands.itemData(index) != _CHOOSE:
            self._put_bands(self.bands.itemData(index))
            return
        self._show_bands()
        facts = self._facts
        all_numbers = [band.number for band in facts.bands]
        dropped = parse_bands(facts.dropped, max(all_numbers)) if facts.dropped else ()
        chosen = [n for n in all_numbers if n not in dropped]
        if self._choice.bands:
            chosen = list(parse_bands(self._choice.bands, max(all_numbers)))
        dialog = BandDialog(facts.bands, chosen, self.window())
        if dialog.exec():
            self._put_bands(dialog.chosen())
        dialog.deleteLater()

    def _typed(self) -> None:
        text = self.bands.currentText().strip()
        index = self.bands.findText(text)
        if index >= 0:
            if self.bands.itemData(index) != _CHOOSE:
                self._put_bands(self.bands.itemData(index))
            return
        try:
            n_bands = max(band.number for band in self._facts.bands) if self._facts is not None else 10**6
            parse_bands(text, n_bands)
        except BandError as error:
            self.note.setText(f"{error.what} {error.remedy}")
            self.note.show()
            return
        self._put_bands(text.replace(" ", ""))

    def _put_bands(self, text: Any) -> None:
        if text != self._choice.bands:
            self.changed.emit({"bands": text})
