from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.data.quantities import guess_quantity, to_decibels
from landfuse.core.data.raster_info import BandInfo, RasterInfo
from landfuse.core.job_spec import QUANTITIES


def raster(file, *names):
    return RasterInfo(
        f"/data/{file}", "GTiff", None, tuple(BandInfo(i, n) for i, n in enumerate(names, 1)), True
    )


@pytest.mark.parametrize(
    ("key", "info", "values", "expected"),
    [
        ("hsi", raster("cube.tif", "band 1"), None, "reflectance"),
        ("optical", raster("s2.tif", "B02"), None, "reflectance"),
        ("optical", raster("ndvi_2020.tif", "band 1"), None, "index"),
        ("sar", raster("s1.tif", "VV", "VH"), [[-12.0, -18.0], [3.0, -20.0]], "sar_db"),
        ("sar", raster("s1.tif", "VV", "VH"), [[0.1, 0.02], [2.0, 0.3]], "sar_linear"),
        ("sar", raster("s1.tif", "VV dB"), None, "sar_db"),
        ("lidar", raster("dsm.tif", "band 1"), None, "height"),
        ("lidar", raster("chm_1m.tif", "band 1"), None, "height_above_ground"),
        ("lidar", raster("lidar_intensity.tif", "intensity"), None, "other"),
        ("lidar", raster("points.tif", "band 1"), None, "height"),
        ("other", raster("dem.tif", "elevation m"), None, "height"),
        ("other", raster("soil.tif", "clay"), None, "other"),
        ("other", raster("demand.tif", "demand"), None, "other"),
    ],
)
def test_quantities_are_guessed_from_names_and_values(key, info, values, expected):
    sample = None if values is None else np.array(values, np.float32)
    assert guess_quantity(key, info, sample) == expected
    assert expected in QUANTITIES


def test_power_that_is_not_positive_has_no_decibels():
    found = to_decibels(np.array([1.0, 0.1, 0.0, -1.0, np.nan], np.float32))
    assert found[:2].tolist() == pytest.approx([0.0, -10.0])
    assert np.isnan(found[2:]).all()
