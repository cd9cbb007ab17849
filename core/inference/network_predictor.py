"""Prediction with a network of kind `patch`: densely where its work can be shared, else patch by patch."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from ..data.windows import iter_tiles
from ..errors import ModelFileError
from ..models.catalog import build_dense, build_model
from ..progress import Progress
from .device import choose_device
from .gpu_memory import with_smaller_batches
from .precision import DTYPES, autocast, choose_precision
from .predictor import Predictor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..models.catalog import DenseForm
    from ..models.model_file import TrainedModel
    from .predictor import Floats

# Side of the blocks in which a window is computed: small enough to stop soon and to step over invalid areas.
BLOCK = 64
# Below this share of wanted pixels a block is computed patch by patch; sharing work costs more there.
DENSE_SHARE = 0.25
CPU_BATCH, GPU_BATCH = 128, 2048


class NetworkPredictor(Predictor):
    """A trained network on one device.

    `dense=False` computes every patch on its own, to measure and test what is shared.
    """

    def __init__(
        self,
        model: TrainedModel,
        device: str = "auto",
        precision: str = "auto",
        batch_size: int = 0,
        dense: bool = True,
    ) -> None:
        self._device = choose_device(device)
        self._preprocess = model.preprocess
        self._network = load_network(model).to(self._device).eval()
        self._method = model.method
        self._has_dense = dense and not model.config.options.get("sample_at_prediction", False)
        self._dense: dict[torch.dtype, DenseForm] = {}
        self._side = model.config.patch_size
        self.margin = self._side // 2
        self.n_classes = len(model.classes)
        self.settings: dict[str, Any] = {
            "device": self._device.type,
            "precision": precision,
            "batch_size": batch_size or (GPU_BATCH if self._device.type == "cuda" else CPU_BATCH),
        }

    def compute(
        self,
        data: Mapping[str, Floats],
        wanted: NDArray[np.bool_],
        progress: Progress,
        corner: tuple[int, int] = (0, 0),
    ) -> Floats:
        """Return probabilities (n, K) of the wanted pixels; see `Predictor.compute`."""
        prepared = self._preprocess.apply(dict(data))
        tiles = {
            key: torch.from_numpy(np.ascontiguousarray(bands)).to(self._device)
            for key, bands in prepared.items()
        }
        probabilities = np.empty((*wanted.shape, self.n_classes), dtype=np.float32)
        with torch.inference_mode():
            for block in iter_tiles(wanted.shape[0], wanted.shape[1], BLOCK):
                progress.check()
                inside = wanted[block.slices()]
                if inside.any():
                    around = (
                        slice(None),
                        slice(block.row, block.row_stop + 2 * self.margin),
                        slice(block.col, block.col_stop + 2 * self.margin),
                    )
                    part = {key: tile[around] for key, tile in tiles.items()}
                    logits = self._block_logits(part, inside, progress)
                    found = torch.softmax(logits.float(), dim=1).cpu().numpy()
                    probabilities[block.slices()][inside] = found
        return probabilities[wanted]

    def _block_logits(
        self, tiles: Mapping[str, Tensor], wanted: NDArray[np.bool_], progress: Progress
    ) -> Tensor:
        """Return logits (n, K) of the wanted pixels of a block; a full GPU halves the batch."""

        def logits() -> Tensor:
            self._settle_precision(tiles, wanted, progress)
            return self._logits(tiles, wanted, DTYPES[self.settings["precision"]], progress)

        return with_smaller_batches(self.settings, "patch", logits)

    def _logits(
        self,
        tiles: Mapping[str, Tensor],
        wanted: NDArray[np.bool_],
        dtype: torch.dtype,
        progress: Progress,
    ) -> Tensor:
        batch_size = int(self.settings["batch_size"])
        dense = self._dense_form(dtype)
        if dense is not None and wanted.mean() >= DENSE_SHARE:
            everywhere = dense({key: tile.to(dtype) for key, tile in tiles.items()}, batch_size)
            return everywhere[torch.from_numpy(wanted.reshape(-1)).to(self._device)]
        rows, cols = np.nonzero(wanted)
        parts = []
        with autocast(self._device, dtype):
            for start in range(0, len(rows), batch_size):
                progress.check()
                batch = slice(start, start + batch_size)
                patches = cut_patches(tiles, rows[batch], cols[batch], self._side)
                parts.append(self._network(patches)[:, : self.n_classes])
        return torch.cat(parts)

    def _dense_form(self, dtype: torch.dtype) -> DenseForm | None:
        """Return the dense form with weights of `dtype`, made at its first use; None if there is none."""
        if not self._has_dense:
            return None
        if dtype not in self._dense:
            network = self._network if dtype == torch.float32 else copy.deepcopy(self._network).to(dtype)
            form = build_dense(self._method, network)
            if form is None:
                self._has_dense = False
                return None
            self._dense[dtype] = form
        return self._dense[dtype]

    def _settle_precision(
        self, tiles: Mapping[str, Tensor], wanted: NDArray[np.bool_], progress: Progress
    ) -> None:
        """Replace "auto" by what a trial on the first block shows to be good."""
        if self.settings["precision"] == "auto":
            self.settings["precision"] = choose_precision(
                self._device, lambda dtype: self._logits(tiles, wanted, dtype, progress)
            )


def cut_patches(
    tiles: Mapping[str, Tensor], rows: NDArray[np.int64], cols: NDArray[np.int64], side: int
) -> dict[str, Tensor]:
    """Return the patches (n, C, P, P) around positions of the inner part of tiles (C, H + 2m, W + 2m)."""
    patches = {}
    for key, tile in tiles.items():
        all_patches = tile.unfold(1, side, 1).unfold(2, side, 1)  # a view: (C, H, W, P, P)
        at = torch.from_numpy(rows).to(tile.device), torch.from_numpy(cols).to(tile.device)
        patches[key] = all_patches[:, at[0], at[1]].transpose(0, 1).contiguous()
    return patches


def load_network(model: TrainedModel) -> nn.Module:
    """Build the network of a trained model with its weights. Raises `ModelFileError` if they do not fit."""
    network = build_model(model.method, model.config)
    state = {name: torch.from_numpy(np.array(array)) for name, array in model.arrays.items()}
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise ModelFileError(
            f"The weights do not fit the network: {str(error).splitlines()[-1].strip()}",
            where=f"method '{model.method}'",
            remedy="Train the model again with this version.",
        ) from error
    return network
