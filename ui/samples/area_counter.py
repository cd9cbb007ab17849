"""Keeps the counts of the classes up to date in the background while areas are drawn."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QCoreApplication, QObject, QTimer, pyqtSignal

from ...core.errors import Cancelled
from ...core.job import SamplesInput
from ...core.progress import Progress
from ...processing_provider.task import CoreTask
from .area_reader import AreaOrder, AreasRead, read_areas
from .pixel_counts import PixelCounter, PixelCounts, SceneOrder

DELAY_MS = 250  # several areas in a row are counted once

Work = Callable[[Progress], Any]


class AreaCounter(QObject):
    """Reads the areas, then counts their pixels; only the latest request is answered. Main thread only."""

    areas_read = pyqtSignal(object)  # AreasRead
    pixels_counted = pyqtSignal(object)  # PixelCounts

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pixels = PixelCounter()
        self._prepare: Callable[[], tuple[AreaOrder | SamplesInput | None, SceneOrder | None]] | None = None
        self._tasks: list[CoreTask] = []  # those that are given up end in their own time
        self._latest: CoreTask | None = None
        self._following: Work | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY_MS)
        self._timer.timeout.connect(self._start)

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    @property
    def is_counting(self) -> bool:
        """Whether counts are on their way."""
        return self._timer.isActive() or self._latest is not None or self._following is not None

    def request(
        self, prepare: Callable[[], tuple[AreaOrder | SamplesInput | None, SceneOrder | None]]
    ) -> None:
        """Count soon. `prepare` is called in the main thread and returns what to read, and the sources."""
        self._prepare = prepare
        self._timer.start()

    def stop(self) -> None:
        """Give up what is being counted."""
        self._timer.stop()
        self._latest = self._following = None
        for task in self._tasks:
            task.cancel()

    def shut_down(self) -> None:
        """Give up for good, when the plugin is unloaded."""
        self.stop()
        for task in self._tasks:
            task.abandon()

    def _start(self) -> None:
        self.stop()
        order, scene = self._prepare()
        if isinstance(order, AreaOrder):
            self._run(partial(read_areas, order), partial(self._read, scene))
        elif order is not None:
            self._run(partial(self._pixels.count_labels, order, scene), self.pixels_counted.emit)

    def _read(self, scene: SceneOrder | None, read: AreasRead) -> None:
        self._following = None if scene is None else partial(self._pixels.count_areas, read, scene)
        self.areas_read.emit(read)
        if scene is None:
            self.pixels_counted.emit(PixelCounts())
        else:
            # QGIS 3.22 may forget to start a task that is added while another one announces its end: it then
            # takes that one's runner out of the queue, by an address that the new runner may have been given.
            QTimer.singleShot(0, self._follow)

    def _follow(self) -> None:
        work, self._following = self._following, None
        if work is not None and self._latest is None:  # the answer may have led to a new request
            self._run(work, self.pixels_counted.emit)

    def _run(self, work: Work, then: Callable[[Any], None]) -> None:
        task = CoreTask(self.tr("Landfuse: counting the samples"), work, silent=True)
        task.succeeded.connect(partial(self._ended, task, then))
        task.failed.connect(partial(self._ended, task, self._failed))
        self._tasks.append(task)
        self._latest = task
        QgsApplication.taskManager().addTask(task)

    def _ended(self, task: CoreTask, then: Callable[[Any], None], outcome: Any) -> None:
        self._tasks.remove(task)
        if task is self._latest:
            self._latest = None
            then(outcome)

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, Cancelled):  # that comes from QGIS's own list of tasks
            self.pixels_counted.emit(PixelCounts(problem=str(error)))
