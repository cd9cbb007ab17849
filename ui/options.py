"""The page of Landfuse in QGIS's options: runtime, device, threads, memory and folder."""

from __future__ import annotations

import os

from qgis.core import QgsSettings
from qgis.gui import QgsFileWidget, QgsOptionsPageWidget
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from ..core.environment import read_record, runtime_folder
from ..core.machine import thread_count
from . import look
from .options_factory import OPTIONS_PAGE
from .runtime_setup import RuntimeSetup
from .settings import (
    memory_budget,
    run_device,
    run_threads,
    set_memory_budget,
    set_run_device,
    set_run_threads,
)
from .state.folder import FOLDER_SETTING, is_temporary

_MOST_MEMORY = 1024.0  # GB
_GIGABYTE = 1e9


class OptionsPage(QgsOptionsPageWidget):
    """What holds for all projects. Nothing is changed before `apply`, but the runtime's installation."""

    def __init__(self, runtime: RuntimeSetup, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runtime = runtime
        self.setObjectName(OPTIONS_PAGE)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._runtime_box())
        layout.addWidget(self._machine_box())
        layout.addWidget(self._folder_box())
        layout.addStretch(1)
        runtime.progress.connect(self._tell_progress)
        runtime.ready.connect(self._tell_runtime)
        runtime.failed.connect(self._tell_failure)
        self._tell_runtime()

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def helpKey(self) -> str:
        """No page of QGIS's own manual."""
        return ""

    def apply(self) -> None:
        """Keep what is entered."""
        set_run_device(self.device.currentData())
        set_run_threads(self.threads.value())
        set_memory_budget(self.memory.value())
        folder = self.folder.filePath().strip()
        if not folder or (os.path.isdir(folder) and not is_temporary(folder)):
            QgsSettings().setValue(FOLDER_SETTING, folder)

    def isValid(self) -> bool:
        """Tell whether the folder can be used; QGIS asks before it closes the options."""
        folder = self.folder.filePath().strip()
        return not folder or (os.path.isdir(folder) and not is_temporary(folder))

    def _runtime_box(self) -> QWidget:
        box = QGroupBox(self.tr("Deep-learning runtime"), self)
        self.state = QLabel(box)
        self.state.setWordWrap(True)
        self.set_up = QPushButton(self.tr("Set up..."), box)
        self.set_up.setToolTip(
            self.tr("Say size and place, and install after your consent; an existing runtime is mended")
        )
        self.set_up.clicked.connect(lambda: self._runtime.offer())
        self.check = QPushButton(self.tr("Look again"), box)
        self.check.setToolTip(self.tr("Look for a Python on this computer that has all that is needed"))
        self.check.clicked.connect(lambda: self._runtime.look())
        line = QHBoxLayout()
        line.addWidget(self.set_up)
        line.addWidget(self.check)
        line.addStretch(1)
        layout = QVBoxLayout(box)
        layout.addWidget(self.state)
        layout.addLayout(line)
        return box

    def _machine_box(self) -> QWidget:
        box = QGroupBox(self.tr("Computing"), self)
        self.device = QComboBox(box)
        words = {
            "auto": self.tr("Automatic: the GPU if there is one"),
            "cpu": self.tr("Processor"),
            "cuda": self.tr("GPU (CUDA)"),
        }
        for value, text in words.items():
            self.device.addItem(text, value)
        self.device.setCurrentIndex(self.device.findData(run_device()))
        self.threads = QSpinBox(box)
        self.threads.setRange(0, 256)
        self.threads.setSpecialValueText(self.tr("Automatic: {}").format(thread_count()))
        self.threads.setValue(run_threads())
        self.memory = QDoubleSpinBox(box)
        self.memory.setRange(0.0, _MOST_MEMORY)
        self.memory.setDecimals(1)
        self.memory.setSingleStep(0.5)
        self.memory.setSuffix(" GB")
        self.memory.setSpecialValueText(self.tr("No limit"))
        self.memory.setValue(memory_budget() / _GIGABYTE)
        form = QFormLayout(box)
        for text, widget, tip in (
            (self.tr("Device"), self.device, self.tr("Where the networks are trained and applied")),
            (self.tr("Processor threads"), self.threads, self.tr("0 leaves a core to the rest of QGIS")),
            (
                self.tr("Memory for mapping"),
                self.memory,
                self.tr("Maps are made in smaller pieces to keep to it; the least is about 0.7 GB"),
            ),
        ):
            widget.setToolTip(tip)
            form.addRow(text, widget)
        return box

    def _folder_box(self) -> QWidget:
        box = QGroupBox(self.tr("Folder for projects that are not saved"), self)
        self.folder = QgsFileWidget(box)
        self.folder.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        self.folder.setFilePath(QgsSettings().value(FOLDER_SETTING, "", type=str))
        self.folder.lineEdit().setPlaceholderText(self.tr("ask once in each project"))
        self.folder.setToolTip(self.tr("Empty: you are asked once in every project that is not saved"))
        self.folder_note = look.hint("", box)
        self.folder.fileChanged.connect(lambda _: self._tell_folder())
        layout = QVBoxLayout(box)
        text = self.tr("A saved project keeps samples, models and maps in a folder beside its file.")
        for widget in (look.hint(text, box), self.folder, self.folder_note):
            layout.addWidget(widget)
        self._tell_folder()
        return box

    def _tell_folder(self) -> None:
        folder = self.folder.filePath().strip()
        text = ""
        if folder and not os.path.isdir(folder):
            text = self.tr("This folder does not exist.")
        elif folder and is_temporary(folder):
            text = self.tr("This folder is cleared by the system; choose one that stays.")
        self.folder_note.setText(text)
        self.folder_note.setVisible(bool(text))

    def _tell_runtime(self) -> None:
        record = read_record()
        if self._runtime.busy:
            self._tell_progress(self._runtime.share, self._runtime.stage)
            return
        if record is None or self._runtime.missing:
            text = self.tr("Not installed. It would be made in {}.").format(runtime_folder())
        else:
            versions = [f"{name} {version}" for name, version in record.versions.items() if version]
            text = self.tr("Ready: {}").format(record.executable)
            text += "\n" + ", ".join(versions) if versions else ""
        self.state.setText(text)
        look.explain(self.set_up, "")

    def _tell_progress(self, share: float, stage: str) -> None:
        self.state.setText(self.tr("Installing: {} ({} %)").format(stage, round(100 * share)))
        look.explain(self.set_up, self.tr("The runtime is being installed."))

    def _tell_failure(self, reason: str) -> None:
        self._tell_runtime()
        self.state.setText(f"{self.state.text()}\n{reason}")
