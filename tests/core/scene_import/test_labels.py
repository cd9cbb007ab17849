from __future__ import annotations

import random

import numpy as np
import pytest
from landfuse.core.errors import ClassesError, SamplesError
from landfuse.core.scene_import.labels import checked_labels, divide, given, masked


def counts(labels):
    return np.bincount(labels.ravel(), minlength=4)[1:].tolist()


def test_labels_are_whole_numbers_and_nan_is_unlabelled():
    found = checked_labels(np.array([[1.0, np.nan], [0.0, 3.0]]), "gt")
    assert found.tolist() == [[1, 0], [0, 3]]
    assert checked_labels(np.ones((2, 3, 1)), "gt").shape == (2, 3)


@pytest.mark.parametrize("bad", [[[1.5]], [[-1]], [[70000]], [[np.inf]]])
def test_what_is_no_label_is_refused(bad):
    with pytest.raises(SamplesError, match="whole numbers"):
        checked_labels(np.array(bad), "a.mat: gt")


def test_a_cube_is_no_label_array():
    with pytest.raises(SamplesError, match="4 x 5 x 6"):
        checked_labels(np.zeros((4, 5, 6)), "gt")


def test_more_classes_than_names_are_refused():
    with pytest.raises(ClassesError, match="reach 4, but only 3"):
        checked_labels(np.array([[1, 4]]), "gt", 3)


def test_the_same_seed_draws_the_same_pixels(scene):
    first, again = (divide(scene.gt, "number", 20, 0, seed=5) for _ in range(2))
    other = divide(scene.gt, "number", 20, 0, seed=6)
    assert np.array_equal(first.train, again.train)
    assert not np.array_equal(first.train, other.train)
    assert counts(first.train) == [20, 20, 20]


def test_parts_do_not_overlap_and_hold_every_label(scene):
    for rule in ("number", "rate", "mibf_net"):
        found = divide(scene.gt, rule, 7, 0.1, 0)
        assert not ((found.train > 0) & (found.test > 0)).any()
        assert np.array_equal(np.maximum(found.train, found.test), scene.gt)
        assert found.is_random
        assert "optimistic" in found.text


def test_a_rate_is_rounded_up_for_each_class(scene):
    sizes = counts(scene.gt)
    found = divide(scene.gt, "rate", 0, 0.03, 0)
    assert counts(found.train) == [int(np.ceil(0.03 * n)) for n in sizes]
    exact = np.repeat([[0, 1, 2]], 50, axis=0)
    assert counts(divide(exact, "rate", 0, 0.02, 0).train) == [1, 1, 0]


def test_a_small_class_keeps_a_pixel_for_testing():
    labels = np.array([[1, 1, 1, 2, 2, 2, 2, 2, 3]])
    found = divide(labels, "number", 20, 0, 0)
    assert counts(found.train) == [2, 4, 1]
    assert counts(found.test) == [1, 1, 0]


def test_the_division_of_mibf_net_is_that_of_its_generator(scene):
    found = divide(scene.gt, "mibf_net", 0, 0, 99)
    pixels = np.argwhere(scene.gt == 2)
    np.random.seed(2333)  # noqa: NPY002  as the authors do
    np.random.shuffle(pixels)  # noqa: NPY002
    wanted = {tuple(p) for p in pixels[: int(np.ceil(0.02 * len(pixels)))].tolist()}
    assert {tuple(p) for p in np.argwhere(found.train == 2).tolist()} == wanted


def test_the_division_of_ncglf2_is_that_of_its_generators(scene):
    pytest.importorskip("sklearn")
    found = divide(scene.gt, "ncglf2", 0, 0, 99)
    assert counts(found.train) == [20, 20, 20]
    rest = int((scene.gt > 0).sum()) - 60
    assert int((found.test > 0).sum()) == int(np.ceil(0.85 * rest))
    assert not ((found.train > 0) & (found.test > 0)).any()
    pixels = np.flatnonzero(scene.gt.ravel() == 1).tolist()
    generator = random.Random(0)
    for i in reversed(range(1, len(pixels))):
        j = int(generator.random() * (i + 1))
        pixels[i], pixels[j] = pixels[j], pixels[i]
    assert sorted(pixels[:20]) == np.flatnonzero(found.train.ravel() == 1).tolist()


def test_the_division_of_ncglf2_needs_more_than_twenty_pixels(scene):
    pytest.importorskip("sklearn")
    labels = scene.gt.copy()
    labels[(labels == 3) & (np.cumsum(labels == 3).reshape(labels.shape) > 21)] = 0
    with pytest.raises(SamplesError, match="more than 21"):
        divide(labels, "ncglf2", 0, 0, 0)


def test_nothing_labelled_cannot_be_divided():
    with pytest.raises(SamplesError, match="No pixel"):
        divide(np.zeros((3, 3), int), "number", 5, 0, 0)


def test_masks_of_zero_and_one_take_their_classes_from_the_labels(scene):
    mask = (scene.train > 0).astype(np.int64)
    assert np.array_equal(masked(scene.gt.astype(np.int64), mask, "train"), scene.train)


def test_masks_with_other_classes_than_the_labels_are_refused(scene):
    with pytest.raises(SamplesError, match="another class"):
        masked(scene.gt.astype(np.int64), np.flipud(scene.train) % 3 + 1, "train")


def test_given_masks_may_not_overlap(scene):
    with pytest.raises(SamplesError, match="pixels are in the training and in the test mask"):
        given(None, scene.train, scene.gt)


def test_without_a_test_mask_the_other_labels_test(scene):
    found = given(scene.gt, scene.train, None)
    assert np.array_equal(np.maximum(found.train, found.test), scene.gt)
    assert not found.is_random
    with pytest.raises(SamplesError):
        given(None, scene.train, None)
