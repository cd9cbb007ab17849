"""Compute diffusion features."""

from __future__ import annotations

from ..base import LandfuseAlgorithm


class DiffusionFeatures(LandfuseAlgorithm):
    """Sources in, a raster of features that were learned from them without labels out."""

    KIND = "diffusionfeatures"
    ICON = "diffusion_features.svg"
    GROUP = ("data", "Data")
    TAGS = ("unsupervised", "self-supervised", "pretraining", "spectraldiff", "gihcn", "embedding")

    def explanation(self) -> list[str]:
        return [
            self.tr(
                "Give the raster to 'Train a fusion model' as another source, beside the layers it was made "
                "of. The models see every pixel of the scene, those of held-back samples included, but no "
                "label. Keep the file of trained models to get comparable features of another scene: without "
                "it that scene's features mean something else."
            ),
            self.tr(
                "The method GIHCN makes such features by itself. The reduced preset takes about ten minutes "
                "on a CPU for two sources; a run that is stopped goes on where it was."
            ),
        ]
