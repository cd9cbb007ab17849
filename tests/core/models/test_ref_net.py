from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from landfuse.core.models.config import ModelConfig  # noqa: E402
from landfuse.core.models.ref_net import IGNORED, build, labelled_entropy, padded, with_options  # noqa: E402

SMALL = {"encoder": "resnet10_half", "width": 8, "drop_path": 0.0}
PAIR = {"optical": 3, "sar": 2}


def make_network(bands=PAIR, n_classes=4, **options):
    torch.manual_seed(0)
    return build(ModelConfig(bands, n_classes, options={**SMALL, **options}))


def make_tiles(bands=PAIR, side=32, n=2, width=0):
    generator = torch.Generator().manual_seed(1)
    return {k: torch.randn(n, c, side, width or side, generator=generator) for k, c in bands.items()}


def test_the_published_network_has_the_published_number_of_parameters():
    network = build(ModelConfig(PAIR, 9))
    counts = {name: sum(p.numel() for p in m.parameters()) for name, m in network.named_children()}
    assert counts == {
        "encoders": 23_508_032 + 23_504_896, "levels": 13_782_912, "head": 1161, "branch_heads": 2 * 1161,
    }  # fmt: skip


def test_three_sources_have_three_branches_and_the_difference_to_the_mean_of_the_others():
    network = make_network({"hsi": 5, "lidar": 1, "sar": 2}).eval()
    level = network.levels[2]
    maps = [torch.randn(1, 8, 4, 4) for _ in range(3)]
    joined = level.join(maps)
    expected = level.join.difference(maps[0] - (maps[1] + maps[2]) / 2)
    torch.testing.assert_close(joined.difference, expected)
    outputs = network.outputs(make_tiles({"hsi": 5, "lidar": 1, "sar": 2}))
    assert [tuple(o.shape) for o in outputs.auxiliary] == [(2, 4, 32, 32)] * 3


def test_a_single_source_has_neither_difference_nor_branches():
    network = make_network({"optical": 4})
    names = {name for name, _ in network.named_parameters()}
    assert not any("difference" in name or "branch" in name for name in names)
    outputs = network.outputs(make_tiles({"optical": 4}))
    assert outputs.auxiliary == []
    assert network.loss(make_tiles({"optical": 4}), torch.zeros(2, 32, 32, dtype=torch.long)).requires_grad


def test_the_source_with_most_bands_comes_first_unless_another_is_chosen():
    assert make_network({"sar": 2, "optical": 4}).order == ("optical", "sar")
    assert make_network({"sar": 2, "optical": 4}, primary="sar").order == ("sar", "optical")


def test_exchanging_the_roles_changes_the_result():
    bands, state = {"optical": 2, "sar": 2}, make_network({"optical": 2, "sar": 2}).state_dict()
    tiles, found = make_tiles(bands), []
    for primary in bands:
        network = make_network(bands, primary=primary).eval()
        network.load_state_dict(state)
        found.append(network(tiles))
    assert (found[0] - found[1]).abs().max() > 1e-3


def test_leaving_the_auxiliary_decoders_out_does_not_change_the_logits():
    network = make_network().eval()
    tiles = make_tiles()
    assert torch.equal(network(tiles), network.outputs(tiles).logits)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (33, 50), (5, 7), (1, 1), (64, 40)])
def test_a_tile_of_any_size_gives_logits_of_the_same_size(height, width):
    network = make_network().eval()
    assert network(make_tiles(side=height, width=width)).shape == (2, 4, height, width)


def test_padding_mirrors_and_replicates_only_where_the_tile_is_too_small():
    maps = torch.arange(5.0).view(1, 1, 1, 5).expand(1, 1, 5, 5)
    assert padded(maps, 8)[0, 0, 0].tolist() == [0, 1, 2, 3, 4, 3, 2, 1]
    assert padded(maps[..., :2], 8)[0, 0, 0].tolist() == [0] + [1] * 7
    assert padded(maps, 5) is maps


def test_as_published_there_is_no_padding_and_other_corners():
    tiles = make_tiles()
    state = make_network().state_dict()
    ours, published = make_network().eval(), make_network(enlarging="published", padding="none").eval()
    for network in (ours, published):
        network.load_state_dict(state)
    assert (ours(tiles) - published(tiles)).abs().max() > 1e-4
    even = make_tiles(side=48)
    assert published(even).shape == (2, 4, 48, 48)


def test_unlabelled_pixels_teach_nothing():
    network = make_network().eval()
    tiles, labels = make_tiles(), torch.full((2, 32, 32), IGNORED)
    labels[0, 3:6, 4] = torch.tensor([0, 2, 3])
    loss = network.loss(tiles, labels)
    outputs = network.outputs(tiles)
    rows = outputs.logits[0, :, 3:6, 4].T
    expected = torch.nn.functional.cross_entropy(rows, torch.tensor([0, 2, 3]))
    others = [
        torch.nn.functional.cross_entropy(o[0, :, 3:6, 4].T, torch.tensor([0, 2, 3]))
        for o in outputs.auxiliary
    ]
    torch.testing.assert_close(loss, expected + 0.005 * sum(others))


def test_a_batch_without_a_label_has_no_loss_and_finite_gradients():
    logits = torch.randn(1, 3, 4, 4, requires_grad=True)
    loss = labelled_entropy(logits, torch.full((1, 4, 4), IGNORED), torch.ones(3), 0.1)
    loss.backward()
    assert loss.item() == 0
    assert bool((logits.grad == 0).all())


def test_imagenet_weights_start_every_encoder():
    network = make_network(encoder="resnet18")
    weights = {k: v.numpy().copy() for k, v in network.encoders[0].state_dict().items()}
    weights["layer2.0.conv1.weight"] = weights["layer2.0.conv1.weight"] + 1
    network.load_encoders(weights)
    for encoder in network.encoders:
        assert torch.equal(encoder.layer2[0].conv1.weight, torch.tensor(weights["layer2.0.conv1.weight"]))
    torch.testing.assert_close(
        network.encoders[1].conv1.weight, torch.tensor(weights["conv1.weight"][:, :2]) * 1.5
    )
    with pytest.raises(ValueError, match=r"layer1\.1"):
        network.load_encoders({k: v for k, v in weights.items() if "layer1.1" not in k})


@pytest.mark.parametrize(
    "options",
    [
        {"encoder": "vgg"},
        {"width": 0},
        {"primary": "hsi"},
        {"padding": "zeros"},
        {"drop_path": 1.0},
        {"x": 1},
    ],
)
def test_options_that_are_not_known_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        with_options(ModelConfig(PAIR, 3, options=options))
