"""Figures of the sample report: spectra of the classes, their spread, and how well pairs are told apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..data.classes import LandClass
from .html import Markup, text
from .sample_statistics import Spectra
from .separability import Pair
from .svg import CHAR, drawing, label, line, nice_ticks, shortened, square, turned

if TYPE_CHECKING:
    from numpy.typing import NDArray

_GAP = 6.0  # times the usual step between wavelengths: there the curve is broken (water vapour)
_MANY_BANDS = 30  # with fewer, bands are far apart anyway and the curve joins them all
_MOST_TICKS = 8


class _Axes:
    """Places values in a plot: x from `first` to `last`, y within the ticks; pixels from the upper left."""

    def __init__(
        self, x: tuple[float, float], ticks: Sequence[float], box: tuple[float, float, float, float]
    ) -> None:
        self.first, self.last = x
        self.ticks, (self.left, self.top, self.width, self.height) = list(ticks), box

    def x(self, value: float) -> float:
        share = (value - self.first) / (self.last - self.first) if self.last > self.first else 0.5
        return self.left + share * self.width

    def y(self, value: float) -> float:
        share = (self.ticks[-1] - value) / (self.ticks[-1] - self.ticks[0])
        return self.top + share * self.height

    def rules(self) -> list[Markup]:
        """Return the horizontal lines with their numbers."""
        parts = [line(self.left, self.y(t), self.left + self.width, self.y(t)) for t in self.ticks]
        return parts + [label(self.left - 8, self.y(t) + 4.5, f"{t:g}", "end", "soft") for t in self.ticks]

    def bottom(self, values: Sequence[float]) -> list[Markup]:
        """Return numbers below the plot."""
        y = self.top + self.height + 18
        return [label(self.x(v), y, f"{v:g}", "middle", "soft") for v in values]


def _positions(spectra: Spectra) -> list[float]:
    return list(spectra.wavelengths) or [float(i) for i in range(1, len(spectra.names) + 1)]


def _pieces(xs: Sequence[float]) -> list[slice]:
    """Return the runs of bands without a gap between them."""
    steps = np.diff(xs)
    if len(xs) < _MANY_BANDS:
        return [slice(0, len(xs))]
    cuts = np.flatnonzero(steps > _GAP * np.median(steps)) + 1
    edges = [0, *cuts.tolist(), len(xs)]
    return [slice(a, b) for a, b in zip(edges, edges[1:])]


def _inner_ticks(xs: Sequence[float]) -> list[float]:
    if xs[-1] == len(xs) and len(xs) <= _MOST_TICKS:
        return list(xs)
    return [t for t in nice_ticks(xs[0], xs[-1], 6) if xs[0] <= t <= xs[-1]]


def spectra_figure(spectra: Spectra, classes: Sequence[LandClass]) -> Markup:
    """Return the mean spectra of all classes in one plot, with a legend below."""
    xs = _positions(spectra)
    shown = [i for i in range(len(classes)) if np.isfinite(spectra.mean[i]).any()]
    ticks = nice_ticks(float(np.nanmin(spectra.mean)), float(np.nanmax(spectra.mean)))
    left = 20 + max(len(f"{t:g}") for t in ticks) * CHAR
    axes = _Axes((xs[0], xs[-1]), ticks, (left, 12.0, 720.0, 280.0))
    parts = [*axes.rules(), *axes.bottom(_inner_ticks(xs))]
    across = "wavelength (nm)" if spectra.wavelengths else "band"
    parts.append(label(left + 360, axes.top + axes.height + 38, across, "middle", "soft"))
    for i in shown:
        name = f"<title>{text(classes[i].name)}</title>"
        curves = "".join(_curve(axes, xs, spectra.mean[i], piece, 2.0) for piece in _pieces(xs))
        parts.append(Markup(f'<g fill="none" stroke="{classes[i].color}">{name}{curves}</g>'))
    legend, bottom = _legend([classes[i] for i in shown], left, axes.top + axes.height + 56, 740.0)
    return drawing(
        left + 740, bottom, f"Mean spectra of {len(shown)} classes, {spectra.title}", [*parts, *legend]
    )


def _curve(axes: _Axes, xs: Sequence[float], ys: NDArray[np.float64], piece: slice, width: float) -> Markup:
    points = [(x, float(y)) for x, y in zip(xs[piece], ys[piece]) if math.isfinite(y)]
    if len(points) == 1:
        x, y = axes.x(points[0][0]), axes.y(points[0][1])
        return Markup(f'<path d="M{x - 3:.1f} {y:.1f}h6" stroke-width="{width:g}"/>')
    path = " ".join(f"{axes.x(x):.1f},{axes.y(y):.1f}" for x, y in points)
    return Markup(f'<polyline points="{path}" stroke-width="{width:g}" stroke-linejoin="round"/>')


def _legend(
    classes: Sequence[LandClass], left: float, top: float, width: float
) -> tuple[list[Markup], float]:
    """Return the names of classes in rows, and where they end."""
    parts, x, y = [], left, top
    for item in classes:
        name = shortened(item.name)
        step = 34 + len(name) * CHAR
        if x + step > left + width and x > left:
            x, y = left, y + 22
        parts += [square(x, y, item.color), label(x + 18, y + 10.5, name)]
        x += step
    return parts, y + 22


def spread_figures(spectra: Spectra, classes: Sequence[LandClass]) -> list[Markup]:
    """Return one small plot per class: its mean within the middle 80 % of its pixels, all on one scale."""
    xs = _positions(spectra)
    ticks = nice_ticks(float(np.nanmin(spectra.low)), float(np.nanmax(spectra.high)), 4)
    return [
        _spread(spectra, i, item, xs, ticks)
        for i, item in enumerate(classes)
        if np.isfinite(spectra.mean[i]).any()
    ]


def _spread(spectra: Spectra, i: int, item: LandClass, xs: Sequence[float], ticks: Sequence[float]) -> Markup:
    left = 14 + max(len(f"{t:g}") for t in ticks) * CHAR
    axes = _Axes((xs[0], xs[-1]), ticks, (left, 26.0, 232.0, 110.0))
    parts = [square(left, 3, item.color), label(left + 18, 13.5, shortened(item.name)), *axes.rules()]
    inner = _inner_ticks(xs)
    parts += axes.bottom([inner[0], inner[-1]] if len(inner) > 1 else inner)
    for piece in _pieces(xs):
        parts += [_ribbon(axes, xs, spectra.low[i], spectra.high[i], piece, item.color)]
        curve = _curve(axes, xs, spectra.mean[i], piece, 1.6)
        parts.append(Markup(f'<g fill="none" stroke="var(--ink)">{curve}</g>'))
    return drawing(left + 244, 162, f"Spectrum and spread of {item.name}, {spectra.title}", parts)


def _ribbon(
    axes: _Axes,
    xs: Sequence[float],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    piece: slice,
    color: str,
) -> Markup:
    known = [
        (axes.x(x), axes.y(float(a)), axes.y(float(b)))
        for x, a, b in zip(xs[piece], low[piece], high[piece])
        if math.isfinite(a) and math.isfinite(b)
    ]
    if len(known) == 1:
        known = [(known[0][0] - 3, *known[0][1:]), (known[0][0] + 3, *known[0][1:])]
    there = " ".join(f"{x:.1f},{b:.1f}" for x, _, b in known)
    back = " ".join(f"{x:.1f},{a:.1f}" for x, a, _ in reversed(known))
    return Markup(f'<polygon points="{there} {back}" fill="{color}" fill-opacity="0.55" stroke="{color}"/>')


def ranges_figure(spectra: Spectra, classes: Sequence[LandClass], band: int) -> Markup:
    """Return one band: per class a bar over the middle 80 % of its pixels with a mark at the mean."""
    shown = [i for i in range(len(classes)) if math.isfinite(spectra.mean[i, band])]
    names = [shortened(classes[i].name) for i in shown]
    ticks = nice_ticks(float(np.nanmin(spectra.low[:, band])), float(np.nanmax(spectra.high[:, band])), 3)
    left, step, plot = max((len(n) for n in names), default=1) * CHAR + 16, 26.0, 150.0
    bottom = 26 + step * len(shown)

    def x(value: float) -> float:
        return left + (value - ticks[0]) / (ticks[-1] - ticks[0]) * plot

    parts = [label(left, 14, spectra.names[band], bold=True)]
    for tick in ticks:
        parts += [
            line(x(tick), 26, x(tick), bottom),
            label(x(tick), bottom + 18, f"{tick:g}", "middle", "soft"),
        ]
    for row, (i, name) in enumerate(zip(shown, names)):
        y = 26 + (row + 0.5) * step
        low, high, mean = (float(v[i, band]) for v in (spectra.low, spectra.high, spectra.mean))
        tip = f"{classes[i].name}: mean {mean:.5g}, {low:.5g} to {high:.5g}"
        bar = f'x="{x(low):.1f}" y="{y - 7:.1f}" width="{max(x(high) - x(low), 2):.1f}" height="14" rx="3"'
        parts += [
            label(left - 10, y + 4.5, name, "end"),
            Markup(
                f'<g><title>{text(tip)}</title><rect {bar} fill="{classes[i].color}" stroke="var(--soft)" '
                f'stroke-width="0.5"/><path d="M{x(mean):.1f} {y - 10:.1f}v20" stroke="var(--ink)" '
                'stroke-width="2.5"/></g>'
            ),
        ]
    return drawing(left + plot + 24, bottom + 26, f"{spectra.title}, {spectra.names[band]} per class", parts)


def separability_figure(pairs: Sequence[Pair], classes: Sequence[LandClass]) -> Markup:
    """Return the pairs of classes as a triangle: the more orange, the less they can be told apart."""
    present = sorted({p.first for p in pairs} | {p.second for p in pairs})
    names, size = [shortened(classes[i].name) for i in present], 46.0
    longest = max((len(n) for n in names), default=1) * CHAR
    left, top, k = longest + 40, longest * 0.72 + 24, len(present) - 1
    at = {index: position for position, index in enumerate(present)}
    parts = []
    for position, index in enumerate(present):
        color = classes[index].color
        if position:
            y = top + (position - 0.5) * 34
            parts += [square(left - 22, y - 6, color), label(left - 30, y + 4.5, names[position], "end")]
        if position < k:
            x, y = left + (position + 0.5) * size, top + position * 34 - 6
            parts += [square(x - 6, y - 12, color), turned(x + 5, y - 18, names[position], -45, "start")]
    for pair in pairs:
        corner = left + at[pair.first] * size, top + (at[pair.second] - 1) * 34
        parts.append(_pair_cell(pair, classes, corner, size))
    width = left + k * size + longest * 0.72
    return drawing(width, top + k * 34 + 8, "Jeffries-Matusita distance of each pair of classes", parts)


def _pair_cell(pair: Pair, classes: Sequence[LandClass], corner: tuple[float, float], size: float) -> Markup:
    x, y = corner
    known = not math.isnan(pair.overall)
    shade = 0.06 + 0.94 * (1 - pair.overall / 2) ** 0.7 if known else 0.0
    shown = f"{pair.overall:.2f}" if known else "\u2013"
    tip = (
        f"{classes[pair.first].name} and {classes[pair.second].name}: {shown if known else 'not measurable'}"
    )
    frame = f'x="{x + 1:.1f}" y="{y + 1:.1f}" width="{size - 2:.1f}" height="32" rx="3"'
    style = "on-color" if shade > 0.6 else "" if known else "soft"
    return Markup(
        f'<g><title>{text(tip)}</title><rect {frame} fill="var(--panel)"/><rect {frame} fill="var(--error)" '
        f'fill-opacity="{shade:.3f}"/>{label(x + size / 2, y + 21, shown, "middle", style)}</g>'
    )
