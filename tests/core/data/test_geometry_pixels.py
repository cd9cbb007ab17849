from __future__ import annotations

import numpy as np
from landfuse.core.data.geometry_pixels import disc_pixels
from landfuse.core.data.grid import Grid

GRID = Grid("", (0.0, 2.0, 0.0, 100.0, 0.0, -2.0), 50, 50, (2.0, 2.0))


def test_a_point_means_the_pixel_that_contains_it():
    rows, cols = disc_pixels(11.0, 97.9, GRID, 0.0)
    assert (rows.tolist(), cols.tolist()) == ([1], [5])


def test_a_disc_holds_the_pixels_whose_centre_is_within_the_radius():
    x, y = 51.3, 48.9
    rows, cols = disc_pixels(x, y, GRID, 7.0)
    all_rows, all_cols = np.mgrid[0:50, 0:50]
    distance = np.hypot(all_cols * 2 + 1 - x, 100 - all_rows * 2 - 1 - y)
    assert set(zip(rows.tolist(), cols.tolist())) == set(
        zip(*(i.tolist() for i in np.nonzero(distance <= 7)))
    )


def test_a_radius_smaller_than_a_pixel_keeps_the_containing_one():
    rows, cols = disc_pixels(0.1, 99.9, GRID, 0.5)
    assert (rows.tolist(), cols.tolist()) == ([0], [0])


def test_a_disc_at_the_edge_is_cut_and_one_outside_is_empty():
    rows, cols = disc_pixels(-1.0, 99.0, GRID, 3.0)
    assert len(rows)
    assert cols.max() == 0
    assert len(disc_pixels(-50.0, 50.0, GRID, 3.0)[0]) == 0
    assert len(disc_pixels(float("inf"), 50.0, GRID, 3.0)[0]) == 0


def test_a_disc_is_round_on_the_ground_where_pixels_are_not_square():
    oblong = Grid("", (0.0, 1.0, 0.0, 100.0, 0.0, -4.0), 25, 100, (1.0, 4.0))
    rows, cols = disc_pixels(50.5, 50.0, oblong, 10.0)
    assert abs((np.ptp(cols) + 1) * 1.0 - (np.ptp(rows) + 1) * 4.0) <= 4.0
