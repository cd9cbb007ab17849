from __future__ import annotations

import pickle
from collections import OrderedDict

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from landfuse.core.errors import ModelFileError  # noqa: E402
from landfuse.core.models.checkpoint import read_checkpoint  # noqa: E402
from landfuse.core.models.tensor_file import write_arrays  # noqa: E402

STATE = OrderedDict(weight=torch.arange(6.0).view(2, 3), steps=torch.tensor(7))


def same(checkpoint):
    assert set(checkpoint.weights) == {"weight", "steps"}
    assert checkpoint.weights["weight"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert checkpoint.weights["steps"] == 7


@pytest.mark.parametrize("zipped", [True, False])
def test_a_torch_file_with_a_numpy_number_is_read(tmp_path, zipped):
    path = tmp_path / "best.pth.tar"
    torch.save(
        {"state_dict": STATE, "best_acc": np.float64(98.5)}, path, _use_new_zipfile_serialization=zipped
    )
    found = read_checkpoint(path)
    same(found)
    assert found.numbers == {"best_acc": 98.5}


def test_a_bare_state_of_several_gpus_is_read(tmp_path):
    torch.save({f"module.{k}": v for k, v in STATE.items()}, tmp_path / "a.pt")
    same(read_checkpoint(tmp_path / "a.pt"))


@pytest.mark.parametrize("prefix", ["", "w:"])
def test_npz_is_read(tmp_path, prefix):
    arrays = {f"{prefix}{k}": v.numpy() for k, v in STATE.items()}
    if prefix:
        arrays["x:data"] = np.zeros(2)
    np.savez(tmp_path / "a.npz", **arrays)
    same(read_checkpoint(tmp_path / "a.npz"))


def test_safetensors_is_read_and_a_model_of_landfuse_is_not(tmp_path):
    arrays = {k: v.numpy() for k, v in STATE.items()}
    write_arrays(tmp_path / "a.safetensors", arrays, "text", "format")
    same(read_checkpoint(tmp_path / "a.safetensors"))
    write_arrays(tmp_path / "b.safetensors", arrays, "{}", "landfuse")
    with pytest.raises(ModelFileError, match="already"):
        read_checkpoint(tmp_path / "b.safetensors")


class Trap:
    """Leaves a trace where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("save", [torch.save, lambda content, path: path.write_bytes(pickle.dumps(content))])
def test_a_file_that_would_run_code_is_refused_and_runs_nothing(tmp_path, save):
    save({"state_dict": STATE, "extra": Trap(tmp_path / "trace")}, tmp_path / "bad.pth")
    with pytest.raises(ModelFileError, match="nothing of it was run"):
        read_checkpoint(tmp_path / "bad.pth")
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize("name", ["a.pth", "a.npz", "a.safetensors"])
def test_noise_and_a_missing_file_are_errors_in_words(tmp_path, name):
    with pytest.raises(ModelFileError, match="no such file"):
        read_checkpoint(tmp_path / name)
    (tmp_path / name).write_bytes(b"This is no checkpoint at all.")
    with pytest.raises(ModelFileError) as caught:
        read_checkpoint(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)


@pytest.mark.parametrize("content", [{}, {"epoch": 3}, [1, 2]])
def test_a_file_without_weights_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "a.pth")
    with pytest.raises(ModelFileError, match=r"no weights|list"):
        read_checkpoint(tmp_path / "a.pth")
