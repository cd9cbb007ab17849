"""Finding the area under the pointer; giving it another class or deleting it, as one step of the history."""

from __future__ import annotations

from qgis.core import QgsFeature, QgsFeatureRequest, QgsGeometry, QgsPointXY, QgsRectangle, QgsVectorLayer
from qgis.PyQt.QtCore import QCoreApplication

from ...core.errors import SamplesError
from ...processing_provider.snapshot import plain_value
from ..samples import class_edits
from ..samples.class_table import ClassRow, ClassTable


def tr(text: str) -> str:
    """Translate interface text."""
    return QCoreApplication.translate("Landfuse", text)


def area_at(layer: QgsVectorLayer, point: QgsPointXY, reach: float) -> QgsFeature | None:
    """Return the smallest area that contains `point`, or a line or point within `reach` of it; else None.

    `point` and `reach` are in the CRS of the layer.
    """
    box = QgsRectangle(point.x() - reach, point.y() - reach, point.x() + reach, point.y() + reach)
    here = QgsGeometry.fromPointXY(point)
    hit = [
        (feature.geometry().area(), feature.id(), feature)
        for feature in layer.getFeatures(QgsFeatureRequest().setFilterRect(box))
        if feature.hasGeometry() and _touches(feature.geometry(), here, reach)
    ]
    return min(hit, key=lambda found: found[:2])[2] if hit else None


def _touches(geometry: QgsGeometry, here: QgsGeometry, reach: float) -> bool:
    return geometry.intersects(here) if geometry.area() > 0 else geometry.distance(here) <= reach


def relabel(classes: ClassTable, feature: QgsFeature, row: ClassRow) -> bool:
    """Give an area another class; false where it has it already. Raises `SamplesError`."""
    layer, field = classes.layer, classes.field
    class_at, name_at = layer.fields().lookupField(field), class_edits.name_field(layer, field)
    if plain_value(feature[class_at]) == row.stored:
        return False
    with class_edits.one_step(layer, tr("Make area '{}'").format(row.name)):
        changed = layer.changeAttributeValue(feature.id(), class_at, row.stored)
        # A name that is no class's is the user's own and stays.
        if name_at >= 0 and plain_value(feature[name_at]) in (None, "", *(r.name for r in classes.rows)):
            changed = layer.changeAttributeValue(feature.id(), name_at, row.name) and changed
        if not changed:
            raise SamplesError(tr("The class of the area cannot be changed."), where=layer.name())
    return True


def delete(layer: QgsVectorLayer, feature: QgsFeature) -> None:
    """Delete an area. Raises `SamplesError`."""
    with class_edits.one_step(layer, tr("Delete area")):
        if not layer.deleteFeature(feature.id()):
            raise SamplesError(tr("The area cannot be deleted."), where=layer.name())
