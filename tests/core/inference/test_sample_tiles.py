from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.inference.sample_tiles import tiles_with_samples


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_every_position_comes_once_inside_a_window_of_at_most_the_size(size):
    rng = np.random.default_rng(0)
    rows, cols = rng.integers(0, 200, 300), rng.integers(0, 90, 300)
    seen = []
    for window, members in tiles_with_samples(rows, cols, size):
        assert max(window.height, window.width) <= size
        assert ((window.row <= rows[members]) & (rows[members] < window.row_stop)).all()
        assert ((window.col <= cols[members]) & (cols[members] < window.col_stop)).all()
        seen.extend(members.tolist())
    assert sorted(seen) == list(range(300))


def test_windows_are_no_larger_than_their_positions_need():
    ((window, _),) = tiles_with_samples(np.array([5, 9]), np.array([3, 3]))
    assert (window.row, window.col, window.height, window.width) == (5, 3, 5, 1)


def test_no_positions_give_no_windows():
    assert list(tiles_with_samples(np.zeros(0, np.int64), np.zeros(0, np.int64))) == []
