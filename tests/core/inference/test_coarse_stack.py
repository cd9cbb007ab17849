"""A stack read thinly: single pixels of the files, nothing beyond the scene, the mask as everywhere."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("osgeo", reason="needs GDAL")

from landfuse.core.data.modalities import describe_inputs
from landfuse.core.data.raster_description import inspect
from landfuse.core.data.windows import Window
from landfuse.core.inference.coarse_stack import CoarseStack
from landfuse.core.inference.preview_view import coarser
from landfuse.core.job import RasterInput


@pytest.fixture
def modalities(small_scene):
    raster = RasterInput(small_scene.inputs["optical"][0]["path"])
    return describe_inputs(
        {"optical": (raster,), "lidar": (RasterInput(small_scene.inputs["lidar"][0]["path"]),)}
    )


@pytest.fixture
def grid(small_scene):
    return coarser(inspect(small_scene.inputs["optical"][0]["path"]).grid, 4)


def test_each_value_is_that_of_a_pixel_below(modalities, grid, small_scene):
    with CoarseStack(modalities, grid) as stack:
        read = stack.read(Window(2, 3, 5, 4))
    fine = small_scene.optical()
    assert stack.bands == {"optical": 4, "lidar": 1}
    for row in range(5):
        for col in range(4):
            below = fine[:, 4 * (row + 2) : 4 * (row + 3), 4 * (col + 3) : 4 * (col + 4)]
            assert np.isin(read.data["optical"][:, row, col], below).all()
    assert read.valid.all()
    assert read.corner == (2, 3)


def test_beyond_the_scene_there_is_nothing(modalities, grid):
    with CoarseStack(modalities, grid) as stack:
        read = stack.read(Window(0, 0, 2, 2), margin=3)
    assert read.data["optical"].shape == (4, 8, 8)
    assert np.isnan(read.data["optical"][:, :3]).all()
    assert not read.valid[:3].any()
    assert not read.valid[:, :3].any()
    assert read.valid[3:, 3:].all()


def test_the_mask_leaves_out_what_it_leaves_out(modalities, grid, small_scene):
    kept = np.ones((48, 48), np.uint8)
    kept[:, :24] = 0
    with CoarseStack(modalities, grid, small_scene.write_raster("mask.tif", kept)) as stack:
        valid = stack.valid(Window(0, 0, 12, 12))
    assert not valid[:, :6].any()
    assert valid[:, 6:].all()
