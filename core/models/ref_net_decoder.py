"""The decoder of REF-Net: at every level what the sources share and where they differ, joined top-down.

See `ref_net` for the paper. Names of the paper: `MdfVss` is the MDF-VSS block; the fused path of `Level` is
the MDF decoder, its branches are the MSIE decoders.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from .layers.vss import VssBlock, VssSettings


class Residual(nn.Module):
    """Two 3x3 convolutions with a skip. (B, C, H, W) -> (B, C, H, W)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)

    def forward(self, maps: Tensor) -> Tensor:
        inner = functional.relu(self.bn1(self.conv1(maps)))
        return functional.relu(self.bn2(self.conv2(inner)) + maps)


class Joined(NamedTuple):
    """What an MDF-VSS block finds, each (B, C, H, W); no `difference` of a single source."""

    share: Tensor
    difference: Tensor | None
    fused: Tensor


class MdfVss(nn.Module):
    """What the sources share and where they differ. N maps (B, C, H, W) -> `Joined`.

    The difference is that of the first source to the mean of the others: signed, as published.
    """

    def __init__(self, n_sources: int, width: int, settings: VssSettings) -> None:
        super().__init__()
        self.share = VssBlock(width, settings)
        self.share_conv = nn.Sequential(
            nn.Conv2d(n_sources * width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()
        )
        self.difference = VssBlock(width, settings) if n_sources > 1 else None
        self.smooth = Residual(width)

    def forward(self, maps: Sequence[Tensor]) -> Joined:
        share = self.share_conv(torch.cat(self.shared(maps), dim=1))
        if self.difference is None:
            return Joined(share, None, self.smooth(share))
        others = maps[1] if len(maps) == 2 else torch.stack(tuple(maps[1:])).mean(dim=0)
        difference = self.difference(maps[0] - others)
        return Joined(share, difference, self.smooth(share + difference))

    def shared(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Return each source's map after the block with the same weights for all."""
        # In one batch: no sample of it looks at another one.
        return list(self.share(torch.cat(tuple(maps))).chunk(len(maps)))


class LevelMaps(NamedTuple):
    """Of one level, each (B, C, H, W): the `fused` path and one branch per source, none where left out."""

    fused: Tensor
    branches: list[Tensor]


class Level(nn.Module):
    """One level: the encoders' maps, and the next coarser level's result -> `LevelMaps`.

    `channels`: of each source's encoder at this level; `coarsest`: there is no coarser one.
    """

    def __init__(self, channels: Sequence[int], width: int, settings: VssSettings, coarsest: bool) -> None:
        super().__init__()
        n_branches = len(channels) if len(channels) > 1 else 0
        self.projections = nn.ModuleList(nn.Conv2d(count, width, 1, bias=False) for count in channels)
        self.join = MdfVss(len(channels), width, settings)
        self.mix = VssBlock(width, settings)
        self.branches = nn.ModuleList(Residual(width) for _ in range(n_branches))
        self.smooth = None if coarsest else Residual(width)
        self.smooth_branches = nn.ModuleList(Residual(width) for _ in range(0 if coarsest else n_branches))

    def forward(self, maps: Sequence[Tensor], coarser: LevelMaps | None, auxiliary: bool) -> LevelMaps:
        own = [projection(values) for projection, values in zip(self.projections, maps)]
        joined = self.join(own)
        fused = self.mix(joined.fused)
        if self.smooth is not None and coarser is not None:
            fused = self.smooth(_enlarged(coarser.fused, fused) + fused)
        if not auxiliary or joined.difference is None:
            return LevelMaps(fused, [])
        return LevelMaps(fused, self._branch_maps(own, joined.difference, coarser))

    def _branch_maps(
        self, own: Sequence[Tensor], difference: Tensor, coarser: LevelMaps | None
    ) -> list[Tensor]:
        # The same sign of the difference for all sources, as published.
        found = [branch(values + difference) for branch, values in zip(self.branches, own)]
        if coarser is None:
            return found
        return [
            smooth(_enlarged(below, values) + values)
            for smooth, below, values in zip(self.smooth_branches, coarser.branches, found)
        ]


def _enlarged(maps: Tensor, like: Tensor) -> Tensor:
    return functional.interpolate(maps, size=like.shape[2:], mode="bilinear", align_corners=False)


def initialise(decoder: nn.Module) -> None:
    """Draw the weights of all layers as published; the parameters of the scans keep their own rule."""
    for module in decoder.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_uniform_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
