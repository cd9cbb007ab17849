from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from landfuse.core.models.config import ModelConfig  # noqa: E402
from landfuse.core.models.ncglf2 import (  # noqa: E402
    Features,
    InvertibleNode,
    ScaleAggregation,
    build,
    consistency_loss,
    focal_loss,
    mean_difference,
)

TWO = {"hsi": 10, "lidar": 1}


def make(bands=TWO, n_classes=6, patch_size=5, **options):
    torch.manual_seed(0)
    return build(ModelConfig(bands, n_classes, patch_size, options))


def make_patches(bands=TWO, n=4, patch_size=5):
    generator = torch.Generator().manual_seed(1)
    return {key: torch.randn(n, c, patch_size, patch_size, generator=generator) for key, c in bands.items()}


def n_parameters(module):
    return sum(p.numel() for p in module.parameters())


def test_the_parameter_count_is_that_of_the_release_without_its_unused_layers():
    # Houston 2013 after PCA: 40 + 1 bands, 15 classes. Of 638,887 the release never uses 128,256: a block and
    # a norm in each encoder, and one convolution per modality.
    network = make({"hsi": 40, "lidar": 1}, 15, 11)
    assert n_parameters(network) == 638_887 - 128_256
    assert [n_parameters(part) for part in network.scales] == [213_083, 5_915]
    assert n_parameters(network.embedding) == 44_800
    assert n_parameters(network.encoder) == 65_536 - 21_056 - 128
    assert n_parameters(network.fused_encoder) == 170_816 - 83_072 - 256
    assert n_parameters(network.detail) == 36_352
    assert n_parameters(network.fused_detail) == 69_120
    assert n_parameters(network.detail_head) == 4_128
    assert n_parameters(network.base_head) == 256 + 4_128
    assert n_parameters(network.classifier) == 1_005
    assert n_parameters(network.attention) == 4


def test_channels_are_mixed_alike_over_sum_mean_and_maximum():
    module = ScaleAggregation(2).eval()
    maps = torch.randn(3, 2, 5, 5)
    scales = torch.stack([scale(maps) for scale in module.scales], dim=2)  # (B, D, 3, P, P)
    stacked = torch.stack([scales.sum(dim=2), scales.mean(dim=2), scales.amax(dim=2)], dim=2)
    expected = module.mix(stacked.flatten(0, 1)).view(3, 64, 5, 5)
    torch.testing.assert_close(module(maps), expected, atol=1e-6, rtol=0)


def test_the_invertible_node_can_be_inverted():
    node = InvertibleNode(8, clamp=0.0)
    maps = torch.randn(2, 8, 4, 4)
    first, second = node(maps).chunk(2, dim=1)
    first = (first - node.eta(second)) * (-node.rho(second)).exp()
    second = second - node.phi(first)
    torch.testing.assert_close(torch.cat([first, second], dim=1), node.shuffle(maps), atol=1e-5, rtol=1e-5)


def test_a_clamp_keeps_the_invertible_network_finite():
    maps = torch.full((1, 8, 4, 4), 1e4)
    free, bounded = InvertibleNode(8, clamp=0.0), InvertibleNode(8, clamp=2.0)
    for module in (free, bounded):
        for parameter in module.parameters():
            parameter.data.fill_(0.5)
        module.rho.reduce.weight.data.fill_(10.0)
    assert not torch.isfinite(free(maps)).all()
    assert torch.isfinite(bounded(maps)).all()


def test_the_modalities_share_all_layers_but_the_first():
    network = make({"hsi": 3, "lidar": 3}).eval()
    network.scales[1].load_state_dict(network.scales[0].state_dict())
    same = torch.randn(2, 3, 5, 5)
    base, detail = network.features({"hsi": same, "lidar": same})
    torch.testing.assert_close(base[0], base[1])
    torch.testing.assert_close(detail[0], detail[1])


def test_the_order_of_a_batch_does_not_matter():
    network, patches = make().eval(), make_patches()
    turned = {key: values.flip(0) for key, values in patches.items()}
    torch.testing.assert_close(network(turned), network(patches).flip(0), atol=1e-5, rtol=0)


def test_prediction_is_repeatable_unless_dropout_is_asked_for():
    patches = make_patches()
    network = make().eval()
    assert torch.equal(network(patches), network(patches))
    drawing = make(dropout_at_prediction=True).eval()
    with torch.no_grad():  # as published, the graph's part is below rounding at the start
        for encoder in (drawing.encoder, drawing.fused_encoder):
            encoder.structure.first.fill_(30.0)
            encoder.structure.second.fill_(30.0)
    assert not torch.equal(drawing(patches), drawing(patches))


def test_focal_loss_by_hand():
    # p = (1/2, 1/2): (1 - p)^2 * ln 2 = 0.25 * 0.6931
    logits, labels = torch.zeros(3, 2, requires_grad=True), torch.tensor([0, 1, 0])
    loss = focal_loss(logits, labels)
    assert loss.item() == pytest.approx(0.25 * 0.693147, abs=1e-6)
    loss.backward()
    # The factor is constant: the gradient is a quarter of that of cross-entropy, (p - y) / B.
    assert logits.grad[0].tolist() == pytest.approx([0.25 * -0.5 / 3, 0.25 * 0.5 / 3])


def test_focal_loss_with_weights_is_a_weighted_mean():
    logits, labels = torch.tensor([[0.0, 0.0], [2.0, 0.0]]), torch.tensor([0, 1])
    single = [focal_loss(logits[i : i + 1], labels[i : i + 1]).item() for i in range(2)]
    weighted = focal_loss(logits, labels, torch.tensor([1.0, 3.0])).item()
    assert weighted == pytest.approx((single[0] + 3 * single[1]) / 4)


def test_the_consistency_loss_by_hand():
    # Differences 2 in detail and 1 in base: 4^2 / (1 + 1.01).
    features = Features(torch.tensor([[[[0.0]]], [[[1.0]]]]), torch.tensor([[[[[0.0]]]], [[[[2.0]]]]]))
    assert consistency_loss(features).item() == pytest.approx(16 / 2.01)


def test_three_modalities_average_over_their_pairs():
    values = torch.tensor([0.0, 1.0, 3.0])[:, None]
    assert mean_difference(values).item() == pytest.approx((1 + 9 + 4) / 3)


def test_one_modality_has_no_consistency_loss():
    network = make({"hsi": 4}).eval()
    features = network.features(make_patches({"hsi": 4}))
    assert consistency_loss(features).item() == 0
    assert network.base_head[1].in_features == 64


def test_the_loss_weights_can_be_chosen():
    patches, labels = make_patches(), torch.tensor([0, 1, 2, 3])
    network = make(loss_weights=[1.0, 0.0]).eval()
    assert network.loss(patches, labels).item() == pytest.approx(
        focal_loss(network(patches), labels).item(), rel=1e-5
    )


def test_the_widths_grow_with_the_number_of_modalities():
    network = make({"hsi": 4, "lidar": 1, "sar": 2})
    assert network.fused_encoder.blocks[0].linear.in_features == 192
    assert network.fused_detail[0].shuffle.in_channels == 192
    assert network.detail_head.in_features == 192


@pytest.mark.parametrize(
    ("patch_size", "options"),
    [(1, {}), (5, {"depth": 0}), (5, {"clamp": -1.0}), (5, {"loss_weights": [1.0]}), (5, {"colour": 1})],
)
def test_a_configuration_that_cannot_work_is_refused(patch_size, options):
    with pytest.raises(ValueError, match=r"patch|depth|clamp|loss_weights|colour"):
        build(ModelConfig(TWO, 3, patch_size, options))
