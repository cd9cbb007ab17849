from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.data.speckle import estimate_looks, lee_filter


def speckled(level, looks, shape=(60, 60), seed=0):
    return (level * np.random.default_rng(seed).gamma(looks, 1 / looks, shape)).astype(np.float32)


def test_looks_are_found_within_a_third():
    for looks in (1, 4, 20):
        assert estimate_looks([speckled(0.1, looks)], 7) == pytest.approx(looks, rel=0.4)
    assert estimate_looks([], 5) == 4.0
    assert estimate_looks([np.ones((9, 9), np.float32)], 3) == 100.0


def test_one_surface_is_smoothed_and_keeps_its_mean():
    power = speckled(0.1, 4)
    found = lee_filter(power, 7, 4)
    assert found.mean() == pytest.approx(power.mean(), rel=0.02)
    assert found.std() < 0.45 * power.std()


def test_an_edge_between_two_surfaces_stays():
    power = np.concatenate([speckled(0.01, 8), speckled(1.0, 8, seed=1)], axis=1)
    found = lee_filter(power, 5, 8)
    assert found[:, :59].max() < 0.2
    assert found[:, 61:].min() > 0.2


def test_the_weight_by_hand():
    power = np.array([[1, 1, 1], [1, 4, 1], [1, 1, 1]], np.float32)
    mean, variance = 12 / 9, (24 / 9 - (12 / 9) ** 2) * 9 / 8
    weight = 1 - (1 / 4) / (variance / mean**2)
    assert lee_filter(power, 3, 4)[1, 1] == pytest.approx(mean + weight * (4 - mean))


def test_missing_pixels_stay_missing_and_do_not_spread():
    power = speckled(0.1, 4)
    power[10:20, 10:20] = np.nan
    found = lee_filter(power, 5, 4)
    assert np.array_equal(np.isnan(found), np.isnan(power))
    assert np.nanmax(found) < 1


def test_values_do_not_depend_on_where_the_array_begins():
    power = speckled(0.1, 2)
    whole = lee_filter(power, 5, 2)
    assert np.array_equal(lee_filter(power[7:31, 11:40], 5, 2)[2:-2, 2:-2], whole[9:29, 13:38])
