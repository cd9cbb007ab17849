"""Growing a region: hand-computed distances, connectedness, holes, and the order of the tolerances."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from landfuse.core.data.region_growing import connected, filled, grow, seed_distances, standardised


def picture(text):
    return np.array([[c == "#" for c in line] for line in text.split()])


def valid(shape):
    return np.ones(shape, dtype=bool)


def flooded(mask, seed):
    """The plain flood fill that `connected` has to equal."""
    found, waiting = np.zeros_like(mask), deque([seed] if mask[seed] else [])
    while waiting:
        r, c = waiting.popleft()
        if 0 <= r < mask.shape[0] and 0 <= c < mask.shape[1] and mask[r, c] and not found[r, c]:
            found[r, c] = True
            waiting.extend([(r - 1, c), (r + 1, c), (r, c - 1), (r, c + 1)])
    return found


def test_distances_of_a_case_computed_by_hand():
    # One band, mean 5, deviation 5: the left half is -1, the right one +1, two deviations apart.
    values = np.repeat(np.float32([[0, 0, 0, 10, 10, 10]]), 4, axis=0)
    features = standardised({"optical": values[None]}, valid(values.shape))
    np.testing.assert_allclose(features[0, 0], [-1, -1, -1, 1, 1, 1])
    distances = seed_distances(features, valid(values.shape), (1, 1))
    np.testing.assert_allclose(distances, np.repeat([[0, 0, 0, 2, 2, 2]], 4, axis=0))
    assert grow(distances, (1, 1), 1.9).sum() == 12
    assert grow(distances, (1, 1), 2.0).sum() == 24


def test_a_source_of_many_bands_counts_as_much_as_one_of_a_single_band():
    # Both sources split the picture in halves that are two deviations apart, one across, one down.
    across = np.repeat(np.float32([[0, 0, 10, 10]]), 4, axis=0)
    features = standardised(
        {"hsi": np.repeat(across[None], 9, axis=0), "lidar": across.T[None]}, valid(across.shape)
    )
    distance = np.sqrt(((features - features[:, :1, :1]) ** 2).sum(axis=0))
    root = np.sqrt((2**2 + 0) / 2)
    np.testing.assert_allclose(distance[0], [0, 0, root, root], rtol=1e-6)
    np.testing.assert_allclose(distance[:, 0], [0, 0, root, root], rtol=1e-6)
    np.testing.assert_allclose(distance[3, 3], 2, rtol=1e-6)


def test_pixels_without_data_are_never_reached_and_count_in_no_mean():
    values = np.zeros((5, 5), np.float32)
    values[:, 2] = np.nan
    known = np.isfinite(values)
    values[0, 0], values[4, 4] = 1, -1
    features = standardised({"sar": values[None]}, known)
    assert np.isfinite(features).all()
    assert features[0][known].mean() == pytest.approx(0, abs=1e-7)
    region = grow(seed_distances(features, known, (2, 0)), (2, 0), 100)
    assert region.sum() == 10
    assert not region[:, 2:].any()


def test_a_constant_band_adds_no_distance():
    values = np.stack([np.full((3, 4), 7), np.arange(12).reshape(3, 4)]).astype(np.float32)
    features = standardised({"optical": values}, valid((3, 4)))
    assert (features[0] == 0).all()
    assert np.isfinite(features).all()


def test_the_clicked_pixel_belongs_to_the_region_at_any_tolerance():
    values = np.random.default_rng(0).normal(size=(1, 9, 9)).astype(np.float32)
    features = standardised({"sar": values}, valid((9, 9)))
    for pixel in ((0, 0), (4, 4), (8, 3)):
        assert grow(seed_distances(features, valid((9, 9)), pixel), pixel, 0.0)[pixel]


def test_a_single_odd_pixel_does_not_cut_a_field():
    values = np.zeros((7, 7), np.float32)
    values[:, 5:] = 10
    values[3, 2] = 10
    distances = seed_distances(standardised({"optical": values[None]}, valid((7, 7))), valid((7, 7)), (0, 0))
    assert distances[3, 2] == 0
    assert (distances[:, 5:] > 1).all()


def test_a_larger_tolerance_never_gives_a_smaller_region():
    values = np.random.default_rng(3).normal(size=(3, 40, 40)).cumsum(axis=1).astype(np.float32)
    distances = seed_distances(standardised({"optical": values}, valid((40, 40))), valid((40, 40)), (20, 20))
    regions = [grow(distances, (20, 20), t) for t in np.linspace(0, 3, 13)]
    assert all((after | ~before).all() for before, after in zip(regions, regions[1:]))
    assert regions[0].sum() < regions[-1].sum()


@pytest.mark.parametrize("share", [0.3, 0.55, 0.7, 0.95])
def test_connected_equals_a_flood_fill(share):
    random = np.random.default_rng(7)
    for _ in range(30):
        mask = random.random((17, 23)) < share
        seed = int(random.integers(17)), int(random.integers(23))
        np.testing.assert_array_equal(connected(mask, seed), flooded(mask, seed))


def test_a_spiral_hangs_together():
    mask = picture("####### ......# #####.# #...#.# #.###.# #.....# #######")
    np.testing.assert_array_equal(connected(mask, (0, 0)), mask)
    assert connected(mask, (4, 2)).sum() == mask.sum()


def test_pixels_that_meet_at_a_corner_do_not_hang_together():
    assert connected(picture("#. .#"), (0, 0)).sum() == 1


def test_holes_are_filled_and_bays_are_not():
    mask = picture("##### #.#.# #.### ##..# .####")
    assert (filled(mask) == picture("##### ##### ##### ##### .####")).all()
    bay = picture("##### #.... #####")
    assert (filled(bay) == bay).all()


def test_a_hole_open_only_across_a_corner_is_filled():
    mask = picture("###. #.## ####")
    assert (filled(mask) == picture("###. #### ####")).all()
    corner = picture(".## #.# ###")
    assert (filled(corner) == picture(".## ### ###")).all()
