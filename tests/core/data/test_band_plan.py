"""Heights above ground, derived bands, filling and the speckle filter, from files to windows of the stack."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from landfuse.core.data.decimated import read_coarse, valid_coarse
from landfuse.core.data.grid_choice import choose_grid
from landfuse.core.data.modalities import describe_inputs
from landfuse.core.data.recipes import repeat_recipes
from landfuse.core.data.stack import Stack
from landfuse.core.data.terrain import roughness, slope
from landfuse.core.data.windows import Window, iter_tiles
from landfuse.core.errors import ModalityError
from landfuse.core.job import GridRequest, RasterInput

ROWS, COLS = 23, 26


def ground():
    rows, cols = np.indices((ROWS, COLS))
    return (200 + 2 * rows + cols).astype(np.float32)


def objects():
    return np.random.default_rng(0).uniform(0, 20, (ROWS, COLS)).astype(np.float32)


def with_hole(data):
    data = data.copy()
    data[5:9, 6:12] = np.nan
    return data


@pytest.fixture
def heights(write_raster):
    """A surface with a hole and a terrain in other pixels than the map's."""
    return (
        write_raster("dsm.tif", with_hole(ground() + objects())),
        write_raster("dtm.tif", ground(), pixel=10.0),
    )


def describe(key, *rasters):
    inputs = {key: tuple(r if isinstance(r, RasterInput) else RasterInput(r) for r in rasters)}
    return describe_inputs(inputs)[key]


def opened(modality):
    found = {modality.key: modality}
    return Stack(found, choose_grid(found, GridRequest())[0])


def whole(modality):
    with opened(modality) as stack:
        return stack.read(Window(0, 0, *stack.grid.shape))


def test_surface_minus_terrain_replaces_both(heights):
    lidar = describe("lidar", *heights)
    assert [band.name for band in lidar.bands] == ["height above ground"]
    assert lidar.quantity == "height_above_ground"
    assert any("height above ground, dsm.tif minus dtm.tif" in note for note in lidar.notes)
    assert not any("elevation" in note for note in lidar.notes)
    found = whole(lidar)
    assert found.data["lidar"][0] == pytest.approx(with_hole(objects()), abs=1e-4, nan_ok=True)
    assert np.array_equal(found.valid, np.isfinite(with_hole(objects())))
    coarse = read_coarse(lidar, opened(lidar).grid)
    assert coarse == pytest.approx(found.data["lidar"], nan_ok=True)


def test_several_surfaces_share_the_terrain(heights, write_raster):
    other = write_raster("dsm_first.tif", ground() + 30)
    lidar = describe("lidar", heights[0], heights[1], other)
    assert [b.name for b in lidar.bands] == ["height above ground of dsm", "height above ground of dsm_first"]
    assert whole(lidar).data["lidar"][1] == pytest.approx(np.full((ROWS, COLS), 30.0))


def test_heights_that_are_set_are_stacked_as_they_are(heights):
    lidar = describe("lidar", *(RasterInput(path, quantity="height") for path in heights))
    assert len(lidar.bands) == 2
    assert any("dsm.tif, dtm.tif the model learns the elevation" in note for note in lidar.notes)


def test_a_lone_surface_is_a_warning(heights):
    assert any("learns the elevation" in note for note in describe("lidar", heights[0]).notes)
    assert any(
        "dsm.tif is taken as heights above sea level (guessed" in n
        for n in describe("lidar", heights[0]).notes
    )


def test_slope_and_roughness_are_further_bands(heights):
    dsm = RasterInput(heights[0], derived=("slope", "roughness"))
    lidar = describe("lidar", dsm, heights[1])
    assert [band.name for band in lidar.bands] == ["height above ground", "slope", "roughness"]
    found = whole(lidar).data["lidar"]
    surface = with_hole(ground() + objects())
    assert found[1] == pytest.approx(slope(surface, (10.0, 10.0)), nan_ok=True)
    assert found[2] == pytest.approx(roughness(surface, (10.0, 10.0)), nan_ok=True)


def test_the_slope_of_the_terrain_stays_when_its_heights_do_not(heights):
    dtm = RasterInput(heights[1], derived=("slope",))
    lidar = describe("lidar", heights[0], dtm)
    assert [band.name for band in lidar.bands] == ["height above ground", "slope"]
    inner = whole(lidar).data["lidar"][1, 1:-1, 1:-1]
    assert inner == pytest.approx(np.full(inner.shape, np.degrees(np.arctan(np.hypot(0.1, 0.2)))), abs=1e-3)
    both = describe("lidar", *(RasterInput(path, derived=("slope",)) for path in heights))
    assert [b.name for b in both.bands] == ["height above ground", "slope of dsm", "slope of dtm"]


def test_missing_values_are_filled_in_the_units_that_are_used(heights):
    dsm, dtm = (RasterInput(path, fill=0.0, derived=("slope",)) for path in heights)
    found = whole(describe("lidar", dsm, dtm))
    assert found.valid.all()
    assert (
        found.data["lidar"][:2, 5:9, 6:12] == 0
    ).all()  # height above ground and slope, not 0 m of elevation
    assert np.isfinite(found.data["lidar"]).all()


def test_a_filled_source_is_valid_beyond_its_own_pixels(write_raster):
    lidar = RasterInput(write_raster("chm.tif", with_hole(objects())), fill=-1.0)
    optical = write_raster(
        "rgb.tif", np.random.default_rng(1).normal(100, 9, (3, ROWS, COLS)).astype(np.float32)
    )
    found = describe_inputs({"optical": (RasterInput(optical),), "lidar": (lidar,)})
    with Stack(found, choose_grid(found, GridRequest())[0]) as stack:
        read = stack.read(Window(0, 0, ROWS, COLS))
    assert read.valid.all()
    assert (read.data["lidar"][0, 5:9, 6:12] == -1).all()
    assert valid_coarse(found["lidar"], stack.grid).all()


def test_nothing_is_derived_of_what_is_no_height_and_no_speckle_filtered_in_it(write_raster):
    path = write_raster("intensity.tif", objects())
    lidar = describe("lidar", RasterInput(path, derived=("slope",), speckle=5))
    assert len(lidar.bands) == 1
    assert any("no raster holds heights" in note for note in lidar.notes)
    assert any("no raster is SAR" in note for note in lidar.notes)
    assert np.array_equal(whole(lidar).data["lidar"][0], objects())


SETTINGS = list(itertools.product((None, 3.0), (0, 5), ((), ("slope", "roughness")), (False, True)))


@pytest.mark.parametrize(("fill", "speckle", "derived", "terrain"), SETTINGS)
@pytest.mark.parametrize("warped", [False, True])
def test_windows_do_not_depend_on_the_tile(write_raster, fill, speckle, derived, terrain, warped):
    rng = np.random.default_rng(3)
    power = rng.gamma(4, 0.02, (2, ROWS, COLS)).astype(np.float32)
    place = {"x": 400003.0, "y": 5799996.0} if warped else {}
    settings = {"fill": fill, "speckle": speckle, "derived": derived}
    sar = RasterInput(write_raster("sar.tif", with_nan(power), **place), quantity="sar_linear", **settings)
    dsm = RasterInput(write_raster("dsm.tif", with_hole(ground() + objects()), **place), **settings)
    dtm = RasterInput(write_raster("dtm.tif", ground()), **settings)
    found = describe_inputs({"sar": (sar,), "lidar": (dsm, dtm) if terrain else (dsm,)})
    grid, _ = choose_grid(found, GridRequest(pixel_size=10.0, extent=(400000, 5799770, 400260, 5800000)))
    with Stack(found, grid) as stack:
        rows, cols = grid.shape
        at_once = stack.read(Window(0, 0, rows, cols), 2)
        for tile in tiles(rows, cols):
            read = stack.read(tile, 2)
            place = slice(tile.row, tile.row_stop + 4), slice(tile.col, tile.col_stop + 4)
            assert np.array_equal(read.valid, at_once.valid[place])
            for key, values in read.data.items():
                assert np.array_equal(values, at_once.data[key][(slice(None), *place)], equal_nan=True)


def with_nan(power):
    power = power.copy()
    power[:, 14:17, 3:9] = np.nan
    power[0, 2, 2] = np.nan
    return power


def tiles(rows, cols):
    for tile in iter_tiles(rows, cols, 7):
        yield Window(tile.row, tile.col, tile.height, min(tile.width, 5))


# The recipe.


def repeat(trained, *rasters):
    recipe = json.loads(json.dumps({trained.key: trained.to_json()}))
    inputs = {trained.key: tuple(r if isinstance(r, RasterInput) else RasterInput(r) for r in rasters)}
    return repeat_recipes(inputs, recipe)[trained.key]


def test_the_recipe_repeats_heights_derived_bands_and_filling(heights):
    dsm, dtm = (RasterInput(path, fill=0.0, derived=("slope",)) for path in heights)
    trained = describe("lidar", dsm, dtm)
    again = repeat(trained, *heights)
    assert [b.name for b in again.bands] == [b.name for b in trained.bands]
    assert np.array_equal(whole(again).data["lidar"], whole(trained).data["lidar"])
    holes = repeat(trained, *(RasterInput(path, fill=float("nan")) for path in heights))
    assert not whole(holes).valid.all()
    other = repeat(trained, *(RasterInput(path, fill=2.5) for path in heights))
    assert (whole(other).data["lidar"][0, 5:9, 6:12] == 2.5).all()


def test_surface_and_terrain_may_come_in_any_order(heights):
    trained = describe("lidar", *heights)
    again = repeat(trained, heights[1], heights[0])
    assert np.array_equal(whole(again).data["lidar"], whole(trained).data["lidar"], equal_nan=True)
    assert any("dtm.tif is taken as the terrain" in note for note in again.notes)


def test_a_scene_without_the_terrain_is_an_error(heights):
    trained = describe("lidar", *heights)
    with pytest.raises(
        ModalityError, match=r"1 surface and 1 terrain raster; 1 raster is given \(dsm\.tif\)"
    ):
        repeat(trained, heights[0])


def test_the_speckle_filter_is_repeated(write_raster):
    power = np.random.default_rng(3).gamma(4, 0.02, (1, ROWS, COLS)).astype(np.float32)
    path = write_raster("vv.tif", power)
    trained = describe("sar", RasterInput(path, speckle=5))
    assert any("speckle is filtered (Lee) in windows of 5 x 5" in note for note in trained.notes)
    again = repeat(trained, path)
    assert again.rasters[0].speckle == 5
    assert whole(again).data["sar"].std() < whole(describe("sar", path)).data["sar"].std()
