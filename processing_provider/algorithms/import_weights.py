"""Make a model from published weights."""

from __future__ import annotations

from ..base import LandfuseAlgorithm


class ImportWeights(LandfuseAlgorithm):
    """A checkpoint and the scene it belongs to in, model file out."""

    KIND = "importweights"
    ICON = "model_info.svg"
    GROUP = ("classification", "Classification")
    TAGS = ("checkpoint", "pretrained", "weights", "pytorch", "published", "ncglf2")

    def explanation(self) -> list[str]:
        return [
            self.tr(
                "The map means something only where sources and classes are those of the original training: "
                "the weights know nothing of other scenes. The model file says where it comes from and that "
                "its scaling was fitted here. Train a model of your own for any other scene."
            )
        ]
