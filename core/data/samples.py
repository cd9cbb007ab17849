"""Reads samples: a vector layer or a label raster on a grid becomes pixel positions with classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from ..errors import SamplesError
from ..job import SamplesInput
from ..progress import Progress, silent
from .classes import LandClass
from .grid import Grid
from .label_raster import raster_classes, raster_samples
from .sample_set import SampleSet, require_trainable
from .vector_io import VectorLayer, polygon_widths
from .vector_samples import field_lookup, vector_samples
from .windows import Window

if TYPE_CHECKING:
    from .sample_set import Integers, Mask

__all__ = [
    "SampleSet",
    "class_values",
    "drop_invalid",
    "median_sample_width",
    "read_samples",
    "require_trainable",
]
LIMIT_PER_CLASS = 500_000  # pixels; an epoch uses about 2,000
_TILE = 256  # pixels


class HasValidity(Protocol):
    """Anything that knows which pixels are valid, such as `modalities.Stack`."""

    def valid(self, window: Window) -> Mask:
        """Return where the pixels of a window are valid, (height, width)."""
        ...


def read_samples(
    spec: SamplesInput,
    grid: Grid,
    classes: tuple[LandClass, ...] = (),
    progress: Progress = silent,
    limit_per_class: int = LIMIT_PER_CLASS,
) -> SampleSet:
    """Return the samples of a vector layer or label raster on `grid`.

    Polygons give the pixels whose centre is inside (the one under their inner point where there is none),
    lines all touched ones, points the containing one and those within `spec.radius` metres. Pixels claimed
    by two classes are dropped. Each part of a multipart geometry is a place of its own. `classes`, if
    given, decides: values (of text fields: names) that are not listed are ignored. Of a class with more than
    `limit_per_class` pixels an even selection is kept, so that memory does not grow with a label raster. What
    was left out stands in the notes.
    Raises `SamplesError`, `ClassesError`, `VectorReadError`, `RasterReadError` or `AlignmentError`.
    """
    if spec.type == "raster":
        return raster_samples(spec, grid, classes, progress, limit_per_class)
    return vector_samples(spec, grid, classes, progress, limit_per_class)


def class_values(spec: SamplesInput) -> tuple[LandClass, ...]:
    """Return the classes that a layer's class field or a label raster holds, with palette colours."""
    if spec.type == "raster":
        return raster_classes(spec)
    with VectorLayer(spec.path, spec.layer, spec.class_field) as layer:
        return field_lookup(layer, spec).classes


def median_sample_width(spec: SamplesInput, crs: str = "") -> float | None:
    """Return the median width of the polygons in metres (map units without a CRS), None without polygons.

    `crs` stands in for a layer without one.
    """
    if spec.type == "raster":
        return None
    widths = polygon_widths(spec.path, spec.layer, spec.class_field, crs)
    return float(np.median(widths)) if len(widths) else None


def drop_invalid(samples: SampleSet, stack: HasValidity, progress: Progress = silent) -> SampleSet:
    """Return the samples on valid pixels; the notes count what was dropped per class.

    Raises `SamplesError` where none is left.
    """
    valid = np.zeros(len(samples), dtype=bool)
    tiles = occupied_tiles(samples)
    for number, members in enumerate(tiles):
        progress(number / len(tiles), "Checking where the sources are valid")
        rows, cols = samples.rows[members], samples.cols[members]
        top, left = int(rows.min()), int(cols.min())
        window = Window(top, left, int(rows.max()) - top + 1, int(cols.max()) - left + 1)
        valid[members] = stack.valid(window)[rows - top, cols - left]
    if valid.all():
        return samples
    dropped, left_over = samples.subset(~valid), samples.subset(valid)
    counts = [f"{c.name} {n}" for c, n in zip(samples.classes, dropped.counts().tolist()) if n]
    note = f"{len(dropped)} samples on pixels without data dropped ({', '.join(counts)})."
    if not len(left_over):
        raise SamplesError(
            "No sample lies where all sources have data.",
            remedy="Digitise training areas inside the common area of the sources, outside nodata and mask.",
        )
    return left_over.with_notes(note)


def occupied_tiles(samples: SampleSet) -> list[Integers]:
    """Return the indexes of the samples of each occupied tile."""
    across = int(samples.cols.max()) // _TILE + 1
    numbers = (samples.rows // _TILE) * across + samples.cols // _TILE
    order = np.argsort(numbers, kind="stable")
    starts = np.unique(numbers[order], return_index=True)[1]
    return np.split(order, starts[1:])
