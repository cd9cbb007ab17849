"""The reports of `train` and `assess`: one self-contained HTML file each.

Every figure says what it was measured on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..data.text_output import write_text_atomic
from .accuracy_sections import (
    OPTIMISTIC,
    ComparisonRow,
    class_section,
    comparison_section,
    definitions,
    headline,
    matrix_section,
    measured,
)
from .confusion import ConfusionMatrix
from .figures import curve_figure
from .html import (
    Content,
    Markup,
    element,
    figure,
    join,
    note,
    notes,
    page,
    paragraph,
    properties,
    scrollable,
    section,
)
from .metrics import Interval, compute_metrics

if TYPE_CHECKING:
    from ..data.classes import LandClass

Lines = Sequence[tuple[str, Content]]
Curves = Mapping[str, Sequence[tuple[float, float]]]
_SCORES = ("accuracy", "oa", "aa", "f1", "kappa")


@dataclass(frozen=True)
class TrainingReport:
    """All that the report of a training run shows; `train_job` fills it in.

    `method_title`, `paper`: from the catalogue. `settings`, `timings`, `versions`: (label, value).
    `sources`: (modality, description). `matrix`: scores on what `measured_on` names in words, None if
    nothing was held back. `not_assessed`: names of classes without test samples. `curves`: name ->
    (epoch, value) points. `comparison`: other methods or splits. `random_split`: matrix of a random split
    of the same samples, shown as optimistic. `n_places`: independent polygons or points behind `matrix`;
    `place_interval`: `metrics.clustered_interval`; `place_name`: what a place is. `saved_model`: one
    sentence on which samples the saved model was trained on.
    """

    title: str
    method_title: str
    paper: str = ""
    settings: Lines = ()
    sources: Lines = ()
    grid_text: str = ""
    classes: Sequence[LandClass] = ()
    matrix: ConfusionMatrix | None = None
    measured_on: str = ""
    not_assessed: Sequence[str] = ()
    curves: Curves = field(default_factory=dict)
    notes: Sequence[str] = ()
    comparison: Sequence[ComparisonRow] = ()
    timings: Lines = ()
    versions: Lines = ()
    random_split: ConfusionMatrix | None = None
    n_places: int | None = None
    place_interval: Interval | None = None
    place_name: str = "separate place"
    saved_model: str = ""


@dataclass(frozen=True)
class AssessmentReport:
    """All that the report of an assessment shows; `facts`: (label, value) on map and reference."""

    title: str
    matrix: ConfusionMatrix
    measured_on: str
    facts: Lines = ()
    warnings: Sequence[str] = ()
    notes: Sequence[str] = ()
    n_places: int | None = None
    place_interval: Interval | None = None
    place_name: str = "separate place"
    comparison: Sequence[ComparisonRow] = ()
    pictures: Content = ""
    extra: Sequence[Markup] = ()


def write_training_report(path: str | Path, report: TrainingReport) -> None:
    """Write the report of a training run. Raises `OutputError`."""
    write_text_atomic(path, training_html(report))


def write_assessment_report(path: str | Path, report: AssessmentReport) -> None:
    """Write the report of an assessment. Raises `OutputError`."""
    write_text_atomic(path, assessment_html(report))


def training_html(report: TrainingReport) -> str:
    """Return the report of a training run as a page."""
    sections = [
        *_training_scores(report),
        comparison_section(report.comparison),
        _random_split(report),
        _curves_section(report.curves),
        section("Sources", properties(report.sources), _grid_line(report.grid_text)),
        section("Remarks", notes(list(report.notes))),
        section("Settings", properties(report.settings)),
        section("Time and versions", properties([*report.timings, *report.versions])),
        definitions() if report.matrix is not None else Markup(""),
    ]
    subtitle = f"{report.method_title}. {report.paper}" if report.paper else report.method_title
    return page(report.title, subtitle, sections)


def assessment_html(report: AssessmentReport) -> str:
    """Return the report of an assessment as a page."""
    sections = [
        notes(list(report.warnings), "warning"),
        *_scores(report),
        report.pictures,
        comparison_section(report.comparison),
        *report.extra,
        section("Map and reference", properties(report.facts)),
        section("Remarks", notes(list(report.notes))),
        definitions(),
    ]
    return page(report.title, "A class map compared with reference samples", sections)


def _training_scores(report: TrainingReport) -> list[Content]:
    missing = _not_assessed(report.not_assessed)
    saved = paragraph(report.saved_model, "caption") if report.saved_model else Markup("")
    if report.matrix is None or not report.matrix.total:
        text = (
            "This model has not been scored: nothing was held back and no test samples were given. Assess "
            "its map with samples that were not used for training before relying on it."
        )
        return [note(text, "warning"), missing, saved]
    scores = _scores(report)
    return [*scores[:2], saved, missing, *scores[2:]]


def _scores(report: TrainingReport | AssessmentReport) -> list[Content]:
    matrix = report.matrix
    if matrix is None:
        return []
    metrics = compute_metrics(matrix)
    return [
        headline(metrics, report.n_places, report.place_interval, report.place_name),
        measured(report.measured_on, metrics, report.n_places, report.place_interval),
        matrix_section(matrix, report.measured_on),
        class_section(matrix, metrics, report.measured_on),
    ]


def _not_assessed(names: Sequence[str]) -> Markup:
    if not names:
        return Markup("")
    listed = ", ".join(names)
    have = "It has" if len(names) == 1 else "They have"
    them = "this class" if len(names) == 1 else "these classes"
    return note(
        f"Not assessed: {listed}. {have} only one group of samples, all of it used for training, so the "
        f"figures say nothing about {them}. Digitise training areas at a second place.",
        "warning",
    )


def _random_split(report: TrainingReport) -> Markup:
    if report.random_split is None:
        return Markup("")
    rows = [
        ComparisonRow.of("Random split of the pixels", report.random_split, "pixels drawn at random", True)
    ]
    if report.matrix is not None:
        rows.insert(0, ComparisonRow.of("Spatially disjoint split", report.matrix, report.measured_on))
    return comparison_section(rows, "Random split, for comparison with published figures")


def _curves_section(curves: Curves) -> Markup:
    """Draw the losses on one axis, the scores on another, and each other curve on its own."""
    groups: dict[str, dict[str, Sequence[tuple[float, float]]]] = {}
    for name, points in curves.items():
        words = name.lower().replace("_", " ").split()
        title = (
            "Loss" if "loss" in words else "Scores" if set(words) & set(_SCORES) else name.replace("_", " ")
        )
        groups.setdefault(title, {})[name.replace("_", " ")] = points
    figures = []
    for title, members in groups.items():
        drawn = curve_figure(members, title)
        if drawn:
            figures.append(
                figure(
                    scrollable(drawn, title, shrink=True), f"{title[0].upper()}{title[1:]} during training."
                )
            )
    return section("Training", *figures)


def _grid_line(grid_text: str) -> Markup:
    if not grid_text:
        return Markup("")
    return paragraph(join([element("strong", "Grid: "), grid_text], ""))


__all__ = [
    "OPTIMISTIC",
    "AssessmentReport",
    "ComparisonRow",
    "TrainingReport",
    "assessment_html",
    "training_html",
    "write_assessment_report",
    "write_training_report",
]
