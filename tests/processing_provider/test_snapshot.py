"""Samples as the analyst sees them, in a file."""

from __future__ import annotations

import pytest
from landfuse.core.data.classes import LandClass
from landfuse.core.data.map_style import samples_qml
from landfuse.core.errors import SamplesError
from landfuse.core.job import SamplesInput
from landfuse.processing_provider.snapshot import class_list
from landfuse.processing_provider.translate import Request, make_job
from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsFeature,
    QgsGeometry,
    QgsPointXY,
    QgsProcessingFeatureSourceDefinition,
    QgsProject,
    QgsRendererCategory,
    QgsSymbol,
    QgsVectorFileWriter,
    QgsVectorLayer,
    QgsWkbTypes,
)
from qgis.PyQt.QtGui import QColor


@pytest.fixture
def snap(algorithm, context, make_raster):
    """Send samples through the algorithm and return the job and the rows of the file."""

    def take(samples, class_field="cover", group_field="", **further):
        values = {
            "HSI": make_raster(),
            "SAMPLES": samples,
            "CLASS_FIELD": class_field,
            "GROUP_FIELD": group_field,
            **further,
        }
        request = Request(algorithm("checkinputs"), values, context)
        job = make_job("checkinputs", request)
        take.notes = request.notes
        layer = QgsVectorLayer(f"{job.samples.path}|layername={job.samples.layer}", "snapshot", "ogr")
        assert layer.isValid()
        return job, layer

    return take


def rows(layer):
    return [[f["class"], f["name"], f["group"]] for f in layer.getFeatures()]


def categorised(layer, field, entries):
    categories = []
    for value, label, color in entries:
        symbol = QgsSymbol.defaultSymbol(layer.geometryType())
        symbol.setColor(QColor(color))
        categories.append(QgsRendererCategory(value, symbol, label))
    layer.setRenderer(QgsCategorizedSymbolRenderer(field, categories))


def test_the_file_has_class_name_group_and_the_crs(snap, samples_layer):
    job, layer = snap(samples_layer, group_field="parcel")
    assert [r[0] for r in rows(layer)] == [1, 2, 2, 5]
    assert [r[2] for r in rows(layer)] == ["a", "a", "b", "c"]
    assert layer.crs().authid() == "EPSG:32633"
    assert (job.samples.class_field, job.samples.group_field) == ("class", "group")
    assert job.classes == ()


def test_the_file_is_named_after_the_layer(snap, samples_layer):
    samples_layer.setName("Areas / 2024: Böden")
    job, _ = snap(samples_layer)
    assert job.samples.path.endswith("Areas_2024_Böden.gpkg")


def test_unsaved_edits_are_in_the_file(snap, samples_layer):
    first = next(samples_layer.getFeatures())
    samples_layer.startEditing()
    feature = QgsFeature(samples_layer.fields())
    feature.setAttributes([9, "new", "d"])
    feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(400003.0, 5000003.0)))
    samples_layer.addFeature(feature)
    samples_layer.changeAttributeValue(first.id(), 0, 7)
    _, layer = snap(samples_layer)
    assert sorted(r[0] for r in rows(layer)) == [2, 2, 5, 7, 9]
    samples_layer.rollBack()


def test_only_the_selection_is_in_the_file_when_asked(snap, samples_layer):
    QgsProject.instance().addMapLayer(samples_layer, False)
    samples_layer.selectByExpression('"cover" = 2')
    _, layer = snap(QgsProcessingFeatureSourceDefinition(samples_layer.id(), True))
    assert [r[0] for r in rows(layer)] == [2, 2]
    _, layer = snap(samples_layer)
    assert layer.featureCount() == 4
    QgsProject.instance().removeMapLayer(samples_layer.id())


def test_a_filter_of_the_layer_is_respected(snap, samples_layer):
    samples_layer.setSubsetString('"cover" > 1')
    _, layer = snap(samples_layer)
    assert layer.featureCount() == 3


def test_names_and_colours_come_from_the_categorised_style(snap, samples_layer):
    categorised(
        samples_layer, "cover", [(1, "Water", "#0000ff"), ("2", "Grass", "#00ff00"), (8, "Moor", "#111111")]
    )
    job, layer = snap(samples_layer)
    assert [(c["value"], c["name"], c["color"]) for c in job.classes][:2] == [
        (1, "Water", "#0000ff"),
        (2, "Grass", "#00ff00"),
    ]
    assert [(c["value"], c["name"]) for c in job.classes][2:] == [(5, "class 5")]
    assert [r[1] for r in rows(layer)][:2] == ["Water", "Grass"]


def test_a_style_on_another_field_is_no_class_list(snap, samples_layer):
    categorised(samples_layer, "parcel", [("a", "A", "#0000ff")])
    job, _ = snap(samples_layer)
    assert job.classes == ()


def test_a_text_field_stays_text_and_is_numbered_by_code_point(snap, samples_layer):
    categorised(
        samples_layer,
        "kind",
        [("water", "W", "#0000ff"), ("grass", "G", "#00ff00"), ("roof", "R", "#ff0000")],
    )
    job, layer = snap(samples_layer, class_field="kind")
    assert [r[0] for r in rows(layer)] == ["water", "grass", "grass", "roof"]
    assert [(c["value"], c["name"], c["color"]) for c in job.classes] == [
        (1, "grass", "#00ff00"),
        (2, "roof", "#ff0000"),
        (3, "water", "#0000ff"),
    ]


def test_curved_areas_are_written_with_straight_edges(snap):
    layer = QgsVectorLayer("CurvePolygon?crs=EPSG:32633&field=cover:integer", "curved", "memory")
    feature = QgsFeature(layer.fields())
    feature.setAttributes([3])
    feature.setGeometry(QgsGeometry.fromWkt("CurvePolygon(CircularString(0 0, 2 2, 4 0, 2 -2, 0 0))"))
    assert layer.dataProvider().addFeatures([feature])[0]
    _, written = snap(layer)
    assert written.wkbType() == QgsWkbTypes.Type.MultiPolygon
    assert abs(next(written.getFeatures()).geometry().area() - 12.56) < 0.1


@pytest.mark.parametrize("text", ["PolygonZ((0 0 9, 4 0 9, 4 2 9, 0 0 9))", "Polygon((0 0, 4 0, 4 2, 0 0))"])
def test_areas_are_written_flat_with_all_their_parts(snap, text):
    layer = QgsVectorLayer(f"{text.split('(')[0]}?crs=EPSG:32633&field=cover:integer", "areas", "memory")
    feature = QgsFeature(layer.fields())
    feature.setAttributes([3])
    feature.setGeometry(QgsGeometry.fromWkt(text))
    assert layer.dataProvider().addFeatures([feature])[0]
    _, written = snap(layer)
    geometry = next(written.getFeatures()).geometry()
    assert (written.wkbType(), geometry.wkbType()) == (QgsWkbTypes.Type.MultiPolygon,) * 2
    assert geometry.area() == 4.0


def test_the_spelling_of_a_field_may_differ_in_case(snap, samples_layer):
    _, written = snap(samples_layer, class_field="COVER")
    assert [r[0] for r in rows(written)] == [1, 2, 2, 5]


def test_test_samples_share_the_class_field_but_not_the_groups(
    algorithm, context, make_raster, samples_layer
):
    tests = QgsVectorLayer("Point?crs=EPSG:32633&field=cover:integer", "tests", "memory")
    feature = QgsFeature(tests.fields())
    feature.setAttributes([2])
    feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(400001.0, 5000001.0)))
    tests.dataProvider().addFeatures([feature])
    values = {"HSI": make_raster(), "SAMPLES": samples_layer, "CLASS_FIELD": "cover", "GROUP_FIELD": "parcel"}
    values.update(TEST_SAMPLES=tests, MODEL="TEMPORARY_OUTPUT", METHOD="mibf_net")
    train = algorithm("train")
    job = make_job("train", Request(train, values, context))
    assert (job.samples.group_field, job.test_samples.group_field) == ("group", "")
    assert job.test_samples.path.endswith("tests.gpkg")


def test_a_real_field_of_whole_numbers_becomes_integer(snap):
    layer = QgsVectorLayer("Point?crs=EPSG:32633&field=cover:double", "real", "memory")
    feature = QgsFeature(layer.fields())
    feature.setAttributes([4.0])
    feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(1.0, 2.0)))
    layer.dataProvider().addFeatures([feature])
    _, written = snap(layer)
    assert rows(written)[0][0] == 4
    assert written.fields().field("class").typeName().lower().startswith("integer")


def test_names_beside_the_classes_are_kept_without_a_style(snap):
    layer = QgsVectorLayer("Point?crs=EPSG:32633&field=class:integer&field=name:string", "ours", "memory")
    feature = QgsFeature(layer.fields())
    feature.setAttributes([4, "Meadow"])
    feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(1.0, 2.0)))
    layer.dataProvider().addFeatures([feature])
    _, written = snap(layer, class_field="class")
    assert rows(written)[0][:2] == [4, "Meadow"]


def test_a_missing_field_is_named_with_those_that_exist(snap, samples_layer):
    with pytest.raises(SamplesError, match=r"no field 'klass'.*cover, kind, parcel"):
        snap(samples_layer, class_field="klass")


def test_unlabelled_and_empty_values_are_no_classes():
    styles = {"3": ("Rock", "#123456"), "0": ("none", "#000000")}
    classes = class_list({0: 1, 3: 2, None: 1}, styles, SamplesInput(""))
    assert classes == ({"value": 3, "name": "Rock", "color": "#123456"},)


def test_a_path_brings_the_style_saved_beside_the_file(snap, samples_layer, tmp_path):
    path = tmp_path / "areas.geojson"
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName = "GeoJSON"
    context = QgsProject.instance().transformContext()
    QgsVectorFileWriter.writeAsVectorFormatV3(samples_layer, str(path), context, options)
    classes = [
        LandClass(1, "water", "#0000ff"),
        LandClass(2, "grass", "#00ff00"),
        LandClass(5, "roof", "#ff0000"),
    ]
    path.with_suffix(".qml").write_text(samples_qml(classes, "cover", "marker"), encoding="utf-8")
    job, _ = snap(str(path))
    assert [dict(c) for c in job.classes] == [c.to_json() for c in classes]
