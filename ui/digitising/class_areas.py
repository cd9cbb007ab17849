"""The training areas with their classes, read in a worker thread: edit buffer and filter included."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qgis.core import QgsFeatureRequest, QgsVectorLayer, QgsVectorLayerFeatureSource

from ...core.data.classes import LandClass
from ...core.evaluation.class_profiles import LabelledArea
from ...core.progress import Progress
from ...processing_provider.snapshot import plain_value
from ...processing_provider.translate import crs_text
from ..samples.class_style import stored_key
from ..samples.class_table import ClassTable

_EVERY = 200  # features between two looks at whether the reading was cancelled


@dataclass(frozen=True)
class ClassAreas:
    """What a worker thread needs to read the areas as they are now; `labels`: class index by stored key."""

    source: QgsVectorLayerFeatureSource
    class_at: int
    labels: Mapping[str, int]
    classes: tuple[LandClass, ...]
    crs: str


def areas_of(classes: ClassTable) -> ClassAreas | None:
    """Return the areas of the class table, None where they are no vector layer. Main thread."""
    layer = classes.source
    if not isinstance(layer, QgsVectorLayer) or not layer.isValid() or not classes.field or not classes.rows:
        return None
    return ClassAreas(
        QgsVectorLayerFeatureSource(layer),
        layer.fields().lookupField(classes.field),
        {stored_key(row.stored): number for number, row in enumerate(classes.rows)},
        tuple(LandClass(row.value, row.name, row.color) for row in classes.rows),
        crs_text(layer.crs()),
    )


def read_areas(areas: ClassAreas, progress: Progress) -> list[LabelledArea]:
    """Read all areas that have one of the classes. Worker thread."""
    request = QgsFeatureRequest().setSubsetOfAttributes([areas.class_at])
    found = []
    for number, feature in enumerate(areas.source.getFeatures(request)):
        if number % _EVERY == 0:
            progress.check()
        value = plain_value(feature[areas.class_at])
        label = None if value is None else areas.labels.get(stored_key(value))
        if label is not None and feature.hasGeometry():
            found.append(LabelledArea(label, feature.geometry().asWkb().data()))
    return found
