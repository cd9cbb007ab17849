"""What must be known to rebuild a model of any method. Free of torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

IGNORED = -1  # label of a pixel of a tile that teaches nothing; classes count from 0

INFORMATION = "{} information"  # what a stack and a preprocessing call the generative information of a source


@dataclass(frozen=True)
class ModelConfig:
    """Sizes and settings of a model.

    `bands`: bands per modality in order of use, after any PCA, for example {"hsi": 30, "lidar": 1}.
    `patch_size`: side in map pixels, odd (for `pixel` methods the side of the largest context window, or 1).
    `tile_size`: side of the tiles that a network of kind `tile` was trained on, 0 for other methods.
    `options`: settings of the method, plain JSON values, for example {"head": "paper"}.
    """

    bands: Mapping[str, int]
    n_classes: int
    patch_size: int = 7
    options: Mapping[str, Any] = field(default_factory=dict)
    tile_size: int = 0

    def __post_init__(self) -> None:
        if self.patch_size % 2 == 0 or self.patch_size < 1:
            raise ValueError(f"patch_size must be odd and positive, got {self.patch_size}")
        if not self.bands or any(count < 1 for count in self.bands.values()):
            raise ValueError(f"every modality needs at least one band, got {dict(self.bands)}")
        if self.n_classes < 1:
            raise ValueError(f"n_classes must be positive, got {self.n_classes}")
        if self.tile_size < 0:
            raise ValueError(f"tile_size must not be negative, got {self.tile_size}")

    @property
    def side(self) -> int:
        """Side in map pixels of what the method looks at: of its tiles, else of its patches."""
        return self.tile_size or self.patch_size

    def to_json(self) -> dict[str, Any]:
        """Return plain values; the order of the modalities is kept."""
        return {
            "bands": dict(self.bands),
            "n_classes": self.n_classes,
            "patch_size": self.patch_size,
            "options": dict(self.options),
            "tile_size": self.tile_size,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> ModelConfig:
        """Rebuild a configuration from `to_json`."""
        return cls(
            {str(k): int(v) for k, v in values["bands"].items()},
            int(values["n_classes"]),
            int(values["patch_size"]),
            dict(values.get("options", {})),
            int(values.get("tile_size", 0)),
        )
