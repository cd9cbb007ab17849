"""What the numbers of a raster measure. It decides how they are resampled and put on a scale."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np

from .raster_info import RasterInfo
from .sar_scale import guess_sar

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAR = ("sar_linear", "sar_db")

_ABOVE_GROUND = re.compile(r"chm|ndsm|canopy|above.?ground|\bagl\b|\bhag\b|vegetation.?height")
_TERRAIN = re.compile(r"(?<![a-z])(dtm|dgm|terrain|bare ?(earth|ground)|ground)(?![a-z])")
_OTHER = re.compile(r"intensity|return|density|roughness|slope|reflect")
_HEIGHT = re.compile(r"height|elev|altitude|\bz\b|(?<![a-z])(dem|dsm|dom)(?![a-z])")
_INDEX = re.compile(r"(?<![a-z])(ndvi|ndwi|ndbi|ndmi|nbr|evi|savi|lai|index)(?![a-z])")
_POLARISATION = re.compile(r"(?<![a-z])(vv|vh|hh|hv|sigma0|gamma0|beta0|backscatter)(?![a-z])")


def guess_quantity(key: str, info: RasterInfo, sample: NDArray[np.float32] | None = None) -> str:
    """Return one of `QUANTITIES` from modality, file name, band names and values.

    Args:
        key: The modality the raster was given for.
        info: The raster.
        sample: Some of its values (n, C) with NaN where invalid; None knows only the names.
    """
    text = " ".join([PurePath(info.path).stem, *(band.name for band in info.bands[:20])]).lower()
    if key == "sar" or (key == "other" and _POLARISATION.search(text.replace("_", " "))):
        return guess_sar(info, sample).quantity
    if key in ("hsi", "optical"):
        return "index" if _INDEX.search(text.replace("_", " ")) else "reflectance"
    return _surface_quantity(key, text.replace("_", " "))


def _surface_quantity(key: str, text: str) -> str:
    if _INDEX.search(text):
        return "index"
    if _ABOVE_GROUND.search(text):
        return "height_above_ground"
    named = _OTHER.search(text)
    if _TERRAIN.search(text) and not named:
        return "terrain_height"
    if _HEIGHT.search(text):
        return "height"
    return "height" if key == "lidar" and not named else "other"


def to_decibels(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return 10 log10 of linear power; what is not above 0 becomes NaN."""
    with np.errstate(divide="ignore", invalid="ignore"):
        decibels = (10 * np.log10(power)).astype(np.float32)
    decibels[~np.isfinite(decibels)] = np.nan
    return decibels
