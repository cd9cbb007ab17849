"""Assess a class map."""

from __future__ import annotations

from ..base import LandfuseAlgorithm


class Assess(LandfuseAlgorithm):
    """A class map and reference samples in, confusion matrix and accuracy figures out."""

    KIND = "assess"
    ICON = "assess.svg"
    GROUP = ("classification", "Classification")
    TAGS = ("accuracy", "confusion matrix", "error matrix", "kappa", "overall accuracy", "f1", "validation")
    WANTED = ("report",)

    def explanation(self) -> list[str]:
        return [
            self.tr(
                "The report shows the confusion matrix with both axes named, overall accuracy, average "
                "accuracy, kappa, and for each class user's accuracy (precision), producer's accuracy "
                "(recall) and F1."
            ),
            self.tr(
                "Use reference samples that were not used for training and do not touch the training "
                "areas: samples beside each other look alike, and the figures would be too good."
            ),
        ]
