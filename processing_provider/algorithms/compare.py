"""Compare methods and sources."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsProcessingOutputFile, QgsProcessingOutputHtml

from ...core.models.catalog import CATALOG
from ..base import LandfuseAlgorithm


class Compare(LandfuseAlgorithm):
    """Sources and samples in, a table of methods on subsets of the sources out."""

    KIND = "compare"
    ICON = "compare.svg"
    GROUP = ("classification", "Classification")
    TAGS = ("benchmark", "cross-validation", "ablation", "experiment", "folds", "seeds", "table", "latex")

    def explanation(self) -> list[str]:
        methods = "".join(f"<li><b>{key}</b>: {m.title}. {m.good_for}</li>" for key, m in CATALOG.items())
        return [
            self.tr(
                "All runs share grid, samples, folds and gap (the largest that one of the methods needs), so "
                "that lines differ in nothing but method and sources. Each run trains on its part alone, "
                "takes the last epoch, and is scored on the part that was held back. The spread is the "
                "standard deviation over the runs of a line; the captions name split, gap, seeds and preset."
            ),
            self.tr(
                "Each finished run is kept in the sub-folder 'cells' with its confusion matrix. A comparison "
                "that was stopped goes on where it was when it is started again with the same folder; a run "
                "that fails does not stop the others."
            ),
            self.tr("Methods:") + f"<ul>{methods}</ul>",
        ]

    def initAlgorithm(self, config: Any = None) -> None:
        super().initAlgorithm(config)
        self.addOutput(QgsProcessingOutputHtml("REPORT", self.tr("Report of the comparison")))
        for name, label in (
            ("TABLE", "Table (CSV)"),
            ("RUNS", "Single runs (CSV)"),
            ("LATEX", "Table (LaTeX)"),
        ):
            self.addOutput(QgsProcessingOutputFile(name, self.tr(label)))
