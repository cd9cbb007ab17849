"""Forecast what a training will cost."""

from __future__ import annotations

from ..base import LandfuseAlgorithm


class Forecast(LandfuseAlgorithm):
    """Sources in, seconds and memory of each method out."""

    KIND = "forecast"
    ICON = "train.svg"
    GROUP = ("classification", "Classification")
    TAGS = ("time", "memory", "duration", "cost", "resources", "benchmark")

    def explanation(self) -> list[str]:
        return [
            self.tr(
                "Nothing is trained. With samples the forecast follows their number and how they lie, "
                "without them the numbers below. The figures hold for this computer as busy as it is now."
            )
        ]
