from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
from landfuse.core.data.aligned_reader import AlignedReader
from landfuse.core.data.coordinates import make_grid
from landfuse.core.data.grid import Grid
from landfuse.core.data.raster_description import inspect
from landfuse.core.data.windows import Window, iter_tiles
from landfuse.core.errors import AlignmentError, RasterReadError
from osgeo import gdal

UTM = "EPSG:32633"


def whole(grid: Grid) -> Window:
    return Window(0, 0, grid.rows, grid.cols)


def read_all(path, grid, **options):
    info = inspect(path)
    with AlignedReader(info, [b.number for b in info.bands], grid, **options) as reader:
        return reader.read(whole(grid))


def test_the_own_grid_gives_the_stored_values(write_raster):
    data = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    path = write_raster("a.tif", data)
    assert np.array_equal(read_all(path, inspect(path).grid), data)


def test_coarsening_averages_the_valid_pixels(coarse, write_raster):
    data = np.array([[[1, 3, 8, 8], [5, 7, -1, 2]]], np.float32)
    path = write_raster("a.tif", data, nodata=-1)
    assert read_all(path, coarse(2, 1, 2))[0].tolist() == [[4.0, 6.0]]


def test_refining_is_bilinear_and_keeps_a_plane(coarse, write_raster):
    row, col = np.mgrid[0:8, 0:8]
    path = write_raster("a.tif", (3.0 * row + 5.0 * col)[None].astype(np.float32))
    found = read_all(path, coarse(0.5, 16, 16))[0]
    fine_row, fine_col = (np.mgrid[0:16, 0:16] + 0.5) / 2 - 0.5
    assert np.allclose(found[2:-2, 2:-2], (3 * fine_row + 5 * fine_col)[2:-2, 2:-2], atol=1e-4)


@pytest.mark.parametrize("factor", [1, 2, 0.5])
def test_nan_and_infinities_are_left_out_like_nodata(coarse, write_raster, factor):
    clean = np.full((1, 8, 8), 2.0, np.float32)
    broken = clean.copy()
    broken[0, 3, 3], broken[0, 5, 2], broken[0, 6, 6] = np.nan, np.inf, -np.inf
    grid = coarse(factor, int(8 / factor), int(8 / factor))
    found = read_all(write_raster("broken.tif", broken), grid)
    assert not np.isinf(found).any()
    assert set(np.unique(found[np.isfinite(found)])) == {2.0}
    assert np.isnan(found).any() == (factor < 2)  # an average of four still has three


def test_pixels_outside_the_raster_are_nan(coarse, write_raster):
    path = write_raster("a.tif", np.ones((1, 4, 4), np.float32))
    for factor in (1, 0.5, 2):
        grid = coarse(factor, int(8 / factor), int(8 / factor))
        inside = np.isfinite(read_all(path, grid)[0])
        assert inside[: int(4 / factor), : int(4 / factor)].all()
        assert inside.sum() == (4 / factor) ** 2


@pytest.mark.parametrize("factor", [1, 2])
def test_a_mask_band_is_honoured(coarse, write_raster, factor):
    data = np.full((1, 4, 4), 9, np.uint8)
    path = write_raster("a.tif", data)
    tiff = gdal.Open(path, gdal.GA_Update)
    tiff.CreateMaskBand(gdal.GMF_PER_DATASET)
    mask = np.full((4, 4), 255, np.uint8)
    mask[:2, :2] = 0
    tiff.GetRasterBand(1).GetMaskBand().WriteArray(mask)
    tiff = None
    found = read_all(path, coarse(factor, int(4 / factor), int(4 / factor)))[0]
    n = int(2 / factor)
    assert np.isnan(found[:n, :n]).all()
    assert np.isfinite(found).sum() == found.size - n * n


def test_an_alpha_band_hides_pixels_of_the_others(write_raster):
    data = np.full((2, 4, 4), 9, np.uint8)
    data[1] = 255
    data[1, 0, 0] = 0
    path = write_raster("a.tif", data, options=["ALPHA=YES"])
    info = inspect(path)
    assert [b.alpha for b in info.bands] == [False, True]
    with AlignedReader(info, [1], info.grid) as reader:
        found = reader.read(whole(info.grid))[0]
    assert np.isnan(found[0, 0])
    assert np.isfinite(found).sum() == 15


def test_each_band_has_its_own_nodata(coarse, write_raster):
    data = np.ones((2, 4, 4), np.float32)
    data[0, 0, 0], data[1, 3, 3] = -1, -1
    found = read_all(write_raster("a.tif", data, nodata=-1), coarse(0.5, 8, 8))
    assert np.isnan(found[0, 0, 0])
    assert np.isfinite(found[1, 0, 0])
    assert np.isnan(found[1, 7, 7])


@pytest.mark.parametrize("factor", [1, 0.5])
def test_several_nodata_values_are_all_missing(coarse, write_raster, factor):
    path = write_raster("a.tif", np.array([[[1, 2, 3, 4, 5, 6]]], np.float32), nodata=1)
    info = inspect(path)
    info = replace(info, bands=(replace(info.band(1), nodata=(1.0, 4.0, 6.0), scale=10.0),))
    grid = coarse(factor, round(1 / factor), round(6 / factor))
    with AlignedReader(info, [1], grid, "nearest") as reader:
        found = reader.read(whole(grid))[0, 0, :: round(1 / factor)]
    assert np.array_equal(found, [np.nan, 20, 30, np.nan, 50, np.nan], equal_nan=True)


def test_scale_and_offset_of_the_metadata_are_applied(write_raster):
    path = write_raster("a.tif", np.array([[[10, 20]]], np.int16), nodata=20)
    tiff = gdal.Open(path, gdal.GA_Update)
    tiff.GetRasterBand(1).SetScale(0.1)
    tiff.GetRasterBand(1).SetOffset(5)
    tiff = None
    found = read_all(path, inspect(path).grid)[0, 0]
    assert found[0] == pytest.approx(6.0)
    assert np.isnan(found[1])


def test_decibels_are_averaged_as_power(coarse, write_raster):
    path = write_raster("a.tif", np.array([[[0, -10], [-10, 0]]], np.float32))
    found = read_all(path, coarse(2, 1, 1), decibels=True)
    assert found[0, 0, 0] == pytest.approx(10 * np.log10(0.55), abs=1e-4)


def test_another_crs_is_reprojected(write_raster):
    path = write_raster(
        "deg.tif",
        np.full((1, 60, 60), 4, np.float32),
        pixel=0.001,
        x=13.5,
        y=52.3,
        crs="EPSG:4326",
    )
    grid = make_grid(UTM, (399000.0, 50.0, 0.0, 5792000.0, 0.0, -50.0), 30, 30)
    found = read_all(path, grid)
    assert np.isfinite(found).all()
    assert np.allclose(found, 4)


CASES = {
    "same": (UTM, (400000.0, 10.0, 0.0, 5800000.0, 0.0, -10.0), 150, 140),
    "shifted": (UTM, (399950.0, 10.0, 0.0, 5800050.0, 0.0, -10.0), 150, 140),
    "finer": (UTM, (400003.0, 3.6, 0.0, 5799997.0, 0.0, -3.6), 300, 400),
    "coarser": (UTM, (400003.0, 27.0, 0.0, 5799997.0, 0.0, -27.0), 50, 45),
    "other CRS": ("EPSG:32632", (808000.0, 10.0, 0.0, 5813000.0, 0.0, -10.0), 600, 600),
}


@pytest.mark.parametrize("case", CASES)
def test_values_do_not_depend_on_how_windows_are_cut(write_raster, case):
    rng = np.random.default_rng(1)
    data = rng.normal(size=(3, 150, 140)).astype(np.float32)
    data[rng.random(data.shape) < 0.05] = np.nan
    data[rng.random(data.shape) < 0.05] = -99
    path = write_raster("a.tif", data, nodata=-99, options=["TILED=YES", "BLOCKXSIZE=64", "BLOCKYSIZE=64"])
    grid = make_grid(*CASES[case])
    expected = read_all(path, grid)
    assert np.isfinite(expected).any()
    for _ in range(25):
        row, col = int(rng.integers(0, grid.rows)), int(rng.integers(0, grid.cols))
        height, width = int(rng.integers(1, grid.rows - row + 1)), int(rng.integers(1, grid.cols - col + 1))
        window = Window(row, col, height, width)
        with AlignedReader(path, [1, 2, 3], grid) as reader:
            assert np.array_equal(
                reader.read(window), expected[(slice(None), *window.slices())], equal_nan=True
            )
    tiled = np.empty_like(expected)
    with AlignedReader(path, [1, 2, 3], grid) as reader:
        for window in iter_tiles(grid.rows, grid.cols, 37):
            tiled[(slice(None), *window.slices())] = reader.read(window)
    assert np.array_equal(tiled, expected, equal_nan=True)


def test_a_raster_and_a_grid_must_both_have_a_crs_or_none(coarse, write_raster):
    path = write_raster("a.tif", np.ones((1, 2, 2), np.float32), crs="")
    with pytest.raises(AlignmentError, match="coordinate system"):
        read_all(path, coarse(1, 2, 2))


@pytest.mark.parametrize("factor", [1, 2, 0.5])
@pytest.mark.parametrize("exceptions", [False, True])
def test_a_raster_that_breaks_mid_run_is_an_error_not_a_hole(coarse, write_raster, factor, exceptions):
    rng = np.random.default_rng(0)
    data = rng.normal(size=(2, 700, 700)).astype(np.float32)
    path = write_raster("a.tif", data, options=["TILED=YES", "COMPRESS=DEFLATE"])
    grid = coarse(factor, int(700 / factor), int(700 / factor))
    used = gdal.GetUseExceptions()
    (gdal.UseExceptions if exceptions else gdal.DontUseExceptions)()
    try:
        with AlignedReader(path, [1, 2], grid) as reader:
            reader.read(Window(0, 0, 8, 8))
            os.truncate(path, 200_000)
            with pytest.raises(RasterReadError, match=r"a\.tif") as told:
                reader.read(whole(grid))
            assert told.value.remedy
    finally:
        (gdal.UseExceptions if used else gdal.DontUseExceptions)()


def test_a_raster_that_was_deleted_is_an_error(write_raster):
    path = write_raster("a.tif", np.ones((1, 2, 2), np.float32))
    info = inspect(path)
    os.remove(path)
    with pytest.raises(RasterReadError, match="does not exist"):
        AlignedReader(info, [1], info.grid)


def test_many_bands_are_read_in_order(coarse, write_raster):
    data = np.repeat(np.arange(150, dtype=np.float32), 16).reshape(150, 4, 4)
    path = write_raster("a.tif", data, options=["INTERLEAVE=PIXEL"])
    for factor in (1, 2):
        n = int(4 / factor)
        with AlignedReader(path, [150, 1, *range(2, 150)], coarse(factor, n, n)) as reader:
            found = reader.read(Window(0, 0, n, n))
        assert found[:, 0, 0].tolist() == [149, 0, *range(1, 149)]


@pytest.mark.parametrize("nodata", [np.nan, -3.4028234663852886e38, -9999, 0, 1e20])
@pytest.mark.parametrize("factor", [1, 0.5])
def test_any_nodata_value_is_understood(coarse, write_raster, nodata, factor):
    data = np.full((4, 4), 5, np.float32)
    data[:2, :2] = nodata
    path = write_raster("a.tif", data, nodata=nodata)
    found = read_all(path, coarse(factor, int(4 / factor), int(4 / factor)))[0]
    assert np.isnan(found[0, 0])
    assert np.isfinite(found).sum() >= 12 / factor**2
    assert np.unique(found[np.isfinite(found)]).tolist() == [5]


def test_a_nodata_value_the_type_cannot_hold_hides_nothing(write_raster):
    path = write_raster("a.tif", np.zeros((2, 2), np.uint8), nodata=-9999)
    assert (read_all(path, inspect(path).grid) == 0).all()


@pytest.mark.parametrize("factor", [1, 2])
def test_a_raster_deleted_before_the_first_window_gives_its_values_or_an_error(coarse, write_raster, factor):
    path = write_raster("a.tif", np.full((8, 8), 3, np.float32))
    n = int(8 / factor)
    with AlignedReader(path, [1], coarse(factor, n, n)) as reader:
        os.remove(path)
        try:
            found = reader.read(Window(0, 0, n, n))
        except RasterReadError:
            return
    assert (found == 3).all()
