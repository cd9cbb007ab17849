"""Import a benchmark scene."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsProcessingOutputFile, QgsProcessingOutputRasterLayer

from ...core.job_spec import MODALITIES
from ..base import LandfuseAlgorithm


class ImportScene(LandfuseAlgorithm):
    """MATLAB files or the files of a contest in, a folder with rasters, label rasters and classes out."""

    KIND = "importscene"
    ICON = "import_scene.svg"
    GROUP = ("data", "Data")
    TAGS = ("benchmark", "matlab", "mat", "houston", "trento", "muufl", "contest", "ground truth", "split")

    def explanation(self) -> list[str]:
        return [
            self.tr(
                "The folder then holds a GeoTIFF for each modality, train.tif, test.tif and, where all "
                "labels are known, labels.tif, classes.csv with the pixels of each part, and scene.json. The "
                "job paper.job.json trains with the authors' settings on the training part, takes the last "
                "epoch, trains nothing on the test part, and scores on it: 'landfuse run paper.job.json'."
            ),
            self.tr(
                "Splits that draw single pixels put test pixels beside training pixels: what is measured on "
                "them is optimistic, and is only meant to be set beside published figures of the same kind."
            ),
        ]

    def initAlgorithm(self, config: Any = None) -> None:
        super().initAlgorithm(config)
        rasters = {"TRAIN_LABELS": "Training labels", "TEST_LABELS": "Test labels"}
        rasters.update({key.upper(): f"{key.upper()} raster" for key in MODALITIES})
        for name, label in rasters.items():  # graphical models chain on these
            self.addOutput(QgsProcessingOutputRasterLayer(name, self.tr(label)))
        self.addOutput(QgsProcessingOutputFile("CLASSES", self.tr("Class list")))
        self.addOutput(QgsProcessingOutputFile("JOB", self.tr("Job of the published protocol")))
