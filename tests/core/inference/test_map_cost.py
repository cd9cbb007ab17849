"""Memory and time of a map before it is made."""

from __future__ import annotations

import pytest
from landfuse.core.inference.map_cost import (
    BASE_BYTES,
    SMALLEST_TILE,
    map_bytes,
    map_cost,
    recorded_pace,
    tile_for_budget,
)
from landfuse.core.inference.streaming import choose_tile_size


def test_memory_grows_with_bands_and_tiles():
    assert map_bytes(10, 8, 256) == BASE_BYTES + 6 * 4 * 10 * 272**2


@pytest.mark.parametrize("budget", [10**8, 7 * 10**8, 8 * 10**8, 10**12])
def test_tiles_keep_to_the_budget_where_they_can(budget):
    size = tile_for_budget(150, 8, budget)
    assert SMALLEST_TILE <= size <= choose_tile_size(150, 8)
    assert size == SMALLEST_TILE or map_bytes(150, 8, size) <= budget


def test_without_a_budget_the_tile_is_the_usual_one():
    assert tile_for_budget(150, 8, 0) == choose_tile_size(150, 8)


def test_the_pace_seen_here_counts_more_than_one_recorded_elsewhere():
    assert map_cost(1000, 4, 8, 100.0, 10.0).seconds == 10.0
    assert map_cost(1000, 4, 8, None, 10.0).seconds == 100.0
    assert not map_cost(1000, 4, 8, None, 10.0).is_measured
    assert map_cost(1000, 4, 8, None).seconds is None


def test_a_recorded_pace_is_scaled_to_the_threads():
    assert recorded_pace("mibf_net", "cpu", 4) == 2 * recorded_pace("mibf_net", "cpu", 2)
    assert recorded_pace("mibf_net", "cuda", 2) is None
    assert recorded_pace("gihcn", "cpu", 2) is None
