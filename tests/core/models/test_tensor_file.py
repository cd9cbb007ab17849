from __future__ import annotations

import json

import numpy as np
import pytest
from landfuse.core.errors import ModelFileError, OutputError
from landfuse.core.models.tensor_file import read_arrays, read_header, write_arrays

ARRAYS = {
    "b": np.arange(6, dtype=np.float32).reshape(2, 3),
    "a": np.array(7, dtype=np.int64),
    "flags": np.array([True, False, True]),
    "empty": np.zeros((0, 4), dtype=np.float64),
    "small": np.array([1, 2, 65535], dtype=np.uint16),
}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "model.safetensors"
    write_arrays(path, ARRAYS, "größe", "landfuse")
    return path


def write_raw(path, header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def test_arrays_and_text_come_back_as_they_were(path):
    header = read_header(path)
    found = read_arrays(path, header)
    assert header.metadata == {"landfuse": "größe"}
    assert set(found) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_arrays_that_were_read_can_be_changed(path):
    read_arrays(path, read_header(path))["b"][0, 0] = 5


def test_the_safetensors_library_reads_the_file(path):
    safetensors = pytest.importorskip("safetensors.numpy")
    found = safetensors.load_file(path)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)


def test_files_of_the_safetensors_library_are_read(tmp_path):
    safetensors = pytest.importorskip("safetensors.numpy")
    safetensors.save_file(ARRAYS, tmp_path / "other.safetensors", metadata={"format": "np"})
    header = read_header(tmp_path / "other.safetensors")
    assert header.metadata == {"format": "np"}
    np.testing.assert_array_equal(read_arrays(tmp_path / "other.safetensors", header)["b"], ARRAYS["b"])


def test_a_file_cut_anywhere_is_an_error_with_a_remedy(path):
    content = path.read_bytes()
    for length in [0, 4, 8, 9, 20, len(content) // 2, len(content) - 1]:
        path.write_bytes(content[:length])
        with pytest.raises(ModelFileError, match=r"not complete") as caught:
            read_header(path)
        assert caught.value.remedy
        assert str(path) in caught.value.where


@pytest.mark.parametrize("content", [b"PK\x03\x04" + b"\0" * 100, b"II*\0" + b"\1" * 50, b"GIF89a" * 9])
def test_a_foreign_file_is_told_from_a_truncated_one(tmp_path, content):
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match="not a model file"):
        read_header(path)


def entry(shape, start, stop, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


@pytest.mark.parametrize(
    "header",
    [
        b"{not json",
        b"[1, 2]",
        {"a": entry([2], 0, 4)},
        {"a": entry([-1], 0, 4)},
        {"a": entry([1], 0, 4, "F99")},
        {"a": entry([1], 0, 4), "b": entry([1], 0, 4)},
        {"a": entry([1], 4, 8)},
        {"a": entry([1], 0, 4)},
        {"a": {"dtype": "F32"}},
        {"a": 5},
        {"__metadata__": 3},
    ],
    ids=str,
)
def test_a_header_that_does_not_fit_the_data_is_an_error(tmp_path, header):
    with pytest.raises(ModelFileError):
        read_header(write_raw(tmp_path / "m.safetensors", header, b"\0" * 8))


def test_a_missing_file_and_a_folder_are_errors_of_the_model_file(tmp_path):
    for path in (tmp_path / "none.safetensors", tmp_path):
        with pytest.raises(ModelFileError, match="cannot be read"):
            read_header(path)


def test_a_missing_output_folder_is_an_output_error(tmp_path):
    with pytest.raises(OutputError) as caught:
        write_arrays(tmp_path / "none" / "m.safetensors", ARRAYS, "", "k")
    assert caught.value.remedy


def test_a_failed_write_keeps_the_old_file_and_leaves_no_draft(path):
    before = path.read_bytes()
    with pytest.raises(ValueError, match="complex"):
        write_arrays(path, {"z": np.zeros(2, complex)}, "", "k")
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]
