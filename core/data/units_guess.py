"""Guessing scale and offset of reflectance from values, names and wavelengths.

Whole numbers that look like reflectance x 10000 are taken as such, and the offset of 1000 that Sentinel-2
products carry since processing baseline 04.00 is recognised by the dark end of the bands.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .band_choice import BandSample, sample_bands
from .opened import OpenedRaster
from .raster_info import BandInfo

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

TEN_THOUSANDTHS = 1e-4
SENTINEL2_OFFSET = -0.1  # reflectance; stored values lie 1000 too high

# A scene's brightest band reaches 15 to 160 % (clouds, snow), its darkest is not all bright; digital
# numbers of cameras (8 bit) and Landsat's own scaling (7273 = no reflectance) lie outside.
_BRIGHT_END = (1500.0, 16000.0)
_DARK_END = (-3000.0, 5000.0)
# With the offset nearly every band's dark end (water, shadow: 0 to 3 %) lies here, without it few do.
_OFFSET_DARK_END = (900.0, 1300.0)
_MOST, _FEW = 0.6, 0.1  # shares of the bands
_FEWEST_PIXELS = 100
_PIXELS, _BANDS = 5000, 40  # looked at for the bright end; the dark end takes all pixels
_DARK = 0.05  # per cent: about the minimum, but not a single faulty pixel
_SENTINEL2_BANDS = range(4, 14)
_UNNAMED_BANDS = range(
    10, 14
)  # bands of a raster that says nothing of its sensor, to be taken for Sentinel-2
_SENTINEL2_NAME = re.compile(r"^(?:band[ _]?)?B(?:0?[1-9]|8A|1[0-2])(?![0-9A-Za-z])", re.I)
_SENTINEL2_NM = (443, 490, 560, 665, 705, 740, 783, 842, 865, 945, 1375, 1610, 2190)
_SAME_NM = 8.0


@dataclass(frozen=True)
class UnitsGuess:
    """What the values suggest.

    `scale`: 1e-4 for reflectance x 10000, 1 for fractions, None where nothing can be said. `offset`: -0.1
    where the Sentinel-2 offset is in the values, 0 where it surely is not, None where that is open.
    """

    scale: float | None = None
    offset: float | None = None


class UnitsGuesses:
    """The guess for each raster of a modality; those of few bands, such as band files, are judged together.

    `samples`: pixels of the rasters' candidate bands where they were read already, else read when needed.
    """

    def __init__(self, opened: Sequence[OpenedRaster], samples: Sequence[BandSample] | None = None) -> None:
        self._opened, self._samples = opened, dict(enumerate(samples or ()))
        self._together = [
            i for i, raster in enumerate(opened) if len(raster.candidates) < _SENTINEL2_BANDS[0]
        ]
        self._found: dict[int, UnitsGuess] = {}

    def of(self, position: int) -> UnitsGuess:
        """Return the guess for the raster at `position`."""
        if position not in self._found:
            together = position in self._together and len(self._together) >= _SENTINEL2_BANDS[0]
            members = self._together if together else [position]
            self._found.update(dict.fromkeys(members, self._guess(members)))
        return self._found[position]

    def _guess(self, members: Sequence[int]) -> UnitsGuess:
        if any(self._opened[i].info.category_names or self._opened[i].info.color_table for i in members):
            return UnitsGuess()
        rasters = [self._opened[i] for i in members]
        bands = [raster.info.band(n) for raster in rasters for n in raster.candidates]
        stored = [self._stored(i) for i in members]
        length = min(len(values) for values in stored)
        return guess_units(bands, np.concatenate([values[:length] for values in stored], axis=1))

    def _stored(self, position: int) -> Floats:
        """Return a sample as it is stored in the file, (n, C)."""
        raster = self._opened[position]
        if position not in self._samples:
            self._samples[position] = sample_bands(raster.info, raster.candidates)
        sample = self._samples[position].values
        offset = np.array([raster.info.band(n).offset or 0.0 for n in raster.candidates], np.float32)
        return sample - offset if offset.any() else sample


def guess_units(bands: Sequence[BandInfo], stored: Floats) -> UnitsGuess:
    """Guess the units of reflectance from stored values (n, C) of some bands, NaN where invalid."""
    if any(band.dtype == "Byte" for band in bands):
        return UnitsGuess()
    values = _measured(stored)
    if len(values) < _FEWEST_PIXELS:
        return UnitsGuess()
    dark, bright = _ends(values)
    if not (dark.size and bright.size):
        return UnitsGuess()
    whole = _are_whole(values)
    if not whole and dark.min() >= -1 and 0.01 < bright.max() <= 2.5:
        return UnitsGuess(1.0, 0.0)
    sentinel2 = is_sentinel2(bands)
    least = 255.0 if sentinel2 else _BRIGHT_END[0]
    spectral = sentinel2 or all(band.wavelength is not None for band in bands)
    if not (whole or spectral) or not least < bright.max() <= _BRIGHT_END[1]:
        return UnitsGuess()
    if not _DARK_END[0] <= dark.min() <= _DARK_END[1]:
        return UnitsGuess()
    count = len(bands)
    if count in _SENTINEL2_BANDS and (sentinel2 or (count in _UNNAMED_BANDS and not spectral)):
        return UnitsGuess(TEN_THOUSANDTHS, _guess_offset(dark))
    return UnitsGuess(TEN_THOUSANDTHS)


def is_sentinel2(bands: Sequence[BandInfo]) -> bool:
    """Return whether most bands carry the names or the wavelengths of Sentinel-2."""
    named = sum(bool(_SENTINEL2_NAME.match(band.name)) for band in bands)
    near = sum(
        band.wavelength is not None and min(abs(band.wavelength - nm) for nm in _SENTINEL2_NM) <= _SAME_NM
        for band in bands
    )
    return max(named, near) >= 0.8 * len(bands)


def _measured(stored: Floats) -> Floats:
    """Return the pixels that hold values: not those filled with one number, nor numbers like -9999."""
    values = np.where(stored > _DARK_END[0], stored, np.float32(np.nan))
    known = np.isfinite(values).any(axis=1)
    values = values[known]
    if values.shape[1] > 1:
        values = values[~(values == values[:, :1]).all(axis=1)]
    return values


def _ends(values: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the dark end (`_DARK` per cent) and the bright end (99 per cent) of some of the bands."""
    bands = np.unique(np.linspace(0, values.shape[1] - 1, _BANDS).astype(int))
    some = [column[np.isfinite(column)] for column in values[:, bands].T]
    some = [column for column in some if len(column) >= _FEWEST_PIXELS]
    dark = np.array([np.percentile(column, _DARK) for column in some])
    thinned = [column[:: max(1, len(column) // _PIXELS)] for column in some]
    return dark, np.array([np.percentile(column, 99) for column in thinned])


def _are_whole(values: Floats) -> bool:
    some = values[:: max(1, len(values) // 500)]
    some = some[np.isfinite(some)]
    return bool(len(some)) and float(np.mean(some == np.round(some))) > 0.99


def _guess_offset(dark: NDArray[np.float64]) -> float | None:
    low, high = _OFFSET_DARK_END
    if np.mean(dark < low) > _FEW:
        return 0.0
    return SENTINEL2_OFFSET if np.mean((dark >= low) & (dark <= high)) >= _MOST else None
