from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.data.classes import class_list
from landfuse.core.data.sample_set import SampleSet, first_pixel_keys
from landfuse.core.data.splits import assign_groups, hold_back, k_folds

SIDE = 300


def polygons(seed, count=60, n_classes=4, side=4, spacing=30):
    """Squares on a lattice wider than any gap used here; the class of each is drawn."""
    rng = np.random.default_rng(seed)
    places = rng.choice((SIDE // spacing) ** 2, count, replace=False)
    return from_places(places, rng.integers(0, n_classes, count), n_classes, side, spacing)


def from_places(places, classes, n_classes, side=4, spacing=30):
    across = SIDE // spacing
    rows, cols = (i.ravel() for i in np.mgrid[0:side, 0:side])
    all_rows = np.concatenate([rows + (p // across) * spacing for p in places])
    all_cols = np.concatenate([cols + (p % across) * spacing for p in places])
    labels = np.repeat(np.asarray(classes, np.int64), side * side)
    numbers = np.repeat(np.arange(len(places)), side * side)
    order = np.lexsort((all_cols, all_rows))
    rows, cols, numbers = all_rows[order], all_cols[order], numbers[order]
    keys = first_pixel_keys(rows, cols, numbers)
    return SampleSet(rows, cols, labels[order], keys, numbers, class_list(range(1, n_classes + 1)))


def raster(seed, n_classes=4):
    """Every pixel labelled, in patches of irregular size."""
    rng = np.random.default_rng(seed)
    rows, cols = (i.ravel() for i in np.mgrid[0:120, 0:120])
    labels = rng.integers(0, n_classes, (15, 15))[rows // 8, cols // 8]
    places = np.zeros(len(rows), np.int64)
    return SampleSet(rows, cols, labels, places, places, class_list(range(1, n_classes + 1)), unit="none")


def distance(samples, one, other):
    rows, cols = samples.rows, samples.cols
    nearest = 10**9
    for row, col in zip(rows[one].tolist(), cols[one].tolist()):
        here = np.maximum(np.abs(rows[other] - row), np.abs(cols[other] - col)).min()
        nearest = min(nearest, int(here))
    return nearest


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("make", [polygons, raster])
def test_no_test_pixel_is_closer_than_the_gap_to_a_training_pixel(make, seed):
    samples = assign_groups(make(seed), 7, SIDE, SIDE)
    split = hold_back(samples, 0.25, seed, 7)
    assert split.test.any()
    assert not (split.train & split.test).any()
    assert distance(samples, split.test, split.train) >= 7


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5])
def test_every_class_with_two_groups_is_on_both_sides(seed, fraction):
    samples = assign_groups(polygons(seed, count=12), 7, SIDE, SIDE)
    split = hold_back(samples, fraction, seed, 7)
    for label in range(4):
        own = samples.labels == label
        if len(np.unique(samples.groups[own])) >= 2:
            assert (split.test & own).any()
            assert (split.train & own).any()
            assert label not in split.not_assessed


def test_a_class_with_a_single_group_is_trained_in_full_and_reported():
    samples = from_places([0, 22, 44, 66, 88], [0, 0, 0, 0, 1], 2)
    split = hold_back(samples, 0.5, 3, 7)
    own = samples.labels == 1
    assert split.train[own].all()
    assert split.not_assessed == (1,)
    assert any("Not assessed" in note and "class 2" in note for note in split.notes)


@pytest.mark.parametrize("seed", range(5))
def test_groups_are_held_back_whole(seed):
    samples = assign_groups(polygons(seed), 7, SIDE, SIDE)
    split = hold_back(samples, 0.25, seed, 7)
    for group in np.unique(samples.groups):
        assert len(np.unique(split.test[samples.groups == group])) == 1


def test_about_the_wanted_share_is_held_back():
    shares = [hold_back(polygons(s, 90), 0.25, s, 7).test.mean() for s in range(20)]
    assert 0.2 < np.mean(shares) < 0.3
    assert min(shares) > 0.1
    assert max(shares) < 0.4


@pytest.mark.parametrize("seed", range(8))
def test_adding_a_polygon_moves_no_other_to_another_side(seed):
    rng = np.random.default_rng(seed)
    places = rng.choice(100, 81, replace=False)
    classes = np.arange(81) % 2
    before = from_places(places[:80], classes[:80], 2)
    after = from_places(places, classes, 2)
    held = [set(s.groups[hold_back(s, 0.25, seed, 7).test].tolist()) for s in (before, after)]
    added = set(after.groups.tolist()) - set(before.groups.tolist())
    assert len(added) == 1
    assert held[1] - added == held[0]


@pytest.mark.parametrize("seed", range(30))
def test_where_a_class_has_few_groups_at_most_one_other_changes_sides(seed):
    rng = np.random.default_rng(seed)
    places = rng.choice(100, 4, replace=False)
    before, after = from_places(places[:3], [0] * 3, 1), from_places(places, [0] * 4, 1)
    held = [set(s.groups[hold_back(s, 0.25, seed, 7).test].tolist()) for s in (before, after)]
    added = set(after.groups.tolist()) - set(before.groups.tolist())
    assert len((held[0] ^ held[1]) - added) <= 1


def test_the_split_follows_from_the_seed():
    samples = polygons(1)
    one, same, other = (hold_back(samples, 0.25, seed, 7).test for seed in (5, 5, 6))
    assert (one == same).all()
    assert (one != other).any()


def test_nothing_is_held_back_for_a_share_of_zero():
    split = hold_back(polygons(0), 0.0, 1, 7)
    assert split.train.all()
    assert not split.test.any()


def test_a_rare_class_keeps_training_samples_beside_held_back_blocks():
    rows, cols = (i.ravel() for i in np.mgrid[0:120, 0:120])
    rare = (rows >= 52) & (rows < 56) & (cols < 20)
    places = np.zeros(len(rows), np.int64)
    samples = SampleSet(rows, cols, np.where(rare, 1, 0), places, places, class_list([1, 2]), unit="none")
    grouped = assign_groups(samples, 6, 120, 120)
    for seed in range(10):
        split = hold_back(grouped, 0.25, seed, 6)
        assert grouped.subset(split.train).counts()[1] >= 0.2 * rare.sum()


@pytest.mark.parametrize("make", [polygons, raster])
@pytest.mark.parametrize("k", [2, 5])
def test_folds_test_every_sample_once_with_the_gap(make, k):
    samples = assign_groups(make(3), 7, SIDE, SIDE)
    splits = k_folds(samples, k, 11, 7)
    assert len(splits) == k
    assert (sum(s.test.astype(int) for s in splits) == 1).all()
    for split in splits:
        assert distance(samples, split.test, split.train) >= 7


def test_every_fold_has_every_class_that_has_enough_groups():
    samples = from_places(np.arange(100), np.arange(100) % 4, 4)
    for split in k_folds(samples, 5, 2, 7):
        assert (samples.subset(split.test).counts() > 0).all()


def test_a_class_with_a_single_group_is_trained_in_every_fold():
    samples = from_places([0, 22, 44, 66, 88], [0, 0, 0, 0, 1], 2)
    for split in k_folds(samples, 2, 1, 7):
        assert split.train[samples.labels == 1].all()


def test_one_fold_is_refused():
    with pytest.raises(ValueError, match="at least 2"):
        k_folds(polygons(0), 1, 0, 7)
