from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from landfuse.core.models.spectral_unet import REACHES, SpectralUnet  # noqa: E402

AT = torch.tensor([5])


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return SpectralUnet().eval()


def test_it_has_the_published_number_of_parameters(network):
    assert sum(p.numel() for p in network.parameters()) == 4_299_633
    assert sum(p.numel() for p in network.ups[0].parameters()) == 965_120


def test_the_stages_have_the_published_shapes(network):
    with torch.no_grad():
        found = network.features(torch.zeros(2, 1, 16, 3, 5), AT.expand(2), (0, 1, 2))
    assert [tuple(f.shape) for f in found] == [(2, 256, 2, 3, 5), (2, 128, 4, 3, 5), (2, 64, 8, 3, 5)]
    assert torch.equal(found[0][:, :128], found[0][:, 128:])


def test_a_spectral_axis_that_cannot_be_halved_thrice_is_refused(network):
    with pytest.raises(ValueError, match="multiple of 8, got 12"):
        network(torch.zeros(1, 1, 12, 4, 4), AT)


@pytest.mark.parametrize("stage", [0, 1, 2])
def test_a_pixel_sees_no_farther_than_its_reach(network, stage):
    side = 2 * REACHES[2] + 5
    cube = torch.randn(1, 1, 8, side, side)
    changed = cube.clone()
    changed[..., :2] += 1.0  # the two columns at the left
    with torch.no_grad():
        before, after = (network.features(c, AT, (stage,))[0] for c in (cube, changed))
    columns = (before != after).flatten(0, 3).any(dim=0)
    assert columns[1 + REACHES[stage]]
    assert not columns[2 + REACHES[stage] :].any()


def test_every_parameter_gets_a_finite_gradient():
    torch.manual_seed(1)
    network = SpectralUnet()
    network(torch.randn(2, 1, 8, 6, 6), torch.tensor([3, 400])).abs().mean().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())
    assert all(p.grad.abs().sum() > 0 for p in network.parameters())
