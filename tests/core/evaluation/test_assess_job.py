from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest
from landfuse.core.data.classes import LandClass
from landfuse.core.errors import Cancelled, ClassesError, OutputError, SamplesError
from landfuse.core.evaluation.assess_job import assess, count_classes, run, values_at
from landfuse.core.job import SamplesInput
from landfuse.core.job_file import parse_job
from landfuse.core.progress import Progress

gdal = pytest.importorskip("osgeo.gdal")
osr = pytest.importorskip("osgeo.osr")

X0, Y0, PIXEL = 500000.0, 5800000.0, 10.0
NAMES = ["", "Water", "Forest", "Field"]
COLORS = [(0, 0, 0), (0, 0, 255), (0, 128, 0), (255, 200, 0)]


def write_raster(path, values, names=None, nodata=0, kind=gdal.GDT_Byte, pixel=PIXEL, epsg=32633):
    data = gdal.GetDriverByName("GTiff").Create(str(path), values.shape[1], values.shape[0], 1, kind)
    data.SetGeoTransform((X0, pixel, 0, Y0, 0, -pixel))
    if epsg:
        reference = osr.SpatialReference()
        reference.ImportFromEPSG(epsg)
        data.SetProjection(reference.ExportToWkt())
    band = data.GetRasterBand(1)
    if nodata is not None:
        band.SetNoDataValue(nodata)
    if names:
        band.SetCategoryNames(names)
        table = gdal.ColorTable()
        for value, color in enumerate(COLORS[: len(names)]):
            table.SetColorEntry(value, (*color, 255))
        band.SetColorTable(table)
    band.WriteArray(values)
    return str(path)


def write_points(path, points, epsg=32633):
    """Write (row, col, class) as GeoJSON points at pixel centres, in `epsg`."""
    source, target = osr.SpatialReference(), osr.SpatialReference()
    source.ImportFromEPSG(32633)
    target.ImportFromEPSG(epsg)
    for reference in (source, target):
        reference.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    change = osr.CoordinateTransformation(source, target)
    features = []
    for row, col, name in points:
        x, y, _ = change.TransformPoint(X0 + (col + 0.5) * PIXEL, Y0 - (row + 0.5) * PIXEL)
        geometry = {"type": "Point", "coordinates": [x, y]}
        features.append({"type": "Feature", "properties": {"class": name}, "geometry": geometry})
    crs = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{epsg}"}}
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": features}))
    return SamplesInput(str(path), class_field="class")


@pytest.fixture
def values():
    """Left third water, middle forest, right field; the first row is unmapped."""
    values = np.repeat([[1] * 4 + [2] * 4 + [3] * 4], 10, axis=0).astype(np.uint8)
    values[0] = 0
    return values


@pytest.fixture
def class_map(tmp_path, values):
    return write_raster(tmp_path / "map.tif", values, NAMES)


def _job(class_map, samples, tmp_path, **outputs):
    return parse_job(
        {
            "landfuse_job": 1,
            "kind": "assess",
            "samples": {"path": samples.path, "type": samples.type, "class_field": samples.class_field},
            "parameters": {"classmap": class_map},
            "outputs": outputs,
        },
        tmp_path,
    )


def test_points_in_another_coordinate_system_give_the_matrix_by_hand(class_map, tmp_path):
    points = [(1, 0, 1), (2, 1, 1), (3, 5, 1), (4, 5, 2), (5, 6, 2), (6, 9, 3), (7, 1, 3), (8, 11, 3)]
    result = assess(class_map, write_points(tmp_path / "p.geojson", points, epsg=4326))
    assert result.matrix.counts.tolist() == [[2, 1, 0], [0, 2, 0], [1, 0, 2]]
    assert [c.name for c in result.matrix.classes] == NAMES[1:]
    assert [c.color for c in result.matrix.classes] == ["#0000ff", "#008000", "#ffc800"]


def test_names_match_whatever_the_order_of_their_values(class_map, tmp_path):
    # In code-point order field = 1, forest = 2, water = 3; in the map water is 1.
    points = [(1, 0, "water"), (2, 5, "forest"), (3, 9, "field"), (4, 9, "water")]
    result = assess(class_map, write_points(tmp_path / "p.geojson", points))
    assert result.matrix.counts.tolist() == [[1, 0, 1], [0, 1, 0], [0, 0, 1]]


def test_reference_on_unmapped_pixels_is_counted_apart(class_map, tmp_path):
    points = [(0, 0, 1), (0, 5, 2), (0, 6, 2), (1, 0, 1), (2, 5, 2)]
    result = assess(class_map, write_points(tmp_path / "p.geojson", points))
    assert result.unmapped.tolist() == [1, 2, 0]
    assert result.matrix.total == 2
    report = tmp_path / "r.html"
    job = _job(
        class_map,
        SamplesInput(str(tmp_path / "p.geojson"), class_field="class"),
        tmp_path,
        report=str(report),
    )
    run(job)
    assert "3 reference pixels (60.0 %) lie where the map has no class" in report.read_text(encoding="utf-8")


def test_a_reference_class_that_the_map_lacks_counts_as_error_and_is_told(class_map, tmp_path):
    points = [(1, 0, "Water"), (2, 0, "Moor"), (3, 5, "Forest")]
    samples = write_points(tmp_path / "p.geojson", points)
    result = assess(class_map, samples)
    assert [c.name for c in result.matrix.classes] == ["Water", "Forest", "Field", "Moor"]
    assert result.matrix.counts[3].tolist() == [1, 0, 0, 0]
    logged = []
    run(_job(class_map, samples, tmp_path), Progress(logged.append))
    warnings = [e["text"] for e in logged if e.get("level") == "warning"]
    assert any("never shows: Moor (1 pixel)" in text for text in warnings)


def test_a_label_raster_on_another_grid_is_read_on_the_grid_of_the_map(class_map, values, tmp_path):
    fine = np.kron(values, np.ones((2, 2), dtype=np.uint8))
    fine[4:6, 0:2] = 3  # one map pixel of water is field in the reference
    labels = write_raster(tmp_path / "labels.tif", fine, pixel=PIXEL / 2)
    result = assess(class_map, SamplesInput(labels, type="raster"))
    assert result.matrix.counts.tolist() == [[35, 0, 0], [0, 36, 0], [1, 0, 36]]


def test_the_job_gives_numbers_report_and_table(class_map, tmp_path):
    samples = write_points(tmp_path / "p.geojson", [(1, 0, 1), (3, 5, 1), (4, 5, 2), (5, 6, 2)])
    outputs = {"report": str(tmp_path / "r.html"), "table": str(tmp_path / "t.csv")}
    result = run(_job(class_map, samples, tmp_path, **outputs))
    assert result.outputs == outputs
    assert result.numbers["OA"] == pytest.approx(0.75)
    assert result.numbers["AA"] == pytest.approx(0.75)
    assert result.numbers["KAPPA"] == pytest.approx(0.5)
    assert result.numbers["F1"] == pytest.approx((2 / 3 + 0.8) / 2)
    rows = list(csv.reader(io.StringIO((tmp_path / "t.csv").read_text(encoding="utf-8-sig"))))
    assert rows[1][:3] == ["Water", "1", "1"]
    assert "4 reference pixels in 4 places of p.geojson" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_a_map_without_names_gets_its_classes_from_its_values(values, tmp_path):
    plain = write_raster(tmp_path / "plain.tif", values, nodata=None)
    result = assess(plain, write_points(tmp_path / "p.geojson", [(1, 0, 1), (2, 5, 2)]))
    assert [c.name for c in result.matrix.classes] == ["class 1", "class 2", "class 3"]


def test_listed_classes_name_those_of_the_map(values, tmp_path):
    plain = write_raster(tmp_path / "plain.tif", values)
    listed = (LandClass(1, "Lake", "#123456"),)
    result = assess(plain, write_points(tmp_path / "p.geojson", [(1, 0, "Lake")]), listed)
    assert result.matrix.classes[0] == listed[0]
    assert result.matrix.counts[0, 0] == 1


def test_names_that_contradict_the_values_are_warned_of(class_map, values, tmp_path):
    labels = write_raster(tmp_path / "labels.tif", values, ["", "Forest", "Water", "Field"])
    result = assess(class_map, SamplesInput(labels, type="raster"))
    assert len(result.warnings) == 2
    assert "Value 1 is 'Water' in the map and 'Forest' in the reference" in result.warnings[0]


def test_no_class_in_common_is_an_error_naming_both(class_map, tmp_path):
    with pytest.raises(SamplesError, match="no class in common") as error:
        assess(class_map, write_points(tmp_path / "p.geojson", [(1, 0, "Moor"), (2, 2, "Ice")]))
    assert "Water" in str(error.value)
    assert "Moor" in str(error.value)


def test_reference_on_unmapped_pixels_only_is_an_error(class_map, tmp_path):
    with pytest.raises(SamplesError, match="where the map has no class"):
        assess(class_map, write_points(tmp_path / "p.geojson", [(0, 0, 1), (0, 5, 2)]))


@pytest.mark.parametrize("wrong", [0.5, -3.0, 70000.0])
def test_a_raster_of_measurements_is_no_class_map(tmp_path, wrong):
    path = write_raster(tmp_path / "m.tif", np.array([[1.0, wrong]]), kind=gdal.GDT_Float32)
    with pytest.raises(ClassesError, match="no class value"):
        count_classes(path)


def test_an_empty_class_map_is_an_error(tmp_path):
    path = write_raster(tmp_path / "m.tif", np.zeros((4, 4), dtype=np.uint8), NAMES)
    with pytest.raises(ClassesError, match="no pixel with a class"):
        assess(path, write_points(tmp_path / "p.geojson", [(0, 0, 1)]))


def test_class_values_may_be_as_large_as_the_rules_allow(tmp_path):
    path = write_raster(tmp_path / "m.tif", np.array([[1, 65535]], dtype=np.uint16), kind=gdal.GDT_UInt16)
    assert count_classes(path) == {1: 1, 65535: 1}
    assert values_at(path, np.array([0, 0]), np.array([1, 0])).tolist() == [65535, 1]


def test_nan_and_nodata_of_a_float_map_are_unmapped(tmp_path):
    path = write_raster(tmp_path / "m.tif", np.array([[1.0, np.nan, 9.0]]), nodata=9, kind=gdal.GDT_Float32)
    assert count_classes(path) == {1: 1}
    assert values_at(path, np.zeros(3, int), np.arange(3)).tolist() == [1, 0, 0]


def test_values_are_found_in_whichever_tile_they_lie(tmp_path):
    values = (np.arange(1100 * 1050).reshape(1100, 1050) % 250 + 1).astype(np.uint8)
    path = write_raster(tmp_path / "m.tif", values, nodata=None)
    random = np.random.default_rng(0)
    rows, cols = random.integers(0, 1100, 300), random.integers(0, 1050, 300)
    assert (values_at(path, rows, cols) == values[rows, cols]).all()
    assert sum(count_classes(path).values()) == values.size


def test_a_missing_output_folder_is_told_before_any_work(class_map, tmp_path):
    samples = write_points(tmp_path / "p.geojson", [(1, 0, 1)])
    with pytest.raises(OutputError, match="does not exist"):
        run(_job(class_map, samples, tmp_path, report=str(tmp_path / "none" / "r.html")))


def test_a_cancelled_assessment_leaves_nothing_behind(class_map, tmp_path):
    samples = write_points(tmp_path / "p.geojson", [(1, 0, 1)])
    job = _job(class_map, samples, tmp_path, report=str(tmp_path / "r.html"))
    with pytest.raises(Cancelled):
        run(job, Progress(is_cancelled=lambda: True))
    assert not (tmp_path / "r.html").exists()
