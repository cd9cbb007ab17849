from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.models.context_features import context_features, context_margin


def brute_force(data, windows):
    margin = context_margin(windows)
    bands, rows, cols = data.shape[0], data.shape[1] - 2 * margin, data.shape[2] - 2 * margin
    result = np.full(((1 + 2 * len(windows)) * bands, rows, cols), np.nan)
    for b, r, c in np.ndindex(bands, rows, cols):
        result[b, r, c] = data[b, r + margin, c + margin]
        for i, side in enumerate(windows):
            first_row, first_col = r + margin - side // 2, c + margin - side // 2
            box = data[b, first_row : first_row + side, first_col : first_col + side].astype(float)
            if np.isfinite(box).any():
                result[(1 + 2 * i) * bands + b, r, c] = np.nanmean(box)
                result[(2 + 2 * i) * bands + b, r, c] = np.nanstd(box)
    return result


@pytest.mark.parametrize("windows", [(3, 7, 15), (5,), (1, 3), ()])
def test_means_and_deviations_equal_those_of_each_window(windows):
    rng = np.random.default_rng(0)
    margin = context_margin(windows)
    data = rng.normal(100, 3, (2, 6 + 2 * margin, 5 + 2 * margin)).astype(np.float32)
    data[0, rng.random(data.shape[1:]) < 0.3] = np.nan
    np.testing.assert_allclose(context_features(data, windows), brute_force(data, windows), rtol=1e-4)


def test_the_margin_is_half_of_the_largest_window():
    assert (context_margin((3, 7, 15)), context_margin((3,)), context_margin(())) == (7, 1, 0)


def test_features_are_the_same_to_the_last_bit_however_tiles_are_cut():
    rng = np.random.default_rng(1)
    data = (rng.normal(0, 1, (1, 60, 70)) * 10.0 ** rng.integers(-3, 4, (1, 60, 70))).astype(np.float32)
    data[0, 20:24, 30:33] = np.nan
    whole = context_features(data)
    part = context_features(data[:, 11:45, 17:60])
    assert np.array_equal(whole[:, 11:31, 17:46], part, equal_nan=True)


def test_deviation_is_exact_for_large_values():
    data = np.full((1, 17, 17), 30_000, np.float32)
    data[0, ::2] += 1
    deviation = context_features(data, (15,))[2]
    assert deviation == pytest.approx(np.full((3, 3), 0.4988877), abs=1e-5)


def test_a_window_without_a_valid_pixel_gives_nan_and_no_warning():
    with np.errstate(all="raise"):
        features = context_features(np.full((1, 5, 5), np.nan, np.float32), (3,))
    assert np.isnan(features).all()


def test_an_even_window_is_refused():
    with pytest.raises(ValueError, match="odd"):
        context_features(np.zeros((1, 9, 9), np.float32), (4,))
