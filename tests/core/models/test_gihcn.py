from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from landfuse.core.models.config import ModelConfig  # noqa: E402
from landfuse.core.models.gihcn import GIVEN, RAW_DATA, SpectralGate, build, combine  # noqa: E402
from landfuse.core.models.gihcn_branch import FuzzyBlock, gaussian_exponent, manhattan_exponent  # noqa: E402
from landfuse.core.models.gihcn_loss import contrastive_loss, divergence  # noqa: E402
from landfuse.core.models.gihcn_mamba import BidirectionalMamba  # noqa: E402

TWO = {"hsi": 6, "lidar": 2}
THREE = {"hsi": 6, "lidar": 2, "sar": 3}


def make(bands=TWO, n_classes=4, patch_size=5, **options):
    torch.manual_seed(0)
    return build(ModelConfig(bands, n_classes, patch_size, {"width": 16, **options})).eval()


def draw_patches(bands=TWO, n=4, patch_size=5, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return {key: torch.randn(n, c, patch_size, patch_size, generator=generator) for key, c in bands.items()}


def n_parameters(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize(
    ("auxiliary", "information", "n_classes", "side", "total", "branches"),
    [
        (8, 8, 15, 11, 1_143_758, [570_895, 570_895]),  # Houston 2013
        (1, 1, 6, 11, 1_120_974, [559_622, 559_622]),  # Trento
        (4, 30, 7, 9, 1_142_070, [553_479, 586_759]),  # Augsburg with 30 bands of information
    ],
)
def test_the_parameter_count_is_that_of_the_release(auxiliary, information, n_classes, side, total, branches):
    bands, informed = {"hsi": 30, "lidar": auxiliary}, {"hsi": 30, "lidar": information}
    network = build(ModelConfig(bands, n_classes, side, {"generative_bands": informed}))
    assert n_parameters(network) == total
    assert [n_parameters(branch) for branch in network.branches] == branches
    assert n_parameters(network.branches[0].mamba) == 482_304


def test_a_pixel_does_not_depend_on_its_batch():
    network, patches = make(), draw_patches(n=6)
    patches["hsi"][0] *= 100  # an outlier in the same batch
    together = network(patches)
    for i in range(6):
        alone = network({key: values[i : i + 1] for key, values in patches.items()})
        torch.testing.assert_close(alone[0], together[i], atol=1e-5, rtol=0)


def test_the_published_weighting_does_depend_on_the_batch():
    network, patches = make(weighting="batch"), draw_patches(n=2)
    patches["hsi"][0] *= 100
    alone = network({key: values[1:] for key, values in patches.items()})
    assert (alone[0] - network(patches)[1]).abs().max() > 1e-4


@pytest.mark.parametrize("weighting", ["per_sample", "batch"])
@pytest.mark.parametrize("value", [0.0, 3.0])
def test_constant_patches_never_give_nan(weighting, value):
    network = make(weighting=weighting)
    patches = {key: torch.full_like(values, value) for key, values in draw_patches().items()}
    network.train()
    loss = network.loss(patches, torch.tensor([0, 1, 2, 3]))
    loss.backward()
    assert torch.isfinite(loss)
    assert all(torch.isfinite(p.grad).all() for p in network.parameters())
    assert torch.isfinite(network.eval()(patches)).all()


def test_the_gaussian_weight_by_hand():
    maps = torch.zeros(2, 1, 3, 3)
    maps[0, 0, 0, 0], maps[1, 0, 2, 2] = 1.0, 2.0
    # Squared distances from the centre: 1 in the first patch, 4 in the second; spread 0.5.
    own, batch = gaussian_exponent(maps, 0.5, False), gaussian_exponent(maps, 0.5, True)
    assert (own[0, 0, 0, 0], own[1, 0, 2, 2]) == (2.0, 2.0)
    assert (batch[0, 0, 0, 0].item(), batch[1, 0, 2, 2].item()) == pytest.approx((1 / 2.5, 4 / 2.5))
    assert own.count_nonzero() == 2


def test_the_manhattan_weight_falls_with_the_steps_to_the_centre():
    assert manhattan_exponent(3, 2.0).tolist() == [[1.0, 0.5, 1.0], [0.5, 0.0, 0.5], [1.0, 0.5, 1.0]]


def test_no_gradient_flows_through_the_fuzzy_weights():
    block = FuzzyBlock(3, 8, 5, 0.5, 5.0, False)
    assert not block.weight(torch.randn(2, 8, 5, 5, requires_grad=True)).requires_grad


def test_spectral_gates_lie_between_a_half_and_one():
    gates = SpectralGate(4, 7, joint=True).eval()(torch.randn(9, 4, 5, 5) * 10)
    assert gates.shape == (9, 7, 1, 1)
    assert gates.min() >= 0.5
    assert gates.max() <= 1.0


def test_joint_statistics_normalise_in_training_as_in_prediction():
    joint, separate = SpectralGate(4, 7, joint=True), SpectralGate(4, 7, joint=False)
    separate.load_state_dict(joint.state_dict())
    maps = torch.randn(16, 4, 5, 5)
    for _ in range(200):  # until the running statistics are those of these patches
        joint(maps), separate(maps)
    found, other = joint(maps), separate(maps)
    # The running variance is the unbiased one, here 32 / 31 of that of the batch.
    torch.testing.assert_close(found, joint.eval()(maps), atol=0.05, rtol=0)
    assert (other - separate.eval()(maps)).abs().max() > 0.1


def test_the_mean_before_the_last_layer_is_the_mean_after_it():
    mamba, tokens = BidirectionalMamba(16), torch.randn(9, 2, 16)
    torch.testing.assert_close(mamba.mean(tokens), mamba(tokens).mean(dim=0), atol=1e-6, rtol=0)


def test_the_directions_see_the_tokens_from_their_own_end():
    mamba, tokens = BidirectionalMamba(16), torch.randn(9, 1, 32)
    changed = tokens.clone()
    changed[4] += 1
    for direction, untouched in zip(mamba.directions, (slice(0, 4), slice(5, 9))):
        moved = (direction(changed) - direction(tokens)).abs().amax(dim=(1, 2))
        assert moved[untouched].max() == 0
        assert moved[4] > 0


def test_the_reverse_direction_is_the_forward_one_of_the_turned_tokens():
    forwards, backwards = BidirectionalMamba(16).directions
    backwards.load_state_dict(forwards.state_dict())
    x = torch.randn(9, 2, 32)
    torch.testing.assert_close(backwards(x), forwards(x.flip(0)).flip(0), atol=1e-6, rtol=1e-6)


def test_the_first_step_sizes_are_those_of_the_release():
    torch.manual_seed(0)
    forwards, backwards = (d.step.bias for d in BidirectionalMamba(256).directions)
    steps = torch.nn.functional.softplus(forwards)
    assert steps.min() >= 1e-3 * 0.99
    assert steps.max() <= 1e-1 * 1.01
    assert steps.median().item() == pytest.approx(1e-2, rel=0.2)
    assert backwards.abs().max() <= 0.25
    assert torch.nn.functional.softplus(backwards).mean().item() == pytest.approx(0.70, abs=0.02)


def test_a_single_source_is_not_gated_and_has_two_views():
    network = make({"optical": 4})
    patches = draw_patches({"optical": 4})
    assert len(network.gates) == 0
    assert all(torch.equal(view, patches["optical"]) for view in network.views(patches))
    assert network.outputs(patches).logits.shape == (2, 4, 4)


def test_two_others_share_the_primary_source_by_the_mean():
    network, patches = make(THREE), draw_patches(THREE)
    raw, info = network.views(patches)
    gates = network.gates
    expected = (gates[0].spatial_raw(patches["lidar"]) + gates[1].spatial_raw(patches["sar"])) / 2
    torch.testing.assert_close(raw[:, :6], expected * patches["hsi"])
    torch.testing.assert_close(raw[:, 8:], gates[1].spectral_raw(patches["hsi"]) * patches["sar"])
    torch.testing.assert_close(info[:, 8:], gates[1].spatial_information(patches["hsi"]) * patches["sar"])
    expected = (
        gates[0].spectral_information(patches["lidar"]) + gates[1].spectral_information(patches["sar"])
    ) / 2
    torch.testing.assert_close(info[:, :6], expected * patches["hsi"])


def test_the_primary_source_is_that_with_most_bands_unless_it_is_chosen():
    bands = {"lidar": 2, "hsi": 6, "sar": 3}
    assert make(bands).order == ("hsi", "lidar", "sar")
    assert make(bands, primary="sar").order == ("sar", "lidar", "hsi")
    assert make(bands).config.options["primary"] == "hsi"


def test_what_stands_in_for_the_generative_information_is_said():
    assert make().config.options["generative_information"] == RAW_DATA
    own = make(generative_bands={"hsi": 3, "lidar": 5})
    assert own.config.options["generative_information"] == GIVEN
    patches = draw_patches()
    assert own(patches, draw_patches({"hsi": 3, "lidar": 5})).shape == (4, 4)
    with pytest.raises(ValueError, match="generative"):
        own(patches)
    with pytest.raises(ValueError, match="generative"):
        make()(patches, patches)


def test_the_views_are_combined_as_asked():
    logits = torch.tensor([[[0.0, 2.0, 1.0]], [[3.0, 0.0, 1.0]]])
    mean = logits.softmax(dim=2).mean(dim=0)
    torch.testing.assert_close(combine(logits, "mean_probabilities").softmax(dim=1), mean)
    torch.testing.assert_close(combine(logits, "mean_logits"), torch.tensor([[1.5, 1.0, 1.0]]))
    assert torch.equal(combine(logits, "view_1"), logits[0])
    assert torch.equal(combine(logits, "view_2"), logits[1])


def test_the_contrastive_loss_by_hand():
    first = torch.tensor([[2.0, 0.0], [0.0, 1.0]])
    # The other view has the same direction (cosine 1), both views of the other sample a right angle (0).
    loss = contrastive_loss(first, 3 * first)
    e2 = 7.389056
    assert loss.item() == pytest.approx(-torch.log(torch.tensor(e2 / (e2 + 2))).item(), abs=1e-5)


def test_the_divergence_by_hand():
    # p = (1/2, 1/2), q = (3/4, 1/4), m = (5/8, 3/8)
    first, second = torch.zeros(1, 2), torch.tensor([[3.0, 1.0]]).log()
    p, q, m = torch.tensor([0.5, 0.5]), torch.tensor([0.75, 0.25]), torch.tensor([0.625, 0.375])

    def kl(a, b):
        return (a * (a / b).log()).sum().item()

    assert divergence(first, second).item() == pytest.approx((kl(m, p) + kl(m, q)) / 2, abs=1e-6)
    assert divergence(first, second, False).item() == pytest.approx((kl(p, m) + kl(q, m)) / 2, abs=1e-6)
    assert divergence(first, first).item() == pytest.approx(0, abs=1e-7)


def test_the_loss_is_the_sum_of_its_four_parts():
    network, patches, labels = make(), draw_patches(), torch.tensor([0, 1, 2, 3])
    features, logits = network.outputs(patches)
    parts = [contrastive_loss(*features), divergence(*features)]
    parts += [torch.nn.functional.cross_entropy(values, labels) for values in logits]
    torch.testing.assert_close(network.loss(patches, labels), sum(parts))


def test_training_drops_values_of_the_features_and_prediction_does_not():
    network, patches = make(), draw_patches()
    assert torch.equal(network(patches), network(patches))
    network.train()
    assert not torch.equal(network(patches), network(patches))


@pytest.mark.parametrize(
    ("patch_size", "options"),
    [
        (1, {}),
        (5, {"width": 0}),
        (5, {"dropout": 1.0}),
        (5, {"gaussian_spread": 0.0}),
        (5, {"weighting": "window"}),
        (5, {"combination": "vote"}),
        (5, {"divergence": "kl"}),
        (5, {"primary": "sar"}),
        (5, {"generative_bands": {"hsi": 3}}),
        (5, {"colour": 1}),
    ],
)
def test_a_configuration_that_cannot_work_is_refused(patch_size, options):
    with pytest.raises(
        ValueError, match=r"patch|width|dropout|spread|weighting|comb|diverg|prim|gener|colour"
    ):
        build(ModelConfig(TWO, 3, patch_size, options))


def test_half_precision_gives_nearly_the_same_probabilities():
    network, patches = make(), draw_patches(n=8)
    with torch.no_grad():
        exact = network(patches).softmax(dim=1)
        with torch.autocast("cpu", torch.bfloat16):
            half = network(patches).softmax(dim=1)
    assert (half.float() - exact).abs().max() < 0.03
    assert not torch.equal(half.float(), exact)


def test_the_report_tells_what_computed_the_scan():
    assert make().facts(torch.device("cpu")) == {"selective_scan": "torch"}
