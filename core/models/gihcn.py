"""GIHCN: raw data and generative information gate each other; two views are classified and contrasted.

Zhang, Zhao, Liu et al., "Generative-information-guided heterogeneous cross-fusion network with contrastive
learning", IEEE TCSVT 2025, doi:10.1109/TCSVT.2025.3614153.

The generative information of a source comes from a diffusion model of it (`diffusion_extractor`). Without it
the raw data stand in its place, which is NOT the published method. The option `generative_information` says
which it was, and so do the report and the model file.

Deliberate differences from the authors' program:

- Any number N >= 1 of modalities with any number of bands; two are the published network. The `primary` one
  (that with most bands) guides and is guided by each of the others; with a single one nothing is gated.
- The Gaussian weight is normalised per sample, so that a pixel's label does not depend on what else is in its
  batch. `weighting="batch"` is the published sum over the batch. Constant patches get weight 1, not 0/0.
- The spectral gates normalise the mean and the maximum of a patch together in training. The program does it
  one after the other (`gate_statistics="separate"`), each by its own statistics, but predicts with a mixture
  of both, for which the network was not trained. Prediction with given weights is the same.
- A prediction is the mean of the two views' probabilities; the authors have not said how they combine them.
- In eval mode the mean over the tokens is taken before the last linear layer of Mamba (same numbers).
- Options, settings and layers of the program without effect are left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from .config import INFORMATION, ModelConfig
from .gihcn_branch import Branch, FuzzyBlock
from .gihcn_loss import contrastive_loss, divergence
from .layers.selective_scan import scan_backend

PAPER_WIDTH = 256
GATE_WIDTH = 16
RAW_DATA = "raw data (the published method takes diffusion features)"
GIVEN = "given beside the data"
COMBINATIONS = ("mean_probabilities", "mean_logits", "view_1", "view_2")


class Outputs(NamedTuple):
    """Of both views: `features` (2, B, D) and `logits` (2, B, K)."""

    features: Tensor
    logits: Tensor


class SpectralGate(nn.Module):
    """What the bands of one source say about the bands of another. (B, in, P, P) -> (B, out, 1, 1).

    Values lie in [0.5, 1): the last layer before the sigmoid is a ReLU, as published. `joint`: in training
    mean and maximum are normalised by their common statistics, the same that prediction uses.
    """

    def __init__(self, n_in: int, n_out: int, joint: bool) -> None:
        super().__init__()
        self.joint = joint
        widths = (n_in, GATE_WIDTH, GATE_WIDTH, n_out)
        layers = (
            (nn.Conv2d(i, o, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU()) for i, o in zip(widths, widths[1:])
        )
        self.layers = nn.Sequential(*(layer for group in layers for layer in group))

    def forward(self, maps: Tensor) -> Tensor:
        mean, maximum = functional.adaptive_avg_pool2d(maps, 1), functional.adaptive_max_pool2d(maps, 1)
        if self.joint or not self.training:
            mean, maximum = self.layers(torch.cat([mean, maximum])).chunk(2)
        else:
            mean, maximum = self.layers(mean), self.layers(maximum)
        return torch.sigmoid(mean + maximum)


class SpatialGate(nn.Module):
    """What mean and maximum over the bands of a source say about the place. (B, C, P, P) -> (B, 1, P, P)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 1, 3, padding=1, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        # `max` hands its gradient to one band, as published; `amax` would share it among equal ones.
        both = torch.cat([maps.mean(dim=1, keepdim=True), maps.max(dim=1, keepdim=True).values], dim=1)
        return torch.sigmoid(self.conv(both))


class Gates(NamedTuple):
    """What the raw data and the information of the primary source and of another one are multiplied by.

    `spectral_raw` (B, b, 1, 1): the other's raw data; `spectral_information` (B, g, 1, 1): the primary's
    information; `spatial_raw` (B, 1, P, P): the primary's raw data; `spatial_information`: the other's.
    """

    spectral_raw: Tensor
    spectral_information: Tensor
    spatial_raw: Tensor
    spatial_information: Tensor


class CrossGates(nn.Module):
    """The four gates between the primary source and another; of each the bands: raw data, information."""

    def __init__(self, primary: tuple[int, int], other: tuple[int, int], joint: bool) -> None:
        super().__init__()
        (_, primary_information), (bands, _) = primary, other
        self.spectral_raw = SpectralGate(primary_information, bands, joint)
        self.spectral_information = SpectralGate(bands, primary_information, joint)
        self.spatial_raw = SpatialGate()
        self.spatial_information = SpatialGate()

    def forward(
        self, raw: Tensor, information: Tensor, other_raw: Tensor, other_information: Tensor
    ) -> Gates:
        return Gates(
            self.spectral_raw(information),
            self.spectral_information(other_raw),
            self.spatial_raw(other_information),
            self.spatial_information(raw),
        )


class Gihcn(nn.Module):
    """The whole network. Patches {modality: (B, C, P, P)}, any odd P >= 3 -> logits (B, K).

    `config` is the given configuration with every option filled in; store that one in the model file.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config = with_options(config)
        options, bands = config.options, config.bands
        first = options["primary"]
        self.order = (first, *(key for key in bands if key != first))
        informed = options["generative_bands"] or bands
        sizes = [(bands[key], informed[key]) for key in self.order]
        joint = options["gate_statistics"] == "joint"
        self.gates = nn.ModuleList(CrossGates(sizes[0], other, joint) for other in sizes[1:])
        self.branches = nn.ModuleList(self._branch(sum(widths)) for widths in zip(*sizes))

    def _branch(self, channels: int) -> Branch:
        options, side = self.config.options, self.config.patch_size
        spread, coupled = options["gaussian_spread"], options["weighting"] == "batch"
        reach = options["manhattan_reach"]
        block = FuzzyBlock(channels, options["width"], side, spread, reach, coupled)
        return Branch(block, channels, self.config.n_classes, options["dropout"])

    def views(
        self, patches: Mapping[str, Tensor], information: Mapping[str, Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return both views: raw data gated by information (B, sum b, P, P), and the other way round.

        `information` is needed by a network with `generative_bands`, and only by that; where it is not given
        it is among the patches, as `INFORMATION` names it.
        """
        raw = [patches[key] for key in self.order]
        info = self._information(patches, information)
        if not self.gates:
            return raw[0], info[0]
        gates = [gate(raw[0], info[0], x, g) for gate, x, g in zip(self.gates, raw[1:], info[1:])]
        of_raw = [_mean([gate.spatial_raw for gate in gates]) * raw[0]]
        of_info = [_mean([gate.spectral_information for gate in gates]) * info[0]]
        of_raw += [gate.spectral_raw * x for gate, x in zip(gates, raw[1:])]
        of_info += [gate.spatial_information * g for gate, g in zip(gates, info[1:])]
        return torch.cat(of_raw, dim=1), torch.cat(of_info, dim=1)

    def _information(
        self, patches: Mapping[str, Tensor], information: Mapping[str, Tensor] | None
    ) -> list[Tensor]:
        if not self.config.options["generative_bands"]:
            if information is not None:
                raise ValueError("generative information needs generative_bands")
            return [patches[key] for key in self.order]
        if information is not None:
            return [information[key] for key in self.order]
        among = [patches.get(INFORMATION.format(key)) for key in self.order]
        if any(found is None for found in among):
            raise ValueError("a network with generative_bands needs generative information")
        return [found for found in among if found is not None]

    def outputs(
        self, patches: Mapping[str, Tensor], information: Mapping[str, Tensor] | None = None
    ) -> Outputs:
        """Return features and logits of both views; `information` as in `views`."""
        views = self.views(patches, information)
        features, logits = zip(*(branch(view) for branch, view in zip(self.branches, views)))
        return Outputs(torch.stack(features), torch.stack(logits))

    def forward(
        self, patches: Mapping[str, Tensor], information: Mapping[str, Tensor] | None = None
    ) -> Tensor:
        logits = self.outputs(patches, information).logits
        return combine(logits, self.config.options["combination"])

    def loss(
        self,
        patches: Mapping[str, Tensor],
        labels: Tensor,
        weight: Tensor | None = None,
        label_smoothing: float = 0.0,
    ) -> Tensor:
        """Return the loss; `labels` (B,) class indexes, `weight` (K,) or None.

        Class weights and smoothing are those of cross-entropy; the paper has neither.
        """
        return self.loss_of(self.outputs(patches), labels, weight, label_smoothing)

    def loss_of(
        self, outputs: Outputs, labels: Tensor, weight: Tensor | None = None, label_smoothing: float = 0.0
    ) -> Tensor:
        """Return contrastive loss + divergence + cross-entropy of each view, all with weight 1."""
        first, second = outputs.features.float()
        published = self.config.options["divergence"] == "published"
        classified = [
            functional.cross_entropy(logits.float(), labels, weight, label_smoothing=label_smoothing)
            for logits in outputs.logits
        ]
        return contrastive_loss(first, second) + divergence(first, second, published) + sum(classified)

    def facts(self, device: torch.device) -> dict[str, str]:
        """Return what the report says beside the options, of a run on `device`."""
        return {"selective_scan": scan_backend(torch.empty(0, device=device))}


def _mean(values: list[Tensor]) -> Tensor:
    return torch.stack(values).mean(dim=0)


def combine(logits: Tensor, how: str) -> Tensor:
    """Return one set of logits (B, K) from those of both views (2, B, K); `how` is one of `COMBINATIONS`."""
    if how == "mean_logits":
        return logits.mean(dim=0)
    if how == "mean_probabilities":
        return logits.float().log_softmax(dim=2).logsumexp(dim=0) - math.log(2)
    return logits[0] if how == "view_1" else logits[1]


def with_options(config: ModelConfig) -> ModelConfig:
    """Return `config` with every option present; raises ValueError for an option or value that is not known.

    Options: `width` D; `dropout` before the mean over the tokens; `weighting` ("per_sample" or "batch");
    `gate_statistics` ("joint" or "separate");
    `gaussian_spread` lambda_g; `manhattan_reach` lambda_m in pixels (0: the patch side); `combination` of
    the two views (see `COMBINATIONS`); `divergence` ("published" or "jensen_shannon"); `primary` ("": the
    modality with most bands); `generative_bands` per modality ({}: the raw data are their own information);
    `generative_information`: in words where it comes from.
    """
    options: dict[str, Any] = {
        "width": PAPER_WIDTH,
        "dropout": 0.8,
        "weighting": "per_sample",
        "gate_statistics": "joint",
        "gaussian_spread": 0.5,
        "manhattan_reach": 0.0,
        "combination": COMBINATIONS[0],
        "divergence": "published",
        "primary": "",
        "generative_bands": {},
        "generative_information": "",
    }
    unknown = sorted(set(config.options) - set(options))
    if unknown:
        raise ValueError(f"GIHCN has no option {unknown[0]!r}; it has {sorted(options)}")
    options.update(config.options)
    options["primary"] = options["primary"] or max(config.bands, key=lambda key: config.bands[key])
    options["manhattan_reach"] = float(options["manhattan_reach"] or config.patch_size)
    given = options["generative_information"] or GIVEN
    options["generative_information"] = given if options["generative_bands"] else RAW_DATA
    _check(config, options)
    return replace(config, options=options)


def _check(config: ModelConfig, options: Mapping[str, Any]) -> None:
    if config.patch_size < 3:
        raise ValueError(f"GIHCN needs a patch of at least 3 x 3 pixels, got {config.patch_size}")
    chosen = {
        "weighting": ("per_sample", "batch"),
        "gate_statistics": ("joint", "separate"),
        "combination": COMBINATIONS,
        "divergence": ("published", "jensen_shannon"),
        "primary": tuple(config.bands),
    }
    for name, values in chosen.items():
        if options[name] not in values:
            raise ValueError(f"{name} must be one of {values}, got {options[name]!r}")
    informed = options["generative_bands"]
    if informed and (set(informed) != set(config.bands) or min(informed.values()) < 1):
        raise ValueError(f"generative_bands must have a number for each of {tuple(config.bands)}: {informed}")
    positive = options["width"] >= 1 and options["gaussian_spread"] > 0 and options["manhattan_reach"] > 0
    if not positive or not 0 <= options["dropout"] < 1:
        raise ValueError(f"width, spread and reach must be positive, dropout in [0, 1): {dict(options)}")


def build(config: ModelConfig) -> Gihcn:
    """Build the network for `config`; see `with_options` for the options."""
    return Gihcn(config)
