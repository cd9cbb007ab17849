from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.data.hidden_nodata import find_hidden_nodata, largest_area
from landfuse.core.data.raster_description import inspect

N = 60


@pytest.fixture
def find(write_raster):
    def found(data, quantity="other", **about):
        data = np.asarray(data)
        info = inspect(write_raster("a.tif", data, **about))
        hidden = find_hidden_nodata(info, [b.number for b in info.bands], quantity)
        return None if hidden is None else (hidden.value, round(hidden.share, 3))

    return found


def bands(count, low=100, high=4000, dtype=np.int16):
    return np.random.default_rng(0).integers(low, high, (count, N, N)).astype(dtype)


def with_block(data, value, block=np.s_[..., 20:32, 20:35]):
    data = data.copy()
    data[block] = value
    return data


def test_areas_are_counted_by_sides_not_corners():
    marked = np.array([[1, 1, 0, 0, 1], [0, 1, 0, 1, 1], [1, 0, 0, 0, 1], [1, 0, 1, 1, 1]], bool)
    assert largest_area(marked) == 7
    assert largest_area(np.eye(5, dtype=bool)) == 1
    assert largest_area(np.zeros((3, 3), bool)) == 0
    spiral = np.ones((7, 7), bool)
    spiral[1, :6], spiral[3, 1:], spiral[5, :6] = False, False, False
    assert largest_area(spiral) == spiral.sum()


def test_a_filled_block_is_found_in_several_bands(find):
    assert find(with_block(bands(4), 0)) == (0, 0.05)
    assert find(with_block(bands(4), -9999)) == (-9999, 0.05)
    assert find(with_block(bands(4, dtype=np.uint16), 65535)) == (65535, 0.05)
    assert find(with_block(bands(4, dtype=np.int16), -32768)) == (-32768, 0.05)
    assert find(with_block(bands(3, 10, 200, np.uint8), 255)) == (255, 0.05)


def test_a_collar_of_zeros_is_found_however_dark_the_scene(find):
    dark = np.repeat(bands(1, 0, 40, np.uint8), 3, axis=0)
    assert find(with_block(dark, 0, np.s_[..., :6]))[0] == 0
    assert find(with_block(dark, 0)) is None  # inside the scene it may be a shadow


def test_what_is_declared_or_masked_is_not_proposed(find):
    assert find(with_block(bands(4), 0), nodata=0) is None
    assert find(with_block(bands(4), -9999), nodata=-9999) is None


def test_zeros_of_some_bands_or_scattered_pixels_are_values(find):
    some = bands(4)
    some[:2, 20:40] = 0
    assert find(some) is None
    scattered = bands(4)
    scattered[:, np.random.default_rng(1).random((N, N)) < 0.05] = 0
    assert find(scattered) is None


def test_heights_in_a_single_band(find):
    heights = np.random.default_rng(0).uniform(200, 260, (N, N)).astype(np.float32)
    assert find(with_block(heights, -9999.0), "height") == (-9999, 0.05)
    assert find(with_block(heights, -3.4028234663852886e38), "height")[1] == 0.05
    assert find(with_block(heights, 0.0), "height") == (0, 0.05)
    coast = np.maximum(heights - 230, 0)
    coast[:, :30] = 0  # the sea
    assert find(coast, "height") is None


def test_zero_is_an_everyday_height_above_ground_and_class(find):
    canopy = np.random.default_rng(0).uniform(2, 30, (N, N)).astype(np.float32)  # all below 2 m was set to 0
    assert find(with_block(canopy, 0.0), "height_above_ground") is None
    assert find(with_block(canopy, -9999.0), "height_above_ground") == (-9999, 0.05)
    assert find(with_block(bands(1, 1, 9, np.uint8), 0)) is None
    index = np.random.default_rng(0).uniform(0.2, 0.9, (N, N)).astype(np.float32)
    assert find(with_block(index, 0.0), "index") is None


def test_saturated_clouds_are_values(find):
    bright = np.clip(bands(3, 120, 300, np.int16), 0, 255).astype(np.uint8)
    assert find(with_block(bright, 255)) is None
