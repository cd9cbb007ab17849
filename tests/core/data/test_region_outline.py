"""Outlines of regions: along the pixels, smoothed, closed, simple."""

from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.data.region_growing import grow
from landfuse.core.data.region_outline import pixel_outline, simplified, smooth_outline


def area(ring):
    rows, cols = ring[:-1].T
    return 0.5 * abs(np.dot(rows, np.roll(cols, -1)) - np.dot(cols, np.roll(rows, -1)))


def polygon(ring):
    from osgeo import ogr

    line = ogr.Geometry(ogr.wkbLinearRing)
    for row, col in ring.tolist():
        line.AddPoint_2D(col, row)
    found = ogr.Geometry(ogr.wkbPolygon)
    found.AddGeometryDirectly(line)
    return found


def random_region(seed):
    """A ragged region without holes around the middle of 40 x 40 pixels."""
    wide = np.random.default_rng(seed).normal(size=(44, 44))
    noise = sum(wide[r : r + 40, c : c + 40] for r in range(5) for c in range(5))
    rows, cols = np.indices((40, 40)) - 20
    return grow(np.hypot(rows, cols) + noise, (20, 20), 12.0 + noise[20, 20])


def test_the_outline_of_an_l_is_found_by_hand():
    mask = np.array([[1, 0], [1, 1]], dtype=bool)
    assert {tuple(p) for p in pixel_outline(mask)} == {
        (0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0),
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(20))
def test_outlines_of_ragged_regions_are_simple_and_keep_the_area(seed):
    region = random_region(seed)
    exact, smooth = pixel_outline(region), smooth_outline(region)
    for ring in (exact, smooth):
        assert (ring[0] == ring[-1]).all()
        assert polygon(ring).IsValid()
    assert area(exact) == region.sum()
    assert area(smooth) == pytest.approx(region.sum(), rel=0.15)
    assert len(smooth) < 0.7 * len(exact)


def test_a_rectangle_needs_few_points_and_stays_a_rectangle():
    mask = np.zeros((30, 50), dtype=bool)
    mask[5:25, 10:40] = True
    ring = smooth_outline(mask)
    assert len(ring) <= 9
    assert area(ring) == pytest.approx(600, rel=0.01)


def test_a_slanted_edge_becomes_a_line_and_not_stairs():
    rows, cols = np.indices((40, 40))
    assert len(smooth_outline(rows >= cols)) <= 9


def test_a_single_pixel_keeps_its_area():
    mask = np.zeros((3, 3), dtype=bool)
    mask[1, 1] = True
    assert area(smooth_outline(mask)) == 1


def test_no_point_is_farther_from_the_simplified_line_than_allowed():
    angles = np.linspace(0, 2 * np.pi, 400)
    circle = 20 * np.column_stack([np.cos(angles), np.sin(angles)])
    few = simplified(circle, 0.5)
    assert len(few) < 40
    assert np.abs(np.hypot(*((few[1:] + few[:-1]) / 2).T) - 20).max() <= 0.5 + 1e-9
