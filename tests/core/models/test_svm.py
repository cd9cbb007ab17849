from __future__ import annotations

import sys
import warnings
from itertools import combinations

import numpy as np
import pytest
from landfuse.core.errors import MissingDependencyError
from landfuse.core.models import svm

machines = pytest.importorskip("sklearn.svm")

MACHINE = svm.Machine(cost=10.0, gamma=1.0)


def make_data(n_classes, seed, n=60, n_features=12):
    """Features with an offset, as measurements have; the classes overlap."""
    rng = np.random.default_rng(seed)
    features = rng.normal(100, 3, (n * n_classes, n_features)).astype(np.float32)
    score = features[:, 0] + features[:, 1] + rng.normal(0, 2, len(features))
    return features, np.argsort(np.argsort(score)) * n_classes // len(score)


def theirs_on(features, labels, machine=MACHINE, seed=3):
    """scikit-learn's own machine on standardised features, as a user would write it."""
    mean, deviation = features.mean(axis=0, dtype=np.float64), features.std(axis=0, dtype=np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        fitted = machines.SVC(
            C=machine.cost, gamma=machine.gamma / features.shape[1], probability=True, random_state=seed
        ).fit((features - mean) / deviation, labels)
    return fitted, lambda rows: (rows - mean) / deviation


@pytest.mark.parametrize("n_classes", [2, 3, 5, 9, 15])
def test_probabilities_equal_scikit_learn(n_classes):
    features, labels = make_data(n_classes, 0)
    arrays = svm.fit(features, labels, n_classes, MACHINE, seed=3)
    theirs, scaled = theirs_on(features, labels)
    rows, _ = make_data(n_classes, 1, n=400)
    found, expected = svm.predict_probabilities(arrays, rows), theirs.predict_proba(scaled(rows))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)
    assert np.array_equal(found.argmax(axis=1), expected.argmax(axis=1))


@pytest.mark.parametrize("n_classes", [2, 3, 7])
def test_votes_of_the_pairs_equal_the_predictions_of_scikit_learn(n_classes):
    features, labels = make_data(n_classes, 0)
    arrays = svm.fit(features, labels, n_classes, MACHINE, seed=3)
    theirs, scaled = theirs_on(features, labels)
    rows, _ = make_data(n_classes, 1, n=400)
    votes = np.zeros((len(rows), n_classes), int)
    values = svm.decision_values(arrays, rows)
    for at, (first, second) in enumerate(combinations(range(n_classes), 2)):
        votes[:, first] += values[:, at] > 0
        votes[:, second] += values[:, at] <= 0
    assert np.array_equal(votes.argmax(axis=1), theirs.predict(scaled(rows)))


@pytest.mark.parametrize("seed", [0, 1])
def test_the_same_seed_gives_the_same_machine(seed):
    features, labels = make_data(4, 0)
    first, second = (svm.fit(features, labels, 4, MACHINE, seed) for _ in range(2))
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_a_class_without_samples_gets_probability_zero():
    features, labels = make_data(2, 0)
    arrays = svm.fit(features, np.array([1, 4])[labels], 5, MACHINE)
    found = svm.predict_probabilities(arrays, features)
    theirs, scaled = theirs_on(features, labels, seed=0)
    np.testing.assert_allclose(found[:, [1, 4]], theirs.predict_proba(scaled(features)), atol=1e-10)
    assert (found[:, [0, 2, 3]] == 0).all()


def test_one_class_alone_is_certain():
    arrays = svm.fit(np.ones((1, 3), np.float32), np.array([2]), 3, MACHINE)
    assert svm.predict_probabilities(arrays, np.zeros((2, 3), np.float32)).tolist() == [[0, 0, 1]] * 2


def test_a_class_of_three_samples_and_a_constant_feature_are_taken():
    features, labels = make_data(3, 0)
    kept = np.flatnonzero((labels != 2) | (np.cumsum(labels == 2) <= 3))
    features, labels = features[kept], labels[kept]
    features[:, 5] = 7000.1
    found = svm.predict_probabilities(svm.fit(features, labels, 3, MACHINE), features)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(axis=1), 1)


def test_probabilities_do_not_depend_on_how_many_rows_are_asked_at_once(monkeypatch):
    features, labels = make_data(4, 0)
    arrays = svm.fit(features, labels, 4, MACHINE)
    whole = svm.predict_probabilities(arrays, features)
    monkeypatch.setattr(svm, "_VALUES_AT_ONCE", 7 * max(arrays["vectors"].shape))
    np.testing.assert_allclose(svm.predict_probabilities(arrays, features), whole, rtol=0, atol=1e-12)
    assert svm.predict_probabilities(arrays, features[:0]).shape == (0, 4)


def test_missing_features_count_as_their_mean():
    features, labels = make_data(3, 0)
    arrays = svm.fit(features, labels, 3, MACHINE)
    rows = features[:5].copy()
    rows[:, 4] = np.nan
    filled = rows.copy().astype(np.float64)
    filled[:, 4] = arrays["mean"][4]
    np.testing.assert_allclose(
        svm.predict_probabilities(arrays, rows), svm.predict_probabilities(arrays, filled)
    )


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_features_that_are_not_finite_are_a_mistake(bad):
    with pytest.raises(ValueError, match="finite"):
        svm.fit(np.array([[1.0], [bad]], np.float32), np.array([0, 1]), 2, MACHINE)


def test_labels_outside_the_classes_are_a_mistake():
    with pytest.raises(ValueError, match=r"0\.\.1"):
        svm.fit(np.zeros((2, 1), np.float32), np.array([0, 2]), 2, MACHINE)


def test_the_largest_classes_give_way_first():
    labels = np.repeat([0, 1, 2, 4], [5000, 30, 900, 2000])
    chosen = svm.subsample(labels, 0, limit=1000)
    counts = np.bincount(labels[chosen])
    assert counts.tolist() == [323, 30, 323, 0, 323]
    assert np.array_equal(chosen, svm.subsample(labels, 0, limit=1000))
    assert (np.diff(chosen) > 0).all()
    assert not np.array_equal(chosen, svm.subsample(labels, 1, limit=1000))
    assert np.array_equal(svm.subsample(labels[:9], 0, limit=9), np.arange(9))


def test_without_scikit_learn_the_error_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.svm", None)
    with pytest.raises(MissingDependencyError, match="scikit-learn"):
        svm.fit(*make_data(2, 0), 2, MACHINE)


def test_a_scikit_learn_without_probabilities_is_told(monkeypatch):
    class Later:
        def __init__(self, C=1.0, gamma="scale", random_state=None):  # noqa: N803  scikit-learn's name
            """No `probability`, as in the versions to come."""

    monkeypatch.setattr(machines, "SVC", Later)
    with pytest.raises(MissingDependencyError) as caught:
        svm.fit(*make_data(2, 0), 2, MACHINE)
    assert "1.11" in caught.value.remedy
