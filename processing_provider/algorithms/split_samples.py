"""Split samples into parts that are apart in space."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qgis.core import QgsProcessingContext

from ...core.job_spec import JobResult
from .. import styling
from ..base import LandfuseAlgorithm


class SplitSamples(LandfuseAlgorithm):
    """Samples in, training and test parts out: layers from a layer, label rasters from a label raster."""

    KIND = "splitsamples"
    ICON = "split_samples.svg"
    GROUP = ("data", "Data")
    TAGS = (
        "split",
        "training",
        "test",
        "validation",
        "cross-validation",
        "folds",
        "spatial",
        "disjoint",
        "gap",
    )
    WANTED = ("training", "test", "training_labels", "test_labels")

    def explanation(self) -> list[str]:
        return [
            self.tr(
                "Test samples beside training samples look alike, and scores on them are too good. Here "
                "areas closer together than the gap stay on one side, and training samples within the gap "
                "of a test sample are left out. The rules are those by which 'Train a fusion model' holds "
                "samples back; give the sources it will use, and the parts fit as its SAMPLES and "
                "TEST_SAMPLES (or LABELS and TEST_LABELS)."
            ),
            self.tr(
                "The side of an area follows from the seed and its own place: adding or mending one area "
                "does not reshuffle the others. Areas keep their outline; where one reaches into both parts "
                "or into the gap, it is cut along pixel edges. Points and lines are never cut."
            ),
            self.tr(
                "Of a vector layer the first four outputs are written, of a label raster the last three. In "
                "the layer with folds, <i>fold</i> is the fold that tests an area (0: always training) and "
                "<i>near</i> is 1 within the gap of another fold: test on fold 1, train on the others where "
                "near is 0. It needs no deep-learning runtime."
            ),
        ]

    def finish(self, result: JobResult, context: QgsProcessingContext) -> Mapping[str, Any]:
        for name, output in self.spec.outputs.items():
            kind = styling.SamplesStyler if output.type == "vector" else styling.ClassMapStyler
            styling.style_on_load(context, result.outputs.get(name, ""), self.tr(output.label), kind)
        return super().finish(result, context)
