"""What the model of a run reached on samples that it had not seen, in a few lines and a table."""

from __future__ import annotations

import math
from pathlib import Path

from qgis.PyQt.QtCore import QCoreApplication, QUrl
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from ...core.errors import LandfuseError
from ...core.evaluation.run_accuracy import RunAccuracy, run_accuracy
from .. import look
from ..state.choices import RunRecord
from ..state.context import DockContext
from .run_files import decimal, files_of, percent
from .tables import FigureTable
from .worker import Worker


class AccuracyPanel(QWidget):
    """Overall figures with what they were measured on, figures per class, and the report in the browser."""

    def __init__(self, context: DockContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._record: RunRecord | None = None
        self.worker = Worker(self)
        self.worker.done.connect(self._show)
        self.worker.failed.connect(self._failed)
        self._build()

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def shut_down(self) -> None:
        """Give up what is being read."""
        self.worker.stop()

    def set_run(self, record: RunRecord | None) -> None:
        """Read and show the accuracy of this run."""
        self._record = record
        self._show_nothing("")
        self.worker.stop()
        report = record.outputs.get("report", "") if record is not None else ""
        there = bool(report) and Path(report).is_file()
        look.explain(self.report, "" if there else self.tr("This run has no report, or its file is gone."))
        if record is None:
            return
        model = files_of(record).model
        if not model:
            self._show_nothing(self.tr("The model of this run is gone, and its scores with it."))
            return
        self.worker.start(self.tr("Landfuse: accuracy"), lambda _: run_accuracy(model))

    def _build(self) -> None:
        self.overall = QLabel(self)
        font = self.overall.font()
        font.setPointSizeF(1.7 * font.pointSizeF() if font.pointSizeF() > 0 else 18.0)
        font.setBold(True)
        self.overall.setFont(font)
        self.overall.setToolTip(
            self.tr("Overall accuracy: the share of reference pixels whose class on the map is right.")
        )
        self.interval = look.hint("", self)
        self.others = QLabel(self)
        self.others.setToolTip(
            self.tr(
                "Kappa: agreement beyond chance. F1: harmonic mean of user's and producer's accuracy, "
                "averaged over the classes."
            )
        )
        self.measured = look.hint("", self)
        self.table = FigureTable(self)
        self.report = QPushButton(self.tr("Open the accuracy report"), self)
        self.report.setToolTip(self.tr("The full report with the confusion matrix, in the browser."))
        self.report.clicked.connect(self._open_report)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(look.TIGHT)
        for widget in (self.overall, self.interval, self.others, self.table, self.measured, self.report):
            layout.addWidget(widget)

    def _show_nothing(self, why: str) -> None:
        for widget in (self.overall, self.interval, self.others, self.table):
            widget.hide()
        self.measured.setText(why)
        self.measured.setVisible(bool(why))

    def _failed(self, error: Exception) -> None:
        self._show_nothing(error.what if isinstance(error, LandfuseError) else str(error))

    def _show(self, found: RunAccuracy) -> None:
        metrics = found.metrics
        if metrics is None:
            self._show_nothing(self.tr("Measured on {}.").format(found.measured_on))
            return
        self.overall.setText(percent(metrics.overall_accuracy))
        self.interval.setText(self._interval(found))
        kappa, f1 = decimal(metrics.kappa), decimal(metrics.macro_f1)
        self.others.setText(self.tr("Kappa {} · macro F1 {}").format(kappa, f1))
        self.measured.setText(self._measured(found))
        self._fill(found)
        for widget in (self.overall, self.interval, self.others, self.measured, self.table):
            widget.show()

    def _interval(self, found: RunAccuracy) -> str:
        if math.isnan(found.interval.low):
            return self.tr("overall accuracy")
        low, high = percent(found.interval.low), percent(found.interval.high)
        if found.by_places:
            text = self.tr(
                "overall accuracy; 95 % interval {} to {}, with the {} held-back places as the unit"
            )
            return text.format(low, high, found.n_places)
        return self.tr("overall accuracy; 95 % interval {} to {} if pixels were independent").format(
            low, high
        )

    def _measured(self, found: RunAccuracy) -> str:
        lines = [self.tr("Measured on {}.").format(found.measured_on), found.saved_model]
        if found.not_assessed:
            lines.append(self.tr("Not assessed: {}.").format(", ".join(found.not_assessed)))
        return " ".join(line for line in lines if line)

    def _fill(self, found: RunAccuracy) -> None:
        head = [self.tr("Class"), self.tr("User's"), self.tr("Producer's"), self.tr("Pixels")]
        rows = [
            [
                land_class.name,
                percent(float(found.metrics.users[i]), 0),
                percent(float(found.metrics.producers[i]), 0),
                str(int(found.matrix.reference_totals[i])),
            ]
            for i, land_class in enumerate(found.classes)
        ]
        self.table.fill(head, rows, [c.color for c in found.classes])
        tips = (
            "",
            self.tr("User's accuracy: of the pixels mapped as this class, the share that is right."),
            self.tr("Producer's accuracy: of the pixels that are this class, the share that is mapped so."),
            self.tr("Held-back pixels of this class."),
        )
        for column, tip in enumerate(tips):
            self.table.horizontalHeaderItem(column).setToolTip(tip)

    def _open_report(self) -> None:
        if self._record is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(self._record.outputs["report"]))
