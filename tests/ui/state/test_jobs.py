"""The dock's jobs are those that the algorithms of the same name send."""

from __future__ import annotations

import pytest

pytest.importorskip("qgis.core", reason="needs QGIS")

from landfuse.processing_provider.provider import LandfuseProvider
from landfuse.ui.state import jobs
from landfuse.ui.state.choices import MethodChoice, SamplesChoice, SourceChoice
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
    assert all(layer.isValid() for layer in layers.values())
    project.addMapLayers(list(layers.values()))
    made = Session(project)
    made.set_sources(
        [
            SourceChoice("optical", (layers["optical"].id(),), bands="1-3"),
            SourceChoice("lidar", (layers["lidar"].id(),), quantity="height"),
        ]
    )
    made.set_samples(SamplesChoice(layers["areas"].id(), "class"))
    yield made
    made.shut_down()
    QgsApplication.processingRegistry().removeProvider(provider)


def test_a_train_job_holds_sources_samples_and_method(session, tmp_path):
    session.set_method(
        MethodChoice(method="random_forest", parameters={"trees": 20}, grid={"PIXEL_SIZE": 4.0})
    )
    parameters = {**jobs.train_parameters(session), "MODEL": str(tmp_path / "m.safetensors")}
    job = jobs.job_of("train", parameters, session)
    assert job.inputs["optical"][0].bands == "1-3"
    assert job.inputs["lidar"][0].quantity == "height"
    assert (job.parameters["method"], job.parameters["trees"]) == ("random_forest", 20)
    assert job.grid.pixel_size == 4.0
    assert job.samples.class_field == "class"
    assert job.outputs["model"] == str(tmp_path / "m.safetensors")


def test_a_source_switched_off_is_not_in_the_job(session, tmp_path):
    optical, lidar = session.sources
    session.set_sources([optical, SourceChoice("lidar", lidar.layers, used=False)])
    parameters = {**jobs.scene_parameters(session)}
    assert set(jobs.job_of("checkinputs", parameters, session).inputs) == {"optical"}
