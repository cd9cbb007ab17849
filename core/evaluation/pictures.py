"""Small pictures of rasters for the reports: a class map, where map and reference agree, a modality."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..data.band_plan import SourceBand
from ..data.classes import LandClass
from ..data.decimated import coarse_grid, read_coarse
from ..data.grid import Grid
from ..data.modalities import Modality, ModalityRaster
from ..data.raster_info import RasterInfo
from ..data.stack import Stack
from ..data.windows import Window
from .html import Content, Markup, element, figure
from .thumbnails import class_picture, image, stretched

if TYPE_CHECKING:
    from numpy.typing import NDArray

LONGEST = 480  # pixels of the longer side of a picture
_AVERAGE_UP_TO = 1 << 22  # pixels of a raster; a picture of a larger one takes single pixels
_MANY_BANDS = 16  # of which the first three would look alike
_RED_GREEN_BLUE = (660.0, 560.0, 480.0)  # nm
_GROUND, _AGREE, _ERROR = (150, 156, 164, 70), (29, 111, 165, 255), (214, 88, 20, 255)


def class_map_figure(info: RasterInfo, classes: Sequence[LandClass], caption: Content) -> Markup:
    """Return a class map as a small picture (nearest pixel) with its legend in `caption`."""
    coarse = coarse_grid(info.grid, LONGEST)
    raster = ModalityRaster(info, (1,), "other")
    values = read_coarse(Modality("map", (raster,), "other"), coarse)[0]
    picture = class_picture(np.where(np.isfinite(values), values, 0), classes)
    return figure(image(picture, "class map"), caption)


def agreement_figure(
    grid: Grid, rows: NDArray[np.int64], cols: NDArray[np.int64], correct: NDArray[np.bool_], caption: Content
) -> Markup:
    """Return where map and reference agree (blue) and differ (orange), as dots; positions (n,) on `grid`."""
    coarse = coarse_grid(grid, LONGEST)
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


def modality_figure(modality: Modality, grid: Grid) -> Markup:
    """Return a modality on a coarse version of `grid`, stretched; three bands as a colour picture."""
    positions, caption = picture_bands(modality)
    coarse = coarse_grid(grid, LONGEST)
    computed = not modality.plan.is_one_to_one
    chosen = _unfiltered(modality) if computed else _only(modality, positions)
    if max(r.info.grid.rows * r.info.grid.cols for r in chosen.rasters) <= _AVERAGE_UP_TO:
        with Stack({modality.key: chosen}, coarse) as stack:
            data = stack.read(Window(0, 0, coarse.rows, coarse.cols)).data[modality.key]
    else:  # averaging reads every pixel
        data = read_coarse(chosen, coarse)
    data = data[positions] if computed else data
    return figure(image(stretched(data), f"{modality.key}: {caption}"), f"{modality.key}: {caption}")


def picture_bands(modality: Modality) -> tuple[list[int], str]:
    """Return the positions of the 1 or 3 bands that are shown, and a caption that names them."""
    bands = modality.bands
    waves = [b.wavelength for b in bands]
    known = [(w, i) for i, w in enumerate(waves) if w is not None]
    if len(known) >= 3 and min(w for w, _ in known) < 600 and max(w for w, _ in known) > 600:
        chosen = [min(known, key=lambda item: abs(item[0] - target))[1] for target in _RED_GREEN_BLUE]
    else:
        named = [_named(bands, color) for color in ("red", "green", "blue")]
        chosen = [i for i in named if i is not None]
    if len(set(chosen)) < 3:
        chosen = _spread_bands(len(bands)) if len(bands) >= 3 and modality.quantity == "reflectance" else [0]
    names = ", ".join(bands[i].name for i in chosen)
    plain = len(chosen) == 1 or names.lower() == "red, green, blue"
    return chosen, names if plain else f"{names} as red, green, blue"


def _spread_bands(count: int) -> list[int]:
    """Return three bands of which nothing is known: the first, or of many some that differ."""
    return [0, 1, 2] if count < _MANY_BANDS else [3 * count // 4, count // 2, count // 4]


def _named(bands: Sequence[SourceBand], color: str) -> int | None:
    hits = [
        i for i, band in enumerate(bands) if re.search(rf"\b{color}\b", band.name.replace("_", " ").lower())
    ]
    return hits[0] if len(hits) == 1 else None


def _unfiltered(modality: Modality) -> Modality:
    """Return the modality without the speckle filter, whose window is in pixels of the map."""
    return replace(modality, rasters=tuple(replace(raster, speckle=0) for raster in modality.rasters))


def _only(modality: Modality, positions: Sequence[int]) -> Modality:
    """Return the modality with only the bands at `positions`, in that order; its layers are renumbered."""
    rasters = []
    for new, position in enumerate(positions):
        band = modality.bands[position]
        layer = modality.layers[band.layer]
        rasters += [replace(raster, bands=(band.number,), layer=new, speckle=0) for raster in layer]
    return replace(modality, rasters=tuple(rasters))
