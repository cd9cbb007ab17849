"""The accuracy table for spreadsheets and programs.

CSV with commas, decimal points, CR LF line ends and UTF-8 with a byte order mark: Excel needs the mark to
read names with umlauts, LibreOffice, R and pandas accept it. Shares are written as 0 to 1; what is undefined
is an empty cell, which programs read as missing and never as 0.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..data.text_output import write_text_atomic
from .confusion import ConfusionMatrix
from .metrics import compute_metrics

BYTE_ORDER_MARK = "\ufeff"
CORNER = "reference (rows) / map (columns)"


def table_text(matrix: ConfusionMatrix, measured_on: str, notes: Sequence[str] = ()) -> str:
    """Return the table as text: the matrix, the figures per class, the overall figures, what was measured."""
    metrics = compute_metrics(matrix)
    names = _distinct_names(matrix)
    rows: list[list[Any]] = [[CORNER, *names, "total"]]
    for i, name in enumerate(names):
        rows.append([name, *matrix.counts[i].tolist(), int(matrix.reference_totals[i])])
    rows += [["total", *matrix.map_totals.tolist(), matrix.total], []]
    rows.append(["class", "value", "reference", "map", "users_accuracy", "producers_accuracy", "f1"])
    for i, item in enumerate(matrix.classes):
        shares = [metrics.users[i], metrics.producers[i], metrics.f1[i]]
        totals = [int(matrix.reference_totals[i]), int(matrix.map_totals[i])]
        rows.append([names[i], item.value, *totals, *(_number(s) for s in shares)])
    rows += [[], ["figure", "value"], *([n, _number(v)] for n, v in _overall(metrics))]
    rows += [["samples", metrics.total], ["measured_on", measured_on], *(["note", line] for line in notes)]
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return BYTE_ORDER_MARK + out.getvalue()


def write_table(
    path: str | Path, matrix: ConfusionMatrix, measured_on: str, notes: Sequence[str] = ()
) -> None:
    """Write `table_text` to a file. Raises `OutputError`."""
    write_text_atomic(path, table_text(matrix, measured_on, notes))


def _overall(metrics: Any) -> list[tuple[str, float]]:
    return [
        ("overall_accuracy", metrics.overall_accuracy),
        ("overall_accuracy_low_95", metrics.interval.low),
        ("overall_accuracy_high_95", metrics.interval.high),
        ("average_accuracy", metrics.average_accuracy),
        ("kappa", metrics.kappa),
        ("macro_f1", metrics.macro_f1),
    ]


def _distinct_names(matrix: ConfusionMatrix) -> list[str]:
    """Return the names of the classes; a name that comes twice gets its value added."""
    names = [c.name for c in matrix.classes]
    return [f"{c.name} ({c.value})" if names.count(c.name) > 1 else c.name for c in matrix.classes]


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6f}"
