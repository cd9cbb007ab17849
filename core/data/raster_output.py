"""Rasters a run writes: complete under their final name, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from ..progress import Progress
from .classes import LandClass
from .grid import Grid
from .map_style import paletted_qml
from .raster_info import RasterLayout
from .raster_io import GeoTiff
from .staged_output import StagedOutput
from .windows import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNLABELLED = "no data"
# Sidecars of an older file of the same name that would be taken for those of the new one.
_STALE = (".aux.xml", ".ovr", ".msk")


class RasterOutput:
    """A GeoTIFF that is written window by window; a context manager.

    It appears at `path`, with its sidecars, when the block ends well. An exception, a cancelled run included,
    removes everything and leaves an older file as it is. `style` is the text of a `.qml`, "" for none.
    Raises `OutputError`.
    """

    def __init__(self, path: str | Path, grid: Grid, layout: RasterLayout, style: str = "") -> None:
        self._staged = StagedOutput(path)
        self._style = style
        try:
            self._tiff = GeoTiff(str(self._staged.draft), grid, layout, self.path)
        except BaseException:
            self._staged.discard()
            raise

    @property
    def path(self) -> str:
        """Where the raster will be."""
        return str(self._staged.target)

    def __enter__(self) -> RasterOutput:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._tiff.close()
            self._staged.discard()
            return
        try:
            self._tiff.finish()
            if self._style:
                self._staged.write_text(self._staged.draft.with_suffix(".qml").name, self._style)
        except BaseException:
            self._tiff.close()
            self._staged.discard()
            raise
        self._staged.commit(_STALE)

    def write(self, window: Window, values: NDArray[Any]) -> None:
        """Write a window: (C, H, W), or (H, W) for a single band. Raises `OutputError`."""
        self._tiff.write(window, values)

    def sieve(self, source: str, smallest: int, neighbours: int, progress: Progress) -> None:
        """Write the raster at `source` without its small patches, see `GeoTiff.sieve`."""
        self._tiff.sieve(source, smallest, neighbours, lambda done: progress(done, "Removing small patches"))


def create_class_map(
    path: str | Path, grid: Grid, classes: Sequence[LandClass], style: str = ""
) -> RasterOutput:
    """Return the output for class values: one band, 0 = nodata, with colours, names and a style file.

    `style`: the text of that file, "" makes it.
    """
    highest = max(c.value for c in classes)
    names, colors = [""] * (highest + 1), [""] * (highest + 1)
    names[0] = UNLABELLED
    for land_class in classes:
        names[land_class.value], colors[land_class.value] = land_class.name, land_class.color
    layout = RasterLayout(
        dtype="Byte" if highest <= 255 else "UInt16",
        band_names=("class",),
        nodata=0,
        category_names=tuple(names),
        color_table=tuple(colors),
        overviews="mode",
    )
    return RasterOutput(path, grid, layout, style or paletted_qml(classes))


def create_float_raster(path: str | Path, grid: Grid, band_names: Sequence[str]) -> RasterOutput:
    """Return the output for measurements such as the probability of each class: Float32, NaN = nodata."""
    return RasterOutput(path, grid, RasterLayout("Float32", tuple(band_names), float(np.nan)))
