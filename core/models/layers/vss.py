"""The visual state space block: a scan of the map in four directions and a perceptron, each with a skip.

Liu et al., "VMamba: Visual state space model", 2024, arXiv:2401.10166, in the form without a gate that
REF-Net uses. The block works with channels last; maps come and go as (B, C, H, W).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from .cross_scan import N_DIRECTIONS, CrossScanWeights, cross_scan
from .step_sizes import initial_biases


@dataclass(frozen=True)
class VssSettings:
    """Sizes of a block of C channels; the defaults are REF-Net's.

    `n_states` N; `ratio`: scanned channels E = ratio C; `rank` of the step sizes, 0 for ceil(C / 16);
    `kernel` of the depth-wise convolution, odd; `mlp_ratio`: hidden channels of the perceptron; `drop_path`:
    share of samples whose branch is left out in training.
    """

    n_states: int = 1
    ratio: float = 2.0
    rank: int = 0
    kernel: int = 3
    conv_bias: bool = False
    mlp_ratio: float = 4.0
    drop_path: float = 0.1


class DropPath(nn.Module):
    """Leaves a branch out for some samples of a batch in training, and makes up for it in the others."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, branch: Tensor) -> Tensor:
        if not self.training or not self.share:
            return branch
        kept = 1 - self.share
        mask = branch.new_empty(len(branch), *(1,) * (branch.dim() - 1)).bernoulli_(kept)
        return branch * mask / kept


class CrossScan(nn.Module):
    """SS2D without a gate. (B, H, W, C) -> (B, H, W, C)."""

    def __init__(self, channels: int, settings: VssSettings) -> None:
        super().__init__()
        width, n_states = int(settings.ratio * channels), settings.n_states
        rank = settings.rank or math.ceil(channels / 16)
        self.project_in = nn.Linear(channels, width, bias=False)
        self.conv = nn.Conv2d(
            width, width, settings.kernel, padding=settings.kernel // 2, groups=width, bias=settings.conv_bias
        )
        self.project = nn.Parameter(_uniform(width**-0.5, N_DIRECTIONS, rank + 2 * n_states, width))
        self.step = nn.Parameter(_uniform(rank**-0.5, N_DIRECTIONS, width, rank))
        self.step_bias = nn.Parameter(initial_biases(N_DIRECTIONS, width))
        logs = torch.arange(1.0, n_states + 1).log()
        self.a_log = nn.Parameter(logs.repeat(N_DIRECTIONS, width, 1))
        self.d = nn.Parameter(torch.ones(N_DIRECTIONS, width))
        self.norm = nn.LayerNorm(width)
        self.project_out = nn.Linear(width, channels, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        convolved = self.conv(self.project_in(maps).permute(0, 3, 1, 2))
        scanned = cross_scan(functional.silu(convolved), self.weights())
        return self.project_out(self.norm(scanned))

    def weights(self) -> CrossScanWeights:
        """Return the parameters of the scan."""
        return CrossScanWeights(
            self.project, self.step, self.step_bias, -self.a_log.float().exp(), self.d.float()
        )


def _uniform(bound: float, *shape: int) -> Tensor:
    return torch.empty(shape).uniform_(-bound, bound)


class Perceptron(nn.Module):
    """Two linear layers over the channels. (..., C) -> (..., C)."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(channels, hidden), nn.Linear(hidden, channels)

    def forward(self, values: Tensor) -> Tensor:
        return self.fc2(functional.gelu(self.fc1(values)))


class VssBlock(nn.Module):
    """The whole block. Maps (B, C, H, W) -> (B, C, H, W)."""

    def __init__(self, channels: int, settings: VssSettings) -> None:
        super().__init__()
        self.norm_scan, self.norm_mlp = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.scan = CrossScan(channels, settings)
        self.mlp = Perceptron(channels, int(settings.mlp_ratio * channels))
        self.drop_path = DropPath(settings.drop_path)

    def forward(self, maps: Tensor) -> Tensor:
        values = maps.permute(0, 2, 3, 1)
        values = values + self.drop_path(self.scan(self.norm_scan(values)))
        values = values + self.drop_path(self.mlp(self.norm_mlp(values)))
        return values.permute(0, 3, 1, 2)
