"""Random pieces of a scene without labels, with a bounded part of it in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ..data.windows import Window
from ..progress import Progress, silent
from .seeding import generator_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

POOL_BUDGET = 256 << 20  # bytes
WINDOW_CROPS = 4  # side of a window that is read, in crops


class CropPool:
    """Crops (n, S, h, w) of a scene of `shape`; `read` returns the cube (S, H, W) of a window.

    A scene that fits into `budget` bytes is read once. Of a larger one every round reads other windows, which
    follow from `seed` and the number of the round. A crop is never larger than the scene.
    """

    def __init__(
        self,
        read: Callable[[Window], Floats],
        shape: tuple[int, int],
        depth: int,
        crop: int,
        seed: int,
        budget: int = POOL_BUDGET,
    ) -> None:
        self._read, self._shape, self._seed = read, shape, seed
        self.crop = min(crop, shape[0]), min(crop, shape[1])
        self._is_whole = 4 * depth * shape[0] * shape[1] <= budget
        side = WINDOW_CROPS * crop
        self._window = min(side, shape[0]), min(side, shape[1])
        self._n_windows = max(1, budget // (4 * depth * self._window[0] * self._window[1]))
        self._cubes: list[Floats] = []

    def fill(self, round_number: int, progress: Progress = silent) -> None:
        """Read what the crops of a round are taken from."""
        if self._is_whole:
            self._cubes = self._cubes or [self._read(Window(0, 0, *self._shape))]
            return
        self._cubes = []
        places = generator_for(self._seed, round_number, 2)
        for _ in range(self._n_windows):
            progress.check()
            row, col = (int(places.integers(n - w + 1)) for n, w in zip(self._shape, self._window))
            self._cubes.append(self._read(Window(row, col, *self._window)))

    def draw(self, count: int, generator: np.random.Generator) -> Floats:
        """Return `count` crops at random places."""
        height, width = self.crop
        crops = []
        for which in generator.integers(len(self._cubes), size=count):
            cube = self._cubes[which]
            row, col = (int(generator.integers(n - c + 1)) for n, c in zip(cube.shape[1:], self.crop))
            crops.append(cube[:, row : row + height, col : col + width])
        return np.stack(crops)
