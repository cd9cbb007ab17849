"""Comparing the values of a scene with those a model was trained on, in words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .modalities import Modality
from .normalisation import TAIL, Normalisation, Preprocess
from .stack import Stack

if TYPE_CHECKING:
    from numpy.typing import NDArray

RANGE_LIMIT = 10_000  # pixels that are enough of a sample
_SHIFT = 0.25  # of the training range; an end of the scene's range that lies further off is told
_OUTSIDE = 0.25  # share of pixels beyond the training range that is told
_FACTOR = 20.0  # between the widths of the two ranges; more than that and the units differ
_SENTINEL2_BANDS = 13
_SENTINEL2_OFFSET = 1000.0  # as stored, since processing baseline 04.00


@dataclass(frozen=True)
class _Shift:
    """How one band lies to its training range: `amount` in raw units, `ratio` of the widths."""

    name: str
    amount: float
    ratio: float

    @property
    def fits(self) -> bool:
        """Whether the band varies about as much as in training."""
        return 1 / _FACTOR <= self.ratio <= _FACTOR


def compare_ranges(
    stack: Stack, preprocess: Preprocess, sample: Mapping[str, NDArray[np.float32]]
) -> list[str]:
    """Return a line for every way in which bands differ from the training range; empty where all is well.

    `sample`: valid pixels of the scene per modality (n, C). The line says how many bands, by how much, what
    the cause may be, and the option that brings them to the training range, if one does.
    """
    lines: list[str] = []
    for key, modality in stack.modalities.items():
        normalisation = preprocess[key]
        found = _compare(modality, normalisation, sample[key])
        if found:
            found[-1] += _remedy(modality, normalisation, sample[key])
        lines += found
    return lines


def _compare(modality: Modality, normalisation: Normalisation, sample: NDArray[np.float32]) -> list[str]:
    shifts = _shifts(modality, normalisation, sample)
    total = len(shifts)
    if _is_scaled(shifts):
        return [_scale_line(modality, [s for s in shifts if not s.fits], total)]
    above, below = [s for s in shifts if s.amount > 0], [s for s in shifts if s.amount < 0]
    lines = [_shift_line(modality, some, total) for some in (above, below) if some]
    missing = [band.name for band, values in zip(modality.bands, sample.T) if not np.isfinite(values).any()]
    if missing:
        lines.append(
            f"{modality.key}: no valid value in {len(missing)} of {total} bands ({_names(missing)})."
        )
    return lines


def _shifts(modality: Modality, normalisation: Normalisation, sample: NDArray[np.float32]) -> list[_Shift]:
    ranges = zip(modality.bands, normalisation.low, normalisation.high, sample.T)
    return [_Shift(band.name, *_shift(float(low), float(high), values)) for band, low, high, values in ranges]


def _is_scaled(shifts: Sequence[_Shift]) -> bool:
    return 2 * sum(not s.fits for s in shifts) > len(shifts)


def _remedy(modality: Modality, normalisation: Normalisation, sample: NDArray[np.float32]) -> str:
    """Return the option that brings the bands to the training range, tried out; "" where none was found.

    It is only looked for where most bands differ, must mend two thirds of them and spoil none. Heights get
    none: a terrain that lies higher is no other unit.
    """
    units = _units(modality)
    before = _differing(_shifts(modality, normalisation, sample))
    if units is None or "height" in modality.quantity or 2 * len(before) <= len(modality.bands):
        return ""
    scale, offset = units
    for factor, step in _candidates(modality, _shifts(modality, normalisation, sample), scale):
        new_scale, new_offset = float(_rounded(scale * factor, 4)), float(_rounded(offset * factor + step, 4))
        values = {"scale": new_scale} if factor != 1 else {}
        if new_offset != offset:
            values["offset"] = new_offset
        # What the option does, rounding included: a measurement is stored value x scale + offset.
        mended = (sample - offset) * (new_scale / scale if factor != 1 else 1.0) + new_offset
        left = _differing(_shifts(modality, normalisation, mended.astype(np.float32)))
        if left <= before and 3 * len(left) <= len(before):
            all_but = f" all but {len(left)}" if left else " them"
            return f" {_option(modality, values)} brings{all_but} to the training range."
    return ""


def _differing(shifts: Sequence[_Shift]) -> set[int]:
    return {i for i, shift in enumerate(shifts) if shift.amount or not shift.fits}


def _candidates(modality: Modality, shifts: Sequence[_Shift], scale: float) -> Iterator[tuple[float, float]]:
    """Yield (factor, step) that may bring measurements to the training range, the likeliest first."""
    if _is_scaled(shifts):
        ratio = float(np.median([s.ratio for s in shifts if not s.fits]))
        yield 10.0 ** -round(math.log10(ratio)), 0.0
        yield float(_rounded(1 / ratio)), 0.0
        return
    amounts = [s.amount for s in shifts if s.amount]
    if not amounts:
        return
    amount = float(np.median(amounts))
    if _is_sentinel2_offset(modality, amount, scale):
        yield 1.0, -math.copysign(_SENTINEL2_OFFSET * scale, amount)
    yield 1.0, -float(_rounded(amount))


def _shift(low: float, high: float, values: NDArray[np.float32]) -> tuple[float, float]:
    """Return how far a band lies above (below: negative) its training range, and the ratio of the widths."""
    valid = values[np.isfinite(values)]
    if not len(valid):
        return 0.0, 1.0
    first, last = (float(v) for v in np.percentile(valid, (TAIL, 100 - TAIL)))
    width = max(high - low, 1e-6 * max(abs(low), abs(high)), 1e-30)
    ratio = max(last - first, 1e-30) / width if high > low and last > first else 1.0
    # The dark end tells an offset best: bright objects come and go with the scene.
    up = first - low
    if (up > _SHIFT * width and last > high - _SHIFT * width) or np.mean(valid > high) > _OUTSIDE:
        return (up if up > 0 else last - high), ratio
    if -up > _SHIFT * width or np.mean(valid < low) > _OUTSIDE:
        return (up if up < 0 else last - high), ratio
    return 0.0, ratio


def _shift_line(modality: Modality, shifts: Sequence[_Shift], total: int) -> str:
    amount = float(np.median([abs(s.amount) for s in shifts]))
    side = "above" if shifts[0].amount > 0 else "below"
    line = (
        f"{modality.key}: {len(shifts)} of {total} bands lie about {_rounded(amount)} {side} training "
        f"({_names([s.name for s in shifts])})"
    )
    units = _units(modality)
    if units and total <= _SENTINEL2_BANDS and _is_sentinel2_offset(modality, amount, units[0]):
        return f"{line}; Sentinel-2 offset?"
    if modality.quantity == "height":
        return line + "; another terrain or height reference? Heights above ground carry over better."
    return line + "; other units, season or sensor?"


def _is_sentinel2_offset(modality: Modality, amount: float, scale: float) -> bool:
    stored = abs(amount / scale)
    return modality.quantity == "reflectance" and abs(stored - _SENTINEL2_OFFSET) < 0.3 * _SENTINEL2_OFFSET


def _scale_line(modality: Modality, shifts: Sequence[_Shift], total: int) -> str:
    ratio = float(np.median([s.ratio for s in shifts]))
    factor, word = (ratio, "more") if ratio > 1 else (1 / ratio, "less")
    reason = "units"
    if modality.quantity == "reflectance":
        reason = "units, such as reflectance from 0 to 1 instead of 0 to 10000"
    return (
        f"{modality.key}: {len(shifts)} of {total} bands vary about {_rounded(factor)} times {word} than in "
        f"training; other {reason}?"
    )


def _units(modality: Modality) -> tuple[float, float] | None:
    """Return scale and offset of the bands used; None where they are not the same for all."""
    found = {
        (1.0 if band.scale is None else band.scale, band.offset or 0.0)
        for raster in modality.rasters
        for band in (raster.info.band(number) for number in raster.bands)
    }
    # Linear power is compared in dB, where a step is a factor.
    return found.pop() if len(found) == 1 and modality.quantity != "sar_linear" else None


def _option(modality: Modality, values: Mapping[str, float]) -> str:
    text = " ".join(f"{name}={_rounded(value, 4)}" for name, value in values.items())
    return f"{modality.key.upper()}_OPTIONS {text} (--{modality.key}-options {text})"


def _rounded(value: float, digits: int = 2) -> str:
    """Return a number with two digits that count, or more."""
    return f"{float(f'{value:.{digits}g}'):g}"


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown
