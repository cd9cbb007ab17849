"""Prediction over a whole scene, tile by tile, with reading, computing and writing at the same time.

Memory is bounded by the tile: at any moment one tile is read, one waits, one is computed, one waits, one is
with the caller. One thread reads (a GDAL data set must not be used by two), one computes, the caller writes.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from ..data.windows import Window
from ..errors import Cancelled
from ..progress import Progress, silent
from .forecast import Pace, spread_first

if TYPE_CHECKING:
    from ..data.stack import Stack, StackWindow
    from .predictor import Floats, Predictor

Item = TypeVar("Item")

TILE = 256
_PER_MARGIN = 8  # times as long as a margin is a tile at least, if the budget allows: margins are read twice
# Bytes of raw bands in a tile; some five tiles are under way, and normalising makes a copy.
TILE_BUDGET = 128 << 20
_POLL_SECONDS = 0.2


def choose_tile_size(n_bands: int, margin: int, asked: int = 0) -> int:
    """Return the side of the tiles in pixels: `asked`, or for 0 what keeps a tile of `n_bands` small."""
    if asked > 0:
        return asked
    largest = int((TILE_BUDGET / (4 * n_bands)) ** 0.5) - 2 * margin
    return max(32, min(max(TILE, _PER_MARGIN * margin), largest))


def stream_predictions(
    stack: Stack,
    predictor: Predictor,
    tile_size: int = 0,
    progress: Progress = silent,
    pace: Pace | None = None,
) -> Generator[tuple[Window, Floats], None, None]:
    """Yield (window, probabilities (K, H, W)) for windows that cover the grid exactly once.

    The first windows of a large scene are spread over it, so that `pace` soon knows how long the rest takes.
    Pixels that are not valid are NaN. Closing the generator, or an error anywhere, stops the threads.
    The stack must not be read elsewhere meanwhile.
    """
    size = choose_tile_size(sum(stack.bands.values()), predictor.margin, tile_size)
    rows, cols = stack.grid.shape
    stopped = threading.Event()
    asking = Progress(is_cancelled=stopped.is_set)

    def read() -> Iterator[tuple[Window, StackWindow]]:
        for window in spread_first(rows, cols, size):
            yield window, stack.read(window, predictor.margin)

    def compute(tiles: Iterable[tuple[Window, StackWindow]]) -> Iterator[tuple[Window, Floats]]:
        for window, tile in tiles:
            yield window, predictor.predict(tile, asking)

    pace = pace or Pace(rows * cols)
    done = 0
    reader = _Background(read(), asking)
    computer = _Background(compute(reader), asking)
    progress(0.0, "classifying")
    try:
        for window, probabilities in computer.items(progress):
            yield window, probabilities
            done += window.height * window.width
            pace.add(window.height * window.width, int(np.isfinite(probabilities[0]).sum()))
            progress(done / (rows * cols), "classifying", pace.seconds_left())
    finally:
        stopped.set()
        computer.join()
        reader.join()


class _Background(Generic[Item]):
    """Runs an iterable in a thread, one item ahead of who takes the items."""

    def __init__(self, source: Iterable[Item], stop: Progress) -> None:
        self._source, self._stop = source, stop
        self._ready: queue.Queue[tuple[str, Item | BaseException | None]] = queue.Queue(maxsize=1)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Item]:
        return self.items(self._stop)

    def items(self, progress: Progress) -> Iterator[Item]:
        """Yield the items; an error of the thread is raised here. Asks `progress` whether to stop."""
        while True:
            progress.check()
            try:
                kind, value = self._ready.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue
            if kind == "end":
                return
            if isinstance(value, BaseException):
                raise value
            yield value  # type: ignore[misc]  # an item, because it is neither the end nor an error

    def join(self) -> None:
        """Wait until the thread has ended; it does so soon after `stop` says so."""
        self._thread.join()

    def _run(self) -> None:
        try:
            for item in self._source:
                self._put(("item", item))
            self._put(("end", None))
        except Cancelled:
            return
        except BaseException as error:  # noqa: BLE001  it is raised again by who takes the items
            self._deliver_error(error)

    def _put(self, message: tuple[str, Item | BaseException | None]) -> None:
        while True:
            self._stop.check()
            try:
                self._ready.put(message, timeout=_POLL_SECONDS)
                return
            except queue.Full:
                continue

    def _deliver_error(self, error: BaseException) -> None:
        with suppress(Cancelled):
            self._put(("error", error))
