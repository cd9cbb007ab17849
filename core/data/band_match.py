"""Which bands of a scene are those a model was trained on: by wavelength, else by position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import BandError
from .band_names import real_name, same_meaning
from .line_match import Line, match_lines, missing_text, some_of
from .opened import OpenedRaster

_REMEDY = "Select the raster the model was trained on, name its bands in order, or train a new model."

Band = Mapping[str, Any]  # of a recipe: layer, number, name, wavelength, width


@dataclass(frozen=True)
class Run:
    """Bands of one layer of the scene that follow each other in the model.

    `layer` counts the layers of the scene, `positions` the candidate bands of its rasters
    (`OpenedRaster.candidates`), `trained` is the layer of the model they stand for.
    """

    layer: int
    positions: tuple[int, ...]
    trained: int


def choose_bands(
    key: str, scene: Sequence[OpenedRaster], recipe: Mapping[str, Any]
) -> tuple[list[Run], list[str]]:
    """Return the bands of the scene in the order of the model's, and notes on how they were found.

    `scene` holds the first raster of each layer; `recipe` is what `Modality.to_json` gave. Bands that the job
    names are taken in order; else those of the same wavelength, where model and scene have wavelengths, in
    whatever order the scene has them; else those in the same position. Names are never used. Raises
    `BandError`.
    """
    if any(raster.asked.bands for raster in scene):
        return _as_asked(key, scene, recipe)
    trained = [_of_layer(recipe, layer) for layer in range(len(recipe["layers"]))]
    failure: BandError | None = None
    if len(scene) == len(trained):
        try:
            return _layer_by_layer(key, scene, recipe)
        except BandError as error:
            failure = error
    if len(trained) != len(scene) or len(trained) > 1:
        found = _across(key, scene, recipe)
        if found is not None:
            return found
    raise failure or BandError(
        f"{len(scene)} separate rasters are given, the model was trained on {len(trained)}.",
        where=key,
        remedy="Give the same rasters in the same order (parts of a mosaic count once).",
    )


def _of_layer(recipe: Mapping[str, Any], layer: int) -> list[Band]:
    return [band for band in recipe["bands"] if band["layer"] == layer]


def _as_asked(
    key: str, scene: Sequence[OpenedRaster], recipe: Mapping[str, Any]
) -> tuple[list[Run], list[str]]:
    places = [(layer, i) for layer, raster in enumerate(scene) for i in range(len(raster.candidates))]
    bands = recipe["bands"]
    if len(places) != len(bands):
        raise BandError(
            f"{len(places)} bands are named for '{key}', the model expects {len(bands)}.",
            where=", ".join(raster.name for raster in scene),
            remedy="Name as many bands as the model has, in its order.",
        )
    notes = [f"{key}: the bands are taken as named, in order."]
    off = [f"{here:g} nm for {there:g} nm" for _, here, there in _disagreeing(scene, places, bands)]
    if off:
        notes.append(f"{key}: named bands have other wavelengths than the model's: {some_of(off)}.")
    return _runs(places, bands, recipe), notes


def _layer_by_layer(
    key: str, scene: Sequence[OpenedRaster], recipe: Mapping[str, Any]
) -> tuple[list[Run], list[str]]:
    runs, by_position, distances = [], [], []
    for layer, raster in enumerate(scene):
        bands = _of_layer(recipe, layer)
        places = [(layer, i) for i in range(len(raster.candidates))]
        if _has_wavelengths(bands) and _enough_known(raster, len(bands)):
            chosen = _by_wavelength(key, scene, places, bands)
            distances += _distances(scene, chosen, bands)
        else:
            chosen = _by_position(key, layer, raster, recipe)
            by_position.append(layer)
        runs.append(Run(layer, tuple(i for _, i in chosen), layer))
    notes = [_wavelength_note(key, distances)] if distances else []
    if by_position and len(recipe["bands"]) > 1:
        notes.append(_position_note(key, [(scene[n], _of_layer(recipe, n)) for n in by_position]))
    return runs, notes


def _enough_known(raster: OpenedRaster, needed: int) -> bool:
    """Return whether the wavelengths of a raster tell its bands: all are known, or as many as are needed."""
    places = range(len(raster.candidates))
    known = [_line(raster, i) is not None for i in places]
    return sum(known) >= needed or all(known[i] or _is_bad(raster, i) for i in places)


def _across(
    key: str, scene: Sequence[OpenedRaster], recipe: Mapping[str, Any]
) -> tuple[list[Run], list[str]] | None:
    """Match all bands of all layers together; None where wavelengths do not tell the bands apart."""
    bands = recipe["bands"]
    places = [(layer, i) for layer, raster in enumerate(scene) for i in range(len(raster.candidates))]
    known = all(_line(scene[layer], i) for layer, i in places)
    distinct = len({band["wavelength"] for band in bands}) == len(bands)
    if not (known and distinct and _has_wavelengths(bands)):
        return None
    chosen = _by_wavelength(key, scene, places, bands)
    return _runs(chosen, bands, recipe), [_wavelength_note(key, _distances(scene, chosen, bands))]


def _runs(places: Sequence[tuple[int, int]], bands: Sequence[Band], recipe: Mapping[str, Any]) -> list[Run]:
    """Return runs of bands that follow each other in the model and lie in one layer of the scene."""
    runs: list[Run] = []
    layers = recipe["layers"]
    for (layer, i), band in zip(places, bands):
        last, trained = (runs[-1] if runs else None), int(band["layer"])
        if last and last.layer == layer and _same_reading(layers[last.trained], layers[trained]):
            runs[-1] = Run(layer, (*last.positions, i), last.trained)
        else:
            runs.append(Run(layer, (i,), trained))
    return runs


def _same_reading(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether two layers of a recipe are read alike, whatever the number of bands of their files."""
    return {**one, "n_bands": 0} == {**other, "n_bands": 0}


def _by_wavelength(
    key: str, scene: Sequence[OpenedRaster], places: Sequence[tuple[int, int]], bands: Sequence[Band]
) -> list[tuple[int, int]]:
    """Return the place of each band. Bands flagged bad are taken only where no other serves."""
    known = [(place, line) for place in places if (line := _line(scene[place[0]], place[1]))]
    good = [(place, line) for place, line in known if not _is_bad(scene[place[0]], place[1])]
    wanted = [line for band in bands if (line := _trained_line(band))]
    for some in (good, known):
        found = match_lines(wanted, [line for _, line in some])
        if None not in found:
            return [some[i][0] for i in found if i is not None]
    raise BandError(
        f"Modality '{key}': {missing_text(wanted, [line for _, line in known], found)}",
        where=", ".join(raster.name for raster in scene),
        remedy=_REMEDY,
    )


def _disagreeing(
    scene: Sequence[OpenedRaster], places: Sequence[tuple[int, int]], bands: Sequence[Band]
) -> list[tuple[Band, float, float]]:
    """Return the bands whose wavelength in the scene is not that in the model, with both (scene, model)."""
    found = []
    for band, (layer, i) in zip(bands, places):
        here, there = _line(scene[layer], i), _trained_line(band)
        if here and there and match_lines([there], [here]) == [None]:
            found.append((band, here[0], there[0]))
    return found


def _by_position(
    key: str, layer: int, raster: OpenedRaster, recipe: Mapping[str, Any]
) -> list[tuple[int, int]]:
    bands, expected = _of_layer(recipe, layer), int(recipe["layers"][layer]["n_bands"])
    numbers = [int(band["number"]) for band in bands]
    if len(raster.info.bands) != expected or not set(numbers) <= set(raster.candidates):
        raise BandError(
            f"Modality '{key}': {len(raster.info.bands)} bands are given, the model expects {expected}.",
            where=raster.name,
            remedy=_REMEDY,
        )
    places = [(layer, raster.candidates.index(number)) for number in numbers]
    for band, here, there in _disagreeing([raster], [(0, i) for _, i in places], bands)[:1]:
        raise BandError(
            f"Band {band['number']} is at {here:g} nm, the model was trained on {there:g} nm.",
            where=f"{key}, {raster.name}",
            remedy=_REMEDY,
        )
    return places


def _line(raster: OpenedRaster, position: int) -> Line | None:
    """Return centre and width of a candidate band, None where the file does not tell the wavelength."""
    band = raster.info.band(raster.candidates[position])
    return None if band.wavelength is None else (band.wavelength, band.width)


def _trained_line(band: Band) -> Line | None:
    wavelength = band.get("wavelength")
    return None if wavelength is None else (wavelength, band.get("width"))


def _is_bad(raster: OpenedRaster, position: int) -> bool:
    return raster.info.band(raster.candidates[position]).bad


def _has_wavelengths(bands: Sequence[Band]) -> bool:
    return all(band.get("wavelength") is not None for band in bands)


def _distances(
    scene: Sequence[OpenedRaster], places: Sequence[tuple[int, int]], bands: Sequence[Band]
) -> list[float]:
    pairs = [(_trained_line(band), _line(scene[layer], i)) for band, (layer, i) in zip(bands, places)]
    return [abs(there[0] - here[0]) for there, here in pairs if there and here]


# What is said.


def _wavelength_note(key: str, distances: Sequence[float]) -> str:
    count, largest = len(distances), max(distances)
    same = "all the same" if largest < 0.05 else f"largest difference {largest:.1f} nm"
    return f"{key}: {count} band{'' if count == 1 else 's'} matched by wavelength ({same})."


def _position_note(key: str, layers: Sequence[tuple[OpenedRaster, Sequence[Band]]]) -> str:
    trained = all(_has_wavelengths(bands) for _, bands in layers)
    why = "the scene" if trained else "the model"
    other = [
        f"band {band['number']} is '{raster.info.band(int(band['number'])).name}' here and was "
        f"'{band['name']}' in training"
        for raster, bands in layers
        for band in bands
        if not _named_alike(str(band["name"]), raster.info.band(int(band["number"])).name, raster.name)
    ]
    text = f"{key}: the bands are taken by position, {why} has no wavelengths."
    return f"{text} Check their order: {some_of(other)}." if other else text


def _named_alike(trained: str, here: str, file_name: str) -> bool:
    one, other = real_name(trained, file_name), real_name(here, file_name)
    return not (one and other) or same_meaning(one, other)
