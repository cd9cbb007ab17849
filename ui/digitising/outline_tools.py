"""Drawing areas by their outline: corner by corner, by hand, or as a rectangle."""

from __future__ import annotations

from qgis.core import QgsGeometry, QgsPointXY
from qgis.gui import QgsMapMouseEvent
from qgis.PyQt.QtCore import QPoint

from .area_tool import AreaTool
from .intake import AreaIntake
from .shapes import polygon_of


class PolygonTool(AreaTool):
    """Corner by corner."""

    HINT = "Click corners; a right click or Enter ends. Backspace takes a corner back."

    def __init__(self, intake: AreaIntake) -> None:
        super().__init__(intake)
        self.corners: list[QgsPointXY] = []
        self._at = QgsPointXY()

    def release(self, event: QgsMapMouseEvent) -> None:
        """Add a corner."""
        self.corners.append(self.map_point(event))
        self.redraw()

    def move(self, event: QgsMapMouseEvent) -> None:
        """Draw the outline up to the pointer."""
        self._at = self.map_point(event)
        self.redraw()

    def canvasDoubleClickEvent(self, event: QgsMapMouseEvent) -> None:
        """End the outline at the corner that the first click of the two has added."""
        self.finish()

    def finish(self) -> None:
        """Hand the polygon over; with fewer than three corners drawing goes on."""
        if len(self.corners) < 3:
            return
        drawn = polygon_of(self.corners)
        self.clear()
        self.intake.take(drawn)

    def take_back(self) -> None:
        """Take the last corner back."""
        if self.corners:
            self.corners.pop()
            self.redraw()

    def clear(self) -> None:
        """Forget all corners."""
        self.corners = []
        super().clear()

    def redraw(self) -> None:
        """Show the corners and the pointer as a polygon."""
        if self.shade is not None:
            self.shade.show(self._outline(), self.color)

    def texts(self) -> list[str]:
        """Return the size of the polygon as it would be with a corner here."""
        return [self.pixels_text(self._outline())] if len(self.corners) > 1 else []

    def _outline(self) -> QgsGeometry:
        if len(self.corners) == 1:
            return polygon_of([self.corners[0], self._at, self.corners[0]])
        return polygon_of([*self.corners, self._at]) if self.corners else QgsGeometry()


class FreehandTool(AreaTool):
    """By hand, with the button held."""

    HINT = "Hold the left button and draw around the area. Esc cancels."

    def __init__(self, intake: AreaIntake) -> None:
        super().__init__(intake)
        self.points: list[QgsPointXY] = []

    def press(self, event: QgsMapMouseEvent) -> None:
        """Begin the outline."""
        self.points = [self.map_point(event)]

    def move(self, event: QgsMapMouseEvent) -> None:
        """Go on with the outline."""
        if self.pressed is not None:
            self.points.append(self.map_point(event))
            self.redraw()

    def release(self, event: QgsMapMouseEvent) -> None:
        """Close the outline and hand it over; a mere click does nothing."""
        drawn = polygon_of(self.points).simplify(0.7 * self.canvas().mapUnitsPerPixel())
        far_enough = len(self.points) > 3
        self.clear()
        if far_enough:
            self.intake.take(drawn)

    def clear(self) -> None:
        """Forget the outline."""
        self.points = []
        super().clear()

    def redraw(self) -> None:
        """Show the outline so far."""
        if self.shade is not None:
            self.shade.show(polygon_of(self.points), self.color)

    def texts(self) -> list[str]:
        """Return the size of the area if it ended here."""
        return [self.pixels_text(polygon_of(self.points))] if self.points else []


class RectangleTool(AreaTool):
    """From corner to corner, by dragging or with two clicks."""

    HINT = "Drag from corner to corner, or click two corners. Esc cancels."

    def __init__(self, intake: AreaIntake) -> None:
        super().__init__(intake)
        self._corner: QPoint | None = None
        self._opposite = QPoint()

    def press(self, event: QgsMapMouseEvent) -> None:
        """Set the first corner, unless it is set already."""
        if self._corner is None:
            self._corner = event.pos()
        self._opposite = event.pos()

    def move(self, event: QgsMapMouseEvent) -> None:
        """Stretch the rectangle."""
        self._opposite = event.pos()
        self.redraw()

    def release(self, event: QgsMapMouseEvent) -> None:
        """End at the second corner; after a mere click on the first one wait for the second click."""
        self._opposite = event.pos()
        if self._corner is not None and (event.pos() - self._corner).manhattanLength() > 3:
            self.finish()

    def finish(self) -> None:
        """Hand the rectangle over."""
        drawn = self._rectangle()
        self.clear()
        if not drawn.isEmpty():
            self.intake.take(drawn)

    def clear(self) -> None:
        """Forget the corners."""
        self._corner = None
        super().clear()

    def redraw(self) -> None:
        """Show the rectangle."""
        if self.shade is not None:
            self.shade.show(self._rectangle(), self.color)

    def texts(self) -> list[str]:
        """Return the size of the rectangle."""
        return [self.pixels_text(self._rectangle())]

    def _rectangle(self) -> QgsGeometry:
        """Return the rectangle: upright on the screen, also on a turned map."""
        if self._corner is None or self._corner == self._opposite:
            return QgsGeometry()
        one, other = self._corner, self._opposite
        corners = [one, QPoint(other.x(), one.y()), other, QPoint(one.x(), other.y())]
        return polygon_of([self.toMapCoordinates(corner) for corner in corners])
