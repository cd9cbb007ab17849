"""Clicking areas that are there: another class for them, or none of them any more."""

from __future__ import annotations

from qgis.core import Qgis, QgsFeature, QgsGeometry, QgsRectangle
from qgis.gui import QgsMapMouseEvent
from qgis.PyQt.QtCore import QPoint, Qt

from ...core.errors import LandfuseError
from .area_edits import area_at, delete, relabel
from .area_tool import AreaTool
from .intake import AreaIntake
from .shapes import moved

_REACH = 5  # logical pixels around lines and points
_DELETED = "#d62728"


class _PickTool(AreaTool):
    """Marks the area under the pointer and does something to the one that is clicked."""

    def __init__(self, intake: AreaIntake) -> None:
        super().__init__(intake)
        self._under: QgsFeature | None = None
        self._marked = ""
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def change(self, feature: QgsFeature) -> None:
        """Do to an area what the tool is for. Raises `LandfuseError`."""
        raise NotImplementedError

    def move(self, event: QgsMapMouseEvent) -> None:
        """Mark the area under the pointer."""
        self._under = self._area_at(event.pos())
        self.redraw()

    def release(self, event: QgsMapMouseEvent) -> None:
        """Change the area that was clicked."""
        feature = self._area_at(event.pos())
        if feature is None:
            self.context.tell(self.tr("There is no training area here."))
            return
        try:
            self.change(feature)
        except LandfuseError as error:
            self.context.tell(str(error), Qgis.MessageLevel.Warning)
        self._under = self._area_at(event.pos())
        self.redraw()

    def clear(self) -> None:
        """Mark nothing."""
        self._under = None
        super().clear()

    def redraw(self) -> None:
        """Show the area under the pointer."""
        if self.shade is None:
            return
        layer, geometry = self.context.classes.layer, QgsGeometry()
        if layer is not None and self._under is not None:
            geometry = moved(
                self._under.geometry(), layer.crs(), self.intake.map_crs, self.context.session.project
            )
        self.shade.show(geometry, self.color)

    def _area_at(self, position: QPoint) -> QgsFeature | None:
        layer = self.context.classes.layer
        if layer is None:
            return None
        corners = [self.toMapCoordinates(position + QPoint(way, way)) for way in (-_REACH, _REACH)]
        around = QgsGeometry.fromRect(QgsRectangle(*corners))
        box = moved(around, self.intake.map_crs, layer.crs(), self.context.session.project).boundingBox()
        return None if box.isEmpty() else area_at(layer, box.center(), max(box.width(), box.height()) / 2)


class RelabelTool(_PickTool):
    """Gives the clicked area the current class."""

    HINT = "Click an area to give it the current class."

    def change(self, feature: QgsFeature) -> None:
        """Give the area the current class."""
        row = self.context.classes.current
        if row is not None and not relabel(self.context.classes, feature, row):
            self.context.tell(self.tr("The area is '{}' already.").format(row.name))

    def texts(self) -> list[str]:
        """Return what a click does."""
        return [self.tr("click to make it this class")] if self._under is not None else []


class DeleteTool(_PickTool):
    """Deletes the clicked area."""

    HINT = "Click an area to delete it."

    @property
    def color(self) -> str:
        """Red, whatever the class: the marked area is about to go."""
        return _DELETED

    def change(self, feature: QgsFeature) -> None:
        """Delete the area."""
        delete(self.context.classes.layer, feature)

    def show_badge(self) -> None:
        """Say nothing: the current class has no part in this."""
