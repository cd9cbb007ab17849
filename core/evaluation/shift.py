"""How far one image lies beside another: correlation of edge directions, with its confidence.

Sources of different kinds show the same edges with other contrast: a roof is bright for a camera, high for
a LiDAR, dark for a radar. What they share is where edges run. Each pixel gets the direction of its gradient
with the angle doubled, so that an edge from dark to bright equals one from bright to dark, as a complex
number whose length grows with the strength of the edge up to 1. (Doubled angles: the normalised gradient
fields of Haber and Modersitzki, MICCAI 2006; correlated in the frequency domain: the orientation correlation
of Fitch et al., BMVC 2002.) The fields are correlated block by block; the sum over the blocks gives the
shift, leaving out one block after the other gives its error. Numpy only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Complexes = NDArray[np.complex64]
    Floats = NDArray[np.float64]

SMOOTHING = 1.0  # standard deviation in pixels of the Gaussian before the gradient
MARGIN = 4  # pixels around a hole or the border whose edges would be those of the hole
SURE_ERROR = 0.3  # pixels; the jackknife's standard error up to which a shift is told
SURE_SHARPNESS = 7.0  # standard deviations of the correlation beside the peak
SURE_AHEAD = 1.5  # times as high as the second highest peak
_FEWEST_BLOCKS = 4
_LOBE = 6  # pixels around a peak that belong to it
_WHOLE = 0.995  # share of the weights of a smoothing window that must be valid


@dataclass(frozen=True)
class Estimate:
    """Where the second image lies, in pixels beyond the first: `rows` down, `cols` to the right.

    `error`: standard error in pixels (jackknife over the blocks). `sharpness`: height of the peak in standard
    deviations of the correlation beside it. `ahead`: its height as a multiple of the second peak's.
    """

    rows: float
    cols: float
    error: float
    sharpness: float
    ahead: float

    @property
    def sure(self) -> bool:
        """Whether the shift can be told; see benchmarks/shift for how often that is right."""
        clear = self.sharpness >= SURE_SHARPNESS and self.ahead >= SURE_AHEAD
        return clear and self.error <= SURE_ERROR


def edge_field(bands: NDArray[Any]) -> Complexes:
    """Return the doubled edge directions (H, W) of bands (C, H, W) with NaN holes, each of length 0 to 1.

    Bands count alike whatever their units. 0 where there is no edge, near holes and at the border.
    """
    total = np.zeros(bands.shape[1:], np.complex64)
    strength = np.zeros(bands.shape[1:], np.float32)
    used = 0
    for band in bands:
        gradient, power = _gradient(np.asarray(band, np.float32))
        seen = power > 0
        if not seen.any():
            continue
        scale = np.median(power[seen])
        total += gradient * gradient / scale
        strength += power / scale
        used += 1
    return total / (strength + used) if used else total


def _gradient(band: NDArray[np.float32]) -> tuple[Complexes, NDArray[np.float32]]:
    """Return the gradient (x + iy) of a smoothed band and its square, both 0 where the band is not whole."""
    valid = np.isfinite(band)
    weight = _smooth(valid.astype(np.float32))
    centre = np.float32(band[valid].mean()) if valid.any() else np.float32(0)  # keeps float32 exact
    smooth = _smooth(np.where(valid, band - centre, np.float32(0))) / np.maximum(weight, np.float32(1e-6))
    gradient = np.zeros(band.shape, np.complex64)
    inner = smooth[1:-1, 2:] - smooth[1:-1, :-2] + 1j * (smooth[2:, 1:-1] - smooth[:-2, 1:-1])
    gradient[1:-1, 1:-1] = np.where(_whole(weight)[1:-1, 1:-1], inner, 0)
    return gradient, gradient.real**2 + gradient.imag**2


def _whole(weight: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return where a pixel and its four neighbours were smoothed from valid pixels only."""
    whole = weight > _WHOLE
    for axis in (0, 1):
        whole = whole & np.roll(weight > _WHOLE, 1, axis) & np.roll(weight > _WHOLE, -1, axis)
    return whole


def _smooth(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return values smoothed by a Gaussian; beyond the border there are zeros."""
    reach = math.ceil(3 * SMOOTHING)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / SMOOTHING) ** 2).astype(np.float32)
    kernel /= kernel.sum()
    for _ in range(2):  # along the rows, turned, along the former columns
        padded = np.pad(values, ((0, 0), (reach, reach)))
        values = sum(w * padded[:, i : i + values.shape[1]] for i, w in enumerate(kernel)).T
    return values


def block_surface(
    first: Complexes, second: Complexes, inner: tuple[slice, slice], reach: int
) -> NDArray[np.float64]:
    """Return how well `second` displaced by -reach..reach pixels agrees with `first` in one block.

    Args:
        first: Edge field (H, W).
        second: Edge field of the same pixels.
        inner: Rows and columns of the block; `second` should reach `reach` pixels farther.
        reach: Largest displacement, in pixels.

    Returns:
        (2 reach + 1, 2 reach + 1): the value at [reach + r, reach + c] belongs to a second image that lies r
        pixels lower and c pixels farther right than the first.
    """
    block = np.zeros_like(first)
    block[inner] = _without_mean(first[inner])
    other = _without_mean(second)
    shape = [_fast_size(n + reach) for n in first.shape]
    product = np.fft.fft2(other, shape) * np.conj(np.fft.fft2(block, shape))
    surface = np.fft.ifft2(product).real
    around = np.arange(-reach, reach + 1)
    return surface[np.ix_(around, around)]


def _without_mean(field: Complexes) -> Complexes:
    """Return a field whose edges prefer no direction: stripes everywhere would agree anywhere."""
    seen = field != 0
    return np.where(seen, field - field[seen].mean(), 0) if seen.any() else field


def _fast_size(length: int) -> int:
    """Return the next length made of the factors 2, 3 and 5, for a quick transform."""
    while True:
        rest = length
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return length
        length += 1


def estimate(surfaces: Sequence[Floats]) -> Estimate | None:
    """Return the shift from the surfaces of all blocks, None where there is no peak inside the reach."""
    seen = [surface for surface in surfaces if surface.any()]
    if len(seen) < _FEWEST_BLOCKS:
        return None
    total = np.sum(seen, axis=0)
    at = _peak(total)
    if at is None:
        return None
    sharpness, ahead = _beside(total, at)
    return Estimate(*at, _jackknife(total, seen), sharpness, ahead)


def _peak(surface: Floats) -> tuple[float, float] | None:
    """Return row and column of the maximum counted from the centre; None at the border."""
    side, reach = len(surface), len(surface) // 2
    row, col = (int(i) for i in np.unravel_index(np.argmax(surface), surface.shape))
    if not (0 < row < side - 1 and 0 < col < side - 1):
        return None
    around = surface[row - 1 : row + 2, col - 1 : col + 2]
    return row - reach + _vertex(around[:, 1]), col - reach + _vertex(around[1])


def _vertex(values: Floats) -> float:
    """Return where a Gaussian (a parabola where values are not positive) through three values is highest."""
    if (values > 0).all():
        values = np.log(values)
    before, middle, after = (float(v) for v in values)
    bend = before - 2 * middle + after
    return 0.5 * (before - after) / bend if bend < 0 else 0.0


def _beside(surface: Floats, at: tuple[float, float]) -> tuple[float, float]:
    """Return the height of the peak in standard deviations, and as a multiple of the second peak's."""
    axis = np.arange(len(surface)) - len(surface) // 2
    away = np.hypot(axis[:, None] - at[0], axis[None, :] - at[1]) > _LOBE
    others = surface[away]
    if not len(others) or others.std() == 0:
        return 0.0, 0.0
    height, second = surface.max() - others.mean(), others.max() - others.mean()
    return float(height / others.std()), float(height / second)


def _jackknife(total: Floats, surfaces: Sequence[Floats]) -> float:
    """Return the standard error of the peak, the larger of rows and columns; infinite where it leaves."""
    found = [_peak(total - surface) for surface in surfaces]
    if any(at is None for at in found):
        return math.inf
    places = np.array(found, np.float64)
    n = len(places)
    return float(np.sqrt((n - 1) / n * ((places - places.mean(axis=0)) ** 2).sum(axis=0)).max())
