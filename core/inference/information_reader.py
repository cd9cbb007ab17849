"""The generative information of a source as bands of the stack, computed where it is read.

How the scene is cut into windows does not show: a window is computed with the halo that its pixels depend on,
and the noise follows from the position.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..data.drafts import scratch_prefix
from ..data.windows import Window
from ..models.config import INFORMATION
from ..models.diffusion_extractor import DiffusionExtractor, InformationNetwork, position_noise
from ..progress import Progress, silent

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray
    from torch import Tensor

    from ..data.stack import Stack

    Floats = NDArray[np.float32]

MAP_BUDGET = 96 << 20  # bytes of the largest inner map of the U-Net (32 S per pixel, float32)
SMALLEST_BLOCK, LARGEST_BLOCK = 32, 128


def block_side(extractor: DiffusionExtractor) -> int:
    """Return the side in pixels of the blocks that are computed at once; it bounds the memory."""
    side = int((MAP_BUDGET / (4 * 32 * extractor.depth)) ** 0.5) - 2 * extractor.settings.halo
    return max(SMALLEST_BLOCK, min(LARGEST_BLOCK, side))


class InformationReader:
    """Reads the information (g, H, W) of source `key` in windows of the scene, block by block.

    `stack` must hold the source. `keep`: blocks once computed are kept in a temporary file, for training,
    which reads around every sample and more than once. `progress` is asked whether to stop.
    """

    def __init__(
        self,
        stack: Stack,
        key: str,
        extractor: DiffusionExtractor,
        device: torch.device,
        keep: bool = False,
        progress: Progress = silent,
        block: int = 0,
    ) -> None:
        self._stack, self._key, self.extractor, self._progress = stack, key, extractor, progress
        self._network = InformationNetwork(extractor, device)
        self._block = block or block_side(extractor)
        self.n_bands = extractor.n_out
        self._kept = _KeptBlocks((self.n_bands, *stack.grid.shape)) if keep else None

    def read(self, window: Window) -> Floats:
        """Return the information of a window inside the grid; holes of the source are filled first."""
        out = np.empty((self.n_bands, window.height, window.width), np.float32)
        for block in self._blocks(window):
            self._progress.check()
            part = block if self._kept else _common(block, window)
            values = self._kept.block(part, self._compute) if self._kept else self._compute(part)
            shared = _common(block, window)
            rows, cols = _inside(window, shared)
            out[:, rows, cols] = _cut(values, part, shared)
        return out

    def inner_maps(self, window: Window) -> Tensor:
        """Return the features (32 S, H, W) of a window before they are reduced."""
        part, cube, noise = self._prepared(window)
        rows, cols = _inside(part, window)
        return self._network.inner_maps(cube, noise)[:, rows, cols]

    def close(self) -> None:
        """Remove what was kept."""
        if self._kept:
            self._kept.close()

    def _blocks(self, window: Window) -> Iterator[Window]:
        """Yield the blocks of the scene's own raster of blocks that meet a window."""
        rows, cols = self._stack.grid.shape
        side = self._block
        for row in range(window.row // side * side, window.row_stop, side):
            for col in range(window.col // side * side, window.col_stop, side):
                yield Window(row, col, min(side, rows - row), min(side, cols - col))

    def _compute(self, window: Window) -> Floats:
        part, cube, noise = self._prepared(window)
        return _cut(self._network.information(cube, noise), part, window)

    def _prepared(self, window: Window) -> tuple[Window, Floats, Floats]:
        """Return a window with its halo, cut where the scene ends: there the convolutions meet zeros."""
        settings = self.extractor.settings
        part = window.padded(settings.halo, *self._stack.grid.shape)
        cube = self.extractor.cube(self._stack.read_source(self._key, part))
        rows, cols = range(part.row, part.row_stop), range(part.col, part.col_stop)
        return part, cube, position_noise(rows, cols, self.extractor.depth, settings.seed)


def attach_information(
    stack: Stack,
    extractors: Mapping[str, DiffusionExtractor],
    device: torch.device,
    keep: bool = False,
    progress: Progress = silent,
) -> None:
    """Add the information of sources to their stack, under `INFORMATION`."""
    for key, extractor in extractors.items():
        stack.attach(
            INFORMATION.format(key), InformationReader(stack, key, extractor, device, keep, progress)
        )


def attached_extractors(stack: Stack) -> dict[str, DiffusionExtractor]:
    """Return the extractors whose information was added to a stack, by source."""
    readers = {key: stack.attached.get(INFORMATION.format(key)) for key in stack.modalities}
    return {key: r.extractor for key, r in readers.items() if isinstance(r, InformationReader)}


class _KeptBlocks:
    """Blocks (C, H, W) of a scene that were computed once, in a private temporary file."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        folder = Path(tempfile.mkdtemp(prefix=f"{scratch_prefix()}information-"))
        self._values = np.memmap(folder / "values.f32", np.float32, "w+", shape=shape)
        self._known: set[tuple[int, int]] = set()
        self._cleanup = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)

    def block(self, window: Window, compute: Callable[[Window], Floats]) -> Floats:
        rows, cols = window.slices()
        if (window.row, window.col) not in self._known:
            self._values[:, rows, cols] = compute(window)
            self._known.add((window.row, window.col))
        return np.asarray(self._values[:, rows, cols])

    def close(self) -> None:
        self._cleanup()


def _common(one: Window, other: Window) -> Window:
    row, col = max(one.row, other.row), max(one.col, other.col)
    height, width = min(one.row_stop, other.row_stop) - row, min(one.col_stop, other.col_stop) - col
    return Window(row, col, height, width)


def _cut(values: Floats, outer: Window, inner: Window) -> Floats:
    rows, cols = _inside(outer, inner)
    return values[:, rows, cols]


def _inside(outer: Window, inner: Window) -> tuple[slice, slice]:
    row, col = inner.row - outer.row, inner.col - outer.col
    return slice(row, row + inner.height), slice(col, col + inner.width)
