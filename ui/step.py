"""What every step of the dock is: a widget with a title, one line of state, and an end."""

from __future__ import annotations

from qgis.PyQt.QtCore import QCoreApplication, pyqtSignal
from qgis.PyQt.QtWidgets import QWidget

from .state.context import DockContext


class Step(QWidget):
    """One section of the dock. It reads and changes `context.session` and never another step."""

    TITLE = ""
    headline_changed = pyqtSignal(str)  # the state in a few words, shown beside the title: "3 sources, 2 m"

    def __init__(self, context: DockContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self.session = context.session

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def shut_down(self) -> None:
        """Stop listening and give map tools, rubber bands and tasks back, when the plugin is unloaded."""
