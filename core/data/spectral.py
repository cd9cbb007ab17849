"""Wavelengths, widths and bad bands as ENVI, GDAL, Sentinel-2 and PRISMA write them into metadata."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_NANOMETRES = {"nanometers": 1.0, "nanometres": 1.0, "nanometer": 1.0, "nanometre": 1.0, "nm": 1.0}
_MICROMETRES = dict.fromkeys(
    ("micrometers", "micrometres", "micrometer", "micrometre", "microns", "micron", "um", "µm", "μm"), 1e3
)
_NM_PER_UNIT = {**_NANOMETRES, **_MICROMETRES}
_NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
_IN_NAME = re.compile(rf"({_NUMBER})\s*({'|'.join(sorted(_NM_PER_UNIT, key=len, reverse=True))})\b", re.I)
_CENTRES = ("wavelength", "wavelengths", "central_wavelength", "center_wavelength", "centre_wavelength")
_WIDTHS = ("fwhm", "bandwidth", "band_width")
_LONGEST_IN_MICROMETRES = 100.0  # a wavelength below that, without a unit, is in micrometres
PRISMA_CUBES = ("Vnir", "Swir")


@dataclass(frozen=True)
class Spectrum:
    """Centre and width of a band in nm, None where unknown; `bad`: the metadata flag the band as bad.

    `scale`, `offset`: what the list that tells the wavelengths says of the values, None for nothing.
    """

    wavelength: float | None = None
    width: float | None = None
    bad: bool = False
    scale: float | None = None
    offset: float | None = None


@dataclass(frozen=True)
class BandMetadata:
    """What a file says about a band: its items, those of GDAL's IMAGERY domain, its name."""

    items: Mapping[str, str]
    imagery: Mapping[str, str]
    name: str


def read_spectra(dataset: Mapping[str, str], bands: Sequence[BandMetadata], path: str) -> list[Spectrum]:
    """Return what is known of each band; an item of the band wins over a list of the whole file.

    `dataset`: the file's items, those of its ENVI domain included. `path` tells PRISMA's cubes apart.
    """
    items = _lowered(dataset)
    listed = _envi_lists(items, len(bands)) or _prisma_lists(dataset, len(bands), path)
    flags = bad_flags(items, len(bands))
    return [_merged(_of_band(band, items), known, flag) for band, known, flag in zip(bands, listed, flags)]


def _merged(own: Spectrum, listed: Spectrum, flag: bool) -> Spectrum:
    wavelength = listed.wavelength if own.wavelength is None else own.wavelength
    bad = own.bad or listed.bad or flag
    return Spectrum(wavelength, own.width or listed.width, bad, listed.scale, listed.offset)


def _of_band(band: BandMetadata, dataset: Mapping[str, str]) -> Spectrum:
    items, imagery = _lowered(band.items), {key.upper(): value for key, value in band.imagery.items()}
    bad = _is_flagged_bad(items)
    if "CENTRAL_WAVELENGTH_UM" in imagery:
        return Spectrum(
            _number(imagery["CENTRAL_WAVELENGTH_UM"], 1e3), _number(imagery.get("FWHM_UM"), 1e3), bad
        )
    found = _first(items, _CENTRES)
    centre = _number(found)
    if centre is None or centre <= 0:
        match = _IN_NAME.search(band.name)
        return Spectrum(float(match[1]) * _NM_PER_UNIT[match[2].lower()] if match else None, None, bad)
    factor = _factor(_unit(items) or _unit(dataset) or _unit_within(found), [centre])
    width_factor = _NM_PER_UNIT.get(items.get("bandwidth_unit", "").strip().lower(), factor)
    width = _number(_first(items, _WIDTHS), width_factor)
    return Spectrum(centre * factor, width if width and width > 0 else None, bad)


def _envi_lists(items: Mapping[str, str], n_bands: int) -> list[Spectrum]:
    """Return the lists `wavelength` and `fwhm` of an ENVI header; nothing where their length is not right."""
    centres, widths = _numbers(_first(items, _CENTRES)), _numbers(items.get("fwhm"))
    if len(centres) != n_bands:
        return []
    factor = _factor(_unit(items), centres)
    if len(widths) != n_bands:
        widths = [0.0] * n_bands
    return [
        Spectrum(c * factor if c > 0 else None, w * factor if w > 0 else None)
        for c, w in zip(centres, widths)
    ]


def _prisma_lists(dataset: Mapping[str, str], n_bands: int, path: str) -> list[Spectrum]:
    """Return PRISMA's lists of a cube, or of both; a wavelength of 0 marks a band that is not used."""
    for cubes in prisma_cubes(path):
        centres = [c for cube in cubes for c in _numbers(_ending(dataset, f"List_Cw_{cube}"))]
        widths = [w for cube in cubes for w in _numbers(_ending(dataset, f"List_Fwhm_{cube}"))]
        if len(centres) == n_bands:
            widths = widths if len(widths) == n_bands else [0.0] * n_bands
            scale, offset = _prisma_scale(dataset, path)
            return [Spectrum(c or None, w or None, c == 0, scale, offset) for c, w in zip(centres, widths)]
    return [Spectrum()] * n_bands


def prisma_cubes(path: str) -> list[tuple[str, ...]]:
    """Return which of PRISMA's cubes a dataset may hold, by its name."""
    named = [cube for cube in PRISMA_CUBES if f"{cube}_cube".lower() in path.lower()]
    return [tuple(named)] if named else [PRISMA_CUBES, *((cube,) for cube in PRISMA_CUBES)]


def prisma_bands(dataset: Mapping[str, str], path: str) -> int:
    """Return the number of bands that PRISMA's lists give for the cube at `path`, 0 where there are none."""
    named = prisma_cubes(path)
    return len(_numbers(_ending(dataset, f"List_Cw_{named[0][0]}"))) if len(named) == 1 else 0


def _prisma_scale(dataset: Mapping[str, str], path: str) -> tuple[float | None, float | None]:
    """Return scale and offset of a cube of reflectance (level 2), None for anything else."""
    named = prisma_cubes(path)
    cube = named[0][0] if len(named) == 1 else ""
    low, high = (_number(_ending(dataset, f"L2Scale{cube}{end}")) for end in ("Min", "Max"))
    return ((high - low) / 65535, low) if cube and low is not None and high is not None else (None, None)


def bad_flags(metadata: Mapping[str, str], n_bands: int) -> tuple[bool, ...]:
    """Return which bands a bad band list of ENVI flags (`bbl`, 0 = bad)."""
    text = next((value for key, value in metadata.items() if key.lower() == "bbl"), "")
    flags = [number == 0 for number in _numbers(text)]
    return tuple(flags) if len(flags) == n_bands else (False,) * n_bands


def _is_flagged_bad(items: Mapping[str, str]) -> bool:
    """Return whether a band's metadata flag it as bad (`bbl` 0, `bad_band_multiplier` 0, `bad` 1)."""
    values = {key: value.strip().lower() for key, value in items.items()}
    zero = any(values.get(key) in ("0", "0.0", "false") for key in ("bbl", "bad_band_multiplier"))
    return zero or any(values.get(key) in ("1", "true", "yes") for key in ("bad", "bad_band", "is_bad"))


def _lowered(items: Mapping[str, str]) -> dict[str, str]:
    """Return items by their names in lower case, netCDF's `variable#name` also by the name alone."""
    plain = {key.lower().rsplit("#", 1)[-1]: value for key, value in items.items() if "#" in key}
    return {**plain, **{key.lower().replace(" ", "_"): value for key, value in items.items()}}


def _first(items: Mapping[str, str], names: Sequence[str]) -> str:
    return next((items[name] for name in names if name in items), "")


def _ending(items: Mapping[str, str], name: str) -> str:
    """Return the item of this name, which HDF5 may put behind the names of groups."""
    return next((value for key, value in items.items() if key.lower().endswith(name.lower())), "")


def _unit(items: Mapping[str, str]) -> str:
    return _first(items, ("wavelength_units", "wavelength_unit", "wavelengths_units")).strip().lower()


def _unit_within(text: str) -> str:
    match = _IN_NAME.search(text)
    return match[2].lower() if match else ""


def _factor(unit: str, centres: Sequence[float]) -> float:
    """Return nanometres per unit; without a known unit the numbers tell."""
    return _NM_PER_UNIT.get(unit, 1e3 if max(centres) < _LONGEST_IN_MICROMETRES else 1.0)


def _numbers(text: str | None) -> list[float]:
    return [float(part) for part in re.findall(_NUMBER, text or "")]


def _number(text: str | None, factor: float = 1.0) -> float | None:
    match = re.search(_NUMBER, text or "")
    return float(match[0]) * factor if match else None
