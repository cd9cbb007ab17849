"""Tiles cut out on the fly from normalised pixels around the samples, with a class where one is known.

Tiles overlap and change from epoch to epoch. The blocks of the scene that any of them can reach are kept
once, normalised, pixel after pixel with the bands of a pixel together; a tile is then a list of pixel
positions, and turning it is another order of that list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ..data.windows import Window
from ..models.config import IGNORED
from ..progress import Progress, silent
from .augmentation import views
from .pixel_store import MEMORY_BUDGET, PixelStore
from .tile_sampling import SMALLEST_TILE, Draw, Positions, TileSampler, reach

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..data.normalisation import Preprocess
    from ..data.stack import Stack

    Indexes = NDArray[np.int64]

BLOCK = 64  # pixels


class TileSource:
    """The pixels that tiles around samples can reach. A context manager: leaving it frees memory and file.

    Beyond the edges of the scene `stack` mirrors it, so a scene may be smaller than a tile; `preprocess`
    fills what is invalid. More than `budget` bytes live in a private temporary folder.
    """

    def __init__(
        self,
        stack: Stack,
        preprocess: Preprocess,
        positions: Positions,
        tile_size: int,
        budget: int = MEMORY_BUDGET,
        progress: Progress = silent,
    ) -> None:
        self.tile_size = tile_size
        self._views = torch.from_numpy(views(tile_size).reshape(8, -1))
        # Counting from here no position is negative, not even in the mirror image.
        self._origin = (reach(tile_size) // BLOCK + 1) * BLOCK
        self._slots = self._needed(stack, positions)
        self._pixels: dict[str, Tensor] = {}
        self._store = PixelStore(budget)
        try:
            self._fill(stack, preprocess, progress)
        except BaseException:
            self.close()
            raise
        self._classes = torch.full((int(self._slots.max() + 1) * BLOCK * BLOCK,), IGNORED, dtype=torch.int32)

    def __enter__(self) -> TileSource:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the pixels and remove the temporary file; the source cannot be used afterwards."""
        self._pixels.clear()
        self._store.close()

    def _needed(self, stack: Stack, positions: Positions) -> Tensor:
        """Return the number of each block that a tile can reach, -1 for the others."""
        far = reach(self.tile_size)
        shape = [-(-(side + 2 * self._origin) // BLOCK) for side in stack.grid.shape]
        needed = np.zeros(shape, dtype=bool)
        rows, cols = (np.asarray(axis, np.int64) + self._origin for axis in (positions.rows, positions.cols))
        steps = [*range(-far, far, BLOCK), far]  # no two of them skip a block
        for down in steps:
            for right in steps:
                needed[(rows + down) // BLOCK, (cols + right) // BLOCK] = True
        slots = np.full(shape, -1, np.int64)
        slots[needed] = np.arange(needed.sum())
        return torch.from_numpy(slots)

    def _fill(self, stack: Stack, preprocess: Preprocess, progress: Progress) -> None:
        blocks = torch.nonzero(self._slots >= 0).tolist()
        area = BLOCK * BLOCK
        for done, (block_row, block_col) in enumerate(blocks):
            progress(done / len(blocks), "reading the pixels around the samples")
            row, col = block_row * BLOCK - self._origin, block_col * BLOCK - self._origin
            data = preprocess.apply(stack.read(Window(row, col, BLOCK, BLOCK)).data)
            if not self._pixels:
                total = len(blocks) * area
                self._pixels = self._store.allocate({key: (total, len(v)) for key, v in data.items()})
            for key, bands in data.items():
                flat = bands.reshape(len(bands), area).T
                self._pixels[key][done * area : (done + 1) * area] = torch.from_numpy(flat)

    def know(self, rows: Indexes, cols: Indexes, classes: Indexes) -> None:
        """Let these pixels alone have a class from now on; all arrays (n,)."""
        self._classes.fill_(IGNORED)
        at = self._positions(torch.from_numpy(rows)[:, None], torch.from_numpy(cols)[:, None])
        self._classes[at.reshape(-1)] = torch.from_numpy(classes).int()

    def gather(self, rows: Indexes, cols: Indexes, turned: Indexes | None = None) -> dict[str, Tensor]:
        """Return the tiles that begin at `rows`, `cols` (B,) as {modality: (B, C, T, T)} float32.

        `turned` (B,) is the view (0 to 7, see `augmentation.views`) of each; None leaves all upright.
        """
        at, side = self._tiles(rows, cols, turned), self.tile_size
        found = {}
        for key, pixels in self._pixels.items():
            taken = pixels.index_select(0, at.reshape(-1)).view(len(at), side, side, -1)
            found[key] = taken.permute(0, 3, 1, 2).contiguous()
        return found

    def labels(self, rows: Indexes, cols: Indexes, turned: Indexes | None = None) -> Tensor:
        """Return the classes (B, T, T) that belong to `gather`; `IGNORED` where none is known."""
        side = self.tile_size
        return self._classes[self._tiles(rows, cols, turned)].view(-1, side, side).long()

    def _tiles(self, rows: Indexes, cols: Indexes, turned: Indexes | None) -> Tensor:
        """Return the positions (B, T T) of the pixels of tiles."""
        steps = torch.arange(self.tile_size)
        at = self._positions(torch.from_numpy(rows)[:, None] + steps, torch.from_numpy(cols)[:, None] + steps)
        at = at.flatten(1)
        return at if turned is None else at.gather(1, self._views[torch.from_numpy(turned)])

    def _positions(self, rows: Tensor, cols: Tensor) -> Tensor:
        """Return where the pixels of rows (B, h) and columns (B, w) are kept, (B, h, w)."""
        rows, cols = rows[:, :, None] + self._origin, cols[:, None, :] + self._origin
        slots = self._slots[rows // BLOCK, cols // BLOCK]
        return (slots * BLOCK + rows % BLOCK) * BLOCK + cols % BLOCK


class TileExamples:
    """Tiles around samples, each with the classes of the samples in it."""

    noun = "tiles"
    checked = 16

    def __init__(
        self, source: TileSource, sampler: TileSampler, positions: Positions, classes: Indexes
    ) -> None:
        self._source, self._sampler = source, sampler
        self._positions, self._classes = positions, classes
        # A network that halves a tile down to a single value needs two tiles to compare.
        self.smallest_batch = 1 if source.tile_size > SMALLEST_TILE else 2
        self._draw = self._drawn(0)
        self.size = len(self._draw.rows)

    def epoch(self, number: int) -> Indexes:
        self._draw = self._drawn(number)
        return np.arange(len(self._draw.rows))

    def _drawn(self, number: int) -> Draw:
        draw = self._sampler.epoch(number)
        known = draw.known
        self._source.know(self._positions.rows[known], self._positions.cols[known], self._classes[known])
        return draw

    def class_counts(self, n_classes: int) -> Indexes:
        return self._sampler.class_counts(n_classes)

    def gather(self, indices: Indexes, turned: Indexes | None = None) -> dict[str, Tensor]:
        return self._source.gather(self._draw.rows[indices], self._draw.cols[indices], turned)

    def labels(self, indices: Indexes, turned: Indexes | None = None) -> Tensor:
        return self._source.labels(self._draw.rows[indices], self._draw.cols[indices], turned)
