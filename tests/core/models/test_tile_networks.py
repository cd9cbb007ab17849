"""What every network of kind `tile` in the catalogue promises."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from landfuse.core.models.catalog import CATALOG, build_model  # noqa: E402
from landfuse.core.models.config import IGNORED, ModelConfig  # noqa: E402

TILE_NETWORKS = sorted(name for name, entry in CATALOG.items() if entry.kind == "tile")
BANDS = ({"hsi": 12, "lidar": 1}, {"optical": 4}, {"hsi": 9, "lidar": 2, "sar": 2})
N_CLASSES = 5
# Networks that are slow at their published size are tested at a smaller one.
OPTIONS = {"ref_net": {"encoder": "resnet10_half", "width": 8, "drop_path": 0.0}}


def make_network(name, bands=BANDS[0]):
    torch.manual_seed(0)
    return build_model(name, ModelConfig(bands, N_CLASSES, options=OPTIONS[name], tile_size=32))


def make_tiles(bands=BANDS[0], n=2, height=32, width=32):
    generator = torch.Generator().manual_seed(0)
    return {k: torch.rand(n, c, height, width, generator=generator) for k, c in bands.items()}


def make_labels(n=2, side=32, every=7):
    labels = torch.full((n, side, side), IGNORED)
    labels.view(-1)[::every] = torch.arange(len(labels.view(-1)[::every])) % N_CLASSES
    return labels


@pytest.mark.parametrize("name", TILE_NETWORKS)
@pytest.mark.parametrize("bands", BANDS, ids=lambda b: f"{len(b)} modalities")
@pytest.mark.parametrize(("height", "width"), [(32, 32), (40, 33)])
def test_logits_have_one_row_per_class_and_the_size_of_the_tile(name, bands, height, width):
    network = make_network(name, bands).eval()
    assert network(make_tiles(bands, 2, height, width)).shape == (2, N_CLASSES, height, width)


@pytest.mark.parametrize("name", TILE_NETWORKS)
def test_a_batch_of_one_works_in_eval_mode_and_equals_its_place_in_a_batch(name):
    network, tiles = make_network(name).eval(), make_tiles(n=3)
    alone = network({key: values[1:2] for key, values in tiles.items()})
    torch.testing.assert_close(alone[0], network(tiles)[1], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", TILE_NETWORKS)
@pytest.mark.parametrize("bands", BANDS, ids=lambda b: f"{len(b)} modalities")
def test_every_parameter_gets_a_finite_gradient(name, bands):
    network = make_network(name, bands).train()
    network.loss(make_tiles(bands), make_labels()).backward()
    for parameter_name, parameter in network.named_parameters():
        assert parameter.grad is not None, parameter_name
        assert torch.isfinite(parameter.grad).all(), parameter_name


@pytest.mark.parametrize("name", TILE_NETWORKS)
def test_a_few_labelled_pixels_are_learnt_by_heart(name):
    network, tiles = make_network(name).train(), make_tiles()
    labels = make_labels(every=173)
    known = labels != IGNORED
    optimiser = torch.optim.Adam(network.parameters(), lr=5e-3)
    for _ in range(25):
        optimiser.zero_grad()
        network.loss(tiles, labels).backward()
        optimiser.step()
    assert (network(tiles).argmax(dim=1)[known] == labels[known]).all()


@pytest.mark.parametrize("name", TILE_NETWORKS)
def test_class_weights_and_smoothing_reach_the_loss(name):
    network, tiles, labels = make_network(name).eval(), make_tiles(), make_labels()
    labels[labels == N_CLASSES - 1] = IGNORED
    plain = network.loss(tiles, labels)
    weight = torch.tensor([1.0, 1.0, 1.0, 1.0, 0.0])
    torch.testing.assert_close(plain, network.loss(tiles, labels, weight))
    assert network.loss(tiles, labels, label_smoothing=0.1) != plain


@pytest.mark.parametrize("name", TILE_NETWORKS)
def test_the_configuration_that_a_network_reports_rebuilds_it(name):
    network = make_network(name).eval()
    config = ModelConfig.from_json(network.config.to_json())
    assert config.tile_size == 32
    twin = build_model(name, config).eval()
    twin.load_state_dict(network.state_dict())
    tiles = make_tiles(n=1)
    assert torch.equal(network(tiles), twin(tiles))
