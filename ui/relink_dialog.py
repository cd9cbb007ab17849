"""One dialog for all that a moved project misses: choose a folder, see what was found, take it over."""

from __future__ import annotations

import os

from qgis.core import Qgis, QgsApplication
from qgis.PyQt.QtCore import QCoreApplication, Qt
from qgis.PyQt.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHeaderView,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ..core.errors import Cancelled
from ..processing_provider.task import CoreTask
from . import look
from .state.context import DockContext
from .state.missing import FOLDER, Named, relink, search


class RelinkDialog(QDialog):
    """Lists what is missing with where it was and where it is now. Searching goes on in the background."""

    def __init__(self, context: DockContext, missing: list[Named], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context, self._missing = context, missing
        self._task: CoreTask | None = None
        self.moved: dict[str, str] = {}
        self.setWindowTitle(self.tr("Find what is missing"))
        self.resize(720, 360)
        self.list = QTreeWidget(self)
        self.list.setHeaderLabels([self.tr("Missing"), self.tr("Was at"), self.tr("Found at")])
        self.list.setRootIsDecorated(False)
        self.list.setToolTip(self.tr("Double-click a line to choose its place yourself"))
        self.list.header().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.state = look.hint("", self)
        self.folder_button = QPushButton(self.tr("Look in a folder..."), self)
        self.folder_button.setToolTip(self.tr("Look for all of it, by name, in a folder and those below it"))
        buttons = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(buttons.Ok | buttons.Cancel, self)
        self._ok = self.buttons.button(buttons.Ok)
        self._ok.setText(self.tr("Take over"))
        self._ok.setToolTip(self.tr("Let layers and choices point to what was found"))
        self.buttons.addButton(self.folder_button, QDialogButtonBox.ButtonRole.ActionRole)
        layout = QVBoxLayout(self)
        text = self.tr("Files that this project uses are not where they were. Say where they are now.")
        for widget in (QLabel(text, self), self.list, self.state, self.buttons):
            layout.addWidget(widget)
        self.folder_button.clicked.connect(lambda: self._choose_folder())
        self.list.itemDoubleClicked.connect(self._choose_place)
        self.buttons.accepted.connect(self._take_over)
        self.buttons.rejected.connect(self.reject)
        self._fill()

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def look_in(self, folder: str) -> None:
        """Look for what is still missing below `folder`."""
        left = [thing for thing in self._missing if thing.path not in self.moved]
        self.shut_down()
        self._task = CoreTask(self.tr("Landfuse: looking for files"), lambda p: search(left, folder, p))
        self._task.succeeded.connect(self._found)
        self._task.failed.connect(self._failed)
        self.state.setText(self.tr("Looking in {}...").format(folder))
        QgsApplication.taskManager().addTask(self._task)

    def shut_down(self) -> None:
        """Stop searching."""
        if self._task is not None:
            self._task.abandon()
            self._task = None

    def _found(self, moved: dict[str, str]) -> None:
        self._task = None
        self.moved.update(moved)
        self._fill()

    def _failed(self, error: Exception) -> None:
        self._task = None
        if not isinstance(error, Cancelled):
            self._context.tell(str(error), Qgis.MessageLevel.Critical)
        self._fill()

    def _fill(self) -> None:
        self.list.clear()
        for thing in self._missing:
            item = QTreeWidgetItem([thing.name, thing.path, self.moved.get(thing.path, "")])
            item.setData(0, Qt.ItemDataRole.UserRole, thing.path)
            for column in (1, 2):
                item.setToolTip(column, item.text(column))
            self.list.addTopLevelItem(item)
        for column, width in enumerate((180, 240)):
            self.list.setColumnWidth(column, width)
        count = sum(thing.path in self.moved for thing in self._missing)
        self.state.setText(self.tr("{} of {} found.").format(count, len(self._missing)))
        look.explain(self._ok, "" if count else self.tr("Nothing has been found yet: look in a folder."))

    def _choose_folder(self) -> None:
        start = self._context.session.project.absolutePath()
        folder = QFileDialog.getExistingDirectory(self, self.tr("Look in a folder"), start)
        if folder:
            self.look_in(folder)

    def _choose_place(self, item: QTreeWidgetItem) -> None:
        path = item.data(0, Qt.ItemDataRole.UserRole)
        thing = next(t for t in self._missing if t.path == path)
        start = self._context.session.project.absolutePath()
        if thing.kind == FOLDER:
            chosen = QFileDialog.getExistingDirectory(self, thing.name, start)
        else:
            chosen = QFileDialog.getOpenFileName(self, thing.name, start)[0]
        if chosen:
            self.moved[path] = os.path.abspath(chosen)
            self._fill()

    def _take_over(self) -> None:
        relink(self._context.session, self._missing, self.moved)
        self.accept()
