"""The categorised style of the training areas: read as categories, changed, and written back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from qgis.core import (
    NULL,
    QgsCategorizedSymbolRenderer,
    QgsFillSymbol,
    QgsLineSymbol,
    QgsMarkerSymbol,
    QgsRendererCategory,
    QgsSymbol,
    QgsVectorLayer,
    QgsWkbTypes,
)
from qgis.PyQt.QtGui import QColor

from ...core.data.spelling import name_key
from ...processing_provider.snapshot import categorised, plain_value

# White edges stand out on images, a tinted polygon leaves them visible (as in core/data/map_style.py).
_FILL = {"outline_color": "255,255,255,255", "outline_width": "0.4"}
_MARKER = {"outline_color": "255,255,255,255", "outline_width": "0.3", "size": "2.2"}
_TINT = 150  # of 255


def style_on(layer: QgsVectorLayer, field: str) -> QgsCategorizedSymbolRenderer | None:
    """Return the layer's categorised style on `field`, None where it is drawn otherwise."""
    renderer = categorised(layer) if field else None
    if renderer is None:
        return None
    return renderer if renderer.classAttribute().strip('"').lower() == field.lower() else None


def is_plain(layer: QgsVectorLayer) -> bool:
    """Say whether the layer has the one symbol that QGIS gives a new layer: nothing is lost by styling it."""
    renderer = layer.renderer()
    return renderer is None or renderer.type() == "singleSymbol"


def categories_of(layer: QgsVectorLayer, field: str) -> list[QgsRendererCategory]:
    """Return copies of the categories, one per value; [] where the layer is not drawn by `field`."""
    style = style_on(layer, field)
    return [single for item in (style.categories() if style is not None else ()) for single in _singles(item)]


def _singles(category: QgsRendererCategory) -> list[QgsRendererCategory]:
    """Divide a category of several values ("merged categories" in QGIS): each value is a class."""
    values = category.value() if isinstance(category.value(), list) else [category.value()]
    copies = [QgsRendererCategory(category) for _ in values]
    for copy, value in zip(copies, values):
        copy.setValue(value)
    return copies


def key_of(category: QgsRendererCategory) -> str:
    """Return what names the category: its value as text, case and blanks aside; "" for all other values."""
    return stored_key(category.value())


def stored_key(value: Any) -> str:
    """Return what values of a field that mean the same class have in common; "" for none."""
    plain = None if value is None or value == NULL else plain_value(value)
    return "" if plain is None else name_key(str(plain))


def color_of(category: QgsRendererCategory) -> str:
    """Return the colour as #rrggbb."""
    return category.symbol().color().name()


def make_category(
    layer: QgsVectorLayer, stored: Any, name: str, color: str, like: QgsRendererCategory | None = None
) -> QgsRendererCategory:
    """Return a new category, drawn as `like` in another colour."""
    symbol = like.symbol().clone() if like is not None else plain_symbol(layer)
    if like is None:
        symbol.setColor(_tinted(QColor(color), _alpha(layer)))
    made = QgsRendererCategory(stored, symbol, name)
    return recolored(made, color) if like is not None else made


def plain_symbol(layer: QgsVectorLayer) -> QgsSymbol:
    """Return the symbol of a class without a colour, for polygons, lines or points."""
    kind = layer.geometryType()
    if kind == QgsWkbTypes.GeometryType.PolygonGeometry:
        return QgsFillSymbol.createSimple(dict(_FILL))
    if kind == QgsWkbTypes.GeometryType.LineGeometry:
        return QgsLineSymbol.createSimple({"line_width": "0.8"})
    return QgsMarkerSymbol.createSimple(dict(_MARKER))


def _alpha(layer: QgsVectorLayer) -> int:
    return _TINT if layer.geometryType() == QgsWkbTypes.GeometryType.PolygonGeometry else 255


def _tinted(color: QColor, alpha: int) -> QColor:
    color.setAlpha(alpha)
    return color


def recolored(category: QgsRendererCategory, color: str) -> QgsRendererCategory:
    """Return a copy in another colour, as transparent as before."""
    copy = QgsRendererCategory(category)
    symbol = copy.symbol().clone()
    symbol.setColor(_tinted(QColor(color), symbol.color().alpha()))
    copy.setSymbol(symbol)
    return copy


def renamed(category: QgsRendererCategory, name: str, stored: Any = None) -> QgsRendererCategory:
    """Return a copy with another label and, if given, another value."""
    copy = QgsRendererCategory(category)
    copy.setLabel(name)
    if stored is not None:
        copy.setValue(stored)
    return copy


def write_categories(layer: QgsVectorLayer, field: str, categories: Iterable[QgsRendererCategory]) -> None:
    """Draw the layer by `field` with these categories; other settings of the style stay.

    The style is changed in place: handing the layer a clone is not safe, see `snapshot.categorised`.
    """
    copies = [QgsRendererCategory(category) for category in categories]
    style = style_on(layer, field)
    if style is None:
        layer.setRenderer(QgsCategorizedSymbolRenderer(field, copies))
    else:
        style.deleteAllCategories()
        for category in copies:
            style.addCategory(category)
        layer.rendererChanged.emit()
        layer.styleChanged.emit()
    layer.triggerRepaint()


def carried_over(
    now: Sequence[QgsRendererCategory],
    before: Sequence[QgsRendererCategory],
    after: Sequence[QgsRendererCategory],
) -> list[QgsRendererCategory]:
    """Return `now` with what differs between `before` and `after`.

    A step that is undone so leaves alone what was changed in QGIS's own style dialog in the meantime.
    """
    old, new = ({key_of(c): c for c in side} for side in (before, after))
    kept = [
        _with_change(c, old.get(key_of(c)), new.get(key_of(c)))
        for c in now
        if key_of(c) not in old or key_of(c) in new
    ]
    there = {key_of(c) for c in kept}
    for position, category in enumerate(after):
        if key_of(category) not in old and key_of(category) not in there:
            kept.insert(min(position, len(kept)), category)
    return kept


def _with_change(
    now: QgsRendererCategory, old: QgsRendererCategory | None, new: QgsRendererCategory | None
) -> QgsRendererCategory:
    if old is None or new is None:
        return now
    if new.label() != old.label() or new.value() != old.value():
        now = renamed(now, new.label(), new.value())
    return recolored(now, color_of(new)) if color_of(new) != color_of(old) else now
