"""What a user does with hands: presses buttons of the panel, draws on the map, zooms. Runs inside QGIS."""

from __future__ import annotations

import qgis.utils
from qgis.core import QgsPointXY, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QEvent, QPoint, QPointF, Qt
from qgis.PyQt.QtGui import QKeyEvent, QMouseEvent
from qgis.PyQt.QtWidgets import QApplication, QDialog, QLabel, QWidget
from qgis.utils import iface


def dock():
    return qgis.utils.plugins["landfuse"].dock()


def session():
    return dock().context.session


def canvas():
    return iface.mapCanvas()


def drawn() -> bool:
    return not canvas().isDrawing()


def only(key: str) -> None:
    """Unfold one step of the panel and fold the others."""
    for name, section in dock().sections.items():
        section.set_open(name == key)
    show(dock().sections[key])


def show(widget: QWidget) -> None:
    QApplication.processEvents()
    dock().widget().ensureWidgetVisible(widget)


def zoom(share: float) -> None:
    extent = session().source_layers()[-1].extent()
    extent.scale(share)
    canvas().setExtent(extent)
    canvas().refresh()


def key(code: Qt.Key) -> QEvent:
    return QKeyEvent(QEvent.Type.KeyPress, code, Qt.KeyboardModifier.NoModifier)


def click(button: QWidget) -> None:
    show(button)
    button.click()


def place(x: float, y: float) -> QPoint:
    """Return where a position of the map is on the canvas."""
    return canvas().getCoordinateTransform().transform(QgsPointXY(x, y)).toQPointF().toPoint()


def mouse(kind: QEvent.Type, at: QPoint, button: Qt.MouseButton, held: Qt.MouseButton) -> None:
    area = canvas().viewport()
    event = QMouseEvent(
        kind, QPointF(at), QPointF(area.mapToGlobal(at)), button, held, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(area, event)


def move(x: float, y: float, held: Qt.MouseButton = Qt.MouseButton.NoButton) -> None:
    mouse(QEvent.Type.MouseMove, place(x, y), Qt.MouseButton.NoButton, held)


def press_map(x: float, y: float, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
    mouse(QEvent.Type.MouseButtonPress, place(x, y), button, button)
    mouse(QEvent.Type.MouseButtonRelease, place(x, y), button, Qt.MouseButton.NoButton)


def click_map(x: float, y: float) -> None:
    move(x, y)
    press_map(x, y)


def drag_map(start: tuple[float, float], end: tuple[float, float]) -> None:
    left = Qt.MouseButton.LeftButton
    mouse(QEvent.Type.MouseButtonPress, place(*start), left, left)
    for share in (0.25, 0.5, 0.75, 1.0):
        move(*(a + share * (b - a) for a, b in zip(start, end)), held=left)
        QApplication.processEvents()
    mouse(QEvent.Type.MouseButtonRelease, place(*end), left, Qt.MouseButton.NoButton)


def give_edits_up() -> None:
    """Have nothing to save: QGIS asks no question when it is left."""
    for layer in QgsProject.instance().mapLayers().values():
        if isinstance(layer, QgsVectorLayer):
            layer.rollBack()


def texts(window: QDialog) -> str:
    """Return what a window says."""
    return " ".join(label.text() for label in window.findChildren(QLabel))
