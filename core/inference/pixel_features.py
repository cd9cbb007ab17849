"""What a `pixel` method sees of a pixel: the bands of all modalities and their surroundings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..models.context_features import context_features, context_margin
from ..progress import Progress, silent
from .sample_tiles import tiles_with_samples

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..data.normalisation import Preprocess
    from ..data.stack import Stack

    Floats = NDArray[np.float32]


def window_features(data: Mapping[str, Floats], preprocess: Preprocess, windows: tuple[int, ...]) -> Floats:
    """Return features (F, H, W) of raw bands {modality: (C, H + 2m, W + 2m)}, m = `context_margin(windows)`.

    The modalities follow one another. A pixel stays out of the surroundings of its neighbours where no more
    than half of a modality's bands are valid: what `preprocess` fills in for networks is taken out again.
    """
    prepared = preprocess.apply(dict(data))
    parts = []
    for key, bands in prepared.items():
        invalid = 2 * np.isfinite(data[key]).sum(axis=0) <= len(data[key])
        parts.append(context_features(np.where(invalid, np.float32(np.nan), bands), windows))
    return np.concatenate(parts)


def features_at(
    stack: Stack,
    preprocess: Preprocess,
    rows: NDArray[np.int64],
    cols: NDArray[np.int64],
    windows: tuple[int, ...],
    progress: Progress = silent,
) -> Floats:
    """Return features (n, F) at single positions, for training; NaN where a position is invalid."""
    parts: list[Floats] = []
    order: list[NDArray[np.int64]] = []
    for window, members in tiles_with_samples(rows, cols):
        progress(sum(map(len, order)) / len(rows), "reading the samples")
        read = stack.read(window, context_margin(windows))
        features = window_features(read.data, preprocess, windows)
        parts.append(features[:, rows[members] - window.row, cols[members] - window.col].T)
        order.append(members)
    result = np.concatenate(parts)
    result[np.concatenate(order)] = result.copy()
    return result
