"""The classes of the training areas: a view of the layer's categorised style, and what changes both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from qgis.core import QgsGeometry, QgsMapLayer, QgsRasterLayer, QgsVectorLayer
from qgis.PyQt.QtCore import QCoreApplication, QObject, pyqtSignal

from ...core.data.classes import palette_color
from ...core.data.spelling import tidy
from ...core.errors import ClassesError, SamplesError
from ...core.evaluation.sample_statistics import ClassFigures
from ..state.session import Session
from . import class_edits
from .class_row import ClassRow, class_number, free_value
from .class_rows import Content, is_text, read_rows
from .class_style import (
    categories_of,
    color_of,
    key_of,
    make_category,
    recolored,
    renamed,
    stored_key,
    style_on,
    write_categories,
)
from .layer_watch import LayerWatch

__all__ = ["ClassRow", "ClassTable"]


class ClassTable(QObject):
    """The classes of the session's training areas. Main thread only.

    The rows are read from the layer's style and never kept beside it: a change in QGIS shows here at once,
    and a change here is a change of the style, as a step in the layer's own history.
    """

    changed = pyqtSignal()  # rows, layer, or what can be done with it
    current_changed = pyqtSignal()
    counts_changed = pyqtSignal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self._rows: tuple[ClassRow, ...] = ()
        self._content = Content()
        self._counts: dict[int, ClassFigures] = {}
        self._current = ""  # the key of the class: values of a text field change as classes come and go
        self._watch = LayerWatch(self)
        self._watch.style_changed.connect(self.refresh)
        self._watch.abilities_changed.connect(self._abilities)
        session.samples_changed.connect(self._bind)
        self._bind()

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    @property
    def rows(self) -> tuple[ClassRow, ...]:
        """The classes, in the order of the legend."""
        return self._rows

    @property
    def source(self) -> QgsMapLayer | None:
        """The layer that was chosen: areas or a label raster; None where there is none."""
        return self.session.samples_layer()

    @property
    def field(self) -> str:
        """The class field as the layer spells it, "" where there is none."""
        layer = self.source
        if not isinstance(layer, QgsVectorLayer):
            return ""
        position = layer.fields().lookupField(self.session.samples.class_field)
        return layer.fields().at(position).name() if position >= 0 else ""

    @property
    def counts(self) -> Mapping[int, ClassFigures]:
        """What the areas of each class amount to, by class value; nothing until it is known."""
        return self._counts

    @property
    def layer(self) -> QgsVectorLayer | None:
        """The layer that areas can be added to, None where there is none (see `refusal`)."""
        return None if self.refusal else self.source

    @property
    def refusal(self) -> str:
        """Why no class or area can be changed, "" where they can."""
        layer = self.source
        if layer is None:
            return self.tr("Choose or make a layer of training areas first.")
        if isinstance(layer, QgsRasterLayer):
            return self.tr("The classes of a label raster can be seen here, not changed.")
        if not layer.isValid():
            return self.tr("The layer's data source is missing.")
        if not self.field:
            return self.tr("Choose the field that holds the class.")
        if not class_edits.can_edit(layer):
            return self.tr("The layer is read-only.")
        return ""

    @property
    def current(self) -> ClassRow | None:
        """The class of the next area."""
        return next((row for row in self._rows if stored_key(row.stored) == self._current), None)

    def row(self, value: int) -> ClassRow | None:
        """Return the class with this value."""
        return next((row for row in self._rows if row.value == value), None)

    def set_current(self, value: int) -> None:
        """Make the class with this value the current one; another value changes nothing."""
        row = self.row(value)
        if row is not None and stored_key(row.stored) != self._current:
            self._current = stored_key(row.stored)
            self.current_changed.emit()

    def select_next(self, step: int) -> None:
        """Go `step` classes down the list (up where negative), round at its ends."""
        if not self._rows:
            return
        keys = [stored_key(row.stored) for row in self._rows]
        at = keys.index(self._current) if self._current in keys else -min(step, 1)
        self.set_current(self._rows[(at + step) % len(keys)].value)

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

    def undo(self) -> None:
        """Take the last step back, whether it was made here or on the map."""
        self._travel("undo")

    def redo(self) -> None:
        """Make the step that was taken back again."""
        self._travel("redo")

    def refresh(self) -> None:
        """Read the rows anew; announces what is different."""
        layer, field = self.source, self.field
        rows = read_rows(layer, field, self._content) if field else ()
        if rows != self._rows:
            self._rows = rows
            self.changed.emit()
        if self.current is None:
            self._select(rows[0].stored if rows else None)

    def shut_down(self) -> None:
        """Stop listening, when the plugin is unloaded."""
        self.session.samples_changed.disconnect(self._bind)
        self._watch.follow(None)

    def _bind(self) -> None:
        self._rows, self._content = (), Content()
        self._watch.follow(self.source)
        self.refresh()
        self.changed.emit()

    def _abilities(self) -> None:
        self.refresh()
        self.changed.emit()

    def _travel(self, direction: str) -> None:
        layer = self.source
        if isinstance(layer, QgsVectorLayer):
            getattr(layer.undoStack(), direction)()
            layer.triggerRepaint()

    def _select(self, stored: Any) -> None:
        key = "" if stored is None else stored_key(stored)
        if key != self._current:
            self._current = key
            self.current_changed.emit()

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
        if style_on(layer, field) is None:
            rows = self._rows
            write_categories(layer, field, [make_category(layer, r.stored, r.name, r.color) for r in rows])
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
