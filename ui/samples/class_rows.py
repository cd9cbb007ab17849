"""From a layer's categorised style, and from what its features hold, to the rows of the class table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from qgis.core import QgsRendererCategory, QgsVectorLayer

from ...core.data.classes import palette_color
from ...core.data.spelling import name_key
from .class_row import ClassRow, Stored, class_number, text_numbers
from .class_style import categories_of, color_of, key_of, stored_key


@dataclass(frozen=True)
class Content:
    """What the features of a layer hold: class values with their counts, and names beside numbers."""

    occurring: Mapping[Stored, int] = field(default_factory=dict)
    names: Mapping[Stored, str] = field(default_factory=dict)

    @property
    def outside(self) -> list[Stored]:
        """Numbers that no map can hold; 0 and nothing mean unlabelled."""
        numbers = [v for v in self.occurring if not isinstance(v, str)]
        return sorted(v for v in numbers if v != 0 and class_number(v) is None)


def is_text(layer: QgsVectorLayer, class_field: str) -> bool:
    """Say whether the class field holds texts."""
    position = layer.fields().lookupField(class_field)
    return position >= 0 and not layer.fields().at(position).isNumeric()


def read_rows(layer: QgsVectorLayer, class_field: str, content: Content) -> tuple[ClassRow, ...]:
    """Return the classes of the style in its order, then those that only the features have."""
    categories = [c for c in categories_of(layer, class_field) if key_of(c)]
    rows = _text_rows if is_text(layer, class_field) else _number_rows
    found: dict[str, ClassRow] = {}
    for row in rows(categories, content):
        found.setdefault(stored_key(row.stored), row)
    return tuple(found.values())


def _number_rows(categories: list[QgsRendererCategory], content: Content) -> Iterator[ClassRow]:
    for category in categories:
        value = class_number(key_of(category))
        if value is not None:
            yield ClassRow(value, category.label() or f"class {value}", color_of(category), value)
    known = {key_of(c) for c in categories}
    others = sorted(v for v in map(class_number, content.occurring) if v and str(v) not in known)
    for position, value in enumerate(others, start=len(categories)):
        name = content.names.get(value) or f"class {value}"
        yield ClassRow(value, name, palette_color(position), value, styled=False)


def _text_rows(categories: list[QgsRendererCategory], content: Content) -> Iterator[ClassRow]:
    occurring = {str(text): count for text, count in content.occurring.items() if str(text).strip()}
    numbers = text_numbers(occurring, [str(c.value()) for c in categories])
    for category in categories:
        value, text = numbers[key_of(category)]
        yield ClassRow(value, text, color_of(category), text)
    known = {key_of(c) for c in categories}
    for value, text in numbers.values():
        if name_key(text) not in known:
            yield ClassRow(value, text, palette_color(value - 1), text, styled=False)
