"""Separability against values computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from landfuse.core.evaluation.separability import (
    COMPONENTS,
    FEWEST_PIXELS,
    ClassSums,
    Gaussian,
    bhattacharyya,
    class_pairs,
    jeffries_matusita,
    least_separable,
    make_features,
)


def gaussian(mean, covariance):
    return Gaussian(np.atleast_1d(np.float64(mean)), np.atleast_2d(np.float64(covariance)))


def test_equal_variances_and_means_two_deviations_apart():
    # B = 2 ** 2 / 8 = 1/2, J = 2 (1 - e^-0.5)
    assert jeffries_matusita(gaussian(0, 1), gaussian(2, 1)) == pytest.approx(0.7869386806)


def test_equal_means_and_different_variances():
    # B = 1/2 ln(2.5 / sqrt(1 * 4)) = 1/2 ln 1.25, J = 2 (1 - 1 / sqrt(1.25))
    assert bhattacharyya(gaussian(3, 1), gaussian(3, 4)) == pytest.approx(0.5 * math.log(1.25))
    assert jeffries_matusita(gaussian(3, 1), gaussian(3, 4)) == pytest.approx(2 * (1 - 1 / math.sqrt(1.25)))


def test_two_dimensions_with_known_covariances():
    # S = [[1.5, .5], [.5, 1.5]], |S| = 2, S^-1 = [[.75, -.25], [-.25, .75]], d = (1, 0): d'S^-1 d = 0.75
    # B = 0.75 / 8 + 1/2 ln(2 / sqrt(1 * 3)) = 0.09375 + 0.07192 = 0.16567, J = 0.30535
    one, other = gaussian([0, 0], np.eye(2)), gaussian([1, 0], [[2, 1], [1, 2]])
    assert bhattacharyya(one, other) == pytest.approx(0.09375 + 0.5 * math.log(2 / math.sqrt(3)))
    assert jeffries_matusita(one, other) == pytest.approx(0.30535, abs=1e-5)


def test_it_is_symmetric_zero_for_the_same_and_never_above_two():
    one, other = gaussian([0, 1], [[1, 0.2], [0.2, 3]]), gaussian([500, 0], [[2, 0], [0, 1]])
    assert jeffries_matusita(one, one) == 0
    assert jeffries_matusita(one, other) == jeffries_matusita(other, one) == 2


def drawn(n, n_classes=2, size=1, apart=2.0, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(n_classes), n)
    values = rng.normal(size=(len(labels), size))
    values[:, 0] += apart * labels
    return values, labels


def test_the_estimate_from_many_pixels_is_the_value_of_the_distribution():
    values, labels = drawn(20_000)
    (pair,) = class_pairs(ClassSums.of(values, labels, 2), {"hsi": slice(0, 1)})
    assert pair.overall == pytest.approx(0.78694, abs=0.03)
    assert pair.by_modality["hsi"] == pytest.approx(pair.overall)


@pytest.mark.parametrize(("n", "size"), [(40, 12), (40, 3), (100, 12), (400, 20)])
def test_chance_is_not_told_as_separability(n, size):
    found, plain = [], []
    for seed in range(10):
        values, labels = drawn(n, size=size, apart=0.0, seed=seed)  # the truth is 0
        (pair,) = class_pairs(ClassSums.of(values, labels, 2), {"hsi": slice(0, size)})
        found.append(pair.overall)
        own = [Gaussian(v.mean(axis=0), np.cov(v.T)) for v in (values[:n], values[n:])]
        plain.append(jeffries_matusita(*own))
    assert np.mean(found) < 0.25
    assert np.mean(found) < 0.5 * np.mean(plain)


def test_classes_apart_stay_apart_with_few_pixels():
    values, labels = drawn(40, size=12, apart=5.0)
    (pair,) = class_pairs(ClassSums.of(values, labels, 2), {"hsi": slice(0, 12)})
    assert pair.overall == pytest.approx(2 * (1 - math.exp(-25 / 8)), abs=0.08)


def test_further_sources_never_lower_the_distance():
    values, labels = drawn(100, n_classes=4, size=9, apart=0.7)
    columns = {"hsi": slice(0, 5), "lidar": slice(5, 6), "sar": slice(6, 9)}
    pairs = class_pairs(ClassSums.of(values, labels, 4), columns)
    assert len(pairs) == 6
    assert all(pair.overall >= max(pair.by_modality.values()) for pair in pairs)


def test_a_class_with_too_few_pixels_has_no_number():
    values, labels = drawn(200, n_classes=3)
    kept = np.r_[0:200, 200 : 200 + FEWEST_PIXELS - 1, 400:600]
    pairs = class_pairs(ClassSums.of(values[kept], labels[kept], 3), {"hsi": slice(0, 1)})
    assert [math.isnan(p.overall) for p in pairs] == [True, False, True]
    assert [(p.first, p.second) for p in least_separable(pairs)] == [(0, 2)]


def test_a_band_that_is_constant_in_a_class_gives_a_number():
    values, labels = drawn(50, size=2)
    values[labels == 1, 1] = 5.0
    (pair,) = class_pairs(ClassSums.of(values, labels, 2), {"hsi": slice(0, 2)})
    assert 0 < pair.overall <= 2


def test_many_bands_become_components_and_missing_values_the_mean():
    rng = np.random.default_rng(3)
    hsi = (rng.normal(size=(60, 3)) @ rng.normal(size=(3, 40)) * 100).astype(np.float32)
    lidar = rng.normal(size=(60, 1)).astype(np.float32)
    lidar[7] = np.nan
    features = make_features({"hsi": hsi, "lidar": lidar})
    assert features.values.shape == (60, COMPONENTS + 1)
    assert features.reduced == {"hsi": 40}
    assert features.columns == {"hsi": slice(0, COMPONENTS), "lidar": slice(COMPONENTS, COMPONENTS + 1)}
    assert features.values[7, COMPONENTS] == 0
    standard = (hsi - hsi.mean(axis=0)) / hsi.std(axis=0)
    assert (features.values[:, :3] ** 2).sum() == pytest.approx((standard**2).sum(), rel=1e-4)  # rank 3


def test_sums_without_some_pixels_are_the_sums_of_the_rest():
    values, labels = drawn(80, size=3)
    less = ClassSums.of(values, labels, 2).without(1, values[80:90])
    kept = np.r_[0:80, 90:160]
    rest = ClassSums.of(values[kept], labels[kept], 2)
    assert np.allclose(less.gaussian(1).mean, rest.gaussian(1).mean)
    assert np.allclose(less.gaussian(1).covariance, rest.gaussian(1).covariance)


def test_log_densities_differ_as_those_of_the_normal_distribution():
    spread = gaussian([1, 2], [[2, 0.5], [0.5, 1]])
    values = np.array([[0.0, 0.0], [3.0, 1.0]])
    shift = values - spread.mean
    inverse = np.linalg.inv(spread.covariance)
    expected = [-0.5 * d @ inverse @ d - 0.5 * math.log(1.75) for d in shift]
    assert spread.log_density(values) == pytest.approx(expected)
