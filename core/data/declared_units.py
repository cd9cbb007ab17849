"""Scale and offset of reflectance that metadata declare in their own words: ENVI and Sentinel-2."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from .raster_info import BandInfo

_NUMBER = re.compile(r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?")
_QUANTIFICATION = ("BOA_QUANTIFICATION_VALUE", "L2A_BOA_QUANTIFICATION_VALUE", "QUANTIFICATION_VALUE")
_ADD_OFFSET = re.compile(r"(?:BOA|RADIO)_ADD_OFFSET")


def declared_units(metadata: Mapping[str, str], envi: Mapping[str, str]) -> tuple[float, float] | None:
    """Return scale and offset of reflectance from metadata of ENVI or Sentinel-2, or None."""
    for key, value in {**metadata, **envi}.items():
        if key.lower().replace(" ", "_") == "reflectance_scale_factor":
            factor = _first_number(value)
            return (1 / factor, 0.0) if factor and factor != 1 else None
    factor = next((_first_number(metadata[key]) for key in _QUANTIFICATION if key in metadata), None)
    if not factor or factor == 1:
        return None
    offsets = {
        float(number)
        for key, value in metadata.items()
        if _ADD_OFFSET.match(key)
        for number in _NUMBER.findall(value)[-1:]
    }
    return 1 / factor, (offsets.pop() / factor if len(offsets) == 1 else 0.0)


def with_declared_units(bands: Sequence[BandInfo], units: tuple[float, float] | None) -> tuple[BandInfo, ...]:
    """Return the bands with the declared units of reflectance where GDAL itself declares none.

    Where some bands have a wavelength only those measure reflectance.
    """
    if units is None:
        return tuple(bands)
    spectral = any(band.wavelength is not None for band in bands)
    return tuple(
        replace(band, scale=units[0], offset=units[1] or None)
        if band.scale is None and band.offset is None and (band.wavelength is not None or not spectral)
        else band
        for band in bands
    )


def _first_number(text: str) -> float | None:
    match = _NUMBER.search(text)
    return float(match[0]) if match else None
