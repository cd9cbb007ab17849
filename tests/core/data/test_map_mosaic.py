"""The virtual raster over class maps of several scenes."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from landfuse.core.data.classes import LandClass
from landfuse.core.data.coordinates import make_grid
from landfuse.core.data.map_mosaic import write_mosaics
from landfuse.core.data.raster_description import inspect
from landfuse.core.data.raster_output import create_class_map
from landfuse.core.data.windows import Window
from osgeo import gdal

CLASSES = (LandClass(1, "Water", "#0000ff"), LandClass(3, "Wald & Wiese", "#00ff00"))


@pytest.fixture
def write_map(tmp_path):
    def write(name, values, *, x=400000.0, y=5800000.0, pixel=10.0, crs="EPSG:32633", classes=CLASSES):
        values = np.asarray(values)
        grid = make_grid(crs, (x, pixel, 0.0, y, 0.0, -pixel), *values.shape)
        with create_class_map(tmp_path / name, grid, classes) as output:
            output.write(Window(0, 0, *values.shape), values)
        return str(tmp_path / name)

    return write


def test_maps_lie_side_by_side_and_holes_show_what_is_below(write_map, tmp_path):
    west = write_map("west.tif", [[1, 1], [1, 1]])
    # One pixel to the east and, not nesting, 0.4 pixels to the south.
    east = write_map("east.tif", [[3, 0], [0, 3]], x=400010.0, y=5799996.0)
    mosaics = write_mosaics(str(tmp_path), [west, east], CLASSES)
    assert mosaics.paths == (str(tmp_path / "maps.vrt"),)
    found = gdal.Open(mosaics.paths[0]).ReadAsArray()
    np.testing.assert_array_equal(found, [[1, 3, 0], [1, 1, 3]])
    info = inspect(mosaics.paths[0])
    assert info.grid.transform == (400000.0, 10.0, 0.0, 5800000.0, 0.0, -10.0)
    assert info.category_names == ("no data", "Water", "", "Wald & Wiese")
    assert info.color_table[:4] == ("#000000", "#0000ff", "#000000", "#00ff00")
    assert info.bands[0].nodata == (0.0,)
    assert "Wald &amp; Wiese" in (tmp_path / "maps.qml").read_text(encoding="utf-8")


def test_the_folder_can_be_moved(write_map, tmp_path):
    one = write_map("one.tif", [[1, 3]])
    write_mosaics(str(tmp_path), [one], CLASSES)
    moved = tmp_path.parent / f"{tmp_path.name}_moved"
    shutil.move(tmp_path, moved)
    assert gdal.Open(str(moved / "maps.vrt")).ReadAsArray().tolist() == [[1, 3]]


def test_other_coordinate_systems_and_pixel_sizes_have_a_file_of_their_own(write_map, tmp_path):
    first = write_map("a.tif", [[1]])
    write_mosaics(str(tmp_path), [first], CLASSES)
    maps = [first, write_map("b.tif", [[3]], crs="EPSG:32632"), write_map("c.tif", [[3]], pixel=20.0)]
    mosaics = write_mosaics(str(tmp_path), maps, CLASSES)
    names = ["maps_EPSG32632_10.vrt", "maps_EPSG32633_10.vrt", "maps_EPSG32633_20.vrt"]
    assert sorted(path.name for path in tmp_path.glob("maps*.vrt")) == names  # and no older maps.vrt
    assert sorted(mosaics.paths) == [str(tmp_path / name) for name in names]


def test_maps_that_nothing_places_are_in_no_mosaic(write_map, tmp_path):
    bare = write_map("bare.tif", [[1]], x=0.0, y=0.0, pixel=1.0, crs="")
    local = write_map("local.tif", [[1]], x=20.0, y=0.0, pixel=1.0, crs="")
    mosaics = write_mosaics(str(tmp_path), [bare, local], CLASSES)
    assert mosaics.unplaced == ("bare.tif",)
    assert inspect(mosaics.paths[0]).grid.bounds.x_min == 20.0
    assert write_mosaics(str(tmp_path), [bare], CLASSES).paths == ()


def test_class_values_above_255_stay(write_map, tmp_path):
    wide = (*CLASSES, LandClass(300, "Rock", "#808080"))
    one = write_map("one.tif", [[1, 300]], classes=wide)
    (path,) = write_mosaics(str(tmp_path), [one], wide).paths
    assert gdal.Open(path).ReadAsArray().tolist() == [[1, 300]]
    assert len(inspect(path).category_names) == 301
