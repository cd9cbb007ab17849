"""The figures of the sample report as CSV, in the form of `table.py`; what is undefined is an empty cell."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .table import BYTE_ORDER_MARK

if TYPE_CHECKING:
    from .sample_report import SampleReport


def table_text(report: SampleReport) -> str:
    """Return four tables below each other: classes, pairs of classes, bands per class, likely conflicts."""
    out = io.StringIO()
    writer = csv.writer(out)
    for rows in (_classes(report), _pairs(report), _bands(report), _conflicts(report)):
        writer.writerows([*rows, []])
    writer.writerows(["note", line] for line in report.notes)
    return BYTE_ORDER_MARK + out.getvalue()


def _classes(report: SampleReport) -> Iterator[list[Any]]:
    yield ["class", "value", "areas", "pixels", "hectares", "share", "places", "without_data", "samples_are"]
    for item in report.classes:
        areas = "" if item.features is None else item.features
        yield [
            item.land_class.name, item.land_class.value, areas, item.pixels, f"{item.hectares:.6g}",
            _number(item.share), item.places, item.unusable, item.verdict,
        ]  # fmt: skip


def _pairs(report: SampleReport) -> Iterator[list[Any]]:
    keys = list(report.features.columns)
    yield ["class", "other_class", "jeffries_matusita", *(f"jeffries_matusita_{key}" for key in keys)]
    names = [c.name for c in report.samples.classes]
    for pair in report.pairs:
        distances = [pair.overall, *(pair.by_modality[key] for key in keys)]
        yield [names[pair.first], names[pair.second], *map(_number, distances)]


def _bands(report: SampleReport) -> Iterator[list[Any]]:
    yield ["source", "band", "wavelength_nm", "class", "mean", "percentile_10", "percentile_90"]
    for spectra in report.spectra:
        for band, name in enumerate(spectra.names):
            wave = f"{spectra.wavelengths[band]:g}" if spectra.wavelengths else ""
            for i, item in enumerate(report.samples.classes):
                figures = (spectra.mean[i, band], spectra.low[i, band], spectra.high[i, band])
                if not math.isnan(figures[0]):
                    yield [spectra.title, name, wave, item.name, *(f"{v:.6g}" for v in figures)]


def _conflicts(report: SampleReport) -> Iterator[list[Any]]:
    yield [
        "conflict",
        "class",
        "other_class",
        "feature",
        "other_feature",
        "pixels",
        "share",
        "x",
        "y",
        "finding",
    ]
    names = [c.name for c in report.samples.classes]
    for item in report.conflicts:
        x, y = report.grid.xy(item.row + 0.5, item.col + 0.5)
        features = [number if number >= 0 else "" for number in (item.feature, item.other_feature)]
        place = [f"{x:.10g}", f"{y:.10g}"]
        share = _number(item.share)
        yield [
            item.kind, names[item.label], names[item.other], *features, item.pixels, share, *place,
            item.text(report.samples),
        ]  # fmt: skip


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6f}"
