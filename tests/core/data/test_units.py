from __future__ import annotations

import json

import numpy as np
import pytest
from landfuse.core.data.modalities import describe_inputs
from landfuse.core.data.raster_info import BandInfo, RasterInfo
from landfuse.core.data.recipes import repeat_recipes
from landfuse.core.data.units_guess import UnitsGuess, guess_units, is_sentinel2
from landfuse.core.job import RasterInput

S2 = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12")


def reflectance(n_bands=12, low=20, high=4000, seed=0):
    """Stored values (C, 60, 60) that begin near `low` in every band, as water and shadow give."""
    rng = np.random.default_rng(seed)
    top = np.linspace(high / 2, high, n_bands)[:, None, None]
    return (low + (top - low) * rng.random((n_bands, 60, 60)) ** 2).astype(np.int16)


def info(n_bands, names=(), wavelengths=(), dtype="Int16", **more):
    bands = tuple(
        BandInfo(
            i + 1,
            names[i] if names else f"band {i + 1}",
            wavelengths[i] if wavelengths else None,
            dtype=dtype,
        )
        for i in range(n_bands)
    )
    return RasterInfo("/data/a.tif", "GTiff", None, bands, True, **more)


def guess(values, **about):
    n_bands = len(values)
    return guess_units(info(n_bands, **about).bands, values.reshape(n_bands, -1).T.astype(np.float32))


def test_whole_numbers_of_the_range_of_reflectance_are_taken_times_10000():
    assert guess(reflectance(30)) == UnitsGuess(1e-4, None)
    assert guess(reflectance(3)) == UnitsGuess(1e-4, None)
    assert guess(reflectance(30) - 200).scale == 1e-4  # negatives from the correction of the atmosphere


def test_nothing_is_guessed_where_the_numbers_may_be_anything():
    assert guess(reflectance(3, high=255), dtype="Byte") == UnitsGuess()  # a camera
    assert guess(reflectance(4, low=40, high=900)) == UnitsGuess()  # 10 bit
    assert guess(reflectance(7, low=7300, high=15000)) == UnitsGuess()  # Landsat, Collection 2
    assert guess(reflectance(7, high=30000)) == UnitsGuess()  # 16 bit radiance
    assert guess(reflectance(4) + np.float32(0.25)) == UnitsGuess()
    assert guess(reflectance()[:, :3, :3]) == UnitsGuess()  # too few pixels


def test_fractions_are_recognised():
    assert guess(reflectance() / np.float32(10000), dtype="Float32") == UnitsGuess(1.0, 0.0)


def test_the_sentinel2_offset_is_seen_in_the_dark_end_of_nearly_every_band():
    assert guess(reflectance() + 1000) == UnitsGuess(1e-4, -0.1)
    assert guess(reflectance() + 1000, names=S2) == UnitsGuess(1e-4, -0.1)
    bright = reflectance() + 1000
    bright[9] += 700  # the water vapour band has no dark pixels
    assert guess(bright) == UnitsGuess(1e-4, -0.1)
    assert guess(reflectance(4) + 1000, names=S2[1:4] + S2[7:8]) == UnitsGuess(1e-4, -0.1)


def test_the_offset_is_denied_or_left_open():
    assert guess(reflectance()) == UnitsGuess(1e-4, 0.0)
    clouds = reflectance(13, low=1500)
    assert guess(clouds) == UnitsGuess(1e-4, None)  # no dark pixel at all: open
    hazy = reflectance(13, low=1100)
    hazy[[3, 10]] = reflectance(2, low=10)
    assert guess(hazy) == UnitsGuess(1e-4, 0.0)  # the cirrus band of Level 1C is dark
    assert guess(reflectance(30) + 1000).offset is None  # not Sentinel-2
    assert guess(reflectance(4) + 1000).offset is None  # four bands of some sensor


def test_undeclared_nodata_does_not_hide_the_offset():
    values = reflectance() + 1000
    values[:, :20] = 0
    assert guess(values) == UnitsGuess(1e-4, -0.1)
    values[:, :20] = -9999
    assert guess(values) == UnitsGuess(1e-4, -0.1)


def test_sentinel2_is_known_by_names_or_wavelengths():
    assert is_sentinel2(info(4, names=("B02", "B03", "B04", "B8A")).bands)
    assert is_sentinel2(info(4, wavelengths=(492.4, 559.8, 664.6, 832.8 + 2)).bands)
    landsat8 = (443, 482, 561, 655, 865, 1609, 2201)
    assert not is_sentinel2(info(7, wavelengths=landsat8).bands)
    assert not is_sentinel2(info(3, names=("blue", "green", "red")).bands)


@pytest.fixture
def describe():
    def described(path, **asked):
        return describe_inputs({"optical": (RasterInput(path, **asked),)})["optical"]

    return described


def test_band_files_are_judged_together(write_raster):
    data = reflectance(4) + 1000
    files = [write_raster(f"T33_{b}_10m.tif", data[i]) for i, b in enumerate(("B02", "B03", "B04", "B08"))]
    optical = describe_inputs({"optical": tuple(RasterInput(path) for path in files)})["optical"]
    assert {r.info.band(1).offset for r in optical.rasters} == {-0.1}
    (line,) = [note for note in optical.notes if "Sentinel-2 offset" in note]
    assert "T33_B02_10m.tif, T33_B03_10m.tif, T33_B04_10m.tif, T33_B08_10m.tif are taken as" in line


def units(modality):
    band = modality.rasters[0].info.band(1)
    return band.scale, band.offset, modality.rasters[0].units_source


def test_a_guess_is_told_and_can_be_set(write_raster, describe):
    path = write_raster("s2.tif", reflectance() + 1000, names=S2)
    guessed = describe(path)
    assert units(guessed) == (1e-4, -0.1, "guessed")
    told = (
        "optical: s2.tif is taken as reflectance x 10000 with the Sentinel-2 offset of 1000 (guessed from "
        "the values; OPTICAL_OPTIONS scale=... offset=... (--optical-options) change it)."
    )
    assert guessed.notes == (told,)
    assert guessed.rasters[0].units == "stored value x 0.0001 - 0.1 (guessed from the values)"
    assert units(describe(path, scale=1.0)) == (1.0, None, "set")
    assert units(describe(path, offset=0.0)) == (1e-4, 0.0, "guessed")
    assert describe(path, scale=1.0).notes == ()


def test_values_that_were_scaled_before_are_told(write_raster, describe):
    path = write_raster("s2.tif", (reflectance() / 10000).astype(np.float32))
    assert "all reflectance lies below 0.002" in describe(path, scale=1e-4).notes[0]


def recipe(modality):
    return json.loads(json.dumps({"optical": modality.to_json()}))


def repeat(path, trained, **asked):
    return repeat_recipes({"optical": (RasterInput(path, **asked),)}, recipe(trained))["optical"]


def test_a_scene_with_another_offset_is_brought_to_the_units_of_the_model(write_raster, describe):
    old = write_raster("old.tif", reflectance(), names=S2)
    new = write_raster("new.tif", reflectance(seed=1) + 1000, names=S2)
    assert units(repeat(new, describe(old))) == (1e-4, -0.1, "guessed")
    assert "unlike the training scene" in repeat(new, describe(old)).notes[-1]
    assert units(repeat(old, describe(new))) == (1e-4, 0.0, "guessed")
    assert units(repeat(new, describe(new))) == (1e-4, -0.1, "model")
    assert not any("taken as" in note for note in repeat(new, describe(new)).notes)


def test_where_the_scene_says_nothing_the_units_of_the_model_are_used(write_raster, describe):
    clouds = write_raster("clouds.tif", reflectance(low=1500), names=S2)
    new = describe(write_raster("new.tif", reflectance() + 1000, names=S2))
    assert units(repeat(clouds, new)) == (1e-4, -0.1, "model")
    assert units(repeat(clouds, new, offset=0.0)) == (1e-4, 0.0, "model")
    assert units(repeat(clouds, new, scale=1e-4)) == (1e-4, None, "set")


def test_fractions_meet_a_model_of_whole_numbers(write_raster, describe):
    trained = describe(write_raster("old.tif", reflectance(), names=S2))
    fractions = write_raster("fractions.tif", (reflectance() / 10000).astype(np.float32), names=S2)
    found = repeat(fractions, trained)
    assert units(found) == (None, None, "guessed")
    assert "reflectance from 0 to 1" in found.notes[-1]


def test_a_model_of_numbers_as_stored_takes_a_scene_as_stored(write_raster, describe):
    camera = describe(write_raster("rgb.tif", reflectance(3, high=255).astype(np.uint8)))
    assert units(camera) == (None, None, "")
    scene = write_raster("b.tif", reflectance(3))
    assert units(repeat(scene, camera)) == (None, None, "")
