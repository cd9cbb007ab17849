"""Comparing the values of a scene with those a model was trained on, in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
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
_SENTINEL2_OFFSET = 1000.0  # as stored, since processing baseline 04.00


@dataclass(frozen=True)
class _Shift:
    """How one band lies to its training range: `amount` in raw units, `ratio` of the widths."""

    name: str
    amount: float
    ratio: float


def compare_ranges(
    stack: Stack, preprocess: Preprocess, sample: Mapping[str, NDArray[np.float32]]
) -> list[str]:
    """Return a line for every way in which bands differ from the training range; empty where all is well.

    `sample`: valid pixels of the scene per modality (n, C). The line says how many bands, by how much, and
    what the cause may be.
    """
    lines: list[str] = []
    for key, normalisation in preprocess.items():
        lines += _compare(stack.modalities[key], normalisation, sample[key])
    return lines


def _compare(modality: Modality, normalisation: Normalisation, sample: NDArray[np.float32]) -> list[str]:
    shifts = [
        _Shift(band.name, *_shift(float(low), float(high), values))
        for band, low, high, values in zip(modality.bands, normalisation.low, normalisation.high, sample.T)
    ]
    total = len(shifts)
    scaled = [s for s in shifts if not 1 / _FACTOR <= s.ratio <= _FACTOR]
    if 2 * len(scaled) > total:
        return [_scale_line(modality, scaled, total)]
    above, below = [s for s in shifts if s.amount > 0], [s for s in shifts if s.amount < 0]
    lines = [_shift_line(modality, some, total) for some in (above, below) if some]
    missing = [band.name for band, values in zip(modality.bands, sample.T) if not np.isfinite(values).any()]
    if missing:
        lines.append(
            f"{modality.key}: no valid value in {len(missing)} of {total} bands ({_names(missing)})."
        )
    return lines


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
    scale, offset = _units(modality)
    if (
        modality.quantity == "reflectance"
        and abs(amount / scale - _SENTINEL2_OFFSET) < 0.3 * _SENTINEL2_OFFSET
    ):
        step = _SENTINEL2_OFFSET * scale * (-1 if shifts[0].amount > 0 else 1)
        return f"{line}; Sentinel-2 offset? Then give {_option(modality.key, offset=offset + step)}."
    if modality.quantity == "height":
        return line + "; another terrain or height reference? Heights above ground carry over better."
    return line + "; other units, season or sensor?"


def _scale_line(modality: Modality, shifts: Sequence[_Shift], total: int) -> str:
    ratio = float(np.median([s.ratio for s in shifts]))
    factor, word = (ratio, "more") if ratio > 1 else (1 / ratio, "less")
    key, (scale, _) = modality.key, _units(modality)
    line = (
        f"{key}: {len(shifts)} of {total} bands vary about {_rounded(factor)} times {word} than in training"
    )
    power = 10.0 ** -round(math.log10(ratio))
    if modality.quantity != "reflectance" or abs(math.log10(ratio * power)) > 0.3:
        return f"{line}; other units?"
    return (
        f"{line}; other units, such as reflectance from 0 to 1 instead of 0 to 10000? Then give "
        f"{_option(key, scale=scale * power)}."
    )


def _units(modality: Modality) -> tuple[float, float]:
    """Return scale and offset of the first band used."""
    first = modality.rasters[0]
    band = first.info.band(first.bands[0])
    return (1.0 if band.scale is None else band.scale), band.offset or 0.0


def _option(key: str, **values: float) -> str:
    text = " ".join(f"{name}={_rounded(value)}" for name, value in values.items())
    return f"{key.upper()}_OPTIONS {text} (--{key}-options {text})"


def _rounded(value: float) -> str:
    """Return a number with two digits that count."""
    return f"{float(f'{value:.2g}'):g}"


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown
