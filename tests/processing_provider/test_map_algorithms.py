"""The algorithms on class maps through QGIS: zones as the analyst sees them, and maps that arrive styled."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

pytest.importorskip("qgis.core", reason="needs QGIS")

from landfuse.core.data.classes import LandClass
from landfuse.core.data.raster_description import inspect
from landfuse.core.data.raster_output import create_class_map
from landfuse.core.data.windows import Window
from qgis.core import (
    QgsFeature,
    QgsGeometry,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QCoreApplication


@pytest.fixture
def processing(provider):
    import processing

    yield processing
    QgsProject.instance().clear()


@pytest.fixture
def class_map(small_scene):
    """The truth of the small scene as a class map with names and colours."""
    grid = inspect(small_scene.inputs["optical"][0]["path"]).grid
    names = ("Grass", "Trees", "Water")
    classes = [LandClass(i + 1, name, f"#{i + 1:02x}8040") for i, name in enumerate(names)]
    path = str(small_scene.folder / "map.tif")
    with create_class_map(path, grid, classes) as output:
        output.write(Window(0, 0, *grid.shape), small_scene.truth)
    return path


@pytest.fixture
def speckled(small_scene):
    """A speck of trees, 8 m², in a meadow of the map."""
    small_scene.truth[3, 3:5] = 2


def table(path):
    rows = list(csv.DictReader(io.StringIO(Path(path).read_text(encoding="utf-8-sig"))))
    return {(row["zone"], row["class"]): int(row["pixels"]) for row in rows if row["pixels"]}


def zones_layer(small_scene):
    """Two zones: one in the file's features, one that is still in the edit buffer."""
    layer = QgsVectorLayer("Polygon?crs=EPSG:32633&field=district:string", "districts", "memory")
    saved = QgsFeature(layer.fields())
    saved.setAttributes(["old"])
    saved.setGeometry(QgsGeometry.fromWkt(small_scene.box(0, 0, 12, 12)))
    layer.dataProvider().addFeatures([saved])
    layer.startEditing()
    drawn = QgsFeature(layer.fields())
    drawn.setAttributes(["new"])
    drawn.setGeometry(QgsGeometry.fromWkt(small_scene.box(12, 0, 24, 24)))
    layer.addFeature(drawn)
    return layer


def test_areas_of_zones_with_unsaved_edits(processing, class_map, small_scene, tmp_path):
    layer = zones_layer(small_scene)
    QgsProject.instance().addMapLayer(layer)
    values = {
        "CLASSMAP": class_map,
        "ZONES": layer,
        "ZONE_FIELD": "district",
        "TABLE": str(tmp_path / "a.csv"),
    }
    result = processing.run("landfuse:classareas", values)
    assert table(result["TABLE"]) == {("old", "Grass"): 144, ("new", "Trees"): 144, ("new", "Water"): 144}
    assert result["N_ZONES"] == 2
    layer.rollBack()


def test_zones_without_a_field_are_named_by_their_ids(processing, class_map, small_scene, tmp_path):
    layer = zones_layer(small_scene)
    values = {"CLASSMAP": class_map, "ZONES": layer, "TABLE": str(tmp_path / "a.csv")}
    found = table(processing.run("landfuse:classareas", values)["TABLE"])
    assert len({zone for zone, _ in found}) == 2
    layer.rollBack()


def test_areas_of_the_whole_map(processing, class_map, tmp_path):
    report = str(tmp_path / "a.html")
    result = processing.run("landfuse:classareas", {"CLASSMAP": class_map, "REPORT": report})
    assert result["HECTARES"] == pytest.approx(48 * 48 * 4 / 1e4, rel=2e-3)
    assert "Trees" in Path(report).read_text(encoding="utf-8")


def test_an_unknown_field_is_told(processing, class_map, small_scene, tmp_path):
    values = {"CLASSMAP": class_map, "ZONES": zones_layer(small_scene), "ZONE_FIELD": "nothing"}
    with pytest.raises(QgsProcessingException, match="nothing"):
        processing.run("landfuse:classareas", {**values, "TABLE": str(tmp_path / "a.csv")})


def test_the_generalised_map_arrives_in_the_colours_of_the_raw_one(processing, speckled, class_map):
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    values = {"CLASSMAP": class_map, "UNIT": 10.0, "FILTERED": "TEMPORARY_OUTPUT"}
    result = processing.runAndLoadResults("landfuse:minimummappingunit", values, context=context)
    QCoreApplication.processEvents()
    assert result["SMALLEST_PATCH"] == 3
    assert result["CHANGED_SHARE"] == pytest.approx(2 / 48**2)
    (layer,) = QgsProject.instance().mapLayers().values()
    assert isinstance(layer, QgsRasterLayer)
    assert layer.name() == "Generalised class map"
    assert [c.label for c in layer.renderer().classes()] == ["Grass", "Trees", "Water"]
