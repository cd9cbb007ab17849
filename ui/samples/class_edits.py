"""Changes of classes with their areas, each one step in the layer's own history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from qgis.core import (
    QgsExpression,
    QgsFeatureRequest,
    QgsGeometry,
    QgsRectangle,
    QgsRendererCategory,
    QgsVectorLayer,
    QgsVectorLayerUtils,
)

from ...core.errors import SamplesError
from ...processing_provider.snapshot import CLASS, NAME, plain_value
from .class_row import ClassRow
from .class_style import categories_of, stored_key
from .style_command import StyleCommand


def start_editing(layer: QgsVectorLayer) -> bool:
    """Have the layer edited and say whether it is; saving stays with the user."""
    return layer.isEditable() or (can_edit(layer) and layer.startEditing())


def can_edit(layer: QgsVectorLayer) -> bool:
    """Say whether features of the layer can be changed."""
    return layer.isValid() and not layer.readOnly() and layer.supportsEditing()


@contextmanager
def one_step(layer: QgsVectorLayer, text: str) -> Iterator[None]:
    """Make all changes within one step of the history; an error takes them all back."""
    if not start_editing(layer):
        raise _cannot_edit(layer)
    layer.beginEditCommand(text)
    try:
        yield
    except BaseException:
        layer.destroyEditCommand()
        raise
    layer.endEditCommand()
    layer.triggerRepaint()


def push_style(
    layer: QgsVectorLayer, field: str, categories: Sequence[QgsRendererCategory], text: str
) -> None:
    """Change the categories as a step of the history, or as a part of the step that is being made."""
    layer.undoStack().push(StyleCommand(layer, field, categories_of(layer, field), categories, text))


def add_area(layer: QgsVectorLayer, field: str, row: ClassRow, geometry: QgsGeometry) -> None:
    """Add an area of a class. Raises `SamplesError` where the layer does not take it."""
    values = {layer.fields().lookupField(field): row.stored}
    name = name_field(layer, field)
    if name >= 0:
        values[name] = row.name
    made = QgsVectorLayerUtils.createFeature(layer, geometry, values)
    fitting = QgsVectorLayerUtils.makeFeatureCompatible(made, layer)
    if len(fitting) != 1 or fitting[0].geometry().type() != geometry.type():
        raise SamplesError(
            "The shape does not fit the layer.",
            where=layer.name(),
            remedy="Choose a layer of polygons as training areas, or make a new one.",
        )
    if not layer.addFeature(fitting[0]):
        raise SamplesError("The layer does not take the area.", where=layer.name())


def delete_areas(layer: QgsVectorLayer, field: str, rows: Iterable[ClassRow]) -> None:
    """Delete all areas of some classes."""
    ids = feature_ids(layer, field, [row.stored for row in rows])
    if ids and not layer.deleteFeatures(ids):
        raise SamplesError("The areas cannot be deleted.", where=layer.name())


def reassign_areas(layer: QgsVectorLayer, field: str, rows: Iterable[ClassRow], new: ClassRow) -> None:
    """Give all areas of some classes another value, and the name where a field holds it beside.

    A name that is not the class's own is the user's and stays.
    """
    class_at, name_at = layer.fields().lookupField(field), name_field(layer, field)
    for row in rows:
        for number, name in _matching(layer, field, row.stored, name_at):
            if row.stored != new.stored:
                _change(layer, number, class_at, new.stored)
            if name_at >= 0 and name == row.name and name != new.name:
                _change(layer, number, name_at, new.name)


def _change(layer: QgsVectorLayer, feature: int, position: int, value: Any) -> None:
    if not layer.changeAttributeValue(feature, position, value):
        raise SamplesError(
            f"The value '{value}' cannot be written to the field '{layer.fields().at(position).name()}'.",
            where=layer.name(),
        )


def renumber_areas(layer: QgsVectorLayer, field: str, numbers: Mapping[Any, int]) -> None:
    """Give the areas new values, each by the one that it holds."""
    class_at = layer.fields().lookupField(field)
    found = {new: feature_ids(layer, field, [old]) for old, new in numbers.items() if new != old}
    for new, ids in found.items():
        for number in ids:
            _change(layer, number, class_at, new)


def name_field(layer: QgsVectorLayer, field: str) -> int:
    """Return the position of the field `name` beside `class`, as Landfuse makes them; -1 for none."""
    position = layer.fields().indexOf(NAME)
    beside = field == CLASS and position >= 0 and not layer.fields().at(position).isNumeric()
    return position if beside else -1


def feature_ids(layer: QgsVectorLayer, field: str, stored: Sequence[Any]) -> list[int]:
    """Return the ids of the features of some classes."""
    return [number for value in stored for number, _ in _matching(layer, field, value, -1)]


def areas_box(layer: QgsVectorLayer, field: str, stored: Sequence[Any]) -> QgsRectangle:
    """Return the rectangle around the areas of some classes, in the CRS of the layer."""
    box = QgsRectangle()
    request = QgsFeatureRequest().setFilterFids(feature_ids(layer, field, stored)).setNoAttributes()
    for feature in layer.getFeatures(request):
        box.combineExtentWith(feature.geometry().boundingBox())
    return box


def _matching(layer: QgsVectorLayer, field: str, stored: Any, name_at: int) -> list[tuple[int, str]]:
    """Return id and name of the features of a class; texts match case and blanks aside, as in a run."""
    class_at = layer.fields().lookupField(field)
    request = QgsFeatureRequest().setFlags(QgsFeatureRequest.Flag.NoGeometry)
    request.setSubsetOfAttributes([i for i in (class_at, name_at) if i >= 0])
    if not isinstance(stored, str):
        request.setFilterExpression(QgsExpression.createFieldEqualityExpression(field, stored))
    wanted = stored_key(stored)
    return [
        (f.id(), str(plain_value(f[name_at]) or "") if name_at >= 0 else "")
        for f in layer.getFeatures(request)
        if stored_key(f[class_at]) == wanted
    ]


def _cannot_edit(layer: QgsVectorLayer) -> SamplesError:
    return SamplesError(
        "The layer cannot be edited.",
        where=layer.name(),
        remedy="Make a copy that can be written (Layer > Save As), or choose another layer.",
    )
