"""Prediction with a network of kind `tile`: overlapping tiles, blended so that no seam is seen.

The tiles lie on a lattice that is fixed to the scene: every half side one begins, the outermost reach beyond
the edges, where the scene is mirrored. So a pixel is the mean of the same four tiles however the scene is cut
into windows. In the mean a tile weighs less towards its edges (a Hann window), where it sees less around.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from ..progress import Progress
from .device import choose_device
from .gpu_memory import with_smaller_batches
from .network_predictor import load_network
from .precision import DTYPES, autocast, choose_precision
from .predictor import Predictor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..models.model_file import TrainedModel
    from .predictor import Floats

    Place = tuple[int, int]

FLOOR = 0.02  # of the weight at the edge of a tile, so that no pixel is without any
CPU_PIXELS, GPU_PIXELS = 32_768, 1_048_576  # of the tiles that are computed at once


class TilePredictor(Predictor):
    """A trained network on one device."""

    sample_window = 256

    def __init__(
        self, model: TrainedModel, device: str = "auto", precision: str = "auto", batch_size: int = 0
    ) -> None:
        self._device = choose_device(device)
        self._preprocess = model.preprocess
        self._network = load_network(model).to(self._device).eval()
        self._side = model.config.side
        self._weights = blending(self._side).to(self._device)
        self.margin = self._side - 1
        self.n_classes = len(model.classes)
        pixels = GPU_PIXELS if self._device.type == "cuda" else CPU_PIXELS
        self.settings: dict[str, Any] = {
            "device": self._device.type,
            "precision": precision,
            "batch_size": batch_size or max(1, pixels // self._side**2),
        }

    def compute(
        self,
        data: Mapping[str, Floats],
        wanted: NDArray[np.bool_],
        progress: Progress,
        corner: tuple[int, int] = (0, 0),
    ) -> Floats:
        """Return probabilities (n, K) of the wanted pixels; see `Predictor.compute`."""
        bands = {
            key: torch.from_numpy(np.ascontiguousarray(values)).to(self._device)
            for key, values in self._preprocess.apply(dict(data)).items()
        }
        places = [place for place in self._places(corner, wanted.shape) if self._part(wanted, place).any()]

        def blended() -> Tensor:
            return self._blended(bands, places, progress)

        with torch.inference_mode():
            found = with_smaller_batches(self.settings, "tile", blended)
            return found[:, torch.from_numpy(wanted).to(self._device)].T.cpu().numpy()

    def _places(self, corner: tuple[int, int], shape: tuple[int, ...]) -> Iterator[Place]:
        """Yield where the tiles begin that reach into a window, counted in the window with its margin."""
        rows, cols = (
            range((self.margin - start) % self._stride, length + self.margin, self._stride)
            for start, length in zip(corner, shape)
        )
        yield from ((row, col) for row in rows for col in cols)

    @property
    def _stride(self) -> int:
        return self._side // 2

    def _part(self, pixels: NDArray[np.bool_], place: Place) -> NDArray[np.bool_]:
        """Return the part of a window (H, W) that lies in a tile."""
        (top, bottom), (left, right) = ((start - self.margin, start + 1) for start in place)
        return pixels[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]

    def _blended(self, bands: Mapping[str, Tensor], places: list[Place], progress: Progress) -> Tensor:
        """Return probabilities (K, H, W) of a window; not a number where no tile was computed."""
        height, width = next(iter(bands.values())).shape[1:]
        total = torch.zeros(self.n_classes, height, width, device=self._device)
        weight = torch.zeros(height, width, device=self._device)
        size, side = int(self.settings["batch_size"]), self._side
        for start in range(0, len(places), size):
            progress.check()
            batch = places[start : start + size]
            tiles = {
                key: torch.stack([values[:, r : r + side, c : c + side] for r, c in batch])
                for key, values in bands.items()
            }
            for (row, col), found in zip(batch, self._probabilities(tiles)):
                inside = slice(row, row + side), slice(col, col + side)
                total[:, inside[0], inside[1]] += self._weights * found
                weight[inside] += self._weights
        m = self.margin
        return (total / weight)[:, m : height - m, m : width - m]

    def _probabilities(self, tiles: Mapping[str, Tensor]) -> Tensor:
        """Return probabilities (B, K, T, T); "auto" becomes the precision that a trial shows to be good."""
        if self.settings["precision"] == "auto":
            self.settings["precision"] = choose_precision(
                self._device, lambda dtype: self._logits(tiles, dtype).movedim(1, -1).flatten(0, 2)
            )
        return torch.softmax(self._logits(tiles, DTYPES[self.settings["precision"]]).float(), dim=1)

    def _logits(self, tiles: Mapping[str, Tensor], dtype: torch.dtype) -> Tensor:
        with autocast(self._device, dtype):
            return self._network(tiles)


def blending(side: int) -> Tensor:
    """Return the weight of each pixel of a tile (T, T) in the mean."""
    hann = torch.sin(torch.pi * (torch.arange(side) + 0.5) / side) ** 2
    along = FLOOR + (1 - FLOOR) * hann
    return along[:, None] * along
