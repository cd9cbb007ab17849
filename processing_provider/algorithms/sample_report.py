"""Report on the samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qgis.core import QgsProcessingContext

from ...core.job_spec import JobResult
from .. import styling
from ..base import LandfuseAlgorithm


class SampleReport(LandfuseAlgorithm):
    """Samples and sources in, a report on what the samples are worth out."""

    KIND = "samplereport"
    ICON = "sample_report.svg"
    GROUP = ("data", "Data")
    TAGS = (
        "training areas",
        "roi",
        "separability",
        "jeffries-matusita",
        "spectra",
        "signature",
        "outliers",
        "quality",
    )
    WANTED = ("report",)

    def explanation(self) -> list[str]:
        return [
            self.tr(
                "Run this before training. For each class it counts areas, pixels, hectares and separate "
                "places (good from 5, thin from 3), and shows mean spectra with their spread. For each pair "
                "of classes it gives the Jeffries-Matusita distance by source and over all sources: 0 means "
                "alike, 2 apart."
            ),
            self.tr(
                "It names areas that are likely to be wrong: unusual in their own class and ordinary in "
                "another, overlapping one of another class, or with practically the same values. Each comes "
                "with its feature id and coordinates, and as a point in the layer of conflicts. It needs no "
                "deep-learning runtime."
            ),
        ]

    def finish(self, result: JobResult, context: QgsProcessingContext) -> Mapping[str, Any]:
        styling.name_on_load(context, result.outputs.get("conflicts", ""), self.tr("Likely conflicts"))
        return super().finish(result, context)
