"""How long a map will take and how much disk it needs, from the first tiles of the run itself.

Nothing is computed twice: the stream simply begins with tiles spread over the scene. Time comes from the pace
at which tiles arrive once reading, computing and writing overlap; size from compressing those tiles as the
file will, overviews included.
"""

from __future__ import annotations

import math
import os
import shutil
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.windows import Window, iter_tiles
from ..errors import OutputError
from ..progress import Progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..data.grid import Grid

TRIAL_TILES = 16
_SOME_TILES, _TRIAL_SECONDS = 4, 10.0  # a slow run is told of after so many tiles, once this time has passed
_WORTH_TELLING = 20.0  # seconds; of a shorter run, or one about to end, nothing is said
_DENSER = 1.5  # bytes of a pixel of an overview, which varies more, to one of the map (measured: about 1.6)
_HEADER = 2500  # bytes of a file that are no pixels, the colour table for the most part
_READING = 0.1  # what a pixel without data costs, as a share of one that is classified
# Steps of the plastic number: the first points of the sequence lie far apart, however many are taken
# (M. Roberts, "The unreasonable effectiveness of quasirandom sequences", 2018).
_STEP_ROW, _STEP_COL = 0.7548776662466927, 0.5698402909980532


def spread_first(rows: int, cols: int, size: int, count: int = TRIAL_TILES) -> Iterator[Window]:
    """Yield the tiles of `iter_tiles`, `count` of them that are spread over the scene before the others."""
    tiles = list(iter_tiles(rows, cols, size))
    across = math.ceil(cols / size)
    down = len(tiles) // across
    first = [] if len(tiles) <= count else list(_spread(down, across, count))
    yield from (tiles[i] for i in first)
    early = set(first)
    yield from (tile for i, tile in enumerate(tiles) if i not in early)


def _spread(down: int, across: int, count: int) -> Iterator[int]:
    """Yield the positions of `count` different tiles in the order of `iter_tiles`."""
    taken: set[int] = set()
    step = 0
    while len(taken) < count:
        step += 1
        row, col = int((0.5 + step * _STEP_ROW) % 1 * down), int((0.5 + step * _STEP_COL) % 1 * across)
        position = row * across + col
        if position not in taken:
            taken.add(position)
            yield position


class Pace:
    """How fast the tiles of a scene are done. `valid_share`: share of its pixels that will be classified.

    The first tile is not counted: it pays for what happens once, and for the two stages behind it.
    """

    def __init__(
        self, n_pixels: int, valid_share: float = 1.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._pixels, self._expected = n_pixels, n_pixels * _work_of(valid_share)
        self._done_pixels = self._tiles = 0
        self._work = self._work_at_first = 0.0
        self.started = self._at_first = self._now = clock()

    def add(self, n_pixels: int, n_valid: int) -> None:
        """Note that a tile is done."""
        self._tiles += 1
        self._done_pixels += n_pixels
        self._work += n_pixels * _work_of(n_valid / max(1, n_pixels))
        self._now = self._clock()
        if self._tiles == 1:
            self._work_at_first, self._at_first = self._work, self._now

    @property
    def seconds(self) -> float:
        """Time since the beginning."""
        return self._clock() - self.started

    def seconds_left(self) -> float | None:
        """Return how long the rest will take; None as long as fewer than two tiles are done."""
        measured = self._work - self._work_at_first
        if measured <= 0:
            return None
        pixels_left = self._pixels - self._done_pixels
        # The share of valid pixels is that of a sample: what is left is never nothing, nor more than all.
        left = min(max(self._expected - self._work, _READING * pixels_left), (1 + _READING) * pixels_left)
        return left * (self._now - self._at_first) / measured


def _work_of(valid_share: float) -> float:
    return _READING + valid_share


class Forecast:
    """Watches the first tiles of a run, then says what is to come; raises if the disk is too small for it.

    `paths`: output name -> file; `n_tiles`: tiles of the whole run.
    """

    def __init__(
        self, paths: Mapping[str, str], grid: Grid, valid_share: float, n_tiles: int, pace: Pace
    ) -> None:
        self._paths, self._grid, self._pace = paths, grid, pace
        self._valid_pixels = grid.rows * grid.cols * valid_share
        self._trial = min(TRIAL_TILES, n_tiles)
        self._seen = self._valid_seen = 0
        self._bytes = dict.fromkeys(paths, 0)
        self._told: tuple[float, int] | None = None

    def watch(self, n_valid: int, layers: Mapping[str, NDArray[Any]], progress: Progress) -> None:
        """Look at a tile before it is written: `layers` per output, (C, H, W) or (H, W).

        Raises `OutputError` where the outputs will not fit on the disk.
        """
        if self._trial == 0:
            return
        self._seen += 1
        self._valid_seen += n_valid
        for name, values in layers.items():
            self._bytes[name] += compressed_size(values)
        slow = self._seen >= _SOME_TILES and self._pace.seconds > _TRIAL_SECONDS
        if self._valid_seen and (self._seen >= self._trial or slow):
            self._trial = 0
            self._tell(progress)

    def conclude(self, progress: Progress) -> None:
        """Say, after the run, what it took beside what was forecast; nothing where nothing was forecast."""
        if self._told is None:
            return
        seconds, size = self._told
        written = sum(os.path.getsize(path) for path in self._paths.values())
        progress.log(
            f"It took {duration_in_words(self._pace.seconds)} (forecast: {duration_in_words(seconds)}) and "
            f"{size_in_words(written)} (forecast: {size_in_words(size)})."
        )

    def sizes(self) -> dict[str, int]:
        """Return the bytes each output will have, overviews included."""
        # Valid pixels are estimated from a sample: never fewer than those that were seen.
        scale = max(1.0, self._valid_pixels / max(1, self._valid_seen))
        factor = scale * (1 + _DENSER * _overviews(self._grid))
        return {name: _HEADER + math.ceil(seen * factor) for name, seen in self._bytes.items()}

    def _tell(self, progress: Progress) -> None:
        sizes = self.sizes()
        free = self._check_space(sizes)
        left = self._pace.seconds_left()
        total = self._pace.seconds + (left or 0.0)
        if total < _WORTH_TELLING or not left or left < 0.2 * total:
            return
        self._told = (total, sum(sizes.values()))
        progress.log(
            f"About {duration_in_words(total)}, {size_in_words(sum(sizes.values()))} of output "
            f"({size_in_words(free)} free)."
        )

    def _check_space(self, sizes: Mapping[str, int]) -> int:
        """Return the free bytes of the fullest disk. Raises `OutputError` where one is too small."""
        needed: dict[Path, int] = {}
        for name, size in sizes.items():
            folder = Path(self._paths[name]).parent
            needed[folder] = needed.get(folder, 0) + size
        found = {folder: shutil.disk_usage(folder).free for folder in needed}
        for folder, size in needed.items():
            if size > found[folder]:
                raise OutputError(
                    f"The disk is too small: about {size_in_words(size)} are needed, "
                    f"{size_in_words(found[folder])} are free.",
                    where=str(folder),
                    remedy="Free some space, write elsewhere, leave out the probabilities, or map a smaller "
                    "extent.",
                )
        return min(found.values())


def _overviews(grid: Grid) -> float:
    """Return the share of pixels that overviews add: every second one until the longer side is 512."""
    longest, share, level = max(grid.rows, grid.cols), 0.0, 2
    while longest / (level // 2) > 512:
        share += 1.0 / level**2
        level *= 2
    return share


def compressed_size(values: NDArray[Any]) -> int:
    """Return the bytes a window takes in a GeoTIFF as `raster_io.GeoTiff` writes it: DEFLATE, by band.

    Floats go through TIFF's predictor 3 first: their bytes, most significant first, side by side in each row,
    as differences.
    """
    bands = values if values.ndim == 3 else values[None]
    total = 0
    for band in bands:
        data = np.ascontiguousarray(band)
        if data.dtype.kind == "f":
            height, width = data.shape
            planes = data.astype(">f4").view(np.uint8).reshape(height, width, 4).transpose(0, 2, 1)
            flat = planes.reshape(height, 4 * width)
            data = np.diff(flat, axis=1, prepend=np.uint8(0))
        total += len(zlib.compress(data.tobytes(), 6))
    return total


def duration_in_words(seconds: float) -> str:
    """Return seconds as "40 seconds", "14 minutes" or "2 hours 10 minutes"."""
    if seconds < 90:
        whole = max(1, round(seconds))
        return f"{whole} second{'' if whole == 1 else 's'}"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} minutes"
    hours, rest = divmod(10 * round(minutes / 10), 60)
    return f"{hours} hour{'' if hours == 1 else 's'}" + (f" {rest} minutes" if rest else "")


def size_in_words(size: float) -> str:
    """Return bytes as "180 MB" or "12 GB", in decimal units as file managers show them."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" or size >= 10 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB" if size < 10 else f"{size:.0f} TB"
