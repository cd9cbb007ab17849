from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.data.mask import Mask, parse_values
from landfuse.core.data.raster_description import inspect
from landfuse.core.data.windows import Window
from landfuse.core.errors import AlignmentError, JobError

WHOLE = Window(0, 0, 8, 8)


@pytest.fixture
def grid(coarse):
    return coarse(1, 8, 8)


def codes(**at):
    """Return 8 x 8 of vegetation (4) with some rows of other scene classes."""
    values = np.full((8, 8), 4, np.uint8)
    for row, value in at.items():
        values[int(row[1:])] = value
    return values


def left_out_rows(mask):
    return np.flatnonzero(~mask.allowed(WHOLE).any(axis=1)).tolist()


def test_values_are_read():
    assert parse_values("3, 8-10") == [3, 8, 9, 10]
    assert parse_values("") == []
    for wrong in ("a", "3-", "-3", "1-2-3"):
        with pytest.raises(JobError):
            parse_values(wrong)


def test_zero_and_nodata_are_left_out_unless_values_say_otherwise(write_raster, grid):
    path = write_raster("mask.tif", codes(r0=0, r1=9, r2=255), nodata=255)
    assert left_out_rows(Mask(path, grid)) == [0, 2]
    assert left_out_rows(Mask(path, grid, "9")) == [1, 2]
    assert Mask(path, grid).notes == ()


def test_a_scene_classification_is_known_by_name_and_values(write_raster, grid):
    values = codes(r0=0, r1=1, r2=3, r3=8, r4=9, r5=10, r6=11)
    mask = Mask(write_raster("T33UUU_SCL_20m.tif", values), grid)
    assert left_out_rows(mask) == [0, 1, 2, 3, 4, 5]
    assert "3 cloud shadow, 8 cloud, 9 cloud, 10 cirrus; MASK_VALUES (--mask-values)" in mask.notes[0]
    assert left_out_rows(Mask(write_raster("scl.tif", values), grid, "11")) == [6]
    assert left_out_rows(Mask(write_raster("muscle.tif", values), grid)) == [0]
    assert left_out_rows(Mask(write_raster("scl_percent.tif", codes(r0=0, r3=8, r5=100)), grid)) == [0]


def test_a_scene_classification_is_known_by_its_categories(write_raster, grid):
    from osgeo import gdal

    path = write_raster("classes.tif", codes(r1=9))
    data = gdal.Open(path, gdal.GA_Update)
    data.GetRasterBand(1).SetCategoryNames(["NODATA", "SATURATED", "CLOUD_SHADOW", "THIN_CIRRUS"])
    data = None
    assert inspect(path).category_names
    assert left_out_rows(Mask(path, grid)) == [1]


def test_a_mask_in_other_pixels_and_another_crs_is_placed_right(write_raster, grid):
    fine = np.repeat(np.repeat(codes(r2=0), 2, axis=0), 2, axis=1)
    assert left_out_rows(Mask(write_raster("fine.tif", fine, pixel=5.0), grid)) == [2]
    west = write_raster("lonlat.tif", np.ones((1, 1), np.uint8), crs="EPSG:4326", x=0.0, y=80.0, pixel=13.5)
    assert not Mask(west, grid).allowed(WHOLE).any()  # it ends at 13.5 degrees east, the grid begins beyond
    wide = write_raster("wide.tif", np.ones((1, 1), np.uint8), crs="EPSG:4326", x=0.0, y=80.0, pixel=60.0)
    assert Mask(wide, grid).allowed(WHOLE).all()


def test_a_mask_that_leaves_nothing_is_an_error(write_raster, grid):
    Mask(write_raster("some.tif", codes(r0=0)), grid).require_some()
    for path in (
        write_raster("none.tif", np.zeros((8, 8), np.uint8)),
        write_raster("away.tif", np.ones((8, 8), np.uint8), x=500000.0),
    ):
        with pytest.raises(AlignmentError, match=r"leaves nothing of the scene \(left out: 0\)"):
            Mask(path, grid).require_some()


def test_polygons_take_no_values_and_may_leave_nothing(write_layer, box, grid):
    layer = write_layer("areas.gpkg", [(box(0, 0, 2, 8), 1)], {"a": int})
    assert left_out_rows(Mask(layer, grid)) == [2, 3, 4, 5, 6, 7]
    with pytest.raises(JobError, match="the mask holds polygons"):
        Mask(layer, grid, "3")
    away = write_layer("away.gpkg", [(box(90, 90, 95, 95), 1)], {"a": int})
    with pytest.raises(AlignmentError, match="leaves nothing of the scene"):
        Mask(away, grid).require_some()
