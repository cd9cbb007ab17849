"""The copy of samples beside a model gives the same samples, whatever the options and geometries were."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from landfuse.core.data.classes import LandClass
from landfuse.core.data.kept_samples import keep_samples
from landfuse.core.data.samples import read_samples
from landfuse.core.errors import Cancelled, ClassesError
from landfuse.core.job import SamplesInput
from landfuse.core.progress import Progress

RING = "((400020 5799980, 400060 5799980, 400060 5799940, 400020 5799940, 400020 5799980))"
ARC = "400150 5799900, 400200 5799950, 400250 5799900, 400200 5799850, 400150 5799900"
GEOMETRIES = [
    f"POLYGON{RING}",
    f"POLYGON Z{RING.replace(',', ' 4,').replace('))', ' 4))')}",
    f"CURVEPOLYGON(CIRCULARSTRING({ARC}))",
    "TIN Z(((400100 5799980 0, 400140 5799980 0, 400140 5799940 0, 400100 5799980 0)))",
    "MULTIPOINT(400205 5799985, 400255 5799985)",
    "LINESTRING(400005 5799825, 400095 5799825)",
    "POLYGON((400000 5799900, 400060 5799840, 400060 5799900, 400000 5799840, 400000 5799900))",
    None,
    "POLYGON EMPTY",
    "POINT(400015 5799995)",
]


def features(values):
    """One feature of each geometry, with the values in turn, a group and a radius."""
    return [
        (wkt, values[i % len(values)], None if i == 3 else f"g{i % 4}", [None, 0.0, 15.0, -2.0][i % 4])
        for i, wkt in enumerate(GEOMETRIES)
    ]


@pytest.mark.parametrize("crs", ["EPSG:32633", ""])
@pytest.mark.parametrize(
    ("values", "options"),
    [
        ((1, 3, 300), {}),
        ((0, 1, 3), {"zero": "class"}),
        ((0, 1, 3), {}),
        ((-7, 0, 90000), {"renumber": True}),
        ((-7, 0, 90000), {"renumber": True, "zero": "class"}),
        (("Water", " water", "Tall  Grass", "tall grass", "", None), {}),
        ((1.0, 2.0), {}),
    ],
)
def test_the_copy_gives_the_same_samples(write_layer, coarse, tmp_path, values, options, crs):
    fields = {"k": type(values[0]), "plot": str, "reach": float}
    path = write_layer("a.gpkg", features(values), fields, crs=crs)
    grid = coarse(1, 20, 30) if crs else replace(coarse(1, 20, 30), crs="")
    spec = SamplesInput(path, class_field="k", group_field="plot", radius_field="reach", **options)
    first = read_samples(spec, grid)
    kept = keep_samples(spec, first.classes, str(tmp_path / "kept.gpkg"))
    again = read_samples(kept, grid, first.classes)
    assert again.classes == first.classes
    for name in ("rows", "cols", "labels", "places", "groups"):
        assert (getattr(again, name) == getattr(first, name)).all(), name
    assert len(np.unique(first.labels)) > 1


def test_values_that_a_map_cannot_hold_are_refused_with_the_offer(write_layer, coarse):
    path = write_layer("a.gpkg", features((-7, 1)), {"k": int, "plot": str, "reach": float})
    with pytest.raises(ClassesError, match="--renumber"):
        read_samples(SamplesInput(path, class_field="k"), coarse(1, 20, 30))


def test_copying_can_be_cancelled_and_leaves_nothing(write_layer, tmp_path):
    path = write_layer("a.gpkg", features((1, 2)), {"k": int, "plot": str, "reach": float})
    spec = SamplesInput(path, class_field="k")
    classes = (LandClass(1, "a", "#000000"), LandClass(2, "b", "#ffffff"))
    with pytest.raises(Cancelled):
        keep_samples(spec, classes, str(tmp_path / "kept.gpkg"), Progress(is_cancelled=lambda: True))
    assert [p.name for p in tmp_path.iterdir()] == ["a.gpkg"]
