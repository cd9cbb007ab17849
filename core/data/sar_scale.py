"""Whether SAR comes as linear power, as decibels or as amplitude, from values, units and names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np

from .raster_info import RasterInfo

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_DECIBEL = re.compile(r"(?<![a-z])(db|decibels?)(?![a-z])")
_LINEAR = re.compile(r"(?<![a-z])(linear|power|intensity)(?![a-z])")
_AMPLITUDE = re.compile(r"(?<![a-z])amp(litude)?(?![a-z])")
_FLOOR = np.float32(1e-5)  # -50 dB, below the noise of every sensor
_NOISE = np.float32(-1.0)  # subtracting the noise leaves negative power, but not more than this


@dataclass(frozen=True)
class SarGuess:
    """`quantity`: "sar_db" or "sar_linear"; `remark`: what is odd about it, "" where nothing is."""

    quantity: str
    remark: str = ""


def guess_sar(info: RasterInfo, sample: Floats | None = None) -> SarGuess:
    """Guess the scale from values (n, C), NaN where invalid, and from what file and bands are called."""
    words = [PurePath(info.path).stem, *(f"{band.name} {band.unit}" for band in info.bands[:20])]
    text = " ".join(words).lower().replace("_", " ")
    named = "sar_db" if _DECIBEL.search(text) else "sar_linear" if _LINEAR.search(text) else ""
    values = np.zeros(0, np.float32) if sample is None else sample[np.isfinite(sample)]
    if not values.size:
        return SarGuess(named or "sar_linear")
    found = _by_values(values)
    if not found:
        found = named or "sar_linear"
    elif named and named != found:
        scales = {"sar_db": "dB", "sar_linear": "linear power"}
        return SarGuess(found, f"the name or unit says {scales[named]}, the values are {scales[found]}")
    if found == "sar_linear" and (_AMPLITUDE.search(text) or _are_digital_numbers(info, values)):
        return SarGuess(
            found,
            "the values look like amplitude or digital numbers; they are used as power, which suits one "
            "scene; calibrate them (sigma0, gamma0) before a model meets another one",
        )
    return SarGuess(found)


def _by_values(values: Floats) -> str:
    """Return the scale, "" where values could be both."""
    low, middle, high = (float(v) for v in np.percentile(values, (1, 50, 99)))
    if middle < -1 or (low < -1 and low < -0.3 * high):
        return "sar_db"
    if low <= 0 or middle < 1.5:
        return "sar_linear"  # power after the noise was removed, or sigma0 of some land
    return "" if high < 4 * low else "sar_linear"  # power varies more than fourfold in any scene


def _are_digital_numbers(info: RasterInfo, values: Floats) -> bool:
    whole = all("Int" in band.dtype or band.dtype == "Byte" for band in info.bands)
    return whole and float(np.median(values)) > 10


def power_to_decibels(power: Floats) -> Floats:
    """Return bands of dB (C, H, W) of linear power as products hold it, NaN where nothing was measured.

    A pixel of 0 in all bands was not measured. Else power that is not positive is what the removal of noise
    left over dark ground: it is measured, and taken as -50 dB. Far below 0 there is no power.
    """
    empty = (power == 0).all(axis=0)
    dark = (power <= 0) & (power > _NOISE) & ~empty
    raised = np.where(dark, _FLOOR, power)
    with np.errstate(divide="ignore", invalid="ignore"):
        decibels = (10 * np.log10(raised)).astype(np.float32)
    decibels[~np.isfinite(decibels)] = np.nan
    return decibels
