"""What the features of a layer hold, read in a worker thread: edit buffer and filter included."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qgis.core import (
    QgsDistanceArea,
    QgsFeature,
    QgsFeatureRequest,
    QgsProject,
    QgsUnitTypes,
    QgsVectorLayer,
    QgsVectorLayerFeatureSource,
)

from ...core.progress import Progress
from ...processing_provider.snapshot import plain_value
from ...processing_provider.translate import crs_text
from .class_edits import name_field
from .class_row import class_number
from .class_rows import Content, is_text
from .class_style import stored_key

_EVERY = 200  # features between two looks at whether the reading was cancelled
_SQUARE_METRES = QgsUnitTypes.AreaUnit.AreaSquareMeters


@dataclass(frozen=True)
class AreaOrder:
    """What to read of a layer, as values; made in the main thread."""

    source: QgsVectorLayerFeatureSource
    class_at: int
    group_at: int
    name_at: int
    text: bool
    crs: str
    measure: QgsDistanceArea


@dataclass(frozen=True)
class AreasRead:
    """The areas of a layer: `records` are class key, geometry (WKB) and group of each that has a class.

    `areas` and `square_metres` (on the ellipsoid, of polygons) are by class key.
    """

    content: Content = field(default_factory=Content)
    records: tuple[tuple[str, bytes, str], ...] = ()
    areas: Mapping[str, int] = field(default_factory=dict)
    square_metres: Mapping[str, float] = field(default_factory=dict)
    crs: str = ""
    grouped: bool = False


def order_for(layer: QgsVectorLayer, class_field: str, group_field: str, project: QgsProject) -> AreaOrder:
    """Return what a worker thread needs to read the layer as it is now."""
    measure = QgsDistanceArea()
    measure.setSourceCrs(layer.crs(), project.transformContext())
    flat = project.ellipsoid() in ("", "NONE")  # the project measures on the plane, areas are told in truth
    measure.setEllipsoid(layer.crs().ellipsoidAcronym() if flat else project.ellipsoid())
    return AreaOrder(
        QgsVectorLayerFeatureSource(layer),
        layer.fields().lookupField(class_field),
        layer.fields().lookupField(group_field) if group_field else -1,
        name_field(layer, class_field),
        is_text(layer, class_field),
        crs_text(layer.crs()),
        measure,
    )


def read_areas(order: AreaOrder, progress: Progress) -> AreasRead:
    """Read all features; called in a worker thread."""
    request = QgsFeatureRequest()
    wanted = {i for i in (order.class_at, order.group_at, order.name_at) if i >= 0}
    request.setSubsetOfAttributes(sorted(wanted))
    found = _Reading(order)
    for number, feature in enumerate(order.source.getFeatures(request)):
        if number % _EVERY == 0:
            progress.check()
        found.add(feature)
    return found.result()


class _Reading:
    """Gathers what the features hold."""

    def __init__(self, order: AreaOrder) -> None:
        self._order = order
        self._values: Counter[Any] = Counter()
        self._names: dict[Any, Counter[str]] = {}
        self._records: list[tuple[str, bytes, str]] = []
        self._areas: Counter[str] = Counter()
        self._metres: Counter[str] = Counter()

    def add(self, feature: QgsFeature) -> None:
        order = self._order
        value = plain_value(feature[order.class_at])
        if value in (None, ""):
            return
        self._values[value] += 1
        if order.name_at >= 0 and (name := plain_value(feature[order.name_at])):
            self._names.setdefault(value, Counter())[str(name)] += 1
        key = stored_key(value)
        if not key or not (order.text or class_number(value)):
            return
        self._areas[key] += 1
        geometry = feature.geometry()
        if geometry.isNull():
            return
        area = order.measure.measureArea(geometry)
        self._metres[key] += order.measure.convertAreaMeasurement(area, _SQUARE_METRES)
        group = plain_value(feature[order.group_at]) if order.group_at >= 0 else None
        self._records.append((key, geometry.asWkb().data(), "" if group is None else str(group)))

    def result(self) -> AreasRead:
        names = {value: counted.most_common(1)[0][0] for value, counted in self._names.items()}
        return AreasRead(
            Content(dict(self._values), names),
            tuple(self._records),
            dict(self._areas),
            dict(self._metres),
            self._order.crs,
            self._order.group_at >= 0,
        )
