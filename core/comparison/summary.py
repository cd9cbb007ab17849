"""The lines of the table: mean and spread of each row over its runs, and published figures beside them."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import JobError
from ..evaluation.confusion import ConfusionMatrix
from ..job import Job
from ..job_kinds import KINDS
from ..job_spec import METHODS
from .design import Cell, Design, Row
from .parts import Parts
from .records import Finished

# Settings of a training that the captions name by other words, or that do not shape a result.
_TOLD_ELSEWHERE = ("method", "preset", "seed", "refit", "gap", "test_fraction", "device", "threads")
FIGURES = ("OA", "AA", "KAPPA", "F1")
TITLES = {"OA": "OA", "AA": "AA", "KAPPA": "kappa", "F1": "macro F1"}
_COLUMNS = ("method", "sources", *FIGURES, "source")
_SHAPE = f"Its first line is {','.join(_COLUMNS)}; figures are shares such as 0.913, or empty."


@dataclass(frozen=True)
class Spread:
    """A mean and its sample standard deviation; NaN for none, or for the deviation of a single run."""

    mean: float
    deviation: float


@dataclass(frozen=True)
class Published:
    """Figures that somebody has published; `source` says where."""

    row: Row
    figures: Mapping[str, float]
    source: str


@dataclass(frozen=True, eq=False)
class Line:
    """What a row reached. `matrix`: the sum over its runs, None without any; `seconds`: mean of a run."""

    row: Row
    figures: Mapping[str, Spread]
    n_runs: int
    seconds: float
    matrix: ConfusionMatrix | None


@dataclass(frozen=True, eq=False)
class Summary:
    """All that the tables show.

    `errors`: what became of cells that failed; `protocol`: split, gap, seeds and preset, for every caption.
    """

    lines: tuple[Line, ...]
    finished: Mapping[Cell, Finished]
    errors: Mapping[Cell, str]
    cells: tuple[Cell, ...]
    protocol: str
    facts: Mapping[str, str]
    published: tuple[Published, ...] = ()

    @property
    def caption(self) -> str:
        """The caption of the table of means."""
        if len(self.cells) == len(self.lines):
            return f"A single run in each line, hence no spread. {self.protocol}"
        return f"Mean \u00b1 {self.facts['spread']}. {self.protocol}"


def summarise(
    design: Design,
    cells: Sequence[Cell],
    finished: Mapping[Cell, Finished],
    errors: Mapping[Cell, str],
    facts: Mapping[str, str],
    published: tuple[Published, ...],
) -> Summary:
    """Return the tables of what is finished so far."""
    done = [cell for cell in cells if cell in finished]
    lines = tuple(_line(row, [finished[cell] for cell in done if cell.row == row]) for row in design.rows)
    text = _protocol_text(cells, len(done), facts)
    return Summary(lines, finished, errors, tuple(cells), text, facts, published)


def protocol(job: Job, design: Design, parts: Parts) -> dict[str, str]:
    """Return what every caption names: split, gap, seeds, preset, and what the spread is taken over.

    Settings of the training that are not the preset's stand with it.
    """
    n_seeds, n_folds = len(design.seeds), len(parts.items)
    over = f"{n_seeds} seed{'s' * (n_seeds > 1)} x {n_folds} fold{'s' * (n_folds > 1)}"
    return {
        "split": parts.split_text,
        "gap": parts.gap_text,
        "seeds": ", ".join(map(str, design.seeds)),
        "preset": _preset(job, {row.method for row in design.rows}),
        "spread": f"sample standard deviation over the runs of a line ({over})"
        if n_seeds * n_folds > 1
        else "none: a single run in each line",
    }


def _preset(job: Job, methods: set[str]) -> str:
    """Return the preset with the settings that differ from it and that one of the methods reads."""
    own = [
        f"{p.name.replace('_', ' ')} {job.parameters[p.name]}"
        for p in KINDS["train"].parameters
        if p.name not in _TOLD_ELSEWHERE
        and (not p.methods or methods & set(p.methods))
        and job.parameters.get(p.name, p.default) != p.default
    ]
    return str(job.parameters["preset"]) + (f" with {', '.join(own)}" if own else "")


def _protocol_text(cells: Sequence[Cell], n_finished: int, facts: Mapping[str, str]) -> str:
    part = "" if n_finished == len(cells) else f" Unfinished: {n_finished} of {len(cells)} runs."
    return f"Split: {facts['split']}; {facts['gap']}; seeds {facts['seeds']}; preset {facts['preset']}.{part}"


def _line(row: Row, runs: Sequence[Finished]) -> Line:
    numbers = [run.numbers() for run in runs]
    figures = {name: spread_of([n[name] for n in numbers if n[name] is not None]) for name in FIGURES}
    seconds = sum(run.seconds for run in runs) / len(runs) if runs else math.nan
    matrix = ConfusionMatrix.sum(run.matrix for run in runs) if runs else None
    return Line(row, figures, len(runs), seconds, matrix)


def spread_of(values: Sequence[float]) -> Spread:
    """Return mean and sample standard deviation (n - 1)."""
    n = len(values)
    if n == 0:
        return Spread(math.nan, math.nan)
    mean = sum(values) / n
    if n == 1:
        return Spread(mean, math.nan)
    return Spread(mean, math.sqrt(sum((value - mean) ** 2 for value in values) / (n - 1)))


def read_published(path: str, keys: Sequence[str]) -> tuple[Published, ...]:
    """Return the published figures in a CSV file; `keys` are the sources of the comparison.

    An empty cell of the column sources means all. Raises `JobError`, also for a line without its source: a
    figure that nobody can look up is not printed.
    """
    if not path:
        return ()
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if set(reader.fieldnames or ()) != set(_COLUMNS):
                raise JobError(
                    f"The columns are {', '.join(reader.fieldnames or ())}.", where=path, remedy=_SHAPE
                )
            return tuple(_published(item, keys, f"{path}, line {reader.line_num}") for item in reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise JobError(
            f"The published figures cannot be read ({error}).", where=path, remedy=_SHAPE
        ) from error


def _published(item: Mapping[str, Any], keys: Sequence[str], where: str) -> Published:
    texts = {name: str(item.get(name) or "").strip() for name in _COLUMNS}
    if not texts["source"]:
        raise JobError(
            "A published figure has no source.",
            where=where,
            remedy="Name the publication (authors, year, table) in the column source, or take the line out.",
        )
    wanted = texts["sources"].replace(" ", "").split("+") if texts["sources"] else list(keys)
    if texts["method"] not in METHODS or not set(wanted) <= set(keys):
        raise JobError(
            f"'{texts['method']}' on '{texts['sources']}' is no line of this comparison.",
            where=where,
            remedy=f"Methods: {', '.join(METHODS)}; sources: {', '.join(keys)}, joined with +.",
        )
    figures = {name: _share(texts[name], where) for name in FIGURES if texts[name]}
    row = Row(texts["method"], tuple(key for key in keys if key in wanted))
    return Published(row, figures, texts["source"])


def _share(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not -1 <= value <= 1:  # false for NaN too
        raise JobError(f"'{text}' is not a share.", where=where, remedy=_SHAPE)
    return value
