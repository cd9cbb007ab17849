"""Values that fill a connected part of a raster in all bands without being declared as nodata.

They are proposed, never assumed. Everything is judged on a coarse version of the file.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from .raster_info import RasterInfo
from .raster_io import read_thinned
from .windows import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Mask = NDArray[np.bool_]

_SIDE = 256  # pixels of the longer side of the coarse version
_BANDS = 5  # bands looked at, spread over all
# A hundredth of a scene is worth a question; a few pixels are what a camera or a clipped shadow gives.
_SHARE, _FEWEST = 0.01, 9
# A stand-in for nodata lies apart: hardly a pixel holds nearly the same (2 % of the range of the others).
_NEARBY, _FEW_NEARBY = 0.02, 0.002  # of spread-out values 2 % would lie there
_BORDER = 0.05  # of the pixels along the edge of the file
_STAND_INS = (
    -9999.0, -99999.0, -999.0, -99.0, -32768.0, -32767.0, 9999.0, 99999.0, -3.4028234663852886e38,
    3.4028234663852886e38, 9.969209968386869e36, 1e20,
)  # fmt: skip
_DTYPE_ENDS = {
    "Byte": (0.0, 255.0),
    "UInt16": (0.0, 65535.0),
    "Int16": (-32768.0, 32767.0),
    "UInt32": (0.0, 4294967295.0),
    "Int32": (-2147483648.0, 2147483647.0),
}
_CLASSES = 64  # different whole numbers; a single band with fewer may hold classes
# Quantities of which 0 is an everyday value; a canopy model often sets all that is low to 0.
_ZERO_IS_A_VALUE = ("height_above_ground", "index")


@dataclass(frozen=True)
class HiddenNodata:
    """A stored value that may stand for nodata, and the share of the pixels that hold it in all bands."""

    value: float
    share: float

    def proposal(self, key: str, name: str) -> str:
        """Say in a sentence what was found, and in another what to do about it."""
        return f"{self.finding(key, name)} {self.remedy(key)}"

    def finding(self, key: str, name: str) -> str:
        """Say what was found."""
        return (
            f"{key}: {100 * self.share:.1f} % of the pixels of {name} are {self.value:g} in every band, much "
            "of it in one area, and that is not declared as nodata."
        )

    def remedy(self, key: str) -> str:
        """Say which parameter makes it nodata."""
        return (
            f"If nothing was measured there, give {key.upper()}_OPTIONS nodata={self.value:.10g} "
            f"(--{key}-options nodata={self.value:.10g})."
        )


def find_hidden_nodata(info: RasterInfo, numbers: Sequence[int], quantity: str) -> HiddenNodata | None:
    """Return the value that most looks like undeclared nodata in the bands `numbers`, or None.

    Raises `RasterReadError`.
    """
    if info.has_mask or info.category_names:
        return None
    values = _coarse(info, numbers)
    found = [_judge(info, values, value, quantity) for value in _suspects(info, values)]
    return max((item for item in found if item), key=lambda item: item.share, default=None)


def _coarse(info: RasterInfo, numbers: Sequence[int]) -> Floats:
    """Return stored values of some bands (C, rows, cols), NaN where nodata is declared."""
    places = np.unique(np.linspace(0, len(numbers) - 1, _BANDS).round().astype(int))
    bands = [replace(info.band(numbers[i]), scale=None, offset=None) for i in places]
    rows, cols = info.grid.shape
    step = max(1.0, max(rows, cols) / _SIDE)
    shape = max(1, math.ceil(rows / step)), max(1, math.ceil(cols / step))
    return read_thinned(info, bands, Window(0, 0, rows, cols), shape)


def _suspects(info: RasterInfo, values: Floats) -> list[float]:
    ends = _DTYPE_ENDS.get(info.bands[0].dtype, (0.0,))
    suspects = dict.fromkeys(np.float32(v) for v in (0.0, *ends, *_STAND_INS))
    present = np.unique(values[0])
    return [float(value) for value in suspects if value in present]


def _judge(info: RasterInfo, values: Floats, value: float, quantity: str) -> HiddenNodata | None:
    holds = (values == np.float32(value)).all(axis=0)
    valid = np.isfinite(values).any(axis=0)
    others = values[:, valid & ~holds]
    if holds.sum() < max(_FEWEST, _SHARE * holds.size) or not others.size:
        return None
    several = len(values) > 1
    if not several and (_may_be_classes(values[0]) or (value == 0 and quantity in _ZERO_IS_A_VALUE)):
        return None
    apart = _lies_apart(others, value)
    # Several bands that are all exactly 0 up to the edge of the file are a collar, however dark the scene.
    collar = several and value == 0 and _touches_edge(holds)
    if not (apart or collar) or largest_area(holds) < max(_FEWEST, _SHARE * holds.size):
        return None
    return HiddenNodata(value, float(holds.mean()))


def _may_be_classes(values: Floats) -> bool:
    known = values[np.isfinite(values)]
    found = np.unique(known)
    return len(found) <= _CLASSES and bool((found == np.round(found)).all())


def _lies_apart(others: Floats, value: float) -> bool:
    """Return whether hardly any of the other pixels (C, n) has a mean near `value`."""
    with np.errstate(invalid="ignore"):
        means = np.nanmean(others.astype(np.float64), axis=0)
    low, high = np.percentile(means, (1, 99))
    step = 1.0 if (others[0] == np.round(others[0])).all() else 0.0  # whole numbers have no nearer neighbour
    near = np.abs(means - value) <= max(_NEARBY * (high - low), step)
    return float(near.mean()) <= _FEW_NEARBY


def _touches_edge(holds: Mask) -> bool:
    border = np.concatenate([holds[0], holds[-1], holds[:, 0], holds[:, -1]])
    return float(border.mean()) >= _BORDER


def largest_area(marked: Mask) -> int:
    """Return the number of pixels of the largest area whose pixels share sides; `marked` (rows, cols)."""
    parents: list[int] = []
    sizes: list[int] = []

    def root(run: int) -> int:
        while parents[run] != run:
            parents[run] = parents[parents[run]]
            run = parents[run]
        return run

    above: list[tuple[int, int, int]] = []  # first column, column after the last, number of each run
    for row in marked:
        edges = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(np.int8), [0]])))
        here = []
        for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist()):
            number = len(parents)
            parents.append(number)
            sizes.append(stop - start)
            here.append((start, stop, number))
        _join(above, here, root, parents, sizes)
        above = here
    return max((sizes[root(run)] for run in range(len(parents))), default=0)


def _join(
    above: Sequence[tuple[int, int, int]],
    here: Sequence[tuple[int, int, int]],
    root: Callable[[int], int],
    parents: list[int],
    sizes: list[int],
) -> None:
    """Unite the runs of two neighbouring rows that share columns."""
    first = 0
    for start, stop, number in here:
        while first < len(above) and above[first][1] <= start:
            first += 1
        for left, right, other in above[first:]:
            if left >= stop:
                break
            one, two = root(number), root(other)
            if right > start and one != two:
                parents[two] = one
                sizes[one] += sizes[two]
