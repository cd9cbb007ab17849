"""The 3-D U-Net that predicts the noise in a spectral cube; its inner maps are the generative information.

Chen et al., "SpectralDiff: a generative framework for hyperspectral image classification with diffusion
models", IEEE TGRS 61, 2023, doi:10.1109/TGRS.2023.3310023, as GIHCN uses it. A cube is (B, 1, S, H, W): one
channel, the spectral axis S as depth. Only that axis is halved and doubled, the spatial size never changes.

What features do not need is not computed for them; nothing else differs from the authors' program.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

WIDTHS = (16, 32, 64, 128)
TIME_WIDTH = 32
DEPTH_FACTOR = 8  # the spectral axis is halved three times
# How far, in pixels, a pixel sees: inputs of the three up blocks, and the output.
REACHES = (13, 17, 21, 25)
_KERNEL, _STRIDE, _PADDING = (4, 5, 5), (2, 1, 1), (1, 2, 2)


class TimeEmbedding(nn.Module):
    """Steps (B,) as integers -> (B, 32): 16 sines, then 16 cosines, of the plain number."""

    frequencies: Tensor

    def __init__(self) -> None:
        super().__init__()
        half = TIME_WIDTH // 2
        frequencies = torch.exp(-torch.arange(half) * (math.log(10000.0) / (half - 1)))
        self.register_buffer("frequencies", frequencies, persistent=False)

    def forward(self, steps: Tensor) -> Tensor:
        angles = steps[:, None].float() * self.frequencies[None]
        return torch.cat([angles.sin(), angles.cos()], dim=1)


class Block(nn.Module):
    """Two convolutions with the time between, then one that halves (down) or doubles the spectral axis."""

    def __init__(self, n_in: int, n_out: int, down: bool) -> None:
        super().__init__()
        self.time_mlp = nn.Linear(TIME_WIDTH, n_out)
        self.conv1 = nn.Conv3d(n_in if down else 2 * n_in, n_out, 3, padding=1)
        transform = nn.Conv3d if down else nn.ConvTranspose3d
        self.transform = transform(n_out, n_out, _KERNEL, _STRIDE, _PADDING)
        self.conv2 = nn.Conv3d(n_out, n_out, 3, padding=1)
        self.bnorm1 = nn.BatchNorm3d(n_out)
        self.bnorm2 = nn.BatchNorm3d(n_out)

    def forward(self, maps: Tensor, time: Tensor) -> Tensor:
        # Convolution, ReLU, normalisation: in this order, as published.
        maps = self.bnorm1(self.conv1(maps).relu_())
        maps = maps + self.time_mlp(time).relu()[:, :, None, None, None]
        maps = self.bnorm2(self.conv2(maps).relu_())
        result: Tensor = self.transform(maps)
        return result


class SpectralUnet(nn.Module):
    """Noisy cubes (B, 1, S, H, W) and their steps (B,) -> the noise in them (B, 1, S, H, W); S % 8 == 0."""

    def __init__(self) -> None:
        super().__init__()
        pairs = tuple(zip(WIDTHS, WIDTHS[1:]))
        self.time_mlp = nn.Sequential(TimeEmbedding(), nn.Linear(TIME_WIDTH, TIME_WIDTH), nn.ReLU())
        self.conv0 = nn.Conv3d(1, WIDTHS[0], 3, padding=1)
        self.downs = nn.ModuleList(Block(i, o, down=True) for i, o in pairs)
        self.ups = nn.ModuleList(Block(i, o, down=False) for o, i in reversed(pairs))
        self.output = nn.Conv3d(WIDTHS[0], 1, 1)

    def forward(self, noisy: Tensor, steps: Tensor) -> Tensor:
        time = self.time_mlp(steps)
        result: Tensor = self.output(self._up(*self._down(noisy, time), time))
        return result

    def features(self, noisy: Tensor, steps: Tensor, stages: Sequence[int]) -> list[Tensor]:
        """Return the inputs of the up blocks `stages` (0, 1, 2) joined with what skipped the levels below.

        Stage 0 (B, 256, S / 8, H, W) holds the same 128 channels twice, stage 1 (B, 128, S / 4, H, W) and
        stage 2 (B, 64, S / 2, H, W). Blocks behind the last stage are not computed.
        """
        time = self.time_mlp(steps)
        kept: list[Tensor] = []
        self._up(*self._down(noisy, time), time, kept, max(stages))
        return [kept[stage] for stage in stages]

    def _down(self, noisy: Tensor, time: Tensor) -> tuple[Tensor, list[Tensor]]:
        if noisy.shape[2] % DEPTH_FACTOR:
            raise ValueError(f"the spectral axis must be a multiple of {DEPTH_FACTOR}, got {noisy.shape[2]}")
        maps, skipped = self.conv0(noisy), []
        for block in self.downs:
            maps = block(maps, time)
            skipped.append(maps)
        return maps, skipped

    def _up(
        self,
        maps: Tensor,
        skipped: list[Tensor],
        time: Tensor,
        kept: list[Tensor] | None = None,
        last: int | None = None,
    ) -> Tensor:
        """Return the maps after the up blocks; `kept` gathers their inputs up to stage `last`."""
        for stage, block in enumerate(self.ups):
            maps = torch.cat([maps, skipped.pop()], dim=1)
            if kept is not None:
                kept.append(maps)
            if stage == last:
                break
            maps = block(maps, time)
        return maps
