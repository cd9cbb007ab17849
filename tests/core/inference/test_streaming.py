from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from landfuse.core.errors import Cancelled, RasterReadError
from landfuse.core.inference.streaming import choose_tile_size, stream_predictions
from landfuse.core.progress import Progress


class Halves:
    """Two classes; the probability is the value of the only band."""

    margin, n_classes = 2, 2

    def __init__(self, seconds=0.0):
        self.seconds, self.computing = seconds, []

    def predict(self, window, progress):
        self.computing.append(time.monotonic())
        for _ in range(int(self.seconds / 0.02)):
            progress.check()
            time.sleep(0.02)
        band = window.data["sar"][0, 2:-2, 2:-2]
        return np.stack([band, 1 - band])


@pytest.fixture
def scene(memory_stack):
    return memory_stack(sar=np.random.default_rng(0).random((1, 50, 70)))


@pytest.mark.parametrize("size", [1000, 32, 9])
def test_windows_cover_the_grid_once_with_what_the_predictor_gives(scene, size):
    result, hits = np.zeros((2, 50, 70)), np.zeros((50, 70), int)
    for window, probabilities in stream_predictions(scene, Halves(), size):
        result[(slice(None), *window.slices())] = probabilities
        hits[window.slices()] += 1
    assert (hits == 1).all()
    np.testing.assert_array_equal(result[0], scene.modalities["sar"][0])


def test_reading_computing_and_writing_overlap(memory_stack):
    stack = memory_stack(sar=np.zeros((1, 10, 80)))
    plain = stack.read
    stack.read = lambda window, margin: (time.sleep(0.1), plain(window, margin))[1]
    start = time.monotonic()
    for _ in stream_predictions(stack, Halves(0.1), 10):
        time.sleep(0.1)
    assert time.monotonic() - start < 0.75 * 8 * 0.3  # one after the other: 2.4 s


def test_few_tiles_are_read_ahead(scene):
    tiles = stream_predictions(scene, Halves(), 5)
    next(tiles)
    time.sleep(0.3)
    assert len(scene.reads) <= 6
    tiles.close()


def test_an_error_while_reading_reaches_the_caller(scene):
    def broken(window, margin):
        raise RasterReadError("gone", where="a.tif")

    scene.read = broken
    before = threading.active_count()
    with pytest.raises(RasterReadError, match="gone"):
        list(stream_predictions(scene, Halves(), 10))
    assert threading.active_count() == before


def test_cancelling_stops_soon_and_ends_the_threads(scene):
    before, start = threading.active_count(), time.monotonic()
    progress = Progress(is_cancelled=lambda: time.monotonic() - start > 0.2)
    with pytest.raises(Cancelled):
        list(stream_predictions(scene, Halves(seconds=60), 40, progress))
    assert time.monotonic() - start < 1.5
    assert threading.active_count() == before


def test_closing_early_ends_the_threads(scene):
    before = threading.active_count()
    tiles = stream_predictions(scene, Halves(), 10)
    next(tiles)
    tiles.close()
    assert threading.active_count() == before


def test_progress_reaches_the_end(scene):
    events = []
    list(stream_predictions(scene, Halves(), 20, Progress(events.append)))
    fractions = [event["fraction"] for event in events if event["event"] == "progress"]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)


def test_tiles_shrink_with_the_number_of_bands_and_obey_the_user():
    assert choose_tile_size(5, 3) == 256
    assert 32 <= choose_tile_size(2000, 5) < 200
    assert choose_tile_size(2000, 5, asked=700) == 700
