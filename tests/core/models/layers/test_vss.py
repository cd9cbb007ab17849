from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from landfuse.core.models.layers.vss import CrossScan, DropPath, VssBlock, VssSettings  # noqa: E402


def test_the_block_has_as_many_parameters_as_the_specification_counts():
    block = VssBlock(128, VssSettings())
    assert sum(value.numel() for value in block.parameters()) == 222_080


def test_step_sizes_start_between_a_thousandth_and_a_tenth_and_the_decay_is_that_of_one_state():
    torch.manual_seed(0)
    scan = CrossScan(64, VssSettings())
    steps = torch.nn.functional.softplus(scan.step_bias.detach())
    assert 0.9e-3 < float(steps.min()) < 3e-3
    assert 3e-2 < float(steps.max()) < 0.11
    assert torch.equal(scan.weights().a, -torch.ones(4, 128, 1))


def test_a_map_of_any_shape_keeps_it():
    block = VssBlock(8, VssSettings(n_states=2, rank=3, conv_bias=True)).eval()
    for shape in ((2, 8, 5, 7), (1, 8, 1, 1)):
        assert block(torch.randn(shape)).shape == shape


def test_samples_of_a_batch_do_not_see_each_other():
    torch.manual_seed(0)
    block, maps = VssBlock(8, VssSettings()).eval(), torch.randn(3, 8, 6, 6)
    torch.testing.assert_close(block(maps)[1:2], block(maps[1:2]), atol=1e-6, rtol=0)


def test_a_dropped_branch_is_dropped_whole_and_the_mean_is_kept():
    torch.manual_seed(0)
    dropped = DropPath(0.25).train()(torch.ones(4000, 2, 3))
    per_sample = dropped.flatten(1)
    assert bool((per_sample == per_sample[:, :1]).all())
    assert per_sample[:, 0].unique().tolist() == pytest.approx([0.0, 1 / 0.75])
    assert float(dropped.mean()) == pytest.approx(1.0, abs=0.05)
    assert torch.equal(DropPath(0.25).eval()(torch.ones(5, 1)), torch.ones(5, 1))
