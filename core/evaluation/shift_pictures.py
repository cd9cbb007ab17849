"""Pictures of a shift: the edges of two sources over one another, as the files lie and moved together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from .html import Markup, figure
from .shift_blocks import MeasuredShift, block_edges
from .thumbnails import image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_GROUND, _FIRST, _SECOND = (24, 28, 34), (231, 138, 40), (24, 117, 215)  # the two hues add up to white
_SMALLEST = 320  # pixels of the longer side of the picture
_BRIGHT = 99.0  # percentile of the edges that is drawn in full colour


def shift_figures(shift: MeasuredShift) -> list[Markup]:
    """Return two pictures: as the files lie, and with the second source moved by the estimate.

    Raises `RasterReadError` and `AlignmentError`.
    """
    if shift.estimate is None:
        return []
    first, second = block_edges(shift)
    moved = displaced(second, -shift.estimate.rows, -shift.estimate.cols)
    names = f"{shift.first.name} orange, {shift.second.name} blue, white where they meet"
    length = max(first.shape) * shift.grid.pixel_metres
    unit = "m" if shift.grid.crs else "units"
    across = f"{length:.3g} {unit} across"
    captions = f"Edges as the files lie: {names}; {across}.", f"The same with {shift.second.name} moved."
    drawn = overlay(first, second), overlay(first, moved)
    return [figure(image(picture, caption), caption) for picture, caption in zip(drawn, captions)]


def overlay(first: Floats, second: Floats) -> NDArray[np.uint8]:
    """Return two images of edges (H, W) as one colour picture (h, w, 3), enlarged where it is small."""
    picture = np.empty((*first.shape, 3), np.float32)
    picture[...] = _GROUND
    for edges, color in ((first, _FIRST), (second, _SECOND)):
        full = float(np.percentile(edges, _BRIGHT)) or 1.0
        picture += np.clip(edges / full, 0, 1)[..., None] ** 2 * np.array(color, np.float32)
    times = math.ceil(_SMALLEST / max(first.shape))
    return np.clip(picture, 0, 255).astype(np.uint8).repeat(times, axis=0).repeat(times, axis=1)


def displaced(values: Floats, rows: float, cols: float) -> Floats:
    """Return an image (H, W) moved down by `rows` and right by `cols` pixels, bilinear; 0 moves in."""
    for axis, distance in ((0, rows), (1, cols)):
        whole = math.floor(distance)
        part = np.float32(distance - whole)
        values = (1 - part) * _rolled(values, whole, axis) + part * _rolled(values, whole + 1, axis)
    return values


def _rolled(values: Floats, distance: int, axis: int) -> Floats:
    index = np.arange(values.shape[axis]) - distance
    inside = (index >= 0) & (index < values.shape[axis])
    taken = np.take(values, np.clip(index, 0, values.shape[axis] - 1), axis=axis)
    return taken * (inside[:, None] if axis == 0 else inside[None, :])
