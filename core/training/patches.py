"""Patches cut out on the fly from normalised pixels around the samples.

Neighbouring patches overlap, so storing all patches would hold the same pixels dozens of times. Only the
small windows around the samples are kept, normalised once, pixel after pixel with the bands of a pixel
together; a patch is then a list of pixel positions, and turning it is another order of that list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from torch import Tensor

from ..data.windows import Window
from ..inference.sample_tiles import tiles_with_samples
from ..progress import Progress, silent
from .augmentation import views
from .pixel_store import MEMORY_BUDGET, PixelStore

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..data.normalisation import Preprocess
    from ..data.stack import Stack


class Positions(Protocol):
    """Sample positions on the grid of the stack; a `SampleSet` is one."""

    @property
    def rows(self) -> NDArray[np.int64]: ...

    @property
    def cols(self) -> NDArray[np.int64]: ...


class PatchSource:
    """The patches of a set of samples. A context manager: leaving it frees memory and removes its file.

    Patches are `patch_size` x `patch_size` pixels, centred on the samples; `stack` mirrors the scene beyond
    its edges and `preprocess` fills what is invalid. More than `budget` bytes live in memory-mapped
    files in a private temporary folder.
    """

    def __init__(
        self,
        stack: Stack,
        preprocess: Preprocess,
        samples: Positions,
        patch_size: int,
        budget: int = MEMORY_BUDGET,
        progress: Progress = silent,
    ) -> None:
        self.patch_size = patch_size
        self._views = torch.from_numpy(views(patch_size).reshape(8, -1))
        self._pixels: dict[str, Tensor] = {}
        self._store = PixelStore(budget)
        try:
            self._fill(stack, preprocess, samples, progress)
        except BaseException:
            self.close()
            raise

    def __len__(self) -> int:
        return len(self._first)

    def __enter__(self) -> PatchSource:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the pixels and remove the temporary file; the source cannot be used afterwards."""
        self._pixels.clear()
        self._store.close()

    def _fill(self, stack: Stack, preprocess: Preprocess, samples: Positions, progress: Progress) -> None:
        margin = self.patch_size // 2
        rows, cols = np.asarray(samples.rows, np.int64), np.asarray(samples.cols, np.int64)
        tiles = list(tiles_with_samples(rows, cols))
        total = sum(_padded_area(window, margin) for window, _ in tiles)
        self._first = torch.zeros(len(rows), dtype=torch.int64)
        self._width = torch.zeros(len(rows), dtype=torch.int64)
        start = 0
        for done, (window, members) in enumerate(tiles):
            progress(done / len(tiles), "reading the pixels around the samples")
            data = preprocess.apply(stack.read(window, margin).data)
            if not self._pixels:
                self._pixels = self._store.allocate({k: (total, len(v)) for k, v in data.items()})
            area = _padded_area(window, margin)
            for key, bands in data.items():
                self._pixels[key][start : start + area] = torch.from_numpy(bands.reshape(len(bands), area).T)
            width = window.width + 2 * margin
            inside = (rows[members] - window.row) * width + cols[members] - window.col
            self._first[members] = torch.from_numpy(start + inside)
            self._width[members] = width
            start += area

    def gather(
        self, indices: NDArray[np.int64], turned: NDArray[np.int64] | None = None
    ) -> dict[str, Tensor]:
        """Return the patches of samples `indices` (B,) as {modality: (B, C, P, P)} float32.

        `turned` (B,) is the view (0 to 7, see `augmentation.views`) of each patch; None leaves all upright.
        """
        chosen = torch.from_numpy(np.asarray(indices, np.int64))
        view = self._views[torch.from_numpy(turned)] if turned is not None else self._views[:1]
        side = self.patch_size
        position = self._first[chosen, None] + (view // side) * self._width[chosen, None] + view % side
        flat = position.reshape(-1)
        patches = {}
        for key, pixels in self._pixels.items():
            taken = pixels.index_select(0, flat).view(len(chosen), side, side, -1)
            patches[key] = taken.permute(0, 3, 1, 2).contiguous()
        return patches


def _padded_area(window: Window, margin: int) -> int:
    return (window.height + 2 * margin) * (window.width + 2 * margin)
