"""The side of a map pixel: chosen by the program, or fixed by the user."""

from __future__ import annotations

import math

from qgis.PyQt.QtCore import QCoreApplication, pyqtSignal
from qgis.PyQt.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QWidget

from .. import look
from ..wheel import keep_wheel_for_scrolling
from .words import length

_LARGEST = 1e6


class PixelSize(QWidget):
    """`changed` carries the side in map units, 0 where the program is to choose."""

    changed = pyqtSignal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        tip = self.tr("Side of a map pixel in map units. The lowest value lets the program choose.")
        self.box = QDoubleSpinBox(self)
        self.box.setDecimals(3)
        self.box.setRange(0.0, _LARGEST)
        self.box.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        self.box.setKeyboardTracking(False)
        self.box.setToolTip(tip)
        keep_wheel_for_scrolling(self.box)
        label = QLabel(self.tr("Map pixel size"), self)
        label.setToolTip(tip)
        label.setBuddy(self.box)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(look.GAP)
        layout.addWidget(label)
        layout.addWidget(self.box, 1)
        self.show_size(0.0, math.nan, True)
        self.box.valueChanged.connect(self.changed)

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def show_size(self, asked: float, metres: float, has_crs: bool) -> None:
        """Show what is asked for (0: nothing), and the side in metres that follows; announces nothing."""
        blocked = self.box.blockSignals(True)
        found = "" if math.isnan(metres) else f": {length(metres, has_crs)}"
        self.box.setSpecialValueText(self.tr("automatic") + found)
        self.box.setValue(asked)
        self.box.blockSignals(blocked)
