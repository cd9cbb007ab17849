"""The class table on the screen: swatches, marks, and every action with a key."""

from __future__ import annotations

from qgis.gui import QgsColorDialog
from qgis.PyQt.QtCore import QCoreApplication, QItemSelectionModel, QModelIndex, QRectF, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QContextMenuEvent, QKeyEvent, QPainter, QPalette, QPen
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QSpinBox,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from ...core.data.classes import HIGHEST_VALUE
from ...core.evaluation.sample_statistics import GOOD, THIN
from .. import look
from .class_table import ClassTable
from .table_model import AREA, COLOR, NAME, PIXELS, PLACES, VALUE, ClassModel

# Readable on light and on dark ground; the shape says the same for those who cannot tell the colours apart.
GOOD_COLOR, THIN_COLOR, FEW_COLOR = "#2e9e5b", "#cf8500", "#d9534f"
_SWATCH, _MARK = 12, 9  # logical pixels
_FEWEST_ROWS, _MOST_ROWS = 3, 12


class SwatchDelegate(QStyledItemDelegate):
    """Draws the colour of a class."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        super().paint(painter, option, index)
        box = QRectF(0, 0, _SWATCH, _SWATCH)
        box.moveCenter(QRectF(option.rect).center())
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge = QColor(option.palette.color(QPalette.ColorRole.Text))
        edge.setAlpha(90)
        painter.setPen(QPen(edge, 1))
        painter.setBrush(QColor(index.data(Qt.ItemDataRole.UserRole)))
        painter.drawRoundedRect(box, 2.5, 2.5)
        painter.restore()


class MarkDelegate(QStyledItemDelegate):
    """Draws the places of a class with a mark before them: full is enough, half thin, a ring too few."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        super().paint(painter, option, index)
        verdict = index.data(Qt.ItemDataRole.UserRole)
        if not verdict:
            return
        color = QColor({GOOD: GOOD_COLOR, THIN: THIN_COLOR}.get(verdict, FEW_COLOR))
        if option.state & QStyle.StateFlag.State_Selected:  # green on the blue of a selection is not seen
            color = option.palette.color(QPalette.ColorRole.HighlightedText)
        mark = QRectF(0, 0, _MARK, _MARK)
        mark.moveCenter(QRectF(option.rect).center())
        mark.moveLeft(option.rect.left() + look.TIGHT)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(color, 1.6))
        if verdict == GOOD:
            painter.setBrush(color)
        painter.drawEllipse(mark)
        if verdict == THIN:
            painter.setBrush(color)
            painter.drawPie(mark, 90 * 16, 180 * 16)
        painter.restore()


class ValueDelegate(QStyledItemDelegate):
    """Edits a class value."""

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: QModelIndex) -> QWidget:
        editor = QSpinBox(parent)
        editor.setRange(1, HIGHEST_VALUE)
        editor.setFrame(False)
        editor.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        return editor


class ClassTableView(QTableView):
    """The rows of a `ClassTable`; the selected row is its current class."""

    add_asked = pyqtSignal()
    delete_asked = pyqtSignal()
    zoom_asked = pyqtSignal()
    selection_changed = pyqtSignal()

    def __init__(self, table: ClassTable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._table = table
        self._model = ClassModel(table, self)
        self.refused = self._model.refused
        self.setModel(self._model)
        self._delegates = {
            COLOR: SwatchDelegate(self),
            VALUE: ValueDelegate(self),
            PLACES: MarkDelegate(self),
        }
        for column, delegate in self._delegates.items():
            self.setItemDelegateForColumn(column, delegate)
        self._lay_out()
        self.doubleClicked.connect(self._double_clicked)
        self._model.modelReset.connect(self._rows_changed)
        self._model.dataChanged.connect(lambda *_: self._fit_columns())
        self.selectionModel().selectionChanged.connect(lambda *_: self.selection_changed.emit())
        self.selectionModel().currentRowChanged.connect(self._row_chosen)
        table.current_changed.connect(self._show_current)
        self._rows_changed()

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def shut_down(self) -> None:
        """Stop listening."""
        self._table.current_changed.disconnect(self._show_current)
        self._model.shut_down()

    def chosen_values(self) -> list[int]:
        """Return the values of the selected classes, from top to bottom."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return [self._model.row_of(self._model.index(row, 0)).value for row in rows]

    def rename(self, value: int) -> None:
        """Have the user type the name of a class."""
        position = self._model.position(value)
        if position >= 0:
            index = self._model.index(position, NAME)
            self.setCurrentIndex(index)
            self.scrollTo(index)
            self.setFocus()
            self.edit(index)

    def choose_color(self, value: int) -> None:
        """Have the user choose the colour of a class."""
        index = self._model.index(self._model.position(value), COLOR)
        if not index.isValid() or not index.flags() & Qt.ItemFlag.ItemIsEditable:
            return
        row = self._model.row_of(index)
        title = self.tr("Colour of '{}'").format(row.name)
        color = QgsColorDialog.getColor(QColor(row.color), self.window(), title)
        if color.isValid():
            self._model.setData(index, color.name())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and F2 rename, Space colours, Delete deletes, Insert adds."""
        key, values = event.key(), self.chosen_values()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2) and self.currentIndex().isValid():
            column = self.currentIndex().column()
            wanted = column if column == VALUE and key == Qt.Key.Key_F2 else NAME
            self.edit(self._model.index(self.currentIndex().row(), wanted))
        elif key == Qt.Key.Key_Space and self.currentIndex().isValid():
            self.choose_color(self._model.row_of(self.currentIndex()).value)
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and values:
            self.delete_asked.emit()
        elif key == Qt.Key.Key_Insert:
            self.add_asked.emit()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer what can be done with the class under the pointer."""
        index = self.indexAt(event.pos())
        if index.isValid():
            self.class_menu(self._model.row_of(index).value).exec(event.globalPos())

    def class_menu(self, value: int) -> QMenu:
        """Return the menu of a class."""
        menu, refusal = QMenu(self), self._table.refusal
        position = self._model.position(value)
        named = self._model.index(position, NAME).flags() & Qt.ItemFlag.ItemIsEditable
        colored = self._model.index(position, COLOR).flags() & Qt.ItemFlag.ItemIsEditable
        for text, act, possible in (
            (self.tr("Rename"), lambda: self.rename(value), named),
            (self.tr("Colour..."), lambda: self.choose_color(value), colored),
            (self.tr("Delete with all areas"), self.delete_asked.emit, not refusal),
            (self.tr("Zoom to the areas"), self.zoom_asked.emit, self._table.can_style),
        ):
            menu.addAction(text, act).setEnabled(bool(possible))
        return menu

    def sizeHint(self) -> QSize:
        """Return a height that shows all classes of a usual list."""
        rows = min(max(self._model.rowCount(), _FEWEST_ROWS), _MOST_ROWS)
        height = (
            self.horizontalHeader().sizeHint().height() + rows * self.verticalHeader().defaultSectionSize()
        )
        return QSize(look.WIDTH - 2 * look.MARGIN, height + 2 * self.frameWidth())

    def _lay_out(self) -> None:
        modes = QHeaderView.ResizeMode
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setAccessibleName(self.tr("Classes"))
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 2 * look.GAP)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(20)
        for column in range(6):
            header.setSectionResizeMode(column, modes.Stretch if column == NAME else modes.Fixed)

    def _fit_columns(self) -> None:
        """Give each column the width of its longest text, and the names the rest."""
        metrics = self.fontMetrics()
        self.setColumnWidth(COLOR, _SWATCH + 2 * look.TIGHT + 4)
        for column in (VALUE, PIXELS, AREA, PLACES):
            texts = [str(self._model.headerData(column, Qt.Orientation.Horizontal, 0))]
            cells = (self._model.index(i, column) for i in range(self._model.rowCount()))
            texts += [str(index.data()) + ("ooo" if column == PLACES else "") for index in cells]
            width = max(metrics.horizontalAdvance(text) for text in texts)
            self.setColumnWidth(column, width + 2 * look.TIGHT + 4)

    def _rows_changed(self) -> None:
        self._fit_columns()
        self.setFixedHeight(self.sizeHint().height())  # the dock scrolls, the table only where it is long
        self._show_current()

    def _row_chosen(self, index: QModelIndex, _: QModelIndex) -> None:
        if index.isValid():
            self._table.set_current(self._model.row_of(index).value)

    def _show_current(self) -> None:
        current = self._table.current
        position = -1 if current is None else self._model.position(current.value)
        if position >= 0 and self.currentIndex().row() != position:
            flags = QItemSelectionModel.SelectionFlag
            index = self._model.index(position, NAME)
            self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
            self.scrollTo(index)

    def _double_clicked(self, index: QModelIndex) -> None:
        if index.column() == COLOR:
            self.choose_color(self._model.row_of(index).value)
        elif index.flags() & Qt.ItemFlag.ItemIsEditable:
            self.edit(index)
        elif index.column() in (PIXELS, AREA, PLACES):
            self.edit(self._model.index(index.row(), NAME))
