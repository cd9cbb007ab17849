"""Painting areas with a round brush."""

from __future__ import annotations

from qgis.core import QgsGeometry, QgsPointXY, QgsUnitTypes
from qgis.gui import QgsMapMouseEvent
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QKeyEvent

from .area_tool import AreaTool
from .intake import AreaIntake
from .preview import Shade

_FIRST = 20  # logical pixels across when the brush is taken up for the first time
_STEP = 1.2  # times larger or smaller with a notch of the wheel or a key
_SMALLEST, _LARGEST = 2.0, 600.0  # logical pixels across on the screen
_CORNERS = 8  # of a quarter circle


class BrushTool(AreaTool):
    """A stroke with a round brush is an area."""

    HINT = "Paint with the left button held. Shift+wheel, or [ and ], changes the brush."

    def __init__(self, intake: AreaIntake) -> None:
        super().__init__(intake)
        self.width = 0.0  # across, in map units
        self._painted = QgsGeometry()
        self._at = QgsPointXY()
        self._ring: Shade | None = None

    def activate(self) -> None:
        """Take up the brush; the first time it gets a size that suits the screen."""
        super().activate()
        self._ring = Shade(self.canvas(), dashed=True)
        if not self.width:
            self.width = _FIRST * self.canvas().mapUnitsPerPixel()

    def deactivate(self) -> None:
        """Put the brush away."""
        if self._ring is not None:
            self._ring.remove()
            self._ring = None
        super().deactivate()

    def press(self, event: QgsMapMouseEvent) -> None:
        """Set the brush down."""
        self._at = self.map_point(event)
        self._painted = self._dab(self._at, self._at)
        self.redraw()

    def move(self, event: QgsMapMouseEvent) -> None:
        """Paint on, or show where the brush is."""
        before, self._at = self._at, self.map_point(event)
        if self.pressed is not None:
            self._painted = self._painted.combine(self._dab(before, self._at))
        self.redraw()

    def release(self, event: QgsMapMouseEvent) -> None:
        """Hand the stroke over."""
        drawn = self._painted.simplify(0.02 * self.width)
        self.clear()
        self.intake.take(drawn)

    def clear(self) -> None:
        """Forget the stroke."""
        self._painted = QgsGeometry()
        super().clear()

    def redraw(self) -> None:
        """Show the stroke, and the brush where the pointer is."""
        if self.shade is not None and self._ring is not None:
            self.shade.show(self._painted, self.color)
            self._ring.show(self._dab(self._at, self._at), self.color)

    def turn(self, notches: float, keys: Qt.KeyboardModifier) -> bool:
        """Change the brush with Shift and the wheel."""
        if not keys & Qt.KeyboardModifier.ShiftModifier:
            return False
        self._resize(notches)
        return True

    def key(self, event: QKeyEvent) -> bool:
        """Change the brush with [ and ]."""
        steps = {Qt.Key.Key_BracketLeft: -1.0, Qt.Key.Key_BracketRight: 1.0}
        if event.key() not in steps:
            return False
        self._resize(steps[event.key()])
        return True

    def texts(self) -> list[str]:
        """Return the size of the brush in map units, and that of the stroke."""
        unit = QgsUnitTypes.toAbbreviatedString(self.canvas().mapUnits())
        return [self.tr("brush {} {}").format(f"{self.width:.3g}", unit), self.pixels_text(self._painted)]

    def _resize(self, steps: float) -> None:
        unit = self.canvas().mapUnitsPerPixel()
        self.width = min(max(self.width * _STEP**steps, _SMALLEST * unit), _LARGEST * unit)
        self.redraw()

    def _dab(self, start: QgsPointXY, stop: QgsPointXY) -> QgsGeometry:
        """Return what the brush covers on its way between two points."""
        if start == stop:
            return QgsGeometry.fromPointXY(start).buffer(self.width / 2, _CORNERS)
        return QgsGeometry.fromPolylineXY([start, stop]).buffer(self.width / 2, _CORNERS)
