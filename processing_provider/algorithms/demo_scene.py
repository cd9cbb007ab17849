"""Write the synthetic demo scene."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsProcessingOutputRasterLayer, QgsProcessingOutputVectorLayer

from ..base import LandfuseAlgorithm

RASTERS = {
    "HSI": "Hyperspectral image",
    "LIDAR": "LiDAR heights",
    "SAR": "SAR image",
    "OPTICAL": "Optical image",
    "TRUTH": "True classes",
}
VECTORS = {"TRAINING_AREAS": "Training areas", "REFERENCE_POINTS": "Reference points"}


class DemoScene(LandfuseAlgorithm):
    """A folder with rasters of four sensors, truth, training areas and reference points."""

    KIND = "demoscene"
    ICON = "demo_scene.svg"
    GROUP = ("data", "Data")
    TAGS = ("example", "tutorial", "synthetic", "simulation", "sample data")

    def explanation(self) -> list[str]:
        return [
            self.tr(
                "A place to try every step without own data. Some classes need heights and others spectra to "
                "be told apart, the sources have different pixel sizes, one has another CRS. The same seed "
                "always gives the same scene. It needs no deep-learning runtime."
            )
        ]

    def initAlgorithm(self, config: Any = None) -> None:
        super().initAlgorithm(config)
        for name, label in RASTERS.items():  # graphical models chain on these
            self.addOutput(QgsProcessingOutputRasterLayer(name, self.tr(label)))
        for name, label in VECTORS.items():
            self.addOutput(QgsProcessingOutputVectorLayer(name, self.tr(label)))
