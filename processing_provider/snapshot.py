"""Samples as the analyst sees them, written to a GeoPackage before the job starts.

Edit buffer, filter, 'selected features only' and layers of any provider (memory, database, service) are all
visible through `QgsProcessingFeatureSource`; the engine only ever sees the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qgis.core import (
    NULL,
    QgsCategorizedSymbolRenderer,
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsFeatureRequest,
    QgsFields,
    QgsProcessingContext,
    QgsProcessingFeatureSource,
    QgsProcessingUtils,
    QgsProject,
    QgsVectorFileWriter,
    QgsVectorLayer,
    QgsWkbTypes,
)

from ..core.data.classes import palette_color
from ..core.errors import OutputError, SamplesError
from ..core.job import SamplesInput

CLASS, NAME, GROUP = "class", "name", "group"
FEATURE = "feature"  # the id in the layer, by which reports name an area
Styles = dict[str, tuple[str, str]]  # class value as text -> label, colour


@dataclass(frozen=True)
class Snapshot:
    """Samples for a job, and the class list {"value", "name", "color"} of the layer's style (or none)."""

    input: SamplesInput
    classes: tuple[dict[str, Any], ...]


def write_samples(
    source: QgsProcessingFeatureSource,
    layer: QgsVectorLayer | None,
    fields: tuple[str, str],
    radius: float,
    context: QgsProcessingContext,
) -> Snapshot:
    """Write the features of `source` with fields `class`, `name` and `group`.

    `layer` is the layer behind the source, for its style. `fields`: class field and group field ("" = none);
    `radius` in metres. Raises `SamplesError` for a field that does not exist.
    """
    fields = class_field, group_field = _field(source, fields[0]), _field(source, fields[1])
    styles = _styles(layer, class_field)
    skip_checks = QgsProcessingFeatureSource.Flag.FlagSkipGeometryValidityChecks
    features = list(source.getFeatures(QgsFeatureRequest(), skip_checks))
    values = [plain_value(f[class_field]) for f in features]
    columns = _columns(values)
    path = _new_file(source.sourceName())
    rows = _rows(features, values, styles, fields, columns)
    _write(path, columns, source.wkbType(), source.sourceCrs(), rows, context)
    grouped = GROUP if group_field else ""
    samples = SamplesInput(path, "vector", Path(path).stem, CLASS, grouped, radius)
    return Snapshot(samples, class_list(values, styles))


def write_polygons(layer: QgsVectorLayer, context: QgsProcessingContext) -> str:
    """Write the geometries of `layer` (a mask) and return the path."""
    path = _new_file(layer.name())
    columns = QgsFields()
    rows = (_feature(columns, f.geometry(), []) for f in layer.getFeatures())
    _write(path, columns, layer.wkbType(), layer.crs(), rows, context)
    return path


def _new_file(name: str) -> str:
    """Return a path in a new temporary folder that reminds of the layer: errors and reports show it."""
    kept = re.sub(r"\W+", "_", name).strip("_")[:60]
    return QgsProcessingUtils.generateTempFilename(f"{kept or 'samples'}.gpkg")


def class_list(values: Iterable[Any], styles: Styles) -> tuple[dict[str, Any], ...]:
    """Return the classes that occur, with names and colours of the style; () where there is no style.

    Integers stay what they are, texts are numbered 1..K in code-point order and keep their text as name.
    """
    present = {v for v in values if v not in (None, "", 0)}
    if not styles or len({type(v) for v in present}) != 1:
        return ()
    texts = isinstance(next(iter(present)), str)
    classes = []
    for position, value in enumerate(sorted(present)):
        label, color = styles.get(str(value), ("", palette_color(position)))
        number, name = (position + 1, value) if texts else (value, label or f"class {value}")
        classes.append({"value": number, "name": name, "color": color})
    return tuple(classes)


def plain_value(value: Any) -> Any:
    """Return an attribute as None, int or str; a whole number stored as a real becomes an int."""
    if value is None or value == NULL:
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, (int, float)) else str(value)


def _field(source: QgsProcessingFeatureSource, name: str) -> str:
    """Return the field as it is really spelt, "" for none. Raises `SamplesError` if it does not exist."""
    if not name:
        return ""
    position = source.fields().lookupField(name)
    if position < 0:
        raise SamplesError(
            f"There is no field '{name}'.",
            where=source.sourceName(),
            remedy=f"Choose one of: {', '.join(source.fields().names())}.",
        )
    return source.fields().at(position).name()


def _styles(layer: QgsVectorLayer | None, class_field: str) -> Styles:
    """Return value as text (styles often hold numbers so) -> (label, #rrggbb)."""
    if layer is not None and QgsProject.instance().mapLayer(layer.id()) is None:
        layer = _with_saved_style(layer)
    renderer = layer.renderer() if layer is not None else None
    if not isinstance(renderer, QgsCategorizedSymbolRenderer):
        return {}
    if renderer.classAttribute().strip('"').lower() != class_field.lower():
        return {}
    styles = {}
    for category in renderer.categories():
        values = category.value() if isinstance(category.value(), list) else [category.value()]
        for value in values:
            styles[str(plain_value(value))] = (category.label(), category.symbol().color().name())
    return styles


def _with_saved_style(layer: QgsVectorLayer) -> QgsVectorLayer:
    """Return a copy with the style saved with the file: Processing opens a path without it."""
    if isinstance(layer.renderer(), QgsCategorizedSymbolRenderer):
        return layer
    copy = layer.clone()
    copy.loadDefaultStyle()
    return copy


def _columns(values: list[Any]) -> QgsFields:
    """Return the fields of the snapshot; `class` is integer or text as in the source.

    They are taken from a memory layer: the constructor of QgsField takes QVariant types up to QGIS 3.36 and
    QMetaType types in QGIS 4.
    """
    present = {type(v) for v in values if v is not None}
    kind = "int8" if present <= {int, bool} else "double" if present <= {int, float} else "string"
    uri = f"NoGeometry?field={CLASS}:{kind}&field={NAME}:string&field={GROUP}:string&field={FEATURE}:int8"
    return QgsVectorLayer(uri, "columns", "memory").fields()


def _rows(
    features: list[QgsFeature],
    values: list[Any],
    styles: Styles,
    fields: tuple[str, str],
    columns: QgsFields,
) -> Iterator[QgsFeature]:
    class_field, group_field = fields
    for feature, value in zip(features, values):
        group = plain_value(feature[group_field]) if group_field else None
        label, _ = styles.get(str(value), (_own_name(feature, class_field, value), ""))
        attributes = [value, label, None if group is None else str(group), feature.id()]
        yield _feature(columns, feature.geometry(), attributes)


def _own_name(feature: QgsFeature, class_field: str, value: Any) -> str | None:
    """Return the class name where there is no style: a text value itself, or `name` beside `class`."""
    if isinstance(value, str):
        return value
    if class_field != CLASS or feature.fields().lookupField(NAME) < 0:
        return None
    name = feature[NAME]
    return name if isinstance(name, str) and name else None


def _feature(columns: QgsFields, geometry: Any, attributes: list[Any]) -> QgsFeature:
    feature = QgsFeature(columns)
    feature.setGeometry(geometry)
    feature.setAttributes(attributes)
    return feature


def _write(
    path: str,
    columns: QgsFields,
    wkb_type: Any,
    crs: QgsCoordinateReferenceSystem,
    features: Iterable[QgsFeature],
    context: QgsProcessingContext,
) -> None:
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName, options.layerName = "GPKG", Path(path).stem
    options.layerOptions = ["FID=fid_of_snapshot"]
    kind = QgsWkbTypes.multiType(QgsWkbTypes.flatType(QgsWkbTypes.linearType(wkb_type)))
    writer = QgsVectorFileWriter.create(path, columns, kind, crs, context.transformContext(), options)
    if writer.hasError() != QgsVectorFileWriter.WriterError.NoError:
        raise OutputError(f"The samples cannot be written ({writer.errorMessage()}).", where=path)
    for feature in features:
        if not writer.addFeature(feature):
            raise OutputError(f"A sample cannot be written ({writer.errorMessage()}).", where=path)
    del writer  # closes the file
