"""A notice at the top of the dock: a text, what can be done about it, and how far that is."""

from __future__ import annotations

from collections.abc import Callable

from qgis.PyQt.QtCore import QEvent, Qt
from qgis.PyQt.QtGui import QPainter, QPaintEvent, QPalette
from qgis.PyQt.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from . import look

_STRIPE = 3  # logical pixels


class Notice(QFrame):
    """Hidden until something is to be said. Buttons stand below the text, on the right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = QLabel(self)
        font = self.title.font()
        font.setBold(True)
        self.title.setFont(font)
        self.text = look.hint("", self)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.bar = QProgressBar(self)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(look.GAP)
        self._buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(look.MARGIN + _STRIPE, look.MARGIN, look.MARGIN, look.MARGIN)
        layout.setSpacing(look.GAP)
        self.title.setWordWrap(True)
        for widget in (self.title, self.text, self.bar):
            layout.addWidget(widget)
        layout.addLayout(self._buttons)
        self.hide()

    def add_button(self, text: str, tip: str, slot: Callable[[], None]) -> QPushButton:
        """Add a button at the right end and return it."""
        button = QPushButton(text, self)
        button.setToolTip(tip)
        button.clicked.connect(lambda: slot())
        self._buttons.addWidget(button)
        return button

    def show_text(self, title: str, text: str, share: float | None = None) -> None:
        """Show the notice; `share` of the work that is done, None without a bar."""
        self.title.setText(title)
        self.text.setText(text)
        self.text.setVisible(bool(text))
        self.bar.setVisible(share is not None)
        if share is not None:
            self.bar.setValue(round(100 * share))
        self.show()

    def changeEvent(self, event: QEvent) -> None:
        """Draw again when the theme changes."""
        super().changeEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw a tinted ground with a stripe in the accent colour on the left."""
        accent = self.palette().color(QPalette.ColorRole.Highlight)
        painter = QPainter(self)
        painter.fillRect(self.rect(), look.mixed(accent, look.paper(self), 0.12))
        painter.fillRect(0, 0, _STRIPE, self.height(), accent)
        painter.end()
