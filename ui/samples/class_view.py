"""The classes of the training areas as they are: read from the layer's style, counted in the background."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qgis.core import QgsMapLayer, QgsRasterLayer, QgsVectorLayer, QgsWkbTypes
from qgis.PyQt.QtCore import QCoreApplication, QObject, pyqtSignal

from ...core.errors import LandfuseError
from ...core.evaluation.sample_statistics import NONE
from ...core.job import SamplesInput
from ...processing_provider.translate import raster_path
from ..state.jobs import job_of, scene_parameters
from ..state.session import Session
from . import class_edits
from .area_counter import AreaCounter
from .area_reader import AreaOrder, AreasRead, order_for
from .class_row import ClassCount, ClassRow
from .class_rows import read_rows
from .class_style import is_plain, make_category, stored_key, style_on, write_categories
from .layer_watch import LayerWatch
from .pixel_counts import PixelCounts, SceneOrder


class ClassView(QObject):
    """The classes of the session's training areas, of which one is the current one. Main thread only.

    The rows are read from the layer's style and never kept beside it: a change in QGIS shows here at once.
    """

    changed = pyqtSignal()  # rows, layer, or what can be done with it
    current_changed = pyqtSignal()
    counts_changed = pyqtSignal()  # counts, how they were made, or why there are none

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self._rows: tuple[ClassRow, ...] = ()
        self._current = ""  # the key of the class: values of a text field change as classes come and go
        self._read = AreasRead()
        self._pixels = PixelCounts()
        self._counts: dict[int, ClassCount] = {}
        self._told: Any = None  # what counts_changed has announced
        self._is_new = True  # nothing of the layer has been read yet
        self._watch = LayerWatch(self)
        self._counter = AreaCounter(self)
        self._watch.style_changed.connect(self.refresh)
        self._watch.features_changed.connect(self._recount)
        self._watch.abilities_changed.connect(self._abilities)
        self._counter.areas_read.connect(self._areas_read)
        self._counter.pixels_counted.connect(self._pixels_counted)
        for signal in (session.sources_changed, session.method_changed):
            signal.connect(self._recount)
        session.samples_changed.connect(self._bind)
        self._bind()

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    @property
    def rows(self) -> tuple[ClassRow, ...]:
        """The classes, in the order of the legend."""
        return self._rows

    @property
    def counts(self) -> Mapping[int, ClassCount]:
        """What the areas of each class amount to, by class value."""
        return self._counts

    @property
    def pixels(self) -> PixelCounts:
        """The map pixels that were counted on, and why none could be."""
        return self._pixels

    @property
    def is_counting(self) -> bool:
        """Whether counts are on their way."""
        return self._counter.is_counting

    @property
    def outside(self) -> list[Any]:
        """Numbers of the class field that no map can hold."""
        return self._read.content.outside

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
    def layer(self) -> QgsVectorLayer | None:
        """The layer that areas can be added to, None where there is none (see `refusal`)."""
        return None if self.refusal else self.source

    @property
    def refusal(self) -> str:
        """Why no class or area can be changed, "" where they can."""
        layer, field = self.source, self.session.samples.class_field
        if layer is None:
            return self.tr("Choose or make a layer of training areas first.")
        if not layer.isValid():
            return self.tr("The layer's data source is missing.")
        if isinstance(layer, QgsRasterLayer):
            return self.tr("The classes of a label raster can be seen here, not changed.")
        if not self.field:
            missing = self.tr("The layer has no field '{}'. Choose the field that holds the class.")
            return missing.format(field) if field else self.tr("Choose the field that holds the class.")
        if not class_edits.can_edit(layer):
            return self.tr("The layer is read-only: its areas and their classes cannot be changed.")
        return ""

    @property
    def has_history(self) -> bool:
        """Whether there is a layer with a history of steps."""
        return isinstance(self.source, QgsVectorLayer)

    @property
    def can_undo(self) -> bool:
        """Whether a step can be taken back."""
        return self.has_history and self.source.undoStack().canUndo()

    @property
    def can_redo(self) -> bool:
        """Whether a step that was taken back can be made again."""
        return self.has_history and self.source.undoStack().canRedo()

    @property
    def can_style(self) -> bool:
        """Whether names and colours can be changed, which a read-only layer allows as well."""
        return isinstance(self.source, QgsVectorLayer) and bool(self.field)

    @property
    def is_drawn_by_class(self) -> bool:
        """Whether the style of the layer shows the classes; a label raster's classes come from its file."""
        layer = self.source
        return not isinstance(layer, QgsVectorLayer) or style_on(layer, self.field) is not None

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
        if row is not None:
            self._select(row.stored)

    def select_next(self, step: int) -> None:
        """Go `step` classes down the list (up where negative), round at its ends."""
        if not self._rows:
            return
        keys = [stored_key(row.stored) for row in self._rows]
        at = keys.index(self._current) if self._current in keys else -min(step, 1)
        self._select(self._rows[(at + step) % len(keys)].stored)

    def refresh(self) -> None:
        """Read the rows anew; announces what is different."""
        layer, field = self.source, self.field
        if isinstance(layer, QgsRasterLayer):
            rows = tuple(ClassRow(c.value, c.name, c.color, c.value) for c in self._pixels.classes)
        else:
            rows = read_rows(layer, field, self._read.content) if field else ()
        if rows != self._rows:
            self._rows = rows
            self._tell_counts()
            self.changed.emit()
        if self.current is None:
            self._select(rows[0].stored if rows else None)

    def draw_by_class(self) -> None:
        """Have the layer drawn by its classes, in the colours that the rows show."""
        layer, field = self.source, self.field
        if field and style_on(layer, field) is None:
            made = [make_category(layer, r.stored, r.name, r.color) for r in self._rows]
            write_categories(layer, field, made)

    def shut_down(self) -> None:
        """Stop listening, when the plugin is unloaded."""
        self.session.samples_changed.disconnect(self._bind)
        for signal in (self.session.sources_changed, self.session.method_changed):
            signal.disconnect(self._recount)
        self._counter.shut_down()
        self._watch.follow(None)

    def _bind(self) -> None:
        self._counter.stop()
        self._rows, self._read, self._pixels = (), AreasRead(), PixelCounts()
        self._is_new = True
        self._watch.follow(self.source)
        self._tell_counts()
        self.refresh()
        self.changed.emit()
        self._recount()

    def _abilities(self) -> None:
        self.refresh()
        self.changed.emit()

    def _select(self, stored: Any) -> None:
        key = "" if stored is None else stored_key(stored)
        if key != self._current:
            self._current = key
            self.current_changed.emit()

    def _recount(self) -> None:
        if self.field or isinstance(self.source, QgsRasterLayer):
            self._counter.request(self._order)

    def _order(self) -> tuple[AreaOrder | SamplesInput | None, SceneOrder | None]:
        """Return what is to be counted, as values."""
        layer, field = self.source, self.field
        try:
            if isinstance(layer, QgsRasterLayer):
                return SamplesInput(raster_path(layer), "raster"), self._scene()
        except LandfuseError as error:
            self._pixels_counted(PixelCounts(problem=str(error)))
        if not field:
            return None, None
        return order_for(layer, field, self.session.samples.group_field, self.session.project), self._scene()

    def _scene(self) -> SceneOrder | None:
        """Return the sources, None where there are none yet or one cannot be used: its own step says so."""
        if not self.session.used_sources():
            return None
        method = self.session.method
        settings = {**method.parameters, "method": method.method, "preset": method.preset}
        try:
            return SceneOrder(job_of("checkinputs", scene_parameters(self.session), self.session), settings)
        except LandfuseError:
            return None

    def _areas_read(self, read: AreasRead) -> None:
        self._read = read
        self.refresh()
        layer, field = self.source, self.field
        if self._is_new and self._rows and field and style_on(layer, field) is None and is_plain(layer):
            self.draw_by_class()
        self._is_new = False
        self._tell_counts()

    def _pixels_counted(self, counted: PixelCounts) -> None:
        self._pixels = counted
        self.refresh()
        self._tell_counts()

    def _tell_counts(self) -> None:
        counts = {row.value: self._count(stored_key(row.stored)) for row in self._rows}
        pixels = self._pixels
        told = (counts, self.outside, pixels.problem, pixels.known, pixels.pixel_metres, pixels.gap_metres)
        if told != self._told:
            self._counts, self._told = counts, told
            self.counts_changed.emit()

    def _has_polygons(self) -> bool:
        """Say whether areas have a size of their own; else it is that of their map pixels."""
        layer, polygon = self.source, QgsWkbTypes.GeometryType.PolygonGeometry
        return isinstance(layer, QgsVectorLayer) and layer.geometryType() == polygon

    def _count(self, key: str) -> ClassCount:
        read, figures = self._read, self._pixels.figures.get(key)
        areas = None if isinstance(self.source, QgsRasterLayer) else read.areas.get(key, 0)
        if self._has_polygons():
            metres: float | None = read.square_metres.get(key, 0.0)
        else:
            metres = 10_000 * figures.hectares if figures is not None else None
        if figures is not None:
            return ClassCount(areas, metres, figures.pixels, figures.places, figures.verdict)
        if self._pixels.known:
            return ClassCount(areas, metres, 0, 0, NONE)
        return ClassCount(areas, metres)
