"""The Processing provider: lists the algorithms and the graphical models that ship with the plugin."""

from __future__ import annotations

import logging
from pathlib import Path

from qgis.core import QgsProcessingModelAlgorithm, QgsProcessingProvider
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtGui import QIcon

from ..core.version import __version__
from .algorithms import ALGORITHMS
from .algorithms.train import Train

RESOURCES = Path(__file__).resolve().parents[1] / "resources"
MODEL_TITLES = {"train_classify_assess": "Train, classify and assess"}


class ShippedModel(QgsProcessingModelAlgorithm):
    """A graphical model of the plugin, with a title: QGIS itself shows the name, which is part of the id."""

    def displayName(self) -> str:
        return QCoreApplication.translate("Landfuse", MODEL_TITLES.get(self.name(), self.name()))

    def groupId(self) -> str:
        # The id that the algorithms use: QGIS takes the title, which makes a second group of the same name.
        return Train.GROUP[0]

    def group(self) -> str:
        return QCoreApplication.translate("Landfuse", Train.GROUP[1])

    def createInstance(self) -> ShippedModel:
        copy = ShippedModel()
        copy.loadVariant(self.toVariant())
        return copy

    def icon(self) -> QIcon:
        return QIcon(str(RESOURCES / "icons" / "landfuse.svg"))


class LandfuseProvider(QgsProcessingProvider):
    """Everything under `landfuse:`. Call `refreshAlgorithms()` once after adding it to the registry.

    The steps of a graphical model are found through the registry, so before the provider is in it the models
    cannot be completed and are left out.
    """

    def id(self) -> str:
        return "landfuse"

    def name(self) -> str:
        return "Landfuse"

    def longName(self) -> str:
        return QCoreApplication.translate("Landfuse", "Landfuse (land cover from several sources)")

    def versionInfo(self) -> str:
        return __version__

    def icon(self) -> QIcon:
        return QIcon(str(RESOURCES / "icons" / "landfuse.svg"))

    def supportedOutputRasterLayerExtensions(self) -> list[str]:
        return ["tif", "tiff"]

    def defaultRasterFileExtension(self) -> str:
        # Not the user's default: class maps are GeoTIFF with a colour table whatever other algorithms write.
        return "tif"

    def supportedOutputVectorLayerExtensions(self) -> list[str]:
        return ["gpkg"]

    def defaultVectorFileExtension(self, has_geometry: bool = True) -> str:
        return "gpkg"

    def loadAlgorithms(self) -> None:
        for algorithm in ALGORITHMS:
            self.addAlgorithm(algorithm())
        for path in sorted((RESOURCES / "models").glob("*.model3")):
            self._add_model(path)

    def _add_model(self, path: Path) -> None:
        model = ShippedModel()
        if not model.fromFile(str(path)):
            logging.getLogger(__name__).error("The graphical model %s cannot be read.", path)
            return
        if model.destinationParameterDefinitions():  # empty as long as its steps are not found
            self.addAlgorithm(model)
