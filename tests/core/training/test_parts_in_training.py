"""The parts that `splitsamples` writes, used for training and testing."""

from __future__ import annotations

import pytest

pytest.importorskip("sklearn", reason="needs the engine's packages")

from landfuse.core.data.split_samples_job import run as split
from landfuse.core.job_file import parse_job
from landfuse.core.progress import Progress
from landfuse.core.training.train_job import run as train


@pytest.mark.parametrize("kind", ["vector", "raster"])
def test_training_on_the_parts_warns_of_nothing_near(small_scene, kind):
    forest = {**small_scene.forest, "gap": -1.0}
    samples, names = small_scene.samples, ("training", "test")
    files = ["training.gpkg", "test.gpkg"]
    if kind == "raster":
        samples = {"path": small_scene.write_raster("truth.tif", small_scene.truth), "type": "raster"}
        names, files = ("training_labels", "test_labels"), ["training.tif", "test.tif"]
    described = {
        "kind": "splitsamples", "inputs": small_scene.inputs, "samples": samples,
        "outputs": dict(zip(names, files)), "parameters": {"patch_size": 3},
    }  # fmt: skip
    numbers = split(parse_job(described, small_scene.out)).numbers
    field = {"type": "raster"} if kind == "raster" else {"class_field": "class"}
    parts = [{"path": str(small_scene.out / name), **field} for name in files]
    events = []
    result = train(
        small_scene.train(forest, samples=parts[0], test_samples=parts[1]), Progress(events.append)
    )
    assert not [e["text"] for e in events if e.get("level") == "warning" and "closer" in e["text"]]
    assert result.numbers["OA"] > 0.5
    counted = next(e["text"] for e in events if e.get("text", "").startswith("Samples per class"))
    assert (
        sum(int(word.strip(".,")) for word in counted.split() if word.strip(".,").isdigit())
        >= (numbers["N_TRAINING"])
    )
