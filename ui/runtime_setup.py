"""'Set up the deep-learning runtime': says size and place, asks, installs in the background."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qgis.core import Qgis, QgsApplication
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtWidgets import QMessageBox, QProgressBar, QPushButton

from ..core.environment import EngineRecord
from ..core.errors import Cancelled
from ..core.progress import Progress
from ..core.setup_runtime import SetupPlan, plan_setup, setup
from ..processing_provider.engine_client import close_shared_client
from ..processing_provider.task import CoreTask


class RuntimeSetup:
    """Installs the environment of the engine on request. One installation at a time; main thread only.

    Finding out what would be installed starts a child process, so it is a background task as well.
    """

    def __init__(self, iface: Any) -> None:
        self._iface = iface
        self._task: CoreTask | None = None  # a task without a reference is collected in mid-run
        self._bar: QProgressBar | None = None
        self._message: Any = None

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def offer(self) -> None:
        """Find out what would be installed, ask, and install after consent."""
        if self._task is not None:
            self._say(self.tr("The runtime is being set up already."), Qgis.MessageLevel.Info)
            return
        self._start(
            self.tr("Landfuse: looking for a Python"),
            lambda progress: plan_setup(progress=progress),
            self._ask,
        )

    def stop(self) -> None:
        """Cancel what is running, when the plugin is unloaded."""
        if self._task is not None:
            self._task.cancel()

    def _ask(self, plan: SetupPlan) -> None:
        buttons = QMessageBox.StandardButton
        question = self.tr(
            "Training and classifying need a deep-learning runtime. {summary}\n\nSet it up now?"
        ).format(summary=plan.summary())
        answer = QMessageBox.question(
            self._iface.mainWindow(), self.tr("Landfuse"), question, buttons.Yes | buttons.No, buttons.No
        )
        if answer == buttons.Yes:
            title = self.tr("Landfuse: setting up the deep-learning runtime")
            self._start(title, lambda progress: setup(plan, progress), self._installed)

    def _installed(self, record: EngineRecord) -> None:
        close_shared_client()  # an engine that is warm runs in the Python of before
        text = self.tr("The deep-learning runtime is ready: {}.").format(record.executable)
        self._say(text, Qgis.MessageLevel.Success)

    def _start(self, title: str, work: Callable[[Progress], Any], then: Callable[[Any], None]) -> None:
        """Run `work` in the background under a bar in the message bar, then call `then` with its result."""
        self._task = CoreTask(title, work)
        self._task.reported.connect(self._show)
        self._task.succeeded.connect(lambda result: self._succeeded(result, then))
        self._task.failed.connect(self._failed)
        self._open_bar(title)
        QgsApplication.taskManager().addTask(self._task)

    def _open_bar(self, title: str) -> None:
        self._message = self._iface.messageBar().createMessage(title)
        self._bar, stop = QProgressBar(), QPushButton(self.tr("Cancel"))
        self._bar.setRange(0, 100)
        stop.clicked.connect(self.stop)
        self._message.layout().addWidget(self._bar)
        self._message.layout().addWidget(stop)
        self._iface.messageBar().pushWidget(self._message, Qgis.MessageLevel.Info)

    def _show(self, event: Mapping[str, Any]) -> None:
        if event["event"] == "progress" and self._bar is not None:
            self._bar.setValue(round(100 * event["fraction"]))
            self._bar.setFormat(f"{event.get('stage') or ''} %p%".strip())
        elif event["event"] == "log":
            QgsApplication.messageLog().logMessage(event["text"], "Landfuse", Qgis.MessageLevel.Info)

    def _succeeded(self, result: Any, then: Callable[[Any], None]) -> None:
        self._close()
        then(result)

    def _failed(self, error: Exception) -> None:
        self._close()
        if isinstance(error, Cancelled):
            self._say(self.tr("Setting up the runtime was cancelled."), Qgis.MessageLevel.Info)
        else:
            self._say(str(error), Qgis.MessageLevel.Critical)

    def _close(self) -> None:
        if self._message is not None:
            self._iface.messageBar().popWidget(self._message)
        self._task = self._bar = self._message = None

    def _say(self, text: str, level: Any) -> None:
        seconds = 0 if level == Qgis.MessageLevel.Critical else 8  # 0: stays until it is closed
        self._iface.messageBar().pushMessage("Landfuse", text, level, seconds)
