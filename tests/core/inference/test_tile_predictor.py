from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from landfuse.core.data.classes import class_list  # noqa: E402
from landfuse.core.data.windows import Window, iter_tiles  # noqa: E402
from landfuse.core.errors import Cancelled, ModelFileError, OutOfMemoryError  # noqa: E402
from landfuse.core.inference.predictor import make_predictor  # noqa: E402
from landfuse.core.inference.streaming import stream_predictions  # noqa: E402
from landfuse.core.inference.tile_predictor import TilePredictor, blending  # noqa: E402
from landfuse.core.models.catalog import build_model  # noqa: E402
from landfuse.core.models.config import ModelConfig  # noqa: E402
from landfuse.core.progress import Progress  # noqa: E402

SIDE = 32


@pytest.fixture(params=[SIDE])
def model(request, fill_zero):
    """REF-Net with random weights and plausible batch statistics."""
    config = ModelConfig(
        {"hsi": 4, "lidar": 1}, 3, options={"encoder": "resnet10_half", "width": 8}, tile_size=request.param
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = build_model("ref_net", config)
        tiles = {key: torch.randn(8, count, SIDE, SIDE) for key, count in config.bands.items()}
        with torch.no_grad():
            for _ in range(10):
                network(tiles)
    arrays = {name: value.numpy().copy() for name, value in network.state_dict().items()}
    return SimpleNamespace(
        method="ref_net", config=network.config, arrays=arrays, preprocess=fill_zero,
        classes=class_list([1, 2, 3]),
    )  # fmt: skip


def predicted(model, scene, size, **settings):
    """The probabilities (K, H, W) of a whole scene read in windows of `size`."""
    predictor = TilePredictor(model, "cpu", "fp32", **settings)
    result = np.full((3, *scene.grid.shape), 7, np.float32)
    for window in iter_tiles(*scene.grid.shape, size):
        result[(slice(None), *window.slices())] = predictor.predict(scene.read(window, predictor.margin))
    return result


def as_defined(model, scene):
    """Every tile of the lattice on its own, blended over the whole scene, its mirror image included."""
    rows, cols = scene.grid.shape
    side = model.config.tile_size
    pad, stride = side, side // 2
    around = scene.read(Window(0, 0, rows, cols), pad).data
    bands = {k: torch.from_numpy(np.nan_to_num(v)) for k, v in around.items()}
    network = build_model("ref_net", model.config).eval()
    network.load_state_dict({k: torch.from_numpy(v) for k, v in model.arrays.items()})
    total, weights = np.zeros((3, rows + 2 * pad, cols + 2 * pad)), np.zeros((rows + 2 * pad, cols + 2 * pad))
    window = blending(side).numpy()
    with torch.no_grad():
        for row in range(pad % stride, rows + pad, stride):
            for col in range(pad % stride, cols + pad, stride):
                at = slice(row, row + side), slice(col, col + side)
                found = network({k: v[:, at[0], at[1]][None] for k, v in bands.items()}).softmax(dim=1)[0]
                total[:, at[0], at[1]] += window * found.numpy()
                weights[at] += window
    inner = slice(pad, -pad)
    return total[:, inner, inner] / weights[inner, inner]


@pytest.mark.parametrize(("model", "size"), [(32, 19), (32, 64), (32, 200), (45, 50)], indirect=["model"])
def test_the_map_is_the_same_however_the_scene_is_cut_into_windows(model, scene, size):
    found, expected = predicted(model, scene, size), as_defined(model, scene)
    valid = np.isfinite(found[0])
    np.testing.assert_allclose(found[:, valid], expected[:, valid], atol=1e-5)
    best = np.sort(expected, axis=0)
    clear = best[-1] - best[-2] > 1e-4
    assert (found.argmax(axis=0) == expected.argmax(axis=0))[valid & clear].all()


def test_invalid_pixels_get_no_class_and_all_others_do(model, scene):
    found = predicted(model, scene, 64)
    invalid = np.isnan(scene.modalities["hsi"]).any(axis=0) | np.isnan(scene.modalities["lidar"][0])
    assert invalid.any()
    assert np.array_equal(np.isnan(found[0]), invalid)
    np.testing.assert_allclose(found[:, ~invalid].sum(axis=0), 1, atol=1e-5)


def test_single_positions_get_what_the_map_has_there(model, scene):
    whole = predicted(model, scene, 64)
    rows, cols = np.array([0, 69, 33, 5, 40]), np.array([94, 0, 48, 5, 50])  # the last two are invalid
    found = TilePredictor(model, "cpu", "fp32").probabilities_at(scene, rows, cols)
    np.testing.assert_allclose(found, whole[:, rows, cols].T, atol=1e-5)
    assert np.isnan(found[3:]).all()


def test_the_batch_size_does_not_change_the_map(model, scene):
    np.testing.assert_allclose(
        predicted(model, scene, 64, batch_size=1), predicted(model, scene, 64, batch_size=7), atol=1e-5
    )


def test_tiles_without_a_wanted_pixel_cost_nothing(model, scene, monkeypatch):
    predictor = TilePredictor(model, "cpu", "fp32")
    network, seen = predictor._network, []

    def counted(tiles):
        seen.append(len(tiles["hsi"]))
        return network(tiles)

    monkeypatch.setattr(predictor, "_network", counted)
    predictor.predict(scene.read(Window(0, 0, 70, 95), predictor.margin))
    everything = sum(seen)
    seen.clear()
    predictor.probabilities_at(scene, np.array([60]), np.array([80]))
    assert sum(seen) == 4
    assert everything > 20


def test_a_scene_smaller_than_a_tile_is_mapped(model, memory_stack):
    small = memory_stack(hsi=np.ones((4, 5, 7)), lidar=np.ones((1, 5, 7)))
    found = predicted(model, small, 64)
    assert np.isfinite(found).all()


def test_the_auxiliary_decoders_are_not_computed(model, scene, monkeypatch):
    predictor = TilePredictor(model, "cpu", "fp32")
    called = []
    for level in predictor._network.levels:
        for branch in level.branches:
            branch.register_forward_hook(lambda *_: called.append(1))
    predictor.predict(scene.read(Window(30, 30, 10, 10), predictor.margin))
    assert not called


def test_streaming_gives_the_same_map(model, scene):
    predictor = make_predictor(model, "cpu", "fp32")
    result = np.full((3, *scene.grid.shape), 7, np.float32)
    for window, found in stream_predictions(scene, predictor, 40):
        result[(slice(None), *window.slices())] = found
    np.testing.assert_allclose(result, predicted(model, scene, 200), atol=1e-5)


def test_every_pixel_of_a_tile_counts_most_in_the_middle():
    weights = blending(64)
    assert float(weights.min()) > 0
    assert float(weights[31, 31]) > 0.99
    torch.testing.assert_close(weights, weights.flip(0, 1))


def test_a_full_gpu_halves_the_batch_and_too_small_a_one_is_an_error(model, scene, monkeypatch):
    read = scene.read(Window(30, 30, 30, 30), SIDE - 1)
    expected = TilePredictor(model, "cpu", "fp32").predict(read)
    predictor = TilePredictor(model, "cpu", "fp32", batch_size=8)
    network, limit = predictor._network, 3

    def small_gpu(tiles):
        if len(tiles["hsi"]) > limit:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return network(tiles)

    monkeypatch.setattr(predictor, "_network", small_gpu)
    np.testing.assert_allclose(predictor.predict(read), expected, atol=1e-5)
    assert predictor.settings["batch_size"] == 2
    limit = 0
    with pytest.raises(OutOfMemoryError, match="single tile"):
        predictor.predict(read)


def test_cancelling_stops_between_batches(model, scene):
    predictor = TilePredictor(model, "cpu", "fp32")
    with pytest.raises(Cancelled):
        predictor.predict(scene.read(Window(30, 30, 9, 9), SIDE - 1), Progress(is_cancelled=lambda: True))


def test_weights_of_another_configuration_are_a_model_file_error(model):
    model.config.options["width"] = 16
    with pytest.raises(ModelFileError, match="weights do not fit"):
        TilePredictor(model, "cpu")


def test_half_precision_keeps_the_labels_but_where_two_are_close(model, scene):
    exact, half = predicted(model, scene, 64), TilePredictor(model, "cpu", "bf16")
    found = half.predict(scene.read(Window(0, 0, 70, 95), half.margin))
    best = np.sort(np.nan_to_num(exact), axis=0)
    clear = best[-1] - best[-2] > 0.1
    assert clear.mean() > 0.5
    assert (found.argmax(axis=0) == exact.argmax(axis=0))[clear].mean() > 0.99
