"""'Set up the deep-learning runtime': says size and place, asks, installs in the background."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from qgis.core import Qgis, QgsApplication
from qgis.PyQt.QtCore import QCoreApplication, QObject, QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import QMessageBox

from ..core.environment import EngineRecord, find, read_record
from ..core.errors import Cancelled, LandfuseError
from ..core.progress import Progress
from ..core.setup_runtime import SetupPlan, plan_setup, setup
from ..processing_provider.engine_client import close_shared_client
from ..processing_provider.task import CoreTask


class RuntimeSetup(QObject):
    """Installs the environment of the engine on request. One installation at a time; main thread only.

    Finding out what is there and what would be installed starts child processes, so it is a background task
    as well. Who needs the runtime listens: `progress(share, stage)` while it is being installed, then
    `ready()` or `failed(reason)`; a cancelled installation and a "No" are failures too.
    """

    progress = pyqtSignal(float, str)
    ready = pyqtSignal()
    failed = pyqtSignal(str)
    planned = pyqtSignal(object)  # SetupPlan: nothing usable was found, this would be installed
    changed = pyqtSignal()  # `busy` or `missing` may be another

    def __init__(self, iface: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._iface = iface
        self._task: CoreTask | None = None  # a task without a reference is collected in mid-run
        self._installing = False
        self._is_asked = False  # the user waits for an answer
        self.share, self.stage = 0.0, ""
        self.plan: SetupPlan | None = None

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    @property
    def missing(self) -> bool:
        """Whether no usable Python is on record. Reads a small file; cheap enough for the main thread."""
        record = read_record()
        return record is None or not Path(record.executable).is_file()

    @property
    def busy(self) -> bool:
        """Whether the runtime is being installed now."""
        return self._installing

    def look(self) -> None:
        """Look for a usable Python in the background: `ready` if one is found, else `planned`.

        Nobody asked for it by name, so that a failure is announced by `failed` alone.
        """
        if self._task is None:
            self._is_asked = False
            self._start(self.tr("Landfuse: looking for a runtime"), _find_or_plan, self._looked)

    def offer(self) -> None:
        """Find out what would be installed, ask in a dialog, and install after consent."""
        if self._installing:
            self._say(self.tr("The runtime is being set up already."), Qgis.MessageLevel.Info)
        elif self._task is None:
            self._is_asked = True
            title = self.tr("Landfuse: looking for a Python")
            self._start(title, lambda progress: plan_setup(progress=progress), self._ask)
        else:  # the question follows when the look that is under way has ended
            self._is_asked = True

    def install(self, plan: SetupPlan) -> None:
        """Carry out what the user agreed to."""
        if self._task is not None:
            return
        self._is_asked = True
        self._installing, self.share, self.stage = True, 0.0, self.tr("Starting")
        title = self.tr("Landfuse: setting up the deep-learning runtime")
        self._start(title, lambda progress: setup(plan, progress), self._installed)
        self.progress.emit(self.share, self.stage)

    def stop(self) -> None:
        """Cancel what is running, when the user asks or the plugin is unloaded."""
        if self._task is not None:
            self._task.cancel()

    def shut_down(self) -> None:
        """Stop, and tell nobody any more."""
        task, self._task = self._task, None
        if task is not None:
            task.abandon()

    def _looked(self, found: EngineRecord | SetupPlan) -> None:
        if isinstance(found, EngineRecord):
            if self._is_asked:
                self._say_ready(found)
            self.ready.emit()
            return
        self.plan = found
        self.planned.emit(found)
        if self._is_asked and self._task is None:  # who heard of the plan may have asked already
            self._ask(found)

    def _ask(self, plan: SetupPlan) -> None:
        buttons = QMessageBox.StandardButton
        question = self.tr(
            "Training and classifying need a deep-learning runtime. {summary}\n\nSet it up now?"
        ).format(summary=plan.summary())
        answer = QMessageBox.question(
            self._iface.mainWindow(), self.tr("Landfuse"), question, buttons.Yes | buttons.No, buttons.No
        )
        if answer == buttons.Yes:
            self.install(plan)
        else:  # who waits for it must not wait for ever
            self.failed.emit(self.tr("The deep-learning runtime was not set up."))

    def _installed(self, record: EngineRecord) -> None:
        close_shared_client()  # an engine that is warm runs in the Python of before
        self._say_ready(record)
        self.ready.emit()

    def _say_ready(self, record: EngineRecord) -> None:
        text = self.tr("The deep-learning runtime is ready: {}.").format(record.executable)
        self._say(text, Qgis.MessageLevel.Success)

    def _start(self, title: str, work: Callable[[Progress], Any], then: Callable[[Any], None]) -> None:
        """Run `work` in the background, then call `then` with its result."""
        self._task = CoreTask(title, work, silent=not self._is_asked)
        self._task.reported.connect(self._show)
        self._task.succeeded.connect(lambda result: self._succeeded(result, then))
        self._task.failed.connect(self._failed)
        QgsApplication.taskManager().addTask(self._task)
        self.changed.emit()

    def _show(self, event: Mapping[str, Any]) -> None:
        if event["event"] == "progress" and self._installing:
            self.share, self.stage = float(event["fraction"]), str(event.get("stage") or "")
            self.progress.emit(self.share, self.stage)
        elif event["event"] == "log":
            QgsApplication.messageLog().logMessage(event["text"], "Landfuse", Qgis.MessageLevel.Info)

    def _succeeded(self, result: Any, then: Callable[[Any], None]) -> None:
        self._close()
        # QGIS 3.22 can forget a task that is added while another one ends, and `then` may add one.
        QTimer.singleShot(0, lambda: then(result))

    def _failed(self, error: Exception) -> None:
        self._close()
        was_stopped = isinstance(error, Cancelled)
        text = self.tr("Setting up the runtime was cancelled.") if was_stopped else str(error)
        if self._is_asked:
            self._say(text, Qgis.MessageLevel.Info if was_stopped else Qgis.MessageLevel.Critical)
        self.failed.emit(text)

    def _close(self) -> None:
        self._task, self._installing = None, False
        self.changed.emit()

    def _say(self, text: str, level: Any) -> None:
        seconds = 0 if level == Qgis.MessageLevel.Critical else 8  # 0: stays until it is closed
        self._iface.messageBar().pushMessage("Landfuse", text, level, seconds)


def _find_or_plan(progress: Progress) -> EngineRecord | SetupPlan:
    """Return the first Python that has all the engine needs, else what would be installed."""
    try:
        return find(progress)
    except LandfuseError as error:
        progress.log(str(error))
    return plan_setup(progress=progress)
