"""A chart of spectra, painted: the mean of each class with its spread, and the place under the pointer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from qgis.PyQt.QtCore import QPointF, QRectF, QSize, Qt
from qgis.PyQt.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from qgis.PyQt.QtWidgets import QSizePolicy, QWidget

from .. import look
from .axis import tick_text, ticks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

_HEIGHT, _LEAST = 190, 140  # logical pixels
_PAD = 6
_BAND_TINT, _HALO_TINT = 50, 110  # opacity of 255
_DODGE = 0.7  # share of the room of a band over which the classes are spread where bands are few


@dataclass(frozen=True, eq=False)
class Curve:
    """One line of the chart: `mean`, and `low` and `high` around it (None: no spread), each (C,).

    `color` None is drawn in the colour of texts: the place under the pointer.
    """

    mean: Values
    low: Values | None = None
    high: Values | None = None
    color: str | None = None
    strong: bool = False


@dataclass(frozen=True)
class Axes:
    """What the axes say. `wavelengths` (nm) are () where not all are known: then bands are just numbered."""

    names: tuple[str, ...] = ()
    wavelengths: tuple[float, ...] = ()
    x_title: str = ""
    y_title: str = ""


class SpectraChart(QWidget):
    """Draws curves over bands or wavelengths; with nothing to draw it says so."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.axes = Axes()
        self.curves: tuple[Curve, ...] = ()
        self.place: Curve | None = None
        self.nothing = ""  # the text where there is no curve
        self.setMinimumHeight(_LEAST)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(look.WIDTH, _HEIGHT)

    def show_curves(self, axes: Axes, curves: Sequence[Curve], place: Curve | None, nothing: str) -> None:
        """Show the curves of the classes and of a place."""
        self.axes, self.curves, self.place, self.nothing = axes, tuple(curves), place, nothing
        self.update()

    @property
    def drawn(self) -> list[Curve]:
        """All curves, the place last so that it lies on top, strong ones after the others."""
        ordered = sorted(self.curves, key=lambda curve: curve.strong)
        return [*ordered, self.place] if self.place is not None else ordered

    def value_range(self) -> tuple[float, float] | None:
        """Return the lowest and highest value to be seen, with a little room; None without any."""
        parts = [part for c in self.drawn for part in (c.mean, c.low, c.high) if part is not None]
        values = np.concatenate(parts) if parts else np.zeros(0)
        values = values[np.isfinite(values)]
        if not len(values):
            return None
        low, high = float(values.min()), float(values.max())
        room = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
        return low - room, high + room

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = self.font()
        if font.pointSizeF() > 0:
            font.setPointSizeF(0.85 * font.pointSizeF())
        painter.setFont(font)
        values = self.value_range()
        if values is None:
            painter.setPen(look.muted(self))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(_PAD, _PAD, -_PAD, -_PAD), int(flags), self.nothing)
        else:
            _Painting(self, painter, values).paint()
        painter.end()


class _Painting:
    """One painting of the chart."""

    def __init__(self, chart: SpectraChart, painter: QPainter, values: tuple[float, float]) -> None:
        self._chart, self._painter, self._axes = chart, painter, chart.axes
        self._low, self._high = values
        self._ink, self._muted = look.ink(chart), look.muted(chart)
        self._grid = look.line_color(chart)
        self._is_line = bool(self._axes.wavelengths) or len(self._axes.names) > 12
        line = painter.fontMetrics().height()
        self._y_ticks = ticks(self._low, self._high, max(2, int(chart.height() / (2.6 * line))))
        self._y_texts = self._texts(self._y_ticks)
        left = max((painter.fontMetrics().horizontalAdvance(t) for t in self._y_texts), default=0)
        self._area = QRectF(
            left + 2 * _PAD,
            line + 2 * _PAD,
            chart.width() - left - 4 * _PAD,
            chart.height() - 3 * line - 3 * _PAD,
        )

    def paint(self) -> None:
        self._draw_y_axis()
        self._draw_x_axis()
        self._painter.setClipRect(self._area.adjusted(-2, -2, 2, 2))
        curves = self._chart.drawn
        for number, curve in enumerate(curves):
            if self._is_line:
                self._draw_line(curve)
            else:
                self._draw_points(curve, number, len(curves))

    def _texts(self, values: list[float]) -> list[str]:
        step = values[1] - values[0] if len(values) > 1 else 1.0
        return [tick_text(value, step) for value in values]

    def _y(self, value: float) -> float:
        return self._area.bottom() - (value - self._low) / (self._high - self._low) * self._area.height()

    def _xs(self) -> Values:
        """Return where the bands are from left to right."""
        waves = np.array(self._axes.wavelengths or range(len(self._axes.names)), dtype=float)
        if not self._is_line:
            share = (np.arange(len(waves)) + 0.5) / max(len(waves), 1)
        else:
            span = waves[-1] - waves[0]
            share = (waves - waves[0]) / span if span else np.full(len(waves), 0.5)
        return self._area.left() + share * self._area.width()

    def _draw_y_axis(self) -> None:
        painter, line = self._painter, self._painter.fontMetrics().height()
        for value, text in zip(self._y_ticks, self._y_texts):
            y = self._y(value)
            painter.setPen(QPen(self._grid, 1))
            painter.drawLine(QPointF(self._area.left(), y), QPointF(self._area.right(), y))
            painter.setPen(self._muted)
            box = QRectF(0, y - line / 2, self._area.left() - _PAD, line)
            painter.drawText(box, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), text)
        painter.setPen(self._muted)
        painter.drawText(QPointF(_PAD, _PAD + painter.fontMetrics().ascent()), self._axes.y_title)

    def _draw_x_axis(self) -> None:
        painter, line = self._painter, self._painter.fontMetrics().height()
        painter.setPen(self._muted)
        for x, text in self._x_labels():
            width = painter.fontMetrics().horizontalAdvance(text)
            left = min(max(x - width / 2, self._area.left() - 2 * _PAD), self._chart.width() - width - 1)
            painter.drawText(QPointF(left, self._area.bottom() + line), text)
        title = self._axes.x_title
        right = self._area.right() - painter.fontMetrics().horizontalAdvance(title)
        painter.drawText(QPointF(right, self._area.bottom() + 2 * line), title)

    def _x_labels(self) -> list[tuple[float, str]]:
        """Return places and texts along the bands, as many as there is room for."""
        metrics, xs, names = self._painter.fontMetrics(), self._xs(), self._axes.names
        waves = self._axes.wavelengths
        if self._is_line:
            low, high = (waves[0], waves[-1]) if waves else (1, len(names))
            room = metrics.horizontalAdvance("0,000") * 1.8
            values = ticks(low, high, max(1, int(self._area.width() / room)))
            span = (high - low) or 1.0
            texts = self._texts(values)
            return [
                (self._area.left() + (v - low) / span * self._area.width(), t) for v, t in zip(values, texts)
            ]
        room = self._area.width() / max(len(names), 1) - _PAD
        shown = [metrics.elidedText(name, Qt.TextElideMode.ElideRight, int(room)) for name in names]
        if any(len(text) < min(3, len(name)) for text, name in zip(shown, names)):
            shown = [str(number) for number in range(1, len(names) + 1)]
        return list(zip(xs.tolist(), shown))

    def _pens(self, curve: Curve) -> tuple[QPen, QPen, QColor]:
        """Return the pen of a line, the one below it that makes it seen on any ground, and its tint."""
        color = QColor(curve.color) if curve.color else self._ink
        width = 2.4 if curve.strong or curve.color is None else 1.5
        halo, tint = QColor(self._ink), QColor(color)
        halo.setAlpha(_HALO_TINT if curve.color else 0)
        tint.setAlpha(_BAND_TINT)
        style = Qt.PenStyle.SolidLine if curve.color else Qt.PenStyle.DashLine
        return QPen(color, width, style), QPen(halo, width + 1.2), tint

    def _draw_line(self, curve: Curve) -> None:
        pen, halo, tint = self._pens(curve)
        xs, painter = self._xs(), self._painter
        if curve.low is not None and curve.high is not None:
            for run in _runs(np.isfinite(curve.low) & np.isfinite(curve.high)):
                edge = [QPointF(xs[i], self._y(curve.high[i])) for i in run]
                edge += [QPointF(xs[i], self._y(curve.low[i])) for i in reversed(run)]
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(tint)
                painter.drawPolygon(QPolygonF(edge))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for run in _runs(np.isfinite(curve.mean)):
            line = QPolygonF([QPointF(xs[i], self._y(curve.mean[i])) for i in run])
            for one in (halo, pen):
                painter.setPen(one)
                painter.drawPolyline(line)

    def _draw_points(self, curve: Curve, number: int, count: int) -> None:
        """Draw few bands side by side, the classes beside each other within each."""
        pen, halo, tint = self._pens(curve)
        xs, painter = self._xs(), self._painter
        room = self._area.width() / max(len(xs), 1) * _DODGE
        if curve.color is None:
            painter.setPen(pen)
            for x, value in zip(xs, curve.mean):
                if np.isfinite(value):
                    y = self._y(value)
                    painter.drawLine(QPointF(x - room / 2 - 4, y), QPointF(x + room / 2 + 4, y))
            return
        slots = max(1, count - (self._chart.place is not None))
        shift = ((number + 0.5) / slots - 0.5) * room
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        for i, x in enumerate(xs):
            if not np.isfinite(curve.mean[i]):
                continue
            if curve.low is not None and curve.high is not None:
                width = max(3.0, min(9.0, room / slots * 0.7))
                top, bottom = self._y(curve.high[i]), self._y(curve.low[i])
                tint.setAlpha(120)
                painter.fillRect(QRectF(x + shift - width / 2, top, width, max(bottom - top, 1)), tint)
            painter.setPen(QPen(halo.color(), 0.8))
            painter.setBrush(pen.color())
            size = 3.6 if curve.strong else 2.8
            painter.drawEllipse(QPointF(x + shift, self._y(curve.mean[i])), size, size)


def _runs(known: NDArray[np.bool_]) -> list[list[int]]:
    """Return the stretches of true values as lists of positions."""
    found: list[list[int]] = []
    for i in np.flatnonzero(known).tolist():
        if found and found[-1][-1] == i - 1:
            found[-1].append(i)
        else:
            found.append([i])
    return found
