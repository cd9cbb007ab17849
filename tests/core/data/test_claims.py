from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.data.claims import settle
from landfuse.core.data.grid import Grid
from landfuse.core.data.hashing import uniform
from landfuse.core.data.sample_set import first_pixel_keys, pixel_keys
from landfuse.core.data.spans import Spans
from landfuse.core.errors import Cancelled
from landfuse.core.progress import Progress, silent

GRID = Grid("", (0.0, 1.0, 0.0, 0.0, 0.0, -1.0), 40, 60, (1.0, 1.0))


@pytest.fixture
def boxes():
    """Overlapping rectangles of 4 classes as spans, and the class of each."""
    random, spans = np.random.default_rng(5), []
    for owner in range(80):
        top, left = random.integers(0, 30), random.integers(0, 45)
        rows = np.arange(top, top + random.integers(1, 10))
        ones = np.ones(len(rows), dtype=np.int64)
        stop = left + random.integers(1, 12)
        spans.append(Spans.inside(rows, ones * float(left), ones * float(stop), ones * owner, GRID.shape))
    return Spans.joined(spans), random.integers(0, 4, 80)


def by_hand(spans, labels):
    """What every pixel is claimed by, from a dictionary."""
    claims = {}
    for row, col, owner in zip(*(part.tolist() for part in spans.pixels())):
        claims.setdefault((row, col), set()).add(owner)
    kept = {p: min(o) for p, o in claims.items() if len({labels[i] for i in o}) == 1}
    disputed = len(claims) - len(kept)
    shared = sum(len(claims[p]) > 1 for p in kept)
    return kept, disputed, shared


@pytest.mark.parametrize("band", [1, 50, 10**6])
def test_a_pixel_goes_to_the_first_place_of_its_only_class(boxes, band, monkeypatch):
    monkeypatch.setattr("landfuse.core.data.claims._BAND", band)
    spans, labels = boxes
    found = settle(spans, labels, int(labels.max()) + 1, GRID, 10**6, silent)
    kept, disputed, shared = by_hand(spans, labels)
    assert disputed > 100
    assert shared > 50
    pixels = list(zip(found.rows.tolist(), found.cols.tolist()))
    assert pixels == sorted(kept)
    assert found.places.tolist() == [kept[p] for p in pixels]
    assert (found.disputed, found.shared) == (disputed, shared)
    expected = first_pixel_keys(found.rows, found.cols, found.places)
    assert (found.first_keys[found.places] == expected).all()


@pytest.mark.parametrize("band", [1, 50, 10**6])
def test_of_a_large_class_the_pixels_with_the_lowest_hash_are_kept(boxes, band, monkeypatch):
    monkeypatch.setattr("landfuse.core.data.claims._BAND", band)
    spans, labels = boxes
    everything = settle(spans, labels, int(labels.max()) + 1, GRID, 10**6, silent)
    found = settle(spans, labels, int(labels.max()) + 1, GRID, 60, silent)
    draws = uniform(pixel_keys(everything.rows, everything.cols), 0)
    expected = set()
    for label in range(4):
        own = np.flatnonzero(labels[everything.places] == label)
        expected |= set(own[np.argsort(draws[own])[:60]].tolist())
    chosen = [(everything.rows[i], everything.cols[i]) for i in sorted(expected)]
    assert list(zip(found.rows, found.cols)) == chosen
    assert found.totals == tuple(np.bincount(labels[everything.places]).tolist())
    assert everything.totals == ()
    assert (found.first_keys == everything.first_keys).all()


def test_a_place_that_covers_a_pixel_twice_claims_it_once():
    spans = Spans.inside(
        np.array([3, 3]), np.array([2.0, 4.0]), np.array([6.0, 8.0]), np.zeros(2), GRID.shape
    )
    found = settle(spans, np.array([0]), 1, GRID, 100, silent)
    assert (found.cols.tolist(), found.shared, found.disputed) == ([2, 3, 4, 5, 6, 7], 0, 0)


def test_settling_can_be_cancelled(boxes):
    with pytest.raises(Cancelled):
        settle(*boxes, 4, GRID, 100, Progress(is_cancelled=lambda: True))
