"""What every algorithm does with its parameters, its job and its errors."""

from __future__ import annotations

import pytest
from landfuse.core.errors import EngineError
from landfuse.core.job_kinds import KINDS
from landfuse.core.job_spec import JobResult
from qgis.core import QgsApplication, QgsProcessingException, QgsProcessingParameterDefinition

SOURCES = ("HSI", "LIDAR", "SAR", "OPTICAL", "OTHER")


def names(definitions):
    return {d.name() for d in definitions}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_job_is_an_algorithm_with_all_its_parameters(algorithm, kind):
    found, spec = algorithm(kind), KINDS[kind]
    parameters = names(found.parameterDefinitions())
    assert {p.name.upper() for p in spec.parameters} <= parameters
    assert {o.upper() for o in spec.outputs} <= parameters
    assert set(spec.numbers) <= names(found.outputDefinitions())
    assert spec.reads_scene == (set(SOURCES) <= parameters)
    assert spec.takes_samples == ({"SAMPLES", "CLASS_FIELD", "GROUP_FIELD", "LABELS"} <= parameters)
    assert spec.takes_test_samples == ({"TEST_SAMPLES", "TEST_LABELS"} <= parameters)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_algorithm_explains_itself(algorithm, kind):
    found = algorithm(kind)
    assert found.displayName()
    assert found.group()
    assert found.tags()
    assert not found.icon().isNull()
    for parameter in found.parameterDefinitions():
        if parameter.help():
            assert parameter.help() in found.shortHelpString()


def test_method_is_chosen_by_its_name(algorithm):
    train = algorithm("train")  # owns its parameters
    parameter = train.parameterDefinition("METHOD")
    assert parameter.usesStaticStrings()
    assert "mibf_net" in parameter.options()


def test_settings_marked_advanced_are_folded_away(algorithm):
    advanced = QgsProcessingParameterDefinition.Flag.FlagAdvanced
    train = algorithm("train")
    assert train.parameterDefinition("SEED").flags() & advanced
    assert train.parameterDefinition("HSI_BANDS").flags() & advanced
    assert not train.parameterDefinition("METHOD").flags() & advanced


@pytest.mark.parametrize(
    ("kind", "given", "word"),
    [
        ("train", {}, "at least one source"),
        ("train", {"HSI": "a.tif"}, "SAMPLES"),
        ("train", {"HSI": "a.tif", "SAMPLES": "s.gpkg"}, "CLASS_FIELD"),
        ("train", {"HSI": "a.tif", "LABELS": "l.tif", "PATCH_SIZE": 8}, "odd"),
        ("train", {"HSI": "a.tif", "LABELS": "l.tif", "HSI_BANDS": "5-2"}, "5-2"),
        ("train", {"HSI": "a.tif", "LABELS": "l.tif", "HSI_BANDS": "0"}, "'0'"),
        ("train", {"HSI": "a.tif", "LABELS": "l.tif", "SAR_BANDS": "1;2"}, "SAR_BANDS"),
        ("train", {"HSI": "a.tif", "SAMPLES": "s.gpkg", "CLASS_FIELD": "c", "LABELS": "l.tif"}, "not both"),
        ("train", {"HSI": "a.tif", "LABELS": "l.tif", "TEST_SAMPLES": "t.gpkg"}, "CLASS_FIELD"),
        ("train", {"HSI": "a.tif", "LABELS": "l.tif", "METHOD": "no_such_net"}, "METHOD"),
        ("checkinputs", {}, "at least one source"),
    ],
)
def test_wrong_values_are_told_before_the_run(
    algorithm, make_raster, samples_layer, context, tmp_path, kind, given, word
):
    values = {"MODEL": str(tmp_path / "m.safetensors"), "METHOD": "mibf_net"}
    for name, value in given.items():
        is_raster, is_vector = str(value).endswith(".tif"), str(value).endswith(".gpkg")
        values[name] = make_raster(value) if is_raster else samples_layer if is_vector else value
    ok, message = algorithm(kind).checkParameterValues(values, context)
    assert not ok
    assert word in message or (word == "METHOD" and "Method" in message)


def call(algorithm, values, context, feedback):
    """Run an algorithm as scripts do and return its results."""
    ok, message = algorithm.checkParameterValues(values, context)
    assert ok, message
    results, ok = algorithm.run(values, context, feedback, {}, False)
    assert ok
    return results


@pytest.fixture
def train_values(make_raster, samples_layer, tmp_path):
    return {
        "HSI": [make_raster("a.tif", 3)],
        "LIDAR": [make_raster("b.tif")],
        "HSI_BANDS": "1-2",
        "SAMPLES": samples_layer,
        "CLASS_FIELD": "cover",
        "GROUP_FIELD": "parcel",
        "METHOD": "random_forest",
        "TREES": 20,
        "REFIT": False,
        "MODEL": str(tmp_path / "m.safetensors"),
    }


def test_train_sends_one_job_with_what_was_chosen(algorithm, client, context, feedback, train_values):
    client.result = JobResult({"model": "m.safetensors"}, {"OA": 0.5, "KAPPA": None})
    results = call(algorithm("train"), train_values, context, feedback)
    (job,) = client.jobs
    assert job.kind == "train"
    assert [r.path for r in job.inputs["hsi"]] == [train_values["HSI"][0]]
    assert (job.inputs["hsi"][0].bands, job.inputs["lidar"][0].bands) == ("1-2", "")
    assert job.parameters["method"] == "random_forest"
    assert (job.parameters["trees"], job.parameters["refit"], job.parameters["epochs"]) == (20, False, 0)
    assert (job.samples.class_field, job.samples.group_field) == ("class", "group")
    assert job.outputs == {"model": train_values["MODEL"]}
    assert results["OA"] == 0.5
    assert results["KAPPA"] is None


def test_a_batch_sends_a_job_per_row(algorithm, client, context, feedback, train_values, make_raster):
    train = algorithm("train")
    call(train, train_values, context, feedback)
    call(train, {**train_values, "LIDAR": make_raster("c.tif"), "TREES": 30}, context, feedback)
    first, second = client.jobs
    assert (first.parameters["trees"], second.parameters["trees"]) == (20, 30)
    assert first.inputs["hsi"] == second.inputs["hsi"]
    assert first.inputs["lidar"] != second.inputs["lidar"]
    assert first.samples.path != second.samples.path


def test_an_error_of_the_run_reaches_a_script_in_words(algorithm, client, context, feedback, train_values):
    def fail(progress):
        raise EngineError("The engine was killed.", where="engine", remedy="Use a smaller batch.")

    client.work = fail
    with pytest.raises(QgsProcessingException, match=r"The engine was killed\. Use a smaller batch\."):
        call(algorithm("train"), train_values, context, feedback)


def test_an_error_in_the_layers_reaches_a_script_in_words(algorithm, client, context, feedback, train_values):
    train_values["CLASS_FIELD"] = "covr"
    with pytest.raises(QgsProcessingException, match="no field 'covr'"):
        algorithm("train").run(train_values, context, feedback, {}, False)
    assert not client.jobs


def test_cancelling_ends_the_run_with_an_exception(algorithm, client, context, feedback, train_values):
    def cancel(progress):
        feedback.cancel()
        progress(0.5, "never shown")

    client.work = cancel
    with pytest.raises(QgsProcessingException, match="cancelled"):
        call(algorithm("train"), train_values, context, feedback)


def test_events_become_lines_and_a_bar(algorithm, client, context, feedback, train_values):
    def work(progress):
        progress(0.25, "Training")
        progress(0.5, "Training")
        progress.metric(1, "loss", 0.5)
        progress.metric(1, "accuracy", 0.75)
        progress.metric(2, "loss", 0.25)
        progress.warn("few samples")

    client.work = work
    call(algorithm("train"), train_values, context, feedback)
    assert feedback.stages == ["Training"]
    assert "Epoch 1: loss 0.5, accuracy 0.75" in feedback.lines
    assert "Epoch 2: loss 0.25" in feedback.lines
    assert feedback.warnings == ["few samples"]


def test_without_a_record_of_the_engine_training_may_be_tried(algorithm, monkeypatch, tmp_path):
    monkeypatch.setenv("LANDFUSE_HOME", str(tmp_path))
    assert algorithm("train").canExecute() == (True, "")


def test_a_vanished_engine_is_named_as_the_reason(algorithm, monkeypatch, tmp_path):
    from landfuse.core.environment import EngineRecord, write_record

    monkeypatch.setenv("LANDFUSE_HOME", str(tmp_path))
    write_record(EngineRecord(str(tmp_path / "gone" / "python")))
    able, reason = algorithm("classify").canExecute()
    assert not able
    assert "gone" in reason
    assert "Set up" in reason
    assert algorithm("assess").canExecute() == (True, "")


def test_the_demo_scene_offers_its_files_to_the_next_step(algorithm):
    scene = algorithm("demoscene")  # owns its outputs
    layers = {"HSI", "LIDAR", "SAR", "OPTICAL", "TRUTH", "TRAINING_AREAS", "REFERENCE_POINTS"}
    assert names(scene.outputDefinitions()) == {"FOLDER", *layers}


def test_the_graphical_model_is_listed_with_its_outputs(provider):
    model = QgsApplication.processingRegistry().algorithmById("landfuse:train_classify_assess")
    assert model.displayName() == "Train, classify and assess"
    assert {"train:MODEL", "classify:CLASSMAP", "assess:REPORT"} <= names(model.outputDefinitions())
    assert model.create().displayName() == model.displayName()


def test_groups_of_one_name_are_one_group(provider):
    groups = {(found.group(), found.groupId()) for found in provider.algorithms()}
    assert len(groups) == len({title for title, _ in groups}) == 2


@pytest.mark.parametrize(("name", "first"), [("classify", "MODEL"), ("assess", "CLASSMAP")])
def test_the_file_to_work_with_comes_first(algorithm, name, first):
    found = algorithm(name)
    assert found.parameterDefinitions()[0].name() == first
