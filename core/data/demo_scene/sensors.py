"""What the sensors see of the landscape: hyperspectral, optical, LiDAR, SAR, each in its own pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .canvas import MARGIN, PIXEL, SIDE, Canvas, noise
from .legend import (
    CROPS,
    FLAT_ROOF,
    GRASS,
    M_METAL,
    MATERIALS,
    PAVEMENT,
    SHRUBS,
    SOIL,
    TILED_ROOF,
    TREES,
    WATER,
)
from .light import Sun, illumination
from .sampling import Raster
from .spectra import band_weights, endmembers, skylight

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .canvas import Array
    from .spectra import Curve

HSI_RASTER = Raster(x=MARGIN - 3.0, y=MARGIN - 1.5, pixel=4.0, rows=151, cols=151, blur=1.3)
OPTICAL_RASTER = Raster(x=MARGIN - 4.5, y=MARGIN - 2.5, pixel=1.0, rows=604, cols=608, blur=0.4)
LIDAR_RASTER = Raster(x=MARGIN + 0.5, y=MARGIN - 1.0, pixel=1.0, rows=602, cols=600, blur=0.15)
HSI_SUN, OPTICAL_SUN = Sun(azimuth=172, elevation=54), Sun(azimuth=138, elevation=41)

HSI_WAVELENGTHS: Curve = np.round(np.linspace(410.0, 2490.0, 100), 1)
HSI_WIDTHS: Curve = np.full(100, 22.0)
OPTICAL_BANDS = ("blue", "green", "red", "near infrared")
OPTICAL_WAVELENGTHS: Curve = np.array([485.0, 555.0, 660.0, 830.0])
OPTICAL_WIDTHS: Curve = np.array([70.0, 80.0, 60.0, 120.0])
REFLECTANCE_SCALE = 10000
HSI_NODATA = -9999

# Mean backscatter in dB (VV, VH) seen from above; corners between ground and wall are added to it.
BACKSCATTER = {
    WATER: (-20.0, -27.5),
    PAVEMENT: (-16.5, -24.0),
    TILED_ROOF: (-6.5, -14.0),
    FLAT_ROOF: (-9.5, -17.5),
    SOIL: (-11.5, -20.0),
    GRASS: (-12.5, -18.5),
    CROPS: (-10.5, -16.0),
    SHRUBS: (-9.0, -14.0),
    TREES: (-7.5, -12.0),
}
RADAR_FROM_WEST = Sun(azimuth=282, elevation=52)  # towards the radar: incidence angle 38 degrees
LOOKS = 5


@dataclass(frozen=True)
class Image:
    """One raster as arrays: `bands` (C, rows, cols), their names, wavelengths and widths (nm)."""

    bands: NDArray[Any]
    names: tuple[str, ...]
    wavelengths: tuple[float, ...] = ()
    widths: tuple[float, ...] = ()
    nodata: float = 0.0


def hyperspectral(canvas: Canvas, seed: int) -> Image:
    """Return int16 reflectance x 10000 in 100 bands; nodata in the north-east, beyond the flight strip."""
    rng = np.random.default_rng([seed, 2])
    cube = _reflectance(canvas, HSI_SUN, HSI_RASTER, HSI_WAVELENGTHS, HSI_WIDTHS)
    # Signal to noise falls towards both ends of the range and is gone where water vapour takes the light.
    sigma = 0.0035 + 0.004 * np.exp(-(HSI_WAVELENGTHS - 400) / 60) + 0.004 * (HSI_WAVELENGTHS / 2500) ** 6
    vapour = np.exp(-0.5 * ((HSI_WAVELENGTHS - 1395) / 28) ** 2) + np.exp(
        -0.5 * ((HSI_WAVELENGTHS - 1875) / 40) ** 2
    )
    sigma = sigma + 0.12 * vapour
    stripes = rng.normal(0, 0.0012, (len(sigma), 1, cube.shape[2]))
    cube = cube + stripes + rng.normal(size=cube.shape) * sigma[:, None, None]
    values = np.clip(np.rint(cube * REFLECTANCE_SCALE), -2000, 15000).astype(np.int16)
    values[:, beyond_strip(HSI_RASTER)] = HSI_NODATA
    names = tuple(f"{w:.1f} nm" for w in HSI_WAVELENGTHS)
    return Image(values, names, tuple(HSI_WAVELENGTHS.tolist()), tuple(HSI_WIDTHS.tolist()), HSI_NODATA)


def beyond_strip(raster: Raster) -> NDArray[np.bool_]:
    """Return which pixels (rows, cols) lie beyond the edge of the hyperspectral flight strip."""
    x = raster.x + (np.arange(raster.cols) + 0.5) * raster.pixel - (SIDE - MARGIN)
    y = raster.y + (np.arange(raster.rows) + 0.5) * raster.pixel - MARGIN
    return (x[None, :] + 70) * 0.9 > y[:, None] * 1.25


def optical(canvas: Canvas, seed: int) -> Image:
    """Return uint16 reflectance x 10000 in blue, green, red and near infrared at 1 m, under another sun."""
    rng = np.random.default_rng([seed, 3])
    cube = _reflectance(canvas, OPTICAL_SUN, OPTICAL_RASTER, OPTICAL_WAVELENGTHS, OPTICAL_WIDTHS)
    haze = np.array([0.018, 0.010, 0.005, 0.002])[:, None, None]
    cube = cube + haze + rng.normal(size=cube.shape) * 0.008
    values = np.clip(np.rint(cube * REFLECTANCE_SCALE), 1, 20000).astype(np.uint16)
    widths, wavelengths = tuple(OPTICAL_WIDTHS.tolist()), tuple(OPTICAL_WAVELENGTHS.tolist())
    return Image(values, OPTICAL_BANDS, wavelengths, widths, 0)


def _reflectance(
    canvas: Canvas, sun: Sun, raster: Raster, centres: Curve, widths: Curve
) -> NDArray[np.float32]:
    """Mix the spectra of all materials in every pixel, in sun and in shadow: (bands, rows, cols)."""
    direct, diffuse = illumination(canvas, sun)
    response = band_weights(centres, widths)
    spectra, sky = endmembers(), skylight()
    cube = np.zeros((len(centres), raster.rows * raster.cols), np.float32)
    for material in range(len(MATERIALS)):
        here = np.where(canvas.material == material, canvas.gain, 0).astype(np.float32)
        for light, strength in ((direct, 1 - sky), (diffuse, sky)):
            for end, share in enumerate((1 - canvas.mix, canvas.mix)):
                amount = raster.average(here * share * light).reshape(-1)
                in_bands = (response @ (spectra[material, end] * strength)).astype(np.float32)
                cube += in_bands[:, None] * amount[None, :]
    return cube.reshape(len(centres), raster.rows, raster.cols)


def lidar(canvas: Canvas, seed: int) -> Image:
    """Return the height of the surface above the ground in metres, float32, from first returns at 1 m."""
    rng = np.random.default_rng([seed, 4])
    height = LIDAR_RASTER.average(canvas.height)
    leaves = LIDAR_RASTER.average(np.isin(canvas.cover, (SHRUBS, TREES)).astype(np.float32))
    # Some pulses pass through the crowns and return from deeper down.
    depth = leaves * height * np.clip(rng.exponential(0.06, height.shape), 0, 0.6)
    height = height - depth + rng.normal(0, 0.07, height.shape)
    return Image(height[None].astype(np.float32), ("height above ground (m)",), nodata=-9999.0)


def backscatter(canvas: Canvas, seed: int) -> NDArray[np.float64]:
    """Return the radar's mean power (2, rows, cols) of VV and VH on the board's pixels, without speckle."""
    rng = np.random.default_rng([seed, 5])
    lookup = np.full((max(BACKSCATTER) + 1, 2), -12.0)
    for cover, levels in BACKSCATTER.items():
        lookup[cover] = levels
    level = np.moveaxis(lookup[canvas.cover], -1, 0)
    level = level + 0.9 * noise(rng, 30, 2)[None] + np.where(canvas.material == M_METAL, 3.0, 0.0)[None]
    level = level + np.where(canvas.cover == CROPS, 7 * (canvas.height - 0.3), 0.0)[None]  # biomass
    facing, _ = illumination(canvas, RADAR_FROM_WEST)
    facing = np.where(np.isin(canvas.cover, (SHRUBS, TREES)), np.sqrt(facing), facing)  # crowns are volumes
    level = level + 10 * np.log10(np.clip(facing, 0.12, 2.0))[None]  # slopes, and radar shadow
    power = 10 ** (level / 10)
    corner = _corners(canvas)
    return np.stack([power[0] + 1.6 * corner, power[1] + 0.2 * corner])


def _corners(canvas: Canvas) -> Array:
    """Return where the ground meets a wall that faces the radar (double bounce), 0 to 1."""
    walls = np.isin(canvas.cover, (TILED_ROOF, FLAT_ROOF)) & (canvas.height > 2)
    reach = round(1.5 / PIXEL)
    near = np.zeros_like(walls)
    for step in range(1, reach + 1):
        near[:, :-step] |= walls[:, step:]
    return (near & ~walls).astype(np.float32)


def speckled(power: NDArray[np.float64], seed: int) -> Image:
    """Return backscatter in dB (VV, VH) of mean power (2, rows, cols) with the speckle of `LOOKS` looks."""
    rng = np.random.default_rng([seed, 6])
    speckle = rng.gamma(LOOKS, 1 / LOOKS, power.shape)
    floor = 10 ** (-32 / 10)
    return Image((10 * np.log10(power * speckle + floor)).astype(np.float32), ("VV", "VH"), nodata=-9999.0)
