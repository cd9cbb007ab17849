"""The report on samples, on a small scene with known faults."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from landfuse.core.data.classes import class_list
from landfuse.core.data.sample_set import SampleSet
from landfuse.core.data.sample_values import read_sample_values, spread_over_places
from landfuse.core.data.vector_io import VectorLayer
from landfuse.core.errors import OutputError, SamplesError
from landfuse.core.evaluation.sample_conflicts import LOOKS_LIKE, OVERLAP, SAME_VALUES, two_groups
from landfuse.core.evaluation.sample_report_job import make_report, run
from landfuse.core.job_file import parse_job
from landfuse.core.progress import Progress


def job(scene, outputs=(), samples=None, **changes):
    names = {"report": "r.html", "table": "t.csv", "conflicts": "c.gpkg"}
    values = {
        "kind": "samplereport", "inputs": scene.inputs, "samples": samples or scene.samples,
        "outputs": {name: names[name] for name in outputs}, **changes,
    }  # fmt: skip
    return parse_job(values, scene.out)


def report_of(described):
    return make_report(described, described.samples)


def faulty(scene, number=5):
    """Return samples where the area `number` has the class of another, and where it lies."""
    areas = scene.areas()
    right = areas[number][1]
    wrong = 3 if right != 3 else 1
    areas[number] = (areas[number][0], wrong)
    return {"path": scene.write_areas("faulty.gpkg", areas), "class_field": "class"}, right, wrong


def test_counts_areas_and_places_are_those_of_the_areas(small_scene):
    report = report_of(job(small_scene))
    for item in report.classes:
        own = [value for _, value in small_scene.areas() if value == item.land_class.value]
        assert item.features == item.places == len(own)
        assert item.pixels == 36 * len(own)
        assert item.hectares == pytest.approx(36 * len(own) * 4 / 10_000)  # pixels of 2 x 2 m
        assert item.verdict == "good"
    assert sum(item.share for item in report.classes) == pytest.approx(1)


def test_heights_tell_what_colours_do_not(small_scene):
    pairs = {(p.first, p.second): p for p in report_of(job(small_scene)).pairs}
    grass_trees = pairs[0, 1]
    assert grass_trees.by_modality["optical"] < 0.1
    assert grass_trees.by_modality["lidar"] > 1.99
    assert pairs[0, 2].by_modality["optical"] > 1.99


def test_spectra_are_means_and_percentiles_of_the_pixels(small_scene):
    report = report_of(job(small_scene))
    optical = next(s for s in report.spectra if s.title == "optical")
    assert optical.mean[0] == pytest.approx([400, 700, 500, 3000], abs=10)
    assert (optical.high - optical.low)[0] == pytest.approx([2 * 1.2816 * 40] * 4, rel=0.25)  # sigma 40


def test_an_area_of_the_wrong_class_is_found_where_it_lies(small_scene):
    samples, right, wrong = faulty(small_scene)
    report = report_of(job(small_scene, samples=samples))
    conflict = next(c for c in report.conflicts if c.kind == LOOKS_LIKE)
    classes = report.samples.classes
    assert (classes[conflict.label].value, classes[conflict.other].value) == (wrong, right)
    assert conflict.feature == 6  # GeoPackage counts from 1
    assert 15 <= conflict.row < 21
    assert 15 <= conflict.col < 21
    assert (conflict.pixels, conflict.share) == (36, 1.0)


def test_right_samples_have_hardly_any_conflict(small_scene):
    kinds = [c.kind for c in report_of(job(small_scene)).conflicts]
    assert kinds.count(LOOKS_LIKE) <= 1
    assert OVERLAP not in kinds


def test_overlapping_areas_are_named_with_both_ids(small_scene):
    areas = [*small_scene.areas(), (small_scene.box(3, 3, 6, 6), 3)]
    samples = {"path": small_scene.write_areas("over.gpkg", areas), "class_field": "class"}
    report = report_of(job(small_scene, samples=samples))
    (overlap,) = [c for c in report.conflicts if c.kind == OVERLAP]
    assert (overlap.feature, overlap.other_feature, overlap.pixels) == (1, 17, 9)


def test_copies_of_pixels_in_another_class_are_found(small_scene):
    optical = small_scene.optical()
    optical[:, 27:30, 27:30] = optical[:, 3:6, 27:30]  # grass pixels inside an area of another class
    source = {"optical": [{"path": small_scene.write_raster("copies.tif", optical)}]}
    report = report_of(job(small_scene, inputs=source))
    found = [c for c in report.conflicts if c.kind == SAME_VALUES]
    assert len(found) == 2
    assert {c.pixels for c in found} == {36}
    assert {round(36 * c.share) for c in found} == {9}


def test_a_class_of_two_covers_is_told(small_scene):
    areas = [(wkt, 1 if value in (1, 3) else 2) for wkt, value in small_scene.areas()]
    samples = {"path": small_scene.write_areas("two.gpkg", areas), "class_field": "class"}
    groups = report_of(job(small_scene, samples=samples)).groups
    assert [g.label for g in groups] == [0]


def test_one_normal_or_even_spread_is_one_group():
    rng = np.random.default_rng(0)
    n = 4000
    values = np.r_[rng.normal(size=(n, 3)), rng.uniform(size=(n, 3)), rng.exponential(size=(n, 3))]
    index = np.arange(3 * n)
    samples = SampleSet(index, index, index // n, index, index, class_list([1, 2, 3]))
    assert two_groups(samples, values) == []


def test_the_files_hold_the_findings(small_scene):
    samples, _, _ = faulty(small_scene)
    described = job(small_scene, ("report", "table", "conflicts"), samples)
    events = []
    result = run(described, Progress(events.append))
    assert result.numbers["N_CLASSES"] == 3
    assert result.numbers["N_SAMPLES"] == 16 * 36
    assert 0 < result.numbers["LEAST_SEPARABILITY"] <= 2
    page = Path(described.outputs["report"]).read_text(encoding="utf-8")
    assert "<svg" in page
    assert "Looks like another class" in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    rows = list(csv.reader(Path(described.outputs["table"]).read_text(encoding="utf-8-sig").splitlines()))
    assert rows[0][:2] == ["class", "value"]
    assert any(row[:1] == [LOOKS_LIKE] for row in rows)
    with VectorLayer(described.outputs["conflicts"]) as layer:
        found = list(layer.values(["kind", "feature", "finding"]))
    assert len(found) == result.numbers["N_CONFLICTS"]
    assert (LOOKS_LIKE, 6) in [row[:2] for row in found]
    assert any("look more like another class" in e["text"] for e in events if e.get("level") == "warning")


def test_a_label_raster_is_reported_without_features(small_scene):
    samples = {"path": small_scene.write_raster("truth.tif", small_scene.truth), "type": "raster"}
    report = report_of(job(small_scene, samples=samples))
    assert [c.features for c in report.classes] == [None] * 3
    assert sum(c.pixels for c in report.classes) == 48 * 48
    assert {c.feature for c in report.conflicts} <= {-1}


def test_a_class_with_few_pixels_is_listed_and_not_measured(small_scene):
    areas = [*small_scene.areas(), (small_scene.box(0, 0, 2, 2), 4)]
    samples = {"path": small_scene.write_areas("few.gpkg", areas), "class_field": "class"}
    described = job(small_scene, ("report",), samples)
    report = report_of(described)
    assert report.classes[3].verdict == "too few"
    assert {p.second for p in report.pairs if np.isnan(p.overall)} == {3}
    run(described)
    assert "Not measurable" in Path(described.outputs["report"]).read_text(encoding="utf-8")


def test_samples_outside_all_data_are_an_error_in_words(small_scene):
    empty = np.full((1, 48, 48), -1, np.float32)
    path = small_scene.write_raster("empty.tif", empty, nodata=-1)
    source = {"optical": [{"path": path, "bands": "1"}]}
    with pytest.raises(SamplesError, match="No sample lies where all sources have data"):
        run(job(small_scene, inputs=source))


def test_conflicts_go_to_a_geopackage(small_scene):
    with pytest.raises(OutputError, match=r"\.gpkg"):
        run(parse_job({**job(small_scene).to_json(), "outputs": {"conflicts": "c.shp"}}, small_scene.out))
    assert small_scene.left() == []


def test_the_selection_takes_every_place_before_a_second_pixel_of_any():
    rows, cols = (v.ravel() for v in np.mgrid[0:10, 0:10])
    places = np.where(rows < 9, 0, cols + 1)  # one large place, ten of one pixel
    samples = SampleSet(rows, cols, np.zeros(100, np.int64), places, places, class_list([1]))
    taken = spread_over_places(samples, 12)
    assert taken.sum() == 12
    assert set(places[taken]) == set(range(11))


def test_values_are_those_of_the_pixels(memory_stack):
    bands = np.arange(3 * 20 * 20).reshape(3, 20, 20)
    stack = memory_stack(hsi=bands)
    rows, cols = np.array([2, 5, 19]), np.array([3, 3, 0])
    index = np.arange(3)
    samples = SampleSet(rows, cols, np.array([0, 1, 1]), index, index, class_list([1, 2]))
    usable, found = read_sample_values(samples, stack, 10)
    assert len(usable) == 3
    assert (found.values["hsi"] == bands[:, rows, cols].T).all()


def test_counts_are_those_of_all_pixels_where_only_a_selection_is_read(small_scene, monkeypatch):
    from landfuse.core.evaluation import sample_report_job

    read = sample_report_job.read_samples
    monkeypatch.setattr(sample_report_job, "read_samples", lambda *args: read(*args, limit_per_class=100))
    truth = small_scene.truth
    samples = {"path": small_scene.write_raster("truth.tif", truth), "type": "raster"}
    for source in (samples, small_scene.samples):
        report = report_of(job(small_scene, samples=source))
        assert report.samples.counts().max() <= 100
        counted = truth if source is samples else truth.reshape(4, 12, 4, 12)[:, 3:9, :, 3:9]
        assert [c.pixels for c in report.classes] == [int((counted == v).sum()) for v in (1, 2, 3)]
