from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.data.classes import class_list
from landfuse.core.data.groups import assign_groups, block_groups, block_side, merge_groups
from landfuse.core.data.sample_set import SampleSet


def make(rows, cols, labels=None, places=None, unit="polygon"):
    rows, cols = np.asarray(rows, np.int64), np.asarray(cols, np.int64)
    order = np.lexsort((cols, rows))
    labels = np.zeros(len(rows), np.int64) if labels is None else np.asarray(labels, np.int64)
    places = np.arange(len(rows)) if places is None else np.asarray(places, np.int64)
    classes = class_list(range(1, int(labels.max()) + 2))
    return SampleSet(
        rows[order], cols[order], labels[order], places[order], places[order], classes, unit=unit
    )


def squares(corners, side=3, classes=None):
    """One polygon of side x side pixels per corner (row, col)."""
    rows, cols, places, labels = [], [], [], []
    for place, (row, col) in enumerate(corners):
        r, c = np.mgrid[row : row + side, col : col + side]
        rows += r.ravel().tolist()
        cols += c.ravel().tolist()
        places += [place] * side * side
        labels += [0 if classes is None else classes[place]] * side * side
    return make(rows, cols, labels, places)


def partition(keys):
    """The same for all ways to name the same groups."""
    return np.unique(keys, return_index=True, return_inverse=True)[2].reshape(-1).tolist()


def merged_by_all_pairs(samples, gap):
    """Merge places by comparing every pair of pixels, until nothing changes."""
    group = samples.places.copy()
    near = (
        np.maximum(
            np.abs(samples.rows[:, None] - samples.rows[None]),
            np.abs(samples.cols[:, None] - samples.cols[None]),
        )
        < gap
    )
    while True:
        lowest = np.where(near, group[None], group.max()).min(axis=1)
        by_place = np.array([lowest[samples.places == p].min() for p in samples.places])
        if (by_place == group).all():
            return group
        group = by_place


@pytest.mark.parametrize("gap", [1, 2, 3, 4, 7, 12])
@pytest.mark.parametrize("seed", range(6))
def test_merging_agrees_with_comparing_all_pairs(gap, seed):
    rng = np.random.default_rng(seed)
    cells = rng.choice(60 * 60, 120, replace=False)
    samples = make(cells // 60, cells % 60, places=rng.integers(0, 60, 120))
    one, other = merge_groups(samples, gap), merged_by_all_pairs(samples, gap)
    same = (one[:, None] == one[None]) == (other[:, None] == other[None])
    assert same.all()


def test_a_distance_equal_to_the_gap_is_not_merged():
    samples = squares([(0, 0), (0, 8), (7, 20)])  # 6 columns apart, then farther
    assert len(np.unique(merge_groups(samples, 6))) == 3
    assert len(np.unique(merge_groups(samples, 7))) == 2


def test_the_key_of_a_group_is_its_place_and_does_not_change_when_another_comes():
    few, more = squares([(10, 10), (40, 40)]), squares([(10, 10), (40, 40), (0, 60)])
    before, after = merge_groups(few, 5), merge_groups(more, 5)
    assert set(before) < set(after)


def test_blocks_are_counted_from_the_corner_of_the_grid():
    rows, cols = np.array([0, 9, 10, 9]), np.array([0, 9, 9, 10])
    keys = block_groups(rows, cols, 10)
    assert keys[0] == keys[1]
    assert len(np.unique(keys)) == 3


def wall_to_wall(side, n_classes=3, patch=8):
    rows, cols = (i.ravel() for i in np.mgrid[0:side, 0:side])
    labels = ((rows // patch) * 7 + (cols // patch) * 3) % n_classes
    return make(rows, cols, labels, np.zeros(len(rows)), unit="none")


@pytest.mark.parametrize("gap", [0, 3, 9, 20])
def test_blocks_are_at_least_twice_the_gap_and_leave_every_class_about_eight(gap):
    samples = wall_to_wall(200)
    side = block_side(samples, gap, 200, 200)
    assert side >= 2 * gap
    keys = block_groups(samples.rows, samples.cols, side)
    for label in range(3):
        assert len(np.unique(keys[samples.labels == label])) >= 8


def test_a_label_raster_is_grouped_in_blocks_and_says_so():
    grouped = assign_groups(wall_to_wall(100), 5, 100, 100)
    assert grouped.unit == "block"
    assert len(np.unique(grouped.groups)) > 4
    assert "blocks of" in grouped.notes[-1]


def test_a_group_field_is_left_alone():
    samples = make([0, 1, 50], [0, 0, 0], places=[0, 1, 2], unit="field")
    assert assign_groups(samples, 30, 60, 60) is samples


def test_polygons_far_apart_stay_groups_of_their_own():
    corners = [(r, c) for r in range(0, 200, 40) for c in range(0, 200, 40)]
    grouped = assign_groups(squares(corners, classes=[i % 2 for i in range(25)]), 10, 200, 200)
    assert len(np.unique(grouped.groups)) == 25
    assert grouped.notes == ()


def test_polygons_that_all_merge_are_divided_into_blocks_with_a_note():
    corners = [(r, c) for r in range(0, 200, 4) for c in range(0, 200, 4)]
    classes = [(i // 7) % 3 for i in range(len(corners))]
    grouped = assign_groups(squares(corners, classes=classes), 6, 203, 203)
    assert len(np.unique(grouped.groups)) >= 8
    assert "divided into blocks" in grouped.notes[-1]
    for label in range(3):
        assert len(np.unique(grouped.groups[grouped.labels == label])) >= 2


def test_one_wide_polygon_of_a_class_is_divided_but_a_small_one_is_not():
    rows, cols = (i.ravel() for i in np.mgrid[0:100, 0:100])
    lake = rows < 60
    samples = make(rows, cols, np.where(lake, 0, 1), np.where(lake, 0, 1 + rows))
    grouped = assign_groups(samples, 4, 100, 100)
    assert len(np.unique(grouped.groups[grouped.labels == 0])) > 1
    small = squares([(0, 0), (50, 50), (80, 0)], classes=[0, 1, 1])
    assert len(np.unique(assign_groups(small, 4, 100, 100).groups)) == 3
