"""The whole comparison on a scene of 48 x 48 pixels."""

from __future__ import annotations

import csv
import json
import re

import numpy as np
import pytest
from landfuse.core.comparison import compare_job
from landfuse.core.dispatch import run_job
from landfuse.core.errors import Cancelled, JobError, LandfuseError, OutputError, SamplesError, TrainingError
from landfuse.core.job_file import parse_job
from landfuse.core.job_spec import PATCH_METHODS
from landfuse.core.progress import Progress

pytest.importorskip("sklearn", reason="needs the engine's packages")

FAST = {
    "methods": "random_forest", "subsets": "all,single", "seeds": "1,2", "folds": 2, "trees": 5,
    "context_windows": "3", "gap": 4.0, "device": "cpu", "threads": 1,
}  # fmt: skip


class Events:
    """Keeps the events of a run and cancels it when `stop` holds for the texts so far."""

    def __init__(self, stop=lambda texts: False):
        self.seen = []
        self.progress = Progress(self.seen.append, lambda: stop(self.texts()))

    def texts(self):
        return "\n".join(e["text"] for e in self.seen if e["event"] == "log")


def compare(scene, parameters=None, **changes):
    values = {
        "kind": "compare", "inputs": scene.inputs, "samples": scene.samples,
        "parameters": {**FAST, **(parameters or {})}, "outputs": {"results": "results"}, **changes,
    }  # fmt: skip
    return parse_job(values, scene.out)


def rows(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def cells(scene):
    return sorted(path.name for path in (scene.out / "results" / "cells").iterdir())


def test_every_cell_is_run_and_kept_with_its_matrix(small_scene):
    result = run_job(compare(small_scene))
    assert result.numbers == {"CELLS": 12, "FINISHED": 12, "FAILED": 0}
    assert len(cells(small_scene)) == 12
    name = "random_forest__lidar+optical__seed2__fold1.json"
    record = json.loads((small_scene.out / "results" / "cells" / name).read_text())
    counts = np.array(record["matrix"]["counts"])
    assert record["numbers"]["OA"] == pytest.approx(np.trace(counts) / counts.sum())
    assert (record["seed"], record["fold"], record["sources"]) == (2, 1, ["lidar", "optical"])
    assert set(result.outputs) == {"results", "report", "table", "runs", "latex"}


def test_mean_and_deviation_are_those_of_the_single_runs(small_scene):
    run_job(compare(small_scene, {"context_windows": ""}))
    runs = rows(small_scene.out / "results" / "runs.csv")
    for line in rows(small_scene.out / "results" / "comparison.csv"):
        own = [
            float(r["OA"]) for r in runs if (r["method"], r["sources"]) == (line["method"], line["sources"])
        ]
        assert len(own) == int(line["runs"]) == 4
        assert float(line["OA_mean"]) == pytest.approx(np.mean(own), abs=1e-5)
        assert float(line["OA_sd"]) == pytest.approx(np.std(own, ddof=1), abs=1e-5)


def test_all_samples_are_tested_once_in_each_row_and_seed(small_scene):
    run_job(compare(small_scene, {"seeds": "7", "folds": 3}))
    totals = {}
    for path in (small_scene.out / "results" / "cells").iterdir():
        record = json.loads(path.read_text())
        key = tuple(record["sources"])
        totals[key] = totals.get(key, 0) + np.sum(record["matrix"]["counts"])
    assert set(totals.values()) == {576}


def test_every_caption_names_split_gap_seeds_and_preset(small_scene):
    run_job(compare(small_scene))
    folder = small_scene.out / "results"
    page, latex = (folder / "comparison.html").read_text(), (folder / "comparison.tex").read_text()
    wanted = [
        "2 spatial folds",
        "gap 4 m (2 map pixels)",
        "seeds 1, 2",
        "preset default with context windows 3, trees 5",
    ]
    captions = re.findall(r'<p class="caption">((?:Mean|F1 from|Split|Single).*?)</p>', page)
    assert len(captions) == 4
    assert "2 seeds x 2 folds" in captions[0]
    for text in [*captions, re.search(r"\\caption\{(.*)\}", latex)[1]]:
        assert [part for part in wanted if part not in text] == []
    for line in rows(folder / "comparison.csv"):
        told = " ".join(line[name] for name in ("split", "gap", "seeds", "preset", "spread"))
        assert all(part.removeprefix("seeds ").removeprefix("preset ") in told for part in wanted)


def test_a_stopped_comparison_goes_on_and_gives_the_same_table(small_scene):
    run_job(compare(small_scene, outputs={"results": "whole"}))
    events = Events(lambda texts: texts.count("finished in") >= 5)
    with pytest.raises(Cancelled):
        run_job(compare(small_scene), events.progress)
    assert len(cells(small_scene)) == 5
    table = small_scene.out / "results" / "comparison.csv"
    assert sum(int(line["runs"]) for line in rows(table)) in (4, 5)
    again = Events()
    run_job(compare(small_scene), again.progress)
    assert "5 of 12 cells are finished already" in again.texts()
    assert again.texts().count("finished in") == 7
    names = [name for name in rows(table)[0] if not name.endswith("seconds")]
    whole = rows(small_scene.out / "whole" / "comparison.csv")
    assert [[line[n] for n in names] for line in rows(table)] == [[line[n] for n in names] for line in whole]


def test_other_settings_or_samples_are_no_finished_cells(small_scene):
    run_job(compare(small_scene))
    fewer = small_scene.write_areas("b.gpkg", small_scene.areas()[:-1])
    for job in (
        compare(small_scene, {"trees": 6}),
        compare(small_scene, {"redo": True, "trees": 6}),
        compare(small_scene, {"trees": 6}, samples={**small_scene.samples, "path": fewer}),
    ):
        events = Events()
        run_job(job, events.progress)
        assert "finished already" not in events.texts()
    events = Events()
    run_job(job, events.progress)
    assert "12 of 12 cells are finished already" in events.texts()


def test_an_added_method_keeps_the_cells_of_the_others(small_scene):
    run_job(compare(small_scene, {"subsets": "all"}))
    events = Events()
    result = run_job(
        compare(small_scene, {"subsets": "all", "methods": "random_forest,svm"}), events.progress
    )
    assert result.numbers == {"CELLS": 8, "FINISHED": 8, "FAILED": 0}
    assert "4 of 8 cells are finished already" in events.texts()
    assert [line["method"] for line in rows(small_scene.out / "results" / "comparison.csv")] == [
        "random_forest",
        "svm",
    ]


def test_a_failed_cell_is_told_and_the_others_are_kept(small_scene, monkeypatch):
    real = compare_job.fit_model

    def sometimes(job, *args, **settings):
        if job.parameters["seed"] == 2 and list(job.inputs) == ["lidar"]:
            raise TrainingError("The loss is not finite.")
        if job.parameters["seed"] == 2 and list(job.inputs) == ["optical"]:
            raise ZeroDivisionError("by design")
        return real(job, *args, **settings)

    monkeypatch.setattr(compare_job, "fit_model", sometimes)
    events = Events()
    result = run_job(compare(small_scene), events.progress)
    assert result.numbers == {"CELLS": 12, "FINISHED": 8, "FAILED": 4}
    page = (small_scene.out / "results" / "comparison.html").read_text()
    assert page.count("The loss is not finite.") == 2
    assert "ZeroDivisionError: by design" in page
    assert "Unfinished: 8 of 12 runs" in page
    failed = [r for r in rows(small_scene.out / "results" / "runs.csv") if r["status"] == "failed"]
    assert [bool(r["error"]) for r in failed] == [True] * 4
    assert any(e.get("level") == "warning" and "not finite" in e["text"] for e in events.seen)
    monkeypatch.setattr(compare_job, "fit_model", real)
    assert run_job(compare(small_scene)).numbers["FAILED"] == 0


def test_a_comparison_without_any_finished_cell_is_an_error(small_scene, monkeypatch):
    def never(*args, **settings):
        raise TrainingError("The loss is not finite.")

    monkeypatch.setattr(compare_job, "fit_model", never)
    with pytest.raises(TrainingError, match=r"Not one of 12 cells.*not finite"):
        run_job(compare(small_scene))


def test_a_network_is_trained_for_each_cell_and_leaves_no_state(small_scene):
    pytest.importorskip("torch", reason="needs the engine's packages")
    values = {"methods": "mibf_net", "subsets": "all", "seeds": "1", "epochs": 1, "patch_size": 5}
    events = Events()
    result = run_job(compare(small_scene, values), events.progress)
    assert result.numbers == {"CELLS": 2, "FINISHED": 2, "FAILED": 0}
    assert all(name.endswith(".json") for name in cells(small_scene))
    assert not any(event["event"] == "metric" for event in events.seen)


def test_a_method_that_labels_whole_tiles_is_compared_on_the_same_pixels(small_scene):
    pytest.importorskip("torch", reason="needs the engine's packages")
    values = {"methods": "random_forest,ref_net", "subsets": "all", "seeds": "1", "epochs": 1}
    result = run_job(compare(small_scene, values))
    assert result.numbers == {"CELLS": 4, "FINISHED": 4, "FAILED": 0}
    tested = {}
    for line in rows(small_scene.out / "results" / "runs.csv"):
        tested.setdefault(line["method"], []).append((line["fold"], line["test_samples"]))
    assert tested["ref_net"] == tested["random_forest"]


def test_every_patch_network_is_compared(small_scene, monkeypatch, tmp_path):
    pytest.importorskip("torch", reason="needs the engine's packages")
    monkeypatch.setenv("LANDFUSE_HOME", str(tmp_path / "home"))  # where diffusion models are kept
    values = {"methods": ",".join(PATCH_METHODS), "subsets": "lidar", "seeds": "1", "diffusion_steps": 2}
    result = run_job(compare(small_scene, {**values, "epochs": 1, "patch_size": 5}))
    assert result.numbers == {"CELLS": 6, "FINISHED": 6, "FAILED": 0}


def test_a_source_with_the_first_role_has_it_where_it_is(small_scene):
    pytest.importorskip("torch", reason="needs the engine's packages")
    values = {"methods": "ref_net", "seeds": "1", "epochs": 1, "first_source": "lidar", "folds": 1}
    result = run_job(compare(small_scene, values))
    assert result.numbers == {"CELLS": 3, "FINISHED": 3, "FAILED": 0}
    found = {}
    for path in (small_scene.out / "results" / "cells").iterdir():
        record = json.loads(path.read_text())
        found["+".join(record["sources"])] = record["settings"]["primary"]
    assert found == {"lidar+optical": "lidar", "lidar": "lidar", "optical": "optical"}
    captions = (small_scene.out / "results" / "comparison.tex").read_text()
    assert "first source lidar" in captions
    assert "trees" not in captions  # which no method of this comparison reads


def test_a_network_that_was_stopped_goes_on_within_its_cell(small_scene, monkeypatch):
    pytest.importorskip("torch", reason="needs the engine's packages")
    from landfuse.core.training import state

    monkeypatch.setattr(state, "KEEP_AFTER", 0.0)
    values = {"methods": "mibf_net", "subsets": "all", "seeds": "1", "epochs": 3, "patch_size": 5}
    run_job(compare(small_scene, values, outputs={"results": "whole"}))
    events = Events(lambda texts: "state of the training is kept" in texts)
    with pytest.raises(Cancelled):
        run_job(compare(small_scene, values), events.progress)
    assert [name.endswith(".training") for name in cells(small_scene)] == [True]
    again = Events()
    run_job(compare(small_scene, values), again.progress)
    assert again.texts().count("goes on from there") == 1
    assert all(name.endswith(".json") for name in cells(small_scene))
    whole, found = (rows(small_scene.out / name / "runs.csv") for name in ("whole", "results"))
    assert [line["F1"] for line in found] == [line["F1"] for line in whole]


def test_the_largest_gap_of_the_methods_holds_for_all(small_scene):
    pytest.importorskip("torch", reason="needs the engine's packages")
    values = {"methods": "random_forest,mibf_net", "subsets": "all", "seeds": "1", "epochs": 1, "gap": -1.0}
    # The network's patch of 5 pixels needs 10 m + 2 * 4 m; the forest's window of 3 needs less.
    run_job(compare(small_scene, {**values, "patch_size": 5}))
    lines = rows(small_scene.out / "results" / "comparison.csv")
    assert [line["gap"] for line in lines] == ["gap 18 m (9 map pixels)"] * 2


def test_given_test_samples_replace_the_folds(small_scene):
    areas = small_scene.areas()
    training = {**small_scene.samples, "path": small_scene.write_areas("train.gpkg", areas[:8])}
    tests = {**small_scene.samples, "path": small_scene.write_areas("test.gpkg", areas[8:])}
    result = run_job(compare(small_scene, samples=training, test_samples=tests))
    assert result.numbers["CELLS"] == 6
    line = rows(small_scene.out / "results" / "comparison.csv")[0]
    assert line["split"] == f"given test samples, {8 * 36} pixels"
    assert "no test sample is closer" in line["gap"]


def test_a_single_run_in_each_line_is_not_given_a_spread(small_scene):
    run_job(compare(small_scene, {"folds": 1, "seeds": "42"}))
    folder = small_scene.out / "results"
    for name in ("comparison.html", "comparison.tex"):
        text = (folder / name).read_text()
        assert "A single run in each line, hence no spread. Split: one spatial split" in text
    assert all(line["OA_sd"] == "" for line in rows(folder / "comparison.csv"))


def test_one_fold_is_the_split_of_a_training(small_scene):
    result = run_job(compare(small_scene, {"folds": 1, "subsets": "all", "seeds": "42"}))
    assert result.numbers["CELLS"] == 1
    record = json.loads(next((small_scene.out / "results" / "cells").iterdir()).read_text())
    trained = run_job(small_scene.train({**small_scene.forest, "seed": 42, "refit": False}))
    assert record["numbers"]["OA"] == trained.numbers["OA"]
    assert np.sum(record["matrix"]["counts"]) == np.sum(
        json.loads(json.dumps(_scores(small_scene)["matrix"]))
    )


def _scores(scene):
    from landfuse.core.models.model_file import read_model

    return read_model(scene.out / "m.safetensors").scores


def test_the_time_left_is_told_once_a_cell_is_finished(small_scene):
    events = Events()
    run_job(compare(small_scene), events.progress)
    seen = [e for e in events.seen if e["event"] == "progress"]
    assert [e["fraction"] for e in seen] == sorted(e["fraction"] for e in seen)
    late = [e for e in seen if "(7 of 12)" in e["stage"]]
    assert late
    assert all(e["seconds_left"] is not None for e in late)
    last = [e["seconds_left"] for e in seen if "(12 of 12)" in e["stage"]]
    assert last[-1] < late[0]["seconds_left"]


def test_published_figures_stand_beside_their_line(small_scene):
    path = small_scene.folder / "published.csv"
    path.write_text(
        "method,sources,OA,AA,KAPPA,F1,source\n"
        'random_forest,,0.913,,,,"Doe & Roe, 2020, Table 2"\n'
        "random_forest,lidar,0.5,0.4,,,Doe 2021\n"
    )
    run_job(compare(small_scene, {"published": str(path)}))
    folder = small_scene.out / "results"
    page, latex = (folder / "comparison.html").read_text(), (folder / "comparison.tex").read_text()
    assert "published: Doe &amp; Roe, 2020, Table 2" in page
    assert "91.3 %" in page
    assert r"published: Doe \& Roe, 2020, Table 2 & lidar + optical & $91.3$ & -- & -- & -- \\" in latex
    found = [r for r in rows(folder / "comparison.csv") if r["runs"] == "published"]
    assert [(r["sources"], r["OA_mean"], r["published_source"]) for r in found] == [
        ("lidar + optical", "0.913000", "Doe & Roe, 2020, Table 2"),
        ("lidar", "0.500000", "Doe 2021"),
    ]


HEAD = "method,sources,OA,AA,KAPPA,F1,source\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (HEAD + "random_forest,,0.9,,,,\n", "no source"),
        (HEAD + "forest,,0.9,,,,Doe\n", "no line of this comparison"),
        (HEAD + "random_forest,sar,0.9,,,,Doe\n", "no line of this comparison"),
        (HEAD + "random_forest,,91.3,,,,Doe\n", "no share"),
        (HEAD + "random_forest,,nan,,,,Doe\n", "no share"),
        ("method,OA\nrandom_forest,0.9\n", "columns are method, OA"),
    ],
)
def test_published_figures_that_cannot_be_taken_are_refused(small_scene, text, told):
    path = small_scene.folder / "published.csv"
    path.write_text(text)
    text = "is not a share" if told == "no share" else told
    with pytest.raises(JobError, match=text):
        run_job(compare(small_scene, {"published": str(path)}))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"methods": "forest"}, "Not a method: forest"),
        ({"methods": " , "}, "No method"),
        ({"subsets": "all,sar"}, "sar"),
        ({"subsets": ""}, "No sources"),
        ({"seeds": "1,x"}, "no list of seeds"),
        ({"seeds": "-1"}, "no list of seeds"),
        ({"seeds": ""}, "no list of seeds"),
        ({"methods": "mibf_net", "patch_size": 4}, "not odd"),
        ({"context_windows": "4"}, "odd"),
    ],
)
def test_a_design_that_cannot_be_is_refused_before_any_work(small_scene, wrong, told):
    events = Events()
    with pytest.raises(JobError, match=told) as caught:
        run_job(compare(small_scene, wrong), events.progress)
    assert caught.value.remedy
    assert events.seen == []
    assert not (small_scene.out / "results").exists()


def test_samples_at_one_place_per_class_cannot_be_compared(small_scene):
    few = {**small_scene.samples, "path": small_scene.write_areas("few.gpkg", small_scene.areas()[:3])}
    with pytest.raises(SamplesError, match="cannot be divided"):
        run_job(compare(small_scene, samples=few))


def test_a_folder_that_cannot_be_made_is_told(small_scene):
    (small_scene.out / "taken").write_text("a file")
    with pytest.raises(OutputError):
        run_job(compare(small_scene, outputs={"results": "taken"}))


def test_every_error_is_for_the_user(small_scene):
    with pytest.raises(LandfuseError):
        run_job(compare(small_scene, samples={**small_scene.samples, "class_field": "nothing"}))
