"""The part of a scene that is in view, with the size of pixel that a preview of it can afford."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..data.grid import Grid
from ..data.grid_choice import choose_grid
from ..data.modalities import Modality
from ..data.stack import Stack
from ..data.windows import Window
from ..job import GridRequest, Job
from .coarse_stack import CoarseStack

THINLY = 4  # times as large as the pixels of the scene's own grid


@dataclass(frozen=True)
class View:
    """A window of the grid of a whole scene; with `factor` > 1 one pixel of `grid` stands for its square."""

    grid: Grid
    window: Window
    factor: int

    @property
    def shown(self) -> Grid:
        """The grid of the window."""
        return self.grid.window(self.window)


def view_of(
    modalities: Mapping[str, Modality],
    request: GridRequest,
    *,
    samples_pixel: float | None = None,
    model_pixel: float | None = None,
) -> View:
    """Return the window of the scene's own grid that lies within `request.extent`.

    The grid is the one that training or mapping would choose. Raises `AlignmentError` for an extent outside
    the scene.
    """
    whole, _ = choose_grid(
        modalities, replace(request, extent=None), samples_pixel=samples_pixel, model_pixel=model_pixel
    )
    if request.extent is None:
        return View(whole, Window(0, 0, whole.rows, whole.cols), 1)
    part, _ = choose_grid(modalities, request, samples_pixel=samples_pixel, model_pixel=model_pixel)
    row, col = whole.position(part.transform[0], part.transform[3])
    top, left = max(0, round(row)), max(0, round(col))
    height, width = min(part.rows, whole.rows - top), min(part.cols, whole.cols - left)
    return View(whole, Window(top, left, height, width), 1)


def zoomed_out(view: View, pixels: int) -> View:
    """Return the view with pixels as many times larger (1, 2, 4, ...) as it needs to have at most `pixels`.

    Views of one factor share one grid, whatever they show: what is known of its pixels stays known.
    """
    factor = 1
    while _halved(view.window, factor).height * _halved(view.window, factor).width > pixels:
        factor *= 2
    return View(coarser(view.grid, factor), _halved(view.window, factor), factor)


def open_stack(view: View, modalities: Mapping[str, Modality], job: Job) -> Stack:
    """Return the modalities on the grid of a view, read thinly where its pixels are large."""
    kind = CoarseStack if view.factor >= THINLY else Stack
    return kind(modalities, view.grid, job.mask, job.mask_values)


def coarser(grid: Grid, factor: int) -> Grid:
    """Return the grid whose pixels stand for `factor` x `factor` of this one; the last ones may reach out."""
    if factor == 1:
        return grid
    t = grid.transform
    return Grid(
        grid.crs,
        (t[0], t[1] * factor, t[2] * factor, t[3], t[4] * factor, t[5] * factor),
        math.ceil(grid.rows / factor),
        math.ceil(grid.cols / factor),
        (grid.metres[0] * factor, grid.metres[1] * factor),
    )


def _halved(window: Window, factor: int) -> Window:
    row, col = window.row // factor, window.col // factor
    row_stop, col_stop = math.ceil(window.row_stop / factor), math.ceil(window.col_stop / factor)
    return Window(row, col, row_stop - row, col_stop - col)
