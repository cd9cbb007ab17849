"""Support vector machine (RBF kernel): fitted with scikit-learn, kept as plain arrays, predicted with numpy.

Cortes and Vapnik, "Support-vector networks", Machine Learning 20, 1995, doi:10.1007/BF00994018. As in libsvm
(Chang and Lin, doi:10.1145/1961189.1961199) one machine for each pair of classes, a sigmoid that makes a
probability of its decision value (Platt 1999), and the coupling of these by Wu, Lin and Weng (2004, second
method). The numbers are scikit-learn's `predict_proba` but for the rounding of sums. The class of a pixel is
the most probable one; scikit-learn's `predict`, which counts the votes of the pairs, can differ from it.

Each feature is standardised by mean and deviation of the training samples.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import MissingDependencyError
from ..progress import Progress, silent

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sklearn.svm import SVC

    Floats = NDArray[np.float32]
    Doubles = NDArray[np.float64]
    Integers = NDArray[np.int64]
    Arrays = dict[str, NDArray[Any]]

# The time of a fit grows with the square of the samples: that many take minutes at most.
MAX_SAMPLES = 4000
_VALUES_AT_ONCE = 4_000_000  # of the kernel between pixels and support vectors, and of the coupling
_LEAST_PROBABILITY = 1e-7  # of one class of a pair, as in libsvm


@dataclass(frozen=True)
class Machine:
    """Settings of the machine: `cost` of an error (C) and `gamma`, the width of the kernel, per feature.

    The kernel is exp(-gamma / F * |x - y|^2) for F standardised features: 1 is scikit-learn's "scale".
    """

    cost: float
    gamma: float


def fit(
    features: Floats,
    labels: Integers,
    n_classes: int,
    machine: Machine,
    seed: int = 0,
    progress: Progress = silent,
) -> Arrays:
    """Fit machines to features (n, F) and class indexes (n,); the same seed gives the same ones.

    Returns:
        `vectors` (S, F) the support vectors before scaling, `mean` and `scale` (F,), `gamma` (1,) of the
        kernel, `weights` (S, M) of the vectors in each of M pairs of classes, `intercepts` (M,), `platt`
        (M, 2), `present` (L,) the class indexes that have samples, `n_classes` (1,). L = 1: a constant.

    Raises:
        MissingDependencyError: scikit-learn is not installed, or fits no probabilities any more.
        ValueError: a feature is not finite, or a label lies outside 0..n_classes - 1.
    """
    if not np.isfinite(features).all():
        raise ValueError("features for the machine must be finite")
    if len(labels) == 0 or labels.min() < 0 or labels.max() >= n_classes:
        raise ValueError(f"labels must lie in 0..{n_classes - 1}")
    features = np.ascontiguousarray(features, np.float32)
    mean, scale = scaling(features)
    width = machine.gamma / features.shape[1]
    progress(0.0, "fitting the support vector machine")
    if len(np.unique(labels)) == 1:  # nothing to tell apart
        fitted = _empty(features.shape[1])
    else:
        scaled = (features - mean) / scale
        with warnings.catch_warnings():  # of what will leave scikit-learn in 1.11, see `_fitted`
            warnings.filterwarnings("ignore", message=".*prob(ability|A_|B_).*", category=FutureWarning)
            fitted = _to_arrays(_fitted(scaled, labels, machine.cost, width, seed), features)
    progress(1.0, "fitting the support vector machine")
    return {
        **fitted,
        "mean": mean,
        "scale": scale,
        "gamma": np.array([width]),
        "present": np.unique(labels).astype(np.int32),
        "n_classes": np.array([n_classes], np.int32),
    }


def scaling(features: Floats) -> tuple[Doubles, Doubles]:
    """Return mean and deviation of each feature (F,); 1 for the deviation of a constant one."""
    mean = features.mean(axis=0, dtype=np.float64)
    deviation = features.std(axis=0, dtype=np.float64)
    constant = deviation <= 1e-7 * np.maximum(np.abs(mean), 1e-30)  # what float32 leaves of one
    return mean, np.where(constant, 1.0, deviation)


def subsample(labels: Integers, seed: int, limit: int) -> Integers:
    """Return at most `limit` positions, ascending, drawn at random; the largest classes give way first."""
    counts = np.bincount(labels)
    if len(labels) <= limit:
        return np.arange(len(labels))
    share = max(c for c in range(1, limit + 1) if np.minimum(counts, c).sum() <= limit or c == 1)
    order = np.random.default_rng(seed).permutation(len(labels))
    kept = [order[labels[order] == label][:share] for label in range(len(counts))]
    return np.sort(np.concatenate(kept))


def _fitted(scaled: Doubles, labels: Integers, cost: float, gamma: float, seed: int) -> SVC:
    try:
        from sklearn.svm import SVC
    except (ImportError, OSError) as error:
        raise MissingDependencyError(
            f"scikit-learn cannot be loaded ({error}); the support vector machine is fitted with it.",
            where="scikit-learn",
            remedy="Set up the engine again (Landfuse options, or 'landfuse setup').",
        ) from error
    try:
        machine = SVC(C=cost, gamma=gamma, probability=True, random_state=seed)
    except TypeError as error:
        raise MissingDependencyError(
            f"This scikit-learn fits no probabilities of a support vector machine any more ({error}).",
            where="scikit-learn",
            remedy="Install scikit-learn below 1.11 in the Python of the engine, or use the random forest.",
        ) from error
    return machine.fit(scaled, labels)


def _to_arrays(machine: SVC, features: Floats) -> Arrays:
    dual, intercepts = machine.dual_coef_, machine.intercept_
    owner = np.repeat(np.arange(len(machine.classes_)), machine.n_support_)
    if len(machine.classes_) == 2:  # scikit-learn turns the sign of this case over, libsvm does not
        dual, intercepts = -dual, -intercepts
    pairs = list(combinations(range(len(machine.classes_)), 2))
    weights = np.zeros((len(owner), len(pairs)))
    for at, (first, second) in enumerate(pairs):
        weights[owner == first, at] = dual[second - 1, owner == first]
        weights[owner == second, at] = dual[first, owner == second]
    return {
        "vectors": features[machine.support_],
        "weights": weights,
        "intercepts": np.array(intercepts, np.float64),
        "platt": np.stack([machine.probA_, machine.probB_], axis=1),
    }


def _empty(n_features: int) -> Arrays:
    return {
        "vectors": np.zeros((0, n_features), np.float32),
        "weights": np.zeros((0, 0)),
        "intercepts": np.zeros(0),
        "platt": np.zeros((0, 2)),
    }


def predict_probabilities(arrays: Mapping[str, NDArray[Any]], features: Floats) -> Doubles:
    """Return class probabilities (n, K) for features (n, F).

    A feature that is NaN counts as its mean; it belongs to a pixel that is not mapped.
    """
    present = arrays["present"].astype(np.int64)
    result = np.zeros((len(features), int(arrays["n_classes"][0])))
    if len(present) == 1:
        result[:, present] = 1.0
        return result
    at_once = max(1, _VALUES_AT_ONCE // max(*arrays["vectors"].shape, len(present) ** 2))
    for start in range(0, len(features), at_once):
        rows = slice(start, start + at_once)
        decisions = decision_values(arrays, features[rows])
        result[rows, present] = _coupled(_pairwise(decisions, arrays["platt"], len(present)))
    return result


def decision_values(arrays: Mapping[str, NDArray[Any]], features: Floats) -> Doubles:
    """Return what the machine of each pair of classes says (n, M), above 0 for the first of the two.

    The pairs are those of the classes that have samples, in the order (0, 1), (0, 2), ... (1, 2), ...
    """
    values, vectors = _scaled(arrays, features), _scaled(arrays, arrays["vectors"])
    distances = (values * values).sum(axis=1)[:, None] + (vectors * vectors).sum(axis=1)
    distances -= 2 * (values @ vectors.T)
    kernel = np.exp(-float(arrays["gamma"][0]) * np.maximum(distances, 0))
    decisions: Doubles = kernel @ arrays["weights"] + arrays["intercepts"]
    return decisions


def _scaled(arrays: Mapping[str, NDArray[Any]], features: Floats) -> Doubles:
    values: Doubles = np.nan_to_num((features - arrays["mean"]) / arrays["scale"], nan=0.0)
    return values


def _pairwise(decisions: Doubles, platt: Doubles, n_present: int) -> Doubles:
    """Return (n, L, L): how probable each class is if it were either this one or the other one."""
    exponent = decisions * platt[:, 0] + platt[:, 1]
    small = np.exp(-np.abs(exponent))  # never overflows
    first = np.where(exponent >= 0, small, 1.0) / (1 + small)
    first = np.clip(first, _LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
    result = np.zeros((len(decisions), n_present, n_present))
    for at, (i, j) in enumerate(combinations(range(n_present), 2)):
        result[:, i, j], result[:, j, i] = first[:, at], 1 - first[:, at]
    return result


def _coupled(pairwise: Doubles) -> Doubles:
    """Return the probabilities (n, L) that fit the pairwise ones best, by the steps of libsvm.

    The steps are libsvm's own, its rule for the end included: a better minimum would be another number.
    """
    n, n_present, _ = pairwise.shape
    matrix = -pairwise.transpose(0, 2, 1) * pairwise  # Q of the paper
    diagonal = (pairwise**2).sum(axis=1)
    matrix[:, range(n_present), range(n_present)] = diagonal
    result = np.full((n, n_present), 1 / n_present)
    left = np.arange(n)
    for _ in range(max(100, n_present)):
        p, q = result[left], matrix[left]
        product = np.einsum("nij,nj->ni", q, p)
        total = (p * product).sum(axis=1)
        going = np.abs(product - total[:, None]).max(axis=1) >= 0.005 / n_present
        if not going.any():
            break
        left = left[going]
        result[left] = _step(p[going], q[going], product[going], total[going])
    return result


def _step(p: Doubles, q: Doubles, product: Doubles, total: Doubles) -> Doubles:
    """Move each class once to its best value while the others stay in proportion."""
    for t in range(p.shape[1]):
        change = (total - product[:, t]) / q[:, t, t]
        total = (total + change * (change * q[:, t, t] + 2 * product[:, t])) / (1 + change) ** 2
        product = (product + change[:, None] * q[:, t]) / (1 + change)[:, None]
        p[:, t] += change
        p = p / (1 + change)[:, None]
    return p
