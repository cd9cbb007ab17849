from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from landfuse.core.data.windows import Window, iter_tiles
from landfuse.core.inference.predictor import make_predictor

ROOT = Path(__file__).resolve().parents[3]


def predict_in_tiles(predictor, stack, size):
    rows, cols = stack.grid.shape
    result = np.zeros((predictor.n_classes, rows, cols), np.float32)
    for window in iter_tiles(rows, cols, size):
        result[(slice(None), *window.slices())] = predictor.predict(stack.read(window, predictor.margin))
    return result


def same_labels_but_for_ties(first, second):
    """Labels may differ only where the two best logits (log-probabilities) are closer than 1e-4."""
    changed = first.argmax(axis=0) != second.argmax(axis=0)
    best = np.sort(np.log(first[:, changed]), axis=0)
    return bool((best[-1] - best[-2] < 1e-4).all())


@pytest.fixture(params=["network_model", "forest_model"])
def predictor(request):
    return make_predictor(request.getfixturevalue(request.param), device="cpu")


def test_probabilities_sum_to_one_where_valid_and_are_nan_elsewhere(predictor, scene):
    read = scene.read(Window(0, 0, 70, 95), predictor.margin)
    found = predictor.predict(read)
    valid = scene.read(Window(0, 0, 70, 95)).valid
    assert found.dtype == np.float32
    assert np.isnan(found[:, ~valid]).all()
    np.testing.assert_allclose(found[:, valid].sum(axis=0), 1, atol=1e-5)


@pytest.mark.parametrize("size", [1, 13, 64, 70])
def test_the_tile_size_does_not_change_the_map(predictor, scene, size):
    if size == 1:  # one by one is slow: a part of the scene with the data's edge in it
        scene = type(scene)(**{key: bands[:, 12:28, 20:40] for key, bands in scene.modalities.items()})
    whole, tiled = predict_in_tiles(predictor, scene, 1000), predict_in_tiles(predictor, scene, size)
    np.testing.assert_allclose(tiled, whole, atol=1e-5)
    valid = ~np.isnan(whole[0])
    assert same_labels_but_for_ties(whole[:, valid], tiled[:, valid])


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (1, 9), (4, 4)])
def test_scenes_smaller_than_a_patch_are_mapped(predictor, memory_stack, shape):
    rng = np.random.default_rng(2)
    stack = memory_stack(hsi=rng.normal(size=(4, *shape)), lidar=rng.normal(size=(1, *shape)))
    found = predict_in_tiles(predictor, stack, 64)
    np.testing.assert_allclose(found.sum(axis=0), 1, atol=1e-5)
    np.testing.assert_allclose(predict_in_tiles(predictor, stack, 2), found, atol=1e-5)


def test_single_positions_get_what_the_map_shows_there(predictor, scene):
    rng = np.random.default_rng(3)
    rows, cols = rng.integers(0, 70, 80), rng.integers(0, 95, 80)
    rows[:2], cols[:2] = [0, 69], [0, 94]
    whole = predict_in_tiles(predictor, scene, 1000)
    at = predictor.probabilities_at(scene, rows, cols)
    np.testing.assert_allclose(at, whole[:, rows, cols].T, atol=1e-5)
    labels = predictor.predict_at(scene, rows, cols)
    valid = ~np.isnan(at[:, 0])
    assert (labels[~valid] == -1).all()
    assert labels[0] == -1  # in the corner without data
    assert (labels[valid] == at[valid].argmax(axis=1)).all()


def test_a_window_without_valid_pixels_is_not_computed(predictor, scene, monkeypatch):
    monkeypatch.setattr(predictor, "compute", None)
    assert np.isnan(predictor.predict(scene.read(Window(0, 0, 20, 30), predictor.margin))).all()


def test_an_unknown_kind_is_a_programming_mistake(network_model, monkeypatch):
    from dataclasses import replace

    from landfuse.core.models.catalog import CATALOG

    monkeypatch.setitem(CATALOG, "mibf_net", replace(CATALOG["mibf_net"], kind="cube"))
    with pytest.raises(ValueError, match="cube"):
        make_predictor(network_model)


def test_a_forest_predicts_with_torch_absent():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import importlib.util as u\n"
        f"s = u.spec_from_file_location('landfuse', {str(ROOT / '__init__.py')!r},"
        f" submodule_search_locations=[{str(ROOT)!r}])\n"
        "sys.modules['landfuse'] = m = u.module_from_spec(s); s.loader.exec_module(m)\n"
        "import landfuse.core.inference.pixel_predictor, landfuse.core.inference.streaming\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
