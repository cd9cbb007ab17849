"""Copy or save a finished run as command, Python or job files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qgis.core import Qgis
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtWidgets import QApplication, QFileDialog, QMenu, QToolButton

from ...core.errors import LandfuseError
from .. import look
from ..state.choices import RunRecord
from ..state.context import DockContext
from .recipe import Recipe, make_recipe
from .recipe_text import as_command, as_jobs, as_python, save_text


class CopyButton(QToolButton):
    """A menu with the forms in which the latest run can be taken elsewhere."""

    def __init__(self, context: DockContext) -> None:
        super().__init__()
        self._context = context
        self.setIcon(look.icon("/mActionEditCopy.svg"))
        self.setToolTip(self.tr("Copy the latest run as a command, as Python or as job files."))
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setMinimumHeight(36)
        self.actions_by_name = {}
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        for name, text, tip, done in self._entries():
            action = menu.addAction(text)
            action.setToolTip(tip)
            action.triggered.connect(done)
            self.actions_by_name[name] = action
        self.setMenu(menu)
        context.session.runs_changed.connect(self._show)
        self._show()

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def _entries(self) -> list[tuple[str, str, str, Callable[[], None]]]:
        command, python = self.tr("Commands for a shell"), self.tr("Lines for QGIS's Python")
        jobs = self.tr("For 'landfuse run' on a machine without QGIS Desktop")
        return [
            ("command", self.tr("Copy as qgis_process command"), command, self.copy_command),
            ("python", self.tr("Copy as Python"), python, self.copy_python),
            ("jobs", self.tr("Copy as job"), jobs, self.copy_jobs),
            ("save_command", self.tr("Save the qgis_process command..."), command, self.save_command),
            ("save_python", self.tr("Save the Python..."), python, self.save_python),
            ("save_jobs", self.tr("Save the job files..."), jobs, self.save_jobs),
        ]

    def copy_command(self) -> None:
        """Put the run into the clipboard as commands."""
        self._copy(lambda recipe, _: as_command(recipe))

    def copy_python(self) -> None:
        """Put the run into the clipboard as Python."""
        self._copy(lambda recipe, _: as_python(recipe))

    def copy_jobs(self) -> None:
        """Put the jobs of the run into the clipboard."""
        self._copy(lambda recipe, record: "".join(as_jobs(recipe, record, self._context.session).values()))

    def save_command(self) -> None:
        """Save the run as a shell script."""
        self._save(self.tr("Shell scripts (*.sh *.bat)"), "command.sh", lambda recipe: as_command(recipe))

    def save_python(self) -> None:
        """Save the run as a Python file."""
        self._save(self.tr("Python files (*.py)"), "run.py", as_python)

    def save_jobs(self) -> None:
        """Save the jobs of the run into a folder."""
        record = self._latest()
        folder = QFileDialog.getExistingDirectory(self, self.tr("Folder for the job files"), record.folder)
        if folder:
            self._told(lambda: self._save_jobs(record, Path(folder)))

    def _show(self) -> None:
        reason = "" if self._context.session.runs else self.tr("There is no finished run yet.")
        look.explain(self, reason)

    def _latest(self) -> RunRecord:
        return self._context.session.runs[-1]

    def _copy(self, text: Callable[[Recipe, RunRecord], str]) -> None:
        def copy() -> str:
            record = self._latest()
            recipe = make_recipe(record, self._context.session)
            QApplication.clipboard().setText(text(recipe, record))
            return " ".join([self.tr("{} is in the clipboard.").format(record.name), *recipe.notes])

        self._told(copy)

    def _save(self, wanted: str, name: str, text: Callable[[Recipe], str]) -> None:
        record = self._latest()
        start = str(Path(record.folder) / name)
        path, _ = QFileDialog.getSaveFileName(self, self.tr("Save the run"), start, wanted)
        if not path:
            return

        def save() -> str:
            recipe = make_recipe(record, self._context.session)
            save_text(path, text(recipe))
            return " ".join([self.tr("Saved: {}").format(path), *recipe.notes])

        self._told(save)

    def _save_jobs(self, record: RunRecord, folder: Path) -> str:
        session = self._context.session
        recipe = make_recipe(record, session)
        files = as_jobs(recipe, record, session)
        for name, content in files.items():
            save_text(folder / name, content)
        return self.tr("Saved: {}").format(", ".join(str(folder / name) for name in files))

    def _told(self, work: Callable[[], str]) -> None:
        """Do it and say how it went."""
        try:
            self._context.tell(work(), Qgis.MessageLevel.Success)
        except LandfuseError as error:
            self._context.tell(str(error), Qgis.MessageLevel.Critical)
