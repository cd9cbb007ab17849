"""How result layers arrive in the project."""

from __future__ import annotations

import gc

from landfuse.processing_provider import styling
from qgis.core import (
    QgsPalettedRasterRenderer,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProject,
    QgsRasterLayer,
)
from qgis.PyQt.QtGui import QColor


def planned(path):
    """Return a context that will load `path` into the project."""
    context = QgsProcessingContext()
    details = QgsProcessingContext.LayerDetails("out", QgsProject.instance(), "CLASSMAP")
    context.addLayerToLoadOnCompletion(path, details)
    return context


def test_the_styler_survives_garbage_collection(qgis_app, make_raster):
    path = make_raster()
    context = planned(path)
    styling.style_on_load(context, path, "Class map")
    gc.collect()
    details = context.layerToLoadOnCompletionDetails(path)
    assert details.name == "Class map"
    assert isinstance(details.postProcessor(), styling.ClassMapStyler)


def test_a_class_map_takes_the_style_beside_it(qgis_app, make_raster):
    path = make_raster()
    layer = QgsRasterLayer(path, "a")
    entries = [QgsPalettedRasterRenderer.Class(1, QColor("#ff0000"), "Roof")]
    layer.setRenderer(QgsPalettedRasterRenderer(layer.dataProvider(), 1, entries))
    layer.saveNamedStyle(path.replace(".tif", ".qml"))
    shown = QgsRasterLayer(path, "b")
    shown.setDefaultContrastEnhancement()
    styling.ClassMapStyler().postProcessLayer(shown, QgsProcessingContext(), QgsProcessingFeedback())
    assert shown.renderer().type() == "paletted"
    assert [c.label for c in shown.renderer().classes()] == ["Roof"]


def test_a_path_that_is_not_loaded_is_left_alone(qgis_app):
    assert styling.name_on_load(QgsProcessingContext(), "/nowhere.tif", "x") is False
    assert styling.name_on_load(QgsProcessingContext(), "", "x") is False
