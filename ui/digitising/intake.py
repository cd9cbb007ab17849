"""The way of a drawn area into the layer: repaired, moved to the layer's CRS, checked against the sources."""

from __future__ import annotations

from dataclasses import dataclass

from qgis.core import Qgis, QgsCoordinateReferenceSystem, QgsGeometry
from qgis.PyQt.QtCore import QCoreApplication

from ...core.data.digitising_scene import AreaPixels, no_data_here
from ...core.errors import LandfuseError
from ...processing_provider.translate import crs_text
from ..samples.class_edits import start_editing
from ..samples.class_table import ClassRow
from ..state.context import DockContext
from .preview import Shade
from .scene_reader import SceneReader
from .shapes import moved, parts_for, repaired, rings_of, square_metres


@dataclass(eq=False)
class _Waiting:
    """An area that is being checked: its class and layer are those of the moment it was drawn."""

    geometry: QgsGeometry  # in the layer's CRS
    row: ClassRow
    layer_id: str
    shade: Shade


class AreaIntake:
    """Takes areas in the CRS of the map. Refusals are told in the message bar."""

    def __init__(self, context: DockContext, reader: SceneReader) -> None:
        self.context, self.reader = context, reader
        self._waiting: list[_Waiting] = []

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    @property
    def map_crs(self) -> QgsCoordinateReferenceSystem:
        """The CRS in which is drawn."""
        return self.context.canvas.mapSettings().destinationCrs()

    def map_pixels(self, geometry: QgsGeometry) -> int:
        """Return about how many map pixels a geometry covers, 0 while their size is not known."""
        area = self.reader.pixel_area
        if not area or geometry.isEmpty():
            return 0
        project = self.context.session.project
        return max(1, round(square_metres(geometry, self.map_crs, project) / area))

    def take(self, drawn: QgsGeometry, known_usable: bool = False) -> None:
        """Add an area of the current class once it is known that it can be used.

        `known_usable`: the sources have data there, as where a region was grown.
        """
        row, layer = self.context.classes.current, self.context.classes.layer
        if row is None or layer is None:
            self._hint(self.tr("There is no class to draw. Add one first."))
            return
        geometry, crossed = repaired(drawn)
        if geometry.isEmpty():
            self._hint(self.tr("The outline encloses no area; nothing was added."))
            return
        if crossed:
            self.context.tell(self.tr("The outline crossed itself and was repaired."))
        placed = moved(geometry, self.map_crs, layer.crs(), self.context.session.project)
        if placed.isEmpty():
            self._hint(self.tr("The area has no place in the coordinate system of the training areas."))
            return
        shade = Shade(self.context.canvas)
        shade.show(geometry, row.color)
        waiting = _Waiting(placed, row, layer.id(), shade)
        self._waiting.append(waiting)
        if known_usable or not self.reader.has_sources():
            self._add(waiting)
        else:
            self._check(waiting, geometry)

    def shut_down(self) -> None:
        """Give up what is still being checked."""
        for waiting in self._waiting:
            waiting.shade.remove()
        self._waiting.clear()

    def _check(self, waiting: _Waiting, geometry: QgsGeometry) -> None:
        rings, crs = rings_of(geometry), crs_text(self.map_crs)
        self.reader.ask(
            lambda scene, progress: scene.pixels_of(rings, crs),
            lambda pixels: self._judge(waiting, pixels),
            lambda error: self._refuse(waiting, error),
        )

    def _judge(self, waiting: _Waiting, pixels: AreaPixels) -> None:
        if not pixels.usable:
            self._refuse(waiting, no_data_here())
            return
        if 2 * pixels.usable < pixels.covered:
            text = self.tr("Not all sources have data in most of the area: {} of its {} map pixels count.")
            self.context.tell(text.format(pixels.usable, pixels.covered))
        self._add(waiting)

    def _refuse(self, waiting: _Waiting, error: Exception) -> None:
        self._drop(waiting)
        self._hint(self.tr("The area was not added. {}").format(error))

    def _add(self, waiting: _Waiting) -> None:
        if waiting not in self._waiting:  # shut down meanwhile
            return
        self._drop(waiting)
        classes = self.context.classes
        chosen = classes.current
        if classes.layer is None or classes.layer.id() != waiting.layer_id:
            self._hint(self.tr("The layer of the training areas has changed; the area was not added."))
            return
        classes.set_current(waiting.row.value)  # the user may have gone on to another class
        try:
            self._add_parts(parts_for(classes.layer, waiting.geometry))
        except LandfuseError as error:
            self._hint(str(error))
        if chosen is not None:
            classes.set_current(chosen.value)

    def _add_parts(self, parts: list[QgsGeometry]) -> None:
        """Add geometries, several of them as one step of the history all the same."""
        classes = self.context.classes
        if len(parts) == 1 or not start_editing(classes.layer):
            classes.add_area(parts[0])
            return
        history = classes.layer.undoStack()
        history.beginMacro(self.tr("Add areas of '{}'").format(classes.current.name))
        try:
            for part in parts:
                classes.add_area(part)
        finally:
            history.endMacro()

    def _drop(self, waiting: _Waiting) -> None:
        if waiting in self._waiting:
            self._waiting.remove(waiting)
            waiting.shade.remove()

    def _hint(self, text: str) -> None:
        self.context.tell(text, Qgis.MessageLevel.Warning)
