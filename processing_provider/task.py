"""The one background task: runs any core function with progress and cancelling."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from qgis.core import QgsTask
from qgis.PyQt.QtCore import pyqtSignal

from ..core.errors import Cancelled
from ..core.progress import Progress

# Tasks that nobody waits for any more: without a reference Python collects them in mid-run.
_abandoned: set[CoreTask] = set()


class CoreTask(QgsTask):
    """Runs `work(progress)` in a worker thread. Keep a reference to the task until it has ended.

    `work` must touch no widget, no layer and no project. `succeeded` receives what it returned, `failed` the
    exception (`core.errors.Cancelled` when the user stopped it), `reported` every event; all arrive in the
    main thread. QGIS tells when a long task has ended, and asks before it leaves while one runs, unless it is
    `silent`.
    """

    succeeded = pyqtSignal(object)
    failed = pyqtSignal(object)
    reported = pyqtSignal(object)

    def __init__(self, title: str, work: Callable[[Progress], Any], silent: bool = False) -> None:
        flags = QgsTask.Flag.CanCancel
        if silent:
            flags |= QgsTask.Flag.CancelWithoutPrompt
        if silent and hasattr(QgsTask.Flag, "Silent"):  # QGIS 3.26 and later
            flags |= QgsTask.Flag.Silent
        super().__init__(title, flags)
        self._work, self._silent = work, silent
        self._outcome: Any = Cancelled()  # a task cancelled while it waits is never run

    def run(self) -> bool:
        """Do the work; called in the worker thread."""
        try:
            self._outcome = self._work(Progress(self._receive, self.isCanceled))
        except Exception as error:  # noqa: BLE001  an exception leaving a worker thread takes QGIS down
            self._outcome = error
            return self._silent  # QGIS before 3.26 would tell that the task has failed
        return True

    def abandon(self) -> None:
        """Cancel, and tell nobody any more what became of it: the plugin is being unloaded."""
        for signal in (self.succeeded, self.failed, self.reported):
            with suppress(TypeError):  # nothing was connected
                signal.disconnect()
        _abandoned.add(self)
        self.cancel()

    def finished(self, ok: bool) -> None:
        """Announce the outcome; called in the main thread."""
        _abandoned.discard(self)
        is_good = ok and not isinstance(self._outcome, Exception)
        (self.succeeded if is_good else self.failed).emit(self._outcome)

    def _receive(self, event: Mapping[str, Any]) -> None:
        if event["event"] == "progress":
            self.setProgress(100.0 * event["fraction"])
        self.reported.emit(dict(event))
