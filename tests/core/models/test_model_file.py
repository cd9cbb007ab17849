from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from landfuse.core.data.classes import class_list
from landfuse.core.data.normalisation import Preprocess, fit_normalisation
from landfuse.core.errors import ModelFileError, OutputError
from landfuse.core.models.config import ModelConfig
from landfuse.core.models.model_file import TrainedModel, read_metadata, read_model, write_model
from landfuse.core.models.tensor_file import read_arrays, read_header, write_arrays


def make_model(**changes):
    rng = np.random.default_rng(0)
    sample = {"sar": 2, "hsi": 5}  # not in alphabetical order: the order of use must survive
    preprocess = Preprocess(
        {
            key: fit_normalisation(rng.normal(size=(50, n)).astype(np.float32), "stretch", components)
            for (key, n), components in zip(sample.items(), (0, 3))
        }
    )
    model = TrainedModel(
        method="mibf_net",
        config=ModelConfig({"sar": 2, "hsi": 3}, 3, 7, {"head": "paper", "wide": ["hsi"]}),
        modalities={"sar": {"quantity": "sar_db"}, "hsi": {"bands": [{"wavelength": 450.5}]}},
        preprocess=preprocess,
        classes=class_list([3, 7, 9], {7: "Wald & Wiese"}),
        grid={"pixel_metres": [4.0, 4.0]},
        arrays={"fuse.0.weight": np.ones((2, 3), np.float32), "steps": np.array(4, np.int64)},
        scores={"OA": np.float64(0.93), "KAPPA": float("nan"), "measured_on": "held-back groups"},
        training={"seed": 5, "parts": (1, 2)},
    )
    return replace(model, **changes)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "model.safetensors"
    write_model(path, make_model())
    return path


def rewrite(path, **changes):
    """Write the file again with another description."""
    header = read_header(path)
    description = {**json.loads(header.metadata["landfuse"]), **changes}
    write_arrays(path, read_arrays(path, header), json.dumps(description), "landfuse")


def test_everything_that_prediction_needs_comes_back(path):
    written, found = make_model(), read_model(path)
    assert found.method == "mibf_net"
    assert found.config == written.config
    assert list(found.config.bands) == ["sar", "hsi"]
    assert found.classes == written.classes
    assert found.modalities == written.modalities
    assert found.grid == written.grid
    assert set(found.arrays) == set(written.arrays)
    assert all(np.array_equal(found.arrays[name], written.arrays[name]) for name in written.arrays)


def test_the_scaling_comes_back_to_the_last_bit(path):
    rng = np.random.default_rng(1)
    data = {"sar": rng.normal(size=(2, 4, 4)), "hsi": rng.normal(size=(5, 4, 4))}
    data = {key: values.astype(np.float32) for key, values in data.items()}
    before, after = make_model().preprocess.apply(data), read_model(path).preprocess.apply(data)
    assert all(np.array_equal(before[key], after[key]) for key in data)


def test_numbers_that_json_cannot_hold_become_plain_ones(path):
    metadata = read_metadata(path)
    assert metadata["scores"] == {"OA": 0.93, "KAPPA": None, "measured_on": "held-back groups"}
    assert metadata["training"]["parts"] == [1, 2]


def test_the_file_is_read_with_torch_safetensors_and_scikit_learn_absent(path, root):
    code = f"""
import importlib.util, sys
for name in ("torch", "safetensors", "sklearn", "scipy"):
    sys.modules[name] = None
spec = importlib.util.spec_from_file_location("landfuse", r"{root / "__init__.py"}",
                                              submodule_search_locations=[r"{root}"])
sys.modules["landfuse"] = package = importlib.util.module_from_spec(spec)
spec.loader.exec_module(package)
from landfuse.core.models.model_file import read_metadata, read_model, write_model
assert read_metadata(r"{path}")["classes"][1]["name"] == "Wald & Wiese"
write_model(r"{path}.copy", read_model(r"{path}"))
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_copy_of_a_read_model_is_the_same_file(path, tmp_path):
    write_model(tmp_path / "copy.safetensors", read_model(path))
    assert (tmp_path / "copy.safetensors").read_bytes() == path.read_bytes()


def test_a_newer_version_is_refused_with_the_advice_to_update(path):
    rewrite(path, landfuse_model=2)
    for read in (read_metadata, read_model):
        with pytest.raises(ModelFileError, match="format 2") as caught:
            read(path)
        assert "Update" in caught.value.remedy


def test_a_method_that_this_version_lacks_is_told(path):
    rewrite(path, method="next_net")
    with pytest.raises(ModelFileError, match="next_net") as caught:
        read_model(path)
    assert "Update" in caught.value.remedy


def test_weights_of_another_program_are_foreign(tmp_path):
    write_arrays(tmp_path / "w.safetensors", {"a": np.zeros(2, np.float32)}, "pt", "format")
    with pytest.raises(ModelFileError, match="not written by Landfuse") as caught:
        read_metadata(tmp_path / "w.safetensors")
    assert caught.value.remedy


def test_a_truncated_file_is_told_with_its_path(path):
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ModelFileError, match="not complete") as caught:
        read_model(path)
    assert str(path) in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize(
    "changes",
    [
        {"classes": [{"value": 1}]},
        {"classes": [{"value": 0}, {"value": 1}, {"value": 2}]},
        {"classes": None},
        {"config": {"bands": {"hsi": 3}, "n_classes": 3, "patch_size": 6}},
        {"config": {"bands": {"sar": 2, "hsi": 4}, "n_classes": 3, "patch_size": 7}},
        {"config": {"bands": {"sar": 2, "hsi": 3}, "n_classes": 4, "patch_size": 7}},
        {"config": {}},
        {"modalities": {"sar": {}}},
        {"preprocess": {"sar": {"kind": "other"}, "hsi": {"kind": "stretch"}}},
        {"preprocess": {"lidar": {"kind": "stretch"}}},
        {"preprocess": 5},
        {"landfuse_model": "first"},
    ],
    ids=str,
)
def test_a_description_that_does_not_fit_itself_is_damaged(path, changes):
    rewrite(path, **changes)
    with pytest.raises(ModelFileError, match="damaged") as caught:
        read_model(path)
    assert caught.value.remedy
    assert caught.value.where == str(path)


def test_arrays_of_the_wrong_shape_are_damaged(path):
    header = read_header(path)
    arrays = read_arrays(path, header)
    arrays["preprocess.hsi.offset"] = np.zeros(9, np.float32)
    write_arrays(path, arrays, header.metadata["landfuse"], "landfuse")
    with pytest.raises(ModelFileError, match="damaged"):
        read_model(path)


@pytest.mark.parametrize(
    "value",
    ["/home/ann/x.tif", "C:\\Users\\ann\\x.tif", "~/ann/x.tif", "\\\\ann\\x.tif", Path("/home/ann/x.tif")],
)
def test_an_absolute_path_is_cut_to_the_file_name(tmp_path, value):
    path = tmp_path / "m.safetensors"
    write_model(path, make_model(training={"inputs": [{"path": value}]}))
    assert read_metadata(path)["training"] == {"inputs": [{"path": "x.tif"}]}
    assert b"ann" not in path.read_bytes()


def test_a_folder_that_is_missing_is_an_output_error(tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        write_model(tmp_path / "none" / "m.safetensors", make_model())
