from __future__ import annotations

import math
import re

import numpy as np
import pytest
from landfuse.core.data.modalities import describe_inputs
from landfuse.core.evaluation.input_shifts import measure_shifts, pairs_to_compare, shift_problem, shift_text
from landfuse.core.job import RasterInput

SIDE = 160


def _shifts(**paths):
    inputs = {k: tuple(RasterInput(p) for p in (v if isinstance(v, list) else [v])) for k, v in paths.items()}
    return measure_shifts(describe_inputs(inputs), lambda work, *args: work(*args))


def test_a_displaced_file_is_told_in_metres_and_in_words_with_the_way_back(two_views, save_raster):
    images = two_views(SIDE)
    optical = save_raster("o.tif", images[0], pixel=2.0)
    lidar = save_raster("l.tif", images[1], pixel=2.0, x=500000.0 + 6, y=5800000.0 - 3)
    (shift,) = _shifts(optical=optical, lidar=lidar)
    assert (shift.east, shift.north) == pytest.approx((6, -3), abs=0.6)
    grid = shift.first.modality.rasters[0].info.grid
    problem = shift_problem(shift, grid)
    assert re.match(r"lidar lies (5.9|6.0|6.1) m east and (2.9|3.0|3.1) m south of optical \(", problem.what)
    assert re.match(r"Move lidar (5.9|6.0|6.1) m west and (2.9|3.0|3.1) m north", problem.remedy)
    x, y = (float(v) for v in problem.remedy.split("-a_ullr ")[1].split(" ")[:2])
    assert (x, y) == pytest.approx((500000, 5800000), abs=0.6)


def test_a_coarse_source_is_measured_to_a_part_of_its_pixel(two_views, save_raster):
    fine, coarse = two_views(320, pixel=5)
    optical = save_raster("o.tif", fine)
    hsi = save_raster("h.tif", coarse, pixel=5.0, x=500000.0 + 4, y=5800000.0 - 2)
    (shift,) = _shifts(optical=optical, hsi=hsi)
    assert shift.sure
    assert (shift.east, shift.north) == pytest.approx((4, -2), abs=1.25 * 0.3)


def test_a_shift_below_a_map_pixel_or_half_a_coarse_one_is_a_remark(two_views, save_raster):
    images = two_views(SIDE)
    optical = save_raster("o.tif", images[0], pixel=2.0)
    (shift,) = _shifts(optical=optical, lidar=save_raster("l.tif", images[1], pixel=2.0, x=500001.2))
    assert shift.sure
    assert shift_problem(shift, shift.grid) is None
    assert "1.1 m east of optical (± 0.2 m, 0.6 map pixels)" in shift_text(shift, shift.grid)


def test_a_shift_that_may_be_within_the_limit_is_a_remark(two_views, save_raster):
    images = two_views(SIDE)
    optical = save_raster("o.tif", images[0], pixel=2.0)
    (shift,) = _shifts(optical=optical, lidar=save_raster("l.tif", images[1], pixel=2.0, x=500002.2))
    assert shift.sure
    assert 2.0 < shift.length < 2.0 + 2 * max(shift.error, 0.1)  # above a map pixel, but not surely
    assert shift_problem(shift, shift.grid) is None


def test_without_a_crs_the_directions_are_right_and_left(two_views, save_raster):
    images = two_views(SIDE)
    optical = save_raster("o.tif", images[0], epsg=0)
    (shift,) = _shifts(optical=optical, lidar=save_raster("l.tif", images[1], x=499996.0, epsg=0))
    assert "4.0 units left from optical" in shift_text(shift, shift.grid)


def test_sources_without_a_shift_lie_on_one_another(two_views, save_raster):
    images = two_views(SIDE, contrast="same")
    (shift,) = _shifts(optical=save_raster("o.tif", images[0]), lidar=save_raster("l.tif", images[1]))
    assert shift_text(shift, shift.grid) == "lidar lies on optical within 0.1 m."


def test_unlike_sources_are_not_sure_and_tiny_or_distant_ones_not_measured(two_views, save_raster):
    image = two_views(SIDE)[0]
    noise = np.random.default_rng(0).random((SIDE, SIDE))
    optical = save_raster("o.tif", image)
    (shift,) = _shifts(optical=optical, lidar=save_raster("n.tif", noise))
    assert not shift.sure
    assert _shifts(optical=optical, lidar=save_raster("t.tif", image[:20, :20])) == ()
    assert _shifts(optical=optical, lidar=save_raster("f.tif", image, x=600000.0)) == ()


def test_a_source_without_valid_pixels_is_not_sure(two_views, save_raster):
    image = two_views(SIDE)[0]
    empty = save_raster("e.tif", np.where(np.arange(SIDE) == 0, image, -1), nodata=-1)
    (shift,) = _shifts(optical=save_raster("o.tif", image), lidar=empty)
    assert not shift.sure
    assert math.isnan(shift.east)


def test_each_pair_and_the_layers_of_one_modality_are_compared_the_finer_first(save_raster, two_views):
    image = two_views(64)[0]
    dates = [save_raster("a.tif", image, pixel=10.0), save_raster("b.tif", image[:, ::-1], pixel=10.0)]
    other = save_raster("fine.tif", image, pixel=5.0)
    inputs = {"optical": tuple(RasterInput(p) for p in dates), "sar": (RasterInput(other),)}
    names = [(a.name, b.name) for a, b in pairs_to_compare(describe_inputs(inputs))]
    assert names == [("sar", "optical"), ("optical (a.tif)", "optical (b.tif)")]


def test_a_raster_that_runs_from_south_to_north_is_read_the_right_way_up(two_views, save_raster):
    images = two_views(SIDE)
    gdal = pytest.importorskip("osgeo.gdal")
    lidar = save_raster("l.tif", images[1][::-1])
    data = gdal.Open(lidar, gdal.GA_Update)
    data.SetGeoTransform((500003.0, 1.0, 0, 5800000.0 - SIDE, 0, 1.0))
    data = None
    (shift,) = _shifts(optical=save_raster("o.tif", images[0]), lidar=lidar)
    assert shift.sure
    assert (shift.east, shift.north) == pytest.approx((3, 0), abs=0.3)


def test_degrees_become_metres_on_the_ground(two_views, save_raster):
    images = two_views(SIDE)
    place = {"pixel": 1e-5, "x": 12.0, "epsg": 4326}
    optical = save_raster("o.tif", images[0], y=60.0, **place)
    (shift,) = _shifts(optical=optical, lidar=save_raster("l.tif", images[1], y=60.00004, **place))
    assert shift.sure
    assert (shift.east, shift.north) == pytest.approx((0, 4 * 1.114), abs=0.35)  # 111.4 km a degree
    assert "m north of optical" in shift_text(shift, shift.grid)


def test_a_pattern_that_repeats_is_not_sure(save_raster):
    cells = np.kron(np.random.default_rng(0).random((20, 20)), np.ones((8, 8)))
    turned = 1 - np.kron(np.random.default_rng(1).random((20, 20)), np.ones((8, 8)))
    (shift,) = _shifts(optical=save_raster("o.tif", cells), lidar=save_raster("l.tif", turned, x=500004.0))
    assert not shift.sure


@pytest.mark.shared_data
def test_a_real_radar_image_that_lies_two_pixels_off_is_found(shared):
    folder = shared / "data" / "s1s2_chile"
    (shift,) = _shifts(optical=str(folder / "s2_l2a.tif"), sar=str(folder / "s1_rtc.tif"))
    assert shift.sure
    assert (shift.east, shift.north) == pytest.approx((-13, 23), abs=4)  # mutual information: -15, 25
