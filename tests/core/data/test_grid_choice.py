from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.data.coordinates import make_grid
from landfuse.core.data.grid_choice import choose_grid
from landfuse.core.data.modalities import describe_inputs
from landfuse.core.data.raster_io import crs_name
from landfuse.core.errors import AlignmentError
from landfuse.core.job import GridRequest, RasterInput


def noise(*shape):
    return np.random.default_rng(0).normal(100, 10, shape).astype(np.float32)


@pytest.fixture
def scene(write_raster):
    """A cube of 30 m and a height model of 7 m in a grid that does not nest, 900 m and about 840 m wide."""
    return describe_inputs(
        {
            "hsi": (RasterInput(write_raster("hsi.tif", noise(3, 30, 30), pixel=30.0)),),
            "lidar": (
                RasterInput(write_raster("lidar.tif", noise(120, 120), pixel=7.0, x=400003, y=5799998)),
            ),
        }
    )


@pytest.fixture
def degrees(write_raster):
    path = write_raster("deg.tif", noise(100, 100), pixel=0.0001, x=13.5, y=52.3, crs="EPSG:4326")
    return describe_inputs({"optical": (RasterInput(path),)})


def test_without_samples_the_finest_source_gives_the_grid(scene):
    grid, notes = choose_grid(scene, GridRequest())
    assert grid.transform == (400003, 7, 0, 5799998, 0, -7)
    assert grid.shape == (120, 120)
    assert "pixels of lidar.tif" in notes[0]
    assert any("hsi: coarser than the grid (30 m)" in note for note in notes)


@pytest.mark.parametrize(("width", "expected"), [(60.0, 7.0), (70.0, 7.0), (71.0, 30.0), (5000.0, 30.0)])
def test_a_pixel_is_at_least_a_tenth_of_the_sample_width(scene, width, expected):
    grid, _ = choose_grid(scene, GridRequest(), samples_pixel=width)
    assert grid.metres == (expected, expected)


def test_the_grid_reaches_as_far_as_all_sources(scene):
    grid, _ = choose_grid(scene, GridRequest(), samples_pixel=200.0)
    common = grid.bounds
    assert common.x_min >= 400000
    assert common.x_max <= 400003 + 840 + 15
    # A pixel belongs to it when its centre lies in every source.
    for modality in scene.values():
        box = modality.rasters[0].info.grid.bounds
        assert common.x_min + 15 >= box.x_min
        assert common.x_max - 15 <= box.x_max
        assert common.y_min + 15 >= box.y_min
        assert common.y_max - 15 <= box.y_max


def test_a_label_raster_gives_the_grid_before_the_samples_do(scene, write_raster):
    labels = write_raster("labels.tif", np.ones((90, 90), np.uint8), pixel=10.0)
    grid, notes = choose_grid(scene, GridRequest(), labels_path=labels, samples_pixel=500.0)
    assert grid.transform == (400000, 10, 0, 5800000, 0, -10)
    assert "label raster" in notes[0]


def test_the_model_pixel_size_goes_to_the_source_nearest_to_it(scene):
    assert choose_grid(scene, GridRequest(), model_pixel=29.5)[0].transform[:2] == (400000, 30)
    assert choose_grid(scene, GridRequest(), model_pixel=7.2)[0].transform[:2] == (400003, 7)
    assert choose_grid(scene, GridRequest(), model_pixel=10.0)[0].metres == (10, 10)


def test_the_model_pixel_size_is_brought_to_feet(write_raster):
    foot = 1200 / 3937  # US survey foot
    path = write_raster("feet.tif", noise(30, 30), pixel=3.0, x=980000.0, y=200000.0, crs="EPSG:2263")
    modalities = describe_inputs({"optical": (RasterInput(path),)})
    grid, notes = choose_grid(modalities, GridRequest(), model_pixel=2.0)
    assert grid.pixel_size == pytest.approx((2.0 / foot, 2.0 / foot))
    assert grid.transform[0] == 980000.0
    assert grid.shape == (14, 14)  # 30 x 3 feet are 13.7 pixels of 2 m
    assert "pixels of 6.56167 map units (2 m), EPSG:2263" in notes[0]


def test_a_reference_raster_comes_first(scene, write_raster):
    reference = write_raster("ref.tif", noise(20, 20), pixel=20.0, x=400100, y=5799900)
    request = GridRequest(reference=reference)
    grid, _ = choose_grid(scene, request, labels_path=reference, model_pixel=7.0)
    assert grid.metres == (20, 20)
    assert (grid.transform[0] - 400100) % 20 == 0


def test_an_asked_pixel_size_and_extent_are_kept(scene):
    extent = (400100.0, 5799700.0, 400300.0, 5799900.0)
    grid, _ = choose_grid(scene, GridRequest(pixel_size=5.0, extent=extent))
    assert grid.metres == (5, 5)
    assert grid.shape == (40, 40)
    assert abs(grid.bounds.x_min - extent[0]) <= 2.5


def test_an_extent_in_another_crs_is_brought_to_the_grid(scene):
    grid, _ = choose_grid(scene, GridRequest(extent=(13.4, 52.3, 13.6, 52.4), extent_crs="EPSG:4326"))
    assert grid.rows > 10
    with pytest.raises(AlignmentError, match="outside the sources"):
        choose_grid(scene, GridRequest(extent=(0, 0, 1, 1), extent_crs="EPSG:4326"))


def test_degrees_become_utm_with_square_pixels(degrees):
    grid, notes = choose_grid(degrees, GridRequest())
    assert crs_name(grid.crs) == "EPSG:32633"
    assert grid.metres[0] == grid.metres[1] == pytest.approx(8.7, abs=0.2)
    assert "brought to EPSG:32633" in notes[0]


def test_an_asked_pixel_size_means_metres_unless_it_can_only_be_degrees(degrees):
    assert choose_grid(degrees, GridRequest(pixel_size=20.0))[0].metres == (20, 20)
    assert crs_name(choose_grid(degrees, GridRequest(pixel_size=0.0002))[0].crs) == "EPSG:4326"


def test_training_and_prediction_choose_the_same_grid(degrees, scene):
    for modalities in (degrees, scene):
        grid, _ = choose_grid(modalities, GridRequest())
        assert choose_grid(modalities, GridRequest(), model_pixel=grid.pixel_metres)[0] == grid


def test_an_exact_grid_is_repeated(scene):
    grid, _ = choose_grid(scene, GridRequest(), samples_pixel=200.0)
    assert choose_grid(scene, GridRequest(exact=grid.to_json()))[0] == grid


def test_modalities_that_do_not_overlap_are_named(write_raster):
    near, far = write_raster("near.tif", noise(8, 8)), write_raster("far.tif", noise(8, 8), x=500000.0)
    modalities = describe_inputs({"hsi": (RasterInput(near),), "sar": (RasterInput(far),)})
    with pytest.raises(AlignmentError, match="'hsi' and 'sar' do not overlap") as told:
        choose_grid(modalities, GridRequest())
    assert told.value.where == "near.tif, far.tif"
    assert told.value.remedy


def test_rasters_of_one_modality_that_neither_tile_nor_overlap_are_named(write_raster):
    near = write_raster("near.tif", noise(8, 8), names=["height"])
    far = write_raster("far.tif", noise(8, 8), names=["intensity"], x=500000.0)
    modalities = describe_inputs({"lidar": (RasterInput(near), RasterInput(far))})
    with pytest.raises(AlignmentError, match=r"near\.tif, far\.tif do not overlap"):
        choose_grid(modalities, GridRequest())


def test_three_that_overlap_in_pairs_only_are_told(write_raster):
    def strip(name, x, y, rows, cols):
        return (RasterInput(write_raster(name, noise(rows, cols), x=400000.0 + x, y=5800000.0 + y)),)

    modalities = describe_inputs(
        {
            "hsi": strip("a.tif", 0, 0, 4, 40),
            "sar": strip("b.tif", 0, 0, 40, 4),
            "lidar": strip("c.tif", 60, 0, 40, 4),
        }
    )
    with pytest.raises(AlignmentError, match="do not overlap"):
        choose_grid(modalities, GridRequest())


def test_labels_without_crs_beside_placed_sources_are_an_error(scene, write_raster):
    labels = write_raster("labels.tif", np.ones((30, 30), np.uint8), crs="")
    with pytest.raises(AlignmentError, match=r"'hsi\.tif' has a coordinate system, '.*labels\.tif' has none"):
        choose_grid(scene, GridRequest(), labels_path=labels)


def test_a_raster_that_is_south_up_gives_a_north_up_grid(write_raster, tmp_path):
    from osgeo import gdal

    path = write_raster("a.tif", noise(8, 6))
    tiff = gdal.Open(path, gdal.GA_Update)
    tiff.SetGeoTransform((400000, 10, 0, 5799920, 0, 10))
    tiff = None
    modalities = describe_inputs({"hsi": (RasterInput(path),)})
    grid, _ = choose_grid(modalities, GridRequest())
    assert grid.transform == (400000, 10, 0, 5800000, 0, -10)


def test_a_rotated_source_gives_north_up_pixels_of_the_same_area(write_raster):
    from osgeo import gdal

    path = write_raster("a.tif", noise(8, 6))
    tiff = gdal.Open(path, gdal.GA_Update)
    tiff.SetGeoTransform((400000, 6, 8, 5800000, 8, -6))  # sides of 10 m
    tiff = None
    modalities = describe_inputs({"hsi": (RasterInput(path),)})
    grid, notes = choose_grid(modalities, GridRequest())
    # Corners at x 400000 + (0, 36, 64, 100) and y 5800000 + (0, 48, -48, 0).
    assert grid.transform == (400000, 10, 0, 5800048, 0, -10)
    assert grid.shape == (10, 10)
    assert "a.tif is rotated; north-up pixels" in notes[0]
    with pytest.raises(AlignmentError, match="label raster is rotated"):
        choose_grid(modalities, GridRequest(), labels_path=path)
    assert choose_grid(modalities, GridRequest(pixel_size=5.0), labels_path=path)[0].metres == (5, 5)


@pytest.mark.parametrize("size", [1e-4, 0.01])
def test_a_pixel_size_that_would_blow_the_scene_up_is_refused(scene, size):
    with pytest.raises(AlignmentError, match=r"lidar\.tif, the finest source, measure 7 m"):
        choose_grid(scene, GridRequest(pixel_size=size))


@pytest.mark.parametrize("start", [179.9995, -180.0005])
def test_a_scene_across_180_degrees_has_a_zone_and_its_own_extent(write_raster, start):
    path = write_raster("deg.tif", noise(10, 10), pixel=0.0001, x=start, y=52.0, crs="EPSG:4326")
    other = write_raster("other.tif", noise(10, 10), pixel=0.0001, x=179.9995, y=52.0, crs="EPSG:4326")
    modalities = describe_inputs({"hsi": (RasterInput(path),), "lidar": (RasterInput(other),)})
    grid, _ = choose_grid(modalities, GridRequest())
    assert crs_name(grid.crs) in ("EPSG:32660", "EPSG:32601")
    assert max(grid.shape) <= 14
    grid, _ = choose_grid(modalities, GridRequest(pixel_size=0.0001))
    assert grid.shape == (10, 10)
    grid, _ = choose_grid(
        modalities,
        GridRequest(
            pixel_size=0.0001, extent=(179.9998, 51.9992, -179.9998, 51.9998), extent_crs="EPSG:4326"
        ),
    )
    assert grid.shape == (6, 4)


def test_a_scene_smaller_than_a_pixel_has_one(write_raster):
    tiny = describe_inputs({"hsi": (RasterInput(write_raster("a.tif", noise(1, 1))),)})
    assert choose_grid(tiny, GridRequest())[0].shape == (1, 1)
    assert choose_grid(tiny, GridRequest(pixel_size=100.0))[0].shape == (1, 1)


def test_the_grid_of_an_unplaced_scene_is_its_own(write_raster):
    modalities = describe_inputs({"hsi": (RasterInput(write_raster("a.tif", noise(4, 5), crs="", pixel=0)),)})
    grid, _ = choose_grid(modalities, GridRequest())
    assert grid == make_grid("", (0, 1, 0, 0, 0, -1), 4, 5)
