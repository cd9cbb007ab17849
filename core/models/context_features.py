"""Features of a pixel and its surroundings: values, and local mean and deviation in square windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Doubles = NDArray[np.float64]

WINDOWS = (3, 7, 15)  # sides in pixels


def context_margin(windows: tuple[int, ...] = WINDOWS) -> int:
    """Return the pixels needed around a tile for `windows`."""
    return max((side // 2 for side in windows), default=0)


def context_features(data: Floats, windows: tuple[int, ...] = WINDOWS) -> Floats:
    """Return (F, H, W) for `data` (C, H + 2m, W + 2m), NaN where invalid, m = `context_margin(windows)`.

    F = C * (1 + 2 * len(windows)): first the C values, then for each window C means and C deviations. Invalid
    pixels are left out of means and deviations; a window without any valid pixel gives NaN. Sums are made in
    float64 and in an order that depends on the pixel alone, so the result does not depend on tile cuts.
    """
    if any(side % 2 == 0 or side < 1 for side in windows):
        raise ValueError(f"window sides must be odd and positive, got {windows}")
    margin = context_margin(windows)
    bands, rows, cols = data.shape[0], data.shape[1] - 2 * margin, data.shape[2] - 2 * margin
    features = np.empty(((1 + 2 * len(windows)) * bands, rows, cols), np.float32)
    features[:bands] = data[:, margin : margin + rows, margin : margin + cols]
    for band in range(bands):  # one at a time: the float64 work space stays that of one band
        moments = _Moments(data[band])
        for i, side in enumerate(windows):
            mean, deviation = moments.in_window(side, margin)
            features[(1 + 2 * i) * bands + band] = mean
            features[(2 + 2 * i) * bands + band] = deviation
    return features


class _Moments:
    """Mean and deviation of one band (rows, cols) in windows around each pixel."""

    def __init__(self, band: Floats) -> None:
        valid = np.isfinite(band)
        filled = np.where(valid, band, 0).astype(np.float64)
        self._count = None if valid.all() else valid.astype(np.float64)
        self._sum, self._squares = filled, filled * filled

    def in_window(self, side: int, margin: int) -> tuple[Doubles, Doubles]:
        """Return mean and deviation for the pixels at least `margin` away from the edge."""
        cut = margin - side // 2

        def total(values: Doubles) -> Doubles:
            stop = (values.shape[0] - cut, values.shape[1] - cut)
            return _box_sum(values[cut : stop[0], cut : stop[1]], side)

        count = float(side * side) if self._count is None else total(self._count)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = total(self._sum) / count
            variance = total(self._squares) / count - mean * mean
        return mean, np.sqrt(np.maximum(variance, 0))


def _box_sum(values: Doubles, side: int) -> Doubles:
    """Return the sums over side x side windows that lie fully inside."""
    return _run_sum(_run_sum(values, side).T, side).T


def _run_sum(values: Doubles, length: int) -> Doubles:
    """Return the sums of `length` neighbours along the first axis.

    Made of sums over 1, 2, 4, ... neighbours (the binary digits of `length`). Unlike a cumulative sum, each
    result is rounded in the same way wherever the array begins.
    """
    n_out = values.shape[0] - length + 1
    total = np.zeros((n_out, values.shape[1]))
    power, size, start = values, 1, 0
    while size <= length:
        if length & size:
            total += power[start : start + n_out]
            start += size
        size *= 2
        if size <= length:
            power = power[: -(size // 2)] + power[size // 2 :]
    return total
