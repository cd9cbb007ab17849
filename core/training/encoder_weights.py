"""Published ImageNet weights that the encoders of a network start from, out of a file that the user has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ModelFileError
from ..models.checkpoint import read_checkpoint
from ..models.layers.resnet import PUBLISHED, ResNetEncoder, load_published, published_size

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

_FIRST = "conv1.weight"


@dataclass(frozen=True)
class EncoderWeights:
    """The weights of a ResNet by torchvision's names, and which ResNet; without a file nothing at all."""

    path: str = ""
    encoder: str = ""
    weights: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, path: str) -> EncoderWeights:
        """Read a file, "" for none. Raises `ModelFileError` for one that holds other weights."""
        if not path:
            return cls()
        weights = read_checkpoint(path).weights
        try:
            found = cls(path, published_size(weights), weights)
            load_published(ResNetEncoder(3, found.encoder), weights)
        except ValueError as error:
            raise ModelFileError(
                f"This file does not hold the weights of an encoder: {error}.",
                where=path,
                remedy=f"Choose the published ImageNet weights of {', '.join(PUBLISHED[:-1])} or "
                f"{PUBLISHED[-1]} (.pth or .safetensors), or leave the file out.",
            ) from error
        return found

    @property
    def options(self) -> dict[str, str]:
        """Options of the network that follow from the file."""
        return {"encoder": self.encoder} if self.path else {}

    @property
    def described(self) -> dict[str, str]:
        """What the report and the model file say."""
        return {"encoders_started_from": Path(self.path).name} if self.path else {}

    @property
    def facts(self) -> tuple[NDArray[Any], ...]:
        """What tells one file from another."""
        return (self.weights[_FIRST],) if self.path else ()

    def load_into(self, network: nn.Module) -> None:
        """Put the weights into every encoder of `network`, which has `load_encoders`."""
        if self.path:
            network.load_encoders(self.weights)  # type: ignore[operator]  # a method, not a tensor
