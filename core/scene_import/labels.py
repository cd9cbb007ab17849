"""Label arrays of benchmark scenes: checked, restricted by masks, and divided class by class at random."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ClassesError, SamplesError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Labels = NDArray[np.int64]
    Mask = NDArray[np.bool_]

# What is said of every split that draws single pixels.
OPTIMISTIC = (
    "random split of single pixels: test pixels are neighbours of training pixels, which makes the figures "
    "optimistic"
)
_AUTHORS_RATE, _AUTHORS_NUMBER, _MIBF_SEED, _NCGLF2_SEED = 0.02, 20, 2333, 345


@dataclass(frozen=True, eq=False)
class Division:
    """Training and test labels (H, W), 0 = in neither; `text` says how they were divided."""

    train: Labels
    test: Labels
    text: str
    is_random: bool = False


def checked_labels(values: NDArray[Any], what: str, n_names: int = 0) -> Labels:
    """Return a label array (H, W) as whole numbers, NaN as 0.

    `n_names`: the number of class names, 0 for none. Raises `SamplesError`, and `ClassesError` where there
    are more classes than names.
    """
    values = values[:, :, 0] if values.ndim == 3 and values.shape[2] == 1 else values
    if values.ndim != 2:
        shape = " x ".join(map(str, values.shape))
        raise SamplesError(
            f"Labels have two axes, these have {shape}.", where=what, remedy="Name the label variable."
        )
    filled = np.nan_to_num(values.astype(np.float64), nan=0.0)
    if (filled < 0).any() or (filled != np.round(filled)).any() or filled.max(initial=0) > 65535:
        raise SamplesError(
            f"Labels are whole numbers from 0 to 65535; they are {filled.min():g} to {filled.max():g}.",
            where=what,
            remedy="Name the label variable; 0 is unlabelled.",
        )
    highest = int(filled.max(initial=0))
    if n_names and highest > n_names:
        raise ClassesError(
            f"The labels reach {highest}, but only {n_names} class names are given.",
            where=what,
            remedy="Name all classes in the order of their values.",
        )
    return filled.astype(np.int64)


def masked(labels: Labels, mask: Labels, what: str) -> Labels:
    """Return the labels that a given part holds.

    `mask`: 0 and 1, for which pixels of `labels` are in the part; or labels of its own. Raises `SamplesError`
    where its labels contradict `labels`.
    """
    if mask.max(initial=0) <= 1 < labels.max(initial=0):
        return np.where(mask == 1, labels, 0)
    both = (mask > 0) & (labels > 0)
    wrong = int((mask[both] != labels[both]).sum())
    if wrong:
        raise SamplesError(
            f"{wrong} of {int(both.sum())} pixels have another class than in the labels.",
            where=what,
            remedy="Check that both belong to the same scene and that neither is transposed.",
        )
    return mask


def given(labels: Labels | None, train: Labels, test: Labels | None) -> Division:
    """Return the division that masks give; without a test mask the rest of the labels is the test part.

    Raises `SamplesError` where a pixel is in both parts.
    """
    if test is None:
        if labels is None:
            raise SamplesError(
                "There is a training mask, but neither a test mask nor labels.",
                where="test",
                remedy="Give one of them.",
            )
        return Division(
            train, np.where(train > 0, 0, labels), "given training mask, the other labels for testing"
        )
    common = int(((train > 0) & (test > 0)).sum())
    if common:
        raise SamplesError(
            f"{common} pixels are in the training and in the test mask.",
            where="train, test",
            remedy="Check that the right variables are named.",
        )
    return Division(train, test, "given training and test masks")


def divide(labels: Labels, rule: str, per_class: int, rate: float, seed: int) -> Division:
    """Divide the pixels of each class at random.

    `rule`: "number" trains on `per_class` pixels of a class, "rate" on this share of it, rounded up;
    "mibf_net" and "ncglf2" repeat the divisions of these authors, with their numbers, generators and seeds.
    A class keeps at least one pixel for testing where it has two. Raises `SamplesError` without labels.
    """
    present = [value for value in np.unique(labels).tolist() if value]
    if not present:
        raise SamplesError("No pixel is labelled.", where="labels", remedy="Name the label variable.")
    if rule == "ncglf2":
        return _like_ncglf2(labels, present)
    train = np.zeros(labels.size, dtype=bool)
    flat = labels.ravel()
    for value in present:
        pixels = np.flatnonzero(flat == value)  # row by row
        if rule == "mibf_net":
            order, wanted = _shuffled_like_mibf_net(pixels), math.ceil(_AUTHORS_RATE * len(pixels))
        else:
            order = np.random.default_rng([seed, value]).permutation(pixels)
            wanted = per_class if rule == "number" else math.ceil(round(rate * len(pixels), 9))
            wanted = min(wanted, max(1, len(pixels) - 1))
        train[order[:wanted]] = True
    texts = {
        "number": f"{per_class} pixels of each class drawn for training (seed {seed})",
        "rate": f"{100 * rate:g} % of each class drawn for training (seed {seed})",
        "mibf_net": "2 % of each class drawn for training as the authors of MIBF-Net do (seed 2333)",
    }
    inside = train.reshape(labels.shape)
    return _random_division(labels, inside, (labels > 0) & ~inside, texts[rule])


def _random_division(
    labels: Labels, train: NDArray[np.bool_], test: NDArray[np.bool_], text: str
) -> Division:
    parts = np.where(train, labels, 0), np.where(test, labels, 0)
    return Division(*parts, f"{text}; {OPTIMISTIC}", is_random=True)


def _shuffled_like_mibf_net(pixels: Labels) -> Labels:
    """Shuffle with numpy's legacy generator, seeded anew for each class."""
    order = pixels.copy()
    np.random.RandomState(_MIBF_SEED).shuffle(order)
    return order


def _like_ncglf2(labels: Labels, present: list[int]) -> Division:
    """Train on 20 pixels of each class; of the others 85 % are for testing and 15 % in neither part.

    The authors choose the epoch on those 15 %; here the last epoch counts, and they stay out.
    """
    from sklearn.model_selection import train_test_split

    flat, chosen, others = labels.ravel(), [], []
    for value in present:
        pixels = np.flatnonzero(flat == value).tolist()
        generator = random.Random(0)
        for i in range(len(pixels) - 1, 0, -1):  # the two-argument shuffle that Python 3.11 took out
            j = int(generator.random() * (i + 1))
            pixels[i], pixels[j] = pixels[j], pixels[i]
        chosen += pixels[:_AUTHORS_NUMBER]
        others += sorted(pixels[_AUTHORS_NUMBER:])
    rest = np.array(others, dtype=np.int64)
    try:
        _, tested = train_test_split(rest, test_size=0.85, random_state=_NCGLF2_SEED, stratify=flat[rest])
    except ValueError as error:
        raise SamplesError(
            f"The division of NCGLF2 needs more than {_AUTHORS_NUMBER + 1} pixels of each class ({error}).",
            where="labels",
            remedy="Use the split 'number' with fewer pixels.",
        ) from error
    masks = np.zeros((2, labels.size), dtype=bool)
    masks[0, chosen], masks[1, tested] = True, True
    train, test = masks.reshape(2, *labels.shape)
    text = "20 pixels of each class for training, 85 % of the others for testing, as the authors of NCGLF2 do"
    return _random_division(labels, train, test, text)
