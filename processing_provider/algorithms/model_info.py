"""Show what is in a model file."""

from __future__ import annotations

from ..base import LandfuseAlgorithm


class ModelInfo(LandfuseAlgorithm):
    """A model file in, its card out."""

    KIND = "modelinfo"
    ICON = "model_info.svg"
    GROUP = ("data", "Data")
    TAGS = ("model card", "metadata", "safetensors", "classes", "bands", "provenance")
    WANTED = ("report",)

    def explanation(self) -> list[str]:
        return [
            self.tr(
                "Tells which sources and bands the model needs, which classes it knows, how it was "
                "trained and what its scores were measured on. It needs no deep-learning runtime."
            )
        ]
