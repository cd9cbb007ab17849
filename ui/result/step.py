"""Step 'Result': the map, its accuracy and areas, and the next round."""

from __future__ import annotations

from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QComboBox, QScrollArea, QVBoxLayout, QWidget

from .. import look
from ..fold import Fold
from ..state.choices import RunRecord
from ..state.context import DockContext
from ..step import Step
from .accuracy_panel import AccuracyPanel
from .areas_panel import AreasPanel
from .map_panel import MapPanel
from .next_panel import NextPanel
from .patches_panel import PatchesPanel
from .run_files import percent, title_of


class ResultStep(Step):
    """Shows one run of the project; a run that ends is shown and its map loaded."""

    TITLE = "Result"

    def __init__(self, context: DockContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._shown: RunRecord | None = None
        self._build()
        self.session.runs_changed.connect(self._runs_changed)
        context.runner.finished.connect(self._run_finished)
        self._runs_changed()

    def shut_down(self) -> None:
        """Stop listening, and give the map tool and all background work back."""
        self.session.runs_changed.disconnect(self._runs_changed)
        self.context.runner.finished.disconnect(self._run_finished)
        for panel in self._panels:
            panel.shut_down()

    @property
    def record(self) -> RunRecord | None:
        """The run that is shown."""
        return self._shown

    def show_run(self, name: str) -> None:
        """Show the run of this name."""
        self.runs.setCurrentIndex(self.runs.findData(name))

    def _build(self) -> None:
        self.empty = look.hint(
            self.tr("The map, its accuracy and the area of each class appear here after the first run."), self
        )
        self.runs = QComboBox(self)
        self.runs.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.runs.setToolTip(self.tr("The runs of this project, the latest first."))
        self.runs.currentIndexChanged.connect(self._chosen)
        self.map = MapPanel(self.context, self)
        self.accuracy = AccuracyPanel(self.context, self)
        self.areas = AreasPanel(self.context, self)
        self.patches = PatchesPanel(self.context, self)
        self.next = NextPanel(self.context, self)
        self.next.shown.connect(self._show_note)
        self._panels = (self.map, self.accuracy, self.areas, self.patches, self.next)
        self.content = QWidget(self)
        inner = QVBoxLayout(self.content)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(look.GAP)
        for widget in (self.runs, self.map, self.accuracy, *self._folds(), self.next):
            inner.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(look.MARGIN, 0, look.MARGIN, look.MARGIN)
        layout.addWidget(self.empty)
        layout.addWidget(self.content)
        layout.addStretch(1)  # room that is left over while something folds is not for the labels

    def _folds(self) -> tuple[Fold, Fold]:
        self.areas_fold = Fold(
            self.tr("Area of each class"),
            self.tr("Hectares and share of each class, for the map or for zones."),
            self.areas,
            self,
        )
        self.patches_fold = Fold(
            self.tr("Without small patches"),
            self.tr("A second map with a minimum mapping unit."),
            self.patches,
            self,
        )
        return self.areas_fold, self.patches_fold

    def _runs_changed(self) -> None:
        """Offer the runs as they are now; the one that is shown stays, else the latest is."""
        shown = self._shown.name if self._shown is not None else ""
        runs = list(reversed(self.session.runs))
        names = [run.name for run in runs]
        self.runs.blockSignals(True)
        self.runs.clear()
        for run in runs:
            self.runs.addItem(title_of(run), run.name)
        self.runs.setCurrentIndex(names.index(shown) if shown in names else 0 if names else -1)
        self.runs.blockSignals(False)
        self.empty.setVisible(not runs)
        self.content.setVisible(bool(runs))
        self._chosen()

    def _run_finished(self, record: RunRecord) -> None:
        self.show_run(record.name)
        self.map.load()

    def _show_note(self) -> None:
        """Scroll to the change note, which is below the figures."""
        holder = self.parent()
        while holder is not None and not isinstance(holder, QScrollArea):
            holder = holder.parent()
        if holder is not None:
            self.layout().activate()  # the note has just made the step longer
            QTimer.singleShot(0, lambda: holder.ensureWidgetVisible(self.next.open_note))

    def _chosen(self, *_: object) -> None:
        name = self.runs.currentData()
        record = next((run for run in self.session.runs if run.name == name), None)
        is_other = _identity(record) != _identity(self._shown)
        self._shown = record
        if is_other:
            for panel in self._panels:
                panel.set_run(record)
        else:
            self.map.set_run(record)  # its layer may be another one
        self.headline_changed.emit(self._headline(record))

    def _headline(self, record: RunRecord | None) -> str:
        if record is None:
            return ""
        accuracy = record.numbers.get("OA")
        return record.name if accuracy is None else f"{record.name}: {percent(accuracy)}"


def _identity(record: RunRecord | None) -> tuple[str, str, str]:
    """Return what tells one run from another, whether its map is loaded or not."""
    return ("", "", "") if record is None else (record.name, record.folder, record.finished)
