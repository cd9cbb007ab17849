"""Samples of a vector layer: features with a class become claimed pixels, claims become samples."""

from __future__ import annotations

import hashlib
import math
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import SamplesError
from ..job import SamplesInput
from ..progress import Progress
from .claims import Settled, settle
from .class_field import ClassLookup, FieldRules, class_lookup
from .classes import LandClass
from .geometry_pixels import ShapeBatch
from .grid import Grid
from .sample_set import SampleSet, thinning_note
from .spans import Spans
from .vector_io import Feature, LayerInfo, VectorLayer, inner_point

if TYPE_CHECKING:
    pass

_PROBLEMS = {
    "empty": "without a geometry",
    "invalid": "with an unusable geometry",
    "outside": "outside the grid",
}
_EVERY = 500  # features between two reports


def vector_samples(
    spec: SamplesInput,
    grid: Grid,
    classes: tuple[LandClass, ...],
    progress: Progress,
    limit_per_class: int,
) -> SampleSet:
    """Read the samples of a vector layer, see `samples.read_samples`."""
    with VectorLayer(spec.path, spec.layer, spec.class_field) as layer:
        lookup = field_lookup(layer, spec, classes, progress.part(0.0, 0.2))
        _check_fields(layer.info, spec)
        _require_geometries(layer.info)
        collected = _collect(layer, lookup, spec, grid, progress.part(0.2, 0.8))
        notes = (*_layer_notes(layer.info, spec), *lookup.notes, *collected.notes())
        where = layer.info.where
    labels = np.array(collected.labels, dtype=np.int64)
    settling, n_classes = progress.part(0.8, 1.0), len(lookup.classes)
    found = settle(collected.all_spans(), labels, n_classes, grid, limit_per_class, settling)
    if not len(found.rows):
        raise _nothing_left(where, found.disputed, collected.notes())
    notes = (*notes, *_settled_notes(found, lookup.classes, limit_per_class))
    groups = found.first_keys
    if spec.group_field:
        names = np.array(collected.groups, dtype=np.int64)
        groups = np.where(names < 0, groups, names)
    unit = "field" if spec.group_field else "polygon"
    places = found.places
    return SampleSet(
        found.rows,
        found.cols,
        labels[places],
        groups[places],
        places,
        lookup.classes,
        notes,
        unit,
        found.totals,
    )


def field_lookup(
    layer: VectorLayer,
    spec: SamplesInput,
    classes: tuple[LandClass, ...] = (),
    progress: Progress | None = None,
) -> ClassLookup:
    """Decide what the values of a class field mean; names come from the field `name` of a snapshot.

    Raises `SamplesError` for a field that is missing, empty, mixed or of an unusable type.
    """
    name = spec.class_field
    info = layer.info.field(name)
    if info.type == "other":
        raise SamplesError(
            f"Field '{name}' holds neither numbers nor text.",
            where=layer.info.where,
            remedy="Choose a field with whole numbers or names.",
        )
    rules = FieldRules(info.type, spec.zero, spec.renumber)
    where = f"{layer.info.where}, field '{name}'"
    snapshot = _is_snapshot(layer, name)
    counted = _counted_values(layer, [name, "name"] if snapshot else [name], progress)
    values: Counter[Any] = Counter()
    for item, count in counted.items():
        values[item[0]] += count
    names = {item[0]: item[1] for item in counted if item[0] is not None and item[1]} if snapshot else {}
    return class_lookup(values, rules, classes, where=where, names=names)


def _counted_values(
    layer: VectorLayer, fields: list[str], progress: Progress | None
) -> Counter[tuple[Any, ...]]:
    counted: Counter[tuple[Any, ...]] = Counter()
    total = max(layer.info.n_features, 1)
    for number, values in enumerate(layer.values(fields)):
        if progress is not None and number % _EVERY == 0:
            progress(number / total, "Reading the classes of the samples")
        counted[values] += 1
    return counted


def _check_fields(info: LayerInfo, spec: SamplesInput) -> None:
    """Raise `SamplesError` for a group or radius field that does not exist or cannot be used."""
    if spec.group_field:
        info.field(spec.group_field)
    if spec.radius_field and info.field(spec.radius_field).type not in ("integer", "real"):
        raise SamplesError(
            f"The radius field '{spec.radius_field}' does not hold numbers.",
            where=info.where,
            remedy="Choose a field with metres as numbers.",
        )


def _is_snapshot(layer: VectorLayer, name: str) -> bool:
    """Say whether a layer has the fields of a snapshot, with the names beside the numbers."""
    fields = {f.name: f.type for f in layer.info.fields}
    return name == "class" and fields.get("name") == "text" and fields["class"] == "integer"


@dataclass
class _Collected:
    """What has been read so far. A place is a single part of a feature; `labels`, `groups` hold its class
    index and the key of its group (-1 = none).
    """  # noqa: D205  one sentence

    grid: Grid
    labels: array[int] = field(default_factory=lambda: array("i"))
    groups: array[int] = field(default_factory=lambda: array("q"))
    problems: Counter[str] = field(default_factory=Counter)
    repaired: int = 0
    bad_radii: int = 0

    def __post_init__(self) -> None:
        self._batch, self._spans, self._starts = ShapeBatch(), [Spans.joined([])], array("q")
        self._keys = array("q")

    def add(self, item: Feature, label: int, group: int, radius: float) -> None:
        """Take up a feature."""
        if item.problem:
            self.problems[item.problem] += 1
            return
        self.repaired += item.repaired
        self._keys.append(hash((item.key, label)))
        self._starts.append(len(self.labels))
        for shape in item.shapes:
            self._batch.add(shape, len(self.labels), radius)
            self.labels.append(label)
            self.groups.append(group)
        if self._batch.is_full:
            self._flush()

    def all_spans(self) -> Spans:
        """Return the pixels of all places."""
        self._flush()
        return Spans.joined(self._spans)

    def _flush(self) -> None:
        spans = self._batch.spans(self.grid, inner_point)
        there = np.zeros(len(self.labels) + 1, dtype=bool)
        there[spans.owners] = True
        starts = np.array(self._starts, dtype=np.int64)
        if len(starts):
            self.problems["outside"] += int((~np.logical_or.reduceat(there, starts)).sum())
        self._batch, self._starts = ShapeBatch(), array("q")
        self._spans.append(spans)

    def notes(self) -> list[str]:
        """Tell what was left out, mended or given twice."""
        self._flush()
        notes = [
            f"{_features(n)} {_PROBLEMS[kind]} ignored." for kind, n in sorted(self.problems.items()) if n
        ]
        if self.repaired:
            notes.append(f"Invalid geometries repaired: {self.repaired}.")
        if self.bad_radii:
            notes.append(f"{_features(self.bad_radii)} with an unusable radius (below 0) taken without one.")
        keys = np.array(self._keys, dtype=np.int64)
        copies = len(keys) - len(np.unique(keys))
        if copies:
            notes.append(f"{_features(copies)} given twice or more (same geometry, same class) counted once.")
        return notes


@dataclass
class Labelled:
    """A feature with a class: class index, name of its group ("" = none), radius in metres."""

    feature: Feature
    label: int
    group: str
    radius: float


def labelled_features(
    layer: VectorLayer,
    lookup: ClassLookup,
    spec: SamplesInput,
    grid: Grid,
    progress: Progress,
    further: Sequence[str] = (),
) -> Iterator[Labelled]:
    """Yield the features that have a class, in the CRS of the grid.

    A radius of -1 cannot be. The values of the fields `further` are the last ones of each feature.
    """
    find = lru_cache(maxsize=100_000)(lookup.find)
    total = max(layer.info.n_features, 1)
    names = [spec.class_field, *filter(None, (spec.group_field, spec.radius_field))]
    for number, item in enumerate(layer.features([*names, *further], grid)):
        if number % _EVERY == 0:
            progress(number / total, "Reading samples")
        label = find(item.values[0])
        if label >= 0:
            group = item.values[1] if spec.group_field else None
            radius = _radius(item.values[len(names) - 1]) if spec.radius_field else spec.radius
            yield Labelled(item, label, "" if group is None else str(group).strip(), radius)


def _collect(
    layer: VectorLayer, lookup: ClassLookup, spec: SamplesInput, grid: Grid, progress: Progress
) -> _Collected:
    collected = _Collected(grid)
    group_key = lru_cache(maxsize=100_000)(_group_key)
    for item in labelled_features(layer, lookup, spec, grid, progress):
        collected.bad_radii += item.radius < 0
        collected.add(item.feature, item.label, group_key(item.group), item.radius)
    return collected


def _radius(value: Any) -> float:
    """Return a radius in metres: 0 for none (NULL, 0), -1 for one that cannot be."""
    radius = 0.0 if value is None else float(value)
    return radius if radius >= 0 and math.isfinite(radius) else -1.0


def _group_key(name: str) -> int:
    """Return a number of 62 bits that follows from a name alone, the same in every process; -1 for none."""
    if not name:
        return -1
    return int.from_bytes(hashlib.sha256(name.encode("utf-8")).digest()[:8], "little") >> 2


def _require_geometries(info: LayerInfo) -> None:
    if not info.geometry:
        raise SamplesError(
            "The layer is a table without geometries, so nothing says where its classes are.",
            where=info.where,
            remedy="Choose a layer of points, lines or polygons.",
        )


def _nothing_left(where: str, disputed: int, notes: Sequence[str]) -> SamplesError:
    if disputed:
        return SamplesError(
            "Every pixel is claimed by two classes.",
            where=where,
            remedy="Correct the overlapping training areas.",
        )
    return SamplesError(
        " ".join(["No training area lies inside the common area of the sources.", *notes]),
        where=where,
        remedy="Check that samples and rasters show the same place in the right coordinate systems.",
    )


def _settled_notes(found: Settled, classes: tuple[LandClass, ...], limit: int) -> list[str]:
    notes = []
    if found.disputed:
        notes.append(f"{_pixels(found.disputed)} claimed by two classes dropped.")
    if found.shared:
        notes.append(f"{_pixels(found.shared)} covered twice by the same class counted once.")
    many = [item for item, total in zip(classes, found.totals) if total > limit]
    if many:
        notes.append(thinning_note(many, limit))
    return notes


def _layer_notes(info: LayerInfo, spec: SamplesInput) -> list[str]:
    if spec.layer or len(info.layers) == 1:
        return []
    return [f"The file has the layers {', '.join(info.layers)}; '{info.layer}' is used."]


def _features(count: int) -> str:
    return "1 feature" if count == 1 else f"{count} features"


def _pixels(count: int) -> str:
    return "1 pixel" if count == 1 else f"{count} pixels"
