"""What is missing before a run can start, in words."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsMapLayer, QgsRasterLayer, QgsVectorLayer
from qgis.PyQt.QtCore import QCoreApplication

from ...core.errors import LandfuseError
from ...processing_provider.translate import raster_path
from ..state.session import Session


def tr(text: str) -> str:
    """Translate interface text."""
    return QCoreApplication.translate("Landfuse", text)


def missing(session: Session) -> list[str]:
    """Return what the user has to do before a run; [] where it can start. Opens no file."""
    found = _sources(session)
    if session.method.aim == "classify":
        return [*found, *_model(session.method.model)]
    return [*found, *_samples(session)]


def _sources(session: Session) -> list[str]:
    if not session.used_sources():
        return [tr("Sources: add at least one layer.")]
    return [text for layer in session.source_layers() for text in _unusable(layer)]


def _unusable(layer: QgsRasterLayer) -> list[str]:
    try:
        raster_path(layer)
    except LandfuseError as error:
        return [tr("Sources: {}").format(error)]
    return []


def _samples(session: Session) -> list[str]:
    layer: QgsMapLayer | None = session.samples_layer()
    if layer is None:
        return [tr("Classes and samples: choose or make a layer of training areas.")]
    if not layer.isValid():
        return [tr("Classes and samples: the layer '{}' cannot be read.").format(layer.name())]
    if isinstance(layer, QgsVectorLayer):
        if layer.fields().lookupField(session.samples.class_field) < 0:
            return [tr("Classes and samples: choose the field that holds the class.")]
        if layer.featureCount() == 0:
            return [tr("Classes and samples: draw at least one area in each of two classes.")]
    return []


def _model(path: str) -> list[str]:
    if not path:
        return [tr("Method: choose a model file.")]
    if not Path(path).is_file():
        return [tr("Method: the model file {} is gone.").format(path)]
    return []
