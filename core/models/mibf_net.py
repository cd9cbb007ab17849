"""MIBF-Net: fusion of co-registered sources by relation encoding and an information bottleneck.

Geng, Jiao, Li, Liu, Liu, Yang, Zhang, "Multisource Joint Representation Learning Fusion Classification for
Remote Sensing Images", IEEE TGRS 61, 2023, doi:10.1109/TGRS.2023.3296813.

Deliberate differences from the paper and its release:

- Any number N >= 1 of modalities. Each pair has its own relation module; N = 2 is the published network.
- `head="paper"` (the default) has 128 hidden units and K outputs. The release has the two numbers swapped:
  K hidden units and always 128 outputs, of which the last 128 - K name no class. `head="released"` rebuilds
  that, its unused layer `fc` included, for parity of numbers; its class logits are the first K outputs.
- At prediction the latent vector is its mean, so that a map can be made twice; `sample_at_prediction`
  draws it instead.
- The mean share of the gate is a buffer without gradient that only training batches change.
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

WIDTH = 64  # channels of every modality after its branch
RELATION_WIDTH = 128
LATENT = 128  # D: width of the pooled feature and of the latent vector
BETA = 1e-3  # weight of the information term in the loss
NOISY_SHARE = 0.7  # of a training batch, drawn with replacement
HEADS = ("paper", "released")


class Noise(NamedTuple):
    """Noise for one batch: position of modality `target`, batch `indices` (n,), `maps` (n, 64, q, q)."""

    target: int
    indices: Tensor
    maps: Tensor


class Latent(NamedTuple):
    """What the head returns: `logits` (B, O), `mean` (B, D) and `deviation` (B, D) of the latent vector."""

    logits: Tensor
    mean: Tensor
    deviation: Tensor


def conv_bn_relu(n_in: int, n_out: int, kernel: int, bias: bool) -> nn.Sequential:
    """Return convolution, batch norm and ReLU; the map keeps its size."""
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, kernel, padding=kernel // 2, bias=bias), nn.BatchNorm2d(n_out), nn.ReLU()
    )


class SqueezeExcite(nn.Module):
    """Scale each channel by a gate made of the means of all channels. (B, C, H, W) -> same."""

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        self.squeeze = nn.Linear(channels, channels // reduction, bias=False)
        self.excite = nn.Linear(channels // reduction, channels, bias=False)

    def gate(self, means: Tensor) -> Tensor:
        """Return the gate (B, C), 0 to 1, that belongs to spatial means (B, C)."""
        return torch.sigmoid(self.excite(functional.relu(self.squeeze(means))))

    def forward(self, maps: Tensor) -> Tensor:
        return maps * self.gate(maps.mean(dim=(2, 3)))[:, :, None, None]


class Branch(nn.Module):
    """One modality on its own (unisource branch). Patches (B, C, P, P) -> (B, 64, q, q), q = P // 2.

    A wide branch (128 and 64 channels) suits many bands, a narrow one (16 and 32) few.
    """

    def __init__(self, n_bands: int, wide: bool) -> None:
        super().__init__()
        first, second = (128, 64) if wide else (16, 32)
        self.expand = conv_bn_relu(n_bands, first, 3, bias=False)
        self.mix = conv_bn_relu(first, second, 1, bias=True)
        self.squeeze_excite = SqueezeExcite(second)
        self.context = nn.Sequential(conv_bn_relu(second, WIDTH, 3, bias=False), nn.MaxPool2d(2))

    def forward(self, patches: Tensor) -> Tensor:
        return self.context(self.squeeze_excite(self.mix(self.expand(patches))))


class RelationEncoding(nn.Module):
    """Cross-source relation: two maps (B, 64, q, q) -> relation (B, 128, q, q), mean gate ().

    A gate shares every position out between the two modalities; the relation is the matrix product of the two
    shares over the spatial axes, per sample and channel. The mean gate is the mean share of the first one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.gate = nn.Conv2d(2 * WIDTH, WIDTH, 1)
        self.encode = conv_bn_relu(WIDTH, RELATION_WIDTH, 1, bias=False)

    def forward(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        gate = torch.sigmoid(self.gate(torch.cat([first, second], dim=1)))
        product = (first * gate) @ (second * (1 - gate))
        return self.encode(product), gate.mean()


class NoiseAdaptation(nn.Module):
    """Perturb the modality that the gates favour, in training only (attribution-driven noise adaptation).

    Keeps the mean gate of every pair as left by the previous training batch; 0.5 at the start.
    """

    gate_means: Tensor

    def __init__(self, n_modalities: int) -> None:
        super().__init__()
        self.pairs = list(combinations(range(n_modalities), 2))
        self.n_modalities = n_modalities
        self.register_buffer("gate_means", torch.full((len(self.pairs),), 0.5))

    def probabilities(self) -> Tensor:
        """Return the probability (N,) of each modality to be perturbed; it sums to 1."""
        shares = torch.zeros(self.n_modalities)
        for (i, j), mean in zip(self.pairs, self.gate_means.detach().float().cpu()):
            shares[i] += mean
            shares[j] += 1 - mean
        return shares / len(self.pairs)

    def draw(self, maps: Tensor) -> Noise:
        """Draw the noise for a batch of `maps` (B, 64, q, q) from torch's global generators."""
        target = int(torch.multinomial(self.probabilities(), 1))
        n_drawn = int(NOISY_SHARE * len(maps))
        indices = torch.randint(len(maps), (n_drawn,)).to(maps.device)
        return Noise(target, indices, torch.randn_like(maps[:1].expand(n_drawn, -1, -1, -1)))

    def forward(self, maps: list[Tensor], noise: Noise | None = None) -> list[Tensor]:
        """Add `noise`, or noise drawn here, to one of the maps; an index drawn twice gets two noise maps."""
        if noise is None:
            noise = self.draw(maps[0])
        noisy = maps[noise.target].index_add(0, noise.indices, noise.maps)
        return [noisy if i == noise.target else own for i, own in enumerate(maps)]


class BottleneckHead(nn.Module):
    """Information bottleneck: features (B, D) -> latent normal distribution -> logits (B, O).

    `n_hidden` is H and `n_out` is O; see the module docstring for the numbers of the two heads.
    """

    def __init__(self, n_hidden: int, n_out: int) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(LATENT, n_hidden), nn.ReLU())
        self.mean = nn.Linear(n_hidden, LATENT)
        self.deviation = nn.Linear(n_hidden, LATENT)
        self.decoder = nn.Linear(LATENT, n_out)

    def forward(self, features: Tensor, draw: Tensor | None) -> Latent:
        """Decode the latent mean, or mean + deviation * `draw` for a standard normal `draw` (B, D)."""
        hidden = self.encoder(features)
        mean = self.mean(hidden)
        deviation = functional.softplus(self.deviation(hidden) - 5)
        latent = mean if draw is None else mean + deviation * draw
        return Latent(self.decoder(latent), mean, deviation)


def information(latent: Latent) -> Tensor:
    """Return the KL divergence from the standard normal, averaged over batch and latent dimensions."""
    mean, deviation = latent.mean.float(), latent.deviation.float()
    return 0.5 * (mean.square() + deviation.square() - 2 * deviation.log() - 1).mean()


class MibfNet(nn.Module):
    """The whole network. Patches {modality: (B, C, P, P)}, any odd P >= 3 -> logits (B, K).

    `config` is the given configuration with every option filled in; store that one in the model file.
    """

    channels_last = True  # trained on a CPU a fifth faster so

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config = with_options(config)
        n = len(config.bands)
        wide = config.options["wide"]
        self.branches = nn.ModuleList(Branch(count, key in wide) for key, count in config.bands.items())
        self.noise = NoiseAdaptation(n) if n > 1 else None
        self.relations = nn.ModuleList(RelationEncoding() for _ in combinations(range(n), 2))
        self.refine = nn.ModuleList(conv_bn_relu(WIDTH, WIDTH, 3, bias=False) for _ in range(n))
        n_fused = WIDTH * n + RELATION_WIDTH * len(self.relations)
        self.fuse = conv_bn_relu(n_fused, LATENT, 1, bias=True)
        released = config.options["head"] == "released"
        self.head = (
            BottleneckHead(config.n_classes, LATENT) if released else BottleneckHead(LATENT, config.n_classes)
        )
        # Never called: it stands in the release's parameter list, and parity compares that list.
        self.fc = nn.Linear(LATENT, config.n_classes) if released else None
        initialise(self)

    def features(self, patches: Mapping[str, Tensor], noise: Noise | None = None) -> Tensor:
        """Return the pooled features (B, 128); in training mode with `noise`, or with noise drawn here."""
        maps = [branch(patches[key]) for key, branch in zip(self.config.bands, self.branches)]
        if self.noise is not None and self.training:
            maps = self.noise(maps, noise)
        return self.fused(maps).mean(dim=(2, 3))

    def fused(self, maps: list[Tensor]) -> Tensor:
        """Fuse the branches' maps (B, 64, q, q) into (B, 128, q, q); in training remember the mean gates."""
        pairs = [
            relation(maps[i], maps[j])
            for (i, j), relation in zip(combinations(range(len(maps)), 2), self.relations)
        ]
        if self.noise is not None and self.training:
            self.noise.gate_means.copy_(torch.stack([mean.detach() for _, mean in pairs]))
        own = [refine(u) for refine, u in zip(self.refine, maps)]
        # Order of the paper for two modalities: first, relation, second.
        return self.fuse(torch.cat([own[0], *[relation for relation, _ in pairs], *own[1:]], dim=1))

    def latent(
        self, patches: Mapping[str, Tensor], draw: Tensor | None = None, noise: Noise | None = None
    ) -> Latent:
        """Return all outputs of the head; `draw` (B, D) and `noise` replace the random draws."""
        features = self.features(patches, noise)
        if draw is None and (self.training or self.config.options["sample_at_prediction"]):
            draw = torch.randn_like(features)
        return self.head(features, draw)

    def forward(self, patches: Mapping[str, Tensor]) -> Tensor:
        return self.latent(patches).logits[:, : self.config.n_classes]

    def loss(
        self,
        patches: Mapping[str, Tensor],
        labels: Tensor,
        weight: Tensor | None = None,
        label_smoothing: float = 0.0,
    ) -> Tensor:
        """Return cross-entropy + 1e-3 * information; `labels` (B,) class indexes, `weight` (K,) or None."""
        return self.loss_of(self.latent(patches), labels, weight, label_smoothing)

    def loss_of(
        self, latent: Latent, labels: Tensor, weight: Tensor | None = None, label_smoothing: float = 0.0
    ) -> Tensor:
        """Return the loss of outputs at hand; the released head is scored over all its 128 outputs."""
        logits = latent.logits.float()
        if weight is not None:
            weight = functional.pad(weight.to(logits), (0, logits.shape[1] - len(weight)), value=1.0)
        entropy = functional.cross_entropy(logits, labels, weight, label_smoothing=label_smoothing)
        return entropy + BETA * information(latent)


def initialise(network: nn.Module) -> None:
    """Draw the weight of every convolution and linear layer Xavier-uniform; biases keep torch's default."""
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(module.weight)


def with_options(config: ModelConfig) -> ModelConfig:
    """Return `config` with every option present; raises ValueError for an option or value that is not known.

    Options: `head` ("paper" or "released"), `sample_at_prediction` (bool), `wide` (the modalities with a wide
    branch; by default the one with the most bands, the first of equals).
    """
    options: dict[str, Any] = {
        "head": "paper",
        "sample_at_prediction": False,
        "wide": [max(config.bands, key=lambda key: config.bands[key])],
    }
    unknown = sorted(set(config.options) - set(options))
    if unknown:
        raise ValueError(f"MIBF-Net has no option {unknown[0]!r}; it has {sorted(options)}")
    options.update(config.options)
    options["wide"] = list(options["wide"])
    _check(config, options)
    return replace(config, options=options)


def _check(config: ModelConfig, options: Mapping[str, Any]) -> None:
    if options["head"] not in HEADS:
        raise ValueError(f"option head must be one of {HEADS}, got {options['head']!r}")
    if not set(options["wide"]) <= set(config.bands):
        raise ValueError(f"option wide names {options['wide']}, the modalities are {list(config.bands)}")
    if config.patch_size < 3:
        raise ValueError(f"MIBF-Net needs a patch of at least 3 x 3 pixels, got {config.patch_size}")
    if options["head"] == "released" and config.n_classes > LATENT:
        raise ValueError(f"the released head has {LATENT} outputs, too few for {config.n_classes} classes")


def build(config: ModelConfig) -> MibfNet:
    """Build the network for `config`; see `with_options` for the options."""
    return MibfNet(config)
