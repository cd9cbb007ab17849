from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.data.modalities import describe_inputs
from landfuse.core.data.recipes import repeat_recipes, unused_inputs
from landfuse.core.errors import AlignmentError, BandError, JobError, ModalityError, RasterReadError
from landfuse.core.job import RasterInput


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(100, 10, shape).astype(np.float32)


def describe(**modalities):
    return describe_inputs(
        {
            key: tuple(r if isinstance(r, RasterInput) else RasterInput(r) for r in rasters)
            for key, rasters in modalities.items()
        }
    )


def test_height_and_intensity_are_joined_as_bands(write_raster):
    height, intensity = write_raster("height.tif", noise(8, 8)), write_raster("intensity.tif", noise(8, 8))
    lidar = describe(lidar=[height, intensity])["lidar"]
    assert [(b.layer, b.number) for b in lidar.bands] == [(0, 1), (1, 1)]
    assert [r.quantity for r in lidar.rasters] == ["height", "other"]
    assert lidar.quantity == "other"
    assert any("joined as bands" in note for note in lidar.notes)


def test_tiles_with_the_same_bands_are_mosaicked(write_raster):
    west = write_raster("west.tif", noise(2, 8, 8), names=("a", "b"))
    east = write_raster("east.tif", noise(2, 8, 8), names=("a", "b"), x=400080.0)
    optical = describe(optical=[west, east])["optical"]
    assert len(optical.layers) == 1
    assert len(optical.bands) == 2
    assert any("mosaicked" in note for note in optical.notes)


def test_dates_of_the_same_place_are_joined_though_their_bands_have_the_same_names(write_raster):
    paths = [write_raster(f"{d}.tif", noise(2, 8, 8, seed=d), names=("a", "b")) for d in (1, 2, 3)]
    assert len(describe(optical=paths)["optical"].bands) == 6


def test_dropped_bands_are_told_and_named_bands_are_kept(write_raster):
    data = noise(4, 8, 8)
    data[1] = -1
    path = write_raster("cube.tif", data, nodata=-1)
    hsi = describe(hsi=[path])["hsi"]
    assert [b.number for b in hsi.bands] == [1, 3, 4]
    assert "1 of 4 bands of cube.tif are left out: 2 (nodata everywhere)" in hsi.notes[0]
    asked = describe(hsi=[RasterInput(path, bands="2,4")])["hsi"]
    assert [b.number for b in asked.bands] == [2, 4]


def test_a_band_that_is_empty_in_one_tile_only_is_kept(write_raster):
    left, right = noise(2, 8, 8), noise(2, 8, 8)
    right[1] = -1
    paths = write_raster("l.tif", left, nodata=-1), write_raster("r.tif", right, nodata=-1, x=400080.0)
    assert len(describe(optical=paths)["optical"].bands) == 2


def test_a_raster_without_any_useful_band_is_an_error(write_raster):
    with pytest.raises(BandError, match="No band can be used"):
        describe(lidar=[write_raster("flat.tif", np.zeros((8, 8), np.float32))])


def test_some_with_and_some_without_crs_is_an_error_naming_them(write_raster):
    placed, local = write_raster("placed.tif", noise(4, 4)), write_raster("local.tif", noise(4, 4), crs="")
    with pytest.raises(AlignmentError, match=r"placed\.tif with a CRS; local\.tif with coordinates without"):
        describe(hsi=[placed], lidar=[local])
    assert describe(hsi=[placed], lidar=[RasterInput(local, crs="EPSG:32633")])


def test_rasters_without_georeference_need_the_same_size(write_raster):
    first, second = (write_raster(f"{n}.tif", noise(n, n), crs="", pixel=0) for n in (4, 5))
    with pytest.raises(AlignmentError, match="same columns and rows"):
        describe(hsi=[first], lidar=[second])
    placed = write_raster("placed.tif", noise(4, 4), crs="")
    with pytest.raises(AlignmentError, match="no georeference"):
        describe(hsi=[first], lidar=[placed])


def test_wrong_settings_and_files_are_told(write_raster, tmp_path):
    path = write_raster("a.tif", noise(4, 4))
    with pytest.raises(JobError, match="'height_m' is not one of"):
        describe(lidar=[RasterInput(path, quantity="height_m")])
    with pytest.raises(JobError, match="'cubic' is not one of"):
        describe(lidar=[RasterInput(path, resampling="cubic")])
    with pytest.raises(RasterReadError):
        describe(lidar=[str(tmp_path / "none.tif")])
    with pytest.raises(BandError, match="complex"):
        describe(sar=[write_raster("slc.tif", np.ones((4, 4), np.complex64))])


def test_an_alpha_band_is_not_a_band(write_raster):
    data = np.random.default_rng(0).integers(1, 200, (4, 8, 8)).astype(np.uint8)
    data[3] = 255
    path = write_raster("rgba.tif", data, options=["PHOTOMETRIC=RGB", "ALPHA=YES"])
    assert [b.number for b in describe(optical=[path])["optical"].bands] == [1, 2, 3]


def test_the_recipe_repeats_the_bands_of_training(write_raster):
    data = noise(4, 8, 8)
    data[1] = -1
    trained = describe(hsi=[write_raster("a.tif", data, nodata=-1)])
    recipes = {key: m.to_json() for key, m in trained.items()}
    other = write_raster("b.tif", np.full((4, 8, 8), 5, np.float32))
    again = repeat_recipes({"hsi": (RasterInput(other),), "sar": ()}, recipes)
    assert again["hsi"].bands[1].number == 3
    assert len(again["hsi"].bands) == 3


def test_a_missing_modality_is_told(write_raster):
    path = write_raster("a.tif", noise(4, 4))
    recipes = {key: m.to_json() for key, m in describe(hsi=[path], lidar=[path]).items()}
    with pytest.raises(ModalityError, match="needs hsi, lidar; missing: lidar"):
        repeat_recipes({"hsi": (RasterInput(path),)}, recipes)
    assert unused_inputs({"hsi": (), "sar": ()}, recipes) == ["sar: given, but the model does not use it."]


def test_another_band_count_is_told(write_raster):
    recipes = {"hsi": describe(hsi=[write_raster("a.tif", noise(3, 4, 4))])["hsi"].to_json()}
    with pytest.raises(BandError, match="2 bands are given, the model expects 3"):
        repeat_recipes({"hsi": (RasterInput(write_raster("b.tif", noise(2, 4, 4))),)}, recipes)


def test_other_wavelengths_are_told(write_raster):
    def cube(name, *wavelengths):
        bands = {i: {"wavelength": str(w)} for i, w in enumerate(wavelengths, 1)}
        return RasterInput(write_raster(name, noise(2, 4, 4), bands=bands))

    recipes = {"hsi": describe(hsi=[cube("a.tif", 500, 600)])["hsi"].to_json()}
    assert repeat_recipes({"hsi": (cube("b.tif", 503, 600),)}, recipes)
    with pytest.raises(BandError, match=r"got 2 bands 500-660 nm: nothing within 6 nm of 600 \(1 band\)"):
        repeat_recipes({"hsi": (cube("c.tif", 500, 660),)}, recipes)


def test_sar_may_come_in_another_scale_than_in_training(write_raster):
    power = np.random.default_rng(0).uniform(0.01, 1, (8, 8)).astype(np.float32)
    recipes = {"sar": describe(sar=[write_raster("linear.tif", power)])["sar"].to_json()}
    assert recipes["sar"]["quantity"] == "sar_linear"
    decibels = write_raster("db.tif", 10 * np.log10(power))
    assert repeat_recipes({"sar": (RasterInput(decibels),)}, recipes)["sar"].quantity == "sar_db"


def test_what_the_job_says_of_a_raster_wins_over_the_file(write_raster):
    data = noise(2, 8, 8)
    data[0] = 3
    path = write_raster("a.tif", data, nodata=5)
    asked = RasterInput(path, nodata=(3.0,), scale=0.1, offset=-1.0)
    raster = describe(optical=[asked])["optical"].rasters[0]
    assert raster.bands == (2,)  # the first holds nothing but the nodata of the job
    band = raster.info.band(2)
    assert (band.nodata, band.scale, band.offset) == ((5.0, 3.0), 0.1, -1.0)
    ignoring = describe(optical=[RasterInput(path, file_nodata=False)])["optical"].rasters[0]
    assert ignoring.info.band(2).nodata == ()


def test_a_raster_left_out_whole_in_training_is_left_out_at_prediction(write_raster):
    files = [
        write_raster(f"{name}.tif", noise(8, 8, seed=i)) for i, name in enumerate(("red", "empty", "green"))
    ]
    write_raster("empty.tif", np.full((8, 8), 5, np.float32))
    trained = describe(optical=files)["optical"]
    assert trained.unused == (1,)
    inputs = {"optical": tuple(RasterInput(path) for path in files)}
    repeated = repeat_recipes(inputs, {"optical": trained.to_json()})["optical"]
    assert [r.name for r in repeated.rasters] == ["red.tif", "green.tif"]
