from __future__ import annotations

import pytest
from landfuse.core.data.declared_units import declared_units, with_declared_units
from landfuse.core.data.raster_info import BandInfo


@pytest.mark.parametrize(
    ("metadata", "envi", "expected"),
    [
        ({}, {}, None),
        ({}, {"reflectance_scale_factor": "10000.0"}, (1e-4, 0.0)),
        ({"reflectance scale factor": "1"}, {}, None),
        ({"BOA_QUANTIFICATION_VALUE": "10000", "BOA_ADD_OFFSET_0": "-1000"}, {}, (1e-4, -0.1)),
        ({"QUANTIFICATION_VALUE": "10000", "RADIO_ADD_OFFSET_12": "-1000"}, {}, (1e-4, -0.1)),
        ({"QUANTIFICATION_VALUE": "10000"}, {}, (1e-4, 0.0)),
    ],
)
def test_units_are_read_from_envi_and_sentinel2_metadata(metadata, envi, expected):
    found = declared_units(metadata, envi)
    assert found == (None if expected is None else pytest.approx(expected))


def test_units_of_reflectance_are_for_bands_with_a_wavelength_that_declare_none():
    bands = [BandInfo(1, "B4", 665.0), BandInfo(2, "AOT"), BandInfo(3, "B8", 842.0, scale=0.5)]
    assert [b.scale for b in with_declared_units(bands, (1e-4, -0.1))] == [1e-4, None, 0.5]
    assert [b.offset for b in with_declared_units(bands[1:2], (1e-4, -0.1))] == [-0.1]


def test_a_file_with_envi_metadata_is_read_in_reflectance(write_raster):
    import numpy as np
    from landfuse.core.data.raster_description import inspect
    from osgeo import gdal

    path = write_raster("a.tif", np.full((4, 4), 2500, np.int16))
    data = gdal.Open(path, gdal.GA_Update)
    data.SetMetadataItem("reflectance_scale_factor", "10000", "ENVI")
    data = None
    assert inspect(path).bands[0].scale == pytest.approx(1e-4)
