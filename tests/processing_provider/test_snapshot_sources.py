"""Whatever the features come from: the snapshot holds what the analyst sees and leaves the layer alone."""

from __future__ import annotations

import pytest
from landfuse.core.errors import SamplesError
from landfuse.processing_provider.translate import Request, make_job
from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsField,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsRendererCategory,
    QgsSymbol,
    QgsVectorFileWriter,
    QgsVectorLayer,
    QgsVectorLayerJoinInfo,
)
from qgis.PyQt.QtCore import QVariant
from qgis.PyQt.QtGui import QColor


@pytest.fixture
def snap(algorithm, context, make_raster):
    """Send samples through the algorithm; return the job, the rows of the file and the request's notes."""

    def take(samples, class_field="cover", **further):
        values = {"HSI": make_raster(), "SAMPLES": samples, "CLASS_FIELD": class_field, **further}
        request = Request(algorithm("checkinputs"), values, context)
        job = make_job("checkinputs", request)
        written = QgsVectorLayer(f"{job.samples.path}|layername={job.samples.layer}", "snapshot", "ogr")
        names = [name for name in ("class", "name", "group", "radius") if written.fields().indexOf(name) >= 0]
        rows = [{name: f[name] for name in names} for f in written.getFeatures()]
        return job, rows, request.notes

    return take


@pytest.fixture
def in_project(samples_layer):
    QgsProject.instance().addMapLayer(samples_layer, False)
    yield samples_layer
    QgsProject.instance().removeAllMapLayers()


def classes_of(rows):
    return sorted(row["class"] for row in rows)


def drawn(layer, value, x=400003.0):
    """A point as the user has just drawn it."""
    feature = QgsFeature(layer.fields())
    feature.setAttribute("cover", value)
    feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(x, 5000003.0)))
    return feature


def written(layer, path, driver, options=()):
    """Write a layer to a file and return it as QGIS opens it."""
    saving = QgsVectorFileWriter.SaveVectorOptions()
    saving.driverName, saving.layerName, saving.datasourceOptions = driver, "areas", list(options)
    context = QgsProject.instance().transformContext()
    QgsVectorFileWriter.writeAsVectorFormatV3(layer, str(path), context, saving)


def test_added_changed_and_deleted_features_are_as_in_the_edit_session(snap, samples_layer):
    ids = [f.id() for f in samples_layer.getFeatures()]
    samples_layer.startEditing()
    samples_layer.beginEditCommand("draw")
    samples_layer.addFeature(drawn(samples_layer, 9))
    samples_layer.endEditCommand()
    samples_layer.beginEditCommand("change")
    samples_layer.changeAttributeValue(ids[0], 0, 7)
    samples_layer.deleteFeature(ids[3])
    samples_layer.endEditCommand()
    before = samples_layer.undoStack().count(), samples_layer.undoStack().index()
    _, rows, _ = snap(samples_layer)
    assert classes_of(rows) == [2, 2, 7, 9]
    assert samples_layer.isEditable()
    assert samples_layer.isModified()
    assert (samples_layer.undoStack().count(), samples_layer.undoStack().index()) == before
    samples_layer.undoStack().undo()
    _, rows, _ = snap(samples_layer)
    assert classes_of(rows) == [1, 2, 2, 5, 9]
    assert samples_layer.commitChanges()
    assert samples_layer.featureCount() == 5


@pytest.mark.parametrize(
    ("driver", "suffix", "options", "opened_by"),
    [
        ("GPKG", "gpkg", (), "ogr"),
        ("SQLite", "sqlite", ("SPATIALITE=YES",), "spatialite"),
        ("SQLite", "sqlite", ("SPATIALITE=YES",), "ogr"),
    ],
)
def test_layers_of_a_database_are_read_with_filter_and_unsaved_edits(
    snap, samples_layer, tmp_path, driver, suffix, options, opened_by
):
    path = tmp_path / f"areas.{suffix}"
    written(samples_layer, path, driver, options)
    source = (
        f"dbname='{path}' table=\"areas\" (GEOMETRY)"
        if opened_by == "spatialite"
        else f"{path}|layername=areas"
    )
    layer = QgsVectorLayer(source, "areas", opened_by)
    assert layer.isValid()
    layer.setSubsetString('"cover" > 1')
    layer.startEditing()
    layer.addFeature(drawn(layer, 6))
    _, rows, _ = snap(layer)
    assert classes_of(rows) == [2, 2, 5, 6]
    assert layer.isModified()
    layer.rollBack()


def test_a_virtual_layer_is_read(snap, in_project):
    query = f'SELECT cover * 10 AS cover, geometry FROM "{in_project.id()}" WHERE cover < 5'
    layer = QgsVectorLayer(f"?query={query}&geometry=geometry:1:32633", "virtual", "virtual")
    assert layer.isValid()
    _, rows, _ = snap(layer)
    assert classes_of(rows) == [10, 20, 20]


def test_joined_and_computed_fields_can_be_the_class(snap, in_project):
    table = QgsVectorLayer("NoGeometry?field=key:string&field=crop:string", "crops", "memory")
    feature = QgsFeature(table.fields())
    feature.setAttributes(["a", "maize"])
    table.dataProvider().addFeatures([feature])
    QgsProject.instance().addMapLayer(table, False)
    join = QgsVectorLayerJoinInfo()
    join.setJoinLayer(table)
    join.setJoinFieldName("key")
    join.setTargetFieldName("parcel")
    join.setUsingMemoryCache(True)
    in_project.addJoin(join)
    in_project.addExpressionField('"cover" + 100', QgsField("code", QVariant.Int))
    in_project.addExpressionField("round($x)", QgsField("east", QVariant.Int))
    _, rows, _ = snap(in_project, "crops_crop")
    assert [row["class"] or None for row in rows] == ["maize", "maize", None, None]
    _, rows, _ = snap(in_project, "code")
    assert classes_of(rows) == [101, 102, 102, 105]
    _, rows, _ = snap(in_project, "east")
    assert classes_of(rows) == [400001, 400003, 400005, 400007]


def test_a_crs_set_only_in_qgis_is_that_of_the_snapshot(snap, samples_layer):
    samples_layer.setCrs(QgsCoordinateReferenceSystem("EPSG:25833"))
    job, _, _ = snap(samples_layer)
    assert QgsVectorLayer(job.samples.path, "s", "ogr").crs().authid() == "EPSG:25833"


def test_a_radius_field_goes_along_as_metres(snap, samples_layer):
    samples_layer.dataProvider().addAttributes([QgsField("reach", QVariant.Double)])
    samples_layer.updateFields()
    samples_layer.dataProvider().changeAttributeValues({1: {3: 12.5}, 2: {3: 0.0}})
    job, rows, _ = snap(samples_layer, RADIUS_FIELD="reach")
    assert job.samples.radius_field == "radius"
    assert [row["radius"] or 0.0 for row in rows] == [12.5, 0.0, 0.0, 0.0]
    with pytest.raises(SamplesError, match="'parcel' does not hold numbers"):
        snap(samples_layer, RADIUS_FIELD="parcel")


def styled(layer, field, entries):
    """Give a layer a categorised style of (value, label, colour, ticked)."""
    categories = []
    for value, label, color, ticked in entries:
        symbol = QgsSymbol.defaultSymbol(layer.geometryType())
        symbol.setColor(QColor(color))
        categories.append(QgsRendererCategory(value, symbol, label, ticked))
    layer.setRenderer(QgsCategorizedSymbolRenderer(field, categories))


def test_the_style_names_class_zero_where_it_is_a_class(snap, samples_layer):
    samples_layer.dataProvider().addFeatures([drawn(samples_layer, 0)])
    entries = [(0, "Shadow", "#111111", True), (1, "Water", "#0000ff", True), (None, "Rest", "#222222", True)]
    styled(samples_layer, "cover", [*entries, ("", "Others", "#333333", True)])
    job, _, _ = snap(samples_layer)
    assert [(c["value"], c["name"]) for c in job.classes] == [(1, "Water"), (2, "class 2"), (5, "class 5")]
    job, _, _ = snap(samples_layer, CLASS_ZERO="class")
    found = [(c["value"], c["name"], c["color"], c.get("source")) for c in job.classes]
    assert found[2] == (3, "Shadow", "#111111", 0)
    assert [f[0] for f in found] == [1, 2, 3, 5]
    assert job.samples.zero == "class"


def test_renumbered_classes_keep_names_and_colours_of_the_style(snap, samples_layer):
    samples_layer.dataProvider().addFeatures([drawn(samples_layer, -3)])
    styled(samples_layer, "cover", [(-3, "Ice", "#ffffff", True)])
    job, _, _ = snap(samples_layer, RENUMBER=True)
    assert [(c["value"], c["name"], c["source"]) for c in job.classes if "source" in c] == [
        (1, "Ice", -3),
        (2, "class 1", 1),
        (3, "class 2", 2),
        (4, "class 5", 5),
    ]


def test_names_in_several_spellings_are_one_class_with_the_colour_of_any(snap, samples_layer):
    samples_layer.dataProvider().changeAttributeValues({2: {1: " GRASS "}})
    styled(samples_layer, "kind", [("Grass", "meadow", "#00ff00", True), ("water", "w", "#0000ff", True)])
    job, _, _ = snap(samples_layer, "kind")
    assert [(c["value"], c["name"]) for c in job.classes] == [(1, "GRASS"), (2, "roof"), (3, "water")]
    assert [job.classes[0]["color"], job.classes[2]["color"]] == ["#00ff00", "#0000ff"]


def test_classes_unticked_in_the_legend_are_used_and_that_is_said(snap, samples_layer):
    styled(samples_layer, "cover", [(1, "Water", "#0000ff", False), (2, "Grass", "#00ff00", True)])
    _, rows, notes = snap(samples_layer)
    assert classes_of(rows) == [1, 2, 2, 5]
    assert len(notes) == 1
    assert "unticked in the legend are used all the same: Water." in notes[0]


def test_a_large_layer_is_written_feature_by_feature(snap, samples_layer, monkeypatch):
    """No feature waits for another: the first is written before the last is read."""
    from landfuse.processing_provider import snapshot

    features = [drawn(samples_layer, 1 + i % 3) for i in range(500)]
    samples_layer.dataProvider().addFeatures(features)
    alive, most, original = [0], [0], snapshot._feature

    class Counted(QgsFeature):
        def __del__(self):
            alive[0] -= 1

    def counted(*args):
        alive[0] += 1
        most[0] = max(most[0], alive[0])
        return Counted(original(*args))

    monkeypatch.setattr(snapshot, "_feature", counted)
    _, rows, _ = snap(samples_layer)
    assert len(rows) == 504
    assert most[0] <= 3


def test_a_layer_that_vanishes_while_the_job_runs_does_not_matter(
    algorithm, client, context, feedback, in_project, make_raster
):
    from landfuse.core.job_spec import JobResult

    def vanish(progress):
        QgsProject.instance().removeMapLayer(in_project.id())

    client.work, client.result = vanish, JobResult({}, {"OA": 1.0})
    values = {"HSI": make_raster(), "SAMPLES": in_project.id(), "CLASS_FIELD": "cover"}
    values.update(METHOD="random_forest", MODEL="TEMPORARY_OUTPUT")
    found, ok = algorithm("train").run(values, context, feedback)
    assert ok
    assert found["OA"] == 1.0
    assert len(client.jobs) == 1


def test_a_class_that_the_style_lacks_takes_the_name_beside_it(snap):
    layer = QgsVectorLayer("Point?crs=EPSG:32633&field=class:integer&field=name:string", "areas", "memory")
    features = []
    for value, name in ((1, "water"), (7, "just drawn")):
        feature = QgsFeature(layer.fields())
        feature.setAttributes([value, name])
        feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(400003.0, 5000003.0)))
        features.append(feature)
    layer.dataProvider().addFeatures(features)
    styled(layer, "class", [(1, "Water", "#0000ff", True)])
    job, _, _ = snap(layer, "class")
    assert [(c["value"], c["name"]) for c in job.classes] == [(1, "Water"), (7, "just drawn")]
    assert job.classes[1]["color"].startswith("#")
