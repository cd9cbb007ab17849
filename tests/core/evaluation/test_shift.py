from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.evaluation.shift import Estimate, block_surface, edge_field, estimate

SIDE, BLOCK, REACH = 128, 32, 12


def _estimate(first, second):
    fields = [edge_field(image[None]) for image in (first, second)]
    slices = [slice(i, i + BLOCK) for i in range(0, len(fields[0]), BLOCK)]
    return estimate([block_surface(*fields, (r, c), REACH) for r in slices for c in slices])


@pytest.mark.parametrize("contrast", ["same", "inverse", "other"])
@pytest.mark.parametrize(("rows", "cols"), [(0, 0), (0.5, -0.5), (1.3, 3), (-7, 1.3)])
def test_a_known_shift_is_found_whatever_the_contrast(two_views, rows, cols, contrast):
    found = _estimate(*two_views(SIDE, rows, cols, contrast=contrast))
    assert found.sure
    assert (found.rows, found.cols) == pytest.approx((rows, cols), abs=0.3)
    assert found.error < 0.3


def test_the_error_covers_what_is_missed(two_views):
    missed = []
    for seed in range(6):
        found = _estimate(*two_views(SIDE, 1.3, -0.5, seed=seed))
        missed += [(found.rows - 1.3) / found.error, (found.cols + 0.5) / found.error]
    assert np.sqrt(np.mean(np.square(missed))) < 2.5


def test_holes_in_the_same_place_are_not_taken_for_edges():
    random = np.random.default_rng(1)
    images = random.random((2, SIDE, SIDE)).astype(np.float32)
    images[:, 30:60, 20:90] = np.nan
    images[:, 90:100] = np.nan
    found = _estimate(*images)
    assert found is None or not found.sure


def test_holes_do_not_hide_a_shift(two_views):
    first, second = two_views(SIDE, 1.3, -3)
    first[20:50, 40:100] = np.nan
    second[70:75] = np.nan
    found = _estimate(first, second)
    assert found.sure
    assert (found.rows, found.cols) == pytest.approx((1.3, -3), abs=0.3)


@pytest.mark.parametrize("seed", range(8))
def test_other_places_and_noise_are_never_sure(two_views, seed):
    first, _ = two_views(SIDE, seed=2 * seed)
    second, _ = two_views(SIDE, seed=2 * seed + 1)
    noise = np.random.default_rng(seed).normal(size=first.shape)
    for other in (second, noise, noise.cumsum(axis=0).cumsum(axis=1)):
        found = _estimate(first, other)
        assert found is None or not found.sure


def test_a_shift_beyond_the_reach_is_not_told(two_views):
    first, second = two_views(SIDE, 0, 0)
    found = _estimate(first, np.roll(second, 20, axis=1))
    assert found is None or not found.sure


def test_an_image_without_edges_gives_nothing(two_views):
    first, _ = two_views(SIDE)
    assert _estimate(first, np.ones_like(first)) is None
    assert _estimate(first, np.full_like(first, np.nan)) is None


def test_stripes_say_nothing_across_their_direction():
    stripes = np.tile(np.sin(np.arange(SIDE)), (SIDE, 1)).astype(np.float32)
    found = _estimate(stripes, stripes)
    assert found is None or not found.sure


def test_edges_from_dark_to_bright_and_back_are_the_same_edge_and_units_do_not_matter(two_views):
    image, _ = two_views(48)
    field = edge_field(image[None])
    np.testing.assert_allclose(edge_field(1000 - 300 * image[None]), field, atol=1e-3)
    assert np.abs(field).max() <= 1 + 1e-6


def test_the_direction_of_an_edge_is_doubled():
    ramp = np.arange(20.0)
    assert edge_field(np.tile(ramp, (20, 1))[None])[10, 10] == pytest.approx(0.5 + 0j, abs=1e-4)
    assert edge_field(np.tile(ramp[:, None], (1, 20))[None])[10, 10] == pytest.approx(-0.5 + 0j, abs=1e-4)
    assert edge_field((ramp[:, None] + ramp)[None])[10, 10] == pytest.approx(0.5j, abs=1e-4)


def test_sure_needs_a_sharp_peak_ahead_of_all_others_and_a_small_error():
    assert Estimate(1, 1, 0.1, 8.0, 2.0).sure
    assert not Estimate(1, 1, 0.4, 8.0, 2.0).sure
    assert not Estimate(1, 1, 0.1, 6.0, 2.0).sure
    assert not Estimate(1, 1, 0.1, 8.0, 1.2).sure
