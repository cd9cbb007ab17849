"""Looking something up in the background for a form: only the latest question counts, answers are kept."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ..core.errors import Cancelled, EngineError
from ..core.progress import Progress
from ..processing_provider.task import CoreTask

Work = Callable[[Progress], Any]

DELAY_MS = 250  # several changes of a form in a row are one question
KEPT = 40


class Lookup(QObject):
    """Answers one question at a time; a new one takes the place of the one before. Main thread only.

    `answered` carries the result for the latest question, or the exception. The same question is answered
    from memory, at once.
    """

    answered = pyqtSignal(object)

    def __init__(self, title: str, parent: QObject | None = None, delay: int = DELAY_MS) -> None:
        super().__init__(parent)
        self._title = title
        self._kept: OrderedDict[str, Any] = OrderedDict()
        self._question: tuple[str, Callable[[], Work]] | None = None
        self._task: CoreTask | None = None
        self._asked = ""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(delay)
        self._timer.timeout.connect(self._start)

    @property
    def is_looking(self) -> bool:
        """Whether an answer is on its way."""
        return self._timer.isActive() or self._task is not None

    def ask(self, values: Any, prepare: Callable[[], Work]) -> None:
        """Ask what `values`, which JSON can hold, stand for.

        `prepare` is called here, in the main thread, when the work begins, and returns what a worker thread
        is to do. It may raise `LandfuseError`, which is then the answer.
        """
        key = json.dumps(values, sort_keys=True, default=str)
        if key in self._kept:
            self.stop()
            self.answered.emit(self._kept[key])
        elif not (self._task is not None and key == self._asked):
            self.stop()
            self._question = key, prepare
            self._timer.start()

    def stop(self) -> None:
        """Give up the question that is open."""
        self._timer.stop()
        self._question = None
        if self._task is not None:
            task, self._task = self._task, None
            task.succeeded.disconnect(self._arrived)
            task.failed.disconnect(self._arrived)
            task.cancel()

    def _start(self) -> None:
        (self._asked, prepare), self._question = self._question, None
        try:
            work = prepare()
        except Exception as error:  # noqa: BLE001  a layer that cannot be used is an answer as well
            self._arrived(error)
            return
        self._task = CoreTask(self._title, work, silent=True)
        self._task.succeeded.connect(self._arrived)
        self._task.failed.connect(self._arrived)
        QgsApplication.taskManager().addTask(self._task)

    def _arrived(self, answer: Any) -> None:
        self._task = None
        if isinstance(answer, Cancelled):  # from QGIS's own list of tasks
            return
        if not isinstance(answer, EngineError):  # it may go better next time
            self._kept[self._asked] = answer
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        self.answered.emit(answer)
