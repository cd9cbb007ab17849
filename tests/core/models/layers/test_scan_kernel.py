"""The adapter to mamba-ssm, against a stand-in with the signature that the package documents.

The kernel itself needs an NVIDIA GPU; `test_the_kernel_equals_the_plain_scan` runs where there is one.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")

from landfuse.core.models.layers import scan_kernel  # noqa: E402
from landfuse.core.models.layers.selective_scan import ScanInputs, selective_scan  # noqa: E402


def stand_in(u, delta, A, B, C, D=None, z=None, delta_bias=None, delta_softplus=False):  # noqa: N803  its names
    """The documented function: u, delta (B, D, L); A (D, N); B, C (B, G, N, L), D a multiple of G; D (D,)."""
    assert z is None
    assert delta_bias is None
    assert not delta_softplus
    assert all(value.is_contiguous() for value in (u, delta, A, B, C, D))
    per_group = u.shape[1] // B.shape[1]
    b, c = (value.repeat_interleave(per_group, dim=1) for value in (B, C))  # (B, D, N, L)
    state, outputs = u.new_zeros(*u.shape[:2], A.shape[1]), []
    for t in range(u.shape[2]):
        state = torch.exp(delta[:, :, t, None] * A) * state + (delta * u)[:, :, t, None] * b[..., t]
        outputs.append((state * c[..., t]).sum(dim=-1) + D * u[:, :, t])
    return torch.stack(outputs, dim=2)


@pytest.fixture
def fresh():
    scan_kernel.available_kernel.cache_clear()
    yield
    scan_kernel.available_kernel.cache_clear()


@pytest.fixture
def installed(monkeypatch, fresh):
    package = SimpleNamespace(selective_scan_fn=stand_in)
    for name in ("mamba_ssm", "mamba_ssm.ops", "mamba_ssm.ops.selective_scan_interface"):
        monkeypatch.setitem(sys.modules, name, package)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("shape", [(7, 2, 1, 3, 4), (6, 1, 2, 3, 1)], ids=str)
def test_the_layout_is_translated_both_ways(scan_inputs, installed, shape, reverse):
    inputs = scan_inputs(*shape)
    found = scan_kernel.run_kernel(*inputs, reverse=reverse)
    torch.testing.assert_close(found, selective_scan(inputs, reverse), atol=1e-5, rtol=0)


def test_gradients_pass_through_the_adapter(scan_inputs, installed):
    results = []
    for scan in (lambda i: scan_kernel.run_kernel(*i, reverse=True), lambda i: selective_scan(i, True)):
        leaves = ScanInputs(*(v.detach().requires_grad_() for v in scan_inputs(5, 2, 2, 3, 2)))
        results.append(torch.autograd.grad(scan(leaves).square().sum(), leaves))
    for found, expected in zip(*results):
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_a_package_that_does_not_load_is_as_good_as_none(monkeypatch, fresh):
    def broken(name):
        raise OSError("undefined symbol")

    monkeypatch.setattr(scan_kernel, "import_module", broken)
    assert scan_kernel.available_kernel() is None


def test_the_absence_is_said(scan_inputs, monkeypatch, fresh):
    monkeypatch.setitem(sys.modules, "mamba_ssm", None)
    with pytest.raises(RuntimeError, match="not installed"):
        scan_kernel.run_kernel(*scan_inputs(3), reverse=False)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="the kernel needs an NVIDIA GPU")
@pytest.mark.parametrize("reverse", [False, True])
def test_the_kernel_equals_the_plain_scan(scan_inputs, reverse):
    if scan_kernel.available_kernel() is None:
        pytest.skip("mamba-ssm is not installed")
    inputs = ScanInputs(*(value.cuda() for value in scan_inputs(121, 4, 1, 64, 16)))
    found = selective_scan(inputs, reverse, "mamba-ssm")
    torch.testing.assert_close(found, selective_scan(inputs, reverse, "torch"), atol=1e-4, rtol=1e-4)
