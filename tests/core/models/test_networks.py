"""What every network of kind `patch` in the catalogue promises."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from landfuse.core.models.catalog import CATALOG, build_model  # noqa: E402
from landfuse.core.models.config import ModelConfig  # noqa: E402

PATCH_NETWORKS = sorted(name for name, entry in CATALOG.items() if entry.kind == "patch")
BANDS = ({"hsi": 12, "lidar": 1}, {"optical": 4}, {"hsi": 9, "lidar": 2, "sar": 2})
N_CLASSES = 5
# Networks that are slow at their published size are tested at a smaller one.
OPTIONS = {"gihcn": {"width": 16, "dropout": 0.1}}


def make_patches(bands, patch_size, n, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return {k: torch.rand(n, c, patch_size, patch_size, generator=generator) for k, c in bands.items()}


def make_network(name, bands, patch_size=7):
    torch.manual_seed(0)
    return build_model(name, ModelConfig(bands, N_CLASSES, patch_size, OPTIONS.get(name, {})))


@pytest.mark.parametrize("name", PATCH_NETWORKS)
@pytest.mark.parametrize("bands", BANDS, ids=lambda b: f"{len(b)} modalities")
@pytest.mark.parametrize("patch_size", [3, 7, 11])
def test_logits_have_one_row_per_patch_and_one_column_per_class(name, bands, patch_size):
    network = make_network(name, bands, patch_size).eval()
    assert network(make_patches(bands, patch_size, 4)).shape == (4, N_CLASSES)


@pytest.mark.parametrize("name", PATCH_NETWORKS)
def test_a_batch_of_one_works_in_eval_mode_and_equals_its_place_in_a_batch(name):
    network = make_network(name, BANDS[0]).eval()
    patches = make_patches(BANDS[0], 7, 3)
    alone = network({key: values[1:2] for key, values in patches.items()})
    torch.testing.assert_close(alone[0], network(patches)[1], atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", PATCH_NETWORKS)
@pytest.mark.parametrize("bands", BANDS, ids=lambda b: f"{len(b)} modalities")
def test_every_parameter_gets_a_finite_gradient(name, bands):
    network = make_network(name, bands).train()
    network.loss(make_patches(bands, 7, 8), torch.arange(8) % N_CLASSES).backward()
    for parameter_name, parameter in network.named_parameters():
        assert parameter.grad is not None, parameter_name
        assert torch.isfinite(parameter.grad).all(), parameter_name


@pytest.mark.parametrize("name", PATCH_NETWORKS)
def test_eight_samples_are_learnt_by_heart(name):
    network = make_network(name, BANDS[0]).train()
    patches, labels = make_patches(BANDS[0], 7, 8), torch.arange(8) % N_CLASSES
    optimiser = torch.optim.Adam(network.parameters(), lr=2e-3)
    for _ in range(80):
        optimiser.zero_grad()
        network.loss(patches, labels).backward()
        optimiser.step()
    assert (network.eval()(patches).argmax(dim=1) == labels).all()


@pytest.mark.parametrize("name", PATCH_NETWORKS)
def test_the_seed_alone_decides_a_training_step(name):
    def loss_after_one_step():
        network = make_network(name, BANDS[0]).train()
        patches, labels = make_patches(BANDS[0], 7, 8), torch.arange(8) % N_CLASSES
        torch.manual_seed(5)
        network.loss(patches, labels).backward()
        torch.optim.SGD(network.parameters(), lr=0.01).step()
        return network.loss(patches, labels).item()

    assert loss_after_one_step() == loss_after_one_step()


@pytest.mark.parametrize("name", PATCH_NETWORKS)
def test_a_class_without_weight_does_not_change_the_loss(name):
    network = make_network(name, BANDS[0]).eval()
    patches = make_patches(BANDS[0], 7, 8)
    weight = torch.tensor([1.0, 1.0, 1.0, 1.0, 0.0])
    labels = torch.tensor([0, 1, 2, 3, 0, 1, 2, 3])
    plain, weighted = network.loss(patches, labels), network.loss(patches, labels, weight)
    torch.testing.assert_close(plain, weighted)
    assert network.loss(patches, labels, label_smoothing=0.1) != plain


@pytest.mark.parametrize("name", PATCH_NETWORKS)
def test_the_configuration_that_a_network_reports_rebuilds_it(name):
    network = make_network(name, BANDS[0]).eval()
    config = ModelConfig.from_json(network.config.to_json())
    twin = build_model(name, config).eval()
    twin.load_state_dict(network.state_dict())
    patches = make_patches(BANDS[0], 7, 2)
    assert torch.equal(network(patches), twin(patches))
