"""A copy of the training samples as they were when a model was trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ..job import SamplesInput
from ..progress import Progress, silent
from .class_field import ClassLookup
from .classes import LandClass
from .vector_io import SAMPLE_FIELDS, VectorLayer, write_layer
from .vector_samples import field_lookup

_RADIUS = "radius"


def keep_samples(
    spec: SamplesInput, classes: Sequence[LandClass], path: str, progress: Progress = silent
) -> SamplesInput:
    """Write the labelled features of a vector layer to a GeoPackage and return how to read them again.

    The copy has the fields `class`, `name` and `group` (and `radius`, where there is such a field) and the
    order of the features, so that it gives the same samples, places and groups. Its classes have their final
    values. Raises `OutputError`, `VectorReadError`, `SamplesError`.
    """
    fields = {**SAMPLE_FIELDS, _RADIUS: "real"} if spec.radius_field else SAMPLE_FIELDS
    with VectorLayer(spec.path, spec.layer, spec.class_field) as layer:
        lookup = field_lookup(layer, spec, tuple(classes))
        records = _records(layer, lookup, spec, classes, progress)
        write_layer(path, records, fields, layer.info.crs)
    return replace(
        spec,
        path=path,
        layer="",
        class_field="class",
        group_field="group" if spec.group_field else "",
        radius_field=_RADIUS if spec.radius_field else "",
        zero="unlabelled",  # 0 has another value by now, and all values are those of the map
        renumber=False,
    )


def _records(
    layer: VectorLayer,
    lookup: ClassLookup,
    spec: SamplesInput,
    classes: Sequence[LandClass],
    progress: Progress,
) -> Iterator[tuple[Any, ...]]:
    """Yield geometry, class value, name, group and, where there is a field for it, radius."""
    names = [spec.class_field, *filter(None, (spec.group_field, spec.radius_field))]
    for number, (wkb, values) in enumerate(layer.records(names)):
        if number % 500 == 0:
            progress.check()
        label = lookup.find(values[0])
        if label >= 0:
            group = str(values[1]).strip() if spec.group_field and values[1] is not None else ""
            radius = values[-1:] if spec.radius_field else ()
            yield (wkb, classes[label].value, classes[label].name, group, *radius)
