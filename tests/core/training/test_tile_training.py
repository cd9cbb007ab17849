"""A network on tiles trained and applied on a scene of 48 x 48 pixels; test_train_job.py has the rest."""

from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.dispatch import run_job
from landfuse.core.errors import Cancelled, JobError, ModelFileError, TrainingError
from landfuse.core.models.model_file import read_model
from landfuse.core.progress import Progress

torch = pytest.importorskip("torch", reason="needs the engine's packages")
gdal = pytest.importorskip("osgeo.gdal")

from landfuse.core.models.layers.resnet import ResNetEncoder  # noqa: E402
from landfuse.core.training import state  # noqa: E402


def logged(job):
    events = []
    result = run_job(job, Progress(events.append))
    return result, "\n".join(e["text"] for e in events if e["event"] == "log")


@pytest.fixture
def resnet18(tmp_path):
    """A file like the published one: weights of three bands, and a classifier."""
    torch.manual_seed(3)
    weights = {**ResNetEncoder(3, "resnet18").state_dict(), "fc.weight": torch.zeros(1000, 512)}
    path = tmp_path / "resnet18.pth"
    torch.save(weights, path)
    return str(path)


def test_the_log_the_report_and_the_model_speak_of_tiles(small_scene):
    _, text = logged(small_scene.train(small_scene.tiles, report=True))
    assert "The tile is 32 x 32 map pixels (64 m)" in text
    assert "With a gap below 21 map pixels training tiles may show held-back pixels" in text
    model = read_model(small_scene.out / "m.safetensors")
    assert (model.config.tile_size, model.config.side) == (32, 32)
    assert model.grid["patch_metres"] == 64
    assert model.training["tile_size"] == 32
    report = (small_scene.out / "m.html").read_text(encoding="utf-8")
    assert "tile 32 x 32 map pixels" in report
    assert "never with their class" in report


def test_the_report_says_when_no_tile_showed_a_held_back_pixel(small_scene):
    job = small_scene.train({**small_scene.tiles, "gap": 42.0})
    # The scene is small: one class may lose its groups to the gap, what is said stays the same.
    _, text = logged(job)
    assert "No training tile showed a held-back pixel" in text


def test_a_scene_smaller_than_a_tile_is_mirrored(small_scene):
    logged(small_scene.train({**small_scene.tiles, "tile_size": 0, "test_fraction": 0.0}))
    assert read_model(small_scene.out / "m.safetensors").config.tile_size == 64
    run_job(small_scene.classify("m.safetensors"))
    found = gdal.Open(str(small_scene.out / "classmap.tif")).ReadAsArray()
    assert (found > 0).all()


def test_labels_are_the_same_whatever_the_windows_of_the_prediction(small_scene):
    run_job(small_scene.train({**small_scene.tiles, "test_fraction": 0.0}))
    maps = []
    for size in (13, 48):
        outputs = {name: f"{name}{size}.tif" for name in ("classmap", "probabilities")}
        run_job(small_scene.classify("m.safetensors", {"tile_size": size}, outputs))
        maps.append([gdal.Open(str(small_scene.out / path)).ReadAsArray() for path in outputs.values()])
    (first, chances), (second, _) = maps
    best = np.sort(chances, axis=0)
    assert (first == second)[best[-1] - best[-2] > 1e-4].all()


def test_a_tile_larger_than_the_scene_is_refused_before_any_training(small_scene):
    with pytest.raises(JobError, match="at most 64"):
        run_job(small_scene.train({**small_scene.tiles, "tile_size": 96}))


def test_a_single_tile_that_is_halved_to_one_value_is_too_little_for_batch_normalisation(small_scene):
    one = small_scene.write_areas(
        "one.gpkg", [(small_scene.box(20, 20, 22, 22), 1), (small_scene.box(23, 20, 25, 22), 2)]
    )
    job = small_scene.train(
        {**small_scene.tiles, "test_fraction": 0.0}, samples={"path": one, "class_field": "class"}
    )
    with pytest.raises(TrainingError, match=r"tiles in batches of 8.*at least 2"):
        run_job(job)


def test_encoders_start_from_published_weights(small_scene, resnet18):
    parameters = {**small_scene.tiles, "test_fraction": 0.0, "learning_rate": 1e-9}
    run_job(small_scene.train({**parameters, "encoder_weights": resnet18}))
    model = read_model(small_scene.out / "m.safetensors")
    assert model.config.options["encoder"] == "resnet18"
    assert model.training["encoders_started_from"] == "resnet18.pth"
    expected = torch.load(resnet18, weights_only=True)["layer3.1.conv2.weight"].numpy()
    for number in (0, 1):
        found = model.arrays[f"encoders.{number}.layer3.1.conv2.weight"]
        np.testing.assert_allclose(found, expected, atol=1e-5)
    kept = (small_scene.out / "m.job.json").read_text(encoding="utf-8")
    assert "resnet18.pth" in kept  # so that the run can be repeated


@pytest.mark.parametrize("wrong", ["text", "other network", "missing"])
def test_a_wrong_file_of_weights_is_told_before_any_work(small_scene, tmp_path, wrong):
    path = tmp_path / "weights.pth"
    if wrong == "text":
        path.write_text("these are no weights")
    elif wrong == "other network":
        torch.save({"layer.weight": torch.zeros(3)}, path)
    with pytest.raises(ModelFileError) as caught:
        run_job(small_scene.train({**small_scene.tiles, "encoder_weights": str(path)}))
    assert caught.value.where == str(path)
    assert caught.value.remedy
    assert not small_scene.left()


def test_a_stopped_job_goes_on_and_gives_the_model_of_one_run(small_scene, monkeypatch):
    monkeypatch.setattr(state, "KEEP_AFTER", 0.0)
    parameters = {**small_scene.tiles, "epochs": 4, "test_fraction": 0.0}
    run_job(small_scene.train(parameters, outputs={"model": "whole.safetensors"}))
    seen = []

    def stop():
        return sum(e["event"] == "metric" and e["name"] == "loss" for e in seen) >= 2

    job = small_scene.train(parameters)
    with pytest.raises(Cancelled):
        run_job(job, Progress(seen.append, stop))
    assert [name for name in small_scene.left() if name.endswith(".training")]
    _, text = logged(job)
    assert "goes on from there" in text
    one, two = (read_model(small_scene.out / f"{name}.safetensors") for name in ("whole", "m"))
    assert all(np.array_equal(one.arrays[name], two.arrays[name]) for name in one.arrays)
    assert not [name for name in small_scene.left() if name.endswith(".training")]


def test_a_single_source_is_enough(small_scene):
    inputs = {"optical": small_scene.inputs["optical"]}
    run_job(small_scene.train({**small_scene.tiles, "test_fraction": 0.0}, inputs=inputs))
    run_job(small_scene.classify("m.safetensors", inputs=inputs))
    assert (gdal.Open(str(small_scene.out / "classmap.tif")).ReadAsArray() > 0).all()
