"""A form made from the parameters of a job: a new one in core needs no new widget here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from qgis.gui import QgsFileWidget
from qgis.PyQt.QtCore import QCoreApplication, QObject, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from ...core.job_spec import Parameter
from ..wheel import keep_wheel_for_scrolling

_LIMIT = 2**31 - 1  # of Qt's whole numbers
_SPECIAL = re.compile(r"^(.*?)\s*\((-?\d+) = ([^()]+)\)$")  # "Batch size (0 = automatic)"


class SettingsForm(QWidget):
    """One row for each parameter. `values` are those that differ from the defaults."""

    changed = pyqtSignal()

    def __init__(self, parameters: Iterable[Parameter], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.editors: dict[str, Editor] = {}
        self._parameters = {p.name: p for p in parameters}
        self._labels: dict[str, QLabel] = {}
        self._shown: tuple[str, ...] = ()
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for parameter in self._parameters.values():
            self._make_row(parameter)
        self._show_rows(tuple(self._parameters))

    def values(self) -> dict[str, Any]:
        """Return the settings that differ from their defaults."""
        found = {name: editor.value() for name, editor in self.editors.items()}
        return {name: value for name, value in found.items() if value != self._parameters[name].default}

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Show `values`, the default of a parameter where there is none; announces nothing."""
        for name, editor in self.editors.items():
            editor.show_value(values.get(name, self._parameters[name].default))

    def show_for(self, method: str) -> None:
        """Leave out the rows that `method` does not read."""
        read = (p.name for p in self._parameters.values() if not p.methods or method in p.methods)
        self._show_rows(tuple(read))

    def _make_row(self, parameter: Parameter) -> None:
        editor = Editor(parameter, self)
        editor.changed.connect(self.changed)
        self.editors[parameter.name] = editor
        label = QLabel(editor.label)
        label.setWordWrap(True)
        label.setToolTip(editor.widget.toolTip())
        label.setBuddy(editor.widget)
        self._labels[parameter.name] = label

    def _show_rows(self, names: tuple[str, ...]) -> None:
        """Put these rows into the form: rows that are only hidden would leave gaps."""
        if names == self._shown:
            return
        form = self.layout()
        while form.rowCount():
            form.takeRow(0)
        for name, editor in self.editors.items():
            is_shown = name in names
            if is_shown:
                form.addRow(self._labels[name], editor.widget)
            for widget in (self._labels[name], editor.widget):
                widget.setParent(self)
                widget.setVisible(is_shown)
        self._shown = names


class Editor(QObject):
    """The widget of one parameter, by its type."""

    changed = pyqtSignal()

    def __init__(self, parameter: Parameter, parent: QWidget) -> None:
        super().__init__(parent)
        self._parameter = parameter
        text = tr(parameter.label)
        self._special = _SPECIAL.match(text)
        if self._special and float(self._special[2]) != parameter.minimum:
            self._special = None
        self.label = self._special[1] if self._special else text
        make = _choice if parameter.choices else _MAKERS.get(parameter.type, _line)
        self.widget = make(parameter)
        if self._special and isinstance(self.widget, QAbstractSpinBox):
            self.widget.setSpecialValueText(self._special[3])
        self.widget.setToolTip(tr(parameter.help) or text)
        self.widget.setObjectName(parameter.name)
        if isinstance(self.widget, (QComboBox, QAbstractSpinBox)):
            keep_wheel_for_scrolling(self.widget)
        self.show_value(parameter.default)
        self._signal().connect(self.changed)

    def value(self) -> Any:
        """Return what is entered, in the type of the parameter."""
        widget = self.widget
        if isinstance(widget, QComboBox):
            return widget.currentData()
        if isinstance(widget, QCheckBox):
            return widget.isChecked()
        if isinstance(widget, (QSpinBox, QDoubleSpinBox)):
            return widget.value()
        return widget.filePath() if isinstance(widget, QgsFileWidget) else widget.text()

    def show_value(self, value: Any) -> None:
        """Show `value` and announce nothing."""
        widget = self.widget
        blocked = widget.blockSignals(True)
        if isinstance(widget, QComboBox):
            widget.setCurrentIndex(widget.findData(value))
        elif isinstance(widget, QCheckBox):
            widget.setChecked(bool(value))
        elif isinstance(widget, (QSpinBox, QDoubleSpinBox)):
            widget.setValue(value)
        elif isinstance(widget, QgsFileWidget):
            widget.setFilePath(value)
        elif widget.text() != value:  # the cursor stays where the user types
            widget.setText(value)
        widget.blockSignals(blocked)

    def _signal(self) -> Any:
        widget = self.widget
        if isinstance(widget, QComboBox):
            return widget.currentIndexChanged
        if isinstance(widget, QCheckBox):
            return widget.toggled
        if isinstance(widget, (QSpinBox, QDoubleSpinBox)):
            return widget.valueChanged
        return widget.fileChanged if isinstance(widget, QgsFileWidget) else widget.textChanged


def tr(text: str) -> str:
    """Translate interface text."""
    return QCoreApplication.translate("Landfuse", text) if text else ""


def _whole(parameter: Parameter) -> QSpinBox:
    box = QSpinBox()
    box.setRange(
        int(parameter.minimum) if parameter.minimum is not None else -_LIMIT,
        int(parameter.maximum) if parameter.maximum is not None else _LIMIT,
    )
    box.setKeyboardTracking(False)
    return box


class _PlainBox(QDoubleSpinBox):
    """A real number without zeros at its end."""

    def textFromValue(self, value: float) -> str:
        return self.locale().toString(float(value), "g", 6)


def _real(parameter: Parameter) -> QDoubleSpinBox:
    box = _PlainBox()
    box.setDecimals(5 if (parameter.maximum or 100) <= 10 else 2)
    box.setRange(
        parameter.minimum if parameter.minimum is not None else -1e9,
        parameter.maximum if parameter.maximum is not None else 1e9,
    )
    box.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
    box.setKeyboardTracking(False)
    return box


def _choice(parameter: Parameter) -> QComboBox:
    box = QComboBox()
    for choice in parameter.choices:
        box.addItem(choice, choice)
    return box


def _line(_: Parameter) -> QLineEdit:
    return QLineEdit()


def _check(_: Parameter) -> QCheckBox:
    return QCheckBox()


def _path(parameter: Parameter) -> QgsFileWidget:
    box = QgsFileWidget()
    if parameter.type == "folder":
        box.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
    return box


_MAKERS = {"int": _whole, "float": _real, "bool": _check, "file": _path, "folder": _path}
