"""The whole training job on a scene of 48 x 48 pixels.

Elsewhere: samples, grids and splits as such in tests/core/data, the loop in test_loop.py, errors of the input
in tests/test_bad_input.py, the engine process in tests/processing_provider.
"""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from landfuse.core.dispatch import run_job
from landfuse.core.errors import Cancelled, JobError, MissingDependencyError, OutputError, SamplesError
from landfuse.core.job_file import read_job
from landfuse.core.models.model_file import read_metadata, read_model
from landfuse.core.progress import Progress

pytest.importorskip("torch", reason="needs the engine's packages")
pytest.importorskip("sklearn", reason="needs the engine's packages")

METHODS = ["forest", "machine", "network", "tiles"]
MODEL = {"model": "m.safetensors"}
ALL_FILES = ["m.html", "m.job.json", "m.safetensors", "m.samples.gpkg"]


class Events:
    """Keeps the events of a run and cancels it after `limit` of them."""

    def __init__(self, limit=10**9):
        self.seen, self.limit = [], limit
        self.progress = Progress(self.seen.append, lambda: len(self.seen) >= self.limit)

    def texts(self):
        return "\n".join(e["text"] for e in self.seen if e["event"] == "log")


@pytest.fixture(params=METHODS)
def parameters(request, small_scene):
    return getattr(small_scene, request.param)


def same_model(first, second):
    """Whether two model files hold the same arrays, bit for bit, scaling included."""
    one, two = read_model(first), read_model(second)
    same = one.arrays.keys() == two.arrays.keys()
    arrays = [(one.arrays[name], two.arrays[name]) for name in one.arrays]
    scaled = one.preprocess.to_arrays(), two.preprocess.to_arrays()
    arrays += [(scaled[0][name], scaled[1][name]) for name in scaled[0]]
    return same and all(a.tobytes() == b.tobytes() for a, b in arrays)


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_run_leaves_model_report_and_provenance_and_gives_its_numbers(small_scene, parameters):
    result = run_job(small_scene.train(parameters, report=True))
    assert small_scene.left() == ALL_FILES
    assert set(result.numbers) == {"OA", "AA", "KAPPA", "F1"}
    assert all(math.isfinite(value) for value in result.numbers.values())
    assert result.outputs["model"] == str(small_scene.out / "m.safetensors")
    model = read_model(small_scene.out / "m.safetensors")
    assert [c.value for c in model.classes] == [1, 2, 3]
    assert model.scores["OA"] == result.numbers["OA"]
    assert np.sum(model.scores["matrix"]) > 0
    report = (small_scene.out / "m.html").read_text(encoding="utf-8")
    assert model.scores["measured_on"] in report
    assert "Held back: 5 of 16 groups" in report


def test_a_forest_tells_grass_from_trees_by_height(small_scene):
    assert run_job(small_scene.train()).numbers["OA"] == 1.0
    alone = small_scene.train(inputs={"optical": small_scene.inputs["optical"]})
    assert run_job(alone).numbers["OA"] < 0.9


def test_a_machine_keeps_the_settings_it_chose_for_the_model_that_is_saved(small_scene):
    events = Events()
    numbers = run_job(small_scene.train(small_scene.machine), events.progress).numbers
    assert numbers["OA"] > 0.95
    assert events.texts().count("Chosen by cross-validation") == 1
    options = read_model(small_scene.out / "m.safetensors").config.options
    assert f"C {options['cost']:g}, gamma {options['gamma']:g}" in events.texts()
    given = {**small_scene.machine, "svm_cost": 2.0, "svm_gamma": 0.5}
    run_job(small_scene.train(given))
    options = read_model(small_scene.out / "m.safetensors").config.options
    assert (options["cost"], options["gamma"]) == (2.0, 0.5)


def test_a_machine_of_too_many_samples_says_how_many_it_took(small_scene, monkeypatch):
    from landfuse.core.models import svm

    monkeypatch.setattr(svm, "MAX_SAMPLES", 100)
    events = Events()
    run_job(small_scene.train({**small_scene.machine, "test_fraction": 0.0}), events.progress)
    assert "fitted to 99 of 576 samples (limit 100)" in events.texts()


def test_the_same_job_twice_gives_the_same_model(small_scene, parameters):
    for name in ("a", "b"):
        run_job(small_scene.train(parameters, outputs={"model": f"{name}.safetensors"}))
    assert same_model(small_scene.out / "a.safetensors", small_scene.out / "b.safetensors")
    other = small_scene.train({**parameters, "seed": 1}, outputs={"model": "c.safetensors"})
    run_job(other)
    assert not same_model(small_scene.out / "a.safetensors", small_scene.out / "c.safetensors")


def test_the_kept_job_repeats_the_model_after_the_samples_changed(small_scene, parameters):
    run_job(small_scene.train(parameters, report=True))
    shutil.copytree(small_scene.out, small_scene.folder / "kept")
    small_scene.write_areas("areas.gpkg", small_scene.areas()[:7])
    kept = read_job(small_scene.folder / "kept" / "m.job.json")
    result = run_job(kept)  # replaces the model: the job names its outputs
    assert same_model(small_scene.out / "m.safetensors", small_scene.folder / "kept" / "m.safetensors")
    first, again = (
        read_metadata(f / "m.safetensors") for f in (small_scene.folder / "kept", small_scene.out)
    )
    assert again["scores"] == first["scores"]
    assert result.numbers["OA"] == first["scores"]["OA"]


def test_the_kept_job_may_replace_the_model_it_lies_beside(small_scene):
    run_job(small_scene.train())
    before = files(small_scene.out)
    run_job(read_job(small_scene.out / "m.job.json"))
    after = files(small_scene.out)
    assert after["m.safetensors"] == before["m.safetensors"]
    assert small_scene.left() == ["m.job.json", "m.safetensors", "m.samples.gpkg"]
    run_job(read_job(small_scene.out / "m.job.json"))
    assert files(small_scene.out)["m.safetensors"] == before["m.safetensors"]


def test_a_kept_job_of_named_classes_repeats_them(small_scene):
    named = small_scene.write_areas("named.gpkg", small_scene.areas(("grass", "Bäume", "water")), "kind")
    run_job(small_scene.train(samples={"path": named, "class_field": "kind"}))
    first = (small_scene.out / "m.safetensors").read_bytes()
    assert [c.name for c in read_model(small_scene.out / "m.safetensors").classes] == [
        "Bäume",
        "grass",
        "water",
    ]
    os.remove(named)
    run_job(read_job(small_scene.out / "m.job.json"))
    assert (small_scene.out / "m.safetensors").read_bytes() == first


def test_without_refit_the_scored_model_is_saved(small_scene, parameters):
    run_job(small_scene.train({**parameters, "refit": False}))
    model = read_model(small_scene.out / "m.safetensors")
    assert "not seen" in model.scores["saved_model"]
    found, labels, held_back = predictions_at_held_back(small_scene, model)
    assert held_back.sum() == np.sum(model.scores["matrix"])
    assert np.mean(found == labels) == pytest.approx(model.scores["OA"], abs=1e-12)
    run_job(small_scene.train(parameters, outputs={"model": "refitted.safetensors"}))
    assert not same_model(small_scene.out / "m.safetensors", small_scene.out / "refitted.safetensors")
    refitted = read_model(small_scene.out / "refitted.safetensors").scores
    assert (refitted["OA"], refitted["measured_on"]) == (model.scores["OA"], model.scores["measured_on"])
    assert "trained again" in refitted["saved_model"]


def predictions_at_held_back(scene, model):
    """Return what a saved model says at the samples that its job held back, and the truth there."""
    from landfuse.core.data.splits import assign_groups, hold_back
    from landfuse.core.inference.predictor import make_predictor
    from landfuse.core.progress import silent
    from landfuse.core.training.recipe import make_recipe
    from landfuse.core.training.scene import open_scene

    job = read_job(scene.out / "m.job.json")
    with open_scene(job, silent) as opened:
        recipe = make_recipe(job, opened.modalities, opened.grid)
        samples = assign_groups(opened.samples, recipe.gap, *opened.grid.shape)
        split = hold_back(samples, job.parameters["test_fraction"], recipe.seed, recipe.gap)
        tests = samples.subset(split.test)
        found = make_predictor(model, "cpu", "fp32").predict_at(opened.stack, tests.rows, tests.cols)
    return found, tests.labels, split.test


@pytest.mark.parametrize("kind", ["vector", "raster"])
def test_given_test_samples_replace_the_held_back_part(small_scene, kind):
    corner = [
        (small_scene.box(0, 0, 2, 2), 1),
        (small_scene.box(0, 12, 2, 15), 2),
        (small_scene.box(0, 24, 1, 27), 3),
    ]
    tests = {"path": small_scene.write_areas("tests.gpkg", corner), "class_field": "class"}
    if kind == "raster":
        labels = np.zeros((48, 48), np.uint8)
        labels[:2, :2], labels[:2, 12:15], labels[0, 24:27] = 1, 2, 3
        tests = {"path": small_scene.write_raster("tests.tif", labels), "type": "raster"}
    events = Events()
    run_job(small_scene.train(test_samples=tests), events.progress)
    scores = read_model(small_scene.out / "m.safetensors").scores
    assert np.sum(scores["matrix"], axis=1).tolist() == [4, 6, 3]
    assert "given test samples" in scores["measured_on"]
    assert "Training again" not in events.texts()
    everything = small_scene.train(
        {**small_scene.forest, "test_fraction": 0.0}, outputs={"model": "all.safetensors"}
    )
    run_job(everything)
    assert same_model(small_scene.out / "m.safetensors", small_scene.out / "all.safetensors")


def test_test_samples_on_training_areas_are_warned_of(small_scene):
    events = Events()
    run_job(small_scene.train(test_samples=small_scene.samples, report=True), events.progress)
    warning = "576 of 576 test samples are closer than one patch side"
    assert warning in events.texts()
    assert warning in (small_scene.out / "m.html").read_text(encoding="utf-8")


def test_wrong_test_samples_are_told_before_the_training(small_scene):
    elsewhere = small_scene.write_areas("far.gpkg", [(small_scene.box(900, 900, 905, 905), 1)])
    events = Events()
    with pytest.raises(SamplesError, match=r"far\.gpkg"):
        run_job(small_scene.train(test_samples={"path": elsewhere, "class_field": "class"}), events.progress)
    assert not any("trees" in e.get("stage", "") for e in events.seen)


def test_without_held_back_part_the_model_has_no_scores(small_scene):
    result = run_job(small_scene.train({**small_scene.forest, "test_fraction": 0.0}, report=True))
    assert set(result.numbers.values()) == {None}
    assert read_model(small_scene.out / "m.safetensors").scores == {
        "measured_on": "nothing: the model was not scored"
    }
    assert "not scored" in (small_scene.out / "m.html").read_text(encoding="utf-8")


def test_a_class_with_a_single_place_is_trained_and_reported_as_not_assessed(small_scene):
    areas = small_scene.areas()
    water = [area for area in areas if area[1] == 3]
    path = small_scene.write_areas("few.gpkg", [a for a in areas if a[1] != 3] + water[:1])
    run_job(small_scene.train(samples={"path": path, "class_field": "class"}, report=True))
    model = read_model(small_scene.out / "m.safetensors")
    assert model.scores["not_assessed"] == [2]
    assert np.sum(model.scores["matrix"], axis=1)[2] == 0
    assert "not assessed" in (small_scene.out / "m.html").read_text(encoding="utf-8").lower()
    run_job(small_scene.classify(small_scene.out / "m.safetensors"))  # it can be mapped all the same
    assert 3 in np.unique(read_map(small_scene.out / "classmap.tif"))


def read_map(path):
    from landfuse.core.data.band_reader import read_band_window
    from landfuse.core.data.raster_description import inspect
    from landfuse.core.data.windows import Window

    return read_band_window(str(path), 1, Window(0, 0, *inspect(str(path)).grid.shape))


def test_one_place_per_class_gives_a_model_without_scores_and_a_warning(small_scene):
    areas = [(small_scene.box(12 * i, 36 * i // 3, 12 * i + 1, 36 * i // 3 + 3), i + 1) for i in range(3)]
    path = small_scene.write_areas("single.gpkg", areas)
    events = Events()
    result = run_job(small_scene.train(samples={"path": path, "class_field": "class"}), events.progress)
    assert set(result.numbers.values()) == {None}
    assert "nothing is scored" in events.texts()


def test_a_label_raster_is_read_on_its_grid_and_not_copied(small_scene):
    run_job(small_scene.train())  # an older model whose copy of samples must not stay beside the new one
    labels = {"path": small_scene.write_raster("labels.tif", small_scene.truth), "type": "raster"}
    run_job(small_scene.train(samples=labels))
    assert small_scene.left() == ["m.job.json", "m.safetensors"]
    first = (small_scene.out / "m.safetensors").read_bytes()
    run_job(read_job(small_scene.out / "m.job.json"))
    assert (small_scene.out / "m.safetensors").read_bytes() == first


def test_the_model_file_names_no_folder_and_no_user(small_scene, parameters):
    run_job(small_scene.train(parameters, report=True))
    content = (small_scene.out / "m.safetensors").read_bytes()
    text = json.dumps(read_metadata(small_scene.out / "m.safetensors"), ensure_ascii=False)
    assert str(small_scene.folder).encode() not in content
    assert str(small_scene.folder.parent).encode() not in content
    assert re.findall(r'"(?:/|~|\\\\|[A-Za-z]:[\\/])[^"]*"', text) == []


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.75, 0.9, 1.0])
def test_a_cancelled_run_leaves_nothing_behind(small_scene, parameters, share):
    whole = Events()
    run_job(small_scene.train(parameters, report=True), whole.progress)
    for name in ALL_FILES:
        os.remove(small_scene.out / name)
    with pytest.raises(Cancelled):
        run_job(
            small_scene.train(parameters, report=True), Events(max(1, int(share * len(whole.seen)))).progress
        )
    assert small_scene.left() == []


def test_a_cancelled_run_keeps_older_files(small_scene):
    events = Events()
    run_job(small_scene.train(report=True), events.progress)
    before = files(small_scene.out)
    changed = small_scene.train({**small_scene.forest, "seed": 9}, report=True)
    with pytest.raises(Cancelled):
        run_job(changed, Events(len(events.seen)).progress)
    assert files(small_scene.out) == before


@pytest.mark.parametrize("has_older", [False, True])
def test_a_report_that_cannot_be_written_leaves_no_model_and_keeps_an_older_one(small_scene, has_older):
    if has_older:
        run_job(small_scene.train())
    before, reports = files(small_scene.out), small_scene.folder / "reports"
    reports.mkdir()

    def lose_folder(event):
        if event.get("stage") == "Writing the model":
            reports.rmdir()

    job = small_scene.train(
        {**small_scene.forest, "seed": 9}, outputs={**MODEL, "report": "../scene/reports/m.html"}
    )
    with pytest.raises(OutputError, match=r"reports.*m\.html"):
        run_job(job, Progress(lose_folder))
    assert files(small_scene.out) == before


@pytest.mark.parametrize("broken", ["write_report", "write_sidecars", "write_model"])
def test_whatever_fails_in_writing_leaves_nothing_behind(small_scene, broken, monkeypatch):
    from landfuse.core.training import train_job

    def fail(*args):
        raise OutputError("The disk is full.", where="a draft", remedy="Free some space.")

    monkeypatch.setattr(train_job, broken, fail)
    with pytest.raises(OutputError) as caught:
        run_job(small_scene.train(report=True))
    assert caught.value.where == str(
        small_scene.out / ("m.html" if broken == "write_report" else "m.safetensors")
    )
    assert small_scene.left() == []


def test_missing_torch_is_told_before_any_work(small_scene, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    events = Events()
    with pytest.raises(MissingDependencyError, match=r"torch.*[Ss]et up"):
        run_job(small_scene.train(small_scene.network), events.progress)
    assert events.seen == []


@pytest.mark.parametrize("method", ["forest", "machine"])
def test_pixel_methods_are_trained_and_applied_with_torch_absent(small_scene, root, method):
    parameters = getattr(small_scene, method)
    jobs = [
        small_scene.train(parameters, report=True),
        small_scene.classify(small_scene.out / "m.safetensors"),
    ]
    paths = []
    for job in jobs:
        paths.append(str(small_scene.folder / f"{job.kind}.json"))
        (small_scene.folder / f"{job.kind}.json").write_text(json.dumps(job.to_json()))
    code = (
        f"import sys; sys.modules['torch'] = None; sys.path.insert(0, {str(root / 'tests')!r})\n"
        "import conftest\n"
        "from pathlib import Path\n"
        "from landfuse.core.dispatch import run_job\n"
        "from landfuse.core.job_file import read_job\n"
        "for path in sys.argv[1:]: print(run_job(read_job(Path(path))).numbers)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *paths], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "'OA': 1.0" in done.stdout
    assert "'CLASSIFIED_PIXELS': 2304" in done.stdout


@pytest.mark.parametrize("wrong", [{"patch_size": 4}, {"patch_size": 1}, {"context_windows": "3,4"}])
def test_settings_that_cannot_be_are_told_before_any_work(small_scene, wrong):
    events = Events()
    with pytest.raises(JobError) as caught:
        run_job(small_scene.train({**small_scene.network, **wrong}), events.progress)
    assert caught.value.where == next(iter(wrong))
    assert caught.value.remedy
    assert events.seen == []


def test_the_log_says_what_was_decided(small_scene):
    events = Events()
    run_job(small_scene.train(small_scene.network), events.progress)
    text = events.texts()
    assert "Grid: 48 x 48 pixels of 2 m" in text
    assert "class 1 216, class 2 180, class 3 180" in text
    assert "patch is 5 x 5 map pixels (10 m)" in text
    assert "Held back: " in text


def test_the_network_is_trained_twice_for_the_same_number_of_epochs(small_scene):
    events = Events()
    done = run_job(small_scene.train({**small_scene.network, "epochs": 2}), events.progress)
    losses = [e["epoch"] for e in events.seen if e["event"] == "metric" and e["name"] == "loss"]
    assert losses == [1, 2, 1, 2]
    held_back = [e for e in events.seen if e.get("name") == "held_back_accuracy"]
    assert [e["epoch"] for e in held_back] == [1, 2]
    assert 0 <= held_back[0]["value"] <= 1
    assert held_back[1]["value"] == done.numbers["OA"]
    assert read_model(small_scene.out / "m.safetensors").training["epochs"] == 2


def test_looking_at_held_back_samples_leaves_the_model_as_it_is(small_scene, monkeypatch):
    from landfuse.core.training import fit

    job = small_scene.train({**small_scene.network, "epochs": 2})
    run_job(job, Progress())
    watched = (small_scene.out / "m.safetensors").read_bytes()
    monkeypatch.setattr(fit, "_shown", lambda *_: None)
    run_job(job, Progress())
    assert (small_scene.out / "m.safetensors").read_bytes() == watched


def test_labels_everywhere_without_a_gap_leave_pixels_to_measure_the_bands_on(small_scene):
    labels = {"path": small_scene.write_raster("labels.tif", small_scene.truth), "type": "raster"}
    wide = {**small_scene.forest, "context_windows": "31", "gap": 0.0}
    assert run_job(small_scene.train(wide, samples=labels)).numbers["OA"] is not None


def test_a_stopped_job_goes_on_and_gives_the_model_of_one_run(small_scene, monkeypatch):
    from landfuse.core.training import state

    monkeypatch.setattr(state, "KEEP_AFTER", 0.0)
    parameters = {**small_scene.network, "epochs": 3}
    run_job(small_scene.train(parameters, outputs={"model": "whole.safetensors"}))
    events = Events()
    events.progress = Progress(
        events.seen.append, lambda: sum(e.get("name") == "loss" for e in events.seen) >= 4
    )
    with pytest.raises(Cancelled):  # in the second epoch of the second training
        run_job(small_scene.train(parameters), events.progress)
    assert len([name for name in small_scene.left() if name.endswith(".training")]) == 2
    again = Events()
    run_job(small_scene.train(parameters), again.progress)
    assert again.texts().count("goes on from there") == 2
    assert same_model(small_scene.out / "whole.safetensors", small_scene.out / "m.safetensors")
    assert not [name for name in small_scene.left() if name.endswith(".training")]


def test_gihcn_says_that_raw_data_stand_in_for_its_generative_information(small_scene):
    parameters = {**small_scene.network, "method": "gihcn", "epochs": 1, "information": "raw"}
    run_job(small_scene.train(parameters, report=True))
    raw = "raw data (the published method takes diffusion features)"
    metadata = read_metadata(small_scene.out / "m.safetensors")
    assert metadata["config"]["options"]["generative_information"] == raw
    report = (small_scene.out / "m.html").read_text(encoding="utf-8")
    assert raw in report
    assert "selective scan" in report
    outcome = run_job(small_scene.classify(small_scene.out / "m.safetensors"))
    assert outcome.outputs["classmap"]
