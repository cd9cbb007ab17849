"""The tables of a comparison as files: a page, CSV for programs, LaTeX for papers."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..data.text_output import write_text_atomic
from ..evaluation.accuracy_sections import definitions
from ..evaluation.figures import confusion_figure
from ..evaluation.html import (
    Content,
    Markup,
    decimal,
    details,
    element,
    figure,
    join,
    notes,
    page,
    paragraph,
    percent,
    properties,
    scrollable,
    section,
    table,
)
from ..evaluation.metrics import compute_metrics
from ..evaluation.table import BYTE_ORDER_MARK
from ..models.catalog import CATALOG
from .summary import FIGURES, TITLES, Line, Published, Spread, Summary

PAGE, TABLE, RUNS, LATEX = "comparison.html", "comparison.csv", "runs.csv", "comparison.tex"
_SHARES = ("OA", "AA")  # written in percent where people read them
_LATEX_MARKS = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{",
    "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\u00b1": r"$\pm$",
}  # fmt: skip


def write_outputs(folder: Path, summary: Summary) -> dict[str, str]:
    """Write all tables of a comparison into `folder` and return their paths. Raises `OutputError`."""
    texts = {
        PAGE: html_text(summary),
        TABLE: csv_text(summary),
        RUNS: runs_text(summary),
        LATEX: latex_text(summary),
    }
    for name, text in texts.items():
        write_text_atomic(folder / name, text)
    return {
        "report": str(folder / PAGE),
        "table": str(folder / TABLE),
        "runs": str(folder / RUNS),
        "latex": str(folder / LATEX),
    }


def csv_text(summary: Summary) -> str:
    """Return a line per row, with the protocol in each; shares are 0 to 1, what is undefined is empty."""
    head = ["method", "sources", "runs"]
    head += [f"{name}_{part}" for name in FIGURES for part in ("mean", "sd")]
    head += ["mean_seconds", *summary.facts, "published_source"]
    rows: list[list[Any]] = [head]
    for line in summary.lines:
        figures = [_number(v) for f in line.figures.values() for v in (f.mean, f.deviation)]
        start = [line.row.method, line.row.source_text, line.n_runs]
        rows.append([*start, *figures, _number(line.seconds), *summary.facts.values(), ""])
        for item in _beside(line, summary):
            known = [
                v for name in FIGURES for v in (_number(item.figures.get(name, math.nan)), "")
            ]  # a published figure has no spread here
            rows.append([*start[:2], "published", *known, "", *("" for _ in summary.facts), item.source])
    return _csv(rows)


def runs_text(summary: Summary) -> str:
    """Return a line per cell: what it reached, or why it failed, or nothing as long as it is not done."""
    rows: list[list[Any]] = [["method", "sources", "seed", "fold", "status", *FIGURES]]
    rows[0] += ["training_samples", "test_samples", "seconds", "matrix", "error"]
    for cell in summary.cells:
        start = [cell.row.method, cell.row.source_text, cell.seed, cell.fold]
        found = summary.finished.get(cell)
        if found is None:
            status = "failed" if cell in summary.errors else "not run"
            rows.append([*start, status, *([""] * 8), summary.errors.get(cell, "")])
            continue
        numbers = [_number(math.nan if v is None else v) for v in found.numbers().values()]
        counts = [found.n_train, found.matrix.total, f"{found.seconds:.1f}"]
        rows.append([*start, "finished", *numbers, *counts, f"cells/{cell.name}.json", ""])
    return _csv(rows)


def _csv(rows: Sequence[Sequence[Any]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return BYTE_ORDER_MARK + out.getvalue()


def latex_text(summary: Summary) -> str:
    """Return a table for a paper; it needs the package booktabs."""
    head = " & ".join(["Method", "Sources", *(_latex_title(name) for name in FIGURES)])
    body = []
    for line in summary.lines:
        cells = [_latex(_name(line)), _latex(line.row.source_text)]
        cells += [_latex_figure(line.figures[name], name in _SHARES) for name in FIGURES]
        body.append(" & ".join(cells) + r" \\")
        for item in _beside(line, summary):
            known = [Spread(item.figures.get(name, math.nan), math.nan) for name in FIGURES]
            cells = [_latex(f"published: {item.source}"), _latex(line.row.source_text)]
            cells += [_latex_figure(f, name in _SHARES) for f, name in zip(known, FIGURES)]
            body.append(" & ".join(cells) + r" \\")
    return "\n".join([
        "% needs \\usepackage{booktabs}",
        r"\begin{table}", r"\centering", rf"\caption{{{_latex(summary.caption)}}}",
        r"\begin{tabular}{llrrrr}", r"\toprule", head + r" \\", r"\midrule", *body, r"\bottomrule",
        r"\end{tabular}", r"\end{table}", "",
    ])  # fmt: skip


def _latex_title(name: str) -> str:
    return {"OA": r"OA (\%)", "AA": r"AA (\%)", "KAPPA": r"$\kappa$"}.get(name, TITLES[name])


def _latex_figure(found: Spread, as_percent: bool) -> str:
    if math.isnan(found.mean):
        return "--"
    factor, digits = (100, 1) if as_percent else (1, 3)
    spread = "" if math.isnan(found.deviation) else rf" \pm {factor * found.deviation:.{digits}f}"
    return f"${factor * found.mean:.{digits}f}{spread}$"


def _latex(text: str) -> str:
    return "".join(_LATEX_MARKS.get(mark, mark) for mark in text)


def html_text(summary: Summary) -> str:
    """Return the page: the table, F1 of each class, the confusion matrices and the single runs."""
    failed = [f"{cell}: {text}" for cell, text in summary.errors.items()]
    sections = [
        notes(failed, "warning"),
        section("Accuracy", _main_table(summary), _published_note(summary.published)),
        section("F1 of each class", _class_table(summary)),
        section("Confusion matrices", paragraph(summary.protocol, "caption"), *_matrices(summary)),
        section("Runs", _runs_table(summary)),
        section("Protocol", properties(summary.facts.items())),
        definitions(),
    ]
    return page("Comparison", "Methods and sources on the same samples, splits and grid", sections)


def _main_table(summary: Summary) -> Markup:
    best = {name: _best([line.figures[name].mean for line in summary.lines]) for name in FIGURES}
    rows: list[list[Content]] = []
    for i, line in enumerate(summary.lines):
        figures = [_html_figure(line.figures[name], name, best[name] == i) for name in FIGURES]
        seconds = "-" if math.isnan(line.seconds) else f"{line.seconds:.0f} s"
        rows.append([_name(line), line.row.source_text, *figures, str(line.n_runs), seconds])
        for item in _beside(line, summary):
            known = [_html_figure(Spread(item.figures.get(n, math.nan), math.nan), n) for n in FIGURES]
            rows.append([f"published: {item.source}", line.row.source_text, *known, "", ""])
    head = ["Method", "Sources", *(TITLES[name] for name in FIGURES), "Runs", "Time of a run"]
    return table(head, rows, numeric=range(2, len(head)), caption=summary.caption)


def _published_note(published: Sequence[Published]) -> Markup:
    if not published:
        return Markup("")
    text = (
        "Published figures were measured by others, on their samples and split: they can be compared with "
        "the lines above only where the protocol is the same. Figures on random splits are optimistic."
    )
    return paragraph(text, "caption")


def _name(line: Line) -> str:
    """Return the name of a method without its explanation, such as MIBF-Net."""
    return CATALOG[line.row.method].title.partition(" (")[0]


def _beside(line: Line, summary: Summary) -> list[Published]:
    return [item for item in summary.published if item.row == line.row]


def _best(values: Sequence[float]) -> int:
    """Return where the single highest value is, -1 where there is none or nothing to compare."""
    known = [value for value in values if not math.isnan(value)]
    if len(known) < 2 or known.count(max(known)) > 1:
        return -1
    return list(values).index(max(known))


def _html_figure(found: Spread, name: str, bold: bool = False) -> Markup:
    as_percent = name in _SHARES
    shown = percent(found.mean) if as_percent else decimal(found.mean)
    if not math.isnan(found.deviation):
        shown += f" \u00b1 {100 * found.deviation:.1f}" if as_percent else f" \u00b1 {found.deviation:.3f}"
    return element("strong" if bold else "span", shown)


def _class_table(summary: Summary) -> Markup:
    done = [line for line in summary.lines if line.matrix is not None]
    if not done:
        return Markup("")
    scores = [compute_metrics(line.matrix).f1 for line in done if line.matrix is not None]
    classes = done[0].matrix.classes if done[0].matrix is not None else ()
    rows = [[str(line.row), *(decimal(v) for v in f1)] for line, f1 in zip(done, scores)]
    caption = f"F1 from the sum of the matrices of a line's runs. {summary.protocol}"
    return table(["Method, sources", *(c.name for c in classes)], rows, range(1, len(classes) + 1), caption)


def _matrices(summary: Summary) -> list[Markup]:
    shown = []
    for line in summary.lines:
        if line.matrix is None:
            continue
        drawn = scrollable(confusion_figure(line.matrix.without_empty_classes()), str(line.row), shrink=True)
        text = f"Sum over {line.n_runs} run{'s' * (line.n_runs != 1)}; rows reference, columns map."
        shown.append(details(str(line.row), figure(drawn, text), is_open=False))
    return shown


def _runs_table(summary: Summary) -> Markup:
    rows: list[list[Content]] = []
    for cell in summary.cells:
        found = summary.finished.get(cell)
        start = [str(cell.row), str(cell.seed), str(cell.fold)]
        if found is None:
            status = "failed" if cell in summary.errors else "not run"
            rows.append([*start, *([""] * len(FIGURES)), status])
            continue
        numbers = {name: math.nan if v is None else v for name, v in found.numbers().items()}
        figures = [percent(numbers[n]) if n in _SHARES else decimal(numbers[n]) for n in FIGURES]
        rows.append([*start, *figures, f"cells/{cell.name}.json"])
    head = ["Method, sources", "Seed", "Fold", *(TITLES[name] for name in FIGURES), "Matrix"]
    content = table(head, rows, range(1, len(head) - 1), f"Single runs. {summary.protocol}")
    return join([details("All runs", content, is_open=False)])


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6f}"
