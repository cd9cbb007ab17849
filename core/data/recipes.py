"""Reading a scene the way a model was trained: the recipe stored in the model file, repeated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from ..errors import BandError, ModalityError
from ..job import RasterInput
from .band_choice import sample_bands
from .band_match import Run, choose_bands
from .height_order import order_heights
from .layers import group_layers
from .modalities import Modality, ModalityRaster, make_modality
from .opened import OpenedRaster, open_inputs, opened_notes
from .quantities import SAR, guess_quantity
from .surface_notes import holes_or
from .units import repeat_units, taken_notes
from .units_guess import UnitsGuesses

# How many times coarser than in training a source may be. The same product in degrees is up to 1.41 times
# coarser at the equator than at 60 degrees, which must pass; the next step of sensors is a factor of 2.
COARSEST = 1.5


def repeat_recipes(
    inputs: Mapping[str, Sequence[RasterInput]], recipes: Mapping[str, Mapping[str, Any]]
) -> dict[str, Modality]:
    """Return the modalities a model needs, with the bands it was trained on, in its order.

    `recipes`: per modality what `Modality.to_json` gave. Bands are found as `band_match.choose_bands` says;
    nothing is dropped. Raises `ModalityError` for a modality that is missing and `BandError` for other bands.
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
    layers, ordered = order_heights(key, opened, layers, recipe["layers"])
    notes += ordered
    layers, runs, told = _matched(key, opened, layers, recipe)
    guesses, rasters, settled = UnitsGuesses(opened), [], []
    for layer, run in enumerate(runs):
        trained = recipe["layers"][run.trained]
        for i in layers[run.layer]:
            raster = _raster(key, opened[i], layer, run, trained)
            asked, own = opened[i].asked, trained.get("units", {})
            units = repeat_units(key, raster, asked, own, partial(guesses.of, i))
            told += units.notes
            settled.append(units)
            rasters.append(replace(raster, info=units.info, units_source=units.source))
    return make_modality(
        key, rasters, [*opened_notes(key, opened), *notes, *dict.fromkeys(told), *taken_notes(key, settled)]
    )


def _matched(
    key: str, opened: Sequence[OpenedRaster], layers: list[list[int]], recipe: Mapping[str, Any]
) -> tuple[list[list[int]], list[Run], list[str]]:
    """Return the layers that serve the model with their bands, and notes.

    Where the layers do not fit, those are left out that the training left out whole.
    """
    unused = set(recipe.get("unused", ()))
    try:
        return layers, *choose_bands(key, [opened[members[0]] for members in layers], recipe)
    except BandError:
        if not unused or len(layers) != len(recipe["layers"]) + len(unused):
            raise
    kept = [members for number, members in enumerate(layers) if number not in unused]
    return kept, *choose_bands(key, [opened[members[0]] for members in kept], recipe)


def _raster(
    key: str, raster: OpenedRaster, layer: int, run: Run, trained: Mapping[str, Any]
) -> ModalityRaster:
    numbers = tuple(raster.candidates[i] for i in run.positions)
    quantity = raster.asked.quantity or _quantity(key, raster, numbers, str(trained["quantity"]))
    asked, said_by = raster.asked, "set" if raster.asked.quantity else "model"
    return ModalityRaster(
        raster.info,
        numbers,
        quantity,
        layer,
        asked.resampling,
        said_by,
        derived=tuple(trained.get("derived", ())),
        speckle=asked.speckle or int(trained.get("speckle", 0)),
        fill=holes_or(trained.get("fill") if asked.fill is None else asked.fill),
    )


def _quantity(key: str, raster: OpenedRaster, numbers: Sequence[int], trained: str) -> str:
    """Return what the raster measures: as in training, but SAR may now come in the other scale."""
    if trained not in SAR:
        return trained
    found = guess_quantity(key, raster.info, sample_bands(raster.info, numbers).values)
    return found if found in SAR else trained
