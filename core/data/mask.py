"""The mask of a scene: a raster with values to leave out, or polygons that are kept."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np

from ..errors import AlignmentError, JobError
from .aligned_reader import AlignedReader
from .band_choice import bands_text, sample_bands
from .grid import Grid
from .raster_description import inspect
from .raster_info import RasterInfo
from .raster_io import is_raster
from .same_place import require_same_place
from .vector_io import rasterise_mask
from .windows import Window, iter_tiles

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Sentinel-2 scene classification (SCL): what hides the ground, with its value.
SCENE_CLASSES = {0: "no data", 1: "saturated", 3: "cloud shadow", 8: "cloud", 9: "cloud", 10: "cirrus"}
_SCL_VALUES = range(12)
_SCL_NAME = re.compile(r"(?<![a-z0-9])scl(?![a-z0-9])")
_TILE = 1024  # pixels looked at together when searching for any that is allowed


class Mask:
    """Which pixels of a grid are used.

    `path`: a raster in any CRS and pixel size (its first band; nodata and what lies outside it is left out)
    or polygons (what lies outside is left out). `values` as `3,8-10`: those of a raster to leave out; ""
    leaves out 0, of a Sentinel-2 scene classification clouds, shadows and faulty pixels. Raises
    `RasterReadError`, `VectorReadError`, `AlignmentError` and `JobError`.
    """

    def __init__(self, path: str, grid: Grid, values: str = "", sources: Iterable[RasterInfo] = ()) -> None:
        self._path, self._grid = path, grid
        self._reader: AlignedReader | None = None
        self._left_out = np.array(parse_values(values), np.float32)
        self.notes: tuple[str, ...] = ()
        if is_raster(path):
            self._open_raster(inspect(path), values, sources)
        elif values:
            raise JobError(
                f"Mask values {values} are given, but the mask holds polygons.",
                where=path,
                remedy="Leave the values out (MASK_VALUES, --mask-values), or give a raster as the mask.",
            )

    def _open_raster(self, info: RasterInfo, values: str, sources: Iterable[RasterInfo]) -> None:
        for source in sources:
            require_same_place(source, info)
        self._reader = AlignedReader(info, [1], self._grid, "nearest")
        if values:
            return
        is_scl = is_scene_classification(info)
        self._left_out = np.array(list(SCENE_CLASSES) if is_scl else [0], np.float32)
        if is_scl:
            listed = ", ".join(f"{value} {name}" for value, name in SCENE_CLASSES.items())
            name = PurePath(info.path).name
            line = (
                f"mask: {name} is taken as a Sentinel-2 scene classification; left out are {listed}; "
                "MASK_VALUES (--mask-values) changes it."
            )
            self.notes = (line,)

    def close(self) -> None:
        """Close the file."""
        if self._reader is not None:
            self._reader.close()

    def allowed(self, window: Window) -> NDArray[np.bool_]:
        """Return which pixels (H, W) of a window of the grid are used."""
        if self._reader is None:
            return rasterise_mask(self._path, self._grid, window)
        values = self._reader.read(window)[0]
        return np.isfinite(values) & ~np.isin(values, self._left_out)

    def require_some(self) -> None:
        """Raise `AlignmentError` where not a single pixel of the grid is used."""
        rows, cols = self._grid.shape
        if any(self.allowed(tile).any() for tile in iter_tiles(rows, cols, _TILE)):
            return
        left_out = (
            "" if self._reader is None else f" (left out: {bands_text(self._left_out.astype(int).tolist())})"
        )
        raise AlignmentError(
            f"The mask leaves nothing of the scene{left_out}.",
            where=self._path,
            remedy="Check that it covers the scene, and which of its values are left out (MASK_VALUES, "
            "--mask-values).",
        )


def parse_values(text: str) -> list[int]:
    """Read "3,8-10" as values. Raises `JobError`."""
    values: list[int] = []
    for part in text.replace(" ", "").split(","):
        first, _, last = part.partition("-")
        if not part:
            continue
        if not first.isdigit() or not (last or first).isdigit() or part.endswith("-"):
            raise JobError(
                f"'{text}' is not a list of values.", where="mask_values", remedy="Write for example 3,8-10."
            )
        values += range(int(first), int(last or first) + 1)
    return values


def is_scene_classification(info: RasterInfo) -> bool:
    """Return whether a raster is a Sentinel-2 scene classification, by its categories or name and values."""
    categories = " ".join(info.category_names).lower()
    if "cirrus" in categories and "shadow" in categories:
        return True
    names = f"{PurePath(info.path).stem} {info.band(1).name}".lower().replace("_", " ")
    if not _SCL_NAME.search(names):
        return False
    values = sample_bands(info, [1]).values
    return bool(np.isin(values[np.isfinite(values)], list(_SCL_VALUES)).all())
