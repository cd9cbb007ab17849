"""A minimum mapping unit: a second map without patches that are too small; the raw one is kept."""

from __future__ import annotations

from pathlib import Path

from qgis.core import Qgis
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ...core.errors import LandfuseError
from ...core.job_spec import JobResult
from ...processing_provider import runtime
from .. import look
from ..state import jobs
from ..state.choices import RunRecord
from ..state.context import DockContext
from .map_layers import load_second_map, set_visible
from .run_files import files_of, percent
from .worker import Worker

DEFAULT_UNIT = 100.0  # m²


class PatchesPanel(QWidget):
    """Asks for the unit in square metres and loads the second map above the first."""

    def __init__(self, context: DockContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._record: RunRecord | None = None
        self._map = ""
        self.worker = Worker(self)
        self.worker.done.connect(self._made)
        self.worker.failed.connect(self._failed)
        self.worker.busy_changed.connect(self._busy)
        self._build()
        self.set_run(None)

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def shut_down(self) -> None:
        """Give up what is being made."""
        self.worker.stop()

    def set_run(self, record: RunRecord | None) -> None:
        """Work with the map of this run."""
        self.worker.stop()
        self._record = record
        self._map = files_of(record).classmap if record is not None else ""
        self.state.setText(self.tr("The map itself stays as it is; accuracy figures hold for it alone."))
        self._busy(False)

    def target(self) -> Path:
        """Return where the second map of the chosen unit belongs: beside the map."""
        path = Path(self._map)
        return path.with_name(f"{path.stem}_mmu_{self.unit.value():g}m2.tif")

    def _build(self) -> None:
        label = QLabel(self.tr("Smallest patch"), self)
        self.unit = QDoubleSpinBox(self)
        self.unit.setRange(0.01, 1e8)
        self.unit.setDecimals(2)
        self.unit.setValue(DEFAULT_UNIT)
        self.unit.setSuffix(" m²")
        self.unit.setMinimumWidth(90)  # its hint makes room for the largest number
        self.unit.setToolTip(
            self.tr("The minimum mapping unit: patches smaller than this take the class around them.")
        )
        label.setBuddy(self.unit)
        self.make = QPushButton(self.tr("Make a second map"), self)
        self.make.setToolTip(
            self.tr(
                "Write a map in which each smaller patch has the class of its largest neighbour, in the same "
                "colours, and load it above the map."
            )
        )
        self.make.clicked.connect(self._make)
        self.state = look.hint("", self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(look.TIGHT)
        row = QHBoxLayout()
        row.addWidget(label)
        row.addWidget(self.unit, 1)
        layout.addLayout(row)
        layout.addWidget(self.make)
        layout.addWidget(self.state)

    def _busy(self, busy: bool) -> None:
        reason = "" if self._map else self.tr("This run has no map, or its file is gone.")
        look.explain(self.make, self.tr("The second map is being made.") if busy else reason)
        self.make.setText(self.tr("Making it...") if busy else self.tr("Make a second map"))

    def _make(self) -> None:
        target = self.target()
        if target.is_file():  # the map of a run never changes, so what was made of it holds
            self._load(str(target))
            return
        asked = {"CLASSMAP": self._map, "UNIT": self.unit.value(), "FILTERED": str(target)}
        try:
            job = jobs.job_of("minimummappingunit", asked, self._context.session)
        except LandfuseError as error:
            self._failed(error)
            return
        self.worker.start(
            self.tr("Landfuse: minimum mapping unit"), lambda progress: runtime.run(job, progress)
        )

    def _failed(self, error: Exception) -> None:
        self._context.tell(str(error), Qgis.MessageLevel.Warning)

    def _made(self, result: JobResult) -> None:
        changed, smallest = result.numbers["CHANGED_SHARE"], result.numbers["SMALLEST_PATCH"]
        text = self.tr("Patches below {} map pixels are gone; {} of the map changed.")
        self.state.setText(text.format(smallest, percent(changed)))
        self._load(result.outputs["filtered"])

    def _load(self, path: str) -> None:
        name = self.tr("{}: from {:g} m²").format(self._record.name, self.unit.value())
        layer = load_second_map(self._context.session, path, name)
        if layer is not None:
            set_visible(self._context.session.project, layer, True)
