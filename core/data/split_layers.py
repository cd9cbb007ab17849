"""A vector layer of samples divided into layers: GeoPackages with the style of the classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ..errors import OutputError
from ..job import Job, SamplesInput
from ..progress import Progress
from .classes import classes_from_json
from .groups import assign_groups, group_place
from .map_style import samples_qml
from .sample_set import SampleSet
from .samples import drop_invalid, read_samples
from .split_grid import SplitGrid
from .split_parts import (
    NEITHER,
    NO_DATA,
    TEST,
    TRAINING,
    LabelledFeature,
    Parts,
    Placed,
    fold_numbers,
    near_others,
    place_features,
    read_features,
    training_and_test,
)
from .stack import Stack
from .staged_output import StagedOutput
from .vector_io import SAMPLE_FIELDS, VectorLayer, geometry_kind, pieces_within, write_layer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .sample_set import Integers

_SYMBOLS = {"polygon": "fill", "line": "line", "point": "marker"}
_UNLIMITED = 2**31 - 1  # samples per class: a thinned selection would leave holes in the gap
_LAYERS: tuple[tuple[str, int, Mapping[str, str]], ...] = (
    ("training", TRAINING, {}),
    ("test", TEST, {}),
    ("left_out", NEITHER, {"why": "text"}),
)


def split_layer(job: Job, chosen: SplitGrid, stack: Stack, progress: Progress) -> Counter[int]:
    """Divide a vector layer and write the outputs of the job; return the pixels of each part."""
    spec = job.samples
    if spec is None:
        raise ValueError("a job that splits samples has samples")
    every = read_samples(
        spec, chosen.grid, classes_from_json(job.classes), progress.part(0.0, 0.3), _UNLIMITED
    )
    usable = _usable_places(every, stack, progress.part(0.3, 0.5))
    samples = assign_groups(every.subset(usable), chosen.gap, *chosen.grid.shape)
    numbers = training_and_test(job, samples, chosen.gap, progress)
    if job.outputs:
        known = _with_groups(every, usable, samples)
        features = read_features(spec, known, chosen.grid, progress.part(0.5, 0.8))
        parts = Parts(known, _spread(usable, numbers), chosen.grid, chosen.gap)
        _write(spec, features, parts, _part_tasks(job), progress)
    if "fold_samples" in job.outputs:
        folds = fold_numbers(job, samples, chosen.gap)
        coded = 2 * folds + near_others(samples, folds, chosen.gap)
        parts = Parts(known, _spread(usable, coded), chosen.grid, chosen.gap)
        _write(spec, features, parts, [_fold_task(job)], progress)
    return Counter(numbers.tolist())


def _usable_places(samples: SampleSet, stack: Stack, progress: Progress) -> NDArray[np.bool_]:
    """Return which samples belong to a place with at least one pixel where the sources have data, (n,).

    The other pixels of such a place stay: in other sources they may be valid, and the gap must hold there.
    """
    valid = drop_invalid(samples, stack, progress)
    usable = np.isin(samples.places, np.unique(valid.places))
    if not usable.all():
        lost = len(np.unique(samples.places)) - len(np.unique(valid.places))
        progress.log(f"{lost} areas without data in the sources are left out.")
    return usable


def _spread(usable: NDArray[np.bool_], numbers: Integers) -> Integers:
    spread = np.full(len(usable), NO_DATA, dtype=np.int64)
    spread[usable] = numbers
    return spread


def _with_groups(every: SampleSet, usable: NDArray[np.bool_], samples: SampleSet) -> SampleSet:
    groups = every.groups.copy()
    groups[usable] = samples.groups
    return replace(every, groups=groups)


def _part_tasks(job: Job) -> list[LayerTask]:
    return [
        LayerTask(job.outputs[name], (part,), fields) for name, part, fields in _LAYERS if name in job.outputs
    ]


def _fold_task(job: Job) -> LayerTask:
    """Return the layer of folds: `fold` 1 to k (0: always training), `near` 1 within the gap of another."""
    count = int(job.parameters["folds"])
    values = {code: (code // 2 if code // 2 <= count else 0, code % 2) for code in range(2, 2 * count + 4)}
    fields = {"fold": "integer", "near": "integer"}
    return LayerTask(job.outputs["fold_samples"], tuple(values), fields, values)


def _write(
    spec: SamplesInput,
    features: Sequence[LabelledFeature],
    parts: Parts,
    tasks: Sequence[LayerTask],
    progress: Progress,
) -> None:
    if not tasks:
        return
    with VectorLayer(spec.path, spec.layer, spec.class_field) as layer:
        shapes, crs = dict(layer.geometries()), layer.info.crs
    kinds = {feature.number: geometry_kind(shapes[feature.number]) for feature in features}
    polygons = {number for number, kind in kinds.items() if kind == "polygon"}
    placed = list(place_features(features, parts, polygons))
    cut = len({id(item.feature) for item in placed if item.codes is not None})
    if cut:
        progress.log(f"{cut} of {len(features)} areas are cut along pixels: not all of them is in one part.")
    found = set(kinds.values())
    kind = found.pop() if len(found) == 1 else "mixed"
    write_parts(_Geometries(shapes, crs, "" if kind == "mixed" else kind), placed, parts, tasks)


@dataclass(frozen=True, eq=False)
class _Geometries:
    """The geometries of a layer by feature id (WKB in `crs`); `kind` as in `vector_io.write_layer`."""

    shapes: Mapping[int, bytes]
    crs: str
    kind: str


@dataclass(frozen=True)
class LayerTask:
    """One layer to write: the features of `parts` (numbers), with further `fields` per part.

    `fields`: name -> type; `values`: part -> the values of these fields. Without `fields` nothing is added.
    """

    path: str
    parts: tuple[int, ...]
    fields: Mapping[str, str]
    values: Mapping[int, tuple[object, ...]] = field(default_factory=dict)


def write_parts(
    source: _Geometries, placed: Sequence[Placed], parts: Parts, tasks: Sequence[LayerTask]
) -> None:
    """Write each task's features with `class`, `name`, `group` and their geometry; all layers or none.

    Raises `OutputError`.
    """
    with ExitStack() as drafts:
        staged = []
        for task in tasks:
            output = StagedOutput(_checked(task.path))
            drafts.callback(output.discard)
            rows = [_row(item, source, parts, task) for item in placed if item.part in task.parts]
            fields = {**SAMPLE_FIELDS, **task.fields}
            write_layer(str(output.draft), rows, fields, source.crs, output.target.stem, source.kind)
            if source.kind:
                style = samples_qml(parts.samples.classes, "class", _SYMBOLS[source.kind])
                output.write_text(output.draft.with_suffix(".qml").name, style)
            staged.append(output)
        for output in staged:
            output.commit()


def _checked(path: str) -> str:
    if not path.lower().endswith(".gpkg"):
        raise OutputError(
            "Layers are written as GeoPackage.", where=path, remedy="Choose a name that ends in .gpkg."
        )
    return path


def _row(item: Placed, source: _Geometries, parts: Parts, task: LayerTask) -> tuple[object, ...]:
    feature = item.feature
    land_class = parts.samples.classes[feature.label]
    geometry = source.shapes[feature.number]
    if item.codes is not None:
        rows, cols = item.codes // parts.grid.cols, item.codes % parts.grid.cols
        geometry = pieces_within(geometry, source.crs, rows, cols, parts.grid)
    group = feature.group or _group_name(item, parts)
    extra = task.values.get(item.part, (item.why,) if task.fields else ())
    return (geometry, land_class.value, land_class.name, group, *extra)


def _group_name(item: Placed, parts: Parts) -> str:
    """Name the group that a feature was kept together with, "" where there are several or none."""
    codes = item.feature.codes if item.codes is None else item.codes
    groups = parts.groups_of(codes)
    return group_place(int(groups[0])) if len(groups) == 1 else ""
