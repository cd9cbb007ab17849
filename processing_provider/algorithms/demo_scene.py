"""Write the synthetic demo scene."""

from __future__ import annotations

from ..base import LandfuseAlgorithm


class DemoScene(LandfuseAlgorithm):
    """A folder with rasters of four sensors, truth, training areas and reference points."""

    KIND = "demoscene"
    ICON = "demo_scene.svg"
    GROUP = ("data", "Data")
    TAGS = ("example", "tutorial", "synthetic", "simulation", "sample data")

    def explanation(self) -> list[str]:
        return [
            self.tr(
                "A place to try every step without own data. Some classes need heights and others "
                "spectra to be told apart, the sources have different pixel sizes and one has another "
                "CRS. The same seed always gives the same scene. It needs no deep-learning runtime."
            )
        ]
