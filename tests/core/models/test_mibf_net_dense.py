from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from landfuse.core.models import mibf_net_dense  # noqa: E402
from landfuse.core.models.config import ModelConfig  # noqa: E402
from landfuse.core.models.mibf_net import build  # noqa: E402
from landfuse.core.models.mibf_net_dense import DenseMibfNet  # noqa: E402

TWO = {"hsi": 9, "lidar": 1}


def make(bands, patch_size, **options):
    """A network with random weights and random batch-norm statistics, in eval mode."""
    torch.manual_seed(1)
    network = build(ModelConfig(bands, 5, patch_size, options)).eval()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.5)
                module.running_var.uniform_(0.3, 2)
                module.weight.uniform_(-1.5, 1.5)
                module.bias.normal_(0, 0.5)
    return network


def make_tiles(bands, patch_size, rows, cols):
    generator = torch.Generator().manual_seed(2)
    extra = patch_size - 1
    return {k: torch.rand(c, rows + extra, cols + extra, generator=generator) for k, c in bands.items()}


def patch_by_patch(network, tiles, patch_size):
    """Logits (H * W, K) of the network itself on every patch of the tiles."""
    patches = {
        key: tile.unfold(1, patch_size, 1).unfold(2, patch_size, 1).permute(1, 2, 0, 3, 4).flatten(0, 1)
        for key, tile in tiles.items()
    }
    with torch.no_grad():
        return network(patches)


def assert_equal_to_patches(network, tiles, **settings):
    expected = patch_by_patch(network, tiles, network.config.patch_size)
    torch.testing.assert_close(DenseMibfNet(network)(tiles, **settings), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("patch_size", [3, 5, 7, 9, 11])
def test_dense_logits_equal_those_of_every_patch(patch_size):
    assert_equal_to_patches(make(TWO, patch_size), make_tiles(TWO, patch_size, 6, 9))


@pytest.mark.parametrize(
    "bands", [{"hsi": 9}, {"lidar": 1, "hsi": 9}, {"hsi": 9, "lidar": 1, "sar": 2}], ids=lambda b: "+".join(b)
)
def test_dense_evaluation_takes_any_number_and_order_of_modalities(bands):
    assert_equal_to_patches(make(bands, 7), make_tiles(bands, 7, 5, 6))


def test_dense_evaluation_of_the_released_head_gives_the_class_logits():
    assert_equal_to_patches(make(TWO, 7, head="released"), make_tiles(TWO, 7, 4, 4))


@pytest.mark.parametrize(("rows", "cols"), [(1, 1), (1, 9), (9, 1), (5, 7)])
@pytest.mark.parametrize("batch_size", [1, 3, 1000])
def test_neither_the_size_of_the_tile_nor_of_the_batch_matters(rows, cols, batch_size):
    assert_equal_to_patches(make(TWO, 5), make_tiles(TWO, 5, rows, cols), batch_size=batch_size)


def test_a_tile_larger_than_a_block_is_put_together_again(monkeypatch):
    monkeypatch.setattr(mibf_net_dense, "BLOCK", 16)
    assert_equal_to_patches(make(TWO, 5), make_tiles(TWO, 5, 35, 17))


def test_a_block_with_many_rows_is_made_in_pieces():
    assert_equal_to_patches(make(TWO, 3), make_tiles(TWO, 3, 50, 2))


def test_half_precision_stays_close_to_single_precision():
    network, tiles = make(TWO, 7), make_tiles(TWO, 7, 4, 4)
    exact = DenseMibfNet(network)(tiles)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = DenseMibfNet(network)(tiles)
    torch.testing.assert_close(rounded.float(), exact, atol=0.15, rtol=0.1)


def test_an_odd_network_that_samples_is_refused():
    with pytest.raises(ValueError, match="sample_at_prediction"):
        DenseMibfNet(make(TWO, 7, sample_at_prediction=True))
