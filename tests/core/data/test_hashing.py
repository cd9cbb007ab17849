from __future__ import annotations

import numpy as np
from landfuse.core.data.hashing import uniform


def test_numbers_follow_from_key_and_seed_alone():
    keys = np.arange(1000)
    assert (uniform(keys, 7) == uniform(keys[::-1], 7)[::-1]).all()
    assert not (uniform(keys, 7) == uniform(keys, 8)).any()


def test_numbers_are_spread_evenly_even_for_neighbouring_keys():
    drawn = uniform(np.arange(100_000), 1)
    assert drawn.min() >= 0
    assert drawn.max() < 1
    assert np.abs(np.histogram(drawn, 10, (0, 1))[0] - 10_000).max() < 500


def mix(state):
    state = (state + 0x9E3779B97F4A7C15) % 2**64
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    state = (state ^ (state >> 27)) * 0x94D049BB133111EB % 2**64
    return state ^ (state >> 31)


def test_the_numbers_never_change():
    """A new value here would move every group of every user to another side."""
    keys, seed = [0, 1, 2**62], 12
    expected = [(mix(mix(seed) ^ key) >> 11) / 2**53 for key in keys]
    assert uniform(np.array(keys), seed).tolist() == expected
    assert mix(0) == 0xE220A8397B1DCDAF  # the first output of splitmix64 from state 0, as published
