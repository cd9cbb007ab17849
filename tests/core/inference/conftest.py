"""A trained network and a forest on a small scene, made once."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from landfuse.core.data.classes import class_list
from landfuse.core.models.config import ModelConfig

BANDS = {"hsi": 4, "lidar": 1}


def trained_model(method, config, arrays, preprocess):
    return SimpleNamespace(
        method=method, config=config, arrays=arrays, preprocess=preprocess, classes=class_list([1, 2, 3])
    )


@pytest.fixture
def scene(memory_stack):
    rng = np.random.default_rng(0)
    hsi, lidar = rng.normal(size=(4, 70, 95)), rng.normal(size=(1, 70, 95))
    hsi[:, :20, :30] = np.nan  # a corner without data
    lidar[0, 40, 50] = np.nan
    return memory_stack(hsi=hsi, lidar=lidar)


@pytest.fixture
def network_model(fill_zero):
    """MIBF-Net with random weights and plausible batch statistics."""
    torch = pytest.importorskip("torch")
    from landfuse.core.models.catalog import build_model

    config = ModelConfig(BANDS, 3, patch_size=5)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = build_model("mibf_net", config)
        patches = {key: torch.randn(64, count, 5, 5) for key, count in BANDS.items()}
        for _ in range(20):
            network(patches)
    arrays = {name: value.numpy().copy() for name, value in network.state_dict().items()}
    return trained_model("mibf_net", config, arrays, fill_zero)


@pytest.fixture
def forest_model(scene, fill_zero):
    pytest.importorskip("sklearn")
    from landfuse.core.inference.pixel_features import features_at
    from landfuse.core.models.forest import fit

    rows, cols = np.nonzero(~np.isnan(scene.modalities["hsi"][0]) & ~np.isnan(scene.modalities["lidar"][0]))
    some = slice(None, None, 40)
    features = features_at(scene, fill_zero, rows[some], cols[some], (3, 7))
    labels = (features[:, 0] > 0).astype(np.int64) + (features[:, 4] > 1)
    config = ModelConfig(BANDS, 3, patch_size=7, options={"windows": [3, 7]})
    return trained_model("random_forest", config, fit(features, labels, 3, n_trees=8), fill_zero)
