"""What a raster file says about itself and its bands: names, wavelengths, bad bands, scale, colours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .grid import Grid

_NANOMETRES = {"nanometers": 1.0, "nanometres": 1.0, "nanometer": 1.0, "nm": 1.0}
_MICROMETRES = {
    "micrometers": 1e3,
    "micrometres": 1e3,
    "micrometer": 1e3,
    "microns": 1e3,
    "um": 1e3,
    "µm": 1e3,
}
_NM_PER_UNIT = {**_NANOMETRES, **_MICROMETRES}
_NUMBER = r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"
_IN_NAME = re.compile(rf"({_NUMBER})\s*({'|'.join(sorted(_NM_PER_UNIT, key=len, reverse=True))})\b", re.I)


@dataclass(frozen=True)
class BandInfo:
    """One band of a file. `number` counts from 1; `wavelength` and `width` in nanometres.

    `scale` and `offset` are what the metadata declares (value = raw * scale + offset), None where it declares
    none. `nodata`: values that stand for no data, as stored. `bad`: the metadata flag the band as bad.
    `alpha`: it holds opacity, no measurement.
    """

    number: int
    name: str
    wavelength: float | None = None
    width: float | None = None
    nodata: tuple[float, ...] = ()
    dtype: str = "Float32"
    scale: float | None = None
    offset: float | None = None
    bad: bool = False
    alpha: bool = False


@dataclass(frozen=True)
class RasterInfo:
    """One raster file.

    `grid` as the file says, possibly not north-up; without a geotransform one pixel is one unit.
    `category_names` and `color_table` (#rrggbb) belong to the first band and are indexed by value; `block` is
    the height and width of the blocks the file is stored in. `has_gcps`: the file is placed by ground control
    points.
    """

    path: str
    driver: str
    grid: Grid
    bands: tuple[BandInfo, ...]
    has_georeference: bool
    category_names: tuple[str, ...] = ()
    color_table: tuple[str, ...] = ()
    block: tuple[int, int] = (256, 256)
    has_mask: bool = False
    has_gcps: bool = False

    def band(self, number: int) -> BandInfo:
        """Return a band by its number, counted from 1."""
        return self.bands[number - 1]


def wavelength_of(
    metadata: Mapping[str, str], imagery: Mapping[str, str], name: str
) -> tuple[float | None, float | None]:
    """Return centre wavelength and width in nanometres, from metadata or from the band's name."""
    if "CENTRAL_WAVELENGTH_UM" in imagery:
        return _number(imagery["CENTRAL_WAVELENGTH_UM"], 1e3), _number(imagery.get("FWHM_UM"), 1e3)
    values = {key.lower(): value for key, value in metadata.items()}
    found = _number(values.get("wavelength") or values.get("wavelengths"))
    if found is None:
        match = _IN_NAME.search(name)
        return (float(match[1]) * _NM_PER_UNIT[match[2].lower()], None) if match else (None, None)
    unit = (values.get("wavelength_units") or values.get("wavelength_unit") or "").strip().lower()
    factor = _NM_PER_UNIT.get(unit, 1e3 if found < 100 else 1.0)
    return found * factor, _number(values.get("fwhm"), factor)


def bad_flags(metadata: Mapping[str, str], n_bands: int) -> tuple[bool, ...]:
    """Return which bands a bad band list of ENVI flags (`bbl`, 0 = bad)."""
    text = next((value for key, value in metadata.items() if key.lower() == "bbl"), "")
    flags = [float(part) == 0 for part in re.findall(_NUMBER, text)]
    return tuple(flags) if len(flags) == n_bands else (False,) * n_bands


def is_flagged_bad(metadata: Mapping[str, str]) -> bool:
    """Return whether a band's metadata flag it as bad (`bbl` 0, `bad_band_multiplier` 0, `bad` 1)."""
    values = {key.lower(): value.strip().lower() for key, value in metadata.items()}
    zero = any(values.get(key) in ("0", "0.0", "false") for key in ("bbl", "bad_band_multiplier"))
    return zero or any(values.get(key) in ("1", "true", "yes") for key in ("bad", "bad_band", "is_bad"))


def _number(text: str | None, factor: float = 1.0) -> float | None:
    match = re.search(_NUMBER, text or "")
    return float(match[0]) * factor if match else None


@dataclass(frozen=True)
class RasterLayout:
    """How a GeoTIFF is to be written.

    `dtype`: Byte, UInt16, Int16 or Float32; `band_names` also give the number of bands; `category_names` and
    `color_table` (#rrggbb, "" = none) are indexed by value and belong to the first band; `overviews`:
    nearest, mode or average. `wavelengths` and `widths` in nm, one per band or none; `scale`: stored value
    times this is the measurement.
    """

    dtype: str
    band_names: tuple[str, ...]
    nodata: float
    category_names: tuple[str, ...] = ()
    color_table: tuple[str, ...] = ()
    overviews: str = "average"
    wavelengths: tuple[float, ...] = ()
    widths: tuple[float, ...] = ()
    scale: float | None = None
