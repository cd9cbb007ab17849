from __future__ import annotations

import sys

import numpy as np
import pytest
from landfuse.core.errors import Cancelled, MissingDependencyError
from landfuse.core.models import forest
from landfuse.core.progress import Progress

ensemble = pytest.importorskip("sklearn.ensemble")

N_CLASSES = 5


def make_data(n, seed, labels_used=(0, 1, 2, 3, 4)):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, 12)).astype(np.float32)
    features[:, 3] = np.round(features[:, 3], 1)  # values that meet thresholds again and again
    score = features[:, 0] + features[:, 3] + 0.5 * rng.normal(size=n)
    place = np.digitize(score, np.quantile(score, np.linspace(0, 1, len(labels_used) + 1)[1:-1]))
    return features, np.asarray(labels_used)[place]


def fit(n=1500, n_trees=40, seed=7, **settings):
    features, labels = make_data(n, 0)
    return forest.fit(features, labels, N_CLASSES, n_trees, seed, **settings), features, labels


def test_labels_and_probabilities_equal_scikit_learn_on_100_000_rows():
    arrays, features, labels = fit()
    theirs = ensemble.RandomForestClassifier(40, random_state=7).fit(features, labels)
    rows, _ = make_data(100_000, 1)
    ours = forest.predict_probabilities(arrays, rows)
    assert np.array_equal(ours, theirs.predict_proba(rows))
    assert np.array_equal(ours.argmax(axis=1), theirs.predict(rows))


def test_values_that_lie_on_a_threshold_go_the_same_way_as_in_scikit_learn():
    arrays, features, labels = fit()
    theirs = ensemble.RandomForestClassifier(40, random_state=7).fit(features, labels)
    thresholds = np.concatenate([t.tree_.threshold for t in theirs.estimators_]).astype(np.float32)
    rows = np.random.default_rng(2).choice(thresholds, (5000, 12))
    assert np.array_equal(forest.predict_probabilities(arrays, rows), theirs.predict_proba(rows))


def test_a_class_without_samples_gets_probability_zero():
    features, labels = make_data(300, 0, labels_used=(1, 4))
    arrays = forest.fit(features, labels, N_CLASSES, 10)
    probabilities = forest.predict_probabilities(arrays, features)
    assert probabilities.shape == (300, N_CLASSES)
    assert (probabilities[:, [0, 2, 3]] == 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert (probabilities.argmax(axis=1) == labels).mean() > 0.95


def test_one_class_alone_and_one_sample_are_enough_for_a_forest():
    arrays = forest.fit(np.ones((1, 3), np.float32), np.array([2]), 3, 5)
    assert forest.predict_probabilities(arrays, np.zeros((2, 3), np.float32)).tolist() == [[0, 0, 1]] * 2


def test_the_seed_decides_and_the_stored_arrays_are_plain():
    first, second, other = (fit(n_trees=12, seed=seed)[0] for seed in (1, 1, 2))
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert not all(np.array_equal(first[name], other[name]) for name in first)
    assert {str(array.dtype) for array in first.values()} == {"int32", "float32", "float64"}


def test_the_size_of_a_chunk_does_not_matter(monkeypatch):
    arrays, features, _ = fit(n_trees=10)
    whole = forest.predict_probabilities(arrays, features)
    monkeypatch.setattr(forest, "_ROWS_PER_CHUNK", 7)
    assert np.array_equal(forest.predict_probabilities(arrays, features), whole)
    assert forest.predict_probabilities(arrays, features[:0]).shape == (0, N_CLASSES)


def test_rows_with_nan_end_in_some_leaf():
    arrays, features, _ = fit(n_trees=10)
    rows = np.full((2, features.shape[1]), np.nan, np.float32)
    np.testing.assert_allclose(forest.predict_probabilities(arrays, rows).sum(axis=1), 1)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_features_that_are_not_finite_are_refused_in_fitting(bad):
    with pytest.raises(ValueError, match="finite"):
        forest.fit(np.array([[1.0], [bad]], np.float32), np.array([0, 1]), 2)


def test_labels_outside_the_classes_are_refused():
    with pytest.raises(ValueError, match="labels"):
        forest.fit(np.zeros((2, 1), np.float32), np.array([0, 2]), 2)


def test_growing_reports_and_can_be_cancelled():
    events = []
    progress = Progress(events.append, lambda: len(events) > 2)
    with pytest.raises(Cancelled):
        fit(n_trees=100, progress=progress)
    assert events[-1]["fraction"] < 1


def test_a_missing_scikit_learn_is_told_with_its_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    with pytest.raises(MissingDependencyError) as caught:
        fit()
    assert caught.value.remedy
