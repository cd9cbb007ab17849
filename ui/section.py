"""One collapsible step of the dock: a header with title and state, the step's widget below it."""

from __future__ import annotations

from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QEvent, QPoint, QRect, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QPainter, QPaintEvent, QPolygon
from qgis.PyQt.QtWidgets import QAbstractButton, QSizePolicy, QVBoxLayout, QWidget

from . import look


class SectionHeader(QAbstractButton):
    """An arrow, the title, and the state in a few words on the right; a click or Space unfolds."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(title)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self._state = ""
        self._colors = None

    @property
    def state(self) -> str:
        """The state in a few words."""
        return self._state

    def set_state(self, text: str) -> None:
        """Show the state in a few words beside the title."""
        self._state = text
        self.setAccessibleDescription(text)
        self.update()

    def sizeHint(self) -> QSize:
        """Return the height of a line of bold text with room around it."""
        return QSize(look.WIDTH, self.fontMetrics().height() + 2 * look.MARGIN)

    def changeEvent(self, event: QEvent) -> None:
        """Look up the colours again when the theme changes."""
        super().changeEvent(event)
        self._colors = None

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the header in the colours of the theme."""
        if self._colors is None:
            self._colors = look.ink(self), look.muted(self), look.line_color(self)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_ground(painter)
        self._draw_arrow(painter)
        self._draw_texts(painter)
        painter.end()

    def _draw_ground(self, painter: QPainter) -> None:
        _, muted, line = self._colors
        painter.setPen(line)
        painter.drawLine(0, 0, self.width(), 0)
        if self.underMouse() or self.hasFocus():
            muted.setAlpha(34)
            painter.fillRect(self.rect().adjusted(0, 1, 0, 0), muted)
            muted.setAlpha(255)

    def _draw_arrow(self, painter: QPainter) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._colors[1])
        x, y = look.MARGIN + 5, self.height() // 2
        corners = [(-5, -2), (5, -2), (0, 4)] if self.isChecked() else [(-2, -5), (-2, 5), (4, 0)]
        painter.drawPolygon(QPolygon([QPoint(x + dx, y + dy) for dx, dy in corners]))

    def _draw_texts(self, painter: QPainter) -> None:
        font = self.font()
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(self._colors[0])
        middle = Qt.AlignmentFlag.AlignVCenter
        title = self.rect().adjusted(look.MARGIN + 18, 0, -look.MARGIN, 0)
        used: QRect = painter.boundingRect(title, middle, self.text())
        painter.drawText(title, middle, self.text())
        painter.setFont(self.font())
        painter.setPen(self._colors[1])
        rest = title.adjusted(used.width() + 2 * look.MARGIN, 0, 0, 0)
        short = self.fontMetrics().elidedText(self._state, Qt.TextElideMode.ElideRight, rest.width())
        painter.drawText(rest, middle | Qt.AlignmentFlag.AlignRight, short)


class Section(QWidget):
    """A header and a body; whether it is unfolded is remembered under `key`."""

    toggled = pyqtSignal(bool)

    def __init__(self, key: str, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.key = key
        self.header = SectionHeader(title, self)
        self.body: QWidget | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        self.header.toggled.connect(self._toggle)

    def set_body(self, body: QWidget) -> None:
        """Put the step below the header."""
        self.body = body
        self.layout().addWidget(body)
        body.setVisible(self.is_open())

    def is_open(self) -> bool:
        """Tell whether the body is shown."""
        return self.header.isChecked()

    def set_open(self, is_open: bool) -> None:
        """Fold or unfold."""
        self.header.setChecked(is_open)

    def restore(self, default: bool) -> None:
        """Unfold as when the dock was last used."""
        self.set_open(QgsSettings().value(self._setting(), default, type=bool))

    def _toggle(self, is_open: bool) -> None:
        if self.body is not None:
            self.body.setVisible(is_open)
        QgsSettings().setValue(self._setting(), is_open)
        self.toggled.emit(is_open)

    def _setting(self) -> str:
        return f"landfuse/sections/{self.key}"
