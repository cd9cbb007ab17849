"""Work for a panel in the background: one piece at a time, the newest asked for is the one that counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...core.errors import Cancelled
from ...core.progress import Progress
from ...processing_provider.task import CoreTask

Work = Callable[[Progress], Any]


class Worker(QObject):
    """Runs `work(progress)` in a worker thread. Main thread only.

    `done` carries what it returned, `failed` its exception; work that was replaced or stopped tells nothing.
    `busy_changed` says whether something runs.
    """

    done = pyqtSignal(object)
    failed = pyqtSignal(object)
    busy_changed = pyqtSignal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._task: CoreTask | None = None
        self._leaving: list[CoreTask] = []  # stopped ones, kept until they have ended

    @property
    def is_busy(self) -> bool:
        """Whether work runs whose outcome will be told."""
        return self._task is not None

    def start(self, title: str, work: Work) -> None:
        """Do `work` in place of what runs now."""
        self._leave()
        task = CoreTask(title, work, silent=True)
        self._task = task
        task.succeeded.connect(lambda value: self._ended(task, self.done, value))
        task.failed.connect(lambda error: self._ended(task, self.failed, error))
        QgsApplication.taskManager().addTask(task)
        self.busy_changed.emit(True)

    def stop(self) -> None:
        """Give up what runs."""
        if self._task is not None:
            self._leave()
            self.busy_changed.emit(False)

    def _leave(self) -> None:
        if self._task is not None:
            task, self._task = self._task, None
            self._leaving.append(task)
            task.cancel()

    def _ended(self, task: CoreTask, signal: Any, value: Any) -> None:
        if task in self._leaving:
            self._leaving.remove(task)
            return
        self._task = None
        self.busy_changed.emit(False)
        if not isinstance(value, Cancelled):
            signal.emit(value)
