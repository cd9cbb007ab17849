"""The speckle filter of Lee (1980) for SAR, in linear power.

J.-S. Lee, "Digital image enhancement and noise filtering by use of local statistics", IEEE TPAMI 2 (1980):
each pixel moves towards the mean of its window, the more so the less the window varies beyond what speckle
alone explains. The number of looks, which says how much that is, is estimated from the scene itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import numpy as np

from .grid import Grid
from .lattice import lattice_windows
from .quantities import to_decibels
from .windows import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Doubles = NDArray[np.float64]

_SMOOTH = 25  # percentile of the variation of all windows: about that of windows of one surface
_LOOKS = 1.0, 100.0  # what a SAR image has
_DEFAULT_LOOKS = 4.0  # where no window is complete
_LATTICE, _BUDGET = 1 << 16, 1 << 18  # pixels of the scene read to estimate the looks


class SpeckleFilter:
    """The filter of one layer of a scene, with a window of `side` map pixels.

    Bands are in dB. The looks of a scene are estimated when the first window is filtered.
    """

    def __init__(self, side: int) -> None:
        self._side, self._looks = side, 0.0

    def apply(self, decibels: Floats, grid: Grid, read: Callable[[Window], Floats]) -> Floats:
        """Return filtered bands (C, H, W); `read` gives the unfiltered ones of any window of `grid`."""
        if not self._looks:
            parts = lattice_windows(grid.rows, grid.cols, _LATTICE, _BUDGET)
            images = (band for part in parts for band in _power(read(part.window)))
            self._looks = estimate_looks(images, self._side)
        filtered = [lee_filter(power, self._side, self._looks) for power in _power(decibels)]
        return to_decibels(np.stack(filtered))


def without_speckle(decibels: Floats, side: int = 5) -> Floats:
    """Return bands in dB (C, H, W) filtered; the looks are estimated from these very pixels."""
    power = _power(decibels)
    looks = estimate_looks(power, side)
    return to_decibels(np.stack([lee_filter(band, side, looks) for band in power]))


def _power(decibels: Floats) -> Floats:
    return np.power(np.float32(10), decibels / np.float32(10))


def lee_filter(power: Floats, side: int, looks: float) -> Floats:
    """Return filtered linear power (H, W); NaN stays NaN and counts in no window.

    `side` of the window in pixels, odd; at the edge of the array the window is cut. A value depends on
    its own window only, bit for bit, wherever the array begins.
    """
    mean, variation, _ = _windows(power, side)
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = 1 - (1 / looks) / variation  # W of the multiplicative model: 1 - C_u^2 / C_z^2
    weight = np.clip(np.where(np.isfinite(weight), weight, 0.0), 0.0, 1.0)
    filtered = mean + weight * (power.astype(np.float64) - mean)
    return np.where(np.isfinite(power), filtered, np.nan).astype(np.float32)


def estimate_looks(images: Iterable[Floats], side: int) -> float:
    """Return the number of looks of images (H, W) of linear power, from windows of `side` pixels."""
    found = []
    for power in images:
        mean, variation, counts = _windows(power, side)
        complete = (counts == side * side) & (mean > 0)
        found.append(variation[complete])
    values = np.concatenate(found) if found else np.zeros(0)
    if not values.size:
        return _DEFAULT_LOOKS
    lowest, highest = _LOOKS
    return float(np.clip(1 / max(float(np.percentile(values, _SMOOTH)), 1e-6), lowest, highest))


def _windows(power: Floats, side: int) -> tuple[Doubles, Doubles, Doubles]:
    """Return mean, variance divided by the squared mean, and number of the valid pixels in each window."""
    valid = np.isfinite(power)
    values = np.where(valid, power, 0.0).astype(np.float64)
    counts = _sums(valid.astype(np.float64), side)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = _sums(values, side) / counts
        variance = np.maximum(_sums(values * values, side) / counts - mean * mean, 0.0)
        variance *= counts / np.maximum(counts - 1, 1)
        return mean, variance / (mean * mean), counts


def _sums(values: Doubles, side: int) -> Doubles:
    """Return the sums of side x side windows, always added in the same order (no running sums)."""
    reach = side // 2
    rows, cols = values.shape
    padded = np.pad(values, reach)
    down = padded[:rows].copy()
    for step in range(1, side):
        down += padded[step : step + rows]
    total = down[:, :cols].copy()
    for step in range(1, side):
        total += down[:, step : step + cols]
    return total
