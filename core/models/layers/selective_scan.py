"""The selective scan of Mamba in plain torch, with its own backward pass.

Gu and Dao, "Mamba: Linear-time sequence modeling with selective state spaces", 2023, arXiv:2312.00752.
Per sample, group, channel e and state n, with s = 0 before the first token:

    s_t[n, e] = exp(delta_t[e] a[e, n]) s_{t-1}[n, e] + delta_t[e] u_t[e] b_t[n]
    y_t[e] = sum_n c_t[n] s_t[n, e] + d[e] u_t[e]

Everything is time-major, so that a step is one multiply-add on a contiguous row and neither direction copies
its input. Axes: L tokens, B batch, G groups (sequences with their own a, b, c, d side by side, see
`cross_scan`), E channels, N states.

The states, N times larger than the input, are never kept: they live in a block that fits into the cache. The
backward pass starts from the states that enter every sqrt(L)-th token and computes the others again. It never
runs the recursion backwards, which would divide by exp(delta a) and overflow.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .scan_kernel import available_kernel, run_kernel

# Numbers in a block of states: with three blocks at work, about the second-level cache of a core.
BLOCK = 1 << 18
BACKENDS = ("auto", "torch", "mamba-ssm")


class ScanInputs(NamedTuple):
    """`u`, `delta` (L, B, G, E), delta > 0; `a` (G, E, N), a < 0; `b`, `c` (L, B, G, N); `d` (G, E)."""

    u: Tensor
    delta: Tensor
    a: Tensor
    b: Tensor
    c: Tensor
    d: Tensor


def selective_scan(inputs: ScanInputs, reverse: bool = False, backend: str = "auto") -> Tensor:
    """Return y (L, B, G, E); with `reverse` the recursion starts at the last token.

    Half precision is computed and returned in float32, also under autocast; float64 stays. So the error is
    that of rounding the inputs: of usual ones within 2 % of the largest |y| in bfloat16, 0.3 % in float16.
    `backend`: "torch", "mamba-ssm" (its CUDA kernel) or "auto", see `scan_backend`.

    Raises ValueError for shapes that do not belong together, RuntimeError for a kernel that is not there.
    """
    _check(inputs)
    with torch.autocast(inputs.u.device.type, enabled=False):
        exact = ScanInputs(*(_at_least_float32(value) for value in inputs))
        if scan_backend(exact.u, backend) == "mamba-ssm":
            return run_kernel(*exact, reverse=reverse)
        if torch.is_grad_enabled() and any(value.requires_grad for value in exact):
            result: Tensor = _SelectiveScan.apply(*exact, reverse)  # type: ignore[no-untyped-call]
            return result
        return _forward(exact, reverse)


def scan_backend(values: Tensor, backend: str = "auto") -> str:
    """Return what computes a scan of `values`: "mamba-ssm" on a CUDA device where installed, else "torch".

    Raises ValueError for an unknown `backend`, RuntimeError for "mamba-ssm" where its kernel cannot run.
    """
    if backend not in BACKENDS:
        raise ValueError(f"backend must be one of {BACKENDS}, got {backend!r}")
    # The kernel has no float64, and does not exist for the CPU.
    possible = values.is_cuda and values.dtype != torch.float64 and available_kernel() is not None
    if backend == "mamba-ssm" and not possible:
        raise RuntimeError("mamba-ssm is not installed, or the values are not float32 on a CUDA device")
    return "mamba-ssm" if possible and backend != "torch" else "torch"


def _at_least_float32(value: Tensor) -> Tensor:
    return value if value.dtype == torch.float64 else value.float()


def _check(inputs: ScanInputs) -> None:
    shapes = {name: tuple(value.shape) for name, value in inputs._asdict().items()}
    if len(shapes["u"]) != 4 or len(shapes["a"]) != 3:
        raise ValueError(f"u must be (L, B, G, E) and a (G, E, N), got {shapes}")
    length, batch, groups, channels = shapes["u"]
    n = shapes["a"][2]
    per_token, per_state = (length, batch, groups, channels), (length, batch, groups, n)
    expected = {"u": per_token, "delta": per_token, "a": (groups, channels, n)}
    expected |= {"b": per_state, "c": per_state, "d": (groups, channels)}
    if shapes != expected or 0 in (length, batch, groups, channels, n):
        raise ValueError(f"the shapes {shapes} do not belong together; expected {expected}, none of them 0")


class _Segments:
    """How a scan is cut: into segments of about sqrt(L) tokens, and each into blocks of samples."""

    def __init__(self, inputs: ScanInputs, reverse: bool) -> None:
        length, self.batch, groups, channels = inputs.u.shape
        self.step = math.ceil(math.sqrt(length))
        self.tokens = [slice(t, min(t + self.step, length)) for t in range(0, length, self.step)]
        if reverse:
            self.tokens.reverse()
        self.row = (groups, inputs.a.shape[2], channels)  # of a state: (G, N, E)
        per_sample = self.step * math.prod(self.row)
        # On a GPU each operation is a launch: as few as possible.
        self.at_once = self.batch if inputs.u.is_cuda else max(1, min(self.batch, BLOCK // per_sample))

    def samples(self) -> Iterator[slice]:
        """Yield the blocks of samples."""
        for start in range(0, self.batch, self.at_once):
            yield slice(start, min(start + self.at_once, self.batch))

    def kept_states(self, like: Tensor) -> Tensor:
        """Return memory for the states that enter each segment."""
        return like.new_empty(len(self.tokens), self.batch, *self.row)


class _Buffer:
    """Memory for one value per state, of one segment and one block of samples; used again for the next."""

    def __init__(self, cut: _Segments, like: Tensor) -> None:
        self._memory = like.new_empty(cut.step, cut.at_once, *cut.row)
        self._views: dict[tuple[int, int], _States] = {}

    def of(self, like: Tensor) -> _States:
        """Return the part for as many tokens and samples as `like` has, with unknown values."""
        length, batch = like.shape[:2]
        if (length, batch) not in self._views:
            block = self._memory[:length, :batch]
            self._views[length, batch] = _States(block, block.unbind(0))
        return self._views[length, batch]


class _States(NamedTuple):
    """A block (T, B, G, N, E), and its tokens as views."""

    block: Tensor
    tokens: tuple[Tensor, ...]

    def ordered(self, reverse: bool) -> tuple[Tensor, ...]:
        return self.tokens[::-1] if reverse else self.tokens


class _Part(NamedTuple):
    """One segment of one block of samples.

    Views of the inputs; `driven` delta * u; `decay` exp(delta a); `states` as `_advance` left them.
    """

    delta: Tensor
    u: Tensor
    b: Tensor
    c: Tensor
    driven: Tensor
    decay: _States
    states: _States


def _advance(
    inputs: ScanInputs,
    rates: Tensor,
    at: tuple[slice, slice],
    buffers: tuple[_Buffer, _Buffer],
    entering: Tensor,
    reverse: bool,
) -> tuple[_Part, Tensor]:
    """Compute the states of tokens and samples `at`; return also those after the last token, a view."""
    delta, u, b, c = (value[at] for value in (inputs.delta, inputs.u, inputs.b, inputs.c))
    decay, states = (buffer.of(u) for buffer in buffers)
    driven = delta * u
    torch.mul(delta.unsqueeze(3), rates, out=decay.block)
    decay.block.exp_()
    torch.mul(driven.unsqueeze(3), b.unsqueeze(4), out=states.block)
    last = _accumulate(states.ordered(reverse), decay.ordered(reverse), entering)
    return _Part(delta, u, b, c, driven, decay, states), last


def _accumulate(values: Sequence[Tensor], factors: Sequence[Tensor], before: Tensor) -> Tensor:
    """Add to each of `values`, in place, its factor times the one before it; return the last."""
    for value, factor in zip(values, factors):
        before = value.addcmul_(factor, before)
    return before


def _sum_states(weights: Tensor, values: Tensor) -> Tensor:
    """Return sum_n weights (..., N) values (..., N, E)."""
    if values.shape[-2] == 1:
        return weights * values.squeeze(-2)
    return torch.matmul(weights.unsqueeze(-2), values).squeeze(-2)


def _sum_channels(values: Tensor, weights: Tensor) -> Tensor:
    """Return sum_e values (..., N, E) weights (..., E)."""
    # As products of a row with a matrix: of a matrix with a column they take nine times as long on a CPU.
    return torch.matmul(weights.unsqueeze(-2), values.transpose(-1, -2)).squeeze(-2)


def _rates(a: Tensor) -> Tensor:
    return a.transpose(1, 2).contiguous()


def _forward(inputs: ScanInputs, reverse: bool, kept: Tensor | None = None) -> Tensor:
    """Return y; store the states that enter each segment in `kept`."""
    cut, rates = _Segments(inputs, reverse), _rates(inputs.a)
    buffers = _Buffer(cut, inputs.u), _Buffer(cut, inputs.u)
    y = inputs.d * inputs.u
    for samples in cut.samples():
        entering = inputs.u.new_zeros(samples.stop - samples.start, *cut.row)
        for number, tokens in enumerate(cut.tokens):
            if kept is not None:
                kept[number, samples] = entering
            part, last = _advance(inputs, rates, (tokens, samples), buffers, entering, reverse)
            y[tokens, samples] += _sum_states(part.c, part.states.block)
            entering.copy_(last)
    return y


class _SelectiveScan(torch.autograd.Function):
    """The scan with its gradient; see the module's docstring for what is kept."""

    @staticmethod
    def forward(ctx: Any, *arguments: Any) -> Tensor:
        *values, ctx.reverse = arguments
        inputs = ScanInputs(*values)
        kept = _Segments(inputs, ctx.reverse).kept_states(inputs.u)
        ctx.save_for_backward(*inputs, kept)
        return _forward(inputs, ctx.reverse, kept)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        *values, kept = ctx.saved_tensors
        with torch.autocast(gradient.device.type, enabled=False):
            return (*_backward(ScanInputs(*values), kept, gradient, ctx.reverse), None)


def _backward(inputs: ScanInputs, kept: Tensor, gradient: Tensor, reverse: bool) -> ScanInputs:
    """Return the gradients of the inputs, given that of y."""
    cut, rates = _Segments(inputs, reverse), _rates(inputs.a)
    buffers, adjoint = (_Buffer(cut, inputs.u), _Buffer(cut, inputs.u)), _Buffer(cut, inputs.u)
    of_rates = torch.zeros_like(rates)
    found = ScanInputs(*(torch.empty_like(value) for value in inputs))
    torch.mul(inputs.d, gradient, out=found.u)
    torch.sum(gradient * inputs.u, dim=(0, 1), out=found.d)
    for samples in cut.samples():
        handed_down = inputs.u.new_zeros(samples.stop - samples.start, *cut.row)
        for number in range(len(cut.tokens) - 1, -1, -1):
            at, entering = (cut.tokens[number], samples), kept[number, samples]
            part, _ = _advance(inputs, rates, at, buffers, entering, reverse)
            adjoints, handed_down = _adjoints(part, gradient[at], handed_down, adjoint, reverse)
            found.c[at] = _sum_channels(part.states.block, gradient[at])
            found.b[at] = _sum_channels(adjoints, part.driven)
            of_driven = _sum_states(part.b, adjoints)
            found.u[at] += part.delta * of_driven
            of_exponent = _of_exponent(part, entering, adjoints, reverse)
            scratch = adjoints  # from here on no longer needed
            torch.mul(of_exponent, rates, out=scratch)
            found.delta[at] = scratch.sum(dim=3) + part.u * of_driven
            torch.mul(of_exponent, part.delta.unsqueeze(3), out=scratch)
            of_rates += scratch.sum(dim=(0, 1))
    found.a.copy_(of_rates.transpose(1, 2))
    return found


def _adjoints(
    part: _Part, of_output: Tensor, later: Tensor, buffer: _Buffer, reverse: bool
) -> tuple[Tensor, Tensor]:
    """Return the gradients of the states, and what this segment hands down to the tokens before it.

    `of_output` is the gradient of y, `later` what the tokens after this segment hand down.
    """
    adjoints = buffer.of(part.u)
    torch.mul(of_output.unsqueeze(3), part.c.unsqueeze(4), out=adjoints.block)
    from_last, decay = adjoints.ordered(not reverse), part.decay.ordered(not reverse)
    from_last[0].add_(later)
    first = _accumulate(from_last[1:], decay[:-1], from_last[0])
    return adjoints.block, first * decay[-1]


def _of_exponent(part: _Part, entering: Tensor, adjoints: Tensor, reverse: bool) -> Tensor:
    """Return the gradient of delta a, adjoint * decay * state before, in the memory of the decay."""
    result, states = part.decay.block.mul_(adjoints), part.states.block
    if reverse:
        result[:-1] *= states[1:]
        result[-1] *= entering
    else:
        result[1:] *= states[:-1]
        result[0] *= entering
    return result
