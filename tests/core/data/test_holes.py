from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.data.grid_choice import choose_grid
from landfuse.core.data.holes import find_holes, hidden_nodata_warnings
from landfuse.core.data.modalities import describe_inputs
from landfuse.core.job import GridRequest, RasterInput


def canopy():
    data = np.random.default_rng(0).uniform(0, 20, (40, 40)).astype(np.float32)
    data[:, :10] = np.nan
    return data


@pytest.fixture
def told(write_raster):
    """Return the lines for an image without holes and heights that miss a quarter."""

    def lines(**settings):
        optical = write_raster(
            "rgb.tif", np.random.default_rng(1).normal(9, 1, (3, 40, 40)).astype(np.float32)
        )
        lidar = RasterInput(write_raster("chm.tif", canopy()), **settings)
        found = describe_inputs({"optical": (RasterInput(optical),), "lidar": (lidar,)})
        grid, _ = choose_grid(found, GridRequest())
        return [holes.text for holes in find_holes(found, grid)]

    return lines


def test_the_share_that_stays_unmapped_is_told_with_what_fills_it(told):
    (line,) = told()
    assert line == (
        "lidar: 25 % of the area has no data and stays unmapped; LIDAR_OPTIONS fill=0 (--lidar-options "
        "fill=0) fills it."
    )


def test_what_is_filled_is_told_too(told):
    assert told(fill=1.5) == ["lidar: 25 % of the area has no data and is filled with 1.5."]


def test_undeclared_nodata_is_a_warning_with_the_parameter(write_raster):
    data = np.nan_to_num(canopy(), nan=-9999.0)
    found = describe_inputs({"lidar": (RasterInput(write_raster("chm.tif", data)),)})
    (line,) = hidden_nodata_warnings(found)
    assert line.startswith("lidar: 25.0 % of the pixels of chm.tif are -9999 in every band")
    assert line.endswith("give LIDAR_OPTIONS nodata=-9999 (--lidar-options nodata=-9999).")
