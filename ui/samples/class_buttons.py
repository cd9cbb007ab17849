"""The buttons below the class table: add, delete, merge, undo, redo, and lists of classes in files."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from qgis.PyQt.QtCore import QCoreApplication, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QIcon, QPixmap
from qgis.PyQt.QtWidgets import QHBoxLayout, QMenu, QPushButton, QToolButton, QWidget

from .. import look
from .class_table import ClassRow, ClassTable
from .table_view import ClassTableView

_SWATCH = 12  # logical pixels


class ClassButtons(QWidget):
    """What can be done with the selected classes; a button that is off says why."""

    add_asked = pyqtSignal()
    delete_asked = pyqtSignal()
    merge_asked = pyqtSignal(list, int)  # class values, and the one that they become
    import_asked = pyqtSignal()
    export_asked = pyqtSignal()

    def __init__(self, table: ClassTable, view: ClassTableView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._table, self._view = table, view
        self._build()
        table.changed.connect(self.refresh)
        view.selection_changed.connect(self.refresh)
        self.refresh()

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def shut_down(self) -> None:
        """Stop listening."""
        self._table.changed.disconnect(self.refresh)

    def refresh(self) -> None:
        """Switch the buttons on and off."""
        table, chosen = self._table, self._view.chosen_values()
        none = "" if chosen else self.tr("Select a class first.")
        alone = "" if len(table.rows) > 1 else self.tr("There is no other class to merge with.")
        look.explain(self.add, table.refusal)
        look.explain(self.delete, table.refusal or none)
        look.explain(self.merge, table.refusal or none or alone)
        look.explain(self.undo, "" if table.can_undo else self.tr("There is nothing to undo."))
        look.explain(self.redo, "" if table.can_redo else self.tr("There is nothing to redo."))
        empty = "" if table.rows else self.tr("There are no classes yet.")
        self.importing.setEnabled(not table.refusal)
        self.exporting.setEnabled(not empty)

    def merge_menu(self, menu: QMenu) -> None:
        """Fill a menu with the classes that the selected ones can become."""
        menu.clear()
        chosen = self._view.chosen_values()
        targets = [r for r in self._table.rows if len(chosen) == 1 or r.value in chosen]
        for row in targets:
            if chosen != [row.value]:
                text = self.tr("Into {value} {name}").format(value=row.value, name=row.name)
                action = menu.addAction(_swatch(row), text)
                action.triggered.connect(partial(self._merge, chosen, row.value))

    def _merge(self, chosen: list[int], into: int, *_: object) -> None:
        self.merge_asked.emit(chosen, into)

    def _build(self) -> None:
        self.add = QPushButton(look.icon("/symbologyAdd.svg"), self.tr("Add class"), self)
        self.add.setToolTip(self.tr("Add a class (Insert) and type its name."))
        self.add.clicked.connect(self.add_asked)
        self.delete = self._button(
            "/symbologyRemove.svg",
            self.tr("Delete the selected classes with all their areas (Delete). One undo brings all back."),
            self.delete_asked.emit,
        )
        self.merge = self._button(
            "/mActionMergeFeatures.svg",
            self.tr("Merge classes: the areas of the selected classes become those of another one."),
        )
        self._with_menu(self.merge).aboutToShow.connect(lambda: self.merge_menu(self.merge.menu()))
        self.undo = self._button(
            "/mActionUndo.svg", self.tr("Undo (Ctrl+Z): areas, names and colours alike."), self._table.undo
        )
        self.redo = self._button("/mActionRedo.svg", self.tr("Redo (Ctrl+Shift+Z)."), self._table.redo)
        self.more = self._button(
            "/mActionSharingExport.svg", self.tr("Import or export the list of classes.")
        )
        menu = self._with_menu(self.more)
        menu.setToolTipsVisible(True)
        self.importing = menu.addAction(self.tr("Import classes..."), self.import_asked.emit)
        self.importing.setToolTip(self.tr("Take names and colours from a CSV file or a style file (QML)."))
        self.exporting = menu.addAction(self.tr("Export classes..."), self.export_asked.emit)
        self.exporting.setToolTip(self.tr("Write value, name and color as CSV, or the style as QML."))
        self._lay_out()

    def _lay_out(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(look.TIGHT)
        layout.addWidget(self.add)
        for button in (self.delete, self.merge):
            layout.addWidget(button)
        layout.addStretch(1)
        for button in (self.undo, self.redo, self.more):
            layout.addWidget(button)

    def _button(self, icon: str, tip: str, act: Callable[[], None] | None = None) -> QToolButton:
        button = look.tool_button(icon, tip, self)
        if act is not None:
            button.clicked.connect(lambda *_: act())
        return button

    def _with_menu(self, button: QToolButton) -> QMenu:
        menu = QMenu(button)
        button.setMenu(menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        return menu


def _swatch(row: ClassRow) -> QIcon:
    """Return the colour of a class as an icon."""
    pixmap = QPixmap(_SWATCH, _SWATCH)
    pixmap.fill(QColor(row.color))
    return QIcon(pixmap)
