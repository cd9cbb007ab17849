"""One branch of GIHCN: a view becomes a feature vector and logits."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .gihcn_mamba import BidirectionalMamba


def gaussian_exponent(maps: Tensor, spread: float, coupled: bool) -> Tensor:
    """Return -ln of the Gaussian weight of maps (B, E, P, P): how far a value is from the patch's centre.

    The squared distance is divided by `spread` times its sum over the patch, or over the whole batch where
    `coupled`. Where all distances are 0 the result is 0 and not 0/0.
    """
    middle = maps.shape[-1] // 2
    distance = (maps - maps[..., middle : middle + 1, middle : middle + 1]).square()
    total = distance.sum(dim=(0, 1, 2, 3) if coupled else (1, 2, 3), keepdim=True)
    return distance / (spread * total).clamp_min(torch.finfo(maps.dtype).tiny)


def manhattan_exponent(patch_size: int, reach: float) -> Tensor:
    """Return -ln of the Manhattan weight (P, P): steps to the centre, divided by `reach`."""
    steps = (torch.arange(patch_size) - patch_size // 2).abs()
    return (steps[:, None] + steps) / reach


class FuzzyBlock(nn.Module):
    """Residual convolutions with fuzzy weights ("FRConvB"). (B, c, P, P) -> same.

    The weights say how much a pixel belongs to the patch's centre; no gradient flows through them.
    """

    def __init__(
        self, channels: int, width: int, patch_size: int, spread: float, reach: float, coupled: bool
    ) -> None:
        super().__init__()
        self.patch_size, self.spread, self.coupled = patch_size, spread, coupled
        self.expand = nn.Conv2d(channels, width, 1, bias=False)
        self.norm_spatial = nn.BatchNorm2d(width)
        self.spatial = nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False)
        self.norm_joined = nn.BatchNorm2d(3 * width)
        self.reduce = nn.Conv2d(3 * width, channels, 1, bias=False)
        self.manhattan: Tensor
        self.register_buffer("manhattan", manhattan_exponent(patch_size, reach), persistent=False)

    def forward(self, view: Tensor) -> Tensor:
        maps = self.expand(view)
        weighted = self.weight(maps) * maps
        spatial = self.spatial(functional.relu(self.norm_spatial(maps)))
        joined = torch.cat([weighted, spatial, weighted], dim=1)
        return self.reduce(functional.relu(self.norm_joined(joined))) + view

    def weight(self, maps: Tensor) -> Tensor:
        """Return the fuzzy weights (B, E, P, P), both factors in one exponential."""
        exponent = gaussian_exponent(maps.detach().float(), self.spread, self.coupled)
        return torch.exp(-(exponent + self.manhattan))


class Branch(nn.Module):
    """Fuzzy block, then every pixel a token for one Mamba layer. View (B, c, P, P) -> feature, logits."""

    def __init__(self, block: FuzzyBlock, channels: int, n_classes: int, dropout: float) -> None:
        super().__init__()
        width, side = block.expand.out_channels, block.patch_size
        self.block = block
        self.embed = nn.Linear(channels, width)
        self.positions = nn.Parameter(torch.randn(side * side, width))
        self.mamba = BidirectionalMamba(width)
        self.drop = nn.Dropout(dropout)
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, n_classes))

    def tokens(self, view: Tensor) -> Tensor:
        """Return the pixels row by row as tokens (L, B, D)."""
        pixels = self.block(view).flatten(2).permute(2, 0, 1)
        return self.embed(pixels) + self.positions[:, None]

    def forward(self, view: Tensor) -> tuple[Tensor, Tensor]:
        """Return the feature (B, D), before the norm of the head, and the logits (B, K)."""
        tokens = self.tokens(view)
        if self.training and self.drop.p:
            feature = self.drop(self.mamba(tokens)).mean(dim=0)
        else:
            feature = self.mamba.mean(tokens)
        return feature, self.head(feature)
