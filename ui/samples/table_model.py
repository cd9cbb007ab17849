"""The class table as a model for Qt's table view; it holds nothing of its own but what was drawn last."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import QAbstractTableModel, QCoreApplication, QModelIndex, QObject, Qt, pyqtSignal

from ...core.errors import LandfuseError
from .class_row import ClassCount, ClassRow
from .class_table import ClassTable
from .class_words import area_text, number_text, short_count, verdict_text

COLOR, VALUE, NAME, PIXELS, AREA, PLACES = range(6)


class ClassModel(QAbstractTableModel):
    """Rows are classes; name, value and colour can be edited, which changes the layer's style."""

    refused = pyqtSignal(str)  # why an edit was not taken

    def __init__(self, table: ClassTable, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._table = table
        self._rows: tuple[ClassRow, ...] = ()
        table.changed.connect(self._changed)
        table.counts_changed.connect(self._counted)
        self._changed()

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def shut_down(self) -> None:
        """Stop listening."""
        self._table.changed.disconnect(self._changed)
        self._table.counts_changed.disconnect(self._counted)

    def row_of(self, index: QModelIndex) -> ClassRow:
        """Return the class at an index."""
        return self._rows[index.row()]

    def position(self, value: int) -> int:
        """Return the row number of a class value, -1 where there is none."""
        return next((i for i, row in enumerate(self._rows) if row.value == value), -1)

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008  Qt's own default
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008  Qt's own default
        return 0 if parent.isValid() else 6

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsEditable if self._can_edit(index) else flags

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            words = (
                "",
                self.tr("No."),
                self.tr("Class"),
                self.tr("Pixels"),
                self.tr("Area"),
                self.tr("Places"),
            )
            return words[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._column_tip(section)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._alignment(section)
        return None

    def data(self, index: QModelIndex, role: int = 0) -> Any:
        row = self.row_of(index)
        count = self._table.counts.get(row.value, ClassCount())
        column = index.column()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return self._text(column, row, count, role == Qt.ItemDataRole.EditRole)
        if role == Qt.ItemDataRole.UserRole:
            return count.verdict if column == PLACES else row.color
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(column, row, count)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._alignment(column)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{self._text(column, row, count, False)} {self._tip(column, row, count)}"
        return None

    def setData(self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        row = self.row_of(index)
        try:
            if index.column() == NAME:
                self._table.rename(row.value, str(value))
            elif index.column() == VALUE:
                self._table.set_value(row.value, int(value))
            elif index.column() == COLOR:
                self._table.recolor(row.value, str(value))
        except LandfuseError as error:
            self.refused.emit(str(error))
            return False
        except ValueError:
            self.refused.emit(self.tr("'{}' is not a whole number.").format(value))
            return False
        return True

    def _can_edit(self, index: QModelIndex) -> bool:
        if not self._table.refusal:
            text = isinstance(self.row_of(index).stored, str)
            return index.column() in (COLOR, NAME) or (index.column() == VALUE and not text)
        styled = self._table.can_style and index.column() in (COLOR, NAME)
        return styled and not (index.column() == NAME and isinstance(self.row_of(index).stored, str))

    def _text(self, column: int, row: ClassRow, count: ClassCount, edited: bool) -> Any:
        if column == COLOR:
            return row.color if edited else ""
        if column == VALUE:
            return row.value
        if column == NAME:
            return row.name
        if column == PIXELS:
            return short_count(count.pixels)
        return area_text(count.square_metres) if column == AREA else number_text(count.places)

    def _tip(self, column: int, row: ClassRow, count: ClassCount) -> str:
        if column == PLACES:
            return verdict_text(count)
        if column == PIXELS:
            return self.tr("{} map pixels").format(number_text(count.pixels))
        if column == AREA and count.areas is not None:
            return self.tr("{} training areas").format(number_text(count.areas))
        if not row.styled:
            return self.tr("Areas have this class, the style of the layer does not show it.")
        if column == COLOR:
            return self.tr("{}: double-click, or press Space, for another colour.").format(row.color)
        if column == VALUE and isinstance(row.stored, str):
            return self.tr("The value in the map: texts are numbered in alphabetical order.")
        return row.name

    def _column_tip(self, column: int) -> str:
        return {
            COLOR: self.tr("Colour, the one of the layer's style."),
            VALUE: self.tr("Value of the class in the map, 1 to 65535."),
            NAME: self.tr("Name of the class, the one in the legend."),
            PIXELS: self.tr("Map pixels that the areas of the class cover."),
            AREA: self.tr("Area on the ellipsoid."),
            PLACES: self.tr(
                "Separate places: areas closer together than the gap of a run are one. Good from 5, thin "
                "from 3, both from 30 map pixels."
            ),
        }[column]

    def _alignment(self, column: int) -> Any:
        side = Qt.AlignmentFlag.AlignLeft if column in (COLOR, NAME) else Qt.AlignmentFlag.AlignRight
        flags = side | Qt.AlignmentFlag.AlignVCenter
        return flags if hasattr(flags, "value") else int(flags)  # Qt 5 takes a plain number only

    def _changed(self) -> None:
        rows = self._table.rows
        if [r.stored for r in rows] == [r.stored for r in self._rows]:
            self._rows = rows  # the selection stays
            self._counted()
        else:
            self.beginResetModel()
            self._rows = rows
            self.endResetModel()

    def _counted(self) -> None:
        if self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, PLACES))
