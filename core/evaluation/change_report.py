"""The change note of a run as a page."""

from __future__ import annotations

from pathlib import Path

from ..data.text_output import write_text_atomic
from .html import (
    Content,
    Markup,
    decimal,
    integer,
    join,
    notes,
    page,
    paragraph,
    percent,
    section,
    swatch,
    table,
)
from .run_change import ChangeNote, MapChange, SamplesChange, ScoreChange

_HECTARE = 10_000.0  # m²
HOW_SCORED = (
    "Both models are those trained without these groups; a model that was trained again on all samples "
    "afterwards is not the one that is scored."
)


def write_change_note(path: str | Path, note: ChangeNote) -> None:
    """Write the page. Raises `OutputError`."""
    write_text_atomic(path, change_html(note))


def change_html(note: ChangeNote) -> str:
    """Return the page."""
    sections: list[Content] = []
    if note.samples is not None:
        sections.append(section("Training areas", paragraph(samples_text(note.samples))))
    if note.scores is not None:
        sections.append(section("Scores on the same held-back groups", *_scores(note.scores, note)))
    if note.map is not None:
        sections.append(section("Map", paragraph(map_text(note.map)), _from_to(note.map)))
    sections.append(notes(note.reasons, "warning"))
    return page(
        f"{note.after} compared with {note.before}", "What changed from one run to the next", sections
    )


def samples_text(change: SamplesChange) -> str:
    """Return the numbers of training areas in words."""
    return (
        f"{change.added} added, {change.altered} altered, {change.removed} removed, "
        f"{change.unchanged} unchanged."
    )


def map_text(change: MapChange) -> str:
    """Return how much of the map changed, in words."""
    share = change.changed / change.compared if change.compared else 0.0
    return (
        f"{size_text(change.changed, change.unit)} changed class ({percent(share)} of what both maps cover)."
    )


def size_text(size: float, unit: str) -> str:
    """Return an area in hectares, or in the unit it has."""
    return f"{size / _HECTARE:,.2f} ha" if unit == "m²" else f"{size:,.0f} {unit}"


def scores_text(change: ScoreChange) -> str:
    """Return overall accuracy before and after, in words."""
    return (
        f"Overall accuracy {percent(change.before.overall_accuracy)} before, "
        f"{percent(change.after.overall_accuracy)} after, on {integer(change.n_pixels)} pixels in "
        f"{change.n_groups} groups that both runs held back and whose samples are unchanged."
    )


def _scores(change: ScoreChange, note: ChangeNote) -> list[Content]:
    rows: list[list[Content]] = []
    for name, value in (
        ("Overall accuracy", "overall_accuracy"),
        ("Kappa", "kappa"),
        ("F1, macro", "macro_f1"),
    ):
        before, after = getattr(change.before, value), getattr(change.after, value)
        rows.append([name, decimal(before), decimal(after), f"{after - before:+.3f}"])
    head = ["Figure", note.before, note.after, "Change"]
    return [
        paragraph(scores_text(change)),
        table(head, rows, numeric=[1, 2, 3]),
        paragraph(HOW_SCORED, "caption"),
    ]


def _from_to(change: MapChange) -> Markup:
    scale = _HECTARE if change.unit == "m²" else 1.0
    names = [join([swatch(c.color), c.name], "") for c in change.classes]
    rows = [
        [name, *(f"{size / scale:,.2f}" if size else "" for size in line), f"{line.sum() / scale:,.2f}"]
        for name, line in zip(names, change.sizes)
    ]
    rows.append(
        ["after", *(f"{v / scale:,.2f}" for v in change.sizes.sum(axis=0)), f"{change.compared / scale:,.2f}"]
    )
    unit = "hectares" if change.unit == "m²" else change.unit
    columns = range(1, len(names) + 2)
    caption = f"Rows: class before; columns: class after; {unit} by pixel count."
    return table(["before / after", *names, "before"], rows, numeric=columns, caption=caption)
