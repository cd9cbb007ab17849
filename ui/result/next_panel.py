"""The next round: run again with the samples as they are now, and see what that changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import Qgis
from qgis.PyQt.QtCore import QCoreApplication, QUrl, pyqtSignal
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ...core.evaluation.change_report import (
    HOW_SCORED,
    map_text,
    samples_text,
    scores_text,
    write_change_note,
)
from ...core.evaluation.run_change import ChangeNote, MapChange, RunFiles, compare_runs
from ...core.progress import Progress
from .. import look
from ..state import jobs
from ..state.choices import RunRecord
from ..state.context import DockContext
from .run_files import files_of
from .tables import FigureTable
from .worker import Worker

SAMPLE_KEYS = ("SAMPLES", "LABELS", "CLASS_FIELD", "GROUP_FIELD")
_HECTARE = 10_000.0  # m²


def again(record: RunRecord, samples: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the parameters of `record` with other samples, on the grid of its map.

    The side of a group follows from the seed and its place on the grid: with the same settings and the same
    pixels, the groups that stay are held back again.
    """
    parameters = {kind: dict(values) for kind, values in record.parameters.items()}
    train = {name: value for name, value in parameters["train"].items() if name not in SAMPLE_KEYS}
    parameters["train"] = {**train, **samples}
    reference = files_of(record).classmap
    if reference:
        for values in parameters.values():
            if not Path(str(values.get("REFERENCE", ""))).is_file():
                values["REFERENCE"] = reference
    return parameters


class NextPanel(QWidget):
    """Redo with current samples, and the note of what changed between two runs (`shown`: it is there)."""

    shown = pyqtSignal()

    def __init__(self, context: DockContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context, self._session = context, context.session
        self._record: RunRecord | None = None
        self._redone = ""  # the name of the run that is being done again
        self._known: set[str] = set()  # the runs there were before
        self._note_file = Path()
        self.note: ChangeNote | None = None
        self.worker = Worker(self)
        self.worker.done.connect(self._show)
        self.worker.failed.connect(self._failed)
        self._build()
        self._signals = (
            (self._session.samples_changed, self._refresh),
            (context.runner.state_changed, self._refresh),
            (context.runner.failed, self._run_failed),
        )
        for signal, slot in self._signals:
            signal.connect(slot)
        self.set_run(None)

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def shut_down(self) -> None:
        """Stop listening and give up what is being compared."""
        for signal, slot in self._signals:
            signal.disconnect(slot)
        self.worker.stop()

    def set_run(self, record: RunRecord | None) -> None:
        """Work with this run; a run that has just been done again is compared with the one before."""
        self._record = record
        self._offer_others()
        self._refresh()
        if record is not None and self._redone and record.name not in self._known:
            self.other.setCurrentIndex(self.other.findText(self._redone))
            self._redone = ""
            self._compare()
        else:
            self._clear()

    # Widgets

    def _build(self) -> None:
        self.redo = QPushButton(self.tr("Redo with current samples"), self)
        self.redo.setToolTip(
            self.tr(
                "Train from scratch with the settings of this run and the samples as they are now, and map "
                "again. The same groups are held back, so that the scores can be compared."
            )
        )
        self.redo.clicked.connect(self._redo)
        self.other = QComboBox(self)
        self.other.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.other.setToolTip(self.tr("The run that this one is compared with."))
        self.compare = QPushButton(self.tr("Compare"), self)
        self.compare.setToolTip(
            self.tr("Say what changed: training areas, the map, and the scores on what both runs held back.")
        )
        self.compare.clicked.connect(self._compare)
        self.told = look.hint("", self)
        self.table = FigureTable(self)
        self.open_note = QPushButton(self.tr("Open the change note"), self)
        self.open_note.setToolTip(self.tr("The whole note in the browser; it is kept with the run."))
        self.open_note.clicked.connect(self._open_note)
        self._lay_out()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(look.TIGHT)
        layout.addWidget(self.redo)
        row = QHBoxLayout()
        row.addWidget(QLabel(self.tr("Before"), self))
        row.addWidget(self.other, 1)
        row.addWidget(self.compare)
        layout.addLayout(row)
        for widget in (self.told, self.table, self.open_note):
            layout.addWidget(widget)

    def _offer_others(self) -> None:
        self.other.clear()
        for run in self._session.runs:
            if self._record is not None and run.name != self._record.name:
                self.other.addItem(run.name)
        self.other.setCurrentIndex(self.other.count() - 1)

    def _refresh(self) -> None:
        look.explain(self.redo, self._why_no_redo())
        why = "" if self.other.count() else self.tr("There is no other run to compare with.")
        for widget in (self.other, self.compare):
            look.explain(widget, why)

    def _why_no_redo(self) -> str:
        if self._record is None:
            return self.tr("There is no run yet.")
        if "train" not in self._record.parameters:
            return self.tr("This run used a finished model; it trained nothing.")
        if self._session.samples_layer() is None:
            return self.tr("There are no samples: choose them in the step 'Classes and samples'.")
        return self.tr("A run is under way.") if self._context.runner.busy else ""

    def _clear(self) -> None:
        self.worker.stop()
        self.note = None
        for widget in (self.told, self.table, self.open_note):
            widget.hide()

    # Redo

    def _redo(self) -> None:
        parameters = again(self._record, jobs.sample_parameters(self._session))
        self._redone, self._known = self._record.name, {run.name for run in self._session.runs}
        if not self._context.runner.start(parameters):
            self._redone = ""

    def _run_failed(self, error: Exception) -> None:
        self._redone = ""

    # Compare

    def _compare(self) -> None:
        before = next((run for run in self._session.runs if run.name == self.other.currentText()), None)
        if before is None or self._record is None:
            return
        self._clear()
        self.told.setText(self.tr("Comparing with {}...").format(before.name))
        self.told.show()
        files = files_of(before), files_of(self._record)
        name = before.name.lower().replace(" ", "_")
        self._note_file = target = Path(self._record.folder) / f"changes_since_{name}.html"
        self.worker.start(
            self.tr("Landfuse: what changed"), lambda progress: _compared(files, target, progress)
        )

    def _failed(self, error: Exception) -> None:
        self._clear()
        self._context.tell(str(error), Qgis.MessageLevel.Warning)

    def _show(self, note: ChangeNote) -> None:
        self.note = note
        lines = []
        if note.samples is not None:
            lines.append(self.tr("Training areas: {}").format(samples_text(note.samples)))
        if note.map is not None:
            lines.append(map_text(note.map))
        if note.scores is not None:
            lines += [scores_text(note.scores), HOW_SCORED]
        self.told.setText("\n".join([*lines, *note.reasons]))
        self.told.show()
        self.open_note.show()
        if note.map is not None and note.map.changed:
            self._fill(note.map)
        self.shown.emit()

    def _fill(self, change: MapChange) -> None:
        """Show the changes from class to class, the largest first."""
        scale = _HECTARE if change.unit == "m²" else 1.0
        found = [
            (float(size), was, now)
            for i, was in enumerate(change.classes)
            for now, size in zip(change.classes, change.sizes[i])
            if was != now and size
        ]
        found.sort(key=lambda item: -item[0])
        rows = [[was.name, now.name, f"{size / scale:,.2f}"] for size, was, now in found]
        unit = self.tr("Hectares") if change.unit == "m²" else change.unit
        self.table.fill([self.tr("From"), self.tr("To"), unit], rows, [was.color for _, was, _ in found])
        self.table.show()

    def _open_note(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._note_file)))


def _compared(files: tuple[RunFiles, RunFiles], target: Path, progress: Progress) -> ChangeNote:
    """Compare two runs and keep the note with the later one; called in a worker thread."""
    note = compare_runs(*files, progress=progress)
    if target.parent.is_dir():
        write_change_note(target, note)
    return note
