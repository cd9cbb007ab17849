"""The side of the neighbourhood: chosen in map pixels, told in metres as well."""

from __future__ import annotations

from qgis.PyQt.QtCore import QCoreApplication, pyqtSignal
from qgis.PyQt.QtGui import QValidator
from qgis.PyQt.QtWidgets import QHBoxLayout, QSpinBox, QWidget

from ...core.job_kinds import KINDS
from .. import look
from ..wheel import keep_wheel_for_scrolling
from .reach import Reach

PARAMETER = next(p for p in KINDS["train"].parameters if p.name == "patch_size")
SMALLEST = 3  # map pixels


class OddBox(QSpinBox):
    """A whole number that is odd and at least 3, or 0 for automatic."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setRange(0, int(PARAMETER.maximum))
        self.setSpecialValueText(QCoreApplication.translate("Landfuse", "automatic"))
        self.setKeyboardTracking(False)
        keep_wheel_for_scrolling(self)

    def stepBy(self, steps: int) -> None:
        """Go through 0, 3, 5, 7 and so on."""
        position = (self.value() - 1) // 2 if self.value() else 0
        self.setValue(max(0, position + steps) * 2 + 1 if position + steps > 0 else 0)

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Take what is typed only once it is odd."""
        state, text, position = super().validate(text, position)
        digits = "".join(c for c in text if c.isdigit())
        if state == QValidator.State.Acceptable and digits and int(digits):
            number = int(digits)
            if number % 2 == 0 or number < SMALLEST:
                state = QValidator.State.Intermediate
        return state, text, position

    def fixup(self, text: str) -> str:
        """Make an even number the next odd one."""
        digits = "".join(c for c in text if c.isdigit())
        number = int(digits or 0)
        fixed = 0 if number == 0 else min(max(SMALLEST, number | 1), self.maximum())
        return str(fixed)


class Neighbourhood(QWidget):
    """A spin box, and beside it what the choice is on the ground."""

    changed = pyqtSignal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.box = OddBox(self)
        self.box.setToolTip(
            self.tr(
                "Side of the square around a pixel that the method looks at, in map pixels. Automatic takes "
                "a square that spans at least one pixel of the coarsest source."
            )
        )
        self.ground = look.hint(parent=self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.box)
        layout.addWidget(self.ground, 1)
        self.box.valueChanged.connect(self._changed)
        self._reach: Reach | None = None

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def set_side(self, side: int) -> None:
        """Show the choice, 0 for automatic; announces nothing."""
        blocked = self.box.blockSignals(True)
        self.box.setValue(side)
        self.box.blockSignals(blocked)
        self._tell()

    def set_reach(self, reach: Reach | None) -> None:
        """Show what a run would take; None where that is not known."""
        self._reach = reach
        self._tell()

    def _changed(self, side: int) -> None:
        self._tell()
        self.changed.emit(side)

    def _tell(self) -> None:
        reach = self._reach
        if reach is None:
            self.ground.setText(self.tr("map pixels") if self.box.value() else "")
            return
        side = self.box.value() or reach.side
        text = self.tr("{metres:.3g} m ({side} pixels of {pixel:.3g} m)")
        self.ground.setText(
            text.format(side=side, pixel=reach.pixel_metres, metres=side * reach.pixel_metres)
        )
