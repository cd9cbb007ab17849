"""The notice of a moved project: what is missing in one list, and the way to the dialog that relinks."""

from __future__ import annotations

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QCoreApplication, QTimer
from qgis.PyQt.QtWidgets import QWidget

from ..processing_provider.task import CoreTask
from .notice import Notice
from .state.context import DockContext
from .state.missing import Named, absent, invalid_layers, named_things

_SHOWN = 4  # names in the notice; the dialog lists all


class MissingNotice(Notice):
    """Looks, in the background, whether all that a project names is there: when it is opened."""

    def __init__(self, context: DockContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._task: CoreTask | None = None
        self.missing: list[Named] = []
        self.add_button(self.tr("Later"), self.tr("Hide this until the project is opened again"), self.hide)
        self.find = self.add_button(
            self.tr("Find..."), self.tr("List what is missing and look for it in a folder"), self._relink
        )
        self._timer = QTimer(self)  # after the project is complete and the session has read it
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._look)
        project = context.session.project
        self._links = [(project.readProject, self.look), (project.cleared, self._forget)]
        for signal, slot in self._links:
            signal.connect(slot)
        self.look()

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def look(self, *_: object) -> None:
        """Look what is missing."""
        self._timer.start()

    def shut_down(self) -> None:
        """Stop looking and listening."""
        self._forget()
        for signal, slot in self._links:
            signal.disconnect(slot)
        self._links = []

    def _forget(self) -> None:
        self._timer.stop()
        if self._task is not None:
            self._task.abandon()
            self._task = None
        self._show([])

    def _look(self) -> None:
        self._forget()
        things, invalid = named_things(self._context.session), invalid_layers(self._context.session)
        if not things:
            return
        self._task = CoreTask(
            self.tr("Landfuse: looking for files"), lambda p: absent(things, invalid, p), silent=True
        )
        self._task.succeeded.connect(self._looked)
        QgsApplication.taskManager().addTask(self._task)

    def _looked(self, missing: list[Named]) -> None:
        self._task = None
        self._show(missing)

    def _show(self, missing: list[Named]) -> None:
        self.missing = missing
        if not missing:
            self.hide()
            return
        lines = [thing.name for thing in missing[:_SHOWN]]
        if len(missing) > _SHOWN:
            lines.append(self.tr("and {} more").format(len(missing) - _SHOWN))
        title = self.tr("{} things of this project are missing").format(len(missing))
        if len(missing) == 1:
            title = self.tr("One thing of this project is missing")
        self.show_text(title, "\n".join(lines))

    def _relink(self) -> None:
        from .relink_dialog import RelinkDialog

        dialog = RelinkDialog(self._context, self.missing, self._context.iface.mainWindow())
        dialog.exec()
        dialog.shut_down()
        dialog.deleteLater()
        self.look()
