from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.training.sampling import EpochSampler, batch_stop, class_weights


def test_no_place_and_no_class_exceeds_its_limit():
    labels = np.repeat([0, 1, 2], [6000, 900, 30])
    places = np.concatenate([np.repeat(np.arange(10), 600), np.full(900, 100), np.full(30, 101)])
    chosen = EpochSampler(labels, places, seed=1).epoch(0)
    assert np.bincount(labels[chosen]).tolist() == [2000, 500, 30]
    assert np.bincount(places[chosen]).max() == 500
    assert len(np.unique(chosen)) == len(chosen)


def test_small_sets_are_seen_in_full_every_epoch():
    sampler = EpochSampler(np.arange(20) % 4, np.arange(20), seed=1)
    assert sampler.size == 20
    assert sorted(sampler.epoch(7)) == list(range(20))


def test_epochs_differ_from_each_other_and_repeat_with_the_seed():
    labels, places = np.zeros(5000, np.int64), np.arange(5000)
    one, same = (EpochSampler(labels, places, seed=5) for _ in range(2))
    assert (one.epoch(3) == same.epoch(3)).all()
    assert set(one.epoch(3)) != set(one.epoch(4))
    assert (one.epoch(3) != EpochSampler(labels, places, seed=6).epoch(3)).any()


@pytest.mark.parametrize("shares", [(138_528, 57_544), (21_947, 1_532, 395, 362)])
def test_every_part_of_an_epoch_holds_the_classes_in_the_proportion_of_the_whole(shares):
    labels = np.repeat(np.arange(len(shares)), shares)
    places = np.random.default_rng(0).integers(0, 300, len(labels))
    order = EpochSampler(labels, places, seed=42).epoch(0)
    whole = np.bincount(labels[order]) / len(order)
    for part in np.array_split(order, 8):  # the last ones held a single class once
        share = np.bincount(labels[part], minlength=len(whole)) / len(part)
        assert share == pytest.approx(whole, abs=0.08)


def test_every_part_of_an_epoch_holds_pixels_of_the_large_places_too():
    places = np.concatenate([np.zeros(20_000, np.int64), 1 + np.arange(1_500) % 30])
    order = EpochSampler(np.zeros(len(places), np.int64), places, seed=1, max_per_class=10_000).epoch(0)
    for part in np.array_split(order, 5):
        assert (places[part] == 0).mean() == pytest.approx(0.25, abs=0.07)


def test_weights_follow_the_inverse_square_root_up_to_one_in_ten():
    weights = class_weights(np.array([40_000, 10_000, 100, 0]))
    assert weights[1] / weights[0] == pytest.approx(2.0)
    assert weights[2] / weights[0] == pytest.approx(10.0)  # the square root would say 20
    assert weights[3] == 0


def test_weights_are_one_on_average_over_the_samples():
    counts = np.array([10, 300, 25])
    assert (class_weights(counts) * counts).sum() / counts.sum() == pytest.approx(1.0)


@pytest.mark.parametrize(("total", "sizes"), [(8, [4, 4]), (9, [4, 5]), (10, [4, 4, 2]), (1, [1]), (3, [3])])
def test_a_single_left_over_sample_joins_the_last_batch(total, sizes):
    start, found = 0, []
    while start < total:
        stop = batch_stop(start, total, 4)
        found.append(stop - start)
        start = stop
    assert found == sizes
