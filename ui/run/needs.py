"""What is missing before a run can start, in words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import QgsMapLayer, QgsRasterLayer, QgsVectorLayer
from qgis.PyQt.QtCore import QCoreApplication

from ...core.errors import LandfuseError
from ...processing_provider.translate import raster_path
from ..state.session import Session

if TYPE_CHECKING:
    from ..samples.class_table import ClassTable


def tr(text: str) -> str:
    """Translate interface text."""
    return QCoreApplication.translate("Landfuse", text)


def missing(session: Session, classes: ClassTable | None) -> list[str]:
    """Return what the user has to do before a run; [] where it can start. Opens no file."""
    found = _sources(session)
    if session.method.aim == "classify":
        return [*found, *_model(session.method.model)]
    return [*found, *(_samples(session) or _classes(classes))]


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


def _classes(classes: ClassTable | None) -> list[str]:
    """Ask for a second class, as soon as it is known that there is none."""
    if classes is None or not classes.pixels.known:
        return []
    drawn = [row.name for row in classes.rows if row.value in classes.counts and _has(classes, row.value)]
    if len(drawn) > 1:
        return []
    if not drawn:
        return [tr("Classes and samples: draw at least one area in each of two classes.")]
    return [tr("Classes and samples: there is only '{}'; draw areas of another class too.").format(drawn[0])]


def _has(classes: ClassTable, value: int) -> bool:
    count = classes.counts[value]
    return bool(count.areas or count.pixels)


def _model(path: str) -> list[str]:
    if not path:
        return [tr("Method: choose a model file.")]
    if not Path(path).is_file():
        return [tr("Method: the model file {} is gone.").format(path)]
    return []
