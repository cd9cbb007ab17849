"""Keeps the session in the QGIS project: one entry, with paths relative to the project's folder."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QObject

from .session import SCHEMA, Session

SCOPE, KEY = "landfuse", "/session"
# Stands for the project's folder. A name in braces can be no path, so that no text is mistaken for one.
HOME = "{project}"
logger = logging.getLogger(__name__)


class ProjectStore(QObject):
    """Reads the session when a project is opened, writes every change into the project's entries.

    A project in which nothing was chosen gets no entry, and opening one does not make it dirty.
    """

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._reading = False
        project = session.project
        self._links = [
            (project.readProject, self.load),
            (project.cleared, self.empty),
            (project.writeProject, self._save_before_write),
            (session.changed, self.save),
        ]
        for signal, slot in self._links:
            signal.connect(slot)

    def load(self, *_: Any) -> None:
        """Take the choices over from the open project."""
        items = _stored(self._session.project)
        place = self._session.project.absolutePath()
        self._restore(with_paths(items, lambda text: absolute(text, place)))

    def empty(self) -> None:
        """Forget the choices: another project begins."""
        project = self._session.project
        self._restore({})
        # While QGIS empties a project its layers leave the choices one by one, which wrote a new entry.
        if project.readEntry(SCOPE, KEY, "")[0]:
            was_dirty = project.isDirty()
            project.removeEntry(SCOPE, KEY)
            project.setDirty(was_dirty)

    def save(self) -> None:
        """Write the choices into the project, which becomes dirty if they are others than before."""
        if self._reading:
            return
        project = self._session.project
        place = project.absolutePath()
        items = with_paths(self._session.to_json(), lambda text: relative(text, place))
        text = json.dumps(items, ensure_ascii=False)
        if text != project.readEntry(SCOPE, KEY, "")[0]:
            project.writeEntry(SCOPE, KEY, text)

    def shut_down(self) -> None:
        """Stop listening, when the plugin is unloaded."""
        for signal, slot in self._links:
            signal.disconnect(slot)
        self._links = []

    def _save_before_write(self, *_: Any) -> None:
        """Make the paths relative to where the project is being saved now."""
        if self._session.project.readEntry(SCOPE, KEY, "")[0]:
            self.save()

    def _restore(self, items: Mapping[str, Any]) -> None:
        self._reading = True
        try:
            self._session.restore(items)
            self._session.forget_absent_layers()
        finally:
            self._reading = False


def relative(text: str, place: str) -> str:
    """Return an absolute path as one from the folder `place` of the project; anything else as it is."""
    if not place or not os.path.isabs(text):
        return text
    try:
        found = os.path.relpath(text, place)
    except ValueError:  # on another drive
        return text
    return str(PurePosixPath(HOME, Path(found).as_posix()))


def absolute(text: str, place: str) -> str:
    """Return what `relative` was given; without a place the text as it is."""
    if not place or not (text == HOME or text.startswith(f"{HOME}/")):
        return text
    return os.path.normpath(os.path.join(place, text[len(HOME) + 1 :]))


def with_paths(value: Any, change: Callable[[str], str]) -> Any:
    """Return plain values with `change` applied to every text in them."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: with_paths(item, change) for key, item in value.items()}
    return [with_paths(item, change) for item in value] if isinstance(value, (list, tuple)) else value


def _stored(project: QgsProject) -> Mapping[str, Any]:
    """Return what the project holds; {} for nothing, or what this version cannot read."""
    text = project.readEntry(SCOPE, KEY, "")[0]
    if not text:
        return {}
    try:
        items = json.loads(text)
        version = items["landfuse_session"]
    except (ValueError, KeyError, TypeError) as error:
        logger.warning("The choices of Landfuse in the project cannot be read: %s", error)
        return {}
    if version != SCHEMA:
        logger.warning("The choices of Landfuse in the project have version %s, not %s.", version, SCHEMA)
        return {}
    return items
