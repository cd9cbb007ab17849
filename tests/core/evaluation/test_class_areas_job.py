"""Areas of the classes of small maps, against values worked out by hand."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from landfuse.core.dispatch import run_job
from landfuse.core.errors import OutputError, VectorReadError
from landfuse.core.evaluation.class_areas import areas_csv, class_areas
from landfuse.core.job_file import parse_job

gdal = pytest.importorskip("osgeo.gdal", reason="needs GDAL")
osr = pytest.importorskip("osgeo.osr", reason="needs GDAL")

X, Y = 500000.0, 5800000.0  # on the central meridian: a pixel is 1 / 0.9996² times as large as it seems
STRETCH = 1 / 0.9996**2
VALUES = np.uint8([[1, 1, 2, 2], [1, 1, 2, 0], [3, 3, 3, 3]])


def write_map(path, values, epsg=32633, pixel=10.0):
    data = gdal.GetDriverByName("GTiff").Create(str(path), values.shape[1], values.shape[0], 1, gdal.GDT_Byte)
    data.SetGeoTransform((X, pixel, 0, Y, 0, -pixel) if epsg != 4326 else (10, pixel, 0, 1, 0, -pixel))
    if epsg:
        reference = osr.SpatialReference()
        reference.ImportFromEPSG(epsg)
        data.SetProjection(reference.ExportToWkt())
    data.GetRasterBand(1).SetNoDataValue(0)
    data.GetRasterBand(1).SetCategoryNames(["", "Water", "Forest", "Field"])
    data.GetRasterBand(1).WriteArray(values)
    return str(path)


@pytest.fixture
def class_map(tmp_path):
    return write_map(tmp_path / "map.tif", VALUES)


def box(row, col, row_stop, col_stop):
    x, x_stop, y, y_stop = X + 10 * col, X + 10 * col_stop, Y - 10 * row, Y - 10 * row_stop
    return f"POLYGON(({x} {y}, {x_stop} {y}, {x_stop} {y_stop}, {x} {y_stop}, {x} {y}))"


def by_class(zone):
    return {item.land_class.name: (item.pixels, item.size) for item in zone.classes}


def test_classes_of_a_whole_map(class_map):
    (zone,) = class_areas(class_map).zones
    found = by_class(zone)
    assert {name: n for name, (n, _) in found.items()} == {"Water": 4, "Forest": 3, "Field": 4}
    assert found["Forest"][1] == pytest.approx(300 * STRETCH, rel=1e-6)
    assert zone.classes[0].share == pytest.approx(4 / 11)
    assert zone.unmapped == pytest.approx(100 * STRETCH, rel=1e-6)


def test_a_degree_cell_has_its_known_area(tmp_path):
    path = write_map(tmp_path / "cell.tif", np.uint8([[2]]), epsg=4326, pixel=1.0)
    (zone,) = class_areas(path).zones
    assert zone.classes[0].size == pytest.approx(12_308.4639e6, rel=1e-8)


def test_zones_are_named_counted_apart_and_may_overlap(class_map, small_scene):
    zones = small_scene.write_areas(
        "zones.gpkg",
        [(box(0, 0, 2, 2), "west"), (box(0, 1, 3, 4), "east"), (box(2, 0, 3, 1), "west")],
        "name",
    )
    table = class_areas(class_map, zones, "name")
    east, west = table.zones
    assert (east.name, west.name) == ("east", "west")
    assert {n: p for n, (p, _) in by_class(west).items()} == {"Water": 4, "Field": 1}
    assert {n: p for n, (p, _) in by_class(east).items()} == {"Water": 2, "Forest": 3, "Field": 3}
    assert east.unmapped > 0 == west.unmapped


def test_polygons_of_one_zone_count_their_common_pixels_once(class_map, small_scene):
    zones = small_scene.write_areas("z.gpkg", [(box(0, 0, 2, 2), 1), (box(0, 0, 2, 2), 1)], "zone")
    (zone,) = class_areas(class_map, zones, "zone").zones
    assert by_class(zone)["Water"][0] == 4


def test_a_zone_in_several_tiles_is_whole(class_map, small_scene, monkeypatch):
    from landfuse.core.evaluation import class_areas as module

    zones = small_scene.write_areas("z.gpkg", [(box(0, 0, 3, 4), 1)], "zone")
    whole = by_class(class_areas(class_map, zones, "zone").zones[0])
    monkeypatch.setattr(module, "_TILE", 2)
    for name, (pixels, size) in by_class(class_areas(class_map, zones, "zone").zones[0]).items():
        assert (pixels, size) == (whole[name][0], pytest.approx(whole[name][1]))


def test_zones_are_in_the_order_of_their_numbers(class_map, small_scene):
    zones = [(box(0, 0, 1, 1), "10"), (box(0, 1, 1, 2), "9"), (box(0, 2, 1, 3), "b")]
    path = small_scene.write_areas("z.gpkg", zones, "zone")
    assert [zone.name for zone in class_areas(class_map, path, "zone").zones] == ["9", "10", "b"]


def test_without_a_crs_there_are_map_units_and_no_hectares(tmp_path):
    path = write_map(tmp_path / "map.tif", VALUES, epsg=0)
    table = class_areas(path)
    assert by_class(table.zones[0])["Water"] == (4, 400.0)
    assert "square_map_units" in areas_csv(table)
    assert "hectares" not in areas_csv(table)


def job(class_map, tmp_path, **parameters):
    outputs = {"table": "areas.csv", "report": "areas.html"}
    values = {"kind": "classareas", "parameters": {"classmap": class_map, **parameters}, "outputs": outputs}
    return parse_job(values, tmp_path)


def test_the_job_writes_table_and_report(class_map, tmp_path):
    result = run_job(job(class_map, tmp_path))
    assert result.numbers["HECTARES"] == pytest.approx(11 * 100 * STRETCH / 1e4, rel=1e-6)
    assert (result.numbers["N_ZONES"], result.numbers["N_CLASSES"]) == (1, 3)
    rows = list(csv.reader(io.StringIO((tmp_path / "areas.csv").read_text(encoding="utf-8-sig"))))
    assert rows[0] == [
        "zone", "value", "class", "pixels", "hectares", "square_metres", "share_of_mapped",
    ]  # fmt: skip
    assert rows[1][:4] == ["whole map", "1", "Water", "4"]
    assert float(rows[1][4]) == pytest.approx(0.04 * STRETCH, rel=1e-4)
    assert "pixel count" in (tmp_path / "areas.html").read_text(encoding="utf-8")


def test_zones_without_a_polygon_are_refused(class_map, tmp_path, small_scene):
    empty = small_scene.write_areas("none.gpkg", [("POLYGON EMPTY", 1)], "zone")
    with pytest.raises(VectorReadError, match="no polygon"):
        run_job(job(class_map, tmp_path, zones=empty))


def test_a_table_that_would_replace_the_zones_is_refused(class_map, tmp_path):
    with pytest.raises(OutputError):
        parse_job(
            {
                "kind": "classareas",
                "parameters": {"classmap": class_map, "zones": str(tmp_path / "areas.csv")},
                "outputs": {"table": "areas.csv"},
            },
            tmp_path,
        )
