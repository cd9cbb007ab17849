from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from landfuse.core.models.config import ModelConfig  # noqa: E402
from landfuse.core.models.mibf_net import Latent, Noise, NoiseAdaptation, build, information  # noqa: E402


def make(bands, n_classes=6, patch_size=7, **options):
    torch.manual_seed(0)
    return build(ModelConfig(bands, n_classes, patch_size, options))


def n_parameters(network, without=()):
    return sum(p.numel() for name, p in network.named_parameters() if not name.startswith(without))


def test_the_released_head_has_the_parameter_count_of_the_release():
    # Houston 2013: 144 + 1 bands, 15 classes. All trainable parameters count, also the 1,935 of layer `fc`,
    # which the release stores and never uses; buffers do not count.
    network = make({"hsi": 144, "lidar": 1}, 15, head="released")
    assert n_parameters(network) == 379_822
    assert n_parameters(network, without=("fc.",)) == 379_822 - 1_935


def test_the_parts_have_the_parameter_counts_of_the_release():
    network = make({"hsi": 144, "lidar": 1}, 15, head="released")
    counts = [
        n_parameters(part) for part in (*network.branches, *network.relations, *network.refine, network.fuse)
    ]
    assert counts == [212_032, 19_472, 16_704, 36_992, 36_992, 33_152]
    assert n_parameters(network.head) == 22_543


def test_the_default_head_has_no_unused_layer_and_as_many_outputs_as_classes():
    network = make({"hsi": 10, "lidar": 1}, 6)
    assert network.fc is None
    assert network.head.decoder.out_features == 6
    assert network.head.encoder[0].out_features == 128


def test_the_released_head_predicts_only_classes_that_exist():
    network = make({"hsi": 10, "lidar": 1}, 6, head="released").eval()
    patches = {"hsi": torch.rand(3, 10, 7, 7), "lidar": torch.rand(3, 1, 7, 7)}
    assert network.latent(patches).logits.shape == (3, 128)
    assert torch.equal(network(patches), network.latent(patches).logits[:, :6])


def test_prediction_is_repeatable_unless_sampling_is_asked_for():
    patches = {"hsi": torch.rand(3, 10, 7, 7), "lidar": torch.rand(3, 1, 7, 7)}
    network = make({"hsi": 10, "lidar": 1}).eval()
    assert torch.equal(network(patches), network(patches))
    sampling = make({"hsi": 10, "lidar": 1}, sample_at_prediction=True).eval()
    assert not torch.equal(sampling(patches), sampling(patches))


def test_the_modality_with_most_bands_gets_the_wide_branch_and_the_configuration_says_so():
    network = make({"lidar": 1, "hsi": 10})
    assert network.config.options["wide"] == ["hsi"]
    assert [branch.expand[0].out_channels for branch in network.branches] == [16, 128]


def test_the_first_of_equally_rich_modalities_gets_the_wide_branch():
    assert make({"sar": 2, "lidar": 2}).config.options["wide"] == ["sar"]


def test_wide_branches_can_be_chosen():
    network = make({"optical": 4, "lidar": 1}, wide=["optical", "lidar"])
    assert [branch.expand[0].out_channels for branch in network.branches] == [128, 128]


@pytest.mark.parametrize(
    ("patch_size", "options"),
    [(7, {"head": "other"}), (7, {"wide": ["sar"]}), (7, {"colour": 1}), (1, {})],
)
def test_a_configuration_that_cannot_work_is_refused(patch_size, options):
    with pytest.raises(ValueError, match=r"head|wide|colour|patch"):
        build(ModelConfig({"hsi": 4}, 3, patch_size, options))


def test_the_released_head_refuses_more_classes_than_outputs():
    with pytest.raises(ValueError, match="128"):
        build(ModelConfig({"hsi": 4}, 129, 7, {"head": "released"}))


def test_two_modalities_share_the_noise_as_the_mean_gate_says():
    noise = NoiseAdaptation(2)
    noise.gate_means.fill_(0.8)
    torch.testing.assert_close(noise.probabilities(), torch.tensor([0.8, 0.2]))


def test_three_modalities_share_the_noise_by_the_mean_of_their_pairs():
    noise = NoiseAdaptation(3)  # pairs (0, 1), (0, 2), (1, 2)
    noise.gate_means.copy_(torch.tensor([0.9, 0.6, 0.3]))
    expected = torch.tensor([0.9 + 0.6, 0.1 + 0.3, 0.4 + 0.7]) / 3
    torch.testing.assert_close(noise.probabilities(), expected)


def test_an_index_drawn_twice_gets_both_noise_maps():
    maps = [torch.zeros(3, 64, 2, 2), torch.zeros(3, 64, 2, 2)]
    drawn = torch.stack([torch.full((64, 2, 2), value) for value in (1.0, 2.0, 4.0)])
    first, second = NoiseAdaptation(2)(maps, Noise(1, torch.tensor([2, 2, 0]), drawn))
    assert (first == 0).all()
    assert second[:, 0, 0, 0].tolist() == [4.0, 0.0, 3.0]


def test_seven_tenths_of_a_batch_are_drawn():
    drawn = NoiseAdaptation(2).draw(torch.zeros(64, 64, 3, 3))
    assert drawn.indices.shape == (44,)
    assert drawn.maps.shape == (44, 64, 3, 3)


def test_only_training_batches_change_the_mean_gate():
    network = make({"hsi": 5, "lidar": 1})
    patches = {"hsi": torch.rand(4, 5, 7, 7), "lidar": torch.rand(4, 1, 7, 7)}
    network.eval()(patches)
    assert network.noise.gate_means.tolist() == [0.5]
    network.train()(patches)
    assert network.noise.gate_means.tolist() != [0.5]
    assert not network.noise.gate_means.requires_grad


def test_a_single_modality_has_neither_noise_nor_relation():
    network = make({"hsi": 5})
    assert network.noise is None
    assert len(network.relations) == 0
    assert network.fuse[0].in_channels == 64


def test_three_modalities_fuse_three_maps_and_three_relations():
    assert make({"hsi": 5, "lidar": 1, "sar": 2}).fuse[0].in_channels == 3 * 64 + 3 * 128


def test_the_information_of_a_standard_normal_is_zero():
    latent = Latent(torch.zeros(2, 3), torch.zeros(2, 128), torch.ones(2, 128))
    assert information(latent).item() == 0


def test_the_information_is_the_mean_divergence_from_the_standard_normal():
    latent = Latent(torch.zeros(2, 3), torch.full((2, 128), 2.0), torch.full((2, 128), 1.0))
    assert information(latent).item() == pytest.approx(2.0)  # 0.5 * 2^2


def test_the_loss_with_a_smaller_weight_list_than_outputs_works_for_the_released_head():
    network = make({"hsi": 5, "lidar": 1}, 6, head="released").eval()
    patches = {"hsi": torch.rand(4, 5, 7, 7), "lidar": torch.rand(4, 1, 7, 7)}
    labels = torch.tensor([0, 1, 2, 3])
    assert torch.isfinite(network.loss(patches, labels, torch.ones(6), 0.1))
