"""Random forest: fitted with scikit-learn, stored as plain arrays, predicted with numpy alone.

Breiman, "Random Forests", Machine Learning 45, 2001, doi:10.1023/A:1010933404324. Probabilities are the means
of the trees' leaf fractions, as in scikit-learn, and equal to its numbers bit for bit.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import MissingDependencyError
from ..progress import Progress, silent

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sklearn.ensemble import RandomForestClassifier

    Floats = NDArray[np.float32]
    Arrays = dict[str, NDArray[Any]]

_TREES_PER_REPORT = 10
_ROWS_PER_CHUNK = 8192


def fit(
    features: Floats,
    labels: NDArray[np.int64],
    n_classes: int,
    n_trees: int = 200,
    seed: int = 0,
    progress: Progress = silent,
) -> Arrays:
    """Fit a forest to features (n, F) and class indexes (n,).

    The same seed gives the same forest on any number of processors.

    Returns:
        All trees behind one another: `feature`, `threshold`, `child` (position of the left child; the right
        one follows it), `leaf` (row of `fractions`; -1 for inner nodes), `roots` (one per tree), and
        `fractions` (U, K), the distinct class fractions of the leaves.

    Raises:
        MissingDependencyError: scikit-learn is not installed.
        ValueError: a feature is not finite, or a label lies outside 0..n_classes - 1.
    """
    if not np.isfinite(features).all():
        raise ValueError("features for the forest must be finite")
    if len(labels) == 0 or labels.min() < 0 or labels.max() >= n_classes:
        raise ValueError(f"labels must lie in 0..{n_classes - 1}")
    forest = _grow(np.ascontiguousarray(features, np.float32), labels, n_trees, seed, progress)
    return _to_arrays(forest, n_classes)


def _grow(
    features: Floats, labels: NDArray[np.int64], n_trees: int, seed: int, progress: Progress
) -> RandomForestClassifier:
    """Grow the forest some trees at a time, so that it can report and be cancelled."""
    try:
        from sklearn.ensemble import RandomForestClassifier
    except (ImportError, OSError) as error:
        raise MissingDependencyError(
            f"scikit-learn cannot be loaded ({error}); the random forest is fitted with it.",
            where="scikit-learn",
            remedy="Set up the engine again (Landfuse options, or 'landfuse setup').",
        ) from error
    forest = RandomForestClassifier(n_estimators=0, random_state=seed, warm_start=True, n_jobs=-1)
    with warnings.catch_warnings():
        # Some pairs of scikit-learn and joblib warn for every tree about a configuration that is not used.
        warnings.filterwarnings("ignore", message=".*sklearn.utils.parallel.*", category=UserWarning)
        for done in range(0, n_trees, _TREES_PER_REPORT):
            progress(done / n_trees, "growing trees")
            forest.n_estimators = min(done + _TREES_PER_REPORT, n_trees)
            forest.fit(features, labels)
    progress(1.0, "growing trees")
    return forest


def _to_arrays(forest: RandomForestClassifier, n_classes: int) -> Arrays:
    trees = [_tree_arrays(estimator.tree_) for estimator in forest.estimators_]
    roots = np.cumsum([0] + [len(t["feature"]) for t in trees])[:-1]
    leaf_counts = np.cumsum([0] + [len(t["fractions"]) for t in trees])[:-1]
    # Nearly all leaves of a full-grown tree are pure: storing each distinct row once keeps files small.
    found = np.concatenate([t["fractions"] for t in trees])
    distinct, place = np.unique(found, axis=0, return_inverse=True)
    fractions = np.zeros((len(distinct), n_classes))
    fractions[:, forest.classes_.astype(np.int64)] = distinct
    place = place.reshape(-1)
    return {
        "feature": np.concatenate([t["feature"] for t in trees]),
        "threshold": np.concatenate([t["threshold"] for t in trees]),
        "child": np.concatenate([t["child"] + root for t, root in zip(trees, roots)]).astype(np.int32),
        "leaf": np.concatenate(
            [np.where(t["leaf"] >= 0, place[t["leaf"] + n], -1) for t, n in zip(trees, leaf_counts)]
        ).astype(np.int32),
        "roots": roots.astype(np.int32),
        "fractions": fractions,
    }


def _tree_arrays(tree: Any) -> Arrays:
    """Renumber the nodes level by level, so that the right child follows the left one.

    A leaf is its own child and its threshold lets every value pass to the left: walking on changes nothing.
    """
    left, right = tree.children_left, tree.children_right
    order, level = [np.zeros(1, np.int64)], np.zeros(1, np.int64)
    while (level := level[left[level] >= 0]).size:
        level = np.stack([left[level], right[level]], axis=1).reshape(-1)
        order.append(level)
    old = np.concatenate(order)
    new = np.empty(len(old), np.int64)
    new[old] = np.arange(len(old))
    is_leaf = left[old] < 0
    value = tree.value[old[is_leaf], 0, :]
    return {
        "feature": np.where(is_leaf, 0, tree.feature[old]).astype(np.int32),
        "threshold": np.where(is_leaf, np.float32(np.inf), _round_down(tree.threshold[old])),
        "child": np.where(is_leaf, np.arange(len(old)), new[left[old]]),
        "leaf": np.where(is_leaf, np.cumsum(is_leaf) - 1, -1),
        "fractions": value / value.sum(axis=1, keepdims=True) if _holds_counts(tree) else value,
    }


def _holds_counts(tree: Any) -> bool:
    """Tell whether the values are sample counts (scikit-learn before 1.3) instead of fractions."""
    return bool(np.abs(tree.value[0, 0].sum() - 1) > 1e-6)


def _round_down(threshold: NDArray[np.float64]) -> Floats:
    """Return the largest float32 not above each threshold: `x <= t` stays the same for any float32 x."""
    rounded = threshold.astype(np.float32)
    return np.where(rounded > threshold, np.nextafter(rounded, np.float32(-np.inf)), rounded)


def predict_probabilities(arrays: Mapping[str, NDArray[Any]], features: Floats) -> NDArray[np.float64]:
    """Return class probabilities (n, K) for features (n, F).

    A feature that is NaN goes to the left everywhere; it belongs to a pixel that is not mapped.
    """
    probabilities = np.empty((len(features), arrays["fractions"].shape[1]))
    for start in range(0, len(features), _ROWS_PER_CHUNK):
        rows = slice(start, start + _ROWS_PER_CHUNK)
        probabilities[rows] = _predict_chunk(arrays, np.ascontiguousarray(features[rows], np.float32))
    return probabilities


def _predict_chunk(arrays: Mapping[str, NDArray[Any]], features: Floats) -> NDArray[np.float64]:
    # Tree by tree in a fixed order: the sum in float64 then equals scikit-learn's.
    total = np.zeros((len(features), arrays["fractions"].shape[1]))
    for root in arrays["roots"]:
        total += arrays["fractions"][arrays["leaf"][_leaf_nodes(arrays, features, int(root))]]
    return total / len(arrays["roots"])


def _leaf_nodes(arrays: Mapping[str, NDArray[Any]], features: Floats, root: int) -> NDArray[np.int32]:
    """Walk all rows down one tree at the same time, level by level; return the node (n,) each ends in."""
    feature, threshold, child = arrays["feature"], arrays["threshold"], arrays["child"]
    flat, width = features.reshape(-1), features.shape[1]
    node = np.full(len(features), root, np.int32)
    rows = np.arange(len(features), dtype=np.int32)
    while rows.size:
        here = node[rows]
        value = flat[rows * np.int64(width) + feature[here]]
        below = child[here] + (value > threshold[here])
        node[rows] = below
        rows = rows[below != here]
    return node
