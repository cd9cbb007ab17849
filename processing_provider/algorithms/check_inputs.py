"""Check how the sources fit together."""

from __future__ import annotations

from ..base import LandfuseAlgorithm


class CheckInputs(LandfuseAlgorithm):
    """Sources in, a report about overlap, pixel sizes, CRS, nodata and bands out."""

    KIND = "checkinputs"
    ICON = "check_inputs.svg"
    GROUP = ("data", "Data")
    TAGS = ("alignment", "overlap", "crs", "nodata", "bands", "co-registration", "quality")
    WANTED = ("report",)

    def explanation(self) -> list[str]:
        return [
            self.tr(
                "Run this before training: it names the grid that would be used, the bands that would be "
                "dropped, and what does not fit. It needs no deep-learning runtime."
            )
        ]
