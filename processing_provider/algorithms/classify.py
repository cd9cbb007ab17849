"""Classify with a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qgis.core import QgsProcessingContext

from ...core.job_spec import JobResult
from .. import styling
from ..base import LandfuseAlgorithm


class Classify(LandfuseAlgorithm):
    """A model file and sources in, a styled class map out."""

    KIND = "classify"
    ICON = "classify.svg"
    GROUP = ("classification", "Classification")
    TAGS = ("fusion", "prediction", "land cover", "map", "probability", "uncertainty")

    def explanation(self) -> list[str]:
        return [
            self.tr(
                "Give the sources the model was trained with; pixel sizes, extents and CRS may differ "
                "from those of the training scene. The map is written window by window, so its size is "
                "not limited by memory. The log says when the values of a band lie outside what the "
                "model was trained on."
            ),
            self.tr("Pixels where a source has no data get 0 (unlabelled)."),
        ]

    def finish(self, result: JobResult, context: QgsProcessingContext) -> Mapping[str, Any]:
        styling.style_on_load(context, result.outputs.get("classmap", ""), self.tr("Class map"))
        styling.name_on_load(context, result.outputs.get("probabilities", ""), self.tr("Class probabilities"))
        styling.name_on_load(context, result.outputs.get("uncertainty", ""), self.tr("Uncertainty"))
        return super().finish(result, context)
