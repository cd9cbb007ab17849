"""One thing at a time that a widget has done in the background, with errors told in the message bar."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qgis.core import Qgis, QgsApplication
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ..core.errors import Cancelled
from ..core.progress import Progress
from ..processing_provider.task import CoreTask
from .state.context import DockContext


class Errand(QObject):
    """`progress(share, stage)` while it goes on; `ended` after the result was taken or the error told."""

    progress = pyqtSignal(float, str)
    ended = pyqtSignal()

    def __init__(self, context: DockContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._task: CoreTask | None = None

    @property
    def busy(self) -> bool:
        """Whether something is under way; what is asked for then is not begun."""
        return self._task is not None

    def start(self, title: str, work: Callable[[Progress], Any], then: Callable[[Any], None]) -> None:
        """Do `work` in a worker thread, then call `then` with its result in the main thread."""
        if self._task is not None:
            return
        self._task = CoreTask(title, work)
        self._task.reported.connect(self._report)
        self._task.succeeded.connect(lambda result: self._end(lambda: then(result)))
        self._task.failed.connect(lambda error: self._end(lambda: self._tell(error)))
        self.progress.emit(0.0, "")
        QgsApplication.taskManager().addTask(self._task)

    def stop(self) -> None:
        """Cancel what is under way."""
        if self._task is not None:
            self._task.cancel()

    def forget(self) -> None:
        """Cancel, and take no result: what it was for is gone."""
        task, self._task = self._task, None
        if task is not None:
            task.abandon()

    def _report(self, event: Mapping[str, Any]) -> None:
        if event["event"] == "progress" and self._task is not None:
            self.progress.emit(float(event["fraction"]), str(event.get("stage") or ""))

    def _end(self, then: Callable[[], None]) -> None:
        self._task = None
        then()
        self.ended.emit()

    def _tell(self, error: Exception) -> None:
        if not isinstance(error, Cancelled):
            self._context.tell(str(error), Qgis.MessageLevel.Critical)
