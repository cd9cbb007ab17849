from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from landfuse.core.models.layers import selective_scan as module  # noqa: E402
from landfuse.core.models.layers.selective_scan import ScanInputs, scan_backend, selective_scan  # noqa: E402

# L, B, G, E, N: odd and prime lengths, one token, one sample, one state, several groups.
SHAPES = [(1, 1, 1, 1, 1), (2, 1, 2, 3, 1), (7, 3, 1, 5, 16), (37, 1, 2, 4, 1), (50, 2, 3, 2, 4)]


def with_gradients(scan, inputs, reverse):
    leaves = ScanInputs(*(value.detach().clone().requires_grad_() for value in inputs))
    y = scan(leaves, reverse)
    weights = torch.randn(y.shape, generator=torch.Generator().manual_seed(9), dtype=y.dtype)
    return y.detach(), torch.autograd.grad((y * weights).sum(), leaves)


def assert_same(found, expected, tolerance=2e-6):
    """Compare with the largest value of the expected tensor as the measure."""
    scale = max(float(expected.abs().max()), 1e-3)
    torch.testing.assert_close(found, expected, atol=tolerance * scale, rtol=0)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_values_and_gradients_are_those_of_the_plain_loop(scan_inputs, loop, shape, reverse):
    inputs = scan_inputs(*shape)
    expected, expected_gradients = with_gradients(loop, inputs, reverse)
    found, gradients = with_gradients(selective_scan, inputs, reverse)
    assert_same(found, expected)
    for value, wanted in zip(gradients, expected_gradients):
        assert_same(value, wanted)


@pytest.mark.parametrize("reverse", [False, True])
def test_samples_computed_in_blocks_make_no_difference(scan_inputs, loop, monkeypatch, reverse):
    inputs = scan_inputs(11, 5, 1, 4, 3)
    monkeypatch.setattr(module, "BLOCK", 4 * 12 * 2)  # 4 tokens of 12 numbers: two samples at once, one left
    expected, expected_gradients = with_gradients(loop, inputs, reverse)
    found, gradients = with_gradients(selective_scan, inputs, reverse)
    assert_same(found, expected)
    for value, wanted in zip(gradients, expected_gradients):
        assert_same(value, wanted)


@pytest.mark.parametrize("reverse", [False, True])
def test_the_gradient_is_that_of_finite_differences(scan_inputs, reverse):
    leaves = [v.requires_grad_() for v in scan_inputs(5, 2, 2, 2, 3, dtype=torch.float64)]
    assert torch.autograd.gradcheck(lambda *values: selective_scan(ScanInputs(*values), reverse), leaves)


def test_two_tokens_by_hand():
    one = torch.ones(2, 1, 1, 1)
    inputs = ScanInputs(
        u=one, delta=one * 2, a=torch.full((1, 1, 1), -0.5), b=one * 3, c=one, d=torch.full((1, 1), 10.0)
    )
    # s_1 = 2 * 1 * 3; s_2 = exp(-1) s_1 + 6; y = s + 10.
    assert selective_scan(inputs).flatten().tolist() == pytest.approx([16, 16 + 6 * 0.36787944])
    assert selective_scan(inputs, reverse=True).flatten().tolist() == pytest.approx([16 + 6 * 0.36787944, 16])


def test_the_reverse_scan_is_the_scan_of_the_turned_sequence(scan_inputs):
    inputs = scan_inputs(9)
    turned = inputs._replace(**{name: getattr(inputs, name).flip(0) for name in ("u", "delta", "b", "c")})
    torch.testing.assert_close(selective_scan(inputs, reverse=True), selective_scan(turned).flip(0))


def test_inputs_without_gradient_give_the_same_values(scan_inputs):
    inputs = scan_inputs(12)
    with torch.no_grad():
        plain = selective_scan(inputs)
    assert torch.equal(plain, with_gradients(selective_scan, inputs, False)[0])


def test_strong_decay_over_a_long_sequence_stays_finite(scan_inputs):
    inputs = scan_inputs(400, 1)
    inputs = inputs._replace(a=inputs.a * 1e3, delta=inputs.delta * 10)
    y, gradients = with_gradients(selective_scan, inputs, False)
    assert all(torch.isfinite(value).all() for value in (y, *gradients))


def test_the_states_are_not_kept_for_the_backward_pass(scan_inputs):
    length, batch, channels, n_states = 144, 2, 8, 16
    leaves = ScanInputs(*(v.requires_grad_() for v in scan_inputs(length, batch, 1, channels, n_states)))
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t.numel()) or t, lambda t: t):
        selective_scan(leaves)
    states_of_a_token = batch * channels * n_states
    inputs = sum(value.numel() for value in leaves)
    assert sum(kept) == inputs + 12 * states_of_a_token  # 12 = sqrt(144), of 144 tokens


@pytest.mark.parametrize(("dtype", "bound"), [(torch.bfloat16, 2e-2), (torch.float16, 3e-3)])
def test_half_precision_costs_the_rounding_of_the_inputs_alone(scan_inputs, dtype, bound):
    inputs = scan_inputs(64, 2, 2, 16, 4)
    rounded = ScanInputs(*(value.to(dtype) for value in inputs))
    found = selective_scan(rounded)
    assert found.dtype == torch.float32
    assert torch.equal(found, selective_scan(ScanInputs(*(value.float() for value in rounded))))
    assert_same(found, selective_scan(inputs), bound)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_gradients_of_half_precision_are_within_its_rounding(scan_inputs, dtype):
    inputs = scan_inputs(33, 2, 1, 8, 4)
    rounded = ScanInputs(*(value.to(dtype) for value in inputs))
    _, expected = with_gradients(selective_scan, ScanInputs(*(value.float() for value in rounded)), False)
    _, found = with_gradients(selective_scan, rounded, False)
    for value, wanted in zip(found, expected):
        assert value.dtype == dtype
        assert_same(value.float(), wanted, torch.finfo(dtype).eps)


def test_autocast_does_not_touch_the_scan(scan_inputs):
    inputs = scan_inputs(20, 2, 1, 8, 4)
    expected, expected_gradients = with_gradients(selective_scan, inputs, False)
    with torch.autocast("cpu", torch.bfloat16):
        found, gradients = with_gradients(selective_scan, inputs, False)
    assert torch.equal(found, expected)
    assert all(torch.equal(*pair) for pair in zip(gradients, expected_gradients))


def test_shapes_that_do_not_belong_together_are_named(scan_inputs):
    inputs = scan_inputs(5)
    with pytest.raises(ValueError, match="'c'"):
        selective_scan(inputs._replace(c=inputs.c[:4]))
    with pytest.raises(ValueError, match="none of them 0"):
        selective_scan(scan_inputs(0))


def test_the_choice_of_what_computes_is_told(scan_inputs):
    values = scan_inputs(3).u
    assert scan_backend(values) == "torch"
    assert scan_backend(values, "torch") == "torch"
    with pytest.raises(RuntimeError, match="mamba-ssm"):
        scan_backend(values, "mamba-ssm")
    with pytest.raises(ValueError, match="backend"):
        scan_backend(values, "triton")
