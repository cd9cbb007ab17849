from __future__ import annotations

import numpy as np
from landfuse.core.data.normalisation import Preprocess, fit_normalisation
from landfuse.core.training.whitening import whitened


def test_all_components_get_deviation_one_and_bands_stay_as_they_are():
    rng = np.random.default_rng(0)
    hsi = (rng.normal(size=(2000, 3)) * [10, 1, 0.1]) @ rng.normal(size=(3, 6))
    height = rng.normal(50, 4, size=(2000, 1)).astype(np.float32)
    hsi = hsi.astype(np.float32)
    fitted = Preprocess(
        hsi=fit_normalisation(hsi, "standardise", 3), lidar=fit_normalisation(height, "standardise")
    )
    found = whitened(fitted).apply({"hsi": hsi.T, "lidar": height.T})
    np.testing.assert_allclose(found["hsi"].std(axis=1), 1, rtol=1e-3)
    np.testing.assert_allclose(found["hsi"].mean(axis=1), 0, atol=1e-3)
    assert np.array_equal(found["lidar"], fitted.apply({"hsi": hsi.T, "lidar": height.T})["lidar"])


def test_components_without_content_stay_zero():
    line = np.outer(np.arange(50.0), np.ones(4)).astype(np.float32)
    found = whitened(Preprocess(hsi=fit_normalisation(line, "standardise", 3))).apply({"hsi": line.T})
    np.testing.assert_allclose(found["hsi"].std(axis=1), [1, 0, 0], atol=1e-5)


def test_a_constant_scene_stays_finite():
    flat = np.ones((50, 4), np.float32)
    found = whitened(Preprocess(hsi=fit_normalisation(flat, "standardise", 2))).apply({"hsi": flat.T})
    assert not found["hsi"].any()
