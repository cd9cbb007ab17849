"""'Set up the deep-learning runtime': asks first, then installs in the background and tells how it went."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qgis.core import Qgis, QgsApplication
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtWidgets import QMessageBox, QProgressBar, QPushButton

from ..core import environment
from ..core.errors import Cancelled
from ..processing_provider.task import CoreTask


class RuntimeSetup:
    """Installs the environment of the engine on request. One installation at a time; main thread only."""

    def __init__(self, iface: Any) -> None:
        self._iface = iface
        self._task: CoreTask | None = None  # a task without a reference is collected in mid-run
        self._bar: QProgressBar | None = None
        self._message: Any = None

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def offer(self) -> None:
        """Say size and place and start after consent. Nothing is ever installed by itself."""
        if self._task is not None:
            self._say(self.tr("The runtime is being set up already."), Qgis.MessageLevel.Info)
            return
        folder = environment.home()
        buttons = QMessageBox.StandardButton
        answer = QMessageBox.question(
            self._iface.mainWindow(),
            self.tr("Landfuse"),
            self.question(folder),
            buttons.Yes | buttons.No,
            buttons.No,
        )
        if answer == buttons.Yes:
            self.start(folder)

    def question(self, folder: Path) -> str:
        """Return the text that asks for consent."""
        return self.tr(
            "Training and classifying need PyTorch, safetensors and scikit-learn in a Python environment of "
            "their own. About {size} will be downloaded and unpacked in\n\n{folder}\n\n"
            "QGIS and its Python stay as they are; deleting that folder removes everything. Set it up now?"
        ).format(size=self.tr(environment.SETUP_SIZE), folder=folder)

    def start(self, folder: Path) -> None:
        """Install into `folder` in the background."""
        title = self.tr("Landfuse: setting up the deep-learning runtime")
        self._task = CoreTask(title, lambda progress: environment.setup(folder, progress))
        self._task.reported.connect(self._show)
        self._task.succeeded.connect(self._succeeded)
        self._task.failed.connect(self._failed)
        self._open_bar(title)
        QgsApplication.taskManager().addTask(self._task)

    def _open_bar(self, title: str) -> None:
        self._message = self._iface.messageBar().createMessage(title)
        self._bar, stop = QProgressBar(), QPushButton(self.tr("Cancel"))
        self._bar.setRange(0, 100)
        stop.clicked.connect(self._task.cancel)
        self._message.layout().addWidget(self._bar)
        self._message.layout().addWidget(stop)
        self._iface.messageBar().pushWidget(self._message, Qgis.MessageLevel.Info)

    def _show(self, event: Mapping[str, Any]) -> None:
        if event["event"] == "progress" and self._bar is not None:
            self._bar.setValue(round(100 * event["fraction"]))
            self._bar.setFormat(f"{event.get('stage') or ''} %p%".strip())
        elif event["event"] == "log":
            QgsApplication.messageLog().logMessage(event["text"], "Landfuse", Qgis.MessageLevel.Info)

    def _succeeded(self, record: Any) -> None:
        self._close()
        self._say(
            self.tr("The deep-learning runtime is ready. Train and Classify can be used now."),
            Qgis.MessageLevel.Success,
        )

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
        seconds = 0 if level == Qgis.MessageLevel.Critical else 8
        self._iface.messageBar().pushMessage("Landfuse", text, level, seconds)
