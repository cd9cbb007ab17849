"""The forecast: which tiles come first, what the pace says, how large the outputs will be."""

from __future__ import annotations

import shutil
from collections import namedtuple
from types import SimpleNamespace

import numpy as np
import pytest
from landfuse.core.data.grid import Grid
from landfuse.core.data.raster_info import RasterLayout
from landfuse.core.data.raster_io import GeoTiff
from landfuse.core.data.windows import Window, iter_tiles
from landfuse.core.errors import OutputError
from landfuse.core.inference.forecast import (
    Forecast,
    Pace,
    compressed_size,
    duration_in_words,
    size_in_words,
    spread_first,
)
from landfuse.core.progress import Progress


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def grid_of(rows, cols):
    return Grid("", (0.0, 1.0, 0.0, 0.0, 0.0, -1.0), rows, cols, (1.0, 1.0))


@pytest.mark.parametrize(
    ("rows", "cols", "size"), [(1, 1, 8), (100, 130, 30), (1000, 40, 20), (700, 900, 64)]
)
def test_every_tile_comes_once_and_of_many_the_first_are_spread(rows, cols, size):
    order, plain = list(spread_first(rows, cols, size)), list(iter_tiles(rows, cols, size))
    assert sorted(order, key=lambda w: (w.row, w.col)) == plain
    if len(plain) <= 16:
        assert order == plain
    else:
        first = order[:16]
        assert order[16:] == [tile for tile in plain if tile not in first]
        # Each third of the scene, down and across, holds some of them.
        for length, places in ((rows, [w.row for w in first]), (cols, [w.col for w in first])):
            if length > 3 * size:
                assert {min(2, 3 * place // length) for place in places} == {0, 1, 2}


def test_the_pace_leaves_out_the_first_tile():
    clock = Clock()
    pace = Pace(1000, clock=clock)
    clock.now = 50.0  # starting up
    pace.add(100, 100)
    assert pace.seconds_left() is None
    clock.now = 52.0
    pace.add(100, 100)
    assert pace.seconds_left() == pytest.approx(16.0)  # 2 s a tile, eight tiles to come
    clock.now = 53.0
    pace.add(100, 100)
    assert pace.seconds_left() == pytest.approx(10.5)  # 1.5 s a tile on average, seven to come


def test_pixels_without_data_cost_a_tenth():
    clock = Clock()
    pace = Pace(1000, valid_share=0.5, clock=clock)
    for second in (1, 2):
        clock.now = second
        pace.add(100, 100)
    # 600 units of work in all, 110 a second, 220 done.
    assert pace.seconds_left() == pytest.approx(380 / 110)


def test_the_pace_never_says_that_nothing_is_left_while_pixels_are():
    clock = Clock()
    pace = Pace(1000, valid_share=0.01, clock=clock)  # the sample was wrong: all are valid
    for second in range(1, 9):
        clock.now = second
        pace.add(100, 100)
    assert pace.seconds_left() > 0


@pytest.mark.parametrize("kind", ["classes", "chances"])
def test_the_size_of_a_window_is_that_in_the_file(tmp_path, kind):
    rng = np.random.default_rng(0)
    smooth = np.add.outer(np.arange(256), np.arange(256))
    if kind == "classes":
        values = ((smooth // 40 + (rng.random((256, 256)) < 0.1)) % 5).astype(np.uint8)
        layout = RasterLayout("Byte", ("class",), 0.0)
    else:
        values = np.stack([smooth / 511, rng.random((256, 256))]).astype(np.float32)
        layout = RasterLayout("Float32", ("a", "b"), np.nan)
    tiff = GeoTiff(str(tmp_path / "a.tif"), grid_of(256, 256), layout)
    tiff.write(Window(0, 0, 256, 256), values)
    tiff.finish()
    assert compressed_size(values) == pytest.approx((tmp_path / "a.tif").stat().st_size, rel=0.15)


def forecast_of(tmp_path, n_tiles, clock, valid_share=1.0):
    pace = Pace(n_tiles * 64 * 64, valid_share, clock)
    grid = grid_of(64 * n_tiles, 64)
    return Forecast({"classmap": str(tmp_path / "m.tif")}, grid, valid_share, n_tiles, pace), pace


def run_tiles(forecast, pace, clock, count, seconds, events):
    for _ in range(count):
        clock.now += seconds
        tile = np.random.default_rng(0).integers(1, 5, (64, 64)).astype(np.uint8)
        forecast.watch(tile.size, {"classmap": tile}, Progress(events.append))
        pace.add(tile.size, tile.size)


def told(events):
    return [e["text"] for e in events if e["event"] == "log"]


def test_a_long_run_is_told_early_with_time_and_size(tmp_path):
    clock, events = Clock(), []
    forecast, pace = forecast_of(tmp_path, 300, clock)
    run_tiles(forecast, pace, clock, 6, 2.8, events)
    (line,) = told(events)
    assert line.startswith("About 14 minutes, ")  # 300 x 2.8 s
    assert " kB of output (" in line
    assert line.endswith(" free).")


def test_of_a_short_run_nothing_is_said(tmp_path):
    clock, events = Clock(), []
    forecast, pace = forecast_of(tmp_path, 40, clock)
    run_tiles(forecast, pace, clock, 40, 0.1, events)
    forecast.conclude(Progress(events.append))
    assert events == []


def test_nothing_is_said_where_the_trial_is_the_run(tmp_path):
    clock, events = Clock(), []
    forecast, pace = forecast_of(tmp_path, 1, clock)
    run_tiles(forecast, pace, clock, 1, 60.0, events)
    forecast.conclude(Progress(events.append))
    assert events == []


def test_a_disk_that_is_too_small_is_told_with_what_is_needed_and_free(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(10**9, 10**9 - 5000, 5000))
    clock, events = Clock(), []
    forecast, pace = forecast_of(tmp_path, 100, clock)
    with pytest.raises(OutputError, match=r"about .* kB are needed, 5.0 kB are free") as caught:
        run_tiles(forecast, pace, clock, 16, 0.1, events)
    assert caught.value.where == str(tmp_path)
    assert caught.value.remedy


def test_sizes_grow_with_the_valid_pixels_and_the_overviews(tmp_path):
    clock = Clock()
    forecast, pace = forecast_of(tmp_path, 32, clock, valid_share=0.5)
    run_tiles(forecast, pace, clock, 16, 0.1, [])
    tile = np.random.default_rng(0).integers(1, 5, (64, 64)).astype(np.uint8)
    # 2048 rows: overviews of 1024 and 512 rows add a quarter and a sixteenth of the pixels, each of half as
    # many bytes again. 16 tiles are half the scene, the valid half.
    assert forecast.sizes()["classmap"] == pytest.approx(
        2500 + 16 * compressed_size(tile) * 1.46875, rel=0.001
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "1 second"),
        (40, "40 seconds"),
        (840, "14 minutes"),
        (7800, "2 hours 10 minutes"),
        (7190, "2 hours"),
    ],
)
def test_durations_in_words(seconds, words):
    assert duration_in_words(seconds) == words


@pytest.mark.parametrize(
    ("size", "words"),
    [(12, "12 bytes"), (1500, "1.5 kB"), (180e6, "180 MB"), (12.3e9, "12 GB"), (2.5e12, "2.5 TB")],
)
def test_sizes_in_words(size, words):
    assert size_in_words(size) == words


def test_the_time_left_of_a_part_is_stretched_to_the_whole():
    events = []
    whole = Progress(events.append)
    whole.part(0.05, 1.0)(0.5, "x", 30.0)
    whole.part(0.0, 0.5)(0.5, "x", 30.0)  # a quarter took as long as this part's other half will: 30 s
    assert [round(e["seconds_left"]) for e in events] == [30, 90]
    assert SimpleNamespace(**events[1]).fraction == 0.25
