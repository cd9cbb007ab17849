"""Longitudes repeat: the same place is 179 or -181 degrees, and a scene may lie across 180."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def connected(xs: NDArray[np.float64], turn: float) -> NDArray[np.float64]:
    """Return longitudes (n,) of one area without the jump at 180 degrees, where that makes them narrower.

    `turn`: what a full turn is in their unit; 0 = they are no longitudes.
    """
    if not turn or np.ptp(xs) <= turn / 2:
        return xs
    onward = np.where(xs < 0, xs + turn, xs)
    return onward if np.ptp(onward) < np.ptp(xs) else xs


def turns_to(x: float, goal: float, turn: float) -> float:
    """Return by how much a longitude `x` is shifted, in whole turns, to be as near as can be to `goal`."""
    return float(round((goal - x) / turn) * turn) if turn else 0.0
