"""What all tools on the map have in common: classes by keys, the wheel, the preview and the badge."""

from __future__ import annotations

from qgis.core import QgsGeometry, QgsPointXY
from qgis.gui import QgsMapMouseEvent, QgsMapTool
from qgis.PyQt.QtCore import QCoreApplication, QPoint, Qt
from qgis.PyQt.QtGui import QKeyEvent, QWheelEvent

from .intake import AreaIntake
from .preview import Badge, Shade

NOTCH = 120  # of a wheel's angle delta
_DRAG = 4  # logical pixels: a shorter way of the pressed pointer is a click


class AreaTool(QgsMapTool):
    """A tool that works on the training areas. Subclasses draw; see the methods at the end."""

    HINT = ""  # how it is used, in one sentence

    def __init__(self, intake: AreaIntake) -> None:
        super().__init__(intake.context.canvas)
        self.intake, self.context = intake, intake.context
        self.shade: Shade | None = None
        self.badge: Badge | None = None
        self.pressed: QPoint | None = None  # where the left button went down
        self._pointer = QPoint()
        self.setCursor(Qt.CursorShape.CrossCursor)

    def tr(self, text: str) -> str:
        return QCoreApplication.translate("Landfuse", text)

    # The map calls these.

    def activate(self) -> None:
        """Come on: listen to the classes and take the keyboard."""
        super().activate()
        self.shade, self.badge = Shade(self.canvas()), Badge(self.canvas())
        self.context.classes.current_changed.connect(self._class_changed)
        self.context.classes.changed.connect(self._class_changed)
        self.canvas().keyPressed.connect(self._key_while_pressed)
        self.canvas().setFocus()

    def deactivate(self) -> None:
        """Go off: what is half drawn is given up."""
        if self.shade is not None:
            self.clear()
            self.context.classes.current_changed.disconnect(self._class_changed)
            self.context.classes.changed.disconnect(self._class_changed)
            self.canvas().keyPressed.disconnect(self._key_while_pressed)
            self.shade.remove()
            self.badge.hide()
            self.badge.deleteLater()
            self.shade = self.badge = None
        super().deactivate()

    def canvasPressEvent(self, event: QgsMapMouseEvent) -> None:
        """Note where the left button goes down; any other goes to `right_clicked` when it comes up."""
        self._pointer = event.pos()
        if event.button() == Qt.MouseButton.LeftButton:
            self.pressed = event.pos()
            self.press(event)

    def canvasMoveEvent(self, event: QgsMapMouseEvent) -> None:
        """Follow the pointer."""
        self._pointer = event.pos()
        self.move(event)
        self.show_badge()

    def canvasReleaseEvent(self, event: QgsMapMouseEvent) -> None:
        """End a click or a drag."""
        self._pointer = event.pos()
        if event.button() == Qt.MouseButton.RightButton:
            self.finish()
        elif event.button() == Qt.MouseButton.LeftButton and self.pressed is not None:
            self.release(event)
            self.pressed = None
        self.show_badge()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the plain wheel to the map: it zooms. With a key held it is the tool's."""
        angle = event.angleDelta()
        notches = (angle.y() or angle.x()) / NOTCH  # with Shift some systems turn the wheel sideways
        if not notches or not self.turn(notches, event.modifiers()):
            event.ignore()
            return
        event.accept()
        self.show_badge()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Pick a class, end, take back or cancel; the map gets all other keys."""
        if self._picked_class(event) or self._edited(event) or self.key(event):
            event.accept()
            self.show_badge()
        else:
            event.ignore()

    # For subclasses.

    @property
    def color(self) -> str:
        """The colour of the current class."""
        row = self.context.classes.current
        return row.color if row is not None else "#888888"

    def dragged(self, event: QgsMapMouseEvent) -> bool:
        """Whether the pressed pointer has moved far enough to be a drag."""
        return self.pressed is not None and (event.pos() - self.pressed).manhattanLength() >= _DRAG

    def map_point(self, event: QgsMapMouseEvent) -> QgsPointXY:
        """Return where the pointer is, in the CRS of the map."""
        return self.toMapCoordinates(event.pos())

    def show_badge(self) -> None:
        """Say at the pointer what is being drawn."""
        if self.badge is not None:
            self.badge.say(self.context.classes.current, self.texts(), self._pointer)

    def pixels_text(self, geometry: QgsGeometry) -> str:
        """Return how many map pixels a geometry covers in words, "" while that is not known."""
        count = self.intake.map_pixels(geometry)
        count = int(float(f"{count:.3g}"))  # more digits would not be true
        return self.tr("about {} map pixels").format(f"{count:,}") if count else ""

    def press(self, event: QgsMapMouseEvent) -> None:
        """React to the left button going down."""

    def move(self, event: QgsMapMouseEvent) -> None:
        """React to the pointer moving, with or without a button."""

    def release(self, event: QgsMapMouseEvent) -> None:
        """React to the left button coming up."""

    def finish(self) -> None:
        """End what is being drawn and hand it over (Enter, right click)."""

    def take_back(self) -> None:
        """Take the last part back (Backspace)."""

    def clear(self) -> None:
        """Give up what is being drawn (Esc)."""
        self.pressed = None
        if self.shade is not None:
            self.shade.hide()

    def redraw(self) -> None:
        """Show what is being drawn again: the class is another one."""

    def turn(self, notches: float, keys: Qt.KeyboardModifier) -> bool:
        """React to the wheel; false leaves it to the map. The plain wheel is the map's always."""
        return False

    def key(self, event: QKeyEvent) -> bool:
        """React to a key of the tool's own; false leaves it to the map."""
        return False

    def texts(self) -> list[str]:
        """Return what the badge says beside the class."""
        return []

    def _class_changed(self) -> None:
        self.redraw()
        if self.badge is not None and self.badge.isVisible():
            self.show_badge()

    def _key_while_pressed(self, event: QKeyEvent) -> None:
        """Hear Esc during a drag: the map hands keys to tools only while no button is down."""
        if self.pressed is not None and event.key() == Qt.Key.Key_Escape:
            self.clear()

    def _picked_class(self, event: QKeyEvent) -> bool:
        classes, key = self.context.classes, event.key()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            return False
        if key in (Qt.Key.Key_Period, Qt.Key.Key_Comma):
            classes.select_next(1 if key == Qt.Key.Key_Period else -1)
            return True
        place = key - Qt.Key.Key_1
        if 0 <= place < 9:
            if place < len(classes.rows):
                classes.set_current(classes.rows[place].value)
            return True
        return False

    def _edited(self, event: QKeyEvent) -> bool:
        reactions = {
            Qt.Key.Key_Return: self.finish,
            Qt.Key.Key_Enter: self.finish,
            Qt.Key.Key_Backspace: self.take_back,
            Qt.Key.Key_Escape: self.clear,
        }
        reaction = reactions.get(event.key())
        if reaction is not None:
            reaction()
        return reaction is not None
