"""Choices of bands by wavelength: visible, near infrared and so on. Free of widgets."""

from __future__ import annotations

from collections.abc import Sequence

from ...core.data.band_choice import bands_text
from .scene_facts import BandFacts

# Limits in nm; the parts of the spectrum that optical sensors divide it into.
RANGES = {
    "vnir": (400.0, 1000.0),
    "visible": (400.0, 700.0),
    "swir": (1000.0, 2500.0),
}
_COLORS = {"blue": 480.0, "green": 560.0, "red": 655.0, "nir": 850.0}  # nm
_NEAR = 60.0  # nm; further away it is another colour


def presets(bands: Sequence[BandFacts]) -> dict[str, str]:
    """Return the presets that the wavelengths allow, as `1-3,7` by name; never all bands."""
    known = [band for band in bands if band.wavelength is not None]
    found = {
        name: _text([b.number for b in known if low <= b.wavelength <= high])
        for name, (low, high) in RANGES.items()
    }
    nearest = {name: _nearest(known, nm) for name, nm in _COLORS.items()}
    for name, colors in (("rgb", ("red", "green", "blue")), ("rgbn", ("red", "green", "blue", "nir"))):
        numbers = [nearest[color] for color in colors]
        found[name] = _text(numbers) if all(numbers) and len(set(numbers)) == len(numbers) else ""
    everything = _text([band.number for band in bands])
    return {name: text for name, text in found.items() if text not in ("", everything)}


def _nearest(bands: Sequence[BandFacts], wavelength: float) -> int:
    """Return the number of the band nearest to a wavelength, 0 where none is near."""
    best = min(bands, key=lambda band: abs(band.wavelength - wavelength), default=None)
    return best.number if best is not None and abs(best.wavelength - wavelength) <= _NEAR else 0


def _text(numbers: Sequence[int]) -> str:
    return bands_text(sorted(numbers)).replace(" ", "")
