"""Loss and accuracy while a network learns, painted in the colours of the theme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication, QEvent, QPointF, QRectF, QSize, Qt, QTimer
from qgis.PyQt.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from qgis.PyQt.QtWidgets import QSizePolicy, QWidget

from .. import look
from .curve_data import ACCURACY, HELD_BACK, HELD_BACK_LOSS, LOSS, CurveData, Points

REPAINT_MS = 200  # a picture of the learning needs no more than five a second
HEIGHT = 150  # logical pixels
EARLIER = 0.45  # share of the colour in the lines of the training before the last one


@dataclass(frozen=True)
class Panel:
    """One of the two pictures: its title, the metric of the training samples and that of the held-back."""

    title: str
    training: str
    held_back: str
    form: str  # of the values
    falls: bool  # the line begins at the top; numbers stand where the line is not

    def value(self, number: float) -> str:
        """Return a value as text."""
        return self.form.format(number)


class CurvesView(QWidget):
    """Two pictures side by side: loss and accuracy over the training rounds.

    The training samples have a solid line, the held-back ones a dashed line with dots. Where the method is
    trained a second time, on all samples, the lines of the first training stay, in a weaker colour.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.data = CurveData()
        self.paints = 0  # how often it was drawn
        self._panels = (
            Panel(self.tr("Loss"), LOSS, HELD_BACK_LOSS, "{:.3g}", falls=True),
            Panel(self.tr("Accuracy"), ACCURACY, HELD_BACK, "{:.1%}", falls=False),
        )
        self._colors: tuple[QColor, QColor, QColor, QColor] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REPAINT_MS)
        self._timer.timeout.connect(self.update)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip(
            self.tr(
                "Loss (falls) and accuracy (rises) over the training rounds. Solid: on training samples; "
                "dashed: on held-back samples, which the method does not see. A weaker line is the training "
                "that is scored; the stronger one after it uses all samples."
            )
        )

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    def clear(self) -> None:
        """Forget the curves of the last run."""
        self.data.clear()
        self._describe()
        self.update()

    def add(self, event: Mapping[str, Any]) -> None:
        """Take a `metric` event; it is drawn with those that follow within a moment."""
        if self.data.add(event) and not self._timer.isActive():
            self._timer.start()

    def sizeHint(self) -> QSize:
        """Return the size in a dock."""
        return QSize(look.WIDTH - 2 * look.MARGIN, HEIGHT)

    def minimumSizeHint(self) -> QSize:
        """Return the smallest size in which the numbers can be read."""
        return QSize(220, HEIGHT)

    def changeEvent(self, event: QEvent) -> None:
        """Look up the colours again when the theme changes."""
        super().changeEvent(event)
        self._colors = None

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw both pictures."""
        self.paints += 1
        self._describe()
        if self._colors is None:
            line = self.palette().color(QPalette.ColorRole.Highlight)
            self._colors = look.ink(self), look.muted(self), look.line_color(self), line
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = (self.width() - look.MARGIN) / 2
        for number, panel in enumerate(self._panels):
            place = QRectF(number * (width + look.MARGIN), 0, width, self.height())
            self._draw_panel(painter, place, panel)
        painter.end()

    def _describe(self) -> None:
        """Say the latest values for those who do not see the picture."""
        found = [(p, self.data.latest(p.training)) for p in self._panels]
        told = [f"{panel.title} {panel.value(number)}" for panel, number in found if number is not None]
        self.setAccessibleDescription(", ".join(told))

    def _draw_panel(self, painter: QPainter, place: QRectF, panel: Panel) -> None:
        ink, muted, rule, _ = self._colors
        line_height = painter.fontMetrics().height()
        painter.setPen(ink)
        painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, self._caption(panel))
        area = place.adjusted(1, 2 * line_height + 4, -1, -line_height)
        painter.setPen(rule)
        painter.drawRect(area)
        scale = self._scale(panel)
        if scale is None:
            return
        rounds, low, high = scale
        painter.setPen(muted)
        text = self.tr("{:.0f} rounds").format(rounds)
        painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom, text)
        inner = area.adjusted(3, 1, -3, -1)
        left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        above, below = (right, left) if panel.falls else (left, right)
        painter.drawText(inner, above | Qt.AlignmentFlag.AlignTop, panel.value(high))
        painter.drawText(inner, below | Qt.AlignmentFlag.AlignBottom, panel.value(low))
        painter.setClipRect(area)
        self._draw_lines(painter, area.adjusted(2, 3, -3, -3), panel, scale)
        painter.setClipping(False)

    def _caption(self, panel: Panel) -> str:
        """Return the title with the latest value, and that of the held-back samples below."""
        value, held = self.data.latest(panel.training), self.data.latest(panel.held_back)
        first = panel.title if value is None else f"{panel.title} {panel.value(value)}"
        return first if held is None else f"{first}\n" + self.tr("held back {}").format(panel.value(held))

    def _scale(self, panel: Panel) -> tuple[float, float, float] | None:
        """Return the number of rounds and the range of the values; None where there is nothing yet."""
        lines = [
            t.lines[name]
            for t in self.data.trainings
            for name in (panel.training, panel.held_back)
            if name in t.lines
        ]
        if not lines:
            return None
        values = [value for points in lines for _, value in points]
        rounds = max(points[-1][0] for points in lines)
        if panel.training == ACCURACY:
            return rounds, min(0.5, *values, 1.0), 1.0
        return rounds, min(0.0, *values), max(values)

    def _draw_lines(
        self, painter: QPainter, area: QRectF, panel: Panel, scale: tuple[float, float, float]
    ) -> None:
        ink, _, _, strong = self._colors
        paper = look.paper(self)
        for training in self.data.trainings:
            share = 1.0 if training is self.data.trainings[-1] else EARLIER
            if panel.training in training.lines:
                painter.setPen(QPen(look.mixed(strong, paper, share), 1.8))
                painter.drawPolyline(_polygon(training.lines[panel.training], area, scale))
            if panel.held_back in training.lines:
                polygon = _polygon(training.lines[panel.held_back], area, scale)
                painter.setPen(QPen(ink, 1.2, Qt.PenStyle.DashLine))
                painter.drawPolyline(polygon)
                painter.setBrush(ink)
                painter.setPen(Qt.PenStyle.NoPen)
                for i in range(polygon.count()):
                    painter.drawEllipse(polygon.at(i), 2, 2)
                painter.setBrush(Qt.BrushStyle.NoBrush)


def _polygon(points: Points, area: QRectF, scale: Sequence[float]) -> QPolygonF:
    rounds, low, high = scale
    across = area.width() / max(rounds - 1, 1)
    up = area.height() / (high - low or 1.0)
    return QPolygonF(
        [QPointF(area.left() + (x - 1) * across, area.bottom() - (y - low) * up) for x, y in points]
    )
