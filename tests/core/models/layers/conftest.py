from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")


@pytest.fixture
def scan_inputs():
    """Return a function that draws inputs: L tokens, B samples, G groups, E channels, N states."""
    from landfuse.core.models.layers.selective_scan import ScanInputs

    def draw(length, batch=2, groups=1, channels=3, n_states=2, dtype=torch.float32, seed=0):
        generator = torch.Generator().manual_seed(seed)

        def normal(*shape):
            return torch.randn(*shape, generator=generator, dtype=dtype)

        return ScanInputs(
            u=normal(length, batch, groups, channels),
            delta=torch.nn.functional.softplus(normal(length, batch, groups, channels) - 2),
            a=-normal(groups, channels, n_states).exp(),
            b=normal(length, batch, groups, n_states),
            c=normal(length, batch, groups, n_states),
            d=normal(groups, channels),
        )

    return draw


@pytest.fixture
def loop():
    """Return the scan as its definition says it, token by token, differentiated by autograd."""

    def scan(inputs, reverse=False):
        u, delta, a, b, c, d = inputs
        state, outputs = u.new_zeros(*u.shape[1:], a.shape[2]), {}
        order = range(len(u))
        for t in reversed(order) if reverse else order:
            state = torch.exp(delta[t, ..., None] * a) * state
            state = state + (delta[t] * u[t])[..., None] * b[t, :, :, None]
            outputs[t] = (state * c[t, :, :, None]).sum(dim=-1) + d * u[t]
        return torch.stack([outputs[t] for t in order])

    return scan
