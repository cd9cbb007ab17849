"""One face for prediction with any method. What differs follows from the kind of the method alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..models.catalog import CATALOG
from ..progress import Progress, silent
from .sample_tiles import TILE, tiles_with_samples

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..data.stack import Stack, StackWindow
    from ..models.model_file import TrainedModel

    Floats = NDArray[np.float32]


class Predictor(ABC):
    """A trained model ready for use.

    `margin`: pixels around a window that the model looks at. `n_classes`: K. `settings`: device, precision
    and batch size as used, for the record of the run. `sample_window`: side of the windows in which single
    positions are predicted.
    """

    sample_window = TILE
    margin: int
    n_classes: int
    settings: dict[str, Any]

    @abstractmethod
    def compute(
        self,
        data: Mapping[str, Floats],
        wanted: NDArray[np.bool_],
        progress: Progress,
        corner: tuple[int, int] = (0, 0),
    ) -> Floats:
        """Return probabilities (n, K) for the `wanted` pixels (H, W), in row-major order.

        `data`: raw bands (C, H + 2m, W + 2m) per modality, NaN where invalid. At least one pixel is wanted.
        `corner`: row and column of the first of these pixels in the scene.
        `progress` is only asked, often, whether to stop.
        """

    def predict(self, window: StackWindow, progress: Progress = silent) -> Floats:
        """Return probabilities (K, H, W) for a window read with `margin`; NaN where the window is invalid.

        Invalid pixels cost nothing. How a scene is cut into windows does not change the result, but for the
        rounding of sums.
        """
        m = self.margin
        height, width = window.valid.shape[0] - 2 * m, window.valid.shape[1] - 2 * m
        wanted = window.valid[m : m + height, m : m + width]
        result = np.full((self.n_classes, height, width), np.nan, dtype=np.float32)
        if wanted.any():
            result[:, wanted] = self.compute(window.data, wanted, progress, window.corner).T
        return result

    def probabilities_at(
        self,
        stack: Stack,
        rows: NDArray[np.int64],
        cols: NDArray[np.int64],
        progress: Progress = silent,
    ) -> Floats:
        """Return probabilities (n, K) at single positions, for scoring; NaN at invalid ones.

        Reads the windows around the positions and computes the positions only.
        """
        result = np.full((len(rows), self.n_classes), np.nan, dtype=np.float32)
        done = 0
        for window, members in tiles_with_samples(rows, cols, self.sample_window):
            progress(done / len(rows), "predicting at the samples")
            read = stack.read(window, self.margin)
            inside = np.zeros((window.height, window.width), dtype=bool)
            at = rows[members] - window.row, cols[members] - window.col
            inside[at] = True
            m = self.margin
            wanted = inside & read.valid[m : m + window.height, m : m + window.width]
            if wanted.any():
                found = np.full((*wanted.shape, self.n_classes), np.nan, dtype=np.float32)
                found[wanted] = self.compute(read.data, wanted, progress, read.corner)
                result[members] = found[at]
            done += len(members)
        return result

    def predict_at(
        self,
        stack: Stack,
        rows: NDArray[np.int64],
        cols: NDArray[np.int64],
        progress: Progress = silent,
    ) -> NDArray[np.int64]:
        """Return class indexes (n,) at single positions, -1 at invalid ones."""
        probabilities = self.probabilities_at(stack, rows, cols, progress)
        invalid = np.isnan(probabilities[:, 0])
        probabilities[invalid] = 0
        return np.where(invalid, -1, probabilities.argmax(axis=1)).astype(np.int64)


def make_predictor(
    model: TrainedModel, device: str = "auto", precision: str = "auto", batch_size: int = 0
) -> Predictor:
    """Make the predictor for `model`.

    `device`: "auto", "cpu" or "cuda". `precision`: "auto", "fp32", "bf16" or "fp16"; auto is fp32 on a CPU
    and tried out on a GPU. `batch_size`: patches or tiles at once, 0 chooses. Kind `pixel` needs none of
    them.

    Raises:
        MissingDependencyError: the method needs torch, which is missing or broken.
        ModelFileError: the arrays of the model do not fit its description.
    """
    kind = CATALOG[model.method].kind
    # Imported here: a network needs torch, a forest must do without.
    if kind == "pixel":
        from .pixel_predictor import PixelPredictor

        return PixelPredictor(model)
    if kind == "patch":
        from .device import require_torch

        require_torch()
        from .network_predictor import NetworkPredictor

        return NetworkPredictor(model, device, precision, batch_size)
    if kind == "tile":
        from .device import require_torch

        require_torch()
        from .tile_predictor import TilePredictor

        return TilePredictor(model, device, precision, batch_size)
    raise ValueError(f"no predictor for methods of kind {kind!r}")
