"""The methods to choose from: name, what each is good for, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping

from qgis.PyQt.QtCore import QCoreApplication, pyqtSignal
from qgis.PyQt.QtWidgets import QButtonGroup, QHBoxLayout, QRadioButton, QVBoxLayout, QWidget

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
        self._times = {}
        self._costs: Mapping[str, tuple[str, str]] = {}
        self._group = QButtonGroup(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(look.TIGHT)
        for method, entry in CATALOG.items():
            button = QRadioButton(short_title(method))
            button.setToolTip(f"{self.tr(entry.title)}\n{entry.paper}")
            button.setObjectName(method)
            button.clicked.connect(self._clicked)
            below, beside = look.hint(self.tr(entry.good_for)), look.hint()
            below.setContentsMargins(INDENT, 0, 0, look.TIGHT)
            beside.setWordWrap(False)
            self._group.addButton(button)
            row = QHBoxLayout()
            row.addWidget(button, 1)
            row.addWidget(beside)
            layout.addLayout(row)
            layout.addWidget(below)
            self.buttons[method], self._hints[method], self._times[method] = button, below, beside

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

    def show_costs(self, costs: Mapping[str, tuple[str, str]]) -> None:
        """Show how long each method takes, by method: a few words beside it, a sentence in the tool tip."""
        self._costs = dict(costs)
        for method, label in self._times.items():
            time, sentence = self._costs.get(method, ("", ""))
            label.setText(time)
            label.setToolTip(sentence)

    def cost(self, method: str) -> str:
        """Return what is said of the cost of a method, "" where nothing is known."""
        return self._costs.get(method, ("", ""))[1]

    def _clicked(self) -> None:
        self.chosen.emit(self.sender().objectName())
