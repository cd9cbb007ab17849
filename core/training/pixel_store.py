"""Pixels of a training in memory, or in a file where there are many."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..data.drafts import scratch_prefix

MEMORY_BUDGET = 1 << 30  # bytes; more goes into a file


class PixelStore:
    """Float32 arrays in memory, or in files of a private temporary folder if larger than `budget` bytes."""

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._files: list[np.memmap[tuple[int, ...], np.dtype[np.float32]]] = []
        self._cleanup: Callable[[], object] | None = None

    def allocate(self, shapes: Mapping[str, tuple[int, int]]) -> dict[str, Tensor]:
        """Return an uninitialised array of each shape."""
        if sum(4 * rows * bands for rows, bands in shapes.values()) <= self._budget:
            return {key: torch.empty(shape) for key, shape in shapes.items()}
        folder = Path(tempfile.mkdtemp(prefix=f"{scratch_prefix()}patches-"))
        # Also at the end of the process, if nobody closes the store.
        self._cleanup = weakref.finalize(self, _remove, folder=folder, files=self._files)
        arrays = {}
        for number, (key, shape) in enumerate(shapes.items()):
            file = np.memmap(folder / f"{number}.f32", dtype=np.float32, mode="w+", shape=shape)
            self._files.append(file)
            arrays[key] = torch.from_numpy(file)
        return arrays

    def close(self) -> None:
        """Remove the files; the arrays cannot be used afterwards."""
        if self._cleanup is not None:
            self._cleanup()


def _remove(folder: Path, files: list[np.memmap[tuple[int, ...], np.dtype[np.float32]]]) -> None:
    """Remove the folder; Windows wants the last reference to the mapped files gone first."""
    files.clear()
    shutil.rmtree(folder, ignore_errors=True)
