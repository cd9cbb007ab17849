"""Reproducible pseudo-random numbers that follow from a key alone, the same on every machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def uniform(keys: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """Return a number from 0 (inclusive) to 1 (exclusive) for each key and seed, (n,).

    splitmix64 (Steele, Lea, Flood 2014, doi:10.1145/2660193.2660195), applied to the seed and then to the
    key.
    """
    start = _mixed(np.array([seed], dtype=np.int64).astype(np.uint64))
    bits = _mixed(keys.astype(np.int64).astype(np.uint64) ^ start)
    return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _mixed(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    state = state + np.uint64(0x9E3779B97F4A7C15)  # arrays wrap around, which is meant
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))
