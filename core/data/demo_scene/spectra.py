"""Reflectance of the demo scene's materials, 350 to 2550 nm, from analytic curves of their known features.

The curves are made up, but every feature is where it is in nature: chlorophyll at 430 to 500 and 620 to
680 nm, the red edge at 715 nm, liquid water in leaves and soil at 970, 1190, 1450 and 1940 nm, cellulose and
lignin at 1730, 2100 and 2310 nm, ferric iron at 480 and 870 nm, clay at 2205 nm, carbonate at 2340 nm,
hydrocarbons at 1720 and 2310 nm.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from .legend import MATERIALS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Curve = NDArray[np.float64]

WAVELENGTHS: Curve = np.arange(350.0, 2555.0, 5.0)  # nm


def _dip(centre: float, width: float) -> Curve:
    """A Gaussian of height 1; `width` is its standard deviation in nm."""
    return np.exp(-0.5 * ((WAVELENGTHS - centre) / width) ** 2)


def _rise(centre: float, width: float) -> Curve:
    """A step from 0 to 1 around `centre`."""
    return 1 / (1 + np.exp(-(WAVELENGTHS - centre) / width))


def _ramp() -> Curve:
    """A line from 0 at 350 nm to 1 at 2550 nm."""
    return (WAVELENGTHS - 350) / 2200


CHLOROPHYLL = (
    1.6 * (1 - _rise(395, 15))
    + 2.1 * _dip(435, 40)
    + 1.3 * _dip(490, 34)
    + 0.9 * _dip(620, 42)
    + 1.9 * _dip(678, 20)
    + 0.85 * (1 - _rise(713, 9))
)
LEAF_WATER = (
    0.12 * _dip(970, 25)
    + 0.32 * _dip(1190, 45)
    + 1.5 * _dip(1450, 60)
    + 2.2 * _dip(1940, 80)
    + 0.45 * _rise(1370, 25)
    + 0.55 * _rise(1880, 25)
    + 1.0 * _dip(2620, 150)
)
DRY_MATTER = 0.25 * _dip(1730, 40) + 0.5 * _dip(2100, 60) + 0.5 * _dip(2310, 50) + 0.35 * _dip(400, 160)
IRON = 0.7 * _dip(480, 70) + 0.9 * (1 - _rise(575, 22)) + 0.28 * _dip(870, 80)
CLAY = _dip(2205, 20) + 0.3 * _dip(1412, 22)
SOIL_WATER = 0.5 * _dip(1440, 45) + 0.7 * _dip(1930, 50) + 0.2 * _rise(1380, 40)


def leaves(plateau: float, chlorophyll: float, water: float, dry: float) -> Curve:
    """A canopy: its infrared plateau, weakened by pigments, water and dry matter (relative amounts)."""
    return plateau * np.exp(-chlorophyll * CHLOROPHYLL - water * LEAF_WATER - dry * DRY_MATTER) + 0.012


def _mineral(low: float, high: float, iron: float, clay: float, water: float) -> Curve:
    """Soil, tile or gravel: brighter with wavelength, less where iron, clay and water (relative) absorb."""
    body = low + (high - low) * (1 - np.exp(-(WAVELENGTHS - 350) / 600))
    return body * np.exp(-iron * IRON - clay * CLAY - water * SOIL_WATER)


def _flat(low: float, high: float, carbonate: float = 0.0, oil: float = 0.0) -> Curve:
    """Concrete or asphalt: nearly flat, rising from `low` to `high`."""
    body = low + (high - low) * _ramp() * (1 + 0.4 * (1 - _ramp()))
    return body * np.exp(
        -carbonate * _dip(2340, 30) - oil * (0.5 * _dip(1720, 20) + _dip(2310, 25)) - 0.25 * _dip(350, 120)
    )


def _water(green: float, clear: float) -> Curve:
    """A water body: a hump in the green, black beyond 900 nm; `clear` is where it falls off in nm."""
    return 0.008 + green * _dip(560, 75) + 0.5 * green * (1 - _rise(clear, 22))


# Two spectra of each material; a pixel is a blend of them ("mix" 0 to 1), so that no class is one spectrum.
# Crops differ from other leaves in water and dry matter only: up to the near infrared they are alike.
_MAKERS: dict[str, tuple[Callable[[], Curve], Callable[[], Curve]]] = {
    "water": (lambda: _water(0.025, 690), lambda: _water(0.065, 735)),
    "asphalt": (lambda: _flat(0.055, 0.09, oil=0.12), lambda: _flat(0.125, 0.20, oil=0.04)),
    "concrete": (lambda: _flat(0.17, 0.25, carbonate=0.10), lambda: _flat(0.29, 0.38, carbonate=0.14)),
    "gravel": (lambda: _mineral(0.12, 0.26, 0.12, 0.05, 0.1), lambda: _mineral(0.20, 0.34, 0.22, 0.08, 0.1)),
    "metal": (lambda: _flat(0.38, 0.30) * (1 - 0.18 * _dip(1020, 160)), lambda: _flat(0.55, 0.52, oil=0.2)),
    "clay tile": (
        lambda: _mineral(0.15, 0.38, 0.72, 0.02, 0.10),
        lambda: _mineral(0.09, 0.21, 0.40, 0.03, 0.15),
    ),
    "soil": (lambda: _mineral(0.14, 0.38, 0.58, 0.07, 0.25), lambda: _mineral(0.07, 0.23, 0.42, 0.04, 0.60)),
    "leaves": (lambda: leaves(0.50, 1.15, 1.0, 0.10), lambda: leaves(0.38, 0.62, 0.72, 0.42)),
    "crop canopy": (lambda: leaves(0.50, 1.15, 1.38, 0.02), lambda: leaves(0.38, 0.62, 1.12, 0.24)),
}


def endmembers() -> Curve:
    """Return the reflectance (materials, 2, wavelengths) of all materials, in the order of `MATERIALS`."""
    return np.stack([np.stack([make() for make in _MAKERS[name]]) for name in MATERIALS])


def skylight() -> Curve:
    """Return the share of diffuse light at each wavelength: what is left in a shadow, and how blue it is."""
    return 0.03 + 0.20 * (WAVELENGTHS / 450) ** -2.2


def band_weights(centres: Curve, widths: Curve) -> Curve:
    """Return Gaussian responses (bands, wavelengths) with sum 1; `widths` at half maximum in nm."""
    sigma = np.asarray(widths)[:, None] / 2.3548
    response = np.exp(-0.5 * ((WAVELENGTHS[None, :] - np.asarray(centres)[:, None]) / sigma) ** 2)
    return response / response.sum(axis=1, keepdims=True)
