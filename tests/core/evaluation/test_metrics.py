from __future__ import annotations

import math

import numpy as np
import pytest
from landfuse.core.data.classes import class_list
from landfuse.core.evaluation.confusion import ConfusionMatrix
from landfuse.core.evaluation.metrics import clustered_interval, compute_metrics, wilson_interval


def _matrix(counts):
    return ConfusionMatrix(np.array(counts), class_list(range(1, len(counts) + 1)))


def test_figures_equal_those_computed_by_hand():
    # Reference totals 50, 30, 20; map totals 44, 36, 20; 85 of 100 correct.
    metrics = compute_metrics(_matrix([[42, 6, 2], [1, 27, 2], [1, 3, 16]]))
    assert metrics.overall_accuracy == pytest.approx(0.85)
    assert metrics.producers == pytest.approx([0.84, 0.9, 0.8])
    assert metrics.users == pytest.approx([42 / 44, 0.75, 0.8])
    assert metrics.f1 == pytest.approx([84 / 94, 54 / 66, 32 / 40])
    assert metrics.average_accuracy == pytest.approx((0.84 + 0.9 + 0.8) / 3)
    assert metrics.macro_f1 == pytest.approx((84 / 94 + 54 / 66 + 0.8) / 3)
    chance = (50 * 44 + 30 * 36 + 20 * 20) / 100**2
    assert metrics.kappa == pytest.approx((0.85 - chance) / (1 - chance))


def test_figures_equal_those_of_scikit_learn():
    sk = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(3)
    reference = random.integers(0, 6, 2000)
    mapped = np.where(random.random(2000) < 0.7, reference, random.integers(0, 6, 2000))
    metrics = compute_metrics(ConfusionMatrix.from_labels(reference, mapped, class_list(range(1, 7))))
    assert metrics.overall_accuracy == pytest.approx(sk.accuracy_score(reference, mapped))
    assert metrics.kappa == pytest.approx(sk.cohen_kappa_score(reference, mapped))
    assert metrics.average_accuracy == pytest.approx(sk.balanced_accuracy_score(reference, mapped))
    assert metrics.macro_f1 == pytest.approx(sk.f1_score(reference, mapped, average="macro"))
    assert metrics.users == pytest.approx(sk.precision_score(reference, mapped, average=None))
    assert metrics.producers == pytest.approx(sk.recall_score(reference, mapped, average=None))


def test_a_class_without_reference_is_undefined_and_does_not_pull_the_means_down():
    metrics = compute_metrics(_matrix([[8, 0, 2], [0, 10, 0], [0, 0, 0]]))
    assert math.isnan(metrics.producers[2])
    assert math.isnan(metrics.f1[2])
    assert metrics.users[2] == 0  # two pixels mapped as it, none of them right: that is measured
    assert metrics.average_accuracy == pytest.approx(0.9)
    assert metrics.macro_f1 == pytest.approx((16 / 18 + 1) / 2)


def test_a_class_that_is_never_mapped_has_no_users_accuracy_but_counts_as_missed():
    metrics = compute_metrics(_matrix([[5, 0], [5, 0]]))
    assert math.isnan(metrics.users[1])
    assert metrics.producers[1] == 0
    assert metrics.f1[1] == 0


def test_without_samples_everything_is_undefined():
    metrics = compute_metrics(_matrix([[0, 0], [0, 0]]))
    assert metrics.numbers() == {"OA": None, "AA": None, "KAPPA": None, "F1": None}
    assert math.isnan(metrics.interval.low)


def test_kappa_is_undefined_where_chance_alone_agrees():
    assert math.isnan(compute_metrics(_matrix([[7, 0], [0, 0]])).kappa)


@pytest.mark.parametrize(("hits", "trials"), [(8, 10), (0, 10), (10, 10), (85, 100), (1, 1), (9731, 10007)])
def test_wilson_interval_equals_that_of_scipy(hits, trials):
    stats = pytest.importorskip("scipy.stats")
    expected = stats.binomtest(hits, trials).proportion_ci(method="wilson")
    interval = wilson_interval(hits, trials)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_interval_of_full_agreement_ends_at_1_and_starts_where_theory_says():
    interval = wilson_interval(10, 10)
    assert interval.high == 1.0
    assert interval.low == pytest.approx(10 / (10 + 1.959963984540054**2))


def test_pixels_that_are_copies_of_each_other_do_not_narrow_the_interval():
    correct = np.array([1, 1, 1, 0, 1, 1, 0, 1, 1, 1])
    alone = clustered_interval(correct, np.arange(10))
    copies = clustered_interval(np.repeat(correct, 50), np.repeat(np.arange(10), 50))
    assert (copies.low, copies.high) == pytest.approx((alone.low, alone.high))
    naive = wilson_interval(50 * correct.sum(), 500)
    assert copies.high - copies.low > 5 * (naive.high - naive.low)


def test_places_of_single_independent_pixels_give_about_the_plain_interval():
    correct = np.random.default_rng(5).random(400) < 0.8
    by_place, plain = clustered_interval(correct, np.arange(400)), wilson_interval(correct.sum(), 400)
    assert (by_place.low, by_place.high) == pytest.approx((plain.low, plain.high), abs=1e-3)


def test_full_agreement_counts_places_not_pixels():
    interval = clustered_interval(np.ones(1000, dtype=bool), np.repeat(np.arange(10), 100))
    assert (interval.low, interval.high) == pytest.approx((0.722467, 1.0), abs=1e-5)


def test_one_place_gives_no_interval():
    assert math.isnan(clustered_interval(np.ones(9, dtype=bool), np.zeros(9, dtype=int)).low)
