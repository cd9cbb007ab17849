"""What digitising reads: regions on several sources, in other coordinate systems, and usable pixels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from landfuse.core.data.digitising_scene import VIEW_PIXELS, DigitisingScene, MapView
from landfuse.core.data.grid import Bounds
from landfuse.core.data.raster_io import crs_wkt, transform_points
from landfuse.core.errors import Cancelled, SamplesError
from landfuse.core.job import GridRequest, RasterInput
from landfuse.core.progress import Progress

UTM, DEGREES = "EPSG:32633", "EPSG:4326"
X, Y = 400000.0, 5800000.0  # corner of the small scene
EVERYWHERE = MapView(Bounds(X, Y - 96, X + 96, Y), UTM)


def scene_of(small_scene, keys=("optical", "lidar"), request=None, **extra):
    inputs = {key: tuple(RasterInput(**r) for r in small_scene.inputs[key]) for key in keys}
    return DigitisingScene({**inputs, **extra}, request or GridRequest())


def area(ring):
    x, y = ring[:-1].T
    return 0.5 * abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))


def box(x, y, width, height):
    return np.array([(x, y), (x + width, y), (x + width, y - height), (x, y - height), (x, y)], np.float64)


def test_a_field_is_grown_to_its_edges_and_no_farther(small_scene):
    # The second block (rows 0-11, columns 12-23) is forest: as grass in the picture, 12 m higher.
    region = scene_of(small_scene).grow((X + 36, Y - 12), EVERYWHERE, 1.0)
    assert region.n_pixels == pytest.approx(144, abs=12)
    assert area(region.outline) == pytest.approx(4 * region.n_pixels, rel=0.1)
    assert region.outline[:, 0].min() >= X + 22
    assert region.outline[:, 0].max() <= X + 50


def test_a_second_source_tells_apart_what_the_first_cannot(small_scene):
    seed = X + 12, Y - 12  # grass, beside forest that looks alike
    alone = scene_of(small_scene, ("optical",)).grow(seed, EVERYWHERE, 0.8)
    both = scene_of(small_scene).grow(seed, EVERYWHERE, 0.8)
    assert alone.n_pixels > 1.7 * both.n_pixels


def test_only_what_is_in_view_is_grown(small_scene):
    view = MapView(Bounds(X + 4, Y - 12, X + 16, Y - 4), UTM)
    region = scene_of(small_scene).grow((X + 10, Y - 8), view, 50.0)
    assert region.n_pixels == 6 * 4


def test_seed_view_and_outline_are_in_the_coordinates_asked_for(small_scene):
    lon, lat = transform_points([X + 36, X, X + 96], [Y - 12, Y - 96, Y], crs_wkt(UTM), crs_wkt(DEGREES))
    scene = scene_of(small_scene)
    view = MapView(Bounds(lon[1:].min(), lat[1:].min(), lon[1:].max(), lat[1:].max()), DEGREES)
    region = scene.grow((lon[0], lat[0]), view, 1.0)
    back = np.column_stack(transform_points(*region.outline.T, crs_wkt(DEGREES), crs_wkt(UTM)))
    assert region.n_pixels == pytest.approx(144, abs=12)
    assert area(back) == pytest.approx(4 * region.n_pixels, rel=0.1)


def test_a_large_view_is_read_coarsely_and_its_pixels_count_for_many(small_scene):
    side = 1000
    values = np.zeros((side, side), np.float32)
    values[:, side // 2 :] = 100
    path = small_scene.write_raster("large.tif", values)
    scene = DigitisingScene({"other": (RasterInput(path),)}, GridRequest())
    view = MapView(Bounds(X, Y - 2 * side, X + 2 * side, Y), UTM)
    region = scene.grow((X + 500, Y - 1000), view, 0.5)
    assert scene._view[1].features.shape[1:] == (VIEW_PIXELS, VIEW_PIXELS)
    assert region.n_pixels == pytest.approx(side * side / 2, rel=0.01)


def test_growing_where_a_source_has_no_data_says_so(small_scene):
    holes = small_scene.height()
    holes[0, :6, :6] = -9999
    hole = RasterInput(small_scene.write_raster("holes.tif", holes, pixel=4.0, nodata=-9999))
    scene = scene_of(small_scene, ("optical",), lidar=(hole,))
    for seed in ((X + 10, Y - 10), (X - 50, Y - 10)):
        with pytest.raises(SamplesError, match="Not all sources have data here"):
            scene.grow(seed, EVERYWHERE, 1.0)
    region = scene.grow((X + 60, Y - 10), EVERYWHERE, 100.0)
    assert region.n_pixels == 48 * 48 - 12 * 12


def test_a_cancelled_growing_stops(small_scene):
    with pytest.raises(Cancelled):
        scene_of(small_scene).grow((X + 36, Y - 12), EVERYWHERE, 1.0, Progress(is_cancelled=lambda: True))


def test_the_pixels_of_an_area_are_those_with_their_centre_inside(small_scene):
    scene = scene_of(small_scene)
    found = scene.pixels_of([[box(X + 10, Y - 10, 12, 8)]], UTM)
    assert (found.covered, found.usable) == (24, 24)
    ring_with_hole = [box(X + 10, Y - 10, 12, 8), box(X + 12, Y - 12, 4, 4)]
    assert scene.pixels_of([ring_with_hole], UTM).covered == 20
    tiny = scene.pixels_of([[box(X + 10.2, Y - 10.2, 0.3, 0.3)]], UTM)
    assert (tiny.covered, tiny.usable) == (1, 1)


def test_pixels_outside_the_sources_and_on_nodata_are_not_usable(small_scene):
    values = small_scene.optical()
    values[:, :10, :10] = 0
    path = small_scene.write_raster("nodata.tif", values, nodata=0)
    scene = DigitisingScene({"optical": (RasterInput(path),)}, GridRequest())
    assert scene.pixels_of([[box(X - 40, Y + 40, 20, 20)]], UTM).usable == 0
    assert scene.pixels_of([[box(X + 2, Y - 2, 10, 10)]], UTM).usable == 0
    half = scene.pixels_of([[box(X + 10, Y - 30, 20, -20)]], UTM)  # half of its columns on the hole
    assert half.covered == 100
    assert half.usable == 100 - 5 * 5
    beyond = scene.pixels_of([[box(X - 10, Y - 40, 20, 20)]], UTM)
    assert (beyond.covered, beyond.usable) == (100, 50)


def test_a_hole_in_any_source_makes_a_pixel_unusable_but_a_fill_does_not(small_scene):
    holes = small_scene.height()
    holes[0, :6, :6] = -9999
    hole = RasterInput(small_scene.write_raster("holes.tif", holes, pixel=4.0, nodata=-9999))
    place = [[box(X + 4, Y - 4, 10, 10)]]
    assert scene_of(small_scene, ("optical",), lidar=(hole,)).pixels_of(place, UTM).usable == 0
    filled = replace(hole, fill=0.0)
    assert scene_of(small_scene, ("optical",), lidar=(filled,)).pixels_of(place, UTM).usable == 25


def test_a_huge_area_is_counted_coarsely(small_scene):
    scene = scene_of(small_scene)
    found = scene.pixels_of([[box(X - 5000, Y + 5000, 10000, 10000)]], UTM)
    assert found.covered == pytest.approx(5000 * 5000, rel=0.01)
    assert found.usable == pytest.approx(48 * 48, rel=0.3)


def test_sources_without_any_crs_take_coordinates_as_they_are(small_scene):
    path = small_scene.write_raster("local.tif", small_scene.optical(), crs="")
    scene = DigitisingScene({"optical": (RasterInput(path),)}, GridRequest())
    assert scene.pixels_of([[box(X + 10, Y - 10, 12, 8)]], DEGREES).usable == 24


def test_speckle_does_not_tear_a_field_of_a_sar_image_apart(small_scene):
    random = np.random.default_rng(4)
    level = np.where(np.arange(96) < 48, 0.02, 0.4) * np.ones((96, 1))
    power = (level * random.gamma(4, 0.25, (96, 96))).astype(np.float32)
    path = small_scene.write_raster("sar.tif", power, pixel=1.0)
    scene = DigitisingScene({"sar": (RasterInput(path, quantity="sar_linear"),)}, GridRequest())
    region = scene.grow((X + 20, Y - 40), EVERYWHERE, 0.4)
    assert region.n_pixels == pytest.approx(96 * 48, rel=0.1)
