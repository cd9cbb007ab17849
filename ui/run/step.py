"""Step 'Run': one button, what is missing before it can start, and how the run goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qgis.core import Qgis
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ...core.errors import Cancelled
from ...core.inference.forecast import duration_in_words
from .. import look
from ..fold import Fold
from ..state import folder, jobs
from ..state.choices import RunRecord
from ..state.context import DockContext
from ..step import Step
from .copy_button import CopyButton
from .curves import CurvesView
from .first_look import FirstLook
from .needs import missing
from .runner import CANCELLING, IDLE, RUNNING, WAITING, Runner

MOST_LOG_LINES = 2000
MOST_NOTES = 6  # shown below the curves; the log has them all
STEPS_OF_BAR = 1000
SCORE_NAMES = {"OA": "Overall accuracy", "AA": "Average accuracy", "KAPPA": "Kappa", "F1": "F1"}


class RunStep(Step):
    """Starts and stops runs of the choices in the session."""

    TITLE = "Run"

    def __init__(self, context: DockContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._notes: list[str] = []
        self._build()
        self.look = FirstLook(context.canvas)
        runner = context.runner
        runner.view = self.look.view
        runner.started.connect(self._started)
        runner.reported.connect(self._reported)
        runner.finished.connect(self._finished)
        runner.failed.connect(self._failed)
        runner.state_changed.connect(self._show_state)
        self.session.changed.connect(self._show_state)
        if context.classes is not None:
            context.classes.changed.connect(self._show_state)
            context.classes.counts_changed.connect(self._show_state)
        self._show_state()

    def shut_down(self) -> None:
        """Stop listening; the run itself is stopped by the runner."""
        self.look.clear()
        runner = self.context.runner
        runner.view = lambda: None
        runner.started.disconnect(self._started)
        runner.reported.disconnect(self._reported)
        runner.finished.disconnect(self._finished)
        runner.failed.disconnect(self._failed)
        runner.state_changed.disconnect(self._show_state)
        self.session.changed.disconnect(self._show_state)
        if self.context.classes is not None:
            self.context.classes.changed.disconnect(self._show_state)
            self.context.classes.counts_changed.disconnect(self._show_state)

    # Widgets

    def _build(self) -> None:
        self.button = QPushButton()
        self.button.setMinimumHeight(36)
        self.button.clicked.connect(self._pressed)
        self.copy = CopyButton(self.context)
        self.missing = look.hint()
        self.bar = QProgressBar()
        self.bar.setRange(0, STEPS_OF_BAR)
        self.bar.setToolTip(self.tr("How far the run is."))
        self.bar.setTextVisible(False)
        self.stage = look.hint()
        self.curves = CurvesView()
        self.scores = QLabel()
        self.scores.setWordWrap(True)
        self.scores.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.notes = look.hint()
        self.notes.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.log = QPlainTextEdit()
        self.log.setReadOnly(True)
        self.log.setMaximumBlockCount(MOST_LOG_LINES)
        self.log.setMinimumHeight(140)
        self.fold = Fold(self.tr("Log"), self.tr("What the run has said so far."), self.log)
        top = QHBoxLayout()
        top.addWidget(self.button, 1)
        top.addWidget(self.copy)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(look.MARGIN, look.TIGHT, look.MARGIN, look.MARGIN)
        layout.setSpacing(look.GAP)
        layout.addLayout(top)
        for widget in (self.missing, self.bar, self.stage, self.scores, self.curves, self.notes, self.fold):
            layout.addWidget(widget)
        for widget in (self.bar, self.stage, self.scores, self.curves, self.notes, self.fold):
            widget.hide()

    def _show_state(self) -> None:
        """Say on the button what a click does, and below it what is missing."""
        runner = self.context.runner
        lacking = missing(self.session, self.context.classes) if runner.state == IDLE else []
        text, tip = self._words(runner)
        look.explain(self.button, "")
        self.button.setText(text)
        self.button.setToolTip(tip)
        if lacking:
            look.explain(self.button, "\n".join([self.tr("Before a run:"), *lacking]))
        elif runner.state == CANCELLING:
            look.explain(self.button, tip)
        self.missing.setText("\n".join(f"\u2022 {line}" for line in lacking))
        self.missing.setVisible(bool(lacking))
        self.headline_changed.emit(self._headline(lacking))

    def _words(self, runner: Runner) -> tuple[str, str]:
        """Return what stands on the button and in its tool tip."""
        if runner.state == IDLE:
            tip = self.tr(
                "Train and map as chosen above. The samples are taken as they are now, unsaved too."
            )
            return self.tr("Run"), tip
        if runner.state == WAITING:
            tip = self.tr("The run starts by itself when the runtime is installed. Click to give it up.")
            return self.tr("Waiting for the runtime, {} %").format(runner.runtime_percent), tip
        if runner.state == CANCELLING:
            return self.tr("Stopping..."), self.tr("The run is being stopped.")
        return self.tr("Cancel"), self.tr("Stop the run. Nothing is left of it.")

    def _headline(self, lacking: list[str]) -> str:
        runner, runs = self.context.runner, self.session.runs
        if runner.busy:
            return self.tr("running") if runner.state == RUNNING else self.button.text()
        if lacking:
            return self.tr("not ready")
        if runs and "OA" in runs[-1].numbers:
            return self.tr("accuracy {:.1%}").format(runs[-1].numbers["OA"])
        return self.tr("ready")

    # A run

    def _pressed(self) -> None:
        runner = self.context.runner
        if runner.busy:
            runner.cancel()
            return
        if not folder.needed_folder(self.context):
            return
        aim, wanted = self.session.method.aim, {}
        if aim != "classify":
            wanted["train"] = jobs.train_parameters(self.session)
        if aim != "train":
            wanted["classify"] = jobs.classify_parameters(self.session, self.session.method.model)
        runner.start(wanted)

    def _started(self, plan: Any) -> None:
        self.log.clear()
        self.curves.clear()
        self._notes = []
        self.bar.setValue(0)
        self.stage.setText(self.tr("Starting"))
        for widget in (self.scores, self.curves, self.notes):
            widget.hide()
        for widget in (self.bar, self.stage, self.fold):
            widget.show()

    def _reported(self, event: Mapping[str, Any]) -> None:
        kind = event["event"]
        if kind == "progress":
            self.bar.setValue(round(STEPS_OF_BAR * event["fraction"]))
            self.stage.setText(_stage_in_words(event, self.tr))
        elif kind == "metric":
            self.curves.show()
            self.curves.add(event)
        elif kind == "first_look":
            self.look.show(event["classmap"])
        elif kind == "log":
            self.log.appendPlainText(event["text"])
            if event.get("level") == "warning":
                self._add_note(event["text"])

    def _add_note(self, text: str) -> None:
        self._notes.append(text)
        shown = self._notes[:MOST_NOTES]
        if len(self._notes) > MOST_NOTES:
            shown.append(self.tr("{} more in the log.").format(len(self._notes) - MOST_NOTES))
        self.notes.setText("\n".join(f"\u2022 {line}" for line in shown))
        self.notes.show()

    def _finished(self, record: RunRecord) -> None:
        self._end()
        self.scores.setText(self._scores(record))
        self.scores.show()
        self.context.tell(self.tr("{} is finished.").format(record.name), Qgis.MessageLevel.Success)

    def _failed(self, error: Exception) -> None:
        self._end()
        if isinstance(error, Cancelled):
            self.context.tell(self.tr("The run was stopped; nothing is left of it."))
            self.curves.hide()
        else:
            self.log.appendPlainText(str(error))
            self.context.tell(str(error), Qgis.MessageLevel.Critical)

    def _end(self) -> None:
        self.look.clear()
        self.bar.hide()
        self.stage.hide()

    def _scores(self, record: RunRecord) -> str:
        named = [
            f"{self.tr(words)} {record.numbers[name]:.3f}"
            for name, words in SCORE_NAMES.items()
            if name in record.numbers
        ]
        title = f"<b>{record.name}</b> "
        return title + (", ".join(named) if named else self.tr("is finished; nothing was scored."))


def _stage_in_words(event: Mapping[str, Any], tr: Any) -> str:
    stage, left = str(event.get("stage") or ""), event.get("seconds_left")
    stage = stage[:1].upper() + stage[1:].replace("epoch", tr("round"))
    return f"{stage}, " + tr("{} left").format(duration_in_words(left)) if left and stage else stage
