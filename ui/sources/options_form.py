"""The seldom settings of a source as widgets: no data, scale, joining, resampling, filters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from ...core.job_spec import DERIVED
from .. import look
from ..wheel import keep_wheel_for_scrolling
from .options_text import numbers_in, read_options, write_options

_LARGEST_FILTER = 15  # map pixels


class OptionsForm(QWidget):
    """Settings for all layers of a source or for one of them; `changed` carries the line of text."""

    changed = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._options: dict[int, dict[str, Any]] = {}
        self._showing = False
        self._form = QFormLayout()
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.target = self._combo(self.tr("Which layers the settings below are for"))
        self.target.currentIndexChanged.connect(lambda _: self._show())
        self._row(self.tr("Settings of"), self.target)
        self._make_value_rows()
        self._make_reading_rows()
        self.problem = look.hint("", self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(look.TIGHT)
        layout.addLayout(self._form)
        layout.addWidget(self.problem)
        self.problem.hide()

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def set_source(self, key: str, names: list[str], text: str) -> None:
        """Show the settings `text` of a source of kind `key` whose layers are called `names`."""
        self._options = read_options(text)
        self._showing = True
        kept = self.target.currentData()
        self.target.clear()
        self.target.addItem(self.tr("All layers"), 0)
        for number, name in enumerate(names, start=1):
            self.target.addItem(name, number)
        self.target.setCurrentIndex(max(0, self.target.findData(kept)))
        self._showing = False
        several = len(names) > 1
        for widget, is_shown in (
            (self.target, several),
            (self.join, several),
            (self.speckle, key == "sar"),
            (self.derived, key in ("lidar", "other")),
        ):
            widget.setVisible(is_shown)
            self._form.labelForField(widget).setVisible(is_shown)
        self._show()

    def align(self, other: QLabel) -> None:
        """Give the label of another form above this one, and the labels here, one width."""
        labels = [self._form.itemAt(i, QFormLayout.ItemRole.LabelRole) for i in range(self._form.rowCount())]
        own = [item.widget() for item in labels if item is not None]
        width = max(label.sizeHint().width() for label in (other, *own))
        for label in (other, *own):
            label.setMinimumWidth(width)

    # Rows

    def _make_value_rows(self) -> None:
        self.nodata = self._line(
            self.tr("none besides the file's"), self.tr("Further stored values that mean no data: 0, -9999")
        )
        self.ignore = QCheckBox(self.tr("Ignore the file's own"), self)
        self.ignore.setToolTip(self.tr("Take the value that the file declares as no data for a measurement"))
        self.fill = self._line(
            self.tr("stay unmapped"), self.tr("What missing pixels become, in the units of the measurement")
        )
        self.scale = self._line(
            self.tr("as in the file"), self.tr("Measurement = stored value x scale + offset")
        )
        self.offset = self._line(
            self.tr("as in the file"), self.tr("Measurement = stored value x scale + offset")
        )
        self._row(self.tr("No data"), self.nodata)
        self._row("", self.ignore)
        self._row(self.tr("Missing pixels"), self.fill)
        self._row(self.tr("Scale"), self.scale)
        self._row(self.tr("Offset"), self.offset)
        self._listen_to_line("nodata", self.nodata, numbers_in)
        for name, line in (("fill", self.fill), ("scale", self.scale), ("offset", self.offset)):
            self._listen_to_line(name, line, float)
        self.ignore.toggled.connect(lambda on: self._put("file_nodata", False if on else None))

    def _make_reading_rows(self) -> None:
        self.join = self._combo(
            self.tr("Whether several layers are tiles of one image or bands beside others")
        )
        self._choices(
            self.join, "join", {"mosaic": self.tr("Tiles of one mosaic"), "bands": self.tr("Further bands")}
        )
        self.resampling = self._combo(self.tr("How pixels of another size are brought onto the map pixels"))
        self._choices(
            self.resampling,
            "resampling",
            {
                "average": self.tr("Average"),
                "bilinear": self.tr("Bilinear"),
                "nearest": self.tr("Nearest neighbour"),
            },
        )
        self.derived = QWidget(self)
        self.derived.setToolTip(self.tr("Bands computed from the heights"))
        line = QHBoxLayout(self.derived)
        line.setContentsMargins(0, 0, 0, 0)
        words = {"slope": self.tr("Slope"), "roughness": self.tr("Roughness")}
        self._derived = {name: QCheckBox(words.get(name, name), self.derived) for name in DERIVED}
        for box in self._derived.values():
            line.addWidget(box)
            box.setToolTip(self.tr("Add this as a band, computed from the heights"))
            box.toggled.connect(lambda _: self._put("derived", self._ticked()))
        self.speckle = QSpinBox(self)
        self.speckle.setRange(1, _LARGEST_FILTER)
        self.speckle.setSingleStep(2)
        self.speckle.setSpecialValueText(self.tr("none"))
        self.speckle.setSuffix(self.tr(" map pixels"))
        self.speckle.setToolTip(self.tr("Side of the filter that evens out the grain of radar images"))
        self.speckle.setKeyboardTracking(False)
        keep_wheel_for_scrolling(self.speckle)
        self.speckle.valueChanged.connect(lambda side: self._put("speckle", side | 1 if side > 1 else None))
        for text, widget in (
            (self.tr("Several layers"), self.join),
            (self.tr("Resampling"), self.resampling),
            (self.tr("Add bands"), self.derived),
            (self.tr("Speckle filter"), self.speckle),
        ):
            self._row(text, widget)

    def _row(self, text: str, widget: QWidget) -> None:
        label = QLabel(text, self)
        label.setToolTip(widget.toolTip())
        label.setBuddy(widget)
        self._form.addRow(label, widget)

    def _combo(self, tip: str) -> QComboBox:
        box = QComboBox(self)
        box.setToolTip(tip)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(8)
        keep_wheel_for_scrolling(box)
        return box

    def _choices(self, box: QComboBox, name: str, choices: dict[str, str]) -> None:
        box.addItem(self.tr("Automatic"), "")
        for value, text in choices.items():
            box.addItem(text, value)
        box.currentIndexChanged.connect(lambda _: self._put(name, box.currentData()))

    def _line(self, placeholder: str, tip: str) -> QLineEdit:
        line = QLineEdit(self)
        line.setPlaceholderText(placeholder)
        line.setToolTip(tip)
        return line

    def _listen_to_line(self, name: str, line: QLineEdit, read: Callable[[str], Any]) -> None:
        def take() -> None:
            try:
                value = read(line.text().strip()) if line.text().strip() else None
            except ValueError:
                self.problem.setText(self.tr("'{}' is not a number.").format(line.text().strip()))
                self.problem.show()
                return
            self.problem.hide()
            self._put(name, value)

        line.editingFinished.connect(take)

    # Values

    def _ticked(self) -> list[str]:
        return [name for name, box in self._derived.items() if box.isChecked()]

    def _put(self, name: str, value: Any) -> None:
        """Take a setting over for the layers that are chosen above, and announce it if it is another."""
        if self._showing:
            return
        before = write_options(self._options)
        own = self._options.setdefault(self.target.currentData() or 0, {})
        own[name] = value
        text = write_options(self._options)
        if text != before:
            self.changed.emit(text)

    def _show(self) -> None:
        if self._showing:
            return
        own = self._options.get(self.target.currentData() or 0, {})
        self._showing = True
        self.nodata.setText(", ".join(f"{value:.12g}" for value in own.get("nodata") or ()))
        for name, line in (("fill", self.fill), ("scale", self.scale), ("offset", self.offset)):
            value = own.get(name)
            line.setText("" if value is None else f"{value:.12g}")
        self.ignore.setChecked(own.get("file_nodata") is False)
        for name, box in (("join", self.join), ("resampling", self.resampling)):
            box.setCurrentIndex(max(0, box.findData(own.get(name) or "")))
        for name, box in self._derived.items():
            box.setChecked(name in (own.get("derived") or ()))
        self.speckle.setValue(own.get("speckle") or 1)
        self.problem.hide()
        self._showing = False
