"""A part of a step that is folded away until it is asked for."""

from __future__ import annotations

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QSizePolicy, QToolButton, QVBoxLayout, QWidget

from . import look


class Fold(QWidget):
    """A flat button with an arrow; a click shows or hides `content` below it."""

    toggled = pyqtSignal(bool)

    def __init__(self, title: str, tip: str, content: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.content = content
        self.button = QToolButton(self)
        self.button.setText(title)
        self.button.setToolTip(tip)
        self.button.setCheckable(True)
        # Open or not is what the arrow says; the pressed look of a checked button says something else.
        self.button.setStyleSheet(
            "QToolButton { border: none; background: transparent; padding: 2px; }"
            "QToolButton:hover, QToolButton:focus { text-decoration: underline; }"
        )
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(look.TIGHT)
        layout.addWidget(self.button)
        layout.addWidget(content)
        self.button.toggled.connect(self._toggle)
        self._toggle(False)

    def set_open(self, is_open: bool) -> None:
        """Show or hide the content."""
        self.button.setChecked(is_open)

    def set_title(self, title: str) -> None:
        """Change the text of the button."""
        self.button.setText(title)

    def _toggle(self, is_open: bool) -> None:
        self.button.setArrowType(Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow)
        self.content.setVisible(is_open)
        self.toggled.emit(is_open)
