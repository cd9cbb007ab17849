from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.data.raster_info import BandInfo, RasterInfo
from landfuse.core.data.sar_scale import guess_sar, power_to_decibels


def raster(file="s1.tif", *names, dtype="Float32", unit=""):
    bands = tuple(BandInfo(i, n, dtype=dtype, unit=unit) for i, n in enumerate(names or ("VV", "VH"), 1))
    return RasterInfo(f"/data/{file}", "GTiff", None, bands, True)


def power(level=0.05, looks=4, spread=1.0):
    """Speckled power (n, 2) of land and water."""
    rng = np.random.default_rng(0)
    ground = level * np.exp(spread * rng.normal(size=(4000, 2)))
    return (ground * rng.gamma(looks, 1 / looks, ground.shape)).astype(np.float32)


def decibels(values):
    return 10 * np.log10(values)


@pytest.mark.parametrize(
    ("info", "values", "expected"),
    [
        (raster(), power(), "sar_linear"),
        (raster(), power() - 0.005, "sar_linear"),  # the noise was subtracted
        (raster(), np.maximum(power() - 0.02, 0), "sar_linear"),  # and cut at 0
        (raster(), decibels(power()), "sar_db"),
        (raster(), decibels(power(2.0)), "sar_db"),  # a town: about half of it above 0 dB
        (raster("s1_db.tif"), decibels(power()) + 60, "sar_db"),  # no negatives at all
        (raster("s1.tif", unit="dB"), decibels(power()) + 60, "sar_db"),
        (raster(dtype="UInt16"), (200 * np.sqrt(power() / 0.05)).astype(np.int32), "sar_linear"),
        (raster("s1_vv_dB.tif"), None, "sar_db"),
        (raster("s1.tif"), None, "sar_linear"),
        (raster("s1.tif"), np.full((5, 2), np.nan), "sar_linear"),
    ],
)
def test_the_scale_is_told_by_values_then_by_names(info, values, expected):
    sample = None if values is None else np.asarray(values, np.float32)
    assert guess_sar(info, sample).quantity == expected


def test_values_win_over_a_wrong_name_and_that_is_told():
    found = guess_sar(raster("s1_db.tif"), power())
    assert (found.quantity, found.remark) == (
        "sar_linear",
        "the name or unit says dB, the values are linear power",
    )
    assert guess_sar(raster("s1_linear.tif"), decibels(power())).quantity == "sar_db"
    assert guess_sar(raster(), power()).remark == ""


def test_amplitude_is_told():
    numbers = (200 * np.sqrt(power() / 0.05)).astype(np.float32)
    assert "amplitude" in guess_sar(raster(dtype="UInt16"), numbers).remark
    assert "amplitude" in guess_sar(raster("s1_amplitude.tif"), power()).remark


def test_zeros_of_all_bands_are_no_data_and_dark_ground_is_measured():
    found = power_to_decibels(np.array([[[0, 1, 0.1, -0.01, -9999]], [[0, 0, 0.1, 0.1, 0.1]]], np.float32))
    assert np.isnan(found[:, 0, 0]).all()
    assert found[0, 0, 1:4].tolist() == pytest.approx([0, -10, -50])
    assert found[1, 0, 1:].tolist() == pytest.approx([-50, -10, -10, -10])
    assert np.isnan(found[0, 0, 4])
    single = power_to_decibels(np.array([[[0, 0.1, -0.01]]], np.float32))[0, 0]
    assert np.isnan(single[0])
    assert single[1:].tolist() == pytest.approx([-10, -50])
