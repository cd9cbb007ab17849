from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.data.terrain import roughness, slope


def plane(across, down, shape=(6, 7)):
    rows, cols = np.indices(shape)
    return (across * cols + down * rows + 100).astype(np.float32)


def test_the_slope_of_a_plane_is_its_steepest_angle():
    found = slope(plane(2.0, 0.0), (2.0, 5.0))
    assert found[1:-1, 1:-1] == pytest.approx(45.0)
    found = slope(plane(3.0, 4.0), (10.0, 10.0))  # 0.3 and 0.4 per metre: 0.5 in all
    assert found[1:-1, 1:-1] == pytest.approx(np.degrees(np.arctan(0.5)))


def test_horns_weights_by_hand():
    heights = np.array([[1, 2, 3], [4, 5, 9], [7, 8, 2]], np.float32)
    across, down = (3 + 18 + 2 - 1 - 8 - 7) / 8, (7 + 16 + 2 - 1 - 4 - 3) / 8
    assert slope(heights, (1.0, 1.0))[1, 1] == pytest.approx(np.degrees(np.arctan(np.hypot(across, down))))
    assert roughness(heights, (1.0, 1.0))[1, 1] == 8


def test_the_edge_is_repeated_and_missing_neighbours_count_as_level():
    heights = plane(1.0, 0.0)
    assert slope(heights, (1.0, 1.0))[2, 0] == pytest.approx(np.degrees(np.arctan(0.5)))
    heights[2, 3] = np.nan
    for found in (slope(heights, (1.0, 1.0)), roughness(heights, (1.0, 1.0))):
        assert np.argwhere(np.isnan(found)).tolist() == [[2, 3]]
    alone = np.full((3, 3), np.nan, np.float32)
    alone[1, 1] = 7
    assert slope(alone, (1.0, 1.0))[1, 1] == 0
    assert roughness(alone, (1.0, 1.0))[1, 1] == 0
