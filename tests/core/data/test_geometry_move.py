from __future__ import annotations

import pytest
from landfuse.core.data.geometry_move import Move

ogr = pytest.importorskip("osgeo.ogr")
osr = pytest.importorskip("osgeo.osr")


def change(source, target="EPSG:4326"):
    systems = []
    for code in (source, target):
        system = osr.SpatialReference()
        system.SetFromUserInput(code)
        system.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
        systems.append(system)
    return osr.CoordinateTransformation(*systems)


def envelope(wkt, move):
    part = ogr.CreateGeometryFromWkt(wkt)
    assert move.apply(part)
    return part.GetEnvelope()


def test_a_polygon_is_not_torn_apart_at_180_degrees():
    x, y = 705945, 5765000  # 180 E in UTM 60
    wkt = f"POLYGON(({x - 50} {y}, {x + 50} {y}, {x + 50} {y + 50}, {x - 50} {y}))"
    for middle, low in ((180.0, 180.0), (-180.0, -180.0), (179.0, 180.0)):
        box = envelope(wkt, Move(change("EPSG:32660"), 360.0, middle))
        assert box[1] - box[0] < 0.01
        assert box[0] == pytest.approx(low, abs=0.01)


def test_a_polygon_around_the_earth_stays_as_wide():
    wkt = "POLYGON((-2e7 -1e6, 2e7 -1e6, 2e7 1e6, -2e7 1e6, -2e7 -1e6))"
    box = envelope(wkt, Move(change("EPSG:3857"), 360.0, 13.0))
    assert box[1] - box[0] > 359


def test_longitudes_of_the_other_side_come_to_the_grid():
    box = envelope("POLYGON((-180 0, -179.9 0, -179.9 1, -180 0))", Move(None, 360.0, 180.0))
    assert box[:2] == pytest.approx((180.0, 180.1))
    assert envelope("POINT(-180 5)", Move(None, 360.0, 170.0))[0] == 180
    assert envelope("LINESTRING(10 5, 20 5)", Move(None, 360.0, 13.0))[:2] == (10, 20)
