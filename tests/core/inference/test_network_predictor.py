from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from landfuse.core.data.classes import class_list  # noqa: E402
from landfuse.core.data.windows import Window  # noqa: E402
from landfuse.core.errors import Cancelled, ModelFileError, OutOfMemoryError  # noqa: E402
from landfuse.core.inference.network_predictor import NetworkPredictor, cut_patches  # noqa: E402
from landfuse.core.models.catalog import build_model  # noqa: E402
from landfuse.core.models.config import ModelConfig  # noqa: E402
from landfuse.core.progress import Progress  # noqa: E402


@pytest.fixture
def read(scene):
    return scene.read(Window(0, 0, 70, 95), 2)


def test_sharing_work_gives_what_single_patches_give(network_model, read):
    shared = NetworkPredictor(network_model, "cpu").predict(read)
    alone = NetworkPredictor(network_model, "cpu", dense=False).predict(read)
    np.testing.assert_allclose(shared, alone, atol=1e-5)


def test_the_batch_size_does_not_change_the_map(network_model, read):
    one = NetworkPredictor(network_model, "cpu", batch_size=7, dense=False).predict(read)
    other = NetworkPredictor(network_model, "cpu", batch_size=500, dense=False).predict(read)
    np.testing.assert_allclose(one, other, atol=1e-5)


def test_the_same_prediction_twice_is_the_same_bit_for_bit(network_model, read):
    predictor = NetworkPredictor(network_model, "cpu")
    np.testing.assert_array_equal(predictor.predict(read), predictor.predict(read))


def test_settings_tell_what_was_used(network_model, read):
    predictor = NetworkPredictor(network_model, "auto", "auto", 0)
    predictor.predict(read)
    assert predictor.settings["device"] in ("cpu", "cuda")
    assert predictor.settings["precision"] in ("fp32", "fp16", "bf16")
    assert predictor.settings["batch_size"] > 0


def test_bf16_on_request_gives_nearly_the_same_probabilities(network_model, read):
    full = NetworkPredictor(network_model, "cpu", "fp32").predict(read)
    half = NetworkPredictor(network_model, "cpu", "bf16").predict(read)
    assert np.nanmax(np.abs(full - half)) < 0.05
    assert not np.array_equal(full, half, equal_nan=True)


def test_patches_are_cut_around_their_positions():
    tile = torch.arange(2 * 6 * 7.0).reshape(2, 6, 7)
    patch = cut_patches({"sar": tile}, np.array([1]), np.array([3]), 3)["sar"]
    assert torch.equal(patch[0], tile[:, 1:4, 3:6])


def test_a_full_gpu_halves_the_batch(network_model, read, monkeypatch):
    predictor = NetworkPredictor(network_model, "cpu", batch_size=64, dense=False)
    expected = predictor.predict(read)
    network, sizes = predictor._network, []

    def small_gpu(patches):
        sizes.append(len(patches["hsi"]))
        if sizes[-1] > 20:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return network(patches)

    monkeypatch.setattr(predictor, "_network", small_gpu)
    np.testing.assert_allclose(predictor.predict(read), expected, atol=1e-5)
    assert predictor.settings["batch_size"] == 16


def test_a_gpu_too_small_for_one_patch_is_an_error(network_model, read, monkeypatch):
    predictor = NetworkPredictor(network_model, "cpu", dense=False)

    def no_gpu(patches):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(predictor, "_network", no_gpu)
    with pytest.raises(OutOfMemoryError, match="cpu"):
        predictor.predict(read)


def test_cancelling_stops_between_blocks(network_model, read):
    with pytest.raises(Cancelled):
        NetworkPredictor(network_model, "cpu").predict(read, Progress(is_cancelled=lambda: True))


def test_weights_that_do_not_fit_are_a_model_file_error(network_model):
    name = next(iter(network_model.arrays))
    network_model.arrays[name] = network_model.arrays[name][:1]
    with pytest.raises(ModelFileError, match="weights do not fit"):
        NetworkPredictor(network_model, "cpu")


def test_the_label_of_a_pixel_does_not_depend_on_what_is_in_its_batch(scene, fill_zero):
    """GIHCN as published divides by a sum over the batch; here it must not."""
    config = ModelConfig({"hsi": 4, "lidar": 1}, 3, 5, {"width": 8})
    torch.manual_seed(0)
    network = build_model("gihcn", config)
    arrays = {name: value.numpy().copy() for name, value in network.state_dict().items()}
    model = SimpleNamespace(
        method="gihcn",
        config=network.config,
        arrays=arrays,
        preprocess=fill_zero,
        classes=class_list([1, 2, 3]),
    )
    some = scene.read(Window(35, 45, 12, 14), 2)
    one = NetworkPredictor(model, "cpu", "fp32", batch_size=1).predict(some)
    all_at_once = NetworkPredictor(model, "cpu", "fp32", batch_size=500).predict(some)
    np.testing.assert_allclose(one, all_at_once, atol=1e-5)
    parts = [NetworkPredictor(model, "cpu", "fp32", batch_size=n).predict(some) for n in (7, 50)]
    for part in parts:
        np.testing.assert_array_equal(part.argmax(axis=0), one.argmax(axis=0))
