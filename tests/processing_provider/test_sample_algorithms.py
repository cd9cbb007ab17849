"""The algorithms on samples through QGIS: layers arrive styled, and those that do not fit are not made."""

from __future__ import annotations

import pytest
from qgis.core import QgsProcessingContext, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QCoreApplication


@pytest.fixture
def processing(provider):
    import processing

    return processing


@pytest.fixture
def loaded(processing):
    """Run an algorithm as the dialog does and return the layers it adds to the project, by name."""

    def run(name, values):
        context = QgsProcessingContext()
        context.setProject(QgsProject.instance())
        results = processing.runAndLoadResults(f"landfuse:{name}", values, context=context)
        QCoreApplication.processEvents()
        return results, {layer.name(): layer for layer in QgsProject.instance().mapLayers().values()}

    yield run
    QgsProject.instance().clear()


@pytest.fixture
def sources(small_scene):
    return {"OPTICAL": [small_scene.inputs["optical"][0]["path"]]}


OUTPUTS = ("TRAINING", "TEST", "TRAINING_LABELS", "TEST_LABELS")


def test_the_parts_of_a_layer_arrive_in_the_colours_of_the_classes(loaded, sources, small_scene):
    values = {**sources, "SAMPLES": small_scene.samples["path"], "CLASS_FIELD": "class", "GAP": 4.0}
    values.update(dict.fromkeys(OUTPUTS, "TEMPORARY_OUTPUT"))
    results, layers = loaded("splitsamples", values)
    assert set(layers) == {"Training samples", "Test samples"}
    for layer in layers.values():
        assert layer.renderer().type() == "categorizedSymbol"
        assert [c.label() for c in layer.renderer().categories()] == ["class 1", "class 2", "class 3"]
    assert results["N_TRAINING"] > results["N_TEST"] > 0
    assert "TRAINING_LABELS" not in results


def test_the_parts_of_a_label_raster_arrive_as_rasters(loaded, sources, small_scene):
    labels = small_scene.write_raster("labels.tif", small_scene.truth)
    values = {**sources, "LABELS": labels, "GAP": 4.0, **dict.fromkeys(OUTPUTS, "TEMPORARY_OUTPUT")}
    _, layers = loaded("splitsamples", values)
    assert set(layers) == {"Training labels", "Test labels"}
    assert {layer.renderer().type() for layer in layers.values()} == {"paletted"}


def test_a_split_needs_no_sources(processing, small_scene, tmp_path):
    values = {"SAMPLES": small_scene.samples["path"], "CLASS_FIELD": "class", "GAP": 4.0}
    results = processing.run("landfuse:splitsamples", {**values, "TEST": str(tmp_path / "test.gpkg")})
    assert QgsVectorLayer(results["TEST"], "test").featureCount() > 0


def test_conflicts_arrive_as_points_with_the_ids_of_the_layer(loaded, sources, small_scene):
    areas = small_scene.areas()
    areas[5] = (areas[5][0], 3 if areas[5][1] != 3 else 1)
    layer = QgsVectorLayer(small_scene.write_areas("faulty.gpkg", areas), "areas")
    layer.setSubsetString("fid > 2")
    QgsProject.instance().addMapLayer(layer)
    values = {**sources, "SAMPLES": layer, "CLASS_FIELD": "class", "CONFLICTS": "TEMPORARY_OUTPUT"}
    results, layers = loaded("samplereport", values)
    conflicts = layers["Likely conflicts"]
    assert conflicts.featureCount() == results["N_CONFLICTS"]
    assert 6 in [f["feature"] for f in conflicts.getFeatures() if f["kind"] == "looks like another class"]
