"""What `M.job.json` says; that it repeats a model is tested in test_train_job.py."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from landfuse.core.dispatch import run_job
from landfuse.core.job_file import read_job
from landfuse.core.training.provenance import sidecar_paths, versions
from landfuse.core.version import __version__

pytest.importorskip("sklearn", reason="needs the engine's packages")


def test_sidecars_are_named_after_the_model(tmp_path):
    paths = sidecar_paths(str(tmp_path / "city.2024.safetensors"))
    names = [
        "city.2024.job.json",
        "city.2024.samples.gpkg",
        "city.2024.test_samples.gpkg",
        "city.2024.mask.gpkg",
    ]
    assert [path.name for path in paths] == names
    assert {path.parent for path in paths} == {tmp_path}


def test_versions_name_what_shapes_the_numbers_and_what_is_absent(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "safetensors", None)
    found = versions()
    assert found["landfuse"] == __version__
    assert found["safetensors"] == "absent"
    assert {"python", "numpy", "torch", "sklearn", "osgeo"} <= found.keys()


def test_the_kept_job_is_complete_and_can_be_read_again(small_scene):
    run_job(small_scene.train())
    kept = read_job(small_scene.out / "m.job.json")
    assert kept.samples.path == str(small_scene.out / "m.samples.gpkg")
    assert kept.inputs == small_scene.train().inputs
    assert [(c["value"], c["name"]) for c in kept.classes] == [(1, "class 1"), (2, "class 2"), (3, "class 3")]
    assert kept.grid.exact["rows"] == kept.grid.exact["cols"] == 48
    assert kept.parameters["context_windows"] == "3"


def test_a_kept_job_runs_without_the_files_that_last_no_longer_than_the_run(small_scene):
    """QGIS gives test samples and mask polygons as snapshots in a temporary folder."""
    square = "POLYGON ((400000 5799904, 400096 5799904, 400096 5800000, 400000 5800000, 400000 5799904))"
    mask = small_scene.write_areas("mask.gpkg", [(square, 1)])
    tests = small_scene.write_areas("tests.gpkg", small_scene.areas())
    samples = {"path": tests, "class_field": "class"}
    first = run_job(small_scene.train(test_samples=samples, mask=mask))
    for name in ("mask.gpkg", "tests.gpkg"):
        os.remove(small_scene.folder / name)
    kept = read_job(small_scene.out / "m.job.json")
    assert kept.outputs["model"] == str(small_scene.out / "m.safetensors")
    assert run_job(kept).numbers == first.numbers


def test_what_the_run_chose_itself_is_fixed_in_the_kept_job(small_scene):
    pytest.importorskip("torch")
    run_job(small_scene.train({"method": "mibf_net", "epochs": 1, "gap": 4.0}))
    kept = read_job(small_scene.out / "m.job.json")
    for name in ("patch_size", "batch_size", "learning_rate", "threads"):
        assert kept.parameters[name] > 0, name
    assert kept.parameters["device"] in ("cpu", "cuda")
    assert kept.parameters["gap"] == 4.0


def test_inputs_are_named_with_size_and_time_of_change(small_scene):
    os.utime(small_scene.inputs["lidar"][0]["path"], (0, 86400))
    run_job(small_scene.train())
    resolved = json.loads((small_scene.out / "m.job.json").read_text(encoding="utf-8"))["resolved"]
    facts = {os.path.basename(item["path"]): item for item in resolved["inputs"]}
    assert facts.keys() == {"optical.tif", "lidar.tif", "areas.gpkg"}
    assert facts["lidar.tif"]["changed"] == "1970-01-02T00:00:00+00:00"
    assert facts["lidar.tif"]["bytes"] == os.path.getsize(small_scene.inputs["lidar"][0]["path"])
    assert resolved["versions"]["landfuse"] == __version__


def test_a_path_relative_to_the_kept_job_stays_valid_when_the_folder_moves(small_scene):
    run_job(small_scene.train())
    moved = small_scene.out.rename(small_scene.out.with_name("moved"))
    assert read_job(moved / "m.job.json").samples.path == str(moved / "m.samples.gpkg")


@pytest.mark.parametrize(
    ("values", "options"),
    [
        ((-5, 7, 70000), {"renumber": True}),
        ((0, 1, 3), {"zero": "class"}),
        ((0, -1, 3), {"zero": "class", "renumber": True}),
        (("Water", "FOREST", "roof"), {}),
    ],
)
def test_a_kept_job_repeats_classes_that_have_other_values_in_the_map(small_scene, values, options):
    areas = small_scene.areas(values)
    if options == {}:
        areas[0] = (areas[0][0], f" {areas[0][1].lower()}  ")
    path = small_scene.write_areas("odd.gpkg", areas)
    samples = {"path": path, "class_field": "class", **options}
    tests = {"path": small_scene.write_areas("tests.gpkg", areas[:9]), "class_field": "class", **options}
    first = run_job(small_scene.train(samples=samples, test_samples=tests))
    model = (small_scene.out / "m.safetensors").read_bytes()
    assert first.numbers["OA"] > 0.9
    for name in ("odd.gpkg", "tests.gpkg"):
        os.remove(small_scene.folder / name)
    kept = read_job(small_scene.out / "m.job.json")
    assert [c["value"] for c in kept.classes] == [1, 2, 3]
    assert run_job(kept).numbers == first.numbers
    assert (small_scene.out / "m.safetensors").read_bytes() == model


def test_a_kept_job_repeats_renumbered_label_rasters(small_scene):
    numbers = np.array([0, -3, 0, 70000])[small_scene.truth].astype(np.float32)
    labels = {"path": small_scene.write_raster("l.tif", numbers), "type": "raster", "renumber": True}
    labels["zero"] = "class"
    first = run_job(small_scene.train(samples=labels))
    kept = read_job(small_scene.out / "m.job.json")
    assert [(c["value"], c.get("source")) for c in kept.classes] == [(1, -3), (2, 0), (3, 70000)]
    assert run_job(kept).numbers == first.numbers


def test_a_kept_job_keeps_a_folder_and_the_facts_of_its_files(small_scene):
    folder = small_scene.folder / "images"
    folder.mkdir()
    (small_scene.folder / "optical.tif").rename(folder / "optical.tif")
    first = run_job(small_scene.train(inputs={"optical": [{"path": str(folder)}]}))
    kept = read_job(small_scene.out / "m.job.json")
    assert kept.inputs["optical"][0].path == str(folder)
    facts = kept.resolved["inputs"][0]
    assert (facts["path"], facts["files"]) == (str(folder), 1)
    assert facts["bytes"] == (folder / "optical.tif").stat().st_size
    assert run_job(kept).numbers == first.numbers
