"""Small pictures of rasters for the reports: a class map, where map and reference agree, a modality."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.aligned_reader import AlignedReader
from ..data.classes import LandClass
from ..data.grid import Grid
from ..data.windows import Window
from .html import Content, Markup, element, figure
from .thumbnails import class_picture, image

if TYPE_CHECKING:
    from numpy.typing import NDArray

LONGEST = 480  # pixels of the longer side of a picture
_GROUND, _AGREE, _ERROR = (150, 156, 164, 70), (29, 111, 165, 255), (214, 88, 20, 255)


def coarse_grid(grid: Grid, longest: int = LONGEST) -> Grid:
    """Return a grid over the same rectangle whose longer side has at most `longest` pixels."""
    step = max(grid.rows, grid.cols) / longest
    if step <= 1:
        return grid
    rows, cols = max(1, math.ceil(grid.rows / step)), max(1, math.ceil(grid.cols / step))
    down, across = grid.rows / rows, grid.cols / cols
    t = grid.transform
    transform = (t[0], t[1] * across, t[2] * down, t[3], t[4] * across, t[5] * down)
    metres = (grid.metres[0] * across, grid.metres[1] * down)
    return Grid(grid.crs, transform, rows, cols, metres)


def class_map_figure(path: str, grid: Grid, classes: Sequence[LandClass], caption: Content) -> Markup:
    """Return a class map as a small picture (nearest pixel) with its legend in `caption`."""
    coarse = coarse_grid(grid)
    with AlignedReader(path, [1], coarse, "nearest") as reader:
        values = reader.read(Window(0, 0, coarse.rows, coarse.cols))[0]
    picture = class_picture(np.where(np.isfinite(values), values, 0), classes)
    return figure(image(picture, "class map"), caption)


def agreement_figure(
    grid: Grid, rows: NDArray[np.int64], cols: NDArray[np.int64], correct: NDArray[np.bool_], caption: Content
) -> Markup:
    """Return where map and reference agree (blue) and differ (orange), as dots; positions (n,) on `grid`."""
    coarse = coarse_grid(grid)
    picture = np.empty((coarse.rows, coarse.cols, 4), dtype=np.uint8)
    picture[...] = _GROUND
    down, across = coarse.rows / grid.rows, coarse.cols / grid.cols
    reach = 1 if max(coarse.rows, coarse.cols) > 120 else 0
    for color, chosen in ((_AGREE, correct), (_ERROR, ~correct)):  # errors last, so that they are on top
        row = ((rows[chosen] + 0.5) * down).astype(np.int64)
        col = ((cols[chosen] + 0.5) * across).astype(np.int64)
        for d_row in range(-reach, reach + 1):
            for d_col in range(-reach, reach + 1):
                r, c = np.clip(row + d_row, 0, coarse.rows - 1), np.clip(col + d_col, 0, coarse.cols - 1)
                picture[r, c] = color
    return figure(image(picture, "where map and reference agree"), caption)


def gallery(figures: Sequence[Markup]) -> Markup:
    """Return pictures side by side; nothing for none."""
    return element("div", Markup("\n".join(figures)), class_="pictures") if figures else Markup("")


def finite_share(data: NDArray[Any]) -> float:
    """Return the share of pixels of (C, H, W) that are finite in every band."""
    return float(np.isfinite(data).all(axis=0).mean()) if data.size else math.nan
