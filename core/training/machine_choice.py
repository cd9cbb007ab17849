"""Cost and kernel width of a support vector machine: what does best in a cross-validation on its samples."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from ..models.svm import Machine, scaling, subsample
from ..progress import Progress
from .seeding import generator_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Doubles = NDArray[np.float64]
    Integers = NDArray[np.int64]

COSTS = (1.0, 10.0, 100.0)
GAMMAS = (0.25, 1.0, 4.0)
USUAL = Machine(cost=10.0, gamma=1.0)  # where nothing can be compared, and among equals
_FOLDS = 3
_MAX_SAMPLES = 1500


def choose_machine(
    features: Floats,
    labels: Integers,
    places: Integers,
    cost: float,
    gamma: float,
    seed: int,
    progress: Progress,
) -> Machine:
    """Return the settings with the highest mean recall of the classes; `cost` and `gamma` above 0 are kept.

    The places (n,) stay whole: pixels of one training area resemble each other too much to judge a setting.
    With a single place per class nothing can be compared, and `USUAL` fills in.
    """
    costs, gammas = (cost,) if cost else COSTS, (gamma,) if gamma else GAMMAS
    candidates = [Machine(*pair) for pair in product(costs, gammas)]
    if len(candidates) == 1:
        return candidates[0]
    few = subsample(labels, seed, _MAX_SAMPLES)
    features, labels, places = features[few], labels[few], places[few]
    parts = list(_parts(folds_of(labels, places, seed), labels))
    fallback = Machine(cost or USUAL.cost, gamma or USUAL.gamma)
    if not parts:
        progress.log("There are too few places to compare settings of the machine; the usual ones hold.")
        return fallback
    candidates.sort(key=lambda machine: machine != fallback)  # the usual one first: it wins among equals
    distances = _distances(features)
    scores = []
    for number, machine in enumerate(candidates):
        progress(number / len(candidates), "choosing the settings of the machine")
        kernel = np.exp(-machine.gamma / features.shape[1] * distances)
        scores.append(float(np.mean([_score(kernel, labels, machine.cost, *part) for part in parts])))
    best = candidates[int(np.argmax(scores))]
    progress.log(
        f"Chosen by cross-validation on {len(few)} training samples: C {best.cost:g}, gamma {best.gamma:g} / "
        f"number of features (mean recall {max(scores):.3f})."
    )
    return best


def folds_of(labels: Integers, places: Integers, seed: int) -> Integers:
    """Return the fold (n,) of each sample: the places of a class are dealt out in turn, in random order."""
    numbers, first, members = np.unique(places, return_index=True, return_inverse=True)
    own = labels[first]  # the class of a place; in a cell of a label raster that of its first pixel
    order = generator_for(seed, 0).permutation(len(numbers))
    folds = np.zeros(len(numbers), np.int64)
    for label in np.unique(own):
        of_class = order[own[order] == label]
        folds[of_class] = np.arange(len(of_class)) % _FOLDS
    return folds[members.reshape(-1)]


def _parts(folds: Integers, labels: Integers) -> Iterator[tuple[Integers, Integers]]:
    """Yield positions for training and for testing; only those of classes that are in both."""
    for number in range(_FOLDS):
        train, test = np.flatnonzero(folds != number), np.flatnonzero(folds == number)
        test = test[np.isin(labels[test], labels[train])]
        if len(test) and len(np.unique(labels[train])) > 1:
            yield train, test


def _distances(features: Floats) -> Doubles:
    mean, scale = scaling(features)
    scaled = (features - mean) / scale
    squares = (scaled * scaled).sum(axis=1)
    return np.maximum(squares[:, None] + squares - 2 * scaled @ scaled.T, 0)


def _score(kernel: Doubles, labels: Integers, cost: float, train: Integers, test: Integers) -> float:
    """Return the mean recall of the classes in `test`, (m,), of a machine fitted to `train`, (t,)."""
    from sklearn.svm import SVC

    machine = SVC(C=cost, kernel="precomputed").fit(kernel[np.ix_(train, train)], labels[train])
    right = machine.predict(kernel[np.ix_(test, train)]) == labels[test]
    return float(np.mean([right[labels[test] == label].mean() for label in np.unique(labels[test])]))
