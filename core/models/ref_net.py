"""REF-Net: what the sources share and where they differ at five scales, with a scan of the map at each.

Wei, Chen, Liu, Chen, Wang, "REF-Net", IEEE TGRS 63, 2025, art. 5635318, doi:10.1109/TGRS.2025.3591926.

Deliberate differences from the authors' program:

- Any number N >= 1 of modalities with any number of bands; two are the published network. The `primary` one
  (that with most bands) takes the optical part: the difference is that of it to the mean of the others. With
  a single one there is no difference, and no auxiliary decoder.
- There is no output for unlabelled pixels. They are ignored in the loss, and no pixel can get their class.
- A tile of any size is padded by mirroring to a multiple of the encoder's stride and cropped again. As
  published (`padding="none"`), the program gives one pixel too many for odd sides.
- All maps are enlarged in the same way. The program moves the corners in its heads alone
  (`enlarging="published"`).
- A batch without a labelled pixel has the loss 0; in the program it is not a number.
- ImageNet weights are used for more than three bands too; the program throws the first layer away then
  (`many_bands="published"`).
- Prediction skips the auxiliary decoders, whose result it does not use. Same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from .config import IGNORED, ModelConfig
from .layers.resnet import SIZES, STRIDE, ResNetEncoder, load_published
from .layers.selective_scan import scan_backend
from .layers.vss import VssSettings
from .ref_net_decoder import Level, LevelMaps, initialise

if TYPE_CHECKING:
    from .layers.resnet import Weights

N_LEVELS = 5
FIRST_STRIDE = 2  # of the finest level
CHOICES = {
    "encoder": tuple(SIZES),
    "padding": ("mirror", "none"),
    "enlarging": ("consistent", "published"),
    "many_bands": ("repeated", "published"),
}


class Outputs(NamedTuple):
    """Logits (B, K, H, W): the main ones, and one of each source where the auxiliary decoders ran."""

    logits: Tensor
    auxiliary: list[Tensor]


class RefNet(nn.Module):
    """The whole network. Tiles {modality: (B, C, H, W)} -> logits (B, K, H, W).

    `config` is the given configuration with every option filled in; store that one in the model file.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config = with_options(config)
        options, bands = config.options, config.bands
        first, width = options["primary"], options["width"]
        self.order = (first, *(key for key in bands if key != first))
        settings = VssSettings(drop_path=options["drop_path"])
        encoders = [ResNetEncoder(bands[key], options["encoder"]) for key in self.order]
        self.encoders = nn.ModuleList(encoders)
        self.levels = nn.ModuleList(
            Level(channels, width, settings, coarsest=number == N_LEVELS - 1)
            for number, channels in enumerate(zip(*(encoder.channels for encoder in encoders)))
        )
        n_heads = len(self.order) if len(self.order) > 1 else 0
        self.head = nn.Conv2d(width, config.n_classes, 1)
        self.branch_heads = nn.ModuleList(nn.Conv2d(width, config.n_classes, 1) for _ in range(n_heads))
        initialise(self.levels)
        for head in (self.head, *self.branch_heads):
            nn.init.xavier_uniform_(head.weight)
            nn.init.zeros_(head.bias)

    def load_encoders(self, weights: Weights) -> None:
        """Start the encoders from ImageNet weights. Raises ValueError for those of another network."""
        repeated = self.config.options["many_bands"] == "repeated"
        for encoder in self.encoders:
            load_published(encoder, weights, repeated)  # type: ignore[arg-type]  # all are encoders

    def forward(self, tiles: Mapping[str, Tensor]) -> Tensor:
        return self.outputs(tiles, auxiliary=False).logits

    def outputs(self, tiles: Mapping[str, Tensor], auxiliary: bool = True) -> Outputs:
        """Return all logits; without `auxiliary` the main ones alone, which are the same."""
        maps = [tiles[key] for key in self.order]
        height, width = maps[0].shape[2:]
        if self.config.options["padding"] == "mirror":
            maps = [padded(values, STRIDE) for values in maps]
        finest = self.decoded([encoder(values) for encoder, values in zip(self.encoders, maps)], auxiliary)[0]
        main, *others = (
            self._enlarged(head(values))[..., :height, :width]
            for head, values in zip((self.head, *self.branch_heads), (finest.fused, *finest.branches))
        )
        return Outputs(main, others)

    def decoded(self, features: list[list[Tensor]], auxiliary: bool = True) -> list[LevelMaps]:
        """Return the maps of every level, the finest first, from the five maps of each encoder."""
        found: list[LevelMaps] = []
        coarser = None
        for level, maps in reversed(list(zip(self.levels, zip(*features)))):
            coarser = level(maps, coarser, auxiliary)
            found.insert(0, coarser)
        return found

    def _enlarged(self, logits: Tensor) -> Tensor:
        corners = self.config.options["enlarging"] == "published"
        return functional.interpolate(
            logits, scale_factor=FIRST_STRIDE, mode="bilinear", align_corners=corners
        )

    def loss(
        self,
        tiles: Mapping[str, Tensor],
        labels: Tensor,
        weight: Tensor | None = None,
        label_smoothing: float = 0.0,
    ) -> Tensor:
        """Return the loss; `labels` (B, H, W) class indexes or `IGNORED`, `weight` (K,) or None.

        Class weights and smoothing are those of cross-entropy; the paper has neither.
        """
        auxiliary = self.config.options["auxiliary_weight"] > 0
        return self.loss_of(self.outputs(tiles, auxiliary), labels, weight, label_smoothing)

    def loss_of(
        self, outputs: Outputs, labels: Tensor, weight: Tensor | None = None, label_smoothing: float = 0.0
    ) -> Tensor:
        """Return cross-entropy of the main logits and a small share of the others'."""
        main, *others = (
            labelled_entropy(logits.float(), labels, weight, label_smoothing)
            for logits in (outputs.logits, *outputs.auxiliary)
        )
        if not others:
            return main
        share: float = self.config.options["auxiliary_weight"]
        return main + share * torch.stack(others).sum()

    def facts(self, device: torch.device) -> dict[str, str]:
        """Return what the report says beside the options, of a run on `device`."""
        return {"selective_scan": scan_backend(torch.empty(0, device=device))}


def padded(maps: Tensor, multiple: int) -> Tensor:
    """Return maps (B, C, H, W) grown to a multiple, below and to the right: mirrored, replicated if small."""
    down, right = (-side % multiple for side in maps.shape[2:])
    if not down and not right:
        return maps
    mode = "reflect" if down < maps.shape[2] and right < maps.shape[3] else "replicate"
    return functional.pad(maps, (0, right, 0, down), mode=mode)


def labelled_entropy(logits: Tensor, labels: Tensor, weight: Tensor | None, smoothing: float) -> Tensor:
    """Return the mean cross-entropy over the labelled pixels of a whole batch; 0 where there are none."""
    if not bool((labels != IGNORED).any()):
        return logits.sum() * 0.0
    return functional.cross_entropy(logits, labels, weight, ignore_index=IGNORED, label_smoothing=smoothing)


def with_options(config: ModelConfig) -> ModelConfig:
    """Return `config` with every option present; raises ValueError for an option or value that is not known.

    Options: `encoder` (see `layers.resnet.SIZES`); `width` C of the decoder; `drop_path`; `auxiliary_weight`
    of the other sources' losses; `primary` ("": the modality with most bands); `padding`, `enlarging` and
    `many_bands`, see the module's docstring and `CHOICES`.
    """
    options: dict[str, Any] = {
        "encoder": "resnet50",
        "width": 128,
        "drop_path": 0.1,
        "auxiliary_weight": 0.005,
        "primary": "",
        "padding": "mirror",
        "enlarging": "consistent",
        "many_bands": "repeated",
    }
    unknown = sorted(set(config.options) - set(options))
    if unknown:
        raise ValueError(f"REF-Net has no option {unknown[0]!r}; it has {sorted(options)}")
    options.update(config.options)
    options["primary"] = options["primary"] or max(config.bands, key=lambda key: config.bands[key])
    for name, values in {**CHOICES, "primary": tuple(config.bands)}.items():
        if options[name] not in values:
            raise ValueError(f"{name} must be one of {values}, got {options[name]!r}")
    if options["width"] < 1 or not 0 <= options["drop_path"] < 1 or options["auxiliary_weight"] < 0:
        raise ValueError(f"width must be positive, drop_path in [0, 1), the weight not negative: {options}")
    return replace(config, options=options)


def build(config: ModelConfig) -> RefNet:
    """Build the network for `config`; see `with_options` for the options."""
    return RefNet(config)
