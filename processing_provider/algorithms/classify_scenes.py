"""Classify several scenes with one model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qgis.core import QgsProcessingContext, QgsProcessingOutputFile, QgsProcessingOutputRasterLayer

from ...core.job_spec import JobResult
from .. import styling
from ..base import LandfuseAlgorithm


class ClassifyScenes(LandfuseAlgorithm):
    """A model file and a folder or list of scenes in, a class map each and a mosaic of them out."""

    KIND = "classifyscenes"
    ICON = "classify_scenes.svg"
    GROUP = ("classification", "Classification")
    TAGS = ("batch", "many", "folder", "mosaic", "vrt", "fusion", "prediction", "land cover", "map")

    def explanation(self) -> list[str]:
        return [
            self.tr(
                "Each scene gives SCENE.tif with its style, and SCENE.json, which tells what it was made "
                "from. maps.vrt shows all maps as one layer (one file for each coordinate system, if there "
                "are several); maps.csv lists every scene with its figures or its error."
            ),
            self.tr(
                "A scene that fails does not stop the others; the run ends with an error that names it. Mend "
                "the cause and start again: maps are made only where model, files or settings changed."
            ),
        ]

    def initAlgorithm(self, config: Any = None) -> None:
        super().initAlgorithm(config)
        self.addOutput(QgsProcessingOutputRasterLayer("VRT", self.tr("Mosaic of the maps")))
        self.addOutput(QgsProcessingOutputFile("REPORT", self.tr("List of the scenes")))

    def finish(self, result: JobResult, context: QgsProcessingContext) -> Mapping[str, Any]:
        for name, path in result.outputs.items():
            if name.startswith("vrt"):
                styling.load_class_map(context, path, Path(path).stem, name.upper())
        return super().finish(result, context)
