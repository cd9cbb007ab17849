"""The method step in a window, over the small scene."""

from __future__ import annotations

import pytest

pytest.importorskip("qgis.gui", reason="needs QGIS")

from landfuse.processing_provider.provider import LandfuseProvider
from landfuse.ui.method.step import MethodStep
from landfuse.ui.state.choices import SamplesChoice, SourceChoice
from landfuse.ui.state.context import DockContext
from landfuse.ui.state.session import Session
from qgis.core import QgsApplication, QgsProject, QgsRasterLayer, QgsVectorLayer


@pytest.fixture
def session(qgis_app, qgis_processing, small_scene):
    provider = LandfuseProvider()
    QgsApplication.processingRegistry().addProvider(provider)
    project = QgsProject()
    layers = {
        "optical": QgsRasterLayer(small_scene.inputs["optical"][0]["path"], "optical"),
        "lidar": QgsRasterLayer(small_scene.inputs["lidar"][0]["path"], "lidar"),
        "areas": QgsVectorLayer(small_scene.samples["path"], "areas"),
    }
    project.addMapLayers(list(layers.values()))
    made = Session(project)
    made.set_sources([SourceChoice(key, (layers[key].id(),)) for key in ("optical", "lidar")])
    made.set_samples(SamplesChoice(layers["areas"].id(), "class"))
    yield made
    made.shut_down()
    # pytest lets go of the last test's fixtures after QGIS has ended: layers would be freed too late.
    project.removeAllMapLayers()
    QgsApplication.processingRegistry().removeProvider(provider)


@pytest.fixture
def step(session, interface, qtbot):
    made = MethodStep(DockContext(interface, session, None, None, None))
    qtbot.addWidget(made)
    made.resize(320, 700)
    made.show()
    yield made
    made.shut_down()
