"""Which part each sample and each feature belongs to, once groups have been divided."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..job import Job, SamplesInput
from ..progress import Progress
from .gap import within_gap
from .geometry_pixels import ShapeBatch
from .grid import Grid
from .sample_set import SampleSet
from .spans import Spans
from .splits import hold_back, k_folds
from .vector_io import VectorLayer, inner_point
from .vector_samples import field_lookup, labelled_features

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .sample_set import Integers

TRAINING, TEST, NEITHER = 1, 2, 0
DISPUTED, NO_DATA = -1, -2  # parts of pixels that are no samples
REASONS = {
    NEITHER: "in the gap between the parts",
    DISPUTED: "claimed by two classes",
    NO_DATA: "no data in the sources",
}
_SERIOUS = ("Not assessed", "No training samples", "Assessed with fewer")
_ID_FIELD = "feature"
DIVIDED, OUTSIDE = "reaches into both parts", "outside the grid"


def training_and_test(job: Job, samples: SampleSet, gap: int, progress: Progress) -> Integers:
    """Return `TRAINING`, `TEST` or `NEITHER` for each of grouped samples, (n,), and log the split."""
    split = hold_back(samples, job.parameters["test_fraction"], job.parameters["seed"], gap)
    for note in (*samples.notes, *split.notes):
        progress.warn(note) if note.startswith(_SERIOUS) else progress.log(note)
    if not split.test.any():
        progress.warn("No class has two separate places: the test part is empty.")
    numbers = np.where(split.test, TEST, np.where(split.train, TRAINING, NEITHER)).astype(np.int64)
    for label, item in enumerate(samples.classes):
        own = numbers[samples.labels == label]
        counts = [int((own == part).sum()) for part in (TRAINING, TEST, NEITHER)]
        progress.log(f"{item.name}: {counts[0]} training, {counts[1]} test, {counts[2]} left out (pixels).")
    return numbers


def fold_numbers(job: Job, samples: SampleSet, gap: int) -> Integers:
    """Return the fold of each of grouped samples, (n,): 1 to k; k + 1 for those that are always trained."""
    count = int(job.parameters["folds"])
    numbers = np.full(len(samples), count + 1, dtype=np.int64)
    for number, split in enumerate(k_folds(samples, count, job.parameters["seed"], gap), 1):
        numbers[split.test] = number
    return numbers


def near_others(samples: SampleSet, numbers: Integers, gap: int) -> NDArray[np.bool_]:
    """Return which samples are closer than the gap to one of another number, (n,)."""
    near = np.zeros(len(samples), dtype=bool)
    for number in np.unique(numbers).tolist():
        own = numbers == number
        near[own] = within_gap(
            samples.rows[own], samples.cols[own], samples.rows[~own], samples.cols[~own], gap
        )
    return near


@dataclass(frozen=True, eq=False)
class Parts:
    """The part of every sample, (n,): a number, `NEITHER` or `NO_DATA`; pixels in ascending order.

    `loose`: parts that need no distance from any other, such as `NEITHER`.
    """

    samples: SampleSet
    numbers: Integers
    grid: Grid
    gap: int
    loose: tuple[int, ...] = (NEITHER, NO_DATA)

    def of(self, codes: Integers) -> Integers:
        """Return the part of pixels given as row * columns + column, (m,); `DISPUTED` for no sample."""
        at = np.minimum(np.searchsorted(self._codes, codes), len(self._codes) - 1)
        return np.where(self._codes[at] == codes, self.numbers[at], DISPUTED)

    def groups_of(self, codes: Integers) -> Integers:
        """Return the distinct groups of pixels that are samples, (m,)."""
        at = np.minimum(np.searchsorted(self._codes, codes), len(self._codes) - 1)
        return np.unique(self.samples.groups[at[self._codes[at] == codes]])

    @cached_property
    def _codes(self) -> Integers:
        return self.samples.rows * np.int64(self.grid.cols) + self.samples.cols


@dataclass(frozen=True, eq=False)
class LabelledFeature:
    """A feature with a class: its id in the file, class index, group name, and its pixels (m,) as codes.

    `told`: the id by which the user knows it, in the layer that QGIS made the file from.
    """

    number: int
    label: int
    group: str
    codes: Integers
    told: int = -1


def _is_of_qgis(layer: VectorLayer) -> bool:
    """Say whether a layer is a snapshot made by QGIS, which holds the ids that the features have there."""
    fields = {field.name: field.type for field in layer.info.fields}
    return {"class", "name", "group"} <= fields.keys() and fields.get(_ID_FIELD) == "integer"


def read_features(
    spec: SamplesInput, samples: SampleSet, grid: Grid, progress: Progress
) -> list[LabelledFeature]:
    """Return the features of a layer that have a class, with their pixels."""
    with VectorLayer(spec.path, spec.layer, spec.class_field) as layer:
        lookup = field_lookup(layer, spec, samples.classes)
        ids = [_ID_FIELD] if _is_of_qgis(layer) else []
        items: list[tuple[int, int, str]] = []
        told: list[int] = []
        batch, spans = ShapeBatch(), []
        for item in labelled_features(layer, lookup, spec, grid, progress, ids):
            if item.feature.problem != "empty":
                for shape in item.feature.shapes:
                    batch.add(shape, len(items), item.radius)
                items.append((item.feature.number, item.label, item.group))
                told.append(int(item.feature.values[-1]) if ids else item.feature.number)
            if batch.is_full:
                spans.append(batch.spans(grid, inner_point))
                batch = ShapeBatch()
        spans.append(batch.spans(grid, inner_point))
    pixels = _codes_of_each(Spans.joined(spans), len(items), grid)
    return [LabelledFeature(*item, codes, id_) for item, codes, id_ in zip(items, pixels, told)]


def _codes_of_each(spans: Spans, count: int, grid: Grid) -> list[Integers]:
    """Return the distinct pixels of owners 0 to `count` - 1, ascending, as row * columns + column."""
    rows, cols, owners = spans.pixels()
    codes = rows * np.int64(grid.cols) + cols
    order = np.lexsort((codes, owners))
    codes, owners = codes[order], owners[order]
    once = np.r_[True, (np.diff(codes) != 0) | (np.diff(owners) != 0)][: len(codes)]
    codes, owners = codes[once], owners[once]
    return np.split(codes, np.searchsorted(owners, np.arange(1, count)))


@dataclass(frozen=True, eq=False)
class Placed:
    """A feature, or a piece of it, in one part. `codes` is None for the whole; `why` it is in no part."""

    feature: LabelledFeature
    part: int
    codes: Integers | None = None
    why: str = ""


def place_features(
    features: Sequence[LabelledFeature], parts: Parts, polygons: Container[int]
) -> Iterator[Placed]:
    """Yield where each feature goes: whole where all of it may go to one part, else piece by piece.

    A feature whose samples are all in one part goes there as it is, unless pixels of it that are no samples
    (claimed by two classes, without data) are closer than the gap to another part. Polygons (their ids) are
    cut; points and lines that reach into several parts go to none.
    """
    numbers = [parts.of(feature.codes) for feature in features]
    to_cut = _reaching_over(features, numbers, parts)
    for feature, found, cut in zip(features, numbers, to_cut):
        present = np.unique(found[found > NEITHER]).tolist()
        if not len(found):
            yield Placed(feature, NEITHER, why=OUTSIDE)
        elif not present:
            yield Placed(feature, NEITHER, why=REASONS[int(found.max())])
        elif not cut and len(present) == 1 and not (found == NEITHER).any():
            yield Placed(feature, present[0])
        elif feature.number not in polygons:
            yield Placed(feature, NEITHER, why=DIVIDED)
        else:
            for part in np.unique(found).tolist():
                codes = feature.codes[found == part]
                yield Placed(feature, max(part, NEITHER), codes, REASONS.get(part, ""))


def _reaching_over(
    features: Sequence[LabelledFeature], numbers: Sequence[Integers], parts: Parts
) -> NDArray[np.bool_]:
    """Return which features have pixels that are no samples closer than the gap to another part, (m,)."""
    strict = [int(found.max()) if len(found) else NEITHER for found in numbers]
    owners = np.repeat(np.arange(len(features)), [int((found < 0).sum()) for found in numbers])
    unsettled = np.concatenate([np.zeros(0, np.int64), *(f.codes[n < 0] for f, n in zip(features, numbers))])
    result = np.zeros(len(features), dtype=bool)
    if not len(unsettled):
        return result
    own_part = np.array(strict, dtype=np.int64)[owners]
    rows, cols = np.divmod(unsettled, parts.grid.cols)
    samples = parts.samples
    for part in np.unique(own_part[own_part > NEITHER]).tolist():
        mine, theirs = own_part == part, (own_part > NEITHER) & (own_part != part)
        others = (parts.numbers != part) & ~np.isin(parts.numbers, parts.loose)
        near = within_gap(
            rows[mine],
            cols[mine],
            np.concatenate([samples.rows[others], rows[theirs]]),
            np.concatenate([samples.cols[others], cols[theirs]]),
            parts.gap,
        )
        result[owners[mine][near]] = True
    return result
