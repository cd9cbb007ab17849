"""Apply a minimum mapping unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qgis.core import QgsProcessingContext

from ...core.job_spec import JobResult
from .. import styling
from ..base import LandfuseAlgorithm


class MinimumMappingUnit(LandfuseAlgorithm):
    """A class map in, a second one without small patches out."""

    KIND = "minimummappingunit"
    ICON = "minimum_mapping_unit.svg"
    GROUP = ("classification", "Classification")
    TAGS = ("mmu", "sieve", "generalise", "generalize", "salt and pepper", "speckle", "majority", "eliminate")

    def explanation(self) -> list[str]:
        return [
            self.tr(
                "A patch is what connected pixels of one class form. Patches smaller than the unit take the "
                "class of the largest patch beside them; pixels without data stay and lend no class. "
                "Colours, names and style are those of the map, which is kept as it is. It needs no "
                "deep-learning runtime."
            ),
            self.tr(
                "Accuracy figures of the map do not hold for the generalised one: assess it again if they "
                "are to be reported with it."
            ),
        ]

    def finish(self, result: JobResult, context: QgsProcessingContext) -> Mapping[str, Any]:
        styling.style_on_load(context, result.outputs["filtered"], self.tr("Generalised class map"))
        return super().finish(result, context)
