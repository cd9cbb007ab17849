"""Samples divided into layers and label rasters: read again, the parts are apart."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import numpy as np
import pytest
from landfuse.core.data.band_reader import read_band_window
from landfuse.core.data.gap import within_gap
from landfuse.core.data.raster_description import inspect
from landfuse.core.data.samples import read_samples
from landfuse.core.data.split_grid import WIDEST_PATCH, split_grid
from landfuse.core.data.split_samples_job import run
from landfuse.core.data.vector_io import VectorLayer
from landfuse.core.data.windows import Window
from landfuse.core.errors import JobError, OutputError, SamplesError
from landfuse.core.job import SamplesInput
from landfuse.core.job_file import parse_job
from landfuse.core.progress import Progress

VECTOR = {"training": "training.gpkg", "test": "test.gpkg", "left_out": "out.gpkg"}
FIELDS = {"cover": str, "parcel": str}


def job(folder, samples, outputs=VECTOR, inputs=None, grid=None, **parameters):
    values = {"kind": "splitsamples", "samples": samples, "outputs": outputs, "parameters": parameters}
    if inputs:
        values["inputs"] = inputs
    if grid:
        values["grid"] = grid
    return parse_job(values, Path(folder))


def read_part(path, grid):
    return read_samples(SamplesInput(str(path), class_field="class"), grid)


def features(path, *fields):
    with VectorLayer(str(path)) as layer:
        return list(layer.records(fields))


def outlines(path):
    return {wkb for wkb, _ in features(path)}


@pytest.fixture
def scattered(write_raster, write_layer, box):
    """A source of 400 x 400 pixels of 10 m and 80 areas of 6 x 6 pixels, 40 pixels apart, in two classes."""
    image = write_raster("image.tif", np.random.default_rng(0).random((2, 400, 400)).astype(np.float32))
    places = list(itertools.product(range(5, 400, 40), range(5, 400, 50)))
    shapes = [(box(r, c, r + 6, c + 6), ("grass", "water")[i % 2], None) for i, (r, c) in enumerate(places)]
    return {"optical": [{"path": image}]}, shapes, write_layer


def divided(tmp_path, scattered, shapes, name="areas.gpkg", **parameters):
    inputs, _, write_layer = scattered
    samples = {"path": write_layer(name, shapes, FIELDS), "class_field": "cover"}
    outputs = {key: f"{Path(name).stem}_{value}" for key, value in VECTOR.items()}
    described = job(tmp_path, samples, outputs, inputs, **parameters)
    return described, run(described)


def test_parts_are_apart_and_every_area_keeps_its_outline(tmp_path, scattered):
    described, result = divided(tmp_path, scattered, scattered[1])
    chosen = split_grid(described, described.samples)
    assert chosen.gap == WIDEST_PATCH + 2
    training = read_part(described.outputs["training"], chosen.grid)
    test = read_part(described.outputs["test"], chosen.grid)
    assert not within_gap(test.rows, test.cols, training.rows, training.cols, chosen.gap).any()
    assert (result.numbers["N_TRAINING"], result.numbers["N_TEST"]) == (len(training), len(test))
    assert 0.1 < len(test) / (len(test) + len(training)) < 0.5
    with VectorLayer(described.samples.path) as layer:
        given = {wkb[-8 * 10 :] for wkb, _ in layer.records(())}
    written = outlines(described.outputs["training"]) | outlines(described.outputs["test"])
    assert {wkb[-8 * 10 :] for wkb in written} == given
    (_, (value, name)), *_ = features(described.outputs["test"], "class", "name")
    assert (value, name) in ((1, "grass"), (2, "water"))
    assert 'attr="class"' in Path(described.outputs["test"]).with_suffix(".qml").read_text()


def test_the_same_job_gives_the_same_parts_and_another_seed_others(tmp_path, scattered):
    first, _ = divided(tmp_path, scattered, scattered[1], "a.gpkg")
    second, _ = divided(tmp_path, scattered, scattered[1], "b.gpkg")
    third, _ = divided(tmp_path, scattered, scattered[1], "c.gpkg", seed=7)
    assert outlines(first.outputs["test"]) == outlines(second.outputs["test"])
    assert outlines(first.outputs["test"]) != outlines(third.outputs["test"])


def test_an_added_area_moves_no_other(tmp_path, scattered, box):
    first, _ = divided(tmp_path, scattered, scattered[1], "a.gpkg")
    more = [*scattered[1], (box(27, 30, 31, 34), "grass", None)]
    random.Random(3).shuffle(more)  # nor does the order of the areas
    second, _ = divided(tmp_path, scattered, more, "b.gpkg")
    for name in ("training", "test"):
        assert outlines(first.outputs[name]) <= outlines(second.outputs[name])


def test_a_polygon_that_holds_a_whole_class_is_cut_to_exactly_its_pixels(tmp_path, scattered, box):
    triangle = "POLYGON((400000 5800000, 404000 5800000, 400000 5796000, 400000 5800000))"
    corner = [shape for shape, *_ in scattered[1] if "57961" in shape or "57960" in shape]
    shapes = [(triangle, "grass", None), *((shape, "water", None) for shape in corner)]
    described, result = divided(tmp_path, scattered, shapes)
    grid = split_grid(described, described.samples).grid
    whole = read_samples(described.samples, grid)
    parts = [read_part(described.outputs[name], grid) for name in ("training", "test", "left_out")]
    codes = [p.rows * grid.cols + p.cols for p in parts]
    assert sorted(np.concatenate(codes)) == sorted(whole.rows * grid.cols + whole.cols)
    assert all((p.labels == 0).any() for p in parts)
    assert sum(result.numbers.values()) == len(whole)
    reasons = {why for _, (why,) in features(described.outputs["left_out"], "why")}
    assert "in the gap between the parts" in reasons


def test_overlapping_areas_in_different_parts_are_cut_where_they_overlap(tmp_path, scattered, box):
    # Two parcels of other classes overlap by 30 columns: with a group field nothing keeps them together.
    shapes = [(box(10, 10, 50, 110), "grass", "a"), (box(10, 80, 50, 180), "water", "b")]
    shapes += [(s, c, f"p{i}") for i, (s, c, _) in enumerate(scattered[1][-40:])]
    inputs, _, write_layer = scattered
    for seed in range(6):
        samples = {"path": write_layer(f"s{seed}.gpkg", shapes, FIELDS), "class_field": "cover"}
        described = job(
            tmp_path, {**samples, "group_field": "parcel"}, inputs=inputs, seed=seed, test_fraction=0.5
        )
        run(described)
        chosen = split_grid(described, described.samples)
        training = read_part(described.outputs["training"], chosen.grid)
        test = read_part(described.outputs["test"], chosen.grid)
        near = within_gap(test.rows, test.cols, training.rows, training.cols, chosen.gap)
        assert not near.any()


def test_points_are_never_cut(tmp_path, scattered, write_layer):
    rng = np.random.default_rng(1)
    shapes = [
        (f"POINT({400000 + x} {5800000 - y})", ("grass", "water")[i % 2], None)
        for i, (x, y) in enumerate(rng.uniform(0, 4000, (150, 2)).tolist())
    ]
    samples = {"path": write_layer("points.gpkg", shapes, FIELDS), "class_field": "cover", "radius": 25.0}
    described = job(tmp_path, samples, inputs=scattered[0])
    run(described)
    written = [features(described.outputs[name], "class") for name in VECTOR]
    assert sum(len(part) for part in written) == 150
    reasons = {why for _, (why,) in features(described.outputs["left_out"], "why")}
    assert reasons <= {"reaches into both parts", "in the gap between the parts", "claimed by two classes"}


def test_folds_test_every_area_once_and_mark_what_lies_near_another_fold(tmp_path, scattered, write_layer):
    samples = {"path": write_layer("areas.gpkg", scattered[1], FIELDS), "class_field": "cover"}
    described = job(tmp_path, samples, {"fold_samples": "folds.gpkg"}, scattered[0], folds=4)
    run(described)
    rows = features(described.outputs["fold_samples"], "fold", "near")
    assert len(rows) == len(scattered[1])
    assert {fold for _, (fold, _) in rows} == {1, 2, 3, 4}
    assert {near for _, (_, near) in rows} == {0}


def test_without_sources_a_pixel_size_or_a_gap_will_do(tmp_path, scattered, write_layer):
    samples = {"path": write_layer("areas.gpkg", scattered[1], FIELDS), "class_field": "cover"}
    for settings in ({"grid": {"pixel_size": 10.0}}, {"gap": 170.0}):
        described = job(tmp_path, samples, **settings)
        run(described)
        chosen = split_grid(described, described.samples)
        training = read_part(described.outputs["training"], chosen.grid)
        test = read_part(described.outputs["test"], chosen.grid)
        near = within_gap(test.rows, test.cols, training.rows, training.cols, chosen.gap - 1)
        assert len(test)
        assert not near.any()
        assert chosen.grid.metres_of(chosen.gap - 1) >= 170.0
    with pytest.raises(SamplesError, match="nothing tells how far apart"):
        run(job(tmp_path, samples))


def test_without_sources_an_area_far_outside_moves_no_other(tmp_path, scattered, write_layer, box):
    first = {"path": write_layer("a.gpkg", scattered[1], FIELDS), "class_field": "cover"}
    more = [*scattered[1], (box(-300, -300, -296, -296), "grass", None)]
    second = {"path": write_layer("b.gpkg", more, FIELDS), "class_field": "cover"}
    found = []
    for name, samples in (("a", first), ("b", second)):
        described = job(tmp_path, samples, {"test": f"{name}_test.gpkg"}, gap=170.0)
        run(described)
        found.append(outlines(described.outputs["test"]))
    assert found[0] <= found[1]


def test_degrees_become_metres(tmp_path, write_layer):
    shapes = [
        (f"POINT({13 + 0.01 * i} {52 + 0.01 * j})", ("grass", "water")[(i + j) % 2], None)
        for i in range(6)
        for j in range(6)
    ]
    path = write_layer("points.gpkg", shapes, FIELDS, crs="EPSG:4326")
    described = job(tmp_path, {"path": path, "class_field": "cover"}, gap=100.0)
    run(described)
    assert split_grid(described, described.samples).grid.pixel_metres == pytest.approx(12.5, rel=0.01)
    assert features(described.outputs["test"], "class")


def test_a_label_raster_gives_label_rasters_with_the_colours(tmp_path, write_raster):
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 4, (20, 25)).repeat(30, 0).repeat(30, 1).astype(np.uint8)
    path = write_raster("labels.tif", labels)
    outputs = {"training_labels": "tr.tif", "test_labels": "te.tif", "fold_labels": "f.tif"}
    described = job(tmp_path, {"path": path, "type": "raster"}, outputs, folds=3)
    result = run(described)
    whole = Window(0, 0, *labels.shape)
    training = read_band_window(described.outputs["training_labels"], 1, whole)
    test = read_band_window(described.outputs["test_labels"], 1, whole)
    folds = read_band_window(described.outputs["fold_labels"], 1, whole)
    assert not ((training > 0) & (test > 0)).any()
    for part in (training, test):
        assert (part[part > 0] == labels[part > 0]).all()
        assert set(np.unique(part)) == {0, 1, 2, 3}
    near = within_gap(*np.nonzero(test), *np.nonzero(training), gap=WIDEST_PATCH + 2)
    assert not near.any()
    assert result.numbers["N_TEST"] == (test > 0).sum()
    assert sum(result.numbers.values()) == (labels > 0).sum()
    assert ((folds > 0) == (labels > 0)).all()
    assert inspect(described.outputs["test_labels"]).category_names[1] == "class 1"
    assert inspect(described.outputs["fold_labels"]).category_names[1] == "fold 1"


def test_outputs_of_the_other_kind_of_samples_are_refused(tmp_path, write_raster):
    path = write_raster("labels.tif", np.ones((8, 8), np.uint8))
    with pytest.raises(JobError, match="'training' does not fit: the samples are a label raster"):
        job(tmp_path, {"path": path, "type": "raster"}, {"training": "t.gpkg"})


def test_layers_are_geopackages_and_a_cancelled_run_leaves_nothing(tmp_path, scattered):
    inputs, shapes, write_layer = scattered
    samples = {"path": write_layer("areas.gpkg", shapes, FIELDS), "class_field": "cover"}
    with pytest.raises(OutputError, match=r"\.gpkg"):
        run(job(tmp_path, samples, {"test": "t.shp"}, inputs))
    before = sorted(p.name for p in tmp_path.iterdir())
    calls = iter(range(10**6))
    with pytest.raises(Exception, match="cancelled"):
        run(job(tmp_path, samples, inputs=inputs), Progress(is_cancelled=lambda: next(calls) > 6))
    assert sorted(p.name for p in tmp_path.iterdir()) == before


def test_an_even_patch_side_is_refused(tmp_path, scattered, write_layer):
    samples = {"path": write_layer("areas.gpkg", scattered[1], FIELDS), "class_field": "cover"}
    with pytest.raises(JobError, match="not odd"):
        run(job(tmp_path, samples, inputs=scattered[0], patch_size=8))


def test_a_label_raster_with_a_class_0_is_divided_too(tmp_path, write_raster):
    labels = np.random.default_rng(5).integers(0, 2, (20, 20)).repeat(20, 0).repeat(20, 1).astype(np.uint8)
    samples = {"path": write_raster("labels.tif", labels), "type": "raster", "zero": "class"}
    described = job(tmp_path, samples, {"test_labels": "te.tif"})
    run(described)
    test = read_band_window(described.outputs["test_labels"], 1, Window(0, 0, *labels.shape))
    classes = read_samples(described.samples, inspect(samples["path"]).grid).classes
    zero = next(c.value for c in classes if c.source == 0)
    assert (test[(labels == 0) & (test > 0)] == zero).all()
    assert set(np.unique(test)) == {0, 1, 2}
