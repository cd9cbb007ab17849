from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from landfuse.core.models.layers.cross_scan import (  # noqa: E402
    CrossScanWeights,
    cross_scan,
    from_sequences,
    pair_inputs,
    to_sequences,
)
from landfuse.core.models.layers.selective_scan import ScanInputs, selective_scan  # noqa: E402

RANK = 2


def draw_weights(channels, n_states):
    generator = torch.Generator().manual_seed(3)

    def normal(*shape):
        return torch.randn(*shape, generator=generator) / 2

    return CrossScanWeights(
        project=normal(4, RANK + 2 * n_states, channels),
        step=normal(4, channels, RANK),
        step_bias=normal(4, channels) - 2,
        a=-normal(4, channels, n_states).exp(),
        d=normal(4, channels),
    )


def draw_maps(batch=2, channels=3, height=3, width=5):
    return torch.randn(batch, channels, height, width, generator=torch.Generator().manual_seed(1))


def as_defined(maps, weights, loop):
    """Copy the four sequences out, scan each forwards, and put each back to its pixels."""
    batch, channels, height, width = maps.shape
    n_states = weights.a.shape[2]
    index = torch.arange(height * width).view(height, width)
    orders = [index.flatten(), index.T.flatten(), index.flatten().flip(0), index.T.flatten().flip(0)]
    pixels = maps.flatten(2).permute(2, 0, 1)  # (L, B, E)
    total = torch.zeros_like(pixels)
    for k, order in enumerate(orders):
        u = pixels[order]
        step, b, c = (u @ weights.project[k].T).split([RANK, n_states, n_states], dim=2)
        delta = torch.nn.functional.softplus(step @ weights.step[k].T + weights.step_bias[k])
        y = loop(
            ScanInputs(*(v[:, :, None] for v in (u, delta)), weights.a[k][None], b[:, :, None], c[:, :, None],
                       weights.d[k][None])
        )  # fmt: skip
        back = torch.empty_like(pixels)
        back[order] = y[:, :, 0]
        total = total + back
    return total.view(height, width, batch, channels).permute(2, 0, 1, 3)


@pytest.mark.parametrize(("height", "width"), [(3, 5), (4, 4), (1, 7), (6, 1), (1, 1)])
@pytest.mark.parametrize("n_states", [1, 3])
def test_the_sum_is_that_of_four_sequences_copied_out(loop, height, width, n_states):
    maps, weights = draw_maps(height=height, width=width), draw_weights(3, n_states)
    found, expected = cross_scan(maps, weights), as_defined(maps, weights, loop)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_gradients_are_those_of_four_sequences_copied_out(loop):
    results = []
    for scan in (cross_scan, lambda *arguments: as_defined(*arguments, loop)):
        maps = draw_maps().requires_grad_()
        weights = CrossScanWeights(*(value.requires_grad_() for value in draw_weights(3, 1)))
        results.append(torch.autograd.grad(scan(maps, weights).square().sum(), [maps, *weights]))
    for found, expected in zip(*results):
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_sequences_go_along_rows_and_along_columns():
    maps = torch.arange(6.0).view(1, 1, 2, 3)
    sequences = to_sequences(maps)
    assert sequences[:, 0, 0, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert sequences[:, 0, 1, 0].tolist() == [0, 3, 1, 4, 2, 5]
    assert torch.equal(from_sequences(sequences, 2, 3)[0, :, :, 0], 2 * maps[0, 0])


@pytest.mark.parametrize("turn", ["half a turn", "transposed"])
def test_a_turned_image_gives_the_turned_result_where_all_directions_are_alike(turn):
    weights = CrossScanWeights(*(value[:1].expand(4, *value.shape[1:]) for value in draw_weights(3, 2)))
    maps = draw_maps(height=4, width=5)
    result = cross_scan(maps, weights)
    if turn == "transposed":
        found, expected = cross_scan(maps.transpose(2, 3), weights), result.transpose(1, 2)
    else:
        found, expected = cross_scan(maps.flip(2, 3), weights), result.flip(1, 2)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_under_autocast_the_recursion_stays_in_float32():
    maps, weights = draw_maps(), draw_weights(3, 1)
    with torch.autocast("cpu", torch.bfloat16):
        found = cross_scan(maps, weights)
    assert found.dtype == torch.float32
    expected = cross_scan(maps, weights)
    assert (found - expected).abs().max() < 0.03 * expected.abs().max()


@pytest.mark.shared_data
def test_the_recorded_scan_of_ref_net_is_reproduced(shared):
    path = shared / "fixtures" / "ref_net_mdf_vss_a.npz"
    if not path.is_file():
        pytest.skip(f"the recorded values are not here ({path})")
    with np.load(path, allow_pickle=False) as archive:
        values = {k[7:]: torch.from_numpy(archive[k]) for k in archive.files if k.startswith("i:scan_")}
        maps = torch.nn.functional.silu(torch.from_numpy(archive["i:diff_conv2d"]))
        named = {k.rpartition(".")[2]: archive[k] for k in archive.files if "w:diff_st_block.1.op." in k}
    channels, n_states = maps.shape[1], values["A"].shape[1]

    def of_direction(k):  # its own rows of u and delta, and its group of B and C, as (L, B, 1, ...)
        rows = slice(k * channels, (k + 1) * channels)
        u, raw = (values[name][:, rows].permute(2, 0, 1)[:, :, None] for name in ("u", "delta"))
        b, c = (values[name][:, k].permute(2, 0, 1)[:, :, None] for name in ("B", "C"))
        delta = torch.nn.functional.softplus(raw + values["delta_bias"][rows])
        return ScanInputs(u, delta, values["A"][None, rows], b, c, values["D"][None, rows]), rows

    for k in range(4):
        inputs, rows = of_direction(k)
        y = selective_scan(inputs)[:, :, 0].permute(1, 2, 0)
        torch.testing.assert_close(y, values["y"][:, rows], atol=1e-5, rtol=0)

    weights = CrossScanWeights(
        *(torch.from_numpy(named[name]) for name in ("x_proj_weight", "dt_projs_weight", "dt_projs_bias")),
        values["A"].view(4, channels, n_states),
        values["D"].view(4, channels),
    )
    inputs = pair_inputs(to_sequences(maps), CrossScanWeights(*(value[:2] for value in weights)))
    recorded, _ = of_direction(1)
    for found, expected in zip(inputs, recorded):
        torch.testing.assert_close(
            found[:, :, 1:] if found.dim() == 4 else found[1:], expected, atol=1e-5, rtol=0
        )
