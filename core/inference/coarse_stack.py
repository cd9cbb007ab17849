"""The modalities on a grid much coarser than their files, read thinly: quick whatever the scene's size."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..data.decimated import read_coarse
from ..data.grid import Grid
from ..data.mask import Mask
from ..data.modalities import Modality
from ..data.stack import Stack, StackWindow
from ..data.windows import Window


class CoarseStack(Stack):
    """A stack whose pixels are single pixels of the files, from their overviews where they have them.

    Averaging all that lies below a coarse pixel would mean reading the whole scene for each preview. Beyond
    the scene there is nothing (a `Stack` mirrors it).
    """

    def __init__(
        self, modalities: Mapping[str, Modality], grid: Grid, mask: str = "", mask_values: str = ""
    ) -> None:
        super().__init__({}, grid)  # no file is opened for good
        self.modalities = dict(modalities)
        sources = [modality.rasters[0].info for modality in modalities.values()]
        self.mask = Mask(mask, grid, mask_values, sources) if mask else None

    def read(self, window: Window, margin: int = 0) -> StackWindow:
        """Read a window of the grid with `margin` pixels around it."""
        wide = Window(
            window.row - margin, window.col - margin, window.height + 2 * margin, window.width + 2 * margin
        )
        part = self.grid.window(wide)
        data = {key: read_coarse(modality, part) for key, modality in self.modalities.items()}
        valid = np.zeros(part.shape, dtype=bool)
        inside = wide.padded(0, *self.grid.shape)
        top, left = inside.row - wide.row, inside.col - wide.col
        here = slice(top, top + inside.height), slice(left, left + inside.width)
        valid[here] = self._allowed(inside)
        for key, modality in self.modalities.items():
            valid &= modality.plan.valid(data[key])
        return StackWindow(data, valid, (window.row, window.col))
