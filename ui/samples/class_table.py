"""The classes of the training areas: a view of the layer's categorised style, and what changes both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from qgis.core import QgsGeometry, QgsVectorLayer

from ...core.data.class_numbers import class_numbers
from ...core.data.classes import palette_color
from ...core.data.spelling import tidy
from ...core.errors import ClassesError, SamplesError
from . import class_edits
from .class_lists import ListedClass
from .class_row import ClassCount, ClassRow, class_number, free_value
from .class_rows import is_text
from .class_style import (
    categories_of,
    color_of,
    key_of,
    make_category,
    recolored,
    renamed,
    stored_key,
)
from .class_view import ClassView

__all__ = ["ClassCount", "ClassRow", "ClassTable"]


class ClassTable(ClassView):
    """The class view with what changes it. Each change is one step in the layer's own history."""

    def add_area(self, geometry: QgsGeometry) -> None:
        """Add an area of the current class, in the layer's CRS, as one step that can be undone.

        Raises `SamplesError` where there is no class or the layer does not take the shape.
        """
        row = self.current
        if row is None:
            raise SamplesError(self.tr("There is no class yet."), remedy=self.tr("Add a class first."))
        with self._step(self.tr("Add area of '{}'").format(row.name)) as (layer, field):
            class_edits.add_area(layer, field, row, geometry)

    def add_class(self, name: str = "", color: str = "", value: int = 0) -> ClassRow:
        """Add a class and make it the current one. Raises `ClassesError` for what is taken already."""
        layer, field = self._editable()
        number = value or free_value(row.value for row in self._rows)
        color = color or self._free_color()
        name = tidy(name) or self._free_name(number)
        stored = name if is_text(layer, field) else number
        self._require_free(stored)
        if class_number(number) is None:
            raise ClassesError(self.tr("Class values are 1 to 65535."), where=name)
        with self._step(self.tr("Add class '{}'").format(name)):
            before = self._styled(layer, field)
            like = next((c for c in before if key_of(c)), None)
            made = make_category(layer, stored, name, color, like)
            class_edits.push_style(layer, field, [*before, made], "")
        self._select(stored)
        return self.current

    def rename(self, value: int, name: str) -> None:
        """Give a class another name; of a text field its areas take the new text."""
        row, name = self._known(value), tidy(name)
        if not name or name == row.name:
            return
        text = isinstance(row.stored, str)
        if text and stored_key(name) != stored_key(row.stored):
            self._require_free(name)
        self._replace(row, ClassRow(row.value, name, row.color, name if text else row.stored), "Rename")

    def set_value(self, value: int, new: int) -> None:
        """Give a class of a number field another value, and its areas with it."""
        row = self._known(value)
        if new == value or isinstance(row.stored, str):
            return
        if class_number(new) is None:
            raise ClassesError(self.tr("Class values are 1 to 65535."), where=row.name)
        self._require_free(new)
        self._replace(row, ClassRow(new, row.name, row.color, new), "Renumber")

    def recolor(self, value: int, color: str) -> None:
        """Give a class another colour (#rrggbb)."""
        row = self._known(value)
        if color.lower() != row.color.lower():
            self._replace(row, ClassRow(row.value, row.name, color, row.stored), "Colour of")

    def delete(self, values: Iterable[int]) -> None:
        """Delete classes with all their areas, as one step."""
        rows = [self._known(value) for value in values]
        gone = {stored_key(row.stored) for row in rows}
        with self._step(self._title("Delete", rows)) as (layer, field):
            left = [c for c in self._styled(layer, field) if key_of(c) not in gone]
            class_edits.delete_areas(layer, field, rows)
            class_edits.push_style(layer, field, left, "")

    def merge(self, values: Iterable[int], into: int) -> None:
        """Make the areas of some classes those of the class `into`, as one step."""
        target = self._known(into)
        rows = [self._known(value) for value in values if value != into]
        gone = {stored_key(row.stored) for row in rows}
        with self._step(self._title("Merge", [*rows, target])) as (layer, field):
            left = [c for c in self._styled(layer, field) if key_of(c) not in gone]
            class_edits.reassign_areas(layer, field, rows, target)
            class_edits.push_style(layer, field, left, "")
        self._select(target.stored)

    def renumber(self) -> None:
        """Give all classes of a number field the values 1, 2, 3 ..., as one step: see `outside`."""
        with self._step(self.tr("Renumber the classes")) as (layer, field):
            before = self._styled(layer, field)
            used = {*map(_whole, self._read.content.occurring), *(_whole(key_of(c)) for c in before)}
            numbers = class_numbers(used - {0}, True)
            class_edits.renumber_areas(layer, field, numbers)
            after = [_renumbered(c, numbers) for c in before]
            named = {_whole(key_of(c)) for c in before}
            for old, new in numbers.items():
                if old not in named:
                    after.append(make_category(layer, new, f"class {old}", palette_color(new - 1)))
            class_edits.push_style(layer, field, after, "")

    def take_list(self, listed: Iterable[ListedClass]) -> int:
        """Take names and colours of a list, and its classes that are missing, as one step; return how many.

        Numbers are matched by value, those without one and texts by name.
        """
        listed = list(listed)
        with self._step(self.tr("Import classes")) as (layer, field):
            found, text = self._styled(layer, field), is_text(layer, field)
            for item in listed:
                _take(layer, found, item, text)
            class_edits.push_style(layer, field, found, "")
        return len(listed)

    def undo(self) -> None:
        """Take the last step back, whether it was made here or on the map."""
        self._travel("undo")

    def redo(self) -> None:
        """Make the step that was taken back again."""
        self._travel("redo")

    def _travel(self, direction: str) -> None:
        layer = self.source
        if isinstance(layer, QgsVectorLayer):
            getattr(layer.undoStack(), direction)()
            layer.triggerRepaint()

    def _editable(self) -> tuple[QgsVectorLayer, str]:
        if self.refusal:
            raise SamplesError(self.refusal, where=self.source.name() if self.source else "")
        return self.source, self.field

    @contextmanager
    def _step(self, text: str) -> Iterator[tuple[QgsVectorLayer, str]]:
        layer, field = self._editable()
        with class_edits.one_step(layer, text):
            yield layer, field

    def _styled(self, layer: QgsVectorLayer, field: str) -> list[Any]:
        """Return the categories of the layer, which is drawn by class from now on."""
        self.draw_by_class()
        return categories_of(layer, field)

    def _replace(self, row: ClassRow, new: ClassRow, verb: str) -> None:
        """Change a class from `row` to `new`, its areas included.

        The style belongs to the project: what only it holds can be changed in a read-only layer as well.
        """
        text, layer, field = self._title(verb, [row]), self.source, self.field
        if new.stored == row.stored and isinstance(layer, QgsVectorLayer) and not class_edits.can_edit(layer):
            class_edits.push_style(layer, field, self._with(layer, field, row, new), text)
            return
        with self._step(text):
            class_edits.reassign_areas(layer, field, [row], new)
            class_edits.push_style(layer, field, self._with(layer, field, row, new), "")
        if self._current == stored_key(row.stored):
            self._select(new.stored)

    def _with(self, layer: QgsVectorLayer, field: str, row: ClassRow, new: ClassRow) -> list[Any]:
        """Return the categories with `new` in the place of `row`."""
        categories, key = self._styled(layer, field), stored_key(row.stored)
        if all(key_of(c) != key for c in categories):  # a class that only areas had
            categories.append(make_category(layer, row.stored, row.name, row.color))
        return [_changed(c, new) if key_of(c) == key else c for c in categories]

    def _title(self, verb: str, rows: Iterable[ClassRow]) -> str:
        return self.tr("{verb} {names}").format(verb=verb, names=", ".join(f"'{r.name}'" for r in rows))

    def _known(self, value: int) -> ClassRow:
        row = self.row(value)
        if row is None:
            raise ClassesError(self.tr("There is no class {}.").format(value))
        return row

    def _require_free(self, stored: Any) -> None:
        taken = next((r for r in self._rows if stored_key(r.stored) == stored_key(stored)), None)
        if taken is not None:
            raise ClassesError(
                self.tr("There is a class {} already.").format(stored),
                where=taken.name,
                remedy=self.tr("Merge the two to make them one."),
            )

    def _free_name(self, number: int) -> str:
        taken = {stored_key(row.name) for row in self._rows}
        names = (self.tr("Class {}").format(n) for n in range(number, number + len(taken) + 1))
        return next(name for name in names if stored_key(name) not in taken)

    def _free_color(self) -> str:
        taken = {row.color.lower() for row in self._rows}
        colors = [palette_color(i) for i in range(len(taken), len(taken) + 20)]
        return next((c for c in colors if c.lower() not in taken), colors[0])


def _changed(category: Any, new: ClassRow) -> Any:
    copy = renamed(category, new.name, new.stored)
    return copy if new.color.lower() == color_of(category) else recolored(copy, new.color)


def _whole(value: Any) -> int:
    """Return a number of a class field or style, 0 for what is none."""
    try:
        return int(str(value))
    except ValueError:
        return 0


def _renumbered(category: Any, numbers: Mapping[int, int]) -> Any:
    old = _whole(key_of(category))
    return renamed(category, category.label() or f"class {old}", numbers[old]) if old in numbers else category


def _take(layer: QgsVectorLayer, categories: list[Any], item: ListedClass, text: bool) -> None:
    """Change the category that a listed class means, or add one to the list."""
    by_name = next((c for c in categories if stored_key(c.label()) == stored_key(item.name)), None)
    stored: Any = item.name if text else item.value
    if stored is None:  # a number field and a list without numbers
        used = map(_whole, map(key_of, categories))
        stored = _whole(key_of(by_name)) if by_name is not None else free_value(used)
    at = next((i for i, c in enumerate(categories) if key_of(c) == stored_key(stored)), -1)
    if at < 0:
        color = item.color or palette_color(len(categories))
        like = next((c for c in categories if key_of(c)), None)
        categories.append(make_category(layer, stored, item.name, color, like))
        return
    label = categories[at].label() if text else item.name
    changed = renamed(categories[at], label)
    categories[at] = recolored(changed, item.color) if item.color else changed
