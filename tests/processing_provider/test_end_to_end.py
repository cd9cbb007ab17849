"""The main job through QGIS Processing on a part of the demo scene, with the real engine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the engine's packages")
pytest.importorskip("sklearn", reason="needs the engine's packages")

from landfuse.core.data.demo_scene_job import run as write_scene
from landfuse.core.environment import verify, write_record
from landfuse.core.job import Job
from landfuse.core.job_file import parse_job
from landfuse.core.models.model_file import read_metadata
from landfuse.core.progress import silent
from qgis.core import (
    QgsFeature,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayer,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder of the engine whose record names this Python."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LANDFUSE_HOME", str(folder))
        write_record(verify(sys.executable))
        yield folder


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scene")
    job: Job = parse_job({"landfuse_job": 1, "kind": "demoscene", "outputs": {"folder": str(folder)}}, folder)
    write_scene(job, silent)
    return folder


@pytest.fixture
def processing(provider, home):
    import processing

    return processing


@pytest.fixture(scope="module")
def sources(scene):
    return {"HSI": [str(scene / "hsi.tif")], "LIDAR": [str(scene / "lidar.tif")]}


@pytest.fixture(scope="module")
def areas(scene):
    return {"SAMPLES": str(scene / "training_areas.gpkg"), "CLASS_FIELD": "class"}


@pytest.fixture(scope="module")
def points(scene):
    return {"SAMPLES": str(scene / "reference_points.gpkg"), "CLASS_FIELD": "class"}


FAST = {"METHOD": "random_forest", "TREES": 20, "CONTEXT_WINDOWS": "3", "PIXEL_SIZE": 4.0}


def test_train_classify_assess(processing, sources, areas, points, tmp_path):
    model = str(tmp_path / "m.safetensors")
    trained = processing.run(
        "landfuse:train", {**sources, **areas, **FAST, "MODEL": model, "REPORT": str(tmp_path / "m.html")}
    )
    assert 0.3 < trained["OA"] <= 1
    assert (tmp_path / "m.html").read_text(encoding="utf-8").startswith("<!")
    mapped = processing.run(
        "landfuse:classify", {**sources, "MODEL": model, "CLASSMAP": str(tmp_path / "map.tif")}
    )
    layer = QgsRasterLayer(mapped["CLASSMAP"], "map")
    assert layer.renderer().type() == "paletted"
    assert all(entry.label and not entry.label.isdigit() for entry in layer.renderer().classes())
    table = str(tmp_path / "accuracy.csv")
    assessed = processing.run("landfuse:assess", {"CLASSMAP": layer, **points, "TABLE": table})
    assert 0.3 < assessed["OA"] <= 1
    assert {"AA", "KAPPA", "F1"} <= assessed.keys()
    card = processing.run("landfuse:modelinfo", {"MODEL": model, "REPORT": str(tmp_path / "card.html")})
    assert card["N_CLASSES"] >= 5


def test_a_network_is_trained_and_applied(processing, sources, areas, tmp_path):
    lines = []

    class Feedback(QgsProcessingFeedback):
        def pushInfo(self, text):  # noqa: N802  QGIS names it
            lines.append(text)

    values = {**sources, **areas, "METHOD": "mibf_net", "EPOCHS": 2, "PIXEL_SIZE": 4.0, "REFIT": False}
    model = str(tmp_path / "m.safetensors")
    processing.run("landfuse:train", {**values, "MODEL": model}, feedback=Feedback(False))
    assert any(line.startswith("Epoch 1: ") for line in lines)
    mapped = processing.run(
        "landfuse:classify",
        {**sources, "MODEL": model, "CLASSMAP": "TEMPORARY_OUTPUT", "PROBABILITIES": str(tmp_path / "p.tif")},
    )
    assert QgsRasterLayer(str(tmp_path / "p.tif"), "p").bandCount() >= 5
    assert QgsRasterLayer(mapped["CLASSMAP"], "map").isValid()


def test_methods_are_compared(processing, sources, areas, tmp_path):
    values = {name: value for name, value in FAST.items() if name != "METHOD"}
    design = {"METHODS": "random_forest", "SUBSETS": "all,lidar", "SEEDS": "1", "FOLDS": 2}
    folder = str(tmp_path / "comparison")
    found = processing.run("landfuse:compare", {**sources, **areas, **values, **design, "RESULTS": folder})
    assert (found["CELLS"], found["FINISHED"], found["FAILED"]) == (4, 4, 0)
    for name in ("REPORT", "TABLE", "RUNS", "LATEX"):
        assert Path(found[name]).is_file()
    again = processing.run("landfuse:compare", {**sources, **areas, **values, **design, "RESULTS": folder})
    assert again["FINISHED"] == 4


def test_a_benchmark_scene_is_imported(processing, tmp_path):
    io = pytest.importorskip("scipy.io", reason="the test writes a MATLAB file")
    labels = np.kron(np.arange(1, 5).reshape(2, 2), np.ones((10, 12))).astype(np.uint8)
    io.savemat(str(tmp_path / "a.mat"), {"hsi": np.dstack([labels * 3.0, labels * 5.0]), "gt": labels})
    mat = str(tmp_path / "a.mat")
    values = {"HSI_FILE": mat, "HSI_VARIABLE": "hsi", "LABELS_FILE": mat, "LABELS_VARIABLE": "gt"}
    folder = str(tmp_path / "scene")
    found = processing.run(
        "landfuse:importscene", {**values, "SPLIT": "number", "PER_CLASS": 5, "SCENE": folder}
    )
    assert (found["N_CLASSES"], found["N_TRAINING"], found["N_TEST"]) == (4, 20, 460)
    layer = QgsRasterLayer(found["TRAIN_LABELS"], "training")
    assert layer.isValid()
    assert QgsRasterLayer(found["HSI"], "hsi").bandCount() == 2


def test_the_graphical_model_does_all_in_one(processing, sources, areas, points, tmp_path):
    reference = {"REFERENCE_SAMPLES": points["SAMPLES"], "REFERENCE_CLASS_FIELD": points["CLASS_FIELD"]}
    outputs = {
        "train:MODEL": str(tmp_path / "m.safetensors"),
        "train:REPORT": str(tmp_path / "training.html"),
        "classify:CLASSMAP": str(tmp_path / "map.tif"),
        "assess:REPORT": str(tmp_path / "accuracy.html"),
    }
    values = {"HSI": sources["HSI"], **areas, **reference, **outputs, "METHOD": "random_forest"}
    results = processing.run("landfuse:train_classify_assess", values)
    for name, path in outputs.items():
        assert results[name] == path
        assert (tmp_path / path).is_file()


def test_the_class_map_arrives_styled_in_the_project(processing, sources, areas, tmp_path):
    from qgis.PyQt.QtCore import QCoreApplication

    model = str(tmp_path / "m.safetensors")
    processing.run("landfuse:train", {**sources, **areas, **FAST, "REFIT": False, "MODEL": model})
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    processing.runAndLoadResults(
        "landfuse:classify", {**sources, "MODEL": model, "CLASSMAP": "TEMPORARY_OUTPUT"}, context=context
    )
    QCoreApplication.processEvents()
    layers = [x for x in QgsProject.instance().mapLayers().values() if x.name() == "Class map"]
    assert [layer.renderer().type() for layer in layers] == ["paletted"]
    QgsProject.instance().removeMapLayers([layer.id() for layer in layers])


def test_several_scenes_arrive_as_one_styled_layer(processing, sources, areas, tmp_path):
    from qgis.PyQt.QtCore import QCoreApplication

    model = str(tmp_path / "m.safetensors")
    processing.run("landfuse:train", {**sources, **areas, **FAST, "REFIT": False, "MODEL": model})
    for name in ("east", "west"):
        (tmp_path / "flights" / name).mkdir(parents=True)
        for path in (*sources["HSI"], *sources["LIDAR"]):
            shutil.copy(path, tmp_path / "flights" / name)
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    values = {"MODEL": model, "SCENES": str(tmp_path / "flights"), "MAPS": str(tmp_path / "maps")}
    found = processing.runAndLoadResults("landfuse:classifyscenes", values, context=context)
    QCoreApplication.processEvents()
    assert (found["SCENES"], found["MAPPED"], found["SKIPPED"]) == (2, 2, 0)
    assert found["VRT"] == str(tmp_path / "maps" / "maps.vrt")
    assert found["REPORT"] == str(tmp_path / "maps" / "maps.csv")
    layers = [x for x in QgsProject.instance().mapLayers().values() if x.name() == "maps"]
    assert [layer.renderer().type() for layer in layers] == ["paletted"]
    assert all(entry.label and not entry.label.isdigit() for entry in layers[0].renderer().classes())
    QgsProject.instance().removeMapLayers([layer.id() for layer in layers])
    (tmp_path / "flights" / "west" / "lidar.tif").unlink()
    with pytest.raises(QgsProcessingException, match=r"1 of 2 scenes could not be mapped: \[west\]"):
        processing.run("landfuse:classifyscenes", values)


PROGRAM = shutil.which("qgis_process.bin") or shutil.which("qgis_process")


@pytest.mark.skipif(not PROGRAM, reason="qgis_process is not installed")
def test_qgis_process_trains_and_classifies(root, home, sources, areas, tmp_path):
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    (plugins / "landfuse").symlink_to(root, target_is_directory=True)
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        # pytest-qgis's profile may have the plugin enabled already, which qgis_process takes for a failure.
        "QGIS_CUSTOM_CONFIG_PATH": str(tmp_path / "profile"),
        "QGIS_OPTIONS_PATH": str(tmp_path / "profile"),
        "LANDFUSE_HOME": str(home),
        "QGIS_PLUGINPATH": str(plugins),
        "QT_QPA_PLATFORM": "offscreen",
    }

    def call(*arguments):
        command = [PROGRAM, *arguments]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=250, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    call("plugins", "enable", "landfuse")
    model = str(tmp_path / "m.safetensors")
    rasters = [f"HSI={sources['HSI'][0]}", f"LIDAR={sources['LIDAR'][0]}"]
    samples = [f"SAMPLES={areas['SAMPLES']}", "CLASS_FIELD=class"]
    settings = [f"{name}={value}" for name, value in FAST.items()]
    told = call("run", "landfuse:train", "--", *rasters, *samples, *settings, f"MODEL={model}")
    assert "OA:" in told
    class_map = tmp_path / "map.tif"
    call("run", "landfuse:classify", "--", *rasters, f"MODEL={model}", f"CLASSMAP={class_map}")
    assert class_map.is_file()
    assert class_map.with_suffix(".qml").is_file()


@pytest.fixture
def edited_areas(scene, tmp_path):
    """The training areas as a layer of the project; instead of all trees one area, drawn and not saved."""
    path = tmp_path / "areas.gpkg"
    shutil.copyfile(scene / "training_areas.gpkg", path)
    layer = QgsVectorLayer(str(path), "areas", "ogr")
    trees = [f for f in layer.getFeatures() if f["name"] == "trees"]
    shape = max((f.geometry() for f in trees), key=lambda geometry: geometry.area())
    assert layer.dataProvider().deleteFeatures([f.id() for f in trees])
    QgsProject.instance().addMapLayer(layer, False)
    layer.startEditing()
    layer.beginEditCommand("Draw an area")
    area = QgsFeature(layer.fields())
    area.setAttributes([None, 77, "drawn", "new"])
    area.setGeometry(shape)
    layer.addFeature(area)
    layer.endEditCommand()
    yield layer
    QgsProject.instance().removeMapLayer(layer.id())


def test_an_area_drawn_and_not_saved_is_trained_on_and_the_edit_session_stays(
    processing, sources, edited_areas, tmp_path
):
    layer, model = edited_areas, tmp_path / "m.safetensors"
    before = layer.undoStack().count(), layer.undoStack().index(), layer.featureCount()
    samples = {"SAMPLES": layer.id(), "CLASS_FIELD": "class"}
    processing.run("landfuse:train", {**sources, **samples, **FAST, "MODEL": str(model)})
    values = [c["value"] for c in read_metadata(model)["classes"]]
    assert 77 in values
    assert layer.isEditable()
    assert layer.isModified()
    assert (layer.undoStack().count(), layer.undoStack().index(), layer.featureCount()) == before
    layer.undoStack().undo()
    assert 77 not in {f["class"] for f in layer.getFeatures()}
    layer.undoStack().redo()
    assert layer.commitChanges()
    again = QgsVectorLayer(layer.source(), "again", "ogr")
    assert 77 in {f["class"] for f in again.getFeatures()}


def test_the_kept_job_gives_the_old_result_after_the_samples_changed(
    root, processing, sources, edited_areas, tmp_path
):
    model = tmp_path / "m.safetensors"
    samples = {"SAMPLES": edited_areas, "CLASS_FIELD": "class"}
    first = processing.run("landfuse:train", {**sources, **samples, **FAST, "MODEL": str(model)})
    bytes_before = model.read_bytes()
    classes = [c["value"] for c in read_metadata(model)["classes"]]
    edited_areas.rollBack()
    edited_areas.dataProvider().deleteFeatures([f.id() for f in edited_areas.getFeatures()][::2])
    command = [sys.executable, str(root / "core" / "__main__.py"), "run", str(tmp_path / "m.job.json")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    again = read_metadata(model)
    assert [c["value"] for c in again["classes"]] == classes
    assert again["scores"]["OA"] == first["OA"]
    assert model.read_bytes() == bytes_before
