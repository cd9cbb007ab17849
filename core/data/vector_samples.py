"""Samples of a vector layer: features with a class become claimed pixels, claims become samples."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import SamplesError
from ..job import SamplesInput
from ..progress import Progress
from .class_field import ClassLookup, FieldRules, class_lookup
from .classes import LandClass
from .grid import Grid
from .sample_set import SampleSet, first_pixel_keys, settled
from .vector_io import LayerInfo, VectorLayer

if TYPE_CHECKING:
    from .sample_set import Integers

_PROBLEMS = {
    "empty": "without a geometry",
    "invalid": "with an unusable geometry",
    "outside": "outside the grid",
}


@dataclass
class _Collected:
    """What has been read so far; one entry per place: its pixels, class index and group name."""

    codes: list[Integers] = field(default_factory=list)  # row * columns of the grid + column
    labels: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    problems: Counter[str] = field(default_factory=Counter)
    repaired: int = 0


def vector_samples(
    spec: SamplesInput, grid: Grid, classes: tuple[LandClass, ...], progress: Progress
) -> SampleSet:
    """Read the samples of a vector layer, see `samples.read_samples`."""
    with VectorLayer(spec.path, spec.layer, spec.class_field) as layer:
        lookup = field_lookup(layer, spec, classes)
        if spec.group_field:
            layer.info.field(spec.group_field)
        collected = _collect(layer, lookup, spec, grid, progress)
        notes = (*_layer_notes(layer.info, spec), *lookup.notes, *_problem_notes(collected))
        return _sample_set(collected, lookup, grid, notes, layer.info.where, bool(spec.group_field))


def field_lookup(layer: VectorLayer, spec: SamplesInput, classes: tuple[LandClass, ...] = ()) -> ClassLookup:
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
    if _is_snapshot(layer, name):
        pairs = Counter(layer.values([name, "name"]))
        values: Counter[Any] = Counter()
        for (value, _), count in pairs.items():
            values[value] += count
        names = {value: text for value, text in pairs if value is not None and text}
        return class_lookup(values, rules, classes, where=where, names=names)
    values = Counter(value for (value,) in layer.values([name]))
    return class_lookup(values, rules, classes, where=where)


def _is_snapshot(layer: VectorLayer, name: str) -> bool:
    """Say whether a layer has the fields of a snapshot, with the names beside the numbers."""
    fields = {f.name: f.type for f in layer.info.fields}
    return name == "class" and fields.get("name") == "text" and fields["class"] == "integer"


def _collect(
    layer: VectorLayer, lookup: ClassLookup, spec: SamplesInput, grid: Grid, progress: Progress
) -> _Collected:
    collected = _Collected()
    fields = [spec.class_field, *([spec.group_field] if spec.group_field else [])]
    total = max(layer.info.n_features, 1)
    for number, item in enumerate(layer.pixels(fields, grid, spec.radius)):
        if number % 200 == 0:
            progress(number / total, "Reading samples")
        label = lookup.find(item.values[0])
        if label < 0:
            continue
        if item.problem:
            collected.problems[item.problem] += 1
        collected.repaired += item.repaired
        group = item.values[1] if spec.group_field else None
        for rows, cols in item.parts:
            collected.codes.append(rows * np.int64(grid.cols) + cols)
            collected.labels.append(label)
            collected.names.append("" if group is None else str(group).strip())
    return collected


def _sample_set(
    collected: _Collected,
    lookup: ClassLookup,
    grid: Grid,
    notes: tuple[str, ...],
    where: str,
    has_groups: bool,
) -> SampleSet:
    label_of_place = np.array(collected.labels, dtype=np.int64)
    places = np.repeat(np.arange(len(label_of_place)), [len(c) for c in collected.codes])
    codes = np.concatenate([np.zeros(0, dtype=np.int64), *collected.codes])
    collected.codes.clear()
    codes, places, disputed = settled(codes, places, label_of_place)
    if disputed:
        notes = (*notes, f"{disputed} pixels claimed by two classes dropped.")
    if not len(codes):
        raise _nothing_left(where, disputed)
    rows, cols = np.divmod(codes, grid.cols)
    groups = first_pixel_keys(rows, cols, places)
    if has_groups:
        groups = _named_groups(places, collected.names, groups)
    unit = "field" if has_groups else "polygon"
    return SampleSet(rows, cols, label_of_place[places], groups, places, lookup.classes, notes, unit)


def _nothing_left(where: str, disputed: int) -> SamplesError:
    if disputed:
        return SamplesError(
            "Every pixel is claimed by two classes.",
            where=where,
            remedy="Correct the overlapping training areas.",
        )
    return SamplesError(
        "No training area lies inside the common area of the sources.",
        where=where,
        remedy="Check that samples and rasters show the same place in the right coordinate systems.",
    )


def _named_groups(places: Integers, names: list[str], unnamed: Integers) -> Integers:
    """Return a key per pixel made of its group's name; a place without a name is a group by itself."""
    keys = np.array([_name_key(name) if name else -1 for name in names], dtype=np.int64)
    return np.where(keys[places] < 0, unnamed, keys[places])


def _name_key(name: str) -> int:
    """Return a number of 62 bits that follows from a name alone, the same in every process."""
    return int.from_bytes(hashlib.sha256(name.encode("utf-8")).digest()[:8], "little") >> 2


def _layer_notes(info: LayerInfo, spec: SamplesInput) -> list[str]:
    if spec.layer or len(info.layers) == 1:
        return []
    return [f"The file has the layers {', '.join(info.layers)}; '{info.layer}' is used."]


def _problem_notes(collected: _Collected) -> list[str]:
    notes = [
        f"{n} {'feature' if n == 1 else 'features'} {_PROBLEMS[kind]} ignored."
        for kind, n in sorted(collected.problems.items())
    ]
    if collected.repaired:
        notes.append(f"Invalid geometries repaired: {collected.repaired}.")
    return notes
