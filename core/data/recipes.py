"""Reading a scene the way a model was trained: the recipe stored in the model file, repeated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import BandError, ModalityError
from ..job import RasterInput
from .band_choice import parse_bands, sample_bands
from .layers import group_layers
from .modalities import Modality, ModalityRaster, make_modality
from .opened import OpenedRaster, open_inputs
from .quantities import SAR, guess_quantity

_WAVELENGTH_TOLERANCE = 10.0  # nm


def repeat_recipes(
    inputs: Mapping[str, Sequence[RasterInput]], recipes: Mapping[str, Mapping[str, Any]]
) -> dict[str, Modality]:
    """Return the modalities a model needs, with the bands it was trained on, in its order.

    `recipes`: per modality what `Modality.to_json` gave. Bands are taken by their number in the file; nothing
    is dropped. Raises `ModalityError` for a modality that is missing and `BandError` for other bands.
    """
    missing = [key for key in recipes if not inputs.get(key)]
    if missing:
        raise ModalityError(
            f"The model needs {', '.join(recipes)}; missing: {', '.join(missing)}.",
            where=missing[0],
            remedy="Add the missing source, or train a model without it.",
        )
    opened = open_inputs({key: inputs[key] for key in recipes})
    return {key: _repeat(key, opened[key], recipe) for key, recipe in recipes.items()}


def unused_inputs(inputs: Mapping[str, Sequence[RasterInput]], recipes: Mapping[str, Any]) -> list[str]:
    """Return a note for every modality that is given but not used by the model."""
    return [f"{key}: given, but the model does not use it." for key in inputs if key not in recipes]


def _repeat(key: str, opened: Sequence[OpenedRaster], recipe: Mapping[str, Any]) -> Modality:
    layers, notes = group_layers(key, opened)
    trained = recipe["layers"]
    if len(layers) != len(trained):
        raise BandError(
            f"{len(layers)} separate rasters are given, the model was trained on {len(trained)}.",
            where=key,
            remedy="Give the same rasters in the same order (parts of a mosaic count once).",
        )
    rasters = [
        _raster(key, opened[i], layer, recipe) for layer, members in enumerate(layers) for i in members
    ]
    return make_modality(key, rasters, notes)


def _raster(key: str, raster: OpenedRaster, layer: int, recipe: Mapping[str, Any]) -> ModalityRaster:
    bands = [band for band in recipe["bands"] if band["layer"] == layer]
    asked, info = raster.asked, raster.info
    if asked.bands:
        numbers = parse_bands(asked.bands, len(info.bands), raster.name)
        found, expected = len(numbers), len(bands)
    else:
        numbers = tuple(int(band["number"]) for band in bands)
        found, expected = len(info.bands), int(recipe["layers"][layer]["n_bands"])
    if found != expected:
        raise BandError(
            f"Modality '{key}': {found} bands are given, the model expects {expected}.",
            where=raster.name,
            remedy="Select the raster the model was trained on, or train a new model.",
        )
    _check_wavelengths(key, raster, numbers, bands)
    quantity = asked.quantity or _quantity(key, raster, numbers, recipe["layers"][layer]["quantity"])
    return ModalityRaster(info, numbers, quantity, layer, asked.resampling)


def _check_wavelengths(
    key: str, raster: OpenedRaster, numbers: Sequence[int], bands: Sequence[Mapping[str, Any]]
) -> None:
    for number, band in zip(numbers, bands):
        here, there = raster.info.band(number).wavelength, band["wavelength"]
        if here is not None and there is not None and abs(here - there) > _WAVELENGTH_TOLERANCE:
            raise BandError(
                f"Band {number} is at {here:g} nm, the model was trained on {there:g} nm.",
                where=f"{key}, {raster.name}",
                remedy="Give the bands in the order of the model's, or train a new model.",
            )


def _quantity(key: str, raster: OpenedRaster, numbers: Sequence[int], trained: str) -> str:
    """Return what the raster measures: as in training, but SAR may now come in the other scale."""
    if trained not in SAR:
        return trained
    found = guess_quantity(key, raster.info, sample_bands(raster.info, numbers).values)
    return found if found in SAR else trained
