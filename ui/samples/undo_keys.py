"""Ctrl+Z and Ctrl+Shift+Z in the dock work on the history of the training areas."""

from __future__ import annotations

from qgis.PyQt.QtCore import QEvent, QObject
from qgis.PyQt.QtGui import QKeySequence
from qgis.PyQt.QtWidgets import QWidget

from .class_table import ClassTable


class UndoKeys(QObject):
    """Takes the two keys for a widget and all that lies in it.

    QGIS has shortcuts of its own for them, on the active layer; two shortcuts for one key are ambiguous and
    neither works. A widget that claims the key beforehand is asked first. Text boxes do so themselves, and
    keep their own undo.
    """

    def __init__(self, table: ClassTable, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._table = table
        self._widget: QWidget | None = None

    def watch(self, widget: QWidget | None) -> None:
        """Take the keys for `widget` from now on, and for no other."""
        if widget is self._widget:
            return
        if self._widget is not None:
            self._widget.removeEventFilter(self)
        self._widget = widget
        if widget is not None:
            widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Claim the key, then act on it."""
        if event.type() not in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress):
            return False
        undo, redo = event.matches(_KEY.Undo), event.matches(_KEY.Redo)
        if not (undo or redo) or not self._table.has_history:
            return False
        event.accept()
        if event.type() == QEvent.Type.KeyPress:
            (self._table.undo if undo else self._table.redo)()
        return True


_KEY = QKeySequence.StandardKey
