"""NCGLF2: fusion of co-registered sources by a transformer that learns structure and an invertible network.

Tu, Ren, Li, Cao, Chen, Plaza, "NCGLF2: Network combining global and local features for fusion of multisource
remote sensing data", Information Fusion 104, 2024, 102192, doi:10.1016/j.inffus.2023.102192.

Deliberate differences from the paper's release:

- Any number N >= 1 of modalities, each a tensor of its own with any number of bands; N = 2 is the published
  network. Means over all pairs replace the two differences in the loss; with N = 1 that part is 0.
- A map can be made twice: the dropout inside structure learning acts in training only.
  `dropout_at_prediction` draws it at prediction too, as the release does.
- Layers of the release that are never used are left out (`ncglf2_release` accepts and drops their weights).
- The same numbers for less work: the graph's matrix has rank one and is never built; the last encoder
  computes the class token alone, the only one that is read; the modalities go through shared layers as one
  batch; the second part of the loss is computed in `loss` alone.
- `clamp` bounds the exponent of the invertible network, which the release leaves unbounded (0, the default);
  `loss_weights` are those of the paper by default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from .config import ModelConfig
from .ncglf2_encoder import EncoderWithStructure, PatchEmbedding

WIDTH = 64  # D: channels of every modality, features of a token
HEAD_WIDTH = 32
KERNELS = (3, 5, 7)
BASE_OFFSET = 1.01  # in the denominator of the consistency loss
PAPER_DEPTH = 2
PAPER_LOSS_WEIGHTS = (0.2, 0.8)


class Features(NamedTuple):
    """Per modality: `base` (N, B, S, D), tokens with the class token first; `detail` (N, B, D, P, P)."""

    base: Tensor
    detail: Tensor


class ScaleAggregation(nn.Module):
    """Scale information aggregation: one modality at three scales. (B, C, P, P) -> (B, D, P, P).

    One small convolution, the same for all channels, mixes the sum, mean and maximum over the scales.
    """

    def __init__(self, n_bands: int) -> None:
        super().__init__()
        self.scales = nn.ModuleList(
            nn.Sequential(nn.Conv2d(n_bands, WIDTH, k, padding=k // 2), nn.BatchNorm2d(WIDTH), nn.ReLU())
            for k in KERNELS
        )
        self.mix = nn.Conv2d(3, 1, 3, padding=1, bias=False)

    def forward(self, patches: Tensor) -> Tensor:
        first, second, third = (scale(patches) for scale in self.scales)
        mean = (first + second + third) / 3
        maximum = torch.maximum(torch.maximum(first, second), third)
        # The sum is three times the mean, so their kernels add up; both then act on every channel alike.
        of_sum, of_mean, of_maximum = self.mix.weight.unbind(1)
        return _on_every_channel(mean, 3 * of_sum + of_mean) + _on_every_channel(maximum, of_maximum)


def _on_every_channel(maps: Tensor, kernel: Tensor) -> Tensor:
    """Convolve each channel of maps (B, D, P, P) with the same kernel (1, 3, 3), zeros around."""
    return functional.conv2d(maps, kernel.expand(WIDTH, 1, 3, 3), padding=1, groups=WIDTH)


class Bottleneck(nn.Module):
    """Bottleneck residual block of the invertible network. (B, h, P, P) -> same; P >= 2."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.expand = nn.Conv2d(channels, 2 * channels, 1, bias=False)
        self.spatial = nn.Conv2d(2 * channels, 2 * channels, 3, groups=2 * channels, bias=False)
        self.reduce = nn.Conv2d(2 * channels, channels, 1, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        hidden = functional.relu6(self.expand(maps))
        hidden = self.spatial(functional.pad(hidden, (1, 1, 1, 1), mode="reflect"))
        return self.reduce(functional.relu6(hidden))


class InvertibleNode(nn.Module):
    """One affine coupling: each half of the channels is changed by the other. (B, c, P, P) -> same."""

    def __init__(self, channels: int, clamp: float) -> None:
        super().__init__()
        self.clamp = clamp
        self.shuffle = nn.Conv2d(channels, channels, 1)
        self.phi, self.rho, self.eta = (Bottleneck(channels // 2) for _ in range(3))

    def forward(self, maps: Tensor) -> Tensor:
        first, second = self.shuffle(maps).chunk(2, dim=1)
        second = second + self.phi(first)
        exponent = self.rho(second)
        if self.clamp:
            exponent = exponent.clamp(-self.clamp, self.clamp)
        first = first * exponent.exp() + self.eta(second)
        return torch.cat([first, second], dim=1)


class ChannelAttention(nn.Module):
    """Efficient channel attention: a feature is scaled by its neighbours and itself. (B, F) -> same."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(1, 1, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        return features * torch.sigmoid(self.conv(features[:, None])[:, 0])


class Ncglf2(nn.Module):
    """The whole network. Patches {modality: (B, C, P, P)}, any odd P >= 3 -> logits (B, K).

    `config` is the given configuration with every option filled in; store that one in the model file.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config = with_options(config)
        options, fused = config.options, WIDTH * len(config.bands)
        always, depth, clamp = options["dropout_at_prediction"], options["depth"], options["clamp"]
        self.scales = nn.ModuleList(ScaleAggregation(count) for count in config.bands.values())
        self.embedding = PatchEmbedding(WIDTH, config.patch_size)
        self.encoder = EncoderWithStructure(WIDTH, depth, always)
        self.fused_encoder = EncoderWithStructure(fused, 1, always)
        self.detail = nn.Sequential(*(InvertibleNode(WIDTH, clamp) for _ in range(depth)))
        self.fused_detail = nn.Sequential(InvertibleNode(fused, clamp))
        self.base_head = nn.Sequential(nn.LayerNorm(fused), nn.Linear(fused, HEAD_WIDTH))
        self.detail_head = nn.Linear(fused, HEAD_WIDTH)
        self.attention = ChannelAttention()
        self.classifier = nn.Sequential(
            nn.Linear(2 * HEAD_WIDTH, config.n_classes), nn.ELU(), nn.BatchNorm1d(config.n_classes)
        )

    def features(self, patches: Mapping[str, Tensor], keep: Tensor | None = None) -> Features:
        """Return base and detail of every modality.

        `keep` (N * L + 1, B, P * P, 32) replaces the draws of the graph's dropout: 1 keeps a value. Its order
        is modality by modality, within it layer by layer; the last one is for the fused encoder.
        """
        scaled = [scale(patches[key]) for key, scale in zip(self.config.bands, self.scales)]
        n, batch = len(scaled), len(scaled[0])
        maps = torch.cat(scaled)
        if keep is not None:
            # From modality by modality to one batch of all modalities per layer.
            keep = keep[:-1].view(n, -1, *keep.shape[1:]).transpose(0, 1).flatten(1, 2)
        base = self.encoder(self.embedding(maps), keep)
        detail = self.detail(maps)
        return Features(base.view(n, batch, *base.shape[1:]), detail.view(n, batch, *detail.shape[1:]))

    def classify(self, features: Features, keep: Tensor | None = None) -> Tensor:
        """Return the logits (B, K); `keep` as in `features`."""
        tokens = torch.cat(features.base.unbind(0), dim=2)
        token = self.fused_encoder.class_token(tokens, None if keep is None else keep[-1:])
        maps = self.fused_detail(torch.cat(features.detail.unbind(0), dim=1))
        parts = [self.base_head(token), self.detail_head(maps.mean(dim=(2, 3)))]
        return self.classifier(self.attention(torch.cat(parts, dim=1)))

    def forward(self, patches: Mapping[str, Tensor]) -> Tensor:
        return self.classify(self.features(patches))

    def loss(
        self,
        patches: Mapping[str, Tensor],
        labels: Tensor,
        weight: Tensor | None = None,
        label_smoothing: float = 0.0,
    ) -> Tensor:
        """Return 0.2 * focal + 0.8 * consistency loss; `labels` (B,) class indexes, `weight` (K,) or None."""
        features = self.features(patches)
        return self.loss_of(features, self.classify(features), labels, weight, label_smoothing)

    def loss_of(
        self,
        features: Features,
        logits: Tensor,
        labels: Tensor,
        weight: Tensor | None = None,
        label_smoothing: float = 0.0,
    ) -> Tensor:
        """Return the loss of outputs at hand."""
        of_classes, of_sources = self.config.options["loss_weights"]
        focal = focal_loss(logits.float(), labels, weight, label_smoothing)
        return of_classes * focal + of_sources * consistency_loss(features)


def focal_loss(
    logits: Tensor, labels: Tensor, weight: Tensor | None = None, label_smoothing: float = 0.0
) -> Tensor:
    """Return the focal loss (gamma 2) of logits (B, K).

    As in the release, the factor (1 - p)^2 is a constant for the gradient. Class weights and smoothing are
    those of cross-entropy; the paper has neither.
    """
    entropy = functional.cross_entropy(
        logits, labels, weight, reduction="none", label_smoothing=label_smoothing
    )
    probability = logits.detach().softmax(dim=1).gather(1, labels[:, None])[:, 0]
    loss = (1 - probability).square() * entropy
    return loss.mean() if weight is None else loss.sum() / weight[labels].sum()


def consistency_loss(features: Features) -> Tensor:
    """Return the loss that draws the sources' details together and their bases apart; 0 for one source."""
    if len(features.base) == 1:
        return features.base.new_zeros(())
    detail, base = mean_difference(features.detail.float()), mean_difference(features.base.float())
    return detail.square() / (base + BASE_OFFSET)


def mean_difference(values: Tensor) -> Tensor:
    """Return the mean squared difference of values (N, ...), averaged over all pairs."""
    pairs = [functional.mse_loss(values[i], values[j]) for i, j in combinations(range(len(values)), 2)]
    return torch.stack(pairs).mean()


def with_options(config: ModelConfig) -> ModelConfig:
    """Return `config` with every option present; raises ValueError for an option or value that is not known.

    Options: `depth` (layers of encoder and invertible network), `dropout_at_prediction` (bool), `clamp`
    (largest exponent, 0 for no limit), `loss_weights` (of focal and consistency loss).
    """
    options: dict[str, Any] = {
        "depth": PAPER_DEPTH,
        "dropout_at_prediction": False,
        "clamp": 0.0,
        "loss_weights": list(PAPER_LOSS_WEIGHTS),
    }
    unknown = sorted(set(config.options) - set(options))
    if unknown:
        raise ValueError(f"NCGLF2 has no option {unknown[0]!r}; it has {sorted(options)}")
    options.update(config.options)
    options["loss_weights"] = list(options["loss_weights"])
    if config.patch_size < 3:
        raise ValueError(f"NCGLF2 needs a patch of at least 3 x 3 pixels, got {config.patch_size}")
    if options["depth"] < 1 or options["clamp"] < 0 or len(options["loss_weights"]) != 2:
        raise ValueError(f"depth must be at least 1, clamp at least 0, loss_weights two numbers: {options}")
    return replace(config, options=options)


def build(config: ModelConfig) -> Ncglf2:
    """Build the network for `config`; see `with_options` for the options."""
    return Ncglf2(config)
