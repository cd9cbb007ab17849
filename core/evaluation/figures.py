"""Figures of the reports as inline SVG; colours come from the style sheet and follow light and dark mode."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from .confusion import ConfusionMatrix
from .html import UNDEFINED, Markup, integer, text
from .metrics import Metrics
from .svg import CHAR as _CHAR
from .svg import drawing as _svg
from .svg import label as _text
from .svg import line as _line
from .svg import nice_ticks
from .svg import shortened as _short
from .svg import square as _square
from .svg import turned as _turned

Points = Sequence[tuple[float, float]]


def confusion_figure(matrix: ConfusionMatrix) -> Markup:
    """Return the matrix as a heat map: agreement and errors in two hues, shade = share of the reference."""
    k = len(matrix.classes)
    names = [_short(c.name) for c in matrix.classes]
    cell_w = max(46.0, 8.0 * len(integer(int(matrix.counts.max(initial=0)))) + 14)
    cell_h, longest = 34.0, max((len(n) for n in names), default=1) * _CHAR
    left, top = 44 + longest + 22, 34 + longest * 0.72 + 22
    width = left + (k + 1) * cell_w + max(12.0, longest * 0.72 - cell_w / 2)
    height = top + (k + 1) * cell_h + 8
    parts = [
        _text(left + k * cell_w / 2, 16, "map (columns)", "middle", bold=True),
        _turned(14, top + k * cell_h / 2, "reference (rows)", -90, "middle", bold=True),
    ]
    for i, name in enumerate(names):
        color, y, x = matrix.classes[i].color, top + (i + 0.5) * cell_h, left + (i + 0.5) * cell_w
        parts += [_square(left - 20, y - 6, color), _text(left - 28, y + 4.5, name, "end")]
        parts += [_square(x - 6, top - 18, color), _turned(x + 5, top - 24, name, -45, "start")]
    parts += [
        _text(left + (k + 0.5) * cell_w, top - 9, "total", "middle", "soft"),
        _text(left - 8, top + (k + 0.5) * cell_h + 4.5, "total", "end", "soft"),
    ]
    parts += _cells(matrix, left, top, cell_w, cell_h)
    return _svg(width, height, f"Confusion matrix of {k} classes, rows reference, columns map", parts)


def _cells(matrix: ConfusionMatrix, left: float, top: float, cell_w: float, cell_h: float) -> list[Markup]:
    parts, k = [], len(matrix.classes)
    for row in range(k):
        total = int(matrix.reference_totals[row])
        for col in range(k):
            x, y, count = left + col * cell_w, top + row * cell_h, int(matrix.counts[row, col])
            parts.append(_cell(matrix, row, col, count, total, (x, y, cell_w, cell_h)))
        y = top + (row + 0.5) * cell_h + 4.5
        parts.append(_text(left + (k + 0.92) * cell_w, y, integer(total), "end", "soft"))
    for col in range(k):
        x, y = left + (col + 0.5) * cell_w, top + (k + 0.5) * cell_h + 4.5
        parts.append(_text(x, y, integer(int(matrix.map_totals[col])), "middle", "soft"))
    x, y = left + (k + 0.92) * cell_w, top + (k + 0.5) * cell_h + 4.5
    parts.append(_text(x, y, integer(matrix.total), "end", bold=True))
    return parts


def _cell(
    matrix: ConfusionMatrix,
    row: int,
    col: int,
    count: int,
    total: int,
    box: tuple[float, float, float, float],
) -> Markup:
    x, y, w, h = box
    share = count / total if total else 0.0
    # Square root: a confusion of 2 % must be visible beside a diagonal of 90 %.
    shade = 0.0 if not count else 0.10 + 0.90 * math.sqrt(share)
    hue = "var(--agree)" if row == col else "var(--error)"
    tip = f"reference {matrix.classes[row].name}, map {matrix.classes[col].name}: {integer(count)}"
    tip += f" ({100 * share:.1f} % of the reference class)" if total else ""
    frame = f'x="{x + 1:.1f}" y="{y + 1:.1f}" width="{w - 2:.1f}" height="{h - 2:.1f}" rx="3"'
    ground = f'<rect {frame} fill="var(--panel)"/>'
    ground += f'<rect {frame} fill="{hue}" fill-opacity="{shade:.3f}"/>' if count else ""
    style = "on-color" if shade > 0.55 else "soft" if not count else ""
    label = _text(x + w / 2, y + h / 2 + 4.5, integer(count) if count else "\u00b7", "middle", style)
    return Markup(f"<g><title>{text(tip)}</title>{ground}{label}</g>")


def f1_figure(matrix: ConfusionMatrix, metrics: Metrics) -> Markup:
    """Return F1 per class as bars, with user's and producer's accuracy marked on each."""
    names = [_short(c.name) for c in matrix.classes]
    left = max((len(n) for n in names), default=1) * _CHAR + 34
    plot, step, top = 420.0, 30.0, 34.0
    bottom = top + step * len(names)
    parts = [_square(left, 6, "var(--soft)"), _text(left + 18, 16, "F1")]
    parts += [_users_mark(left + 64, 12), _text(left + 76, 16, "user's accuracy")]
    parts += [_producers_mark(left + 206, 12), _text(left + 218, 16, "producer's accuracy")]
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        x = left + tick * plot
        parts += [_line(x, top, x, bottom), _text(x, bottom + 18, f"{tick:g}", "middle", "soft")]
    for i, name in enumerate(names):
        y = top + (i + 0.5) * step
        parts.append(_text(left - 10, y + 4.5, name, "end"))
        figures = (float(metrics.f1[i]), float(metrics.users[i]), float(metrics.producers[i]))
        parts += _bar(left, y, plot, figures, matrix.classes[i].color)
    return _svg(left + plot + 60, bottom + 28, "F1, user's and producer's accuracy per class", parts)


def _bar(left: float, y: float, plot: float, figures: tuple[float, float, float], color: str) -> list[Markup]:
    f1, users, producers = figures
    shown = UNDEFINED if math.isnan(f1) else f"{f1:.2f}"
    parts = [_text(left + plot + 14, y + 4.5, shown)]
    if not math.isnan(f1):
        parts.append(
            Markup(
                f'<rect x="{left:.1f}" y="{y - 9:.1f}" width="{max(f1 * plot, 1):.1f}" height="18" rx="2" '
                f'fill="{color}" stroke="var(--soft)" stroke-width="0.5"/>'
            )
        )
    if not math.isnan(users):
        parts.append(_users_mark(left + users * plot, y))
    if not math.isnan(producers):
        parts.append(_producers_mark(left + producers * plot, y))
    return parts


def curve_figure(curves: Mapping[str, Points], label: str, across: str = "epoch") -> Markup:
    """Return curves over the epochs (or what `across` names); points that are not finite are left out."""
    finite = {n: [(e, v) for e, v in points if math.isfinite(v)] for n, points in curves.items()}
    finite = {name: points for name, points in finite.items() if points}
    if not finite:
        return Markup("")
    every = [p for points in finite.values() for p in points]
    ticks = nice_ticks(min(v for _, v in every), max(v for _, v in every))
    first, last = min(e for e, _ in every), max(e for e, _ in every)
    left, top, plot_w, plot_h = 20 + max(len(f"{t:g}") for t in ticks) * _CHAR, 34.0, 520.0, 190.0

    def place(epoch: float, value: float) -> tuple[float, float]:
        share = (epoch - first) / (last - first) if last > first else 0.5
        return left + share * plot_w, top + (ticks[-1] - value) / (ticks[-1] - ticks[0]) * plot_h

    parts = [_line(left, place(first, t)[1], left + plot_w, place(first, t)[1]) for t in ticks]
    parts += [_text(left - 8, place(first, t)[1] + 4.5, f"{t:g}", "end", "soft") for t in ticks]
    for epoch in sorted({first, last} | {e for e in nice_ticks(first, last) if first < e < last}):
        if epoch in (first, last) or min(epoch - first, last - epoch) > (last - first) * 0.06:
            parts.append(_text(place(epoch, ticks[0])[0], top + plot_h + 18, f"{epoch:g}", "middle", "soft"))
    parts.append(_text(left + plot_w / 2, top + plot_h + 36, across, "middle", "soft"))
    x = left
    for i, (name, points) in enumerate(finite.items()):
        color = f"var(--series-{i % 4 + 1})"
        parts += [
            _curve([place(e, v) for e, v in points], color),
            _square(x, 6, color),
            _text(x + 18, 16, name),
        ]
        x += 40 + len(name) * _CHAR
    return _svg(max(left + plot_w + 20, x), top + plot_h + 44, f"{label}, by {across}", parts)


def _curve(points: Points, color: str) -> Markup:
    if len(points) == 1:
        return Markup(f'<circle cx="{points[0][0]:.1f}" cy="{points[0][1]:.1f}" r="3" fill="{color}"/>')
    # A line of more points than pixels only makes the file large.
    every = math.ceil(len(points) / 1000)
    kept = [*points[:-1:every], points[-1]]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in kept)
    return Markup(
        f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2" stroke-linejoin="round"/>'
    )


def _users_mark(x: float, y: float) -> Markup:
    return Markup(
        f'<path d="M{x:.1f} {y - 7:.1f} l7 7 l-7 7 l-7 -7 z" fill="var(--page)" '
        'stroke="var(--ink)" stroke-width="1.5"/>'
    )


def _producers_mark(x: float, y: float) -> Markup:
    return Markup(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="var(--ink)" '
        'stroke="var(--page)" stroke-width="1.5"/>'
    )
