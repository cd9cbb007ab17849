from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.data.coordinates import make_grid, transform_bounds
from landfuse.core.data.decimated import coarse_grid, read_coarse, valid_coarse
from landfuse.core.data.modalities import describe_inputs
from landfuse.core.data.stack import Stack
from landfuse.core.data.windows import Window
from landfuse.core.job import RasterInput

gdal = pytest.importorskip("osgeo.gdal")
osr = pytest.importorskip("osgeo.osr")

X0, Y0 = 500000.0, 5800000.0


def write_raster(path, values, pixel=1.0, x=X0, nodata=None):
    bands, rows, cols = values.shape
    data = gdal.GetDriverByName("GTiff").Create(str(path), cols, rows, bands, gdal.GDT_Float32)
    data.SetGeoTransform((x, pixel, 0, Y0, 0, -pixel))
    reference = osr.SpatialReference()
    reference.ImportFromEPSG(32633)
    data.SetProjection(reference.ExportToWkt())
    for i, band in enumerate(values, 1):
        if nodata is not None:
            data.GetRasterBand(i).SetNoDataValue(nodata)
        data.GetRasterBand(i).WriteArray(band)
    return RasterInput(str(path), bands=f"1-{bands}")


def _optical(*rasters):
    return describe_inputs({"optical": rasters})["optical"]


def test_a_coarse_grid_covers_the_same_rectangle():
    grid = make_grid("EPSG:32633", (X0, 2.0, 0.0, Y0, 0.0, -2.0), 90, 60)
    coarse = coarse_grid(grid, 30)
    assert coarse.shape == (30, 20)
    assert coarse.bounds == grid.bounds
    assert coarse.pixel_metres == pytest.approx(6.0)
    assert coarse_grid(grid, 100) is grid


def test_on_the_raster_s_own_grid_the_values_are_those_of_the_file(tmp_path):
    values = np.random.default_rng(0).random((2, 7, 5)).astype(np.float32)
    modality = _optical(write_raster(tmp_path / "a.tif", values))
    assert (read_coarse(modality, modality.rasters[0].info.grid) == values).all()


def test_a_coarse_pixel_takes_a_value_from_under_it(tmp_path):
    rows, cols = np.mgrid[0:60, 0:40]
    modality = _optical(write_raster(tmp_path / "a.tif", np.stack([rows, cols]).astype(np.float32)))
    coarse = coarse_grid(modality.rasters[0].info.grid, 6)  # 10 x 10 pixels each
    read = read_coarse(modality, coarse)
    assert (read[0] // 10 == np.arange(6)[:, None]).all()
    assert (read[1] // 10 == np.arange(4)[None, :]).all()


def test_in_another_coordinate_system_it_agrees_with_the_stack(tmp_path):
    rows, cols = np.mgrid[0:300, 0:300].astype(np.float32)
    modality = _optical(write_raster(tmp_path / "a.tif", np.stack([rows, cols])))
    own = modality.rasters[0].info.grid
    box = transform_bounds(own.bounds, own.crs, make_grid("EPSG:4326", (0, 1, 0, 0, 0, -1), 1, 1).crs)
    width, height = (box.x_max - box.x_min) / 30, (box.y_max - box.y_min) / 30
    grid = make_grid("EPSG:4326", (box.x_min, width, 0.0, box.y_max, 0.0, -height), 30, 30)
    with Stack({"optical": modality}, grid) as stack:
        expected = stack.read(Window(0, 0, 30, 30))
    read = read_coarse(modality, grid)
    both = np.isfinite(read) & np.isfinite(expected.data["optical"])
    assert both.mean() > 0.9
    assert np.abs(read - expected.data["optical"])[both].max() < 15  # within a coarse pixel of 10 m
    assert (valid_coarse(modality, grid) == expected.valid).mean() > 0.97


def test_nodata_and_places_outside_are_not_valid(tmp_path):
    values = np.ones((3, 20, 20), dtype=np.float32)
    values[:, :10] = -5
    values[0, 10:] = -5  # one band of three: still valid
    modality = _optical(write_raster(tmp_path / "a.tif", values, nodata=-5))
    grid = make_grid("EPSG:32633", (X0 - 20, 4.0, 0.0, Y0, 0.0, -4.0), 5, 10)
    valid = valid_coarse(modality, grid)
    assert not valid[:, :5].any()
    assert not valid[:2].any()
    assert valid[3:, 5:].all()


def test_overviews_nodata_scale_and_mask_are_respected(tmp_path):
    values = np.full((1, 1200, 1200), 5.0, np.float32)
    values[:, :600] = -9999
    asked = write_raster(tmp_path / "a.tif", values, nodata=-9999)
    data = gdal.Open(asked.path, gdal.GA_Update)
    data.BuildOverviews("NEAREST", [2, 4])
    data.GetRasterBand(1).SetScale(2)
    data.GetRasterBand(1).SetOffset(1)
    data = None
    modality = _optical(asked)
    read = read_coarse(modality, coarse_grid(modality.rasters[0].info.grid, 300))
    assert np.isnan(read[0, :150]).all()
    assert (read[0, 150:] == 11.0).all()


def test_a_mask_band_is_respected(tmp_path):
    asked = write_raster(tmp_path / "a.tif", np.ones((3, 40, 40), np.float32))
    data = gdal.Open(asked.path, gdal.GA_Update)
    data.CreateMaskBand(gdal.GMF_PER_DATASET)
    mask = np.full((40, 40), 255, np.uint8)
    mask[:, :20] = 0
    data.GetRasterBand(1).GetMaskBand().WriteArray(mask)
    data = None
    modality = _optical(asked)
    valid = valid_coarse(modality, coarse_grid(modality.rasters[0].info.grid, 10))
    assert not valid[:, :5].any()
    assert valid[:, 5:].all()


def test_a_raster_far_away_is_nowhere_valid(tmp_path):
    modality = _optical(write_raster(tmp_path / "a.tif", np.ones((1, 4, 4), np.float32), x=X0 + 9999))
    assert not valid_coarse(modality, make_grid("EPSG:32633", (X0, 1.0, 0.0, Y0, 0.0, -1.0), 4, 4)).any()


def test_the_tiles_of_a_mosaic_fill_each_other(tmp_path):
    left = write_raster(tmp_path / "a.tif", np.full((1, 6, 6), 1.0, np.float32))
    right = write_raster(tmp_path / "b.tif", np.full((1, 6, 6), 2.0, np.float32), x=X0 + 6)
    modality = _optical(left, right)
    assert len(modality.layers) == 1
    grid = make_grid("EPSG:32633", (X0, 1.0, 0.0, Y0, 0.0, -1.0), 6, 12)
    assert read_coarse(modality, grid)[0, 0].tolist() == [1.0] * 6 + [2.0] * 6
