"""The report on samples: counts, separability, spectra, and what is likely to be wrong."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from ..data.grid import Grid
from ..data.raster_io import crs_name
from ..data.sample_set import SampleSet
from ..job import SamplesInput
from .html import (
    UNDEFINED,
    Content,
    Markup,
    details,
    element,
    figure,
    integer,
    join,
    key_figures,
    note,
    notes,
    page,
    paragraph,
    percent,
    properties,
    scrollable,
    section,
    swatch,
    table,
)
from .sample_conflicts import LOOKS_LIKE, OVERLAP, SAME_VALUES, Conflict, TwoGroups
from .sample_figures import (
    ranges_figure,
    separability_figure,
    spectra_figure,
    spread_figures,
)
from .sample_statistics import FEW, FEW_BANDS, GOOD, NONE, THIN, ClassFigures, Spectra
from .separability import COMPONENTS, Features, Pair, least_separable

POOR, FAIR, APART = 1.0, 1.7, 1.9  # Jeffries-Matusita distances
_SHOWN_PAIRS, _SHOWN_CONFLICTS, _SHOWN_GROUPS = 10, 20, 5


@dataclass(frozen=True, eq=False)
class SampleReport:
    """All figures of a report.

    `samples`: those on valid pixels; `n_measured` of them were looked at for everything but counts;
    `fewest`: pixels a class needs to be measured.
    """

    source: SamplesInput
    grid: Grid
    samples: SampleSet
    classes: Sequence[ClassFigures]
    n_measured: int
    features: Features
    fewest: int
    pairs: Sequence[Pair]
    spectra: Sequence[Spectra]
    conflicts: Sequence[Conflict]
    groups: Sequence[TwoGroups]
    notes: Sequence[str]

    @property
    def n_pixels(self) -> int:
        """All usable pixels."""
        return sum(item.pixels for item in self.classes)


def findings(report: SampleReport) -> list[str]:
    """Return in words what the analyst should look at, the gravest first."""
    return [*_too_few(report), *_poor_pairs(report), *_conflict_lines(report), *_group_lines(report)]


def _too_few(report: SampleReport) -> list[str]:
    lines = []
    by_verdict = {v: [c for c in report.classes if c.verdict == v] for v in (NONE, FEW, THIN)}
    if by_verdict[NONE]:
        lines.append(f"No usable sample: {_names(by_verdict[NONE])}.")
    if by_verdict[FEW]:
        listed = ", ".join(
            f"{c.land_class.name} ({_count(c.places, 'place')}, {_count(c.pixels, 'pixel')})"
            for c in by_verdict[FEW]
        )
        lines.append(f"Too few samples: {listed}. Digitise at least 3, better 5 areas apart from each other.")
    if by_verdict[THIN]:
        listed = ", ".join(f"{c.land_class.name} ({c.places})" for c in by_verdict[THIN])
        lines.append(f"Few separate places: {listed}. From 5 on a score says something about the class.")
    return lines


def _names(classes: Sequence[ClassFigures]) -> str:
    return ", ".join(c.land_class.name for c in classes)


def _count(number: int, noun: str) -> str:
    return f"{integer(number)} {noun}{'' if number == 1 else 's'}"


def _poor_pairs(report: SampleReport) -> list[str]:
    poor = [p for p in least_separable(report.pairs) if p.overall < FAIR]
    return [_pair_text(p, report) for p in poor[:3]]


def _pair_text(pair: Pair, report: SampleReport) -> str:
    one, other = (report.samples.classes[i].name for i in (pair.first, pair.second))
    judged = "can hardly be told apart" if pair.overall < POOR else "overlap"
    best = max(pair.by_modality, key=lambda key: pair.by_modality[key])
    alone = f", best single source {best} {pair.by_modality[best]:.2f}" if len(pair.by_modality) > 1 else ""
    return f"{one} and {other} {judged}: separability {pair.overall:.2f} of 2{alone}."


def _conflict_lines(report: SampleReport) -> list[str]:
    lines = []
    counts = Counter(c.kind for c in report.conflicts)
    if counts[LOOKS_LIKE]:
        pairs = Counter((c.label, c.other) for c in report.conflicts if c.kind == LOOKS_LIKE)
        names = [c.name for c in report.samples.classes]
        top = ", ".join(f"{names[a]} like {names[b]} {n}" for (a, b), n in pairs.most_common(_SHOWN_GROUPS))
        lines.append(f"{_count(counts[LOOKS_LIKE], 'area')} look more like another class ({top}).")
    if counts[OVERLAP]:
        pixels = sum(c.pixels for c in report.conflicts if c.kind == OVERLAP)
        pair = _count(counts[OVERLAP], "pair")
        lines.append(f"{pair} of areas of different classes overlap, in {_count(pixels, 'pixel')}.")
    if counts[SAME_VALUES]:
        lines.append(
            f"{_count(counts[SAME_VALUES], 'area')} share practically the same values with another class."
        )
    return lines


def _group_lines(report: SampleReport) -> list[str]:
    return [
        f"{report.samples.classes[g.label].name} falls into two groups of unlike pixels "
        f"({percent(g.share, 0)} and {percent(1 - g.share, 0)}): two kinds of cover, or some areas of "
        "another class."
        for g in report.groups
    ]


def report_html(report: SampleReport) -> str:
    """Return the report as a page."""
    sections: list[Content] = [_verdict(report), _figures(report), _classes(report)]
    sections += [_separability(report), *(_spectra(s, report) for s in report.spectra)]
    sections += [_conflicts(report), section("Remarks", notes(list(report.notes))), _definitions(report)]
    field = f", field {report.source.class_field}" if report.source.class_field else ""
    return page("Samples", f"{PurePath(report.source.path).name}{field}", sections)


def _verdict(report: SampleReport) -> Markup:
    lines = findings(report)
    if lines:
        return notes(lines, "warning")
    return note("Every class has enough separate places, and nothing speaks against the samples.", "good")


def _figures(report: SampleReport) -> Markup:
    worst = least_separable(report.pairs)
    names = [c.name for c in report.samples.classes]
    pair = f"{names[worst[0].first]} and {names[worst[0].second]}" if worst else "no pair is measurable"
    hectares = sum(c.hectares for c in report.classes)
    good = sum(1 for c in report.classes if c.verdict == GOOD)
    return key_figures(
        [
            (
                "Samples",
                integer(report.n_pixels),
                f"pixels of {report.grid.pixel_metres:.4g} m, {hectares:.3g} ha",
            ),
            ("Classes", integer(len(report.classes)), f"{good} of them with 5 places or more"),
            (
                "Least separable",
                f"{worst[0].overall:.2f}" if worst else UNDEFINED,
                f"{pair} (0 alike, 2 apart)",
            ),
            ("Likely conflicts", integer(len(report.conflicts)), "areas to look at"),
        ]
    )


def _classes(report: SampleReport) -> Markup:
    vector = any(c.features is not None for c in report.classes)
    rows = []
    for item in report.classes:
        row: list[Content] = [join([swatch(item.land_class.color), item.land_class.name], "")]
        row.append(str(item.land_class.value))
        row += [integer(item.features or 0)] if vector else []
        row += [integer(item.pixels), f"{item.hectares:.3g}", percent(item.share), integer(item.places)]
        row += [integer(item.unusable), _tag(item.verdict)]
        rows.append(row)
    head = ["Class", "Value", *(["Areas"] if vector else []), "Pixels", "Hectares", "Share", "Places"]
    head += ["Without data", "Samples are"]
    caption = (
        "Hectares: pixels times the area of a map pixel on the ground. Places: areas apart by more than a "
        "pixel of the coarsest source (of a label raster, cells of 32 x 32 pixels, weighted by their share); "
        "good from 5, thin from 3, in both cases from 30 pixels."
    )
    return section("Classes", table(head, rows, numeric=range(1, len(head) - 1), caption=caption))


def _tag(verdict: str) -> Content:
    return verdict if verdict in (GOOD, THIN) else element("span", verdict, class_="tag")


def _separability(report: SampleReport) -> Markup:
    if not report.pairs:
        return Markup("")
    names = [c.name for c in report.samples.classes]
    ordered = least_separable(report.pairs)
    keys = list(report.features.columns)
    shown = [*keys, "all"] if len(keys) > 1 else keys
    rows = []
    for pair in ordered[:_SHOWN_PAIRS]:
        values = [*pair.by_modality.values(), pair.overall][: len(shown)]
        judged = "poor" if pair.overall < POOR else "some overlap" if pair.overall < APART else "good"
        rows.append([f"{names[pair.first]} / {names[pair.second]}", *(f"{v:.2f}" for v in values), judged])
    caption = "The least separable pairs: Jeffries-Matusita distance by source and over all sources, 0 to 2."
    missing = [p for p in report.pairs if math.isnan(p.overall)]
    lacking = sorted({report.samples.classes[i].name for p in missing for i in _unmeasured(p, report)})
    remark = (
        f"Not measurable (\u2013): {', '.join(lacking)}. A class needs {report.fewest} pixels for it."
        if lacking
        else ""
    )
    over = " over all sources" if len(keys) > 1 else ""
    drawn = figure(
        scrollable(separability_figure(report.pairs, report.samples.classes), "separability"),
        f"Jeffries-Matusita distance{over}. Orange pairs are hard to tell apart by single pixels.",
    )
    content = table(["Pair", *shown, "Told apart"], rows, numeric=range(1, len(shown) + 1), caption=caption)
    return section(
        "Separability", drawn, content if rows else "", paragraph(remark, "caption") if remark else ""
    )


def _unmeasured(pair: Pair, report: SampleReport) -> list[int]:
    own = {p.first for p in report.pairs if not math.isnan(p.overall)}
    own |= {p.second for p in report.pairs if not math.isnan(p.overall)}
    return [i for i in (pair.first, pair.second) if i not in own]


def _spectra(spectra: Spectra, report: SampleReport) -> Markup:
    classes, quantity = report.samples.classes, spectra.quantity.replace("_", " ")
    title = f"{spectra.title}: {'spectra' if len(spectra.names) > FEW_BANDS else 'values'} per class"
    if len(spectra.names) <= FEW_BANDS:
        drawn = [ranges_figure(spectra, classes, band) for band in range(len(spectra.names))]
        caption = f"Bars: the middle 80 % of the pixels of a class; line: its mean ({quantity})."
        return section(title, element("div", join(drawn), class_="pictures"), paragraph(caption, "caption"))
    mean = figure(
        scrollable(spectra_figure(spectra, classes), title, shrink=True), f"Mean of each class ({quantity})."
    )
    panels = element("div", join(spread_figures(spectra, classes)), class_="pictures")
    caption = "Each class within the middle 80 % of its pixels, all on one scale."
    return section(title, mean, panels, paragraph(caption, "caption"))


def _conflicts(report: SampleReport) -> Markup:
    if not report.conflicts:
        return Markup("")
    tables: list[Content] = []
    for kind in (LOOKS_LIKE, OVERLAP, SAME_VALUES):
        own = [c for c in report.conflicts if c.kind == kind]
        if own:
            title = f"{kind[0].upper()}{kind[1:]}: {integer(len(own))}"
            title += f", the {_SHOWN_CONFLICTS} clearest" if len(own) > _SHOWN_CONFLICTS else ""
            tables.append(details(title, _conflict_table(own[:_SHOWN_CONFLICTS], report)))
    caption = (
        f"X and Y in {crs_name(report.grid.crs)}. The layer of conflicts and the table hold all of them. "
        "Some are right all the same: look at the image before you change one."
    )
    return section("Likely conflicts", paragraph(caption, "caption"), *tables)


def _conflict_table(conflicts: Sequence[Conflict], report: SampleReport) -> Markup:
    vector = any(c.feature >= 0 for c in conflicts)
    digits = 5 if abs(report.grid.transform[1]) < 0.01 else 1
    rows = []
    for item in conflicts:
        x, y = report.grid.xy(item.row + 0.5, item.col + 0.5)
        own, other = report.samples.classes[item.label], report.samples.classes[item.other]
        row: list[Content] = [_features(item)] if vector else []
        row += [join([swatch(own.color), own.name], ""), join([swatch(other.color), other.name], "")]
        row += [integer(item.pixels), percent(item.share, 0), f"{x:.{digits}f}", f"{y:.{digits}f}"]
        rows.append(row)
    head = [*(["Feature"] if vector else []), "Class", "Other class", "Pixels", "In conflict", "X", "Y"]
    start = 3 if vector else 2
    return table(head, rows, numeric=[*([0] if vector else []), *range(start, start + 4)])


def _features(item: Conflict) -> str:
    """Return the ids of a conflict; an area that has not been saved has none yet."""
    known = [str(number) for number in (item.feature, item.other_feature) if number >= 0]
    return ", ".join(known) or UNDEFINED


def _definitions(report: SampleReport) -> Markup:
    reduced = ", ".join(f"{key} ({n} bands)" for key, n in report.features.reduced.items())
    components = f" Reduced to {COMPONENTS} principal components: {reduced}." if reduced else ""
    lines = [("Jeffries-Matusita distance", f"{_JEFFRIES_MATUSITA}{components}"), *_OTHER_FIGURES]
    measured = (
        f"Separability, spectra and conflicts look at {integer(report.n_measured)} of "
        f"{integer(report.n_pixels)} pixels: at most 10,000 of each class, spread evenly over its areas."
    )
    return section("How to read the figures", properties([*lines, ("What was looked at", measured)]))


_JEFFRIES_MATUSITA = (
    "2 (1 - exp(-B)) with the Bhattacharyya distance B of normal distributions of the standardised "
    "bands; below 1 poor, from 1.9 good. It speaks of single pixels: shape and texture, which networks "
    "see too, can help. Where pixels are few, covariances are drawn towards the pooled one, and the "
    "distance that chance alone would give is subtracted; pixels of one area are alike all the same, "
    "so that few places flatter it."
)
_LOOKS_LIKE = (
    "On average the area is less likely under the normal distribution of its own class than 95 % of the "
    "class's pixels and at least twenty times as likely under that of one other class, where it is "
    "nothing unusual. Large areas are judged by their class without them."
)
_TWO_GROUPS = (
    "The pixels of a class, cut in two along their first principal component, lie at least 4.5 "
    "deviations apart (Ashman's D; a normal distribution gives 2.7, an even one 3.5), with a tenth of "
    "them in the smaller group."
)
_OTHER_FIGURES = (("Looks like another class", _LOOKS_LIKE), ("Two groups", _TWO_GROUPS))
