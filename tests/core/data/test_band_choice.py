from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.data.band_choice import bands_text, parse_bands, sample_bands, useless_bands
from landfuse.core.data.raster_description import inspect
from landfuse.core.errors import BandError


def test_band_lists_are_read_and_written():
    assert parse_bands("1-3, 7,5", 9) == (1, 2, 3, 7, 5)
    assert bands_text((1, 2, 3, 7, 5)) == "1-3, 5, 7"


@pytest.mark.parametrize("text", ["0", "1-10", "a", "1-", "-3", "3-1", "1,,2", "2,1-3"])
def test_a_wrong_band_list_is_told(text):
    with pytest.raises(BandError) as told:
        parse_bands(text, 9, "cube.tif")
    assert told.value.where == "cube.tif"
    assert told.value.remedy


def judged(path):
    info = inspect(path)
    numbers = tuple(b.number for b in info.bands)
    return useless_bands(info, sample_bands(info, numbers))


def test_empty_constant_flagged_and_water_vapour_bands_are_left_out(write_raster):
    data = np.random.default_rng(0).integers(100, 200, (6, 8, 8)).astype(np.int16)
    data[1], data[2] = -99, 7
    bands = {4: {"wavelength": "1400"}, 5: {"bbl": "0"}, 6: {"wavelength": "1460"}}
    path = write_raster("cube.tif", data, nodata=-99, bands=bands)
    assert judged(path) == {
        2: "nodata everywhere",
        3: "constant (7)",
        4: "in a water vapour range",
        5: "flagged bad in the metadata",
    }


def test_nan_everywhere_is_nodata_everywhere(write_raster):
    data = np.random.default_rng(0).normal(size=(2, 8, 8)).astype(np.float32)
    data[0] = np.nan
    assert judged(write_raster("a.tif", data)) == {1: "nodata everywhere"}


def test_a_scene_of_one_pixel_is_not_called_constant(write_raster):
    assert judged(write_raster("a.tif", np.ones((2, 1, 1), np.float32))) == {}


def test_one_value_far_from_the_lattice_saves_a_band(write_raster):
    data = np.zeros((1, 700, 700), np.uint8)
    data[0, 699, 698] = 1
    assert judged(write_raster("a.tif", data)) == {}
    data[0, 699, 698] = 0
    assert judged(write_raster("b.tif", data)) == {1: "constant (0)"}
