"""Small tables of figures: classes with their colour at the left, numbers at the right, no edit."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import QCoreApplication, QEvent, Qt
from qgis.PyQt.QtGui import QColor, QIcon, QPainter, QPixmap
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

_MOST_ROWS = 12  # shown without scrolling
_SWATCH = 12  # logical pixels


class FigureTable(QTableWidget):
    """A table that is as high as its rows, up to a dozen. Ctrl+C copies it with tabs between the columns."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ContiguousSelection)
        self.setAlternatingRowColors(True)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)
        self.horizontalHeader().setHighlightSections(False)
        self.setToolTip(QCoreApplication.translate("Landfuse", "Ctrl+C copies the table."))

    def fill(self, head: Sequence[str], rows: Sequence[Sequence[str]], colors: Sequence[str] = ()) -> None:
        """Show rows of texts; the first column is a name, with a swatch where there is a colour."""
        self.clear()
        self.setColumnCount(len(head))
        self.setRowCount(len(rows))
        self.setHorizontalHeaderLabels(list(head))
        for i, row in enumerate(rows):
            for j, text in enumerate(row):
                item = QTableWidgetItem(text)
                if j:
                    item.setTextAlignment(int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter))
                elif i < len(colors) and colors[i]:
                    item.setIcon(swatch(colors[i]))
                item.setToolTip(text if not j else f"{row[0]}: {text}")
                self.setItem(i, j, item)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        """Keep the height that of the rows when theme or font change."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.StyleChange, QEvent.Type.FontChange) and self.columnCount():
            self._fit()

    def _fit(self) -> None:
        n_rows = self.rowCount()
        off = Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        self.setVerticalScrollBarPolicy(off if n_rows <= _MOST_ROWS else Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(48)
        shown = min(n_rows, _MOST_ROWS)
        height = header.sizeHint().height() + shown * self.verticalHeader().defaultSectionSize()
        self.setFixedHeight(height + 2 * self.frameWidth() + 2)

    def text(self) -> str:
        """Return the table as text, with tabs between the columns."""
        columns = range(self.columnCount())
        lines = ["\t".join(self.horizontalHeaderItem(j).text() for j in columns)]
        for i in range(self.rowCount()):
            items = (self.item(i, j) for j in columns)
            lines.append("\t".join(item.text() if item is not None else "" for item in items))
        return "\n".join(lines)

    def keyPressEvent(self, event: object) -> None:
        """Copy the whole table with Ctrl+C."""
        if event.key() == Qt.Key.Key_C and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            QApplication.clipboard().setText(self.text())
            return
        super().keyPressEvent(event)


def swatch(color: str) -> QIcon:
    """Return a small square of a class colour with a thin edge that is seen on any background."""
    pixmap = QPixmap(_SWATCH, _SWATCH)
    pixmap.fill(QColor(color))
    painter = QPainter(pixmap)
    painter.setPen(QColor(128, 128, 128))
    painter.drawRect(0, 0, _SWATCH - 1, _SWATCH - 1)
    painter.end()
    return QIcon(pixmap)
