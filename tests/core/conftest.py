"""A scene in memory that reads like a `Stack`, and a preprocessing that only fills gaps."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from landfuse.core.data.windows import mirrored


class MemoryStack:
    """Modalities as arrays (C, H, W); NaN is invalid. Counts its reads."""

    def __init__(self, **modalities):
        self.modalities = {key: np.asarray(bands, np.float32) for key, bands in modalities.items()}
        first = next(iter(self.modalities.values()))
        self.grid = SimpleNamespace(rows=first.shape[1], cols=first.shape[2], shape=first.shape[1:])
        self.bands = {key: len(bands) for key, bands in self.modalities.items()}
        self.reads = []

    def read(self, window, margin=0):
        self.reads.append(window)
        rows = mirrored(window.row - margin, window.row_stop + margin, self.grid.rows)
        cols = mirrored(window.col - margin, window.col_stop + margin, self.grid.cols)
        data = {key: bands[:, rows[:, None], cols[None]] for key, bands in self.modalities.items()}
        valid = np.logical_and.reduce([~np.isnan(bands).any(axis=0) for bands in data.values()])
        return SimpleNamespace(data=data, valid=valid, corner=(window.row, window.col))


class FillZero:
    """Fills invalid pixels with 0 and changes nothing else."""

    def apply(self, data):
        return {key: np.nan_to_num(bands, nan=0.0).astype(np.float32) for key, bands in data.items()}


@pytest.fixture
def memory_stack():
    return MemoryStack


@pytest.fixture
def fill_zero():
    return FillZero()
