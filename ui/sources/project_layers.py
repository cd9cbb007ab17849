"""The layers of the project that can be sources or samples, as values for a worker thread."""

from __future__ import annotations

from collections.abc import Iterable

from qgis.core import QgsMapLayer, QgsProject, QgsRasterLayer, QgsVectorLayer, QgsWkbTypes

from ...core.errors import LandfuseError
from ...processing_provider.translate import raster_path
from ..state.choices import SamplesChoice

_CLASS_FIELDS = (
    "class",
    "classes",
    "class_id",
    "classid",
    "label",
    "landcover",
    "land_cover",
    "lulc",
    "cover",
)


def raster_layers(project: QgsProject) -> list[QgsRasterLayer]:
    """Return the raster layers that hold measured values, in the order of the layer tree."""
    layers = project.layerTreeRoot().layerOrder()
    return [layer for layer in layers if why_not_a_source(layer) == "" and not is_result(layer)]


def why_not_a_source(layer: QgsMapLayer) -> str:
    """Return why a layer cannot be a source, "" if it can."""
    try:
        raster_path(layer)
    except LandfuseError as error:
        return error.what
    return ""


def is_result(layer: QgsRasterLayer) -> bool:
    """Tell whether a layer is drawn by classes: a class map or labels, not a measurement."""
    return layer.renderer() is not None and layer.renderer().type() == "paletted"


def as_values(layers: Iterable[QgsRasterLayer]) -> list[tuple[str, str, str]]:
    """Return (id, name, path) of each layer."""
    return [(layer.id(), layer.name(), raster_path(layer)) for layer in layers]


def guess_samples(project: QgsProject) -> SamplesChoice:
    """Return the polygon layer with a field of classes, if just one layer has one; else no choice."""
    layers = project.layerTreeRoot().layerOrder()
    polygons = [layer for layer in layers if isinstance(layer, QgsVectorLayer) and _has_polygons(layer)]
    found = [SamplesChoice(layer.id(), _class_field(layer)) for layer in polygons if _class_field(layer)]
    return found[0] if len(found) == 1 else SamplesChoice()


def _has_polygons(layer: QgsVectorLayer) -> bool:
    return layer.isValid() and layer.geometryType() == QgsWkbTypes.GeometryType.PolygonGeometry


def _class_field(layer: QgsVectorLayer) -> str:
    names = {field.name().lower(): field.name() for field in layer.fields()}
    return next((names[name] for name in _CLASS_FIELDS if name in names), "")
