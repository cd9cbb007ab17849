from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from landfuse.core.data.classes import LandClass
from landfuse.core.data.normalisation import Preprocess, fit_normalisation
from landfuse.core.errors import ModelFileError, OutputError
from landfuse.core.evaluation.model_info_job import card_lines, method_title, run
from landfuse.core.evaluation.source_needs import source_text
from landfuse.core.job_file import parse_job
from landfuse.core.models.config import ModelConfig
from landfuse.core.models.model_file import TrainedModel, read_metadata, write_model
from landfuse.core.progress import Progress

CLASSES = (LandClass(1, "Water", "#0000ff"), LandClass(4, "Wald & Wiese", "#00ff00"))


def write(path, **changes):
    sample = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    bands = [{"name": f"b{i}", "wavelength": 400.0 + 100 * i} for i in range(4)]
    parts = {
        "method": "mibf_net",
        "config": ModelConfig({"hsi": 3}, 2, 7, {"head": "paper"}),
        "modalities": {"hsi": {"quantity": "reflectance", "bands": bands, "pixel_metres": 4.0}},
        "preprocess": Preprocess({"hsi": fit_normalisation(sample, "stretch", 3)}),
        "classes": CLASSES,
        "grid": {"pixel_metres": 4.0, "patch_metres": 28.0},
        "arrays": {"w": np.ones(3, np.float32)},
        "scores": {"OA": 0.75, "KAPPA": None, "measured_on": "held-back areas", "matrix": [[3, 1], [0, 0]]},
        "training": {"seed": 42, "epochs": 60, "versions": {"landfuse": "0.1"}},
    }
    write_model(path, TrainedModel(**{**parts, **changes}))
    return str(path)


def _job(model, tmp_path, **outputs):
    parameters = {"model": str(model)}
    return parse_job(
        {"landfuse_job": 1, "kind": "modelinfo", "parameters": parameters, "outputs": outputs}, tmp_path
    )


def test_the_log_tells_method_sources_classes_and_scores(tmp_path):
    events = []
    result = run(_job(write(tmp_path / "m.safetensors"), tmp_path), Progress(events.append))
    text = "\n".join(e["text"] for e in events if e["event"] == "log")
    assert result.numbers == {"N_CLASSES": 2}
    assert result.outputs == {}
    for expected in (
        "MIBF-Net",
        "hsi: 4 bands, reflectance, pixels of 4 m, 400 to 700 nm",
        "400 to 700 nm; accepted up to 6 m; values -",
        "7 pixels = 28 m",
        "4  Wald & Wiese",
        "held-back areas",
    ):
        assert expected in text


def test_the_card_shows_the_matrix_with_what_it_was_measured_on(tmp_path):
    target = tmp_path / "card.html"
    run(_job(write(tmp_path / "m.safetensors"), tmp_path, report=str(target)))
    text = target.read_text(encoding="utf-8")
    assert "Wald &amp; Wiese" in text
    assert "75.0 %" in text
    assert "reference (rows)" in text
    assert "held-back areas" in text
    assert str(tmp_path) not in text


def test_a_model_without_scores_has_a_card_too(tmp_path):
    model = write(tmp_path / "m.safetensors", scores={"measured_on": "nothing: the model was not scored"})
    target = tmp_path / "card.html"
    run(_job(model, tmp_path, report=str(target)))
    assert "Confusion matrix" not in target.read_text(encoding="utf-8")


def test_a_method_of_a_later_version_is_named_as_unknown(tmp_path):
    model = write(tmp_path / "m.safetensors", method="later_net")
    lines = card_lines(read_metadata(model), "m", CLASSES, {})
    assert "later_net (not known to this version)" in lines[0]
    assert method_title({}) == " (not known to this version)"


def test_many_bands_without_wavelengths_are_shortened():
    recipe = {"bands": [{"name": f"b{i}", "wavelength": None} for i in range(40)], "quantity": "sar_db"}
    assert source_text(recipe) == "40 bands, sar db, b0, b1, b2, b3, b4, b5 ... b38, b39"


def test_a_foreign_file_is_told_apart(tmp_path):
    (tmp_path / "m.safetensors").write_bytes(b"hello")
    with pytest.raises(ModelFileError):
        run(_job(tmp_path / "m.safetensors", tmp_path))


def test_a_matrix_that_does_not_fit_the_classes_is_a_damaged_file(tmp_path):
    model = write(tmp_path / "m.safetensors", scores={"matrix": [[1]]})
    with pytest.raises(ModelFileError, match="damaged"):
        run(_job(model, tmp_path, report=str(tmp_path / "card.html")))


def test_a_missing_folder_is_told(tmp_path):
    job = _job(write(tmp_path / "m.safetensors"), tmp_path, report=str(tmp_path / "none" / "card.html"))
    with pytest.raises(OutputError):
        run(job)


def test_the_jobs_of_evaluation_run_without_torch_and_scientific_packages(root):
    code = (
        "import sys, importlib.util\n"
        "for name in ('torch', 'scipy', 'sklearn', 'safetensors', 'matplotlib'): sys.modules[name] = None\n"
        f"root = {str(root)!r}\n"
        "spec = importlib.util.spec_from_file_location('landfuse', root + '/__init__.py', "
        "submodule_search_locations=[root])\n"
        "sys.modules['landfuse'] = module = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(module)\n"
        "import landfuse.core.evaluation.assess_job, landfuse.core.evaluation.check_inputs_job\n"
        "import landfuse.core.evaluation.model_info_job, landfuse.core.evaluation.report\n"
    )
    subprocess.run([sys.executable, "-I", "-c", code], check=True, timeout=60)


def test_the_card_says_what_a_scene_must_bring_band_by_band(tmp_path):
    bands = [{"name": "red & hot", "wavelength": 664.6, "width": 31.0}, {"name": "nir", "wavelength": 864.7}]
    recipe = {"quantity": "reflectance", "bands": bands, "pixel_metres": 20.0, "files": ["s2.tif"]}
    sample = np.float32([[0.01, 0.1], [0.09, 0.5]])
    model = write(
        tmp_path / "m.safetensors",
        config=ModelConfig({"optical": 2}, 2, 7, {"head": "paper"}),
        modalities={"optical": recipe},
        preprocess=Preprocess({"optical": fit_normalisation(sample, "stretch")}),
    )
    target = tmp_path / "card.html"
    events = []
    run(_job(model, tmp_path, report=str(target)), Progress(events.append))
    lines = [e["text"] for e in events if e["event"] == "log"]
    assert any(
        line.endswith("accepted up to 30 m; values 0.0104 to 0.498; trained on s2.tif") for line in lines
    )
    text = target.read_text(encoding="utf-8")
    assert "What a scene must bring" in text
    for cell in ("red &amp; hot", "664.6", "31", "864.7", "0.0104", "0.0896", "0.102", "0.498"):
        assert cell in text
