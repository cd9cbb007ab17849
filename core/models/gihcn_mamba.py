"""The bidirectional Mamba layer of GIHCN: tokens mixed along the sequence, from both ends.

The "v2" variant of Vision Mamba (Zhu et al., 2024, arXiv:2401.09417): both directions share the projections
in and out, and their sum is not halved. Time-major as the scan: L tokens, B batch, D width, E = 2 D channels.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from .layers.selective_scan import ScanInputs, selective_scan
from .layers.step_sizes import initial_biases

N_STATES = 16
KERNEL = 4
EXPANSION = 2


class ScanDirection(nn.Module):
    """One direction: causal convolution and selective scan. (L, B, E) -> (L, B, E), tokens in their order."""

    def __init__(self, channels: int, rank: int, reverse: bool) -> None:
        super().__init__()
        self.reverse, self.rank = reverse, rank
        self.conv = nn.Conv1d(channels, channels, KERNEL, groups=channels)
        self.project = nn.Linear(channels, rank + 2 * N_STATES, bias=False)
        self.step = nn.Linear(rank, channels)
        self.a_log = nn.Parameter(torch.arange(1.0, N_STATES + 1).log().repeat(channels, 1))
        self.d = nn.Parameter(torch.ones(channels))
        nn.init.uniform_(self.step.weight, -(rank**-0.5), rank**-0.5)
        if not reverse:
            # As in the authors' program the reverse direction keeps the bias of a plain linear layer.
            self.step.bias = nn.Parameter(initial_biases(channels))

    def forward(self, x: Tensor) -> Tensor:
        u = functional.silu(self._convolved(x))
        projected = self.project(u)
        delta = functional.softplus(self.step(projected[..., : self.rank]))
        b, c = projected[..., self.rank :].chunk(2, dim=-1)
        u, delta, b, c = (values.unsqueeze(2) for values in (u, delta, b, c))  # one group
        inputs = ScanInputs(u, delta, -self.a_log.exp()[None], b, c, self.d[None])
        return selective_scan(inputs, self.reverse).squeeze(2)

    def _convolved(self, x: Tensor) -> Tensor:
        """Convolve each channel over a token and the three before it; after it in the reverse direction.

        As shifted sums: faster here than a convolution that first turns the tokens to the last axis.
        """
        length, around = len(x), KERNEL - 1
        x = functional.pad(x.float(), (0, 0, 0, 0, *((0, around) if self.reverse else (around, 0))))
        weights = self.conv.weight[:, 0].unbind(1)
        total: Tensor = self.conv.bias  # type: ignore[assignment]  # made with one
        for shift, weight in enumerate(reversed(weights) if self.reverse else weights):
            total = torch.addcmul(total, x[shift : shift + length], weight)
        return total


class BidirectionalMamba(nn.Module):
    """The layer, without norm or skip. Tokens (L, B, D) -> (L, B, D)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        channels, rank = EXPANSION * width, math.ceil(width / 16)
        self.in_proj = nn.Linear(width, 2 * channels, bias=False)
        self.directions = nn.ModuleList(ScanDirection(channels, rank, reverse) for reverse in (False, True))
        self.out_proj = nn.Linear(channels, width, bias=False)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.out_proj(self.mix(tokens))

    def mix(self, tokens: Tensor) -> Tensor:
        """Return the gated sum of both directions (L, B, E), which `out_proj` brings back to the width."""
        x, z = self.in_proj(tokens).chunk(2, dim=-1)
        forwards, backwards = (direction(x) for direction in self.directions)
        return (forwards + backwards) * functional.silu(z)

    def mean(self, tokens: Tensor) -> Tensor:
        """Return the mean (B, D) of the result over the tokens; the linear layer then works on it alone."""
        return self.out_proj(self.mix(tokens).mean(dim=0))
