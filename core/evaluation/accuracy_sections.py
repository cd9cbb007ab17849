"""The parts of every accuracy report: key figures, matrix, figures per class, comparison, definitions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .confusion import ConfusionMatrix
from .figures import confusion_figure, f1_figure
from .html import (
    UNDEFINED,
    Content,
    Markup,
    decimal,
    element,
    figure,
    integer,
    join,
    key_figures,
    note,
    paragraph,
    percent,
    properties,
    scrollable,
    section,
    swatch,
    table,
    text,
)
from .metrics import Interval, Metrics, compute_metrics

OPTIMISTIC = (
    "Optimistic: training and test pixels of this row lie side by side, so they share patches and ground. "
    "It says how well the map fits its own training areas, not how well it does elsewhere."
)


@dataclass(frozen=True)
class ComparisonRow:
    """One line of a comparison. `spread_*` are standard deviations over runs, NaN where there was one run.

    `optimistic`: the test pixels were drawn at random among the training pixels' neighbours.
    """

    name: str
    overall_accuracy: float
    kappa: float
    macro_f1: float
    measured_on: str = ""
    optimistic: bool = False
    spread_oa: float = math.nan
    spread_kappa: float = math.nan
    spread_f1: float = math.nan

    @classmethod
    def of(
        cls, name: str, result: ConfusionMatrix | Metrics, measured_on: str = "", optimistic: bool = False
    ) -> ComparisonRow:
        """Make a line of a matrix or of its metrics."""
        metrics = compute_metrics(result) if isinstance(result, ConfusionMatrix) else result
        return cls(name, metrics.overall_accuracy, metrics.kappa, metrics.macro_f1, measured_on, optimistic)


def headline(
    metrics: Metrics,
    n_places: int | None,
    place_interval: Interval | None,
    place_name: str = "separate place",
) -> Markup:
    """Return OA, AA, kappa and macro F1 as large figures."""
    n_reference = int((~np.isnan(metrics.producers)).sum())
    interval = f"95 % interval {_range(metrics.interval)} if pixels were independent"
    if place_interval is not None and not math.isnan(place_interval.low):
        interval = f"95 % interval with these as the unit: {_range(place_interval)}"
    samples = f"{integer(metrics.total)} reference pixels"
    if n_places is not None:
        samples += f" in {integer(n_places)} {_plural(place_name, n_places)}"
    return key_figures(
        [
            ("Overall accuracy", percent(metrics.overall_accuracy), f"{samples}; {interval}"),
            (
                "Average accuracy",
                percent(metrics.average_accuracy),
                f"mean producer's accuracy of {n_reference} classes",
            ),
            ("Kappa", decimal(metrics.kappa), "agreement beyond chance"),
            ("F1, macro", decimal(metrics.macro_f1), f"mean of {n_reference} classes"),
        ]
    )


def measured(
    measured_on: str, metrics: Metrics, n_places: int | None, place_interval: Interval | None
) -> Markup:
    """Return what the figures were measured on, and how far the interval can be trusted."""
    if n_places == metrics.total:
        trust = "Every place is a single pixel; the interval holds as far as the places were drawn at random."
    else:
        trust = "Neighbouring pixels of one place are alike and not independent"
        if place_interval is not None and not math.isnan(place_interval.low):
            naive = _range(metrics.interval)
            trust += f": counted as if they were, the interval would be {naive}, which is too narrow."
        else:
            trust += "; the interval given is too narrow."
    where = Markup(f"<strong>Measured on:</strong> {text(measured_on)}.")
    return note(join(element("p", line) for line in (where, trust)))


def matrix_section(matrix: ConfusionMatrix, measured_on: str) -> Markup:
    """Return the confusion matrix as a figure."""
    caption = (
        f"Rows are the reference, columns the map, both in pixels; measured on {measured_on}. Blue: map "
        "and reference agree; orange: confusions. The shade is the share of the reference class, on a "
        "square root scale."
    )
    box = scrollable(confusion_figure(matrix), "confusion matrix")
    return section("Confusion matrix", figure(box, caption))


def class_section(matrix: ConfusionMatrix, metrics: Metrics, measured_on: str) -> Markup:
    """Return the figures per class as a table and as bars."""
    rows = []
    for i, item in enumerate(matrix.classes):
        rows.append(
            [
                join([swatch(item.color), item.name], ""),
                str(item.value),
                integer(int(matrix.reference_totals[i])),
                integer(int(matrix.map_totals[i])),
                percent(float(metrics.users[i])),
                percent(float(metrics.producers[i])),
                decimal(float(metrics.f1[i])),
                _worst_confusion(matrix, i),
            ]
        )
    head = [
        "Class",
        "Value",
        "Reference",
        "Map",
        "User's acc.",
        "Producer's acc.",
        "F1",
        "Most often mapped as",
    ]
    caption = (
        f"Measured on {measured_on}. Reference and map in pixels. User's accuracy = precision, producer's "
        "accuracy = recall."
    )
    bars = figure(scrollable(f1_figure(matrix, metrics), "F1 per class", shrink=True), _bars_caption(metrics))
    return section("Accuracy per class", table(head, rows, numeric=range(1, 7), caption=caption), bars)


def _bars_caption(metrics: Metrics) -> str:
    caption = "User's below producer's accuracy: the class is mapped too often; above: too rarely."
    if np.isnan(metrics.f1).any() or np.isnan(metrics.users).any():
        caption += f' "{UNDEFINED}" and a missing mark: undefined, for want of pixels of the class.'
    return caption


def _worst_confusion(matrix: ConfusionMatrix, row: int) -> Content:
    """Say which other class takes most of the reference pixels of a class, and how many of them."""
    errors = matrix.counts[row].copy()
    errors[row] = 0
    if not errors.sum():
        return UNDEFINED
    worst = int(errors.argmax())
    share = errors[worst] / matrix.reference_totals[row]
    return f"{matrix.classes[worst].name} ({percent(float(share))})"


def comparison_section(rows: Sequence[ComparisonRow], heading: str = "Comparison") -> Markup:
    """Return methods or splits side by side; optimistic ones are marked, the best of the others bold."""
    if not rows:
        return Markup("")
    columns = [
        [(r.overall_accuracy, r.spread_oa) for r in rows],
        [(r.kappa, r.spread_kappa) for r in rows],
        [(r.macro_f1, r.spread_f1) for r in rows],
    ]
    best = [_best([v for v, _ in column], rows) for column in columns]
    lines = []
    for i, row in enumerate(rows):
        tag = element("span", "optimistic", class_="tag") if row.optimistic else Markup("")
        cells = [_figure_cell(column[i], n == 0, best[n] == i) for n, column in enumerate(columns)]
        lines.append([join([row.name, tag], ""), *cells, row.measured_on])
    content = table(["Method", "OA", "Kappa", "Macro F1", "Measured on"], lines, numeric=(1, 2, 3))
    warning = paragraph(OPTIMISTIC, "caption") if any(r.optimistic for r in rows) else Markup("")
    return section(heading, content, warning)


def _best(values: Sequence[float], rows: Sequence[ComparisonRow]) -> int:
    """Return the row with the highest honest value, -1 where there is nothing to compare."""
    candidates = [
        (v, i) for i, (v, row) in enumerate(zip(values, rows)) if not row.optimistic and not math.isnan(v)
    ]
    if len(candidates) < 2:
        return -1
    top = max(v for v, _ in candidates)
    winners = [i for v, i in candidates if v == top]
    return winners[0] if len(winners) == 1 else -1


def _figure_cell(figures: tuple[float, float], as_percent: bool, bold: bool) -> Markup:
    value, spread = figures
    shown = percent(value) if as_percent else decimal(value)
    if not math.isnan(spread):
        shown += f" \u00b1 {100 * spread:.1f}" if as_percent else f" \u00b1 {spread:.3f}"
    return element("strong", shown) if bold else text(shown)


_DEFINITIONS: Sequence[tuple[str, str]] = (
    ("Overall accuracy (OA)", "Share of the reference pixels that the map shows in their class."),
    (
        "User's accuracy",
        "Of the pixels mapped as a class, the share that is that class in the reference (precision).",
    ),
    (
        "Producer's accuracy",
        "Of the reference pixels of a class, the share that the map shows in that class (recall).",
    ),
    ("Average accuracy (AA)", "Mean producer's accuracy of the classes that have reference pixels."),
    (
        "F1",
        "Harmonic mean of user's and producer's accuracy; macro: mean of the classes with reference pixels.",
    ),
    ("Kappa", "Agreement beyond what the class totals alone would give: 0 is chance, 1 perfect."),
    (f'"{UNDEFINED}"', "Undefined: there are no pixels to compute it from. It is not zero."),
    (
        "What they do not say",
        (
            "They describe the reference samples. They hold for the whole map only as far as the samples "
            "are a fair draw from it, and are no estimate of the area of a class."
        ),
    ),
)


def definitions() -> Markup:
    """Return what the figures mean."""
    return section("How to read the figures", properties(_DEFINITIONS))


def _plural(name: str, count: int) -> str:
    first, _, rest = name.partition(" of ")  # blocks of 32 x 32 pixels
    return name if count == 1 else f"{first}s of {rest}" if rest else f"{name}s"


def _range(interval: Interval) -> str:
    return f"{100 * interval.low:.1f} to {100 * interval.high:.1f} %"
