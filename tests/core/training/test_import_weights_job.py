from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.dispatch import run_job
from landfuse.core.errors import BandError, ClassesError, ModalityError, ModelFileError
from landfuse.core.job_file import parse_job
from landfuse.core.models.model_file import read_metadata, read_model
from landfuse.core.progress import Progress

torch = pytest.importorskip("torch", reason="needs the engine's packages")

from landfuse.core.models.config import ModelConfig  # noqa: E402
from landfuse.core.models.ncglf2 import build  # noqa: E402
from landfuse.core.models.ncglf2_release import our_name, release_names  # noqa: E402


@pytest.fixture
def checkpoint(tmp_path):
    """A checkpoint as the authors' program writes it, for 3 components and 1 band, 3 classes, patch 5."""
    torch.manual_seed(0)
    state = build(ModelConfig({"hsi": 3, "lidar": 1}, 3, 5)).state_dict()
    weights = {t: state.get(our_name(t), torch.zeros(1)) for t in release_names(2)}
    torch.save({"state_dict": weights, "best_acc": np.float64(97.5)}, tmp_path / "best.pth.tar")
    return tmp_path / "best.pth.tar"


def job(scene, checkpoint, inputs=None, **parameters):
    return parse_job(
        {
            "kind": "importweights",
            "inputs": inputs or scene.inputs,
            "parameters": {"checkpoint": str(checkpoint), **parameters},
            "outputs": {"model": "m.safetensors"},
        },
        scene.out,
    )


def test_the_model_holds_the_weights_and_says_where_scaling_and_classes_come_from(small_scene, checkpoint):
    texts = []
    result = run_job(
        job(small_scene, checkpoint, class_names="grass, trees ,water"),
        Progress(lambda event: texts.append(str(event.get("text", "")))),
    )
    assert result.numbers == {"N_CLASSES": 3}
    model = read_model(small_scene.out / "m.safetensors")
    assert [c.name for c in model.classes] == ["grass", "trees", "water"]
    assert list(model.config.bands.items()) == [("optical", 3), ("lidar", 1)]  # most bands first
    assert model.preprocess["optical"].n_in == 4
    assert model.training["imported_from"] == "best.pth.tar"
    assert model.training["numbers_in_the_checkpoint"] == {"best_acc": 97.5}
    assert "imported" in model.scores["measured_on"]
    assert any("fitted on the sources given here" in text for text in texts)


def test_the_model_classifies(small_scene, checkpoint):
    run_job(job(small_scene, checkpoint))
    assert [c["name"] for c in read_metadata(small_scene.out / "m.safetensors")["classes"]] == [
        "class 1",
        "class 2",
        "class 3",
    ]
    result = run_job(small_scene.classify(small_scene.out / "m.safetensors"))
    assert result.numbers["CLASSIFIED_PIXELS"] == 48 * 48


def test_components_are_whitened_as_the_paper_does(small_scene, checkpoint):
    run_job(job(small_scene, checkpoint))
    scaling = read_model(small_scene.out / "m.safetensors").preprocess["optical"]
    found = scaling.apply(small_scene.optical())
    np.testing.assert_allclose(found.std(axis=(1, 2)), 1, rtol=0.05)


def test_names_for_another_number_of_outputs_are_refused(small_scene, checkpoint):
    with pytest.raises(ClassesError, match="3 outputs, but 2"):
        run_job(job(small_scene, checkpoint, class_names="grass,trees"))
    assert small_scene.left() == []


def test_sources_that_do_not_fit_are_refused(small_scene, checkpoint):
    with pytest.raises(ModalityError, match="fuses 2 sources"):
        run_job(job(small_scene, checkpoint, {"optical": small_scene.inputs["optical"]}))
    with pytest.raises(ModalityError, match="'sar', which is not given"):
        run_job(job(small_scene, checkpoint, first_source="sar"))
    with pytest.raises(BandError, match=r"'lidar' has 1 bands.*at least 3"):
        run_job(job(small_scene, checkpoint, first_source="lidar"))
    two = small_scene.inputs["lidar"] * 2
    with pytest.raises(BandError, match=r"'lidar' has 2 bands.*needs 1"):
        run_job(job(small_scene, checkpoint, {**small_scene.inputs, "lidar": two}))


def test_the_checkpoint_of_another_network_is_told_key_by_key(small_scene, tmp_path):
    torch.save({"state_dict": {"layer1.0.conv1.weight": torch.zeros(3)}}, tmp_path / "resnet.pth")
    with pytest.raises(ModelFileError, match=r"CNN_Encoder1.conv11.0.weight is missing") as caught:
        run_job(job(small_scene, tmp_path / "resnet.pth"))
    assert caught.value.where == str(tmp_path / "resnet.pth")


@pytest.mark.shared_data
def test_the_published_checkpoint_is_taken_over(small_scene, shared):
    rng = np.random.default_rng(0)
    path = small_scene.write_raster("hyper.tif", rng.normal(size=(44, 24, 24)).astype(np.float32))
    inputs = {"hsi": [{"path": path}], "lidar": small_scene.inputs["lidar"]}
    run_job(job(small_scene, shared / "fixtures" / "ncglf2_checkpoint_6class.npz", inputs))
    model = read_model(small_scene.out / "m.safetensors")
    assert (dict(model.config.bands), model.config.patch_size) == ({"hsi": 40, "lidar": 1}, 11)
    assert len(model.classes) == 6
