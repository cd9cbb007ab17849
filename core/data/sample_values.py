"""What the sources measure at the samples, read tile by tile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import SamplesError
from ..progress import Progress, silent
from .hashing import uniform
from .sample_set import SampleSet, pixel_keys
from .samples import occupied_tiles
from .stack import Stack
from .windows import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .sample_set import Mask


@dataclass(frozen=True, eq=False)
class SampleValues:
    """Measured samples: `values` per modality (n, C) float32, NaN where a band is missing; `samples` (n,)."""

    samples: SampleSet
    values: dict[str, NDArray[np.float32]]


def read_sample_values(
    samples: SampleSet, stack: Stack, limit_per_class: int, progress: Progress = silent
) -> tuple[SampleSet, SampleValues]:
    """Return the samples on valid pixels, and the values of at most `limit_per_class` of each class.

    Those are spread evenly over the places of the class: memory is bounded, and no place is missed. Raises
    `SamplesError` where no sample is valid.
    """
    valid = np.zeros(len(samples), dtype=bool)
    chosen = spread_over_places(samples, limit_per_class)
    values = {key: np.full((int(chosen.sum()), n), np.nan, np.float32) for key, n in stack.bands.items()}
    position = np.cumsum(chosen) - 1
    tiles = occupied_tiles(samples)
    for number, members in enumerate(tiles):
        progress(number / len(tiles), "Reading the sources at the samples")
        rows, cols = samples.rows[members], samples.cols[members]
        top, left = int(rows.min()), int(cols.min())
        part = stack.read(Window(top, left, int(rows.max()) - top + 1, int(cols.max()) - left + 1))
        valid[members] = part.valid[rows - top, cols - left]
        wanted = members[chosen[members]]
        for key, bands in part.data.items():
            at = samples.rows[wanted] - top, samples.cols[wanted] - left
            values[key][position[wanted]] = bands[:, at[0], at[1]].T
    if not valid.any():
        raise SamplesError(
            "No sample lies where all sources have data.",
            where=", ".join(stack.keys),
            remedy="Digitise training areas inside the common area of the sources, outside nodata and mask.",
        )
    measured = {key: found[valid[chosen]] for key, found in values.items()}
    return samples.subset(valid), SampleValues(samples.subset(chosen & valid), measured)


def spread_over_places(samples: SampleSet, limit_per_class: int) -> Mask:
    """Return which samples to take, (n,): at most `limit_per_class` of each class, of every place alike.

    Taken are first one pixel of each place, then a second of each, and so on, chosen by the hash of their
    position.
    """
    draws = uniform(pixel_keys(samples.rows, samples.cols), 0)
    order = np.lexsort((draws, samples.places))
    places = samples.places[order]
    starts = np.flatnonzero(np.r_[True, places[1:] != places[:-1]]) if len(order) else np.zeros(0, np.int64)
    rank = np.zeros(len(samples), dtype=np.int64)
    lengths = np.diff(np.r_[starts, len(order)])
    rank[order] = np.arange(len(order)) - np.repeat(starts, lengths)
    taken = np.zeros(len(samples), dtype=bool)
    for label in range(len(samples.classes)):
        own = np.flatnonzero(samples.labels == label)
        taken[own[np.lexsort((draws[own], rank[own]))[:limit_per_class]]] = True
    return taken
