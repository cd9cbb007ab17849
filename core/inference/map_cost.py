"""What mapping a scene will need, known before the run: memory from the tiles, time from earlier runs."""

from __future__ import annotations

from dataclasses import dataclass

from .streaming import choose_tile_size

# Python, torch and GDAL with its cache, before any tile (measured: 0.7 GiB at the peak for 500 x 500 pixels).
BASE_BYTES = 600 << 20
# Five tiles are under way, and normalising makes a copy of one.
TILES_AT_ONCE = 6
SMALLEST_TILE = 32
TILE_MARGIN = 8  # pixels around a tile, where the network is not known yet: about what it looks at
# Pixels per second of MIBF-Net on two threads: the slowest that benchmarks/README.md records.
RECORDED_PACE = {("mibf_net", "cpu"): 18000.0}
RECORDED_THREADS = 2


@dataclass(frozen=True)
class MapCost:
    """`seconds` is None where the pace is not known; `is_measured`: it was seen on this computer."""

    seconds: float | None
    is_measured: bool
    n_bytes: int
    tile_size: int


def map_bytes(n_bands: int, margin: int, tile_size: int) -> int:
    """Return the memory of a run with tiles of this side, `margin` pixels read around each."""
    return BASE_BYTES + TILES_AT_ONCE * 4 * n_bands * (tile_size + 2 * margin) ** 2


def tile_for_budget(n_bands: int, margin: int, budget: int) -> int:
    """Return the largest usual tile side that stays within `budget` bytes (0 = no limit), 32 at the least."""
    size = choose_tile_size(n_bands, margin)
    if budget <= 0:
        return size
    while size > SMALLEST_TILE and map_bytes(n_bands, margin, size) > budget:
        size -= SMALLEST_TILE
    return max(size, SMALLEST_TILE)


def map_cost(
    n_pixels: int,
    n_bands: int,
    margin: int,
    pace: float | None,
    recorded: float | None = None,
    budget: int = 0,
) -> MapCost:
    """Forecast a map.

    `pace`: pixels per second seen on this computer, `recorded`: on another one; None where unknown. `budget`:
    bytes that may be used, 0 for no limit.
    """
    size = tile_for_budget(n_bands, margin, budget)
    known = pace or recorded
    return MapCost(
        n_pixels / known if known else None, pace is not None, map_bytes(n_bands, margin, size), size
    )


def recorded_pace(method: str, device: str, threads: int) -> float | None:
    """Return the pace that was measured elsewhere, scaled to `threads`; None where there is no record."""
    pace = RECORDED_PACE.get((method, device))
    return pace * min(threads, 8) / RECORDED_THREADS if pace else None
