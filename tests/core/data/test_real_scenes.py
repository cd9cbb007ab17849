"""The whole way from files to normalised windows on the real scenes."""

from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.data.grid_choice import choose_grid
from landfuse.core.data.modalities import describe_inputs
from landfuse.core.data.normalisation import fit_preprocess, fitting_sample
from landfuse.core.data.range_check import RANGE_LIMIT, compare_ranges
from landfuse.core.data.raster_io import crs_name
from landfuse.core.data.recipes import repeat_recipes
from landfuse.core.data.stack import Stack
from landfuse.core.data.windows import Window
from landfuse.core.job import GridRequest, RasterInput

pytestmark = pytest.mark.shared_data

SCENES = {
    "berlin_urban": {"hsi": ["enmap_30m.tif"], "optical": ["hires_3m6.tif"]},
    "s1s2_chile": {"sar": ["s1_rtc.tif"], "optical": ["s2_l2a.tif"], "lidar": ["dem.tif"]},
    "muufl_lidar": {"lidar": ["lidar_height.tif", "lidar_intensity.tif"]},
    "slovenia_s2_dem": {"optical": ["s2_l1c_a.tif", "s2_l1c_b.tif", "s2_l1c_c.tif"], "lidar": ["dem.tif"]},
    "potsdam_enmap": {"hsi": ["enmap_30m.tif"]},
    "neon_trees_osbs": {"hsi": ["hsi_1m.tif"], "lidar": ["chm_1m.tif"], "optical": ["rgb_10cm.tif"]},
    "spain_flood_s1s2": {"sar": ["s1_grd.tif"], "optical": ["s2_l1c.tif"]},
}
# CRS, pixel size in metres, share of valid pixels at least
EXPECTED = {
    "berlin_urban": ("EPSG:32633", 3.6, 0.99),
    "s1s2_chile": ("EPSG:32718", 10, 1.0),
    "muufl_lidar": ("no CRS", 1, 1.0),
    "slovenia_s2_dem": ("EPSG:32633", 9.996, 1.0),
    "potsdam_enmap": ("EPSG:32633", 30, 0.55),
    "neon_trees_osbs": ("no CRS", 1, 0.9),
    "spain_flood_s1s2": ("EPSG:32630", 8.86, 0.95),
}


def describe(shared, scene):
    folder = shared / "data" / scene
    inputs = {k: tuple(RasterInput(str(folder / f)) for f in files) for k, files in SCENES[scene].items()}
    return describe_inputs(inputs)


@pytest.mark.parametrize("scene", SCENES)
def test_a_scene_is_aligned_and_normalised(shared, scene):
    modalities = describe(shared, scene)
    grid, _ = choose_grid(
        modalities, GridRequest(), samples_pixel=5.0 if scene == "neon_trees_osbs" else None
    )
    crs, pixel, share = EXPECTED[scene]
    assert crs_name(grid.crs) == crs
    assert grid.pixel_metres == pytest.approx(pixel, rel=1e-3)
    with Stack(modalities, grid) as stack:
        preprocess = fit_preprocess(stack, "stretch", {"hsi": 10})
        window = Window(grid.rows // 3, grid.cols // 3, 40, 40)
        read = stack.read(window, 5)
        assert stack.valid(Window(0, 0, grid.rows // 2, grid.cols // 2)).mean() >= share
    for key, values in preprocess.apply(read.data).items():
        assert values.shape == (preprocess[key].n_out, 50, 50)
        assert np.isfinite(values).all()
        assert 0 <= values.min() <= values.max() <= 1


def test_bands_without_data_are_dropped_instead_of_the_scene(shared):
    modalities = describe(shared, "potsdam_enmap")
    hsi = modalities["hsi"]
    assert not {130, 131, 132, 133, 134, 135} & {band.number for band in hsi.bands}
    with Stack(modalities, choose_grid(modalities, GridRequest())[0]) as stack:
        assert stack.valid(Window(0, 0, 192, 160)).mean() == pytest.approx(18 / 30, abs=0.02)


def test_dates_are_joined_and_the_report_says_so(shared):
    optical = describe(shared, "slovenia_s2_dem")["optical"]
    assert len(optical.layers) == 3
    assert len(optical.bands) == 36  # B10 lies in a water vapour range
    assert any("joined as bands" in note for note in optical.notes)


def test_grids_that_do_not_nest_are_averaged_within_a_cell(shared):
    modalities = describe(shared, "berlin_urban")
    grid, _ = choose_grid(modalities, GridRequest(), samples_pixel=300.0)
    assert grid.metres == (30, 30)
    with Stack(modalities, grid) as stack:
        whole = stack.read(Window(0, 0, grid.rows, grid.cols)).data["optical"]
    fine_grid, _ = choose_grid(modalities, GridRequest())
    with Stack(modalities, fine_grid) as stack:
        fine = stack.read(Window(0, 0, fine_grid.rows, fine_grid.cols)).data["optical"]
    assert np.nanmean(whole, axis=(1, 2)) == pytest.approx(np.nanmean(fine, axis=(1, 2)), rel=0.01)
    assert np.nanstd(whole) < np.nanstd(fine)


REFLECTANCE = {  # scale and offset of the first raster, as the values suggest
    ("potsdam_enmap", "hsi"): (1e-4, 0.0),
    ("berlin_urban", "hsi"): (1e-4, 0.0),
    ("berlin_urban", "optical"): (1e-4, 0.0),
    ("neon_trees_osbs", "hsi"): (1e-4, 0.0),
    ("neon_trees_osbs", "optical"): (None, None),  # a camera
    ("s1s2_chile", "optical"): (1e-4, -0.1),
    ("slovenia_s2_dem", "optical"): (1e-4, 0.0),
    ("spain_flood_s1s2", "optical"): (1e-4, 0.0),
}


@pytest.mark.parametrize(("scene", "key"), REFLECTANCE)
def test_the_units_of_reflectance_are_guessed_right(shared, scene, key):
    raster = describe(shared, scene)[key].rasters[0]
    band = raster.info.band(raster.bands[0])
    assert (band.scale, band.offset) == REFLECTANCE[scene, key]


@pytest.mark.parametrize(("trained", "other"), [("chile", "denmark"), ("denmark", "chile")])
def test_a_model_is_carried_to_a_scene_with_another_sentinel2_offset(shared, trained, other):
    def inputs(site):
        return {"optical": (RasterInput(str(shared / "data" / f"s1s2_{site}" / "s2_l2a.tif")),)}

    found = describe_inputs(inputs(trained))
    with Stack(found, choose_grid(found, GridRequest())[0]) as stack:
        preprocess = fit_preprocess(stack, "stretch")
    scene = repeat_recipes(inputs(other), {"optical": found["optical"].to_json()})
    assert any("unlike" in note or "without" in note for note in scene["optical"].notes)
    with Stack(scene, choose_grid(scene, GridRequest())[0]) as stack:
        lines = compare_ranges(stack, preprocess, fitting_sample(stack, RANGE_LIMIT))
    assert not any("offset" in line for line in lines)
