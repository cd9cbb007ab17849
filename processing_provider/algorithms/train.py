"""Train a fusion model."""

from __future__ import annotations

from ...core.models.catalog import CATALOG
from ..base import LandfuseAlgorithm


class Train(LandfuseAlgorithm):
    """Samples and sources in, model file and accuracy report out."""

    KIND = "train"
    ICON = "train.svg"
    GROUP = ("classification", "Classification")
    TAGS = (
        "fusion",
        "training",
        "supervised",
        "land cover",
        "deep learning",
        "mibf-net",
        "ncglf2",
        "random forest",
        "svm",
    )
    WANTED = ("report",)

    def explanation(self) -> list[str]:
        methods = "".join(f"<li><b>{key}</b>: {m.title}. {m.good_for}</li>" for key, m in CATALOG.items())
        return [
            self.tr(
                "Give at least one source, and the samples as a vector layer with a class field or as a "
                "label raster. A quarter of the sample groups is held back by default: the scores (OA, "
                "AA, KAPPA, F1) are measured on them with a model that has not seen them. Afterwards the "
                "model is trained again on all samples and saved."
            ),
            self.tr("Methods:") + f"<ul>{methods}</ul>",
        ]
