"""Which bands of a raster are used: those the user names, else all that measure something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import BandError
from .aligned_reader import AlignedReader
from .lattice import covers_all, lattice_windows
from .raster_info import BandInfo, RasterInfo
from .raster_io import is_unwritten, open_raster
from .windows import iter_tiles

if TYPE_CHECKING:
    from numpy.typing import NDArray

WATER_VAPOUR = ((1340.0, 1450.0), (1790.0, 1960.0))  # nm; the atmosphere is opaque there
_LIMIT = 20_000  # pixels looked at
_VALUES = 1 << 24  # values read at most, all bands
_FEWEST = 16  # valid pixels below which "constant" says nothing


@dataclass(frozen=True)
class BandSample:
    """Some pixels (n, C) of the bands `numbers` of a raster, NaN where invalid."""

    numbers: tuple[int, ...]
    values: NDArray[np.float32]


def parse_bands(text: str, n_bands: int, where: str = "") -> tuple[int, ...]:
    """Read "1-120,150-200" as band numbers, in the order written. Raises `BandError`."""
    numbers: list[int] = []
    for part in text.replace(" ", "").split(","):
        first, _, last = part.partition("-")
        if not first.isdigit() or not (last or first).isdigit() or (part.endswith("-")):
            raise BandError(f"'{text}' is not a list of bands.", where=where, remedy="Write 1-120,150-200.")
        numbers += range(int(first), int(last or first) + 1)
    wrong = [n for n in numbers if not 1 <= n <= n_bands]
    if wrong or not numbers:
        raise BandError(
            f"Band {wrong[0] if wrong else text} does not exist; the raster has {n_bands} bands.",
            where=where,
            remedy="Correct the list of bands.",
        )
    if len(set(numbers)) < len(numbers):
        raise BandError(f"'{text}' names a band twice.", where=where, remedy="Correct the list of bands.")
    return tuple(numbers)


def bands_text(numbers: Sequence[int]) -> str:
    """Return band numbers as "1-120, 150"."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def sample_bands(info: RasterInfo, numbers: Sequence[int]) -> BandSample:
    """Read some pixels of a raster spread over its whole area. Raises `RasterReadError`."""
    budget = max(1 << 14, _VALUES // max(1, len(numbers)))
    parts = []
    with AlignedReader(info, numbers, info.grid) as reader:
        for part in lattice_windows(info.grid.rows, info.grid.cols, _LIMIT, budget):
            parts.append(part.take(reader.read(part.window)))
    return BandSample(tuple(numbers), np.concatenate(parts))


def useless_bands(info: RasterInfo, sample: BandSample) -> dict[int, str]:
    """Return the bands that are left out by default, with the reason in words.

    What the values show is said before what metadata or wavelength let expect.
    """
    thin = not covers_all(info.grid.rows, info.grid.cols, _LIMIT)
    reasons: dict[int, str] = {}
    for position, number in enumerate(sample.numbers):
        values, reason = sample.values[:, position], ""
        if _looks_empty(values):
            reason = _verdict_on_all(info, number) if thin else _verdict(values[np.isfinite(values)])
        reason = reason or _declared_useless(info.band(number))
        if reason:
            reasons[number] = reason
    return reasons


def _declared_useless(band: BandInfo) -> str:
    if band.bad:
        return "flagged bad in the metadata"
    wavelength = band.wavelength
    if wavelength is not None and any(low <= wavelength <= high for low, high in WATER_VAPOUR):
        return "in a water vapour range"
    return ""


def _looks_empty(values: NDArray[np.float32]) -> bool:
    valid = values[np.isfinite(values)]
    return not len(valid) or bool(valid.min() == valid.max())


def _verdict(valid: NDArray[np.float32]) -> str:
    if not len(valid):
        return "nodata everywhere"
    if len(valid) >= _FEWEST and valid.min() == valid.max():
        return f"constant ({valid.min():g})"
    return ""


def _verdict_on_all(info: RasterInfo, number: int) -> str:
    """Judge a band by all its pixels; stops as soon as two values differ.

    Of the parts of a sparse file that were never written one is read: they are all alike.
    """
    found, unwritten = np.zeros(0, np.float32), 0
    dataset = open_raster(info.path)
    with AlignedReader(info, [number], info.grid) as reader:
        for tile in iter_tiles(info.grid.rows, info.grid.cols, 1024):
            unwritten += (never_written := is_unwritten(dataset, number, tile))
            if never_written and unwritten > 1:
                continue
            values = reader.read(tile)
            found = np.concatenate([found, values[np.isfinite(values)]])
            if len(found) and found.min() != found.max():
                return ""
            found = found[:_FEWEST]
    return _verdict(found)
