"""The one folder beside the project for samples, models, maps and runs."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from qgis.core import Qgis, QgsProject, QgsSettings
from qgis.PyQt.QtCore import QCoreApplication, QStandardPaths
from qgis.PyQt.QtWidgets import QFileDialog, QMessageBox

from .context import DockContext

FOLDER_SETTING = "landfuse/folder"  # where unsaved projects get their folders; "" asks


def tr(text: str) -> str:
    """Translate interface text."""
    return QCoreApplication.translate("Landfuse", text)


def needed_folder(context: DockContext) -> str:
    """Return the absolute path of the project's folder, made if need be; "" when the user said no.

    A saved project has it beside its file. Otherwise the user is asked once; the session keeps the answer.
    """
    session = context.session
    if session.folder and Path(session.folder).is_dir() and _made(context, session.folder):
        return session.folder
    folder = beside_project(session.project) or _for_unsaved(context)
    if not folder or not _made(context, folder):
        return ""
    session.set_folder(folder)
    return folder


def beside_project(project: QgsProject) -> str:
    """Return where the folder of a saved project belongs, "" for an unsaved one."""
    place = project.absolutePath()
    if not project.fileName() or not place:
        return ""
    return str(Path(place) / f"{project.baseName() or 'project'}_landfuse")


def is_temporary(folder: str) -> bool:
    """Tell whether a folder lies where the system clears up."""
    places = {tempfile.gettempdir(), QStandardPaths.writableLocation(_LOCATION.TempLocation)}
    real = Path(os.path.realpath(folder))
    return any(Path(os.path.realpath(p)) in (real, *real.parents) for p in places if p)


_LOCATION = QStandardPaths.StandardLocation


def _for_unsaved(context: DockContext) -> str:
    """Take the place of the options, or ask; "" when the user said no."""
    place = QgsSettings().value(FOLDER_SETTING, "", type=str)
    if place and Path(place).is_dir():
        return _unused(Path(place))
    answer = _ask(context)
    if answer == "save":
        context.iface.actionSaveProject().trigger()
        return beside_project(context.session.project)
    return _chosen(context) if answer == "choose" else ""


def _ask(context: DockContext) -> str:
    """Ask how to go on: "save" the project, "choose" a folder, or ""."""
    box = QMessageBox(context.iface.mainWindow())
    box.setWindowTitle("Landfuse")
    box.setIcon(QMessageBox.Icon.Question)
    box.setText(tr("Where should samples, models and maps of this project be kept?"))
    box.setInformativeText(
        tr("The project is not saved yet. Save it, and a folder is made beside it; or choose a folder now.")
    )
    roles = QMessageBox.ButtonRole
    save = box.addButton(tr("Save the project..."), roles.AcceptRole)
    choose = box.addButton(tr("Choose a folder..."), roles.ActionRole)
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(save)
    box.exec()
    return {save: "save", choose: "choose"}.get(box.clickedButton(), "")


def _chosen(context: DockContext) -> str:
    """Let the user choose a folder, until it is not a temporary one; "" when the user said no."""
    start = QStandardPaths.writableLocation(_LOCATION.DocumentsLocation)
    while True:
        title = tr("Folder for samples, models and maps")
        folder = QFileDialog.getExistingDirectory(context.iface.mainWindow(), title, start)
        if not folder or not is_temporary(folder):
            return os.path.abspath(folder) if folder else ""
        context.tell(
            tr("{} is cleared by the system; choose a folder that stays.").format(folder),
            Qgis.MessageLevel.Warning,
        )


def _unused(place: Path) -> str:
    """Return a folder of `place` that does not exist yet, for one more unsaved project."""
    number = 1
    while (place / f"untitled_{number}").exists():
        number += 1
    return str(place / f"untitled_{number}")


def _made(context: DockContext, folder: str) -> bool:
    """Make the folder; an error is told. Returns whether it can be written."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        text = tr("The folder {} cannot be made ({}).").format(folder, error.strerror)
        context.tell(text, Qgis.MessageLevel.Critical)
        return False
    if not os.access(folder, os.W_OK):
        text = tr("The folder {} cannot be written. Choose another one.").format(folder)
        context.tell(text, Qgis.MessageLevel.Critical)
        return False
    return True
