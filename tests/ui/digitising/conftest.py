"""A map with the small scene, a layer of training areas, and a mouse that works on the map."""

from __future__ import annotations

import pytest

pytest.importorskip("qgis.gui", reason="needs QGIS")

from landfuse.plugin import LandfusePlugin
from landfuse.ui.digitising.toolbar import DigitisingBar
from landfuse.ui.samples.class_style import make_category, write_categories
from landfuse.ui.samples.class_table import ClassTable
from landfuse.ui.state.choices import SamplesChoice, SourceChoice
from landfuse.ui.state.context import DockContext
from landfuse.ui.state.session import Session
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsPointXY,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QEvent, QPoint, QPointF, Qt
from qgis.PyQt.QtGui import QMouseEvent, QWheelEvent
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication

X, Y = 400000.0, 5800000.0  # corner of the small scene, 96 m wide
CLASSES = ((1, "grass", "#33a02c"), (2, "trees", "#006400"), (3, "water", "#1f78b4"))
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def plugin(qgis_app, qgis_processing):
    """Landfuse's algorithms, from which the sources' parameters are read."""
    made = LandfusePlugin(None)
    made.initProcessing()
    yield made
    made.unload()


class Mouse:
    """Events on a map; places are coordinates of the small scene, metres east and south of its corner."""

    def __init__(self, canvas):
        self.canvas, self.view = canvas, canvas.viewport()

    def at(self, east, south):
        point = QgsPointXY(X + east, Y - south)
        crs = self.canvas.mapSettings().destinationCrs()
        utm = QgsCoordinateReferenceSystem("EPSG:32633")
        moved = QgsCoordinateTransform(utm, crs, QgsProject.instance()).transform(point)
        pixel = self.canvas.getCoordinateTransform().transform(moved)
        return QPoint(round(pixel.x()), round(pixel.y()))

    def press(self, east, south, button=LEFT):
        QTest.mousePress(self.view, button, NONE, self.at(east, south))

    def release(self, east, south, button=LEFT):
        QTest.mouseRelease(self.view, button, NONE, self.at(east, south))

    def click(self, east, south, button=LEFT):
        self.move(east, south)
        QTest.mouseClick(self.view, button, NONE, self.at(east, south))

    def double_click(self, east, south):
        self.click(east, south)
        QTest.mouseDClick(self.view, LEFT, NONE, self.at(east, south))
        QTest.mouseRelease(self.view, LEFT, NONE, self.at(east, south))

    def move(self, east, south, held=Qt.MouseButton.NoButton):
        self.move_to(self.at(east, south), held)

    def move_to(self, position, held=Qt.MouseButton.NoButton):
        there = self.view.mapToGlobal(position)
        event = QMouseEvent(
            QEvent.Type.MouseMove, QPointF(position), QPointF(there), Qt.MouseButton.NoButton, held, NONE
        )
        QApplication.sendEvent(self.view, event)

    def drag(self, *places):
        self.press(*places[0])
        for place in places[1:]:
            self.move(*place, held=LEFT)
        self.release(*places[-1])

    def wheel(self, notches, keys=NONE, east=40, south=40):
        position = self.at(east, south)
        event = QWheelEvent(
            QPointF(position),
            QPointF(self.view.mapToGlobal(position)),
            QPoint(),
            QPoint(0, 120 * notches),
            Qt.MouseButton.NoButton,
            keys,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(self.view, event)

    def key(self, key, keys=NONE):
        QTest.keyClick(self.canvas, key, keys)


class Map:
    """The map of a test: its context, its areas, its mouse, and the bar of tools."""

    def __init__(self, interface, scene):
        self.interface, self.scene, self.project = interface, scene, QgsProject.instance()
        self.canvas = interface.canvas
        self.rasters = {
            key: self.add(QgsRasterLayer(scene.inputs[key][0]["path"], key)) for key in ("optical", "lidar")
        }
        self.session = Session(self.project)
        self.classes = ClassTable(self.session)
        self.context = DockContext(interface, self.session, self.classes, None, None)
        self.use("optical", "lidar")
        self.layer = self.make_areas()
        self.look_at("EPSG:32633")
        self.mouse = Mouse(self.canvas)
        self.bar = DigitisingBar(self.context, interface.window)
        self.bar.show()

    def add(self, layer):
        assert layer.isValid()
        return self.project.addMapLayer(layer)

    def use(self, *keys):
        self.session.set_sources(SourceChoice(key, (self.rasters[key].id(),)) for key in keys)

    def make_areas(self, crs="EPSG:32633", geometry="Polygon"):
        layer = self.add(
            QgsVectorLayer(f"{geometry}?crs={crs}&field=class:integer&field=name:string", "areas", "memory")
        )
        write_categories(layer, "class", [make_category(layer, *one) for one in CLASSES])
        self.session.set_samples(SamplesChoice(layer.id(), "class"))
        return layer

    def look_at(self, crs, margin=12.0):
        wanted = QgsCoordinateReferenceSystem(crs)
        change = QgsCoordinateTransform(
            QgsCoordinateReferenceSystem("EPSG:32633"), wanted, QgsProject.instance()
        )
        box = QgsRectangle(X - margin, Y - 96 - margin, X + 96 + margin, Y + margin)
        self.canvas.setDestinationCrs(wanted)
        self.canvas.setExtent(change.transformBoundingBox(box))

    def areas(self):
        return list(self.layer.getFeatures())

    def rectangle_of(self, feature):
        """West, north, east and south of an area, in metres from the corner of the scene."""
        geometry = feature.geometry()
        geometry.transform(
            QgsCoordinateTransform(
                self.layer.crs(), QgsCoordinateReferenceSystem("EPSG:32633"), QgsProject.instance()
            )
        )
        box = geometry.boundingBox()
        return box.xMinimum() - X, Y - box.yMaximum(), box.xMaximum() - X, Y - box.yMinimum()

    def close(self):
        self.bar.shut_down()
        self.classes.shut_down()
        self.session.shut_down()


@pytest.fixture
def drawing(plugin, interface, small_scene, qtbot):
    """The map of the small scene with the bar of tools."""
    QTest.qWaitForWindowExposed(interface.window)
    made = Map(interface, small_scene)
    made.canvas.setFocus()
    yield made
    made.close()
