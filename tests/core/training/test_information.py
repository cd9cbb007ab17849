"""GIHCN as published: diffusion models are made, found again, and are in the model file."""

from __future__ import annotations

import json

import numpy as np
import pytest
from landfuse.core.dispatch import run_job
from landfuse.core.models.model_file import read_metadata, read_model
from landfuse.core.progress import Progress, silent

pytest.importorskip("torch", reason="needs the engine's packages")
gdal = pytest.importorskip("osgeo.gdal", reason="needs GDAL")

TWO_STEPS = {"method": "gihcn", "epochs": 1, "diffusion_steps": 2}


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("LANDFUSE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def train(small_scene):
    def run(**parameters):
        texts = []
        job = small_scene.train({**small_scene.network, **TWO_STEPS, **parameters}, report=True)
        run_job(job, Progress(lambda event: texts.append(str(event.get("text", "")))))
        return "\n".join(texts)

    return run


def test_features_are_made_once_and_the_model_maps_without_them(small_scene, train, own_home):
    first = train()
    assert "reached a loss of" in first
    assert "see no label" in first
    again = train(seed=7)
    assert again.count("was found among those of earlier runs") == 2
    assert "reached a loss of" not in again
    for path in own_home.rglob("*.safetensors"):
        path.unlink()

    model = small_scene.out / "m.safetensors"
    read = read_model(model)
    assert set(read.information) == {"lidar", "optical"}
    assert dict(read.config.options["generative_bands"]) == {"lidar": 1, "optical": 4}
    assert dict(read.config.bands) == {"lidar": 1, "optical": 4}
    said = read_metadata(model)["config"]["options"]["generative_information"]
    assert said.startswith("features of diffusion models (loss lidar")
    assert "held-back ones included" in (small_scene.out / "m.html").read_text(encoding="utf-8")

    run_job(small_scene.classify(model), silent)
    values = gdal.Open(str(small_scene.out / "classmap.tif")).ReadAsArray()
    assert set(np.unique(values)) <= {1, 2, 3}


def test_the_map_does_not_depend_on_the_tiles(small_scene, train):
    train()
    maps = []
    for size in (17, 48):
        run_job(
            small_scene.classify(
                small_scene.out / "m.safetensors", {"tile_size": size}, ("classmap", "probabilities")
            ),
            silent,
        )
        maps.append(gdal.Open(str(small_scene.out / "probabilities.tif")).ReadAsArray())
    np.testing.assert_allclose(maps[0], maps[1], atol=1e-5)


def test_a_reconstruction_can_stand_in(small_scene, train):
    train(information="reconstruction")
    options = read_metadata(small_scene.out / "m.safetensors")["config"]["options"]
    assert options["generative_information"].startswith("reconstruction of diffusion models")


def test_raw_data_need_no_diffusion(small_scene, train, own_home):
    train(information="raw")
    metadata = read_metadata(small_scene.out / "m.safetensors")
    assert metadata["information"] == {}
    assert "raw data" in metadata["config"]["options"]["generative_information"]
    assert not list(own_home.rglob("*.safetensors"))


def test_a_damaged_kept_model_is_made_anew(train, own_home):
    train()
    for path in own_home.rglob("*.safetensors"):
        path.write_bytes(b"damaged")
    assert train().count("reached a loss of") == 2


def test_other_data_get_other_models(small_scene, train):
    train()
    brighter = small_scene.optical() * 1.5
    small_scene.inputs["optical"] = [{"path": small_scene.write_raster("brighter.tif", brighter)}]
    found = train()
    assert found.count("was found among those of earlier runs") == 1
    assert found.count("reached a loss of") == 1


def test_other_methods_have_no_information(small_scene):
    run_job(small_scene.train(), silent)
    assert json.loads(json.dumps(read_metadata(small_scene.out / "m.safetensors")))["information"] == {}
