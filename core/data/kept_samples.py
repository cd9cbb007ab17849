"""A copy of the training samples as they were when a model was trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..job import SamplesInput
from .classes import LandClass
from .vector_io import VectorLayer, write_samples_gpkg
from .vector_samples import field_lookup


def keep_samples(spec: SamplesInput, classes: Sequence[LandClass], path: str) -> SamplesInput:
    """Write the labelled features of a vector layer to a GeoPackage and return how to read them again.

    The copy has the fields `class`, `name` and `group` and the order of the features, so that it gives the
    same samples, places and groups. Raises `OutputError`, `VectorReadError`, `SamplesError`.
    """
    with VectorLayer(spec.path, spec.layer, spec.class_field) as layer:
        lookup = field_lookup(layer, spec, tuple(classes))
        fields = [spec.class_field, *([spec.group_field] if spec.group_field else [])]
        features = []
        for wkb, values in layer.records(fields):
            label = lookup.find(values[0])
            if label >= 0:
                found = classes[label]
                group = str(values[1]).strip() if spec.group_field and values[1] is not None else ""
                features.append((wkb, found.value, found.name, group))
        write_samples_gpkg(path, features, layer.info.crs)
    group_field = "group" if spec.group_field else ""
    return replace(
        spec,
        path=path,
        layer="",
        class_field="class",
        group_field=group_field,
        zero="unlabelled",  # the copy holds the final class values
        renumber=False,
    )
