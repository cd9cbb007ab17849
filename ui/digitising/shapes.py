"""Geometries of training areas: from a drawn outline to one that counts, in the layer's CRS."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence

import numpy as np
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsDistanceArea,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsUnitTypes,
    QgsVectorLayer,
    QgsWkbTypes,
)

_SQUARE_METRES = QgsUnitTypes.AreaUnit.AreaSquareMeters


def polygon_of(points: Sequence[QgsPointXY]) -> QgsGeometry:
    """Return the polygon through points; fewer than three give an empty one."""
    return QgsGeometry.fromPolygonXY([list(points)]) if len(points) > 2 else QgsGeometry()


def polygon_of_ring(ring: np.ndarray) -> QgsGeometry:
    """Return the polygon of a closed ring (n, 2), x and y; quick also where it has thousands of corners."""
    head = struct.pack("<BIII", 1, 3, 1, len(ring))  # WKB: little-endian, polygon, one ring
    made = QgsGeometry()
    made.fromWkb(head + np.ascontiguousarray(ring, "<f8").tobytes())
    return made


def repaired(geometry: QgsGeometry) -> tuple[QgsGeometry, bool]:
    """Return the areas of a polygon, and whether it crossed itself; an empty geometry where none is left."""
    if geometry.isEmpty():
        return QgsGeometry(), False
    if geometry.isGeosValid():
        return (geometry if geometry.area() > 0 else QgsGeometry()), False
    parts = [part for part in geometry.makeValid().asGeometryCollection() if _has_area(part)]
    return (QgsGeometry.unaryUnion(parts) if parts else QgsGeometry()), bool(parts)


def _has_area(part: QgsGeometry) -> bool:
    return part.type() == QgsWkbTypes.GeometryType.PolygonGeometry and part.area() > 0


def moved(
    geometry: QgsGeometry,
    source: QgsCoordinateReferenceSystem,
    target: QgsCoordinateReferenceSystem,
    project: QgsProject,
) -> QgsGeometry:
    """Return a geometry in another CRS, empty where it has no place there."""
    copy = QgsGeometry(geometry)
    change = QgsCoordinateTransform(source, target, project.transformContext())
    try:
        copy.transform(change)
    except QgsCsException:
        return QgsGeometry()
    box = copy.boundingBox()
    known = all(map(math.isfinite, (box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum())))
    return copy if known else QgsGeometry()


def parts_for(layer: QgsVectorLayer, geometry: QgsGeometry) -> list[QgsGeometry]:
    """Return what a geometry is to the layer: itself, or each of its parts where the layer knows no parts."""
    return [geometry] if QgsWkbTypes.isMultiType(layer.wkbType()) else geometry.asGeometryCollection()


def rings_of(geometry: QgsGeometry) -> list[list[np.ndarray]]:
    """Return the closed rings of each polygon of a geometry, (n, 2) x and y each."""
    polygons = geometry.asMultiPolygon() if geometry.isMultipart() else [geometry.asPolygon()]
    return [[np.array([(p.x(), p.y()) for p in ring]) for ring in polygon] for polygon in polygons]


def square_metres(geometry: QgsGeometry, crs: QgsCoordinateReferenceSystem, project: QgsProject) -> float:
    """Return the area of a geometry on the ground, in square map units where there is no CRS."""
    if not crs.isValid():
        return geometry.area()
    measure = QgsDistanceArea()
    measure.setSourceCrs(crs, project.transformContext())
    flat = project.ellipsoid() in ("", "NONE")  # the project measures on the plane, pixels are on the ground
    measure.setEllipsoid(crs.ellipsoidAcronym() if flat else project.ellipsoid())
    return measure.convertAreaMeasurement(measure.measureArea(geometry), _SQUARE_METRES)
