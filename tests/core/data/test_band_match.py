"""Bands of a scene found for a model, through `repeat_recipes`: the values read tell which bands they are."""

from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.data.modalities import describe_inputs
from landfuse.core.data.recipes import repeat_recipes
from landfuse.core.data.stack import Stack
from landfuse.core.data.windows import Window
from landfuse.core.errors import BandError
from landfuse.core.job import RasterInput


@pytest.fixture
def write_cube(write_raster):
    """Return a function that writes a raster whose bands hold about their wavelength (or `values`)."""

    def write(name, wavelengths, values=None, unit="Nanometers", bad=(), **kwargs):
        values = wavelengths if values is None else values
        data = np.stack([v + np.random.default_rng(0).uniform(0, 0.1, (8, 8)) for v in values])
        metadata = {
            i: {"wavelength": str(w), "wavelength_units": unit, **({"bad": "1"} if i in bad else {})}
            for i, w in enumerate(wavelengths, 1)
            if w is not None
        }
        return write_raster(name, data.astype(np.float32), bands=metadata, **kwargs)

    return write


def recipe_of(*rasters, key="hsi"):
    rasters = [r if isinstance(r, RasterInput) else RasterInput(r) for r in rasters]
    return {key: describe_inputs({key: rasters})[key].to_json()}


def repeat(recipe, *rasters):
    (key,) = recipe
    rasters = [r if isinstance(r, RasterInput) else RasterInput(r) for r in rasters]
    return repeat_recipes({key: rasters}, recipe)[key]


def values_of(modality):
    """The bands in the order in which they are stacked, by their values."""
    grid = modality.rasters[0].info.grid
    with Stack({modality.key: modality}, grid) as stack:
        data = stack.read(Window(0, 0, grid.rows, grid.cols)).data[modality.key]
    return np.floor(data).max(axis=(1, 2)).astype(int).tolist()


def test_a_cube_with_more_bands_in_another_order_serves(write_cube):
    recipe = recipe_of(write_cube("a.tif", [500, 600, 700]))
    found = repeat(recipe, write_cube("b.tif", [700, 550, 500, 650, 600]))
    assert values_of(found) == [500, 600, 700]
    assert found.notes[-1] == "hsi: 3 bands matched by wavelength (all the same)."


def test_units_do_not_matter_and_small_differences_are_told(write_cube):
    recipe = recipe_of(write_cube("a.tif", [500, 600, 700]))
    found = repeat(recipe, write_cube("b.tif", [0.703, 0.5, 0.6], [703, 500, 600], "Micrometers"))
    assert values_of(found) == [500, 600, 703]
    assert "largest difference 3.0 nm" in found.notes[-1]


def test_a_band_flagged_bad_serves_only_where_no_other_does(write_cube):
    recipe = recipe_of(write_cube("a.tif", [500, 600]))
    assert values_of(repeat(recipe, write_cube("b.tif", [500, 602, 600], bad={3}))) == [500, 602]
    assert values_of(repeat(recipe, write_cube("c.tif", [500, 600], bad={2}))) == [500, 600]


def test_a_cube_that_lacks_bands_is_refused_band_by_band(write_cube):
    recipe = recipe_of(write_cube("a.tif", [400, 500, 600, 700]))
    with pytest.raises(BandError) as refused:
        repeat(recipe, write_cube("b.tif", [500, 600, 900]))
    assert "expects 4 bands 400-700 nm, got 3 bands 500-900 nm" in str(refused.value)
    assert "of 400, 700 (2 bands)" in str(refused.value)


def test_without_wavelengths_bands_are_taken_by_position_and_that_is_said(write_cube, write_raster):
    recipe = recipe_of(write_cube("a.tif", [500, 600, 700]))
    found = repeat(recipe, write_cube("b.tif", [None] * 3, [1, 2, 3]))
    assert values_of(found) == [1, 2, 3]
    assert found.notes[-1] == "hsi: the bands are taken by position, the scene has no wavelengths."
    with pytest.raises(BandError, match="2 bands are given, the model expects 3"):
        repeat(recipe, write_cube("c.tif", [None] * 2, [1, 2]))


def test_bands_are_never_matched_by_name_but_another_order_of_names_is_told(write_cube):
    recipe = recipe_of(write_cube("a.tif", [None] * 2, [1, 2], names=("height", "intensity")), key="other")
    found = repeat(recipe, write_cube("b.tif", [None] * 2, [3, 4], names=("intensity", "height")))
    assert values_of(found) == [3, 4]
    assert "Check their order: band 1 is 'intensity' here and was 'height' in training" in found.notes[-1]
    same = repeat(recipe, write_cube("c.tif", [None] * 2, [3, 4], names=("height", "intensity")))
    assert "Check" not in same.notes[-1]


def test_named_bands_are_taken_in_order(write_cube):
    recipe = recipe_of(write_cube("a.tif", [500, 600, 700]))
    cube = write_cube("b.tif", [None, 700, 600, 500], [1, 2, 3, 4])
    found = repeat(recipe, RasterInput(cube, bands="4,3,1"))
    assert values_of(found) == [4, 3, 1]
    assert found.notes[-1] == "hsi: the bands are taken as named, in order."
    odd = repeat(recipe, RasterInput(cube, bands="2-4"))
    assert odd.notes[-1] == (
        "hsi: named bands have other wavelengths than the model's: 700 nm for 500 nm, 500 nm for 700 nm."
    )
    with pytest.raises(BandError, match="2 bands are named for 'hsi', the model expects 3"):
        repeat(recipe, RasterInput(cube, bands="1-2"))


def test_band_files_and_one_raster_stand_for_each_other(write_cube):
    files = [write_cube(f"{w}.tif", [w]) for w in (500, 600, 700)]
    stacked = write_cube("all.tif", [700, 500, 600])
    assert values_of(repeat(recipe_of(*files), stacked)) == [500, 600, 700]
    assert values_of(repeat(recipe_of(stacked), *files)) == [700, 500, 600]
    assert values_of(repeat(recipe_of(*files), *files[::-1])) == [500, 600, 700]


def test_dates_with_the_same_wavelengths_are_matched_one_by_one(write_cube):
    dates = write_cube("may.tif", [500, 600]), write_cube("june.tif", [500, 600], [50, 60])
    other = write_cube("june2.tif", [600, 500], [6, 5])
    assert values_of(repeat(recipe_of(*dates), dates[0], other)) == [500, 600, 5, 6]
    with pytest.raises(BandError, match="1 separate rasters are given, the model was trained on 2"):
        repeat(recipe_of(*dates), dates[0])


def test_each_tile_of_a_mosaic_is_read_alike(write_cube):
    recipe = recipe_of(write_cube("a.tif", [500, 600]))
    tiles = [write_cube(f"{n}.tif", [600, 500], x=400000.0 + 80 * n) for n in range(2)]
    assert [r.bands for r in repeat(recipe, *tiles).rasters] == [(2, 1), (2, 1)]


def test_a_recipe_without_widths_is_read(write_cube):
    recipe = recipe_of(write_cube("a.tif", [500, 600]))
    for band in recipe["hsi"]["bands"]:
        del band["width"]
    assert values_of(repeat(recipe, write_cube("b.tif", [600, 500]))) == [500, 600]
