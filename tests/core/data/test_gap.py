from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.data.gap import within_gap


def chebyshev(rows, cols, other_rows, other_cols):
    d_rows = np.abs(rows[:, None] - other_rows[None])
    d_cols = np.abs(cols[:, None] - other_cols[None])
    return np.maximum(d_rows, d_cols).min(axis=1)


@pytest.mark.parametrize("gap", [1, 2, 5, 37, 200])
def test_pixels_are_near_exactly_when_their_chebyshev_distance_is_below_the_gap(gap):
    rng = np.random.default_rng(gap)
    rows, cols = rng.integers(0, 2500, (2, 400))
    other_rows, other_cols = rng.integers(0, 2500, (2, 60))
    near = within_gap(rows, cols, other_rows, other_cols, gap)
    assert (near == (chebyshev(rows, cols, other_rows, other_cols) < gap)).all()


def test_pixels_on_both_sides_of_a_tile_border_are_seen():
    rows, cols = np.array([1023, 1023]), np.array([1023, 0])
    assert within_gap(rows, cols, np.array([1024]), np.array([1024]), 2).tolist() == [True, False]


def test_a_distance_equal_to_the_gap_is_far_enough():
    assert not within_gap(np.array([0]), np.array([0]), np.array([5]), np.array([3]), 5).any()


@pytest.mark.parametrize("gap", [0, 3])
def test_no_pixel_is_near_to_nothing(gap):
    nothing = np.zeros(0, dtype=np.int64)
    assert not within_gap(np.array([3]), np.array([3]), nothing, nothing, gap).any()
    assert len(within_gap(nothing, nothing, np.array([3]), np.array([3]), gap)) == 0


def test_without_a_gap_nothing_is_near():
    same = np.array([3])
    assert not within_gap(same, same, same, same, 0).any()
