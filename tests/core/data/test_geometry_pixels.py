from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.data.geometry_pixels import Shape, ShapeBatch
from landfuse.core.data.grid import Grid

GRID = Grid("", (0.0, 2.0, 0.0, 100.0, 0.0, -2.0), 50, 50, (2.0, 2.0))


def pixels(shapes, grid=GRID, radius=0.0, inner=lambda shape: None):
    """The pixels of each shape as sets, together in one batch."""
    batch = ShapeBatch()
    for i, shape in enumerate(shapes):
        batch.add(shape, i, radius)
    rows, cols, owners = batch.spans(grid, inner).pixels()
    return [set(zip(rows[owners == i].tolist(), cols[owners == i].tolist())) for i in range(len(shapes))]


def point(x, y):
    return Shape(0, (np.array([[x, y]], dtype=float),))


def polygon(*corners):
    return Shape(2, (np.array([*corners, corners[0]], dtype=float),))


def test_a_point_means_the_pixel_that_contains_it():
    assert pixels([point(11.0, 97.9), point(-1, 50)]) == [{(1, 5)}, set()]


def test_a_disc_holds_the_pixels_whose_centre_is_within_the_radius():
    x, y = 51.3, 48.9
    all_rows, all_cols = np.mgrid[0:50, 0:50]
    distance = np.hypot(all_cols * 2 + 1 - x, 100 - all_rows * 2 - 1 - y)
    expected = set(zip(*(i.tolist() for i in np.nonzero(distance <= 7))))
    assert pixels([point(x, y)], radius=7.0) == [expected]


def test_a_radius_smaller_than_a_pixel_keeps_the_containing_one():
    assert pixels([point(0.1, 99.9)], radius=0.5) == [{(0, 0)}]


def test_a_disc_at_the_edge_is_cut_and_one_outside_is_empty():
    at_edge, outside = pixels([point(-1.0, 99.0), point(-50.0, 50.0)], radius=3.0)
    assert at_edge
    assert {col for _, col in at_edge} == {0}
    assert not outside


def test_a_disc_is_round_on_the_ground_where_pixels_are_not_square():
    oblong = Grid("", (0.0, 1.0, 0.0, 100.0, 0.0, -4.0), 25, 100, (1.0, 4.0))
    (found,) = pixels([point(50.5, 50.0)], oblong, 10.0)
    rows, cols = np.array(sorted(found)).T
    assert abs((np.ptp(cols) + 1) * 1.0 - (np.ptp(rows) + 1) * 4.0) <= 4.0


def test_a_strip_holds_the_pixels_whose_centre_is_within_the_radius_of_the_line():
    ends, radius = np.array([[12.3, 80.1], [71.7, 33.3]]), 5.5
    all_rows, all_cols = np.mgrid[0:50, 0:50]
    centres = np.stack([all_cols * 2 + 1.0, 100 - all_rows * 2 - 1.0], axis=-1)
    along = ends[1] - ends[0]
    t = np.clip(((centres - ends[0]) @ along) / (along @ along), 0, 1)
    near = np.linalg.norm(centres - ends[0] - t[..., None] * along, axis=-1) <= radius
    (touched,) = pixels([Shape(1, (ends,))])
    assert pixels([Shape(1, (ends,))], radius=radius) == [
        touched | set(zip(*(i.tolist() for i in np.nonzero(near))))
    ]


def test_areas_that_share_an_edge_through_pixel_centres_neither_overlap_nor_leave_a_gap():
    left, right = polygon((1, 1), (1, 99), (51, 99), (51, 1)), polygon((51, 1), (51, 99), (99, 99), (99, 1))
    one, other = pixels([left, right])
    assert not one & other
    assert len(one | other) == 49 * 49


def test_an_area_within_one_pixel_needs_no_inner_point():
    def fails(shape):
        raise AssertionError

    assert pixels([polygon((10.1, 97.9), (10.9, 97.9), (10.5, 97.2))], inner=fails) == [{(1, 5)}]


def test_an_area_between_centres_takes_the_pixel_of_its_inner_point():
    sliver = polygon((11.5, 97.9), (12.5, 97.9), (12.5, 97.8))
    assert pixels([sliver], inner=lambda shape: (12.3, 97.85)) == [{(1, 6)}]


def test_an_area_beside_the_grid_is_not_asked_for_an_inner_point():
    assert pixels([polygon((-9, 50), (-1, 50), (-1, 60))], inner=lambda shape: (1.0, 50.0)) == [set()]


@pytest.mark.parametrize("limit", [1, 100, 10**9])
def test_many_areas_at_once_are_the_same_as_one_by_one(monkeypatch, limit):
    monkeypatch.setattr("landfuse.core.data.spans._CROSSINGS", limit)
    random = np.random.default_rng(3)
    shapes = []
    for size in random.integers(3, 9, 60):
        angle = np.sort(random.uniform(0, 2 * np.pi, size))
        reach = random.uniform(0.3, 20, size)
        centre = random.uniform(-5, 105, 2)
        shapes.append(polygon(*(centre + np.stack([np.cos(angle), np.sin(angle)], 1) * reach[:, None])))
    assert pixels(shapes) == [pixels([shape])[0] for shape in shapes]
