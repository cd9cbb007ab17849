"""What the check of the inputs finds: the modalities, how they overlap, their bands, the samples, problems.

Everything is read thinly (a lattice of pixels, coarse grids), so that a large scene is checked in seconds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..data.band_choice import sample_bands, useless_bands
from ..data.coordinates import make_grid, transform_bounds
from ..data.decimated import coarse_grid, thinned, valid_coarse
from ..data.grid import Bounds, Grid
from ..data.hidden_nodata import find_hidden_nodata
from ..data.modalities import Modality, ModalityRaster
from ..data.stack import Stack
from ..data.windows import Window
from ..progress import Progress, silent

if TYPE_CHECKING:
    from numpy.typing import NDArray

COVERAGE_SIDE = 256  # pixels of the longer side of the picture of the overlap


@dataclass(frozen=True)
class Problem:
    """Something that keeps the inputs from being used well, with what to do about it.

    `stops`: a training with these inputs would end with an error.
    """

    what: str
    remedy: str = ""
    stops: bool = False

    def __str__(self) -> str:
        return f"{self.what} {self.remedy}".strip()


@dataclass(frozen=True)
class BandFigures:
    """One band of a file, in its units; figures of the valid pixels looked at, NaN where there are none.

    `wavelength` and `width` in nm. `valid`: share of the pixels looked at that hold a value. `dropped` says
    why the band is left out, "" where it is used.
    """

    number: int
    name: str
    wavelength: float | None
    width: float | None
    minimum: float
    mean: float
    maximum: float
    deviation: float
    valid: float
    dropped: str = ""


@dataclass(frozen=True)
class RasterFindings:
    """One raster: `nodata_share` of the pixels looked at are not valid in most of the bands used."""

    raster: ModalityRaster
    nodata_share: float
    bands: tuple[BandFigures, ...]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, eq=False)
class Coverage:
    """Where the modalities have data, on a coarse grid around all of them.

    `valid`: per modality bool (rows, cols). `common`: where all are valid.
    """

    grid: Grid
    valid: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)

    @property
    def common(self) -> NDArray[np.bool_]:
        """Where every modality has data."""
        whole = np.ones(self.grid.shape, dtype=bool)
        for mask in self.valid.values():
            whole &= mask
        return whole

    def share(self, key: str) -> float:
        """Return the share of a modality's own area that all modalities have in common."""
        own = int(self.valid[key].sum())
        return float(self.common.sum()) / own if own else math.nan

    @property
    def overlap_share(self) -> float:
        """The common area as a share of the area of the smallest modality; NaN where one has no data."""
        return max((self.share(key) for key in self.valid), default=math.nan)


def raster_findings(key: str, raster: ModalityRaster) -> RasterFindings:
    """Look at all bands of a raster on a lattice of pixels. Raises `RasterReadError`."""
    info = raster.info
    sample = sample_bands(info, [b.number for b in info.bands])
    used = np.isin(sample.numbers, raster.bands)
    valid = np.isfinite(sample.values[:, used])
    share = 1 - float((2 * valid.sum(axis=1) > valid.shape[1]).mean()) if valid.size else math.nan
    reasons = useless_bands(info, sample)
    bands = tuple(
        BandFigures(
            number,
            info.band(number).name,
            info.band(number).wavelength,
            info.band(number).width,
            *_figures(sample.values[:, position]),
            "" if number in raster.bands else reasons.get(number, "not chosen"),
        )
        for position, number in enumerate(sample.numbers)
    )
    hidden = find_hidden_nodata(info, raster.bands, raster.quantity)
    problems = (Problem(hidden.finding(key, raster.name), hidden.remedy(key)),) if hidden else ()
    return RasterFindings(raster, share, bands, problems)


def _figures(values: NDArray[np.float32]) -> tuple[float, float, float, float, float]:
    """Return minimum, mean, maximum, standard deviation and the valid share of the values of a band."""
    valid = values[np.isfinite(values)].astype(np.float64)
    if not len(valid):
        return math.nan, math.nan, math.nan, math.nan, 0.0
    spread = float(valid.std(ddof=1)) if len(valid) > 1 else math.nan
    return float(valid.min()), float(valid.mean()), float(valid.max()), spread, len(valid) / len(values)


def coverage(modalities: Mapping[str, Modality], grid: Grid, progress: Progress = silent) -> Coverage:
    """Look where each modality has data, on a coarse grid around all of them in the CRS of `grid`."""
    whole = _grid_around(modalities, grid)
    valid = {}
    for number, (key, modality) in enumerate(modalities.items()):
        progress(number / len(modalities), f"Looking where {key} has data")
        valid[key] = valid_coarse(thinned(modality), whole)
    return Coverage(whole, valid)


def _grid_around(modalities: Mapping[str, Modality], grid: Grid) -> Grid:
    boxes = [
        transform_bounds(raster.info.grid.bounds, raster.info.grid.crs, grid.crs)
        for modality in modalities.values()
        for raster in modality.rasters
    ]
    box = Bounds(
        min(b.x_min for b in boxes),
        min(b.y_min for b in boxes),
        max(b.x_max for b in boxes),
        max(b.y_max for b in boxes),
    )
    width, height = box.x_max - box.x_min, box.y_max - box.y_min
    side = max(width, height) / COVERAGE_SIDE
    rows, cols = max(1, round(height / side)), max(1, round(width / side))
    return make_grid(grid.crs, (box.x_min, width / cols, 0.0, box.y_max, 0.0, -height / rows), rows, cols)


@dataclass(frozen=True, eq=False)
class Usable:
    """Where a map can be made, on a coarse version of the grid.

    `valid`: per modality bool (rows, cols); `allowed`: by the mask.
    """

    valid: Mapping[str, NDArray[np.bool_]]
    allowed: NDArray[np.bool_]

    @property
    def share(self) -> float:
        """The share of the map's pixels that all modalities and the mask allow."""
        return float(self._all_but("").mean())

    def unmapped(self, key: str) -> float:
        """Return the share of the map's pixels, inside the mask, where a modality has no data."""
        allowed = int(self.allowed.sum())
        return float((self.allowed & ~self.valid[key]).sum()) / allowed if allowed else math.nan

    def alone(self, key: str) -> float:
        """Return the share of the map's pixels, inside the mask, that only one modality lacks."""
        allowed = int(self.allowed.sum())
        return float((self._all_but(key) & ~self.valid[key]).sum()) / allowed if allowed else math.nan

    def _all_but(self, left_out: str) -> NDArray[np.bool_]:
        whole = self.allowed.copy()
        for key, mask in self.valid.items():
            if key != left_out:
                whole &= mask
        return whole


def usable(modalities: Mapping[str, Modality], grid: Grid, mask: str = "", mask_values: str = "") -> Usable:
    """Look which pixels of a coarse version of `grid` the modalities and the mask allow."""
    coarse = coarse_grid(grid, COVERAGE_SIDE)
    with Stack({}, coarse, mask, mask_values) as stack:
        allowed = stack.valid(Window(0, 0, coarse.rows, coarse.cols))
    return Usable({key: valid_coarse(thinned(m), coarse) for key, m in modalities.items()}, allowed)
