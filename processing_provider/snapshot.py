"""Samples as the analyst sees them, written to a GeoPackage before the job starts.

Edit buffer, filter, 'selected features only' and layers of any provider (memory, database, service) are all
visible through `QgsProcessingFeatureSource`; the engine only ever sees the file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
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
    QgsRendererCategory,
    QgsVectorFileWriter,
    QgsVectorLayer,
    QgsWkbTypes,
)
from qgis.PyQt import sip

from ..core.data.class_numbers import class_numbers, numbered_classes
from ..core.data.classes import LandClass, palette_color
from ..core.data.spelling import chosen_spellings, name_key
from ..core.errors import OutputError, SamplesError
from ..core.job import SamplesInput

CLASS, NAME, GROUP, RADIUS = "class", "name", "group", "radius"
ZONE = "zone"
FEATURE = "feature"  # the id in the layer, by which reports name an area
Styles = dict[str, tuple[str, str]]  # class value as text -> label, colour
_SKIP_CHECKS = QgsProcessingFeatureSource.Flag.FlagSkipGeometryValidityChecks


@dataclass(frozen=True)
class Snapshot:
    """Samples for a job, and the class list {"value", "name", "color"} of the layer's style (or none).

    `notes` tell what the user should know about how the layer was understood.
    """

    input: SamplesInput
    classes: tuple[dict[str, Any], ...]
    notes: tuple[str, ...] = ()


def write_samples(
    source: QgsProcessingFeatureSource,
    layer: QgsVectorLayer | None,
    wanted: SamplesInput,
    context: QgsProcessingContext,
) -> Snapshot:
    """Write the features of `source` with fields `class`, `name`, `group` and, if there is one, `radius`.

    `layer` is the layer behind the source, for its style. `wanted` names the fields and says how classes are
    read; its path is not used. Features are read twice, first without their geometries, and written one by
    one, so that a large layer is never held in memory. Raises `SamplesError` for a field that does not exist.
    """
    wanted = replace(
        wanted,
        class_field=_field(source, wanted.class_field),
        group_field=_field(source, wanted.group_field),
        radius_field=_number_field(source, wanted.radius_field),
    )
    style = _renderer(layer, wanted.class_field)
    counted = _counted_values(source, wanted.class_field)
    columns = _columns(counted, wanted)
    path = _new_file(source.sourceName())
    own_names: dict[Any, str] = {}
    rows = _rows(source, wanted, (_styles(style), own_names), columns)
    _write(path, columns, (source.wkbType(), source.sourceCrs()), rows, context, index=False)
    samples = replace(
        wanted,
        path=path,
        layer=Path(path).stem,
        class_field=CLASS,
        group_field=GROUP if wanted.group_field else "",
        radius_field=RADIUS if wanted.radius_field else "",
    )
    styles = {**{str(v): (name, "") for v, name in own_names.items()}, **_styles(style)} if style else {}
    classes = class_list(counted, styles, wanted, source.sourceName())
    return Snapshot(samples, classes, _hidden_notes(style, counted))


def _counted_values(source: QgsProcessingFeatureSource, class_field: str) -> Counter[Any]:
    """Return how often each class value occurs; fields that are computed or joined are computed for it."""
    request = QgsFeatureRequest().setFlags(QgsFeatureRequest.Flag.NoGeometry)
    request.setSubsetOfAttributes([class_field], source.fields())
    return Counter(plain_value(f[class_field]) for f in source.getFeatures(request, _SKIP_CHECKS))


def write_polygons(layer: QgsVectorLayer, context: QgsProcessingContext) -> str:
    """Write the geometries of `layer` (a mask) and return the path."""
    path = _new_file(layer.name())
    columns = QgsFields()
    rows = (_feature(columns, f.geometry(), []) for f in layer.getFeatures())
    _write(path, columns, (layer.wkbType(), layer.crs()), rows, context)
    return path


def write_zones(source: QgsProcessingFeatureSource, field: str, context: QgsProcessingContext) -> str:
    """Write the polygons of `source` with a field `zone`, their value of `field` or their id, as text.

    Raises `SamplesError` for a field that does not exist.
    """
    field = _field(source, field)
    path = _new_file(source.sourceName())
    columns = QgsVectorLayer(f"NoGeometry?field={ZONE}:string", "columns", "memory").fields()

    def rows() -> Iterator[QgsFeature]:
        for feature in source.getFeatures(QgsFeatureRequest(), _SKIP_CHECKS):
            value = plain_value(feature[field]) if field else feature.id()
            yield _feature(columns, feature.geometry(), ["" if value is None else str(value)])

    _write(path, columns, (source.wkbType(), source.sourceCrs()), rows(), context, index=False)
    return path


def _new_file(name: str) -> str:
    """Return a path in a new temporary folder that reminds of the layer: errors and reports show it."""
    kept = re.sub(r"\W+", "_", name).strip("_")[:60]
    return QgsProcessingUtils.generateTempFilename(f"{kept or 'samples'}.gpkg")


def class_list(
    counted: Mapping[Any, int], styles: Styles, wanted: SamplesInput, where: str = ""
) -> tuple[dict[str, Any], ...]:
    """Return the classes that occur, with names and colours of the style; () where there is no style.

    Numbers stay what they are unless 0 is to be a class or all are renumbered; texts are numbered 1..K in
    code-point order and keep their text as name, case and blanks aside. Raises `ClassesError` for numbers
    that a map cannot hold.
    """
    present = {value: n for value, n in counted.items() if value not in (None, "")}
    if not styles:
        return ()
    if all(isinstance(value, str) for value in present):
        return tuple(c.to_json() for c in _named_classes(present, styles))
    if not all(isinstance(value, int) for value in present):
        return ()
    numbers = class_numbers([v for v in present if v or wanted.zero == "class"], wanted.renumber, where)
    names = {v: styles[str(v)][0] for v in numbers if str(v) in styles}
    colors = {v: styles[str(v)][1] for v in numbers if str(v) in styles}
    return tuple(c.to_json() for c in numbered_classes(numbers, names, colors))


def _named_classes(counted: Mapping[str, int], styles: Styles) -> Iterator[LandClass]:
    colors = {name_key(value): color for value, (_, color) in styles.items() if color}
    for position, name in enumerate(sorted(set(chosen_spellings(counted).values()))):
        color = colors.get(name_key(name), palette_color(position))
        yield LandClass(position + 1, name, color)


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


def _number_field(source: QgsProcessingFeatureSource, name: str) -> str:
    """Return a field of numbers as `_field` does. Raises `SamplesError` for one of another type."""
    name = _field(source, name)
    if name and not source.fields().field(name).isNumeric():
        raise SamplesError(
            f"The radius field '{name}' does not hold numbers.",
            where=source.sourceName(),
            remedy="Choose a field with metres as numbers.",
        )
    return name


def _renderer(layer: QgsVectorLayer | None, class_field: str) -> QgsCategorizedSymbolRenderer | None:
    """Return the categorised style on the class field, None where there is none."""
    if layer is not None and QgsProject.instance().mapLayer(layer.id()) is None:
        layer = _with_saved_style(layer)
    renderer = categorised(layer) if layer is not None else None
    if renderer is None:
        return None
    on_field = renderer.classAttribute().strip('"').lower() == class_field.lower()
    return renderer.clone() if on_field else None


def categorised(layer: QgsVectorLayer) -> QgsCategorizedSymbolRenderer | None:
    """Return the layer's categorised style, None where it has another.

    A clone that Python handed to a layer leaves its Python half behind when QGIS deletes it, and a new style
    at the same address is then taken for one of the old type: only `type()` asks the style itself.
    """
    renderer = layer.renderer()
    if renderer is None or renderer.type() != "categorizedSymbol":
        return None
    fits = isinstance(renderer, QgsCategorizedSymbolRenderer)
    return renderer if fits else sip.cast(renderer, QgsCategorizedSymbolRenderer)


def _categories(style: QgsCategorizedSymbolRenderer | None) -> Iterator[tuple[str, QgsRendererCategory]]:
    """Yield the values of the style as text (styles often hold numbers so), each with its category.

    The category for all other values, which holds NULL or nothing, is left out.
    """
    for category in style.categories() if style is not None else ():
        values = category.value() if isinstance(category.value(), list) else [category.value()]
        for value in map(plain_value, values):
            if value not in (None, ""):
                yield str(value), category


def _styles(style: QgsCategorizedSymbolRenderer | None) -> Styles:
    return {v: (c.label(), c.symbol().color().name()) for v, c in _categories(style)}


def _hidden_notes(style: QgsCategorizedSymbolRenderer | None, counted: Mapping[Any, int]) -> tuple[str, ...]:
    """Tell which classes are unticked in the legend: that hides them on the map but filters nothing."""
    present = {str(value) for value in counted}
    hidden = [c.label() or v for v, c in _categories(style) if not c.renderState() and v in present]
    if not hidden:
        return ()
    told = f"Classes that are unticked in the legend are used all the same: {', '.join(hidden)}."
    return (f"{told} Filter the layer, or select what is to be used, to leave them out.",)


def _with_saved_style(layer: QgsVectorLayer) -> QgsVectorLayer:
    """Return a copy with the style saved with the file: Processing opens a path without it."""
    if categorised(layer) is not None:
        return layer
    copy = layer.clone()
    copy.loadDefaultStyle()
    return copy


def _columns(counted: Iterable[Any], wanted: SamplesInput) -> QgsFields:
    """Return the fields of the snapshot; `class` is integer or text as in the source.

    They are taken from a memory layer: the constructor of QgsField takes QVariant types up to QGIS 3.36 and
    QMetaType types in QGIS 4.
    """
    present = {type(v) for v in counted if v is not None}
    kind = "int8" if present <= {int, bool} else "double" if present <= {int, float} else "string"
    uri = f"NoGeometry?field={CLASS}:{kind}&field={NAME}:string&field={GROUP}:string&field={FEATURE}:int8"
    uri += f"&field={RADIUS}:double" if wanted.radius_field else ""
    return QgsVectorLayer(uri, "columns", "memory").fields()


def _rows(
    source: QgsProcessingFeatureSource,
    wanted: SamplesInput,
    names: tuple[Styles, dict[Any, str]],
    columns: QgsFields,
) -> Iterator[QgsFeature]:
    """Yield the features of the snapshot; `names`: the styles, and the other names, which are gathered."""
    styles, own_names = names
    for feature in source.getFeatures(QgsFeatureRequest(), _SKIP_CHECKS):
        value = plain_value(feature[wanted.class_field])
        group = plain_value(feature[wanted.group_field]) if wanted.group_field else None
        label = (
            styles[str(value)][0] if str(value) in styles else _own_name(feature, wanted.class_field, value)
        )
        if label and str(value) not in styles:
            own_names[value] = label
        attributes = [value, label, None if group is None else str(group), feature.id()]
        if wanted.radius_field:
            attributes.append(plain_value(feature[wanted.radius_field]))
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
    shape: tuple[Any, QgsCoordinateReferenceSystem],
    features: Iterable[QgsFeature],
    context: QgsProcessingContext,
    index: bool = True,
) -> None:
    """Write features of a geometry type in a CRS (`shape`), with a spatial index if asked."""
    wkb_type, crs = shape
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName, options.layerName = "GPKG", Path(path).stem
    options.layerOptions = ["FID=fid_of_snapshot", f"SPATIAL_INDEX={'YES' if index else 'NO'}"]
    kind = QgsWkbTypes.multiType(QgsWkbTypes.flatType(QgsWkbTypes.linearType(wkb_type)))
    writer = QgsVectorFileWriter.create(path, columns, kind, crs, context.transformContext(), options)
    if writer.hasError() != QgsVectorFileWriter.WriterError.NoError:
        raise OutputError(f"The samples cannot be written ({writer.errorMessage()}).", where=path)
    for feature in features:
        if not writer.addFeature(feature):
            raise OutputError(f"A sample cannot be written ({writer.errorMessage()}).", where=path)
    del writer  # closes the file
