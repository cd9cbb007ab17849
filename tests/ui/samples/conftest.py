"""A project with layers of training areas, and the class table of its session."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

pytest.importorskip("qgis.core", reason="needs QGIS")

from landfuse.plugin import LandfusePlugin
from landfuse.ui.samples.class_style import make_category, write_categories
from landfuse.ui.samples.class_table import ClassTable
from landfuse.ui.state.choices import MethodChoice, SamplesChoice, SourceChoice
from landfuse.ui.state.session import Session
from qgis.core import QgsFeature, QgsGeometry, QgsProject, QgsRasterLayer, QgsRectangle, QgsVectorLayer

X, Y = 400000.0, 5800000.0
CLASSES = ((1, "water", "#1f78b4"), (2, "grass", "#33a02c"), (5, "roof", "#e31a1c"))


def square(number, side=20.0, across=10):
    """The geometry of area `number`: squares in rows, 40 m apart."""
    x, y = X + 40.0 * (number % across), Y + 40.0 * (number // across)
    return QgsGeometry.fromRect(QgsRectangle(x, y, x + side, y + side))


def values_of(layer, field="class"):
    """How many features hold each class value."""
    found = {}
    for feature in layer.getFeatures():
        found[feature[field]] = found.get(feature[field], 0) + 1
    return found


def style_of(layer):
    """Value, label and colour of each category of the layer."""
    return [(c.value(), c.label(), c.symbol().color().name()) for c in layer.renderer().categories()]


def drawn_by_class(layer, field, classes):
    write_categories(layer, field, [make_category(layer, *one) for one in classes])


@pytest.fixture(scope="session")
def see():
    """Functions that make and look at layers."""
    return SimpleNamespace(square=square, values=values_of, style=style_of, draw=drawn_by_class)


@pytest.fixture
def provider(qgis_app, qgis_processing):
    """The algorithms as the plugin registers them."""
    plugin = LandfusePlugin(None)
    plugin.initProcessing()
    yield plugin.provider
    plugin.unload()


@pytest.fixture
def project(qgis_app):
    made = QgsProject.instance()
    made.clear()
    yield made
    made.clear()


@pytest.fixture
def session(project):
    made = Session(project)
    yield made
    made.shut_down()


@pytest.fixture
def add_layer(project):
    """Add a memory layer of squares (or other shapes) with these class values to the project."""

    def add(values, kind="integer", geometry="Polygon", shape=square):
        uri = f"{geometry}?crs=EPSG:32633&field=class:{kind}&field=name:string"
        layer = QgsVectorLayer(uri, "areas", "memory")
        features = []
        for number, value in enumerate(values):
            feature = QgsFeature(layer.fields())
            feature.setAttributes([value, None])
            feature.setGeometry(shape(number))
            features.append(feature)
        layer.dataProvider().addFeatures(features)
        project.addMapLayer(layer)
        return layer

    return add


@pytest.fixture
def table(session):
    made = ClassTable(session)
    yield made
    made.shut_down()


@pytest.fixture
def areas(add_layer, session):
    """Three classes with 40, 3 and 2 polygons, drawn by class and chosen as training areas."""
    layer = add_layer([1] * 40 + [2] * 3 + [5] * 2)
    drawn_by_class(layer, "class", CLASSES)
    session.set_samples(SamplesChoice(layer.id(), "class"))
    return layer


@pytest.fixture
def scene(provider, project, session, small_scene):
    """The two sources of the small scene (48 x 48 pixels of 2 m) in the project, chosen in the session."""
    choices = []
    for key, rasters in small_scene.inputs.items():
        layer = QgsRasterLayer(rasters[0]["path"], key)
        assert layer.isValid()
        project.addMapLayer(layer)
        choices.append(SourceChoice(key, (layer.id(),)))
    session.set_sources(choices)
    session.set_method(MethodChoice(method="random_forest", parameters={"gap": 4.0, "context_windows": "3"}))
    return small_scene


@pytest.fixture
def scene_areas(scene, project, session):
    """The 16 areas of the small scene (a GeoPackage) as training areas."""
    layer = QgsVectorLayer(scene.samples["path"], "areas", "ogr")
    assert layer.isValid()
    project.addMapLayer(layer)
    session.set_samples(SamplesChoice(layer.id(), "class"))
    return layer
