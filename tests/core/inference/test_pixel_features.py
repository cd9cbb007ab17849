from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.data.windows import Window
from landfuse.core.inference.pixel_features import features_at, window_features


def test_modalities_follow_one_another_each_with_value_mean_and_deviation(memory_stack, fill_zero):
    ramp = np.arange(9.0).reshape(1, 3, 3)
    read = memory_stack(sar=ramp, lidar=ramp * 0 + 7).read(Window(1, 1, 1, 1), 1)
    features = window_features(read.data, fill_zero, (3,))[:, 0, 0]
    assert features.tolist() == pytest.approx([4, 4, np.sqrt(60 / 9), 7, 7, 0])


def test_invalid_neighbours_stay_out_of_the_surroundings(memory_stack, fill_zero):
    bands = np.full((2, 3, 3), 5.0)
    bands[0, 0, 0] = np.nan  # half of the bands: invalid
    bands[1, 0, 0] = 1000
    read = memory_stack(hsi=bands).read(Window(1, 1, 1, 1), 1)
    assert window_features(read.data, fill_zero, (3,))[:, 0, 0].tolist() == pytest.approx([5, 5, 5, 5, 0, 0])


def test_features_at_positions_equal_those_of_the_whole_scene(scene, fill_zero):
    whole = window_features(scene.read(Window(0, 0, 70, 95), 3).data, fill_zero, (3, 7))
    rng = np.random.default_rng(1)
    rows, cols = rng.integers(0, 70, 50), rng.integers(0, 95, 50)
    np.testing.assert_array_equal(features_at(scene, fill_zero, rows, cols, (3, 7)), whole[:, rows, cols].T)


def test_a_single_missing_band_is_filled_and_makes_no_hole(memory_stack, fill_zero):
    bands = np.full((3, 3, 3), 6.0)
    bands[0, 1, 1] = np.nan
    read = memory_stack(hsi=bands).read(Window(1, 1, 1, 1), 1)
    assert window_features(read.data, fill_zero, (3,))[:6, 0, 0].tolist() == pytest.approx(
        [0, 6, 6, 48 / 9, 6, 6]
    )
