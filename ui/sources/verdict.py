"""How the sources fit together: the verdict, what to mend, the map pixels, and what a map will need."""

from __future__ import annotations

import math

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QCoreApplication, QSize, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ...core.inference.forecast import duration_in_words, size_in_words
from ...core.inference.map_cost import MapCost
from .. import look
from .scene_facts import SceneFacts
from .words import length, number

_ICON = 16  # logical pixels
_MOST = 2  # problems in the dock; the report has all
_GIGABYTE = 1e9


class Verdict(QWidget):
    """Shows `SceneFacts`; the button asks for the full report."""

    report_wanted = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture = QLabel(self)
        self._picture.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.text = QLabel(self)
        self.text.setWordWrap(True)
        self.problems = look.hint("", self)
        self.problems.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.map = look.hint("", self)
        self.cost = look.hint("", self)
        self.report = QPushButton(self.tr("Full report"), self)
        self.report.setToolTip(
            self.tr("Overlap, pixel sizes, shifts between sources, bands and no data, with pictures")
        )
        self.report.clicked.connect(lambda: self.report_wanted.emit())
        words = QVBoxLayout()
        words.setSpacing(look.TIGHT)
        for widget in (self.text, self.problems, self.map, self.cost):
            words.addWidget(widget)
        words.addWidget(self.report, 0, Qt.AlignmentFlag.AlignLeft)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(look.GAP)
        layout.addWidget(self._picture, 0, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(words, 0, 1)
        layout.setColumnStretch(1, 1)

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def show_looking(self) -> None:
        """Say that the sources are being looked at; what was found before stays until then."""
        self._set("/mIconTimerContinue.svg", self.tr("Looking how the sources fit together..."))
        look.explain(self.report, self.tr("The sources are being looked at."))

    def show_error(self, text: str) -> None:
        """Say why nothing can be said."""
        self._set("/mIconCritical.svg", text)
        for label in (self.problems, self.map, self.cost):
            label.hide()
        look.explain(self.report, text)

    def show_facts(self, facts: SceneFacts) -> None:
        """Show the verdict and what it rests on."""
        icon = "/mIconCritical.svg" if facts.stops else "/mIconWarning.svg"
        self._set(icon if facts.problems else "/mIconSuccess.svg", facts.verdict)
        self.text.setToolTip("\n".join(facts.fits))
        shown = list(facts.problems[:_MOST])
        if len(facts.problems) > _MOST:
            shown.append(self.tr("{} more in the report.").format(len(facts.problems) - _MOST))
        self._fill(self.problems, "\n".join(shown))
        self._fill(self.map, self._map_in_words(facts))
        look.explain(self.report, "")

    def show_cost(self, facts: SceneFacts, cost: MapCost | None) -> None:
        """Show what a map of the scene will need, and the machine that it is forecast for."""
        if cost is None or facts.machine is None:
            self.cost.hide()
            return
        machine = facts.machine
        if cost.seconds is None:
            time = self.tr("time known after the first run")
        else:
            time = self.tr("about {}").format(duration_in_words(cost.seconds))
        text = self.tr("Mapping: {}, {} of memory.").format(time, size_in_words(cost.n_bytes))
        where = self.tr("{}, {} threads").format(machine.name, machine.threads)
        free = self.tr("{} free of {}").format(
            size_in_words(machine.free_bytes), size_in_words(machine.total_bytes)
        )
        self._fill(self.cost, f"{text}\n{where if machine.kind == 'cpu' else machine.name}, {free}.")
        if cost.seconds is None:
            tip = self.tr("No map has been made with this method on this computer yet.")
        elif cost.is_measured:
            tip = self.tr("From the pace of the last map with this method on this computer.")
        else:
            tip = self.tr("From a pace recorded on another computer; your own counts after the first map.")
        self.cost.setToolTip(tip)

    def _set(self, icon: str, text: str) -> None:
        self._picture.setPixmap(QgsApplication.getThemeIcon(icon).pixmap(QSize(_ICON, _ICON)))
        self.text.setText(text)

    def _map_in_words(self, facts: SceneFacts) -> str:
        if not facts.rows:
            return ""
        text = self.tr("{} x {} map pixels of {}").format(
            number(facts.cols, 6), number(facts.rows, 6), length(facts.pixel_metres, facts.has_crs)
        )
        if math.isnan(facts.valid_share):
            return f"{text}."
        unmapped = 100 * (1 - facts.valid_share)
        share = self.tr("all can be mapped") if unmapped < 0.05 else self.tr("{} % stay unmapped")
        return f"{text}; {share.format(f'{unmapped:.1f}')}."

    def _fill(self, label: QLabel, text: str) -> None:
        label.setText(text)
        label.setVisible(bool(text))
