from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.data.lattice import covers_all, lattice_windows


@pytest.mark.parametrize(("rows", "cols"), [(1, 1), (1, 5000), (3, 700), (300, 200)])
def test_the_lattice_is_regular_and_not_larger_than_asked(rows, cols):
    limit = 1000
    points = [np.stack(p.positions()) for p in lattice_windows(rows, cols, limit)]
    row, col = np.concatenate(points, axis=1)
    assert min(rows * cols, limit) / 4 <= len(row) <= limit
    assert row.max() < rows
    assert col.max() < cols
    for positions in (np.unique(row), np.unique(col)):
        assert len(set(np.diff(positions))) <= 1


def test_a_small_scene_is_taken_whole():
    points = [np.stack(p.positions()) for p in lattice_windows(20, 30, 600)]
    assert len(np.unique(np.concatenate(points, axis=1), axis=1).T) == 600
    assert covers_all(20, 30, 600)
    assert not covers_all(20, 30, 599)


def test_a_large_scene_is_read_in_part_and_everywhere():
    parts = list(lattice_windows(20000, 10000, 5000, budget=1 << 21))
    assert sum(p.window.height * p.window.width for p in parts) <= 1.5 * (1 << 21)
    rows = np.concatenate([p.rows for p in parts])
    cols = np.concatenate([p.cols for p in parts])
    assert rows.min() < 2000
    assert rows.max() > 18000
    assert cols.min() < 2000
    assert cols.max() > 8000


def test_values_belong_to_their_positions():
    image = np.arange(300 * 200, dtype=np.float32).reshape(300, 200)
    for part in lattice_windows(300, 200, 500):
        rows, cols = part.positions()
        assert np.array_equal(part.take(image[(None, *part.window.slices())])[:, 0], image[rows, cols])
