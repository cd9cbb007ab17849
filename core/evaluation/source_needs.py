"""What a scene must bring for a model: sources, pixel sizes, bands with wavelengths, and their values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..data.recipes import COARSEST
from .html import Content, Markup, details, paragraph, scrollable, section, table

Ranges = Mapping[str, Sequence[tuple[float, float]]]
_SHOWN = 6  # bands listed by name at each end of a long list
_INTRODUCTION = (
    "Coordinate system, origin and extent come from the scene, pixel size and patch from the model. Bands "
    "are found by wavelength where scene and model have them, else by position."
)


def source_facts(metadata: Mapping[str, Any], ranges: Ranges) -> list[tuple[str, str]]:
    """Return a line for each modality."""
    return [
        (key, "; ".join([source_text(recipe), *_limits(recipe, ranges.get(key, ()))]))
        for key, recipe in metadata["modalities"].items()
    ]


def source_text(recipe: Mapping[str, Any]) -> str:
    """Say in words what the recipe of one modality asks for; keys it does not know are left out."""
    bands = recipe.get("bands") or []
    count = recipe.get("n_bands", len(bands))
    parts = [f"{count} band{'' if count == 1 else 's'}"]
    if recipe.get("quantity"):
        parts.append(str(recipe["quantity"]).replace("_", " "))
    if isinstance(recipe.get("pixel_metres"), (int, float)):
        parts.append(f"pixels of {recipe['pixel_metres']:.3g} m")
    wavelengths = [
        b["wavelength"] for b in bands if isinstance(b, Mapping) and b.get("wavelength") is not None
    ]
    if wavelengths:
        parts.append(f"{min(wavelengths):.0f} to {max(wavelengths):.0f} nm")
    names = [str(b["name"]) for b in bands if isinstance(b, Mapping) and b.get("name")]
    if names and not wavelengths:
        parts.append(shortened(names))
    return ", ".join(parts)


def _limits(recipe: Mapping[str, Any], ranges: Sequence[tuple[float, float]]) -> list[str]:
    parts = []
    if isinstance(recipe.get("pixel_metres"), (int, float)):
        parts.append(f"accepted up to {COARSEST * recipe['pixel_metres']:.3g} m")
    if ranges:
        lows, highs = zip(*ranges)
        parts.append(f"values {min(lows):.3g} to {max(highs):.3g}")
    if recipe.get("files"):
        parts.append(f"trained on {shortened([str(name) for name in recipe['files']])}")
    return parts


def shortened(names: Sequence[str]) -> str:
    """Return names in a row; of many the first and the last ones."""
    if len(names) > 2 * _SHOWN:
        return f"{', '.join(names[:_SHOWN])} ... {', '.join(names[-2:])}"
    return ", ".join(names)


def needs_section(metadata: Mapping[str, Any], ranges: Ranges) -> Markup:
    """Return the section with a table of the bands of each modality."""
    lines = dict(source_facts(metadata, ranges))
    parts: list[Content] = [paragraph(_INTRODUCTION)]
    for key, recipe in metadata["modalities"].items():
        bands = [band for band in recipe.get("bands") or [] if isinstance(band, Mapping)]
        parts.append(paragraph(f"{key}: {lines[key]}"))
        if bands:
            shown = scrollable(_band_table(bands, ranges.get(key, ())), f"Bands of {key}")
            parts.append(details(f"Bands of {key} ({len(bands)})", shown, is_open=len(bands) <= 2 * _SHOWN))
    return section("What a scene must bring", *parts)


def _band_table(bands: Sequence[Mapping[str, Any]], ranges: Sequence[tuple[float, float]]) -> Markup:
    head = ["Band", "Name", "Wavelength (nm)", "Width (nm)", "Lowest value", "Highest value"]
    values = [*ranges, *[None] * (len(bands) - len(ranges))]
    rows = [
        [
            str(number),
            str(band.get("name") or ""),
            _number(band.get("wavelength"), ".5g"),
            _number(band.get("width"), ".3g"),
            _number(limits[0] if limits else None, ".3g"),
            _number(limits[1] if limits else None, ".3g"),
        ]
        for number, (band, limits) in enumerate(zip(bands, values), 1)
    ]
    return table(head, rows, numeric=[0, 2, 3, 4, 5])


def _number(value: Any, form: str) -> str:
    return format(value, form) if isinstance(value, (int, float)) else ""
