"""How well classes can be told apart: the Jeffries-Matusita distance of Gaussians.

J = 2 (1 - exp(-B)), 0 (alike) to 2 (apart), with the Bhattacharyya distance
B = 1/8 (m1 - m2)' S^-1 (m1 - m2) + 1/2 ln(|S| / sqrt(|S1| |S2|)), S = (S1 + S2) / 2
(Richards 2013, Remote Sensing Digital Image Analysis, 5th ed., section 10.2; Bhattacharyya 1943).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FEWEST_PIXELS = 30  # of a class; with fewer nothing is measured
COMPONENTS = 10  # a source with more bands is reduced to this many principal components
_FLOOR = 1e-6  # added to variances of standardised features: a band may be constant within a class


@dataclass(frozen=True, eq=False)
class Gaussian:
    """A normal distribution: mean (D,) and covariance (D, D)."""

    mean: Floats
    covariance: Floats

    def marginal(self, columns: slice) -> Gaussian:
        """Return the distribution of some of the features."""
        return Gaussian(self.mean[columns], self.covariance[columns, columns])

    def log_density(self, values: Floats) -> Floats:
        """Return the logarithm of the density at values (n, D), up to a constant that all share; (n,)."""
        factor = np.linalg.cholesky(self.covariance)
        whitened = np.linalg.solve(factor, (values - self.mean).T)
        return -0.5 * (whitened**2).sum(axis=0) - np.log(np.diag(factor)).sum()


def bhattacharyya(first: Gaussian, second: Gaussian) -> float:
    """Return the Bhattacharyya distance of two normal distributions, 0 to infinity."""
    shift = first.mean - second.mean
    between = (first.covariance + second.covariance) / 2
    apart = float(shift @ np.linalg.solve(between, shift)) / 8
    logs = [np.linalg.slogdet(s)[1] for s in (between, first.covariance, second.covariance)]
    return apart + float(logs[0] - (logs[1] + logs[2]) / 2) / 2


def jeffries_matusita(first: Gaussian, second: Gaussian, chance: float = 0.0) -> float:
    """Return the Jeffries-Matusita distance of two normal distributions, 0 to 2.

    `chance`: the Bhattacharyya distance that estimates from few pixels have anyway; it is subtracted.
    """
    return 2 * (1 - math.exp(-max(bhattacharyya(first, second) - chance, 0.0)))


@dataclass(frozen=True, eq=False)
class Features:
    """Standardised features of samples (n, D); `columns` says which belong to each modality.

    `reduced`: modality -> number of bands that were reduced to `COMPONENTS` principal components.
    """

    values: Floats
    columns: Mapping[str, slice]
    reduced: Mapping[str, int]


def make_features(values: Mapping[str, NDArray[np.float32]]) -> Features:
    """Standardise the bands of each modality (n, C); those with many become principal components.

    A missing value becomes the mean of its band.
    """
    parts, columns, reduced, start = [], {}, {}, 0
    for key, bands in values.items():
        part = _standardised(bands.astype(np.float64))
        if part.shape[1] > COMPONENTS:
            reduced[key] = part.shape[1]
            part = _components(part)
        parts.append(part)
        columns[key] = slice(start, start + part.shape[1])
        start += part.shape[1]
    return Features(np.concatenate(parts, axis=1), columns, reduced)


def _standardised(values: Floats) -> Floats:
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0.0).sum(axis=0) / count
    centred = np.where(known, values - mean, 0.0)
    deviation = np.sqrt((centred**2).sum(axis=0) / count)
    return centred / np.where(deviation > 0, deviation, 1.0)


def _components(values: Floats) -> Floats:
    """Return the first principal components of standardised bands (n, C), each with its own variance."""
    _, vectors = np.linalg.eigh(values.T @ values)
    return values @ vectors[:, ::-1][:, :COMPONENTS]


@dataclass(frozen=True, eq=False)
class ClassSums:
    """Sums over the pixels of each class, from which Gaussians follow with or without some pixels.

    `counts` (K,), `sums` (K, D), `products` (K, D, D).
    """

    counts: Floats
    sums: Floats
    products: Floats

    @classmethod
    def of(cls, values: Floats, labels: NDArray[np.int64], n_classes: int) -> ClassSums:
        """Sum features (n, D) by class index (n,)."""
        own = [values[labels == label] for label in range(n_classes)]
        return cls(
            np.array([len(v) for v in own], dtype=np.float64),
            np.stack([v.sum(axis=0) for v in own]),
            np.stack([v.T @ v for v in own]),
        )

    def without(self, label: int, values: Floats) -> ClassSums:
        """Return the sums without some pixels (m, D) of one class."""
        counts, sums, products = self.counts.copy(), self.sums.copy(), self.products.copy()
        counts[label] -= len(values)
        sums[label] -= values.sum(axis=0)
        products[label] -= values.T @ values
        return ClassSums(counts, sums, products)

    @property
    def fewest(self) -> int:
        """The pixels that a class needs to be measured."""
        return max(FEWEST_PIXELS, self.sums.shape[1] + 2)

    def gaussian(self, label: int) -> Gaussian | None:
        """Return the distribution of a class, None with fewer than `fewest` pixels.

        Its covariance is drawn towards the pooled one of all classes by the weight (D + 1) / (n + D + 1), as
        n pixels say little about D (D + 1) / 2 numbers (after Friedman 1989, doi:10.2307/2289860).
        """
        n, size = self.counts[label], self.sums.shape[1]
        if n < self.fewest:
            return None
        weight = self._pooled_weight(label)
        covariance = (1 - weight) * self._scatter()[label] / (n - 1) + weight * self._pooled()
        return Gaussian(self.sums[label] / n, covariance + _FLOOR * np.eye(size))

    def _pooled_weight(self, label: int) -> float:
        size = self.sums.shape[1]
        return (size + 1) / (float(self.counts[label]) + size + 1)

    def chance(self, labels: tuple[int, int], size: int) -> float:
        """Return the Bhattacharyya distance that two samples of one distribution have by chance.

        To first order in 1 / n, for `size` of the features: the means differ by chance, tr(.) / 8, and so do
        the covariances, E tr((S_i - S)^2) / 16 with Wishart's tr = d (d + 1) / (n_i - 1).
        """
        means = size / 8 * sum(1 / float(self.counts[i]) for i in labels)
        kept = ((1 - self._pooled_weight(i)) ** 2 / (float(self.counts[i]) - 1) for i in labels)
        return means + size * (size + 1) / 16 * sum(kept)

    def _scatter(self) -> Floats:
        means = self.sums / np.maximum(self.counts, 1)[:, None]
        return self.products - self.counts[:, None, None] * means[:, :, None] * means[:, None, :]

    def _pooled(self) -> Floats:
        used = self.counts > 1
        return self._scatter()[used].sum(axis=0) / max((self.counts[used] - 1).sum(), 1.0)


@dataclass(frozen=True)
class Pair:
    """The distance of two classes (indexes), over all sources and by modality; NaN where not measurable."""

    first: int
    second: int
    overall: float
    by_modality: Mapping[str, float]


def class_pairs(sums: ClassSums, columns: Mapping[str, slice]) -> list[Pair]:
    """Return all pairs of classes that have pixels, what chance does subtracted.

    Over all sources: the distance in all features, or in the best single source where the others only add
    chance.
    """
    present = np.flatnonzero(sums.counts > 0).tolist()
    found = {label: sums.gaussian(label) for label in present}
    pairs = []
    for i, first in enumerate(present):
        for second in present[i + 1 :]:
            one, other = found[first], found[second]
            if one is None or other is None:
                pairs.append(Pair(first, second, math.nan, dict.fromkeys(columns, math.nan)))
                continue
            distance = _Distance(one, other, sums, (first, second))
            by_modality = {key: distance.of(part) for key, part in columns.items()}
            overall = max(distance.of(slice(0, len(one.mean))), *by_modality.values())
            pairs.append(Pair(first, second, overall, by_modality))
    return pairs


@dataclass(frozen=True, eq=False)
class _Distance:
    """Measures two classes in some of the features."""

    first: Gaussian
    second: Gaussian
    sums: ClassSums
    labels: tuple[int, int]

    def of(self, part: slice) -> float:
        one, other = self.first.marginal(part), self.second.marginal(part)
        return jeffries_matusita(one, other, self.sums.chance(self.labels, len(one.mean)))


def least_separable(pairs: Sequence[Pair]) -> list[Pair]:
    """Return the measurable pairs, the least separable first."""
    return sorted((p for p in pairs if not math.isnan(p.overall)), key=lambda p: p.overall)
