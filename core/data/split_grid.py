"""The pixels and the gap with which samples are divided: those a training on the same sources would use."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..errors import JobError, SamplesError
from ..job import Job, RasterInput, SamplesInput
from .coordinates import make_grid, transform_bounds, utm_crs_at
from .grid import Bounds, Grid
from .grid_choice import choose_grid
from .modalities import Modality, describe_inputs
from .raster_io import is_geographic
from .samples import median_sample_width
from .vector_io import VectorLayer

# The widest patch side that a method takes by itself where all pixels are about as large: the forest's
# largest window. (A test compares it with training/recipe.py, which data must not import.)
WIDEST_PATCH = 15
_ANCHOR = 100_000.0  # metres: corners lie on multiples of at least this, so that one more area moves nothing
_PER_GAP = 8  # pixels in a gap that is all that is known of the pixel size
_PER_WIDTH = 20  # pixels across the median sample, at most


@dataclass(frozen=True)
class SplitGrid:
    """A grid with the gap in its pixels. `modalities`: the sources; empty where none are given."""

    grid: Grid
    gap: int
    modalities: dict[str, Modality]
    notes: tuple[str, ...]


def split_grid(job: Job, samples: SamplesInput) -> SplitGrid:
    """Return the grid that `train` would use of the same sources, or one of the samples, and the gap on it.

    Raises `RasterReadError`, `VectorReadError`, `AlignmentError` and, where nothing tells how large a pixel
    is, `SamplesError`.
    """
    _check_patch(job)
    labels = samples.path if samples.type == "raster" else ""
    lonely = labels or job.grid.reference
    sources = describe_inputs(job.inputs)
    if sources or lonely:
        placed = sources or describe_inputs({"other": (RasterInput(lonely, bands="1"),)})
        width = median_sample_width(samples)
        grid, notes = choose_grid(placed, job.grid, labels_path=labels, samples_pixel=width)
        # The parts may be used on another grid where it is not known: one pixel more.
        return SplitGrid(grid, _gap(job, grid, sources) + (not sources and not labels), sources, notes)
    grid = _grid_of_samples(job, samples)
    note = f"Grid: pixels of {grid.pixel_metres:.4g} m, without sources."
    return SplitGrid(grid, _gap(job, grid, {}) + 1, {}, (note,))


def _check_patch(job: Job) -> None:
    side = int(job.parameters["patch_size"])
    if side and side % 2 == 0:
        raise JobError(
            f"The patch side {side} is not odd: a patch has a centre pixel.",
            where="patch_size",
            remedy=f"Use {side - 1} or {side + 1}.",
        )


def _gap(job: Job, grid: Grid, sources: dict[str, Modality]) -> int:
    """Return the gap in pixels: as given, else a patch side and two pixels of the coarsest source."""
    asked = float(job.parameters["gap"])
    if asked < 0:
        coarsest = max((m.pixel_metres for m in sources.values()), default=grid.pixel_metres)
        spanning = math.ceil(round(grid.pixels_of(coarsest), 6))
        side = int(job.parameters["patch_size"]) or max(WIDEST_PATCH, spanning + 1 - spanning % 2)
        asked = grid.metres_of(side) + 2 * coarsest
    return math.ceil(round(grid.pixels_of(asked), 6))


def _grid_of_samples(job: Job, samples: SamplesInput) -> Grid:
    """Return a grid around a vector layer; UTM where its coordinates are degrees."""
    gap, size = float(job.parameters["gap"]), job.grid.pixel_size
    if size is None and gap <= 0:
        raise SamplesError(
            "Without sources nothing tells how far apart the parts must be.",
            where=samples.path,
            remedy="Give the sources, a pixel size, a reference grid, or the gap in metres.",
        )
    with VectorLayer(samples.path, samples.layer, samples.class_field) as layer:
        box, crs = layer.bounds(), layer.info.crs
    if box is None:
        raise SamplesError("The layer has no geometry.", where=samples.path, remedy="Choose another layer.")
    if is_geographic(crs):
        middle = (box.x_min + box.x_max) / 2, (box.y_min + box.y_max) / 2
        box, crs = _moved(box, crs, utm_crs_at(*middle, crs))
    if size is None:
        width = median_sample_width(samples) or 0.0
        size = max(gap / _PER_GAP, width / _PER_WIDTH) * _units_per_metre(box, crs)
    return _anchored(box, crs, size)


def _moved(box: Bounds, crs: str, target: str) -> tuple[Bounds, str]:
    return transform_bounds(box, crs, target), target


def _units_per_metre(box: Bounds, crs: str) -> float:
    side = max(box.x_max - box.x_min, box.y_max - box.y_min, 1.0)
    return side / make_grid(crs, (box.x_min, side, 0.0, box.y_max, 0.0, -side), 1, 1).pixel_metres


def _anchored(box: Bounds, crs: str, size: float) -> Grid:
    """Return a grid whose corner hardly depends on the extent: groups are keyed by their row and column."""
    step = size * 2 ** max(0, math.ceil(math.log2(_ANCHOR * _units_per_metre(box, crs) / size)))
    x, y = math.floor(box.x_min / step) * step, math.ceil(box.y_max / step) * step
    cols, rows = math.floor((box.x_max - x) / size) + 1, math.floor((y - box.y_min) / size) + 1
    metres = make_grid(crs, (box.x_min, size, 0.0, box.y_max, 0.0, -size), 1, 1).metres
    return Grid(
        make_grid(crs, (box.x_min, size, 0.0, box.y_max, 0.0, -size), 1, 1).crs,
        (x, size, 0.0, y, 0.0, -size),
        rows,
        cols,
        metres,
    )
