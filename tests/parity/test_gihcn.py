from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

RANDOM = "gihcn_a.npz"


@pytest.fixture
def fixture(check, recorded):
    return check.read_fixture(recorded(RANDOM))


def failed(check, fixture):
    return {r.key for r in check.run("gihcn", fixture) if not r.passed}


@pytest.mark.shared_data
def test_every_recorded_value_of_the_release_is_reproduced(check, fixture):
    results = check.run("gihcn", fixture)
    assert [str(r) for r in results if not r.passed] == []
    assert {r.key for r in results} == {key for key in fixture if key.startswith(("y:", "i:", "g:", "t:"))}


@pytest.mark.shared_data
@pytest.mark.parametrize(
    "key",
    [
        "w:dkfms.spec_s.shared_MLP.0.weight",
        "w:dkfms.spat_l.conv1.weight",
        "w:view_net1.frconv.bn3.running_var",
        "w:view_net2.pos_embeddings.pos",
        "w:view_net1.mamba.A_b_log",
        "w:view_net2.mamba.dt_proj_b.bias",
        "w:view_net2.classifier.model.0.bias",
    ],
)
def test_a_slightly_changed_weight_fails(check, fixture, key):
    fixture[key] = fixture[key] * np.float32(1.01) + np.float32(0.01)
    found = failed(check, fixture)
    assert {"y:logits", "y:logits_b1"} <= found
    assert any(name.startswith("g:") for name in found)


@pytest.mark.shared_data
def test_per_sample_weights_are_not_those_of_the_batch(check, fixture):
    fixture["y:logits"], fixture["y:logits_b1"] = fixture["y:logits_b1"], fixture["y:logits"]
    assert failed(check, fixture) == {"y:logits", "y:logits_b1"}


@pytest.mark.shared_data
def test_a_gradient_that_flows_through_the_fuzzy_weights_fails(check, fixture, monkeypatch):
    from landfuse.core.models import gihcn_branch

    exact = gihcn_branch.FuzzyBlock.weight

    def attached(block, maps):
        detached, maps.detach = maps.detach, lambda: maps
        try:
            return exact(block, maps)
        finally:
            maps.detach = detached

    monkeypatch.setattr(gihcn_branch.FuzzyBlock, "weight", attached)
    assert any(key.startswith("g:view_net1.frconv") for key in failed(check, fixture))


@pytest.mark.shared_data
def test_a_value_of_the_fixture_that_is_not_computed_fails(check, fixture):
    fixture["y:something_new"] = np.zeros(3)
    assert failed(check, fixture) == {"y:something_new"}


def test_a_fixture_of_another_configuration_is_read_from_it(check):
    """Information of another number of bands than the raw data, and other sizes throughout."""
    check.register_package()
    parity = check._module_from(check.HERE / "gihcn.py", "parity_gihcn")
    rng = np.random.default_rng(0)
    fixture = {
        "w:dkfms.spec_s.shared_MLP.0.weight": np.zeros((16, 5, 1, 1), np.float32),
        "w:dkfms.spec_l.shared_NET.0.weight": np.zeros((16, 2, 1, 1), np.float32),
        "w:view_net1.frconv.conv1.weight": np.zeros((32, 9, 1, 1), np.float32),
        "w:view_net2.frconv.conv1.weight": np.zeros((32, 8, 1, 1), np.float32),
        "x:x1": rng.normal(size=(2, 7 + 3, 5, 5)).astype(np.float32),
        "x:x2": rng.normal(size=(2, 2 + 5, 5, 5)).astype(np.float32),
        "cfg:num_classes": np.array(4),
        "cfg:image_size": np.array(5),
        "cfg:lambda_g": np.array(2.0),
        "cfg:lambda_m": np.array(3.0),
    }
    config = parity.config_of(fixture)
    assert dict(config.bands) == {"hsi": 7, "lidar": 2}
    assert config.options["generative_bands"] == {"hsi": 5, "lidar": 3}
    assert (config.n_classes, config.patch_size, config.options["width"]) == (4, 5, 32)
    assert (config.options["gaussian_spread"], config.options["manhattan_reach"]) == (2.0, 3.0)
    patches, information = parity.inputs(fixture)
    assert np.array_equal(patches["lidar"], fixture["x:x2"][:, :2])
    assert np.array_equal(information["hsi"], fixture["x:x2"][:, 2:])
    assert np.array_equal(information["lidar"], fixture["x:x1"][:, 7:])
    with torch.no_grad():
        assert parity.build(config).eval()(patches, information).shape == (2, 4)


def test_a_gradient_is_measured_by_its_largest_entry(check):
    expected, found = np.array([1e-6, 1.0]), np.array([2e-6, 1.0])
    assert check.compare_arrays("g:w", found, expected, (0.0, 1e-4), to_largest=True).passed
    assert not check.compare_arrays("y:w", found, expected, (0.0, 1e-4)).passed
