"""What changed from one run to the next, on cases that can be counted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from landfuse.core.data.band_reader import BandReader
from landfuse.core.data.classes import LandClass, class_list
from landfuse.core.data.sample_set import SampleSet
from landfuse.core.evaluation.change_report import change_html, write_change_note
from landfuse.core.evaluation.group_scores import GroupScore, group_scores, matrix_of
from landfuse.core.evaluation.metrics import Interval
from landfuse.core.evaluation.run_accuracy import RunAccuracy, run_accuracy
from landfuse.core.evaluation.run_change import (
    RunFiles,
    compare_maps,
    compare_runs,
    compare_samples,
    compare_scores,
)

pytest.importorskip("osgeo", reason="needs GDAL")

CLASSES = class_list([1, 2])


def accuracy(*groups, classes=CLASSES):
    return RunAccuracy(classes, "held-back pixels", groups=groups)


def test_only_groups_with_the_same_pixels_are_compared():
    before = accuracy(
        GroupScore(1, "a", ((1, 1, 8), (1, 2, 2))),
        GroupScore(2, "b", ((2, 1, 5),)),
        GroupScore(3, "c", ((2, 2, 9),)),
    )
    after = accuracy(
        GroupScore(1, "a", ((1, 1, 10),)),
        GroupScore(2, "other", ((2, 2, 5),)),
        GroupScore(4, "d", ((2, 1, 7),)),
    )
    found = compare_scores(before, after)
    assert (found.n_groups, found.n_pixels) == (1, 10)
    assert found.before.overall_accuracy == pytest.approx(0.8)
    assert found.after.overall_accuracy == 1.0


def test_without_a_common_group_nothing_is_compared():
    assert compare_scores(accuracy(GroupScore(1, "a", ((1, 1, 8),))), accuracy()) is None


def test_a_class_that_only_one_run_knows_takes_part():
    third = LandClass(3, "new", "#123456")
    before = accuracy(GroupScore(1, "a", ((1, 1, 4),)))
    after = accuracy(GroupScore(1, "a", ((1, 3, 4),)), classes=(*CLASSES, third))
    assert compare_scores(before, after).after.overall_accuracy == 0.0


def sample_set(groups, labels, cols=(0, 1, 2, 3)):
    numbers = np.arange(4)
    return SampleSet(numbers * 0, np.array(cols), np.array(labels), np.array(groups), numbers, CLASSES)


@pytest.fixture
def grid(small_scene):
    with BandReader(small_scene.inputs["optical"][0]["path"]) as reader:
        return reader.info.grid


def test_scores_by_group_add_up_to_the_matrix(grid):
    samples = sample_set([7, 7, 9, 9], [0, 0, 1, 1])
    found = group_scores(samples, np.array([0, 1, 1, 1]), grid)
    assert [g.key for g in found] == [7, 9]
    assert found[0].counts == ((1, 1, 1), (1, 2, 1))
    assert matrix_of(found, CLASSES).counts.tolist() == [[1, 1], [0, 2]]
    assert GroupScore.from_json(found[0].to_json()) == found[0]


def test_a_group_is_another_one_when_a_pixel_a_class_or_the_grid_changes(grid):
    same = np.zeros(4, np.int64)
    (first,) = group_scores(sample_set([7] * 4, [0, 0, 1, 1]), same, grid)
    (moved,) = group_scores(sample_set([7] * 4, [0, 0, 1, 1], (0, 1, 2, 5)), same, grid)
    (named,) = group_scores(sample_set([7] * 4, [0, 1, 1, 1]), same, grid)
    (other,) = group_scores(sample_set([7] * 4, [0, 0, 1, 1]), same, grid.shifted(2.0))
    assert len({first.digest, moved.digest, named.digest, other.digest}) == 4


def test_training_areas_are_added_altered_and_removed(small_scene):
    areas = small_scene.areas()
    before = small_scene.write_areas("before.gpkg", areas[:6])
    wider = (small_scene.box(3, 15, 10, 22), areas[1][1])  # areas[1], a pixel longer and wider
    renamed = (areas[2][0], 9)
    far = (small_scene.box(40, 40, 46, 46), 1)
    after = small_scene.write_areas("after.gpkg", [areas[0], wider, renamed, *areas[4:6], far])
    found = compare_samples(before, after)
    assert (found.added, found.altered, found.removed, found.unchanged) == (1, 2, 1, 3)


def test_areas_that_only_touch_are_not_one_altered_area(small_scene):
    before = small_scene.write_areas("before.gpkg", [(small_scene.box(0, 0, 4, 4), 1)])
    after = small_scene.write_areas("after.gpkg", [(small_scene.box(0, 4, 4, 8), 1)])
    found = compare_samples(before, after)
    assert (found.added, found.altered, found.removed) == (1, 0, 1)


def write_map(scene, name, values, col=0):
    return scene.write_raster(name, np.uint8(values), x=scene.X + 2 * col, nodata=0)


def test_ground_that_changed_class_from_and_to(small_scene):
    before = write_map(small_scene, "a.tif", [[1, 1, 2, 0], [1, 2, 2, 3]])
    after = write_map(small_scene, "b.tif", [[1, 2, 2, 1], [1, 1, 2, 0]])
    found = compare_maps(before, after)
    assert [c.value for c in found.classes] == [1, 2]
    pixel = found.compared / 6  # the pixel without a class on one side is left out
    assert np.allclose(found.sizes / pixel, [[2, 1], [1, 2]], rtol=1e-6)
    assert found.changed == pytest.approx(2 * pixel, rel=1e-6)
    assert pixel == pytest.approx(4.0, rel=2e-3)


def test_maps_of_other_extents_are_compared_where_both_are(small_scene):
    before = write_map(small_scene, "a.tif", [[1, 1, 2, 2]])
    after = write_map(small_scene, "b.tif", [[2, 2, 2, 2]], col=2)
    found = compare_maps(before, after)
    assert found.compared == pytest.approx(2 * 4, rel=2e-3)
    assert found.changed == 0


def test_maps_on_other_grids_are_not_compared_but_told(small_scene):
    before = write_map(small_scene, "a.tif", [[1, 1]])
    after = small_scene.write_raster("b.tif", np.uint8([[1, 1]]), pixel=3.0, nodata=0)
    note = compare_runs(RunFiles("Run 1", "", before), RunFiles("Run 2", "", after))
    assert note.map is None
    assert any("different grids" in reason for reason in note.reasons)


@pytest.mark.slow
def test_a_second_run_with_other_samples_is_compared_with_the_first(small_scene):
    pytest.importorskip("sklearn", reason="needs scikit-learn")
    from landfuse.core.dispatch import run_job

    files = []
    for number, areas in enumerate((small_scene.areas(), small_scene.areas()[:-1])):
        small_scene.write_areas("areas.gpkg", areas)
        model = str(small_scene.out / f"m{number}.safetensors")
        run_job(small_scene.train(outputs={"model": model}))
        mapped = run_job(small_scene.classify(model, outputs={"classmap": f"map{number}.tif"}))
        files.append(RunFiles(f"Run {number}", model, mapped.outputs["classmap"]))
    first = run_accuracy(files[0].model)
    assert matrix_of(first.groups, first.classes).counts.tolist() == first.matrix.counts.tolist()
    assert first.n_places == len(first.groups)
    note = compare_runs(*files)
    assert (note.samples.added, note.samples.altered, note.samples.removed) == (0, 0, 1)
    assert note.scores.n_groups >= 1
    assert note.map.compared == pytest.approx(48 * 48 * 4, rel=2e-3)
    path = small_scene.out / "change.html"
    write_change_note(path, note)
    assert "1 removed" in path.read_text(encoding="utf-8")


def test_the_note_says_what_cannot_be_compared(small_scene):
    note = compare_runs(RunFiles("Run 1"), RunFiles("Run 2"))
    assert note.samples is note.scores is note.map is None
    assert "no held-back group" in change_html(note)


def test_a_model_without_scores_says_so(small_scene):
    pytest.importorskip("sklearn", reason="needs scikit-learn")
    from landfuse.core.dispatch import run_job

    run_job(small_scene.train({**small_scene.forest, "test_fraction": 0.0}))
    found = run_accuracy(str(small_scene.out / "m.safetensors"))
    assert found.metrics is None
    assert "not scored" in found.measured_on


def test_the_interval_is_that_of_the_report(small_scene):
    pytest.importorskip("sklearn", reason="needs scikit-learn")
    from landfuse.core.dispatch import run_job

    run_job(small_scene.train(report=True))
    found = run_accuracy(str(small_scene.out / "m.safetensors"))
    assert found.by_places
    assert isinstance(found.interval, Interval)
    text = (small_scene.out / "m.html").read_text(encoding="utf-8")
    assert f"{found.interval.low * 100:.1f}" in text
    assert replace(found, groups=()).n_places >= 2
    assert Path(RunFiles("r", str(small_scene.out / "m.safetensors")).samples).is_file()
