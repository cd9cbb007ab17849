"""From an assessed map to its report: what was measured, what was left out, what to be careful with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np

from ..data.raster_info import RasterInfo
from ..data.raster_io import crs_name
from ..data.sample_set import SampleSet
from ..job import SamplesInput
from .confusion import ConfusionMatrix
from .html import Markup, integer, join, percent, section, swatch, table
from .metrics import clustered_interval
from .pictures import agreement_figure, class_map_figure, gallery
from .report import AssessmentReport

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FEW = 30  # reference pixels of a class below which its figures are shaky


@dataclass(frozen=True, eq=False)
class AssessedMap:
    """What `assess_job.assess` found.

    `present`: class value -> pixels of the whole map. `samples`: the reference pixels on mapped cells, n of
    them; `mapped` (n,): class index in the map. `unmapped` (K,): reference pixels per class where the map has
    no class; they are not in `matrix`.
    """

    path: str
    reference: SamplesInput
    info: RasterInfo
    present: Mapping[int, int]
    samples: SampleSet
    mapped: NDArray[np.int64]
    unmapped: NDArray[np.int64]
    matrix: ConfusionMatrix
    warnings: tuple[str, ...] = ()

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Where map and reference agree, (n,)."""
        return np.asarray(self.samples.labels == self.mapped)


def assessment(result: AssessedMap) -> AssessmentReport:
    """Return the content of the report."""
    places = result.samples.places
    return AssessmentReport(
        title=f"Accuracy of {PurePath(result.path).name}",
        matrix=result.matrix.without_empty_classes(),
        measured_on=measured_on(result),
        facts=_facts(result),
        warnings=[*result.warnings, *_warnings(result)],
        notes=[*result.samples.notes, *_notes(result)],
        n_places=len(np.unique(places)),
        place_name=_place_name(result.reference),
        place_interval=clustered_interval(result.correct, places),
        pictures=_pictures(result),
        extra=[_area_section(result)],
    )


def measured_on(result: AssessedMap) -> str:
    """Say in words what the figures were measured on."""
    spec, n_places = result.reference, len(np.unique(result.samples.places))
    source = PurePath(spec.path).name + (f", layer {spec.layer}" if spec.layer else "")
    kind = "label raster" if spec.type == "raster" else f"field '{spec.class_field}'"
    places = "" if spec.type == "raster" else f" in {integer(n_places)} places"
    return f"{integer(len(result.samples))} reference pixels{places} of {source} ({kind})"


def _place_name(spec: SamplesInput) -> str:
    return "block of 32 x 32 pixels" if spec.type == "raster" else "separate place"


def _facts(result: AssessedMap) -> list[tuple[str, str]]:
    grid = result.info.grid
    size = f"{integer(grid.rows)} rows x {integer(grid.cols)} columns, pixels of {grid.pixel_metres:.4g} m"
    return [
        ("Class map", PurePath(result.path).name),
        ("Grid", f"{crs_name(grid.crs)}, {size}"),
        ("Reference", measured_on(result)),
        (
            "How they were compared",
            "On the map's own grid: each reference pixel against the map pixel it falls on.",
        ),
    ]


def _warnings(result: AssessedMap) -> list[str]:
    lines = []
    names = [c.name for c in result.matrix.classes]
    reference, on_map = (
        result.matrix.reference_totals,
        [result.present.get(c.value, 0) for c in result.matrix.classes],
    )
    missing = [f"{names[i]} ({_pixels(int(n))})" for i, n in enumerate(reference) if n and not on_map[i]]
    if missing:
        lines.append(
            f"Reference classes that the map never shows: {', '.join(missing)}. Each of their pixels "
            "counts as an error."
        )
    lost = int(result.unmapped.sum())
    if lost:
        share = percent(lost / (lost + len(result.samples)))
        counts = ", ".join(f"{names[i]} {integer(int(n))}" for i, n in enumerate(result.unmapped) if n)
        lines.append(
            f"{integer(lost)} reference pixels ({share}) lie where the map has no class (value 0 or nodata) "
            f"and are not in the matrix: {counts}."
        )
    return lines


def _pixels(count: int) -> str:
    return f"{integer(count)} pixel{'' if count == 1 else 's'}"


def _notes(result: AssessedMap) -> list[str]:
    names = [c.name for c in result.matrix.classes]
    reference = result.matrix.reference_totals
    lines = []
    unassessed = [
        c.name
        for i, c in enumerate(result.matrix.classes)
        if not reference[i] and result.present.get(c.value)
    ]
    if unassessed:
        lines.append(f"Classes of the map without reference pixels, not assessed: {', '.join(unassessed)}.")
    few = [f"{names[i]} {int(n)}" for i, n in enumerate(reference) if 0 < n < _FEW]
    if few:
        lines.append(
            f"Fewer than {_FEW} reference pixels, so the figures per class are rough: {', '.join(few)}."
        )
    lines.append(
        "The figures hold for samples that were not used for training; on training samples they are "
        "optimistic."
    )
    return lines


def _pictures(result: AssessedMap) -> Markup:
    grid, samples = result.info.grid, result.samples
    shown = [c for c in result.matrix.classes if result.present.get(c.value)]
    legend = join((_legend_entry(c.color, c.name) for c in shown), " ")
    pictures = [
        class_map_figure(result.info, result.matrix.classes, legend),
        agreement_figure(
            grid,
            samples.rows,
            samples.cols,
            result.correct,
            "Reference pixels, enlarged: blue where the map agrees, orange where it differs. "
            f"{measured_on(result)}.",
        ),
    ]
    return section("Map", gallery(pictures))


def _legend_entry(color: str, name: str) -> Markup:
    return Markup(f'<span class="entry">{join([swatch(color), name], "")}</span>')


def _area_section(result: AssessedMap) -> Markup:
    """Return pixels and area of each class in the whole map."""
    total = sum(result.present.values())
    metres = result.info.grid.metres
    has_area = bool(result.info.grid.crs)
    rows: list[Sequence[str]] = []
    for item in result.matrix.classes:
        count = result.present.get(item.value, 0)
        hectares = f"{count * metres[0] * metres[1] / 10_000:,.2f}".replace(",", "\u00a0")
        cells = [join([swatch(item.color), item.name], ""), integer(count), percent(count / total)]
        rows.append([*cells, hectares] if has_area else cells)
    head = ["Class", "Pixels", "Share of the mapped area", *(["Hectares"] if has_area else [])]
    caption = (
        "Counted in the map; counts carry its confusions with them and are no unbiased estimate of areas."
    )
    return section("Classes in the whole map", table(head, rows, numeric=(1, 2, 3), caption=caption))
