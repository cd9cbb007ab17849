"""Many scenes with one model: a map each, what is skipped, what fails, what is left after cancelling."""

from __future__ import annotations

import csv
import json
import os

import numpy as np
import pytest
from landfuse.core.data.raster_description import inspect
from landfuse.core.dispatch import run_job
from landfuse.core.errors import Cancelled, JobError, OutputError, SceneError
from landfuse.core.job_file import parse_job
from landfuse.core.progress import Progress

pytest.importorskip("sklearn", reason="needs the engine's packages")
gdal = pytest.importorskip("osgeo.gdal")


@pytest.fixture(scope="module")
def model(make_scene, tmp_path_factory):
    scene = make_scene(tmp_path_factory.mktemp("training"))
    job = scene.train({**scene.forest, "test_fraction": 0.0}, outputs={"model": "m.safetensors"})
    return run_job(job).outputs["model"]


@pytest.fixture
def flights(small_scene, tmp_path):
    """A folder of scenes `a`, `b` (beside it) and `c` (names of training), each the small scene."""
    for number, (name, pattern) in enumerate([("a", "{}"), ("b", "B_{}_2"), ("c", "{}")]):
        folder = tmp_path / "flights" / name
        folder.mkdir(parents=True)
        small_scene.folder = folder
        x = small_scene.X + 96 * number
        small_scene.write_raster(f"{pattern.format('optical')}.tif", small_scene.optical(), x=x)
        small_scene.write_raster(f"{pattern.format('lidar')}.tif", small_scene.height(), x=x, pixel=4.0)
    return tmp_path / "flights"


@pytest.fixture
def classify(model, flights, tmp_path):
    """Return a function that maps the scenes into `maps` and returns (result, events)."""

    def run(progress=None, **parameters):
        events = []
        place = {} if "scene_list" in parameters else {"scenes": str(flights)}
        values = {"model": model, **place, **parameters}
        job = {"kind": "classifyscenes", "parameters": values, "outputs": {"maps": "maps"}}
        return run_job(parse_job(job, tmp_path), progress or Progress(events.append)), events

    return run


def maps(tmp_path):
    return tmp_path / "maps"


def statuses(tmp_path):
    with open(maps(tmp_path) / "maps.csv", encoding="utf-8", newline="") as file:
        return {row["scene"]: row["status"] for row in csv.DictReader(file)}


def test_every_scene_has_its_map_and_one_vrt_shows_all(classify, small_scene, tmp_path):
    result, _ = classify()
    assert result.numbers == {"SCENES": 3, "MAPPED": 3, "SKIPPED": 0}
    for name in "abc":
        values = gdal.Open(str(maps(tmp_path) / f"{name}.tif")).ReadAsArray()
        assert (values == small_scene.truth).mean() > 0.8
        assert (maps(tmp_path) / f"{name}.qml").is_file()
    assert result.outputs["vrt"] == str(maps(tmp_path) / "maps.vrt")
    whole = gdal.Open(result.outputs["vrt"]).ReadAsArray()
    assert whole.shape == (48, 144)
    assert (whole == np.tile(small_scene.truth, 3)).mean() > 0.8
    assert inspect(result.outputs["vrt"]).category_names[1:] == ("class 1", "class 2", "class 3")
    assert set(statuses(tmp_path).values()) == {"mapped"}
    record = json.loads((maps(tmp_path) / "a.json").read_text(encoding="utf-8"))
    assert record["classified_pixels"] == 48 * 48
    assert str(tmp_path) not in json.dumps(record["made_from"])


def test_started_again_only_what_changed_is_mapped(classify, flights, model, tmp_path):
    classify()
    first = {path.name: path.stat().st_mtime_ns for path in maps(tmp_path).glob("*.tif")}

    def mapped():
        now = {path.name: path.stat().st_mtime_ns for path in maps(tmp_path).glob("*.tif")}
        changed = {name[0] for name in now if now[name] != first.get(name)}
        first.update(now)
        return changed

    result, events = classify()
    assert result.numbers == {"SCENES": 3, "MAPPED": 0, "SKIPPED": 3}
    assert any("3 of 3 maps are finished already: a, b, c." in e.get("text", "") for e in events)
    assert mapped() == set()
    os.utime(flights / "b" / "B_lidar_2.tif", ns=(1, 1))  # a file of the scene has changed
    classify()
    assert mapped() == {"b"}
    (maps(tmp_path) / "c.tif").write_bytes(b"edited")  # the map is not the one that was made
    (maps(tmp_path) / "a.json").write_text("{")
    classify()
    assert mapped() == {"a", "c"}
    classify(threads=1, tile_size=20)  # shapes no map
    assert mapped() == set()
    classify(lidar_options="offset=-1")
    assert mapped() == {"a", "b", "c"}
    classify(lidar_options="offset=-1", redo=True)
    assert mapped() == {"a", "b", "c"}


def test_another_model_makes_all_maps_anew(classify, make_scene, tmp_path_factory):
    classify()
    scene = make_scene(tmp_path_factory.mktemp("other"))
    job = scene.train({**scene.forest, "trees": 6, "test_fraction": 0.0}, outputs={"model": "m.safetensors"})
    result, _ = classify(model=run_job(job).outputs["model"])
    assert result.numbers["MAPPED"] == 3


def test_a_scene_that_fails_is_named_after_the_others_are_written(classify, flights, tmp_path):
    (flights / "b" / "B_lidar_2.tif").unlink()
    (flights / "a" / "optical.tif").write_bytes(b"no raster")
    with pytest.raises(
        SceneError,
        match=r"2 of 3 scenes could not be mapped: \[a\].* \[b\] files of the scene: No file for lidar",
    ):
        classify()
    assert statuses(tmp_path) == {"a": "failed", "b": "failed", "c": "mapped"}
    assert gdal.Open(str(maps(tmp_path) / "maps.vrt")).ReadAsArray().shape == (48, 48)
    assert not (maps(tmp_path) / "a.tif").exists()


def test_an_older_map_of_a_scene_that_fails_is_not_in_the_mosaic(classify, flights, tmp_path):
    classify()
    (flights / "a" / "optical.tif").unlink()
    with pytest.raises(SceneError):
        classify()
    assert gdal.Open(str(maps(tmp_path) / "maps.vrt")).ReadAsArray().shape == (48, 96)


def test_a_list_gives_files_and_settings(classify, flights, tmp_path):
    listed = flights / "list.csv"
    listed.write_text("scene,optical,lidar,lidar_options\nOne,a/optical.tif,a/lidar.tif,bad=1\n"
                      "Two,b/B_optical_2.tif,b/B_lidar_2.tif,\n", encoding="utf-8")  # fmt: skip
    with pytest.raises(SceneError, match="'bad=1' is not an option"):
        classify(scene_list=str(listed))
    assert statuses(tmp_path) == {"One": "failed", "Two": "mapped"}


def test_probabilities_and_uncertainty_are_written_where_asked_for(classify, tmp_path):
    classify(probabilities=True, uncertainty=True)
    assert len(inspect(str(maps(tmp_path) / "a_probabilities.tif")).bands) == 3
    assert len(inspect(str(maps(tmp_path) / "a_uncertainty.tif")).bands) == 2
    (maps(tmp_path) / "a_uncertainty.tif").unlink()
    assert classify(probabilities=True, uncertainty=True)[0].numbers["MAPPED"] == 1


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_cancelled_run_leaves_whole_maps_only_and_goes_on_later(classify, tmp_path, share):
    _, events = classify()
    for path in maps(tmp_path).iterdir():
        path.unlink()
    seen, limit = [], int(share * len(events))
    with pytest.raises(Cancelled):
        classify(Progress(seen.append, lambda: len(seen) >= limit))
    left = {path.name for path in maps(tmp_path).iterdir()}
    assert not {name for name in left if name.startswith(".") or "maps" in name}
    done = sum(name.endswith(".json") for name in left)
    assert done == int(share * 3 - 0.01) == sum(name.endswith(".tif") for name in left)
    assert classify()[0].numbers == {"SCENES": 3, "MAPPED": 3 - done, "SKIPPED": done}


def test_folder_or_list_is_needed_and_a_map_never_replaces_what_is_read(classify, flights, tmp_path):
    with pytest.raises(JobError, match="either the folder"):
        classify(scenes="")
    listed = flights / "list.csv"
    listed.write_text(f"scene,optical,lidar\nlidar,a/optical.tif,a/lidar.tif\nx,{maps(tmp_path)}/lidar.tif,"
                      "b/B_lidar_2.tif\n", encoding="utf-8")  # fmt: skip
    maps(tmp_path).mkdir()
    (flights / "b" / "B_optical_2.tif").rename(maps(tmp_path) / "lidar.tif")
    with pytest.raises(OutputError, match="would replace a file that is read"):
        classify(scene_list=str(listed))


def test_stages_name_the_scene_and_progress_never_goes_back(classify):
    _, events = classify()
    steps = [e for e in events if e["event"] == "progress"]
    assert any(e["stage"] == "b (2 of 3): classifying" for e in steps)
    fractions = [e["fraction"] for e in steps]
    assert fractions == sorted(fractions)
