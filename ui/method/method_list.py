"""The methods to choose from: name, what each is good for, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping

from qgis.PyQt.QtCore import QCoreApplication, pyqtSignal
from qgis.PyQt.QtWidgets import QButtonGroup, QRadioButton, QVBoxLayout, QWidget

from ...core.models.catalog import CATALOG
from .. import look

INDENT = 22  # logical pixels: the text below a radio button begins where its own text does


def short_title(method: str) -> str:
    """Return the name of a method without the explanation in brackets; a name not known here as it is."""
    return CATALOG[method].title.split(" (")[0] if method in CATALOG else method


class MethodList(QWidget):
    """A radio button for each method of the catalogue, with a line below it."""

    chosen = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons: dict[str, QRadioButton] = {}
        self._hints = {}
        self._costs: Mapping[str, str] = {}
        self._group = QButtonGroup(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(look.TIGHT)
        for method, entry in CATALOG.items():
            button = QRadioButton(short_title(method))
            button.setToolTip(f"{self.tr(entry.title)}\n{entry.paper}")
            button.setObjectName(method)
            button.clicked.connect(self._clicked)
            below = look.hint()
            below.setContentsMargins(INDENT, 0, 0, look.TIGHT)
            self._group.addButton(button)
            layout.addWidget(button)
            layout.addWidget(below)
            self.buttons[method], self._hints[method] = button, below
        self.show_costs({})

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    @property
    def current(self) -> str:
        """The chosen method, "" for none."""
        return next((method for method, button in self.buttons.items() if button.isChecked()), "")

    def choose(self, method: str) -> None:
        """Show `method` as chosen; announces nothing."""
        if method in self.buttons:
            self.buttons[method].setChecked(True)

    def show_costs(self, costs: Mapping[str, str]) -> None:
        """Show what training costs, by method, after what the method is good for."""
        self._costs = dict(costs)
        for method, label in self._hints.items():
            text = self.tr(CATALOG[method].good_for)
            cost = self._costs.get(method, "")
            label.setText(f"{text} {cost}".strip())

    def cost(self, method: str) -> str:
        """Return what is said of the cost of a method, "" where nothing is known."""
        return self._costs.get(method, "")

    def _clicked(self) -> None:
        self.chosen.emit(self.sender().objectName())
