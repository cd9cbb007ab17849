from __future__ import annotations

import json

import numpy as np
import pytest
from landfuse.core.data.grid_choice import choose_grid
from landfuse.core.data.modalities import describe_inputs
from landfuse.core.data.stack import Stack
from landfuse.core.data.windows import Window, mirrored
from landfuse.core.errors import AlignmentError, RasterReadError
from landfuse.core.job import GridRequest, RasterInput


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(100, 10, shape).astype(np.float32)


def stack_of(mask="", grid=None, **modalities):
    found = describe_inputs(
        {
            k: tuple(r if isinstance(r, RasterInput) else RasterInput(r) for r in v)
            for k, v in modalities.items()
        }
    )
    return Stack(found, grid or choose_grid(found, GridRequest())[0], mask)


def test_the_margin_is_mirrored_at_the_scene_not_at_the_tile(write_raster):
    data = noise(2, 20, 17)
    with stack_of(hsi=[write_raster("a.tif", data)]) as stack:
        for window in (Window(0, 0, 5, 6), Window(7, 8, 4, 4), Window(15, 10, 5, 7), Window(0, 0, 20, 17)):
            rows = mirrored(window.row - 4, window.row_stop + 4, 20)
            cols = mirrored(window.col - 4, window.col_stop + 4, 17)
            found = stack.read(window, 4)
            assert np.array_equal(found.data["hsi"], data[:, rows[:, None], cols[None]])
            assert found.valid.shape == (window.height + 8, window.width + 8)
            assert found.valid.all()


def test_a_scene_of_one_pixel_has_a_margin(write_raster):
    with stack_of(hsi=[write_raster("a.tif", np.array([[[3]], [[4]]], np.float32))]) as stack:
        found = stack.read(Window(0, 0, 1, 1), 3)
    assert found.data["hsi"].shape == (2, 7, 7)
    assert np.unique(found.data["hsi"][1]).tolist() == [4]
    assert found.valid.all()


def test_a_pixel_is_valid_where_every_modality_is(write_raster):
    hsi, lidar = noise(4, 8, 8), noise(8, 8)
    hsi[:, 1, 1] = np.nan  # all bands
    hsi[0, 2, 2] = np.nan  # one of four
    hsi[:2, 3, 3] = np.nan  # half of them
    lidar[4, 4] = np.nan
    with stack_of(hsi=[write_raster("h.tif", hsi)], lidar=[write_raster("l.tif", lidar)]) as stack:
        invalid = np.argwhere(~stack.valid(Window(0, 0, 8, 8)))
        assert stack.keys == ("hsi", "lidar")
        assert stack.bands == {"hsi": 4, "lidar": 1}
    assert invalid.tolist() == [[1, 1], [3, 3], [4, 4]]


def test_every_joined_raster_must_be_valid(write_raster):
    many, one = noise(5, 4, 4), noise(4, 4)
    one[0, 0] = np.nan
    with stack_of(other=[write_raster("many.tif", many), write_raster("one.tif", one)]) as stack:
        assert not stack.valid(Window(0, 0, 4, 4))[0, 0]
        assert stack.valid(Window(0, 0, 4, 4)).sum() == 15


def test_mosaicked_tiles_read_like_one_raster(write_raster):
    data = noise(2, 8, 20)
    paths = [
        write_raster("west.tif", data[..., :8].copy()),
        write_raster("middle.tif", data[..., 8:12].copy(), x=400080.0),
        write_raster("east.tif", data[..., 12:].copy(), x=400120.0),
    ]
    with stack_of(optical=paths) as stack:
        assert stack.grid.shape == (8, 20)
        assert np.array_equal(stack.read(Window(0, 0, 8, 20)).data["optical"], data)
        assert np.array_equal(stack.read(Window(2, 7, 3, 6)).data["optical"], data[:, 2:5, 7:13])


def test_linear_power_is_used_in_decibels(write_raster, coarse):
    power = np.array([[1.0, 0.1], [0.1, 0.0]], np.float32)
    path = RasterInput(write_raster("s1.tif", power), quantity="sar_linear", bands="1")
    with stack_of(sar=[path]) as stack:
        found = stack.read(Window(0, 0, 2, 2)).data["sar"][0]
        assert found.ravel()[:3].tolist() == pytest.approx([0, -10, -10])
        assert np.isnan(found[1, 1])
    with stack_of(grid=coarse(2, 1, 1), sar=[path]) as stack:
        assert stack.read(Window(0, 0, 1, 1)).data["sar"].item() == pytest.approx(
            10 * np.log10(0.3), abs=1e-4
        )


def test_decibels_average_to_the_same_as_their_power(write_raster, coarse):
    power = np.random.default_rng(0).uniform(0.001, 2, (40, 40)).astype(np.float32)
    linear = write_raster("linear.tif", power)
    decibels = write_raster("db.tif", (10 * np.log10(power)).astype(np.float32))
    read = []
    for path in (linear, decibels):
        with stack_of(grid=coarse(4, 10, 10), sar=[path]) as stack:
            read.append(stack.read(Window(0, 0, 10, 10)).data["sar"])
    assert np.allclose(read[0], read[1], atol=1e-3)


def test_a_mask_raster_leaves_pixels_out(write_raster):
    mask = np.ones((4, 4), np.uint8)
    mask[:2] = 0
    path = write_raster("a.tif", noise(8, 8))
    with stack_of(mask=write_raster("mask.tif", mask, pixel=20.0), hsi=[path]) as stack:
        valid = stack.valid(Window(0, 0, 8, 8))
    assert not valid[:4].any()
    assert valid[4:].all()


def test_polygons_of_a_mask_are_kept(write_raster, tmp_path):
    ring = [[400000, 5800000], [400040, 5800000], [400040, 5799960], [400000, 5799960], [400000, 5800000]]
    mask = tmp_path / "mask.geojson"
    mask.write_text(
        json.dumps(
            {
                "type": "FeatureCollection",
                "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32633"}},
                "features": [
                    {
                        "type": "Feature",
                        "properties": {},
                        "geometry": {"type": "Polygon", "coordinates": [ring]},
                    }
                ],
            }
        )
    )
    with stack_of(mask=str(mask), hsi=[write_raster("a.tif", noise(8, 8))]) as stack:
        valid = stack.valid(Window(0, 0, 8, 8))
        assert valid[:4, :4].all()
        assert valid.sum() == 16
        assert np.array_equal(stack.valid(Window(2, 3, 4, 5)), valid[2:6, 3:8])


def test_a_mask_that_cannot_be_placed_is_an_error(write_raster):
    path = write_raster("a.tif", noise(8, 8))
    with pytest.raises(AlignmentError):
        stack_of(mask=write_raster("mask.tif", np.ones((8, 8), np.uint8), crs=""), hsi=[path])


def test_rasters_without_any_crs_and_with_other_pixel_sizes_are_aligned(write_raster):
    fine = write_raster("fine.tif", noise(40, 40), crs="", x=0.0, y=40.0, pixel=1.0)
    rough = write_raster("rough.tif", noise(3, 10, 10), crs="", x=0.0, y=40.0, pixel=4.0)
    with stack_of(hsi=[rough], lidar=[fine]) as stack:
        assert stack.grid.shape == (40, 40)
        assert stack.valid(Window(0, 0, 40, 40)).all()


def test_rasters_without_georeference_are_laid_on_top_of_each_other(write_raster):
    first, second = noise(6, 5), noise(6, 5, seed=1)
    paths = [write_raster(f"{i}.tif", d, crs="", pixel=0) for i, d in enumerate((first, second))]
    with stack_of(hsi=[paths[0]], lidar=[paths[1]]) as stack:
        found = stack.read(Window(0, 0, 6, 5)).data
    assert np.array_equal(found["hsi"][0], first)
    assert np.array_equal(found["lidar"][0], second)


def test_a_file_that_goes_away_before_reading_is_an_error(write_raster, tmp_path):
    import os

    found = describe_inputs({"hsi": (RasterInput(write_raster("a.tif", noise(8, 8))),)})
    grid, _ = choose_grid(found, GridRequest())
    os.remove(tmp_path / "a.tif")
    with pytest.raises(RasterReadError, match=r"a\.tif"):
        Stack(found, grid)
