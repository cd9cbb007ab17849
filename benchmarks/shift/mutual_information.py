"""The shift at which two images share most information: slow, without edges, to judge the quick estimate."""

from __future__ import annotations

import numpy as np

_REACH = 5  # pixels
_BINS = 24
_BANDS = 2  # of each image


def best_shift(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """Return how far down and right of `first` (C, H, W) the image `second` lies, in pixels."""
    total = np.zeros((2 * _REACH + 1, 2 * _REACH + 1))
    for one in first[:_BANDS]:
        for two in second[:_BANDS]:
            total += _surface(_smoothed(one), _smoothed(two))
    row, col = (int(i) for i in np.unravel_index(np.argmax(total), total.shape))
    row, col = (min(max(i, 1), 2 * _REACH - 1) for i in (row, col))
    return row - _REACH + _vertex(total[row - 1 : row + 2, col]), col - _REACH + _vertex(
        total[row, col - 1 : col + 2]
    )


def _smoothed(image: np.ndarray) -> np.ndarray:
    padded = np.pad(image, 1, mode="edge")
    rows, cols = image.shape
    return sum(padded[r : r + rows, c : c + cols] for r in range(3) for c in range(3)) / 9


def _surface(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    rows, cols = first.shape
    inner = first[_REACH : rows - _REACH, _REACH : cols - _REACH].ravel()
    surface = np.zeros((2 * _REACH + 1, 2 * _REACH + 1))
    for r in range(len(surface)):
        for c in range(len(surface)):
            there = second[r : rows - 2 * _REACH + r, c : cols - 2 * _REACH + c]
            surface[r, c] = _information(inner, there.ravel())
    return surface


def _information(first: np.ndarray, second: np.ndarray) -> float:
    ranks = [np.argsort(np.argsort(values)) * _BINS // len(values) for values in (first, second)]
    joint = np.bincount(ranks[0] * _BINS + ranks[1], minlength=_BINS**2).reshape(_BINS, _BINS) / len(first)
    alone = joint.sum(axis=1)[:, None] * joint.sum(axis=0)[None]
    seen = joint > 0
    return float((joint[seen] * np.log(joint[seen] / alone[seen])).sum())


def _vertex(values: np.ndarray) -> float:
    bend = values[0] - 2 * values[1] + values[2]
    return float(0.5 * (values[0] - values[2]) / bend) if bend < 0 else 0.0
