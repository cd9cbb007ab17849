"""Prediction with a method of kind `pixel`; free of torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..models.catalog import pixel_probabilities
from ..models.context_features import context_margin
from ..progress import Progress
from .pixel_features import window_features
from .predictor import Predictor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..models.model_file import TrainedModel
    from .predictor import Floats

# Rows of a window whose features exist at once; a feature stack has up to 7 times the bands of the scene.
_PIXELS_AT_ONCE = 16_384


class PixelPredictor(Predictor):
    """A forest or machine on pixel values and their surroundings (option `windows` of the configuration)."""

    def __init__(self, model: TrainedModel) -> None:
        self._model = model
        self._probabilities = pixel_probabilities(model.method)
        self._windows = tuple(int(side) for side in model.config.options.get("windows", ()))
        self.margin = context_margin(self._windows)
        self.n_classes = len(model.classes)
        self.settings: dict[str, Any] = {"device": "cpu", "precision": "fp32"}

    def compute(
        self,
        data: Mapping[str, Floats],
        wanted: NDArray[np.bool_],
        progress: Progress,
        corner: tuple[int, int] = (0, 0),
    ) -> Floats:
        """Return probabilities (n, K) of the wanted pixels; see `Predictor.compute`."""
        height, width = wanted.shape
        rows_at_once = max(1, _PIXELS_AT_ONCE // width)
        parts = []
        for row in range(0, height, rows_at_once):
            progress.check()
            strip = wanted[row : row + rows_at_once]
            if strip.any():
                read = {key: b[:, row : row + len(strip) + 2 * self.margin] for key, b in data.items()}
                features = window_features(read, self._model.preprocess, self._windows)
                parts.append(self._probabilities(self._model.arrays, features[:, strip].T))
        return np.concatenate(parts).astype(np.float32)
