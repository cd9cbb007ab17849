import errno
import sys
from types import SimpleNamespace

import pytest
from landfuse.core import dispatch
from landfuse.core.dispatch import errors_in_words, run_job
from landfuse.core.errors import (
    Cancelled,
    MissingDependencyError,
    OutOfMemoryError,
    OutputError,
    SamplesError,
)
from landfuse.core.job import Job
from landfuse.core.job_kinds import KINDS
from landfuse.core.job_spec import JobResult
from landfuse.core.progress import silent

TorchOutOfMemory = type("OutOfMemoryError", (RuntimeError,), {"__module__": "torch"})


def test_a_job_reaches_the_module_that_its_kind_names(monkeypatch):
    called = []
    module = SimpleNamespace(
        run=lambda job, progress: called.append((job, progress)) or JobResult({"a": "b"})
    )
    monkeypatch.setitem(sys.modules, "landfuse.core.evaluation.model_info_job", module)
    job = Job("modelinfo")
    assert run_job(job).outputs == {"a": "b"}
    assert called == [(job, silent)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_module(kind, root):
    assert (root / "core" / (KINDS[kind].module.replace(".", "/") + ".py")).is_file()


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("Unable to allocate 3 GiB"),
        TorchOutOfMemory("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate"),
    ],
)
def test_exhausted_memory_is_told_with_what_to_do(error):
    with pytest.raises(OutOfMemoryError, match="smaller tile") as caught, errors_in_words():
        raise error
    assert caught.value.__cause__ is error


def test_a_full_disk_is_told_with_the_file():
    with pytest.raises(OutputError, match=r"/data/map\.tif.*full"), errors_in_words():
        raise OSError(errno.ENOSPC, "No space left on device", "/data/map.tif")


def test_a_missing_package_is_told_with_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with (
        pytest.raises(MissingDependencyError, match=r"PyTorch is missing or broken.*Set up"),
        errors_in_words(),
    ):
        import torch  # noqa: F401


@pytest.mark.parametrize(
    "error",
    [
        ModuleNotFoundError("No module named 'osgeo'", name="osgeo"),
        ModuleNotFoundError("No module named '_gdal_array'", name="_gdal_array"),
        ImportError("DLL load failed while importing _gdal", name="osgeo._gdal"),
    ],
)
def test_missing_or_half_built_bindings_of_gdal_are_told_with_the_ways_to_get_them(error):
    with pytest.raises(MissingDependencyError, match="apt install python3-gdal"), errors_in_words():
        raise error


def test_a_library_of_torch_that_does_not_load_is_a_broken_torch(tmp_path, monkeypatch):
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("raise OSError('[WinError 126] c10.dll or a dependency')")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    with (
        pytest.raises(MissingDependencyError, match=r"PyTorch is missing or broken.*c10.dll"),
        errors_in_words(),
    ):
        import torch  # noqa: F401
    sys.modules.pop("torch", None)


@pytest.mark.parametrize(
    "error", [SamplesError("No samples."), Cancelled(), ZeroDivisionError(), OSError(2, "none")]
)
def test_other_errors_pass_as_they_are(error):
    with pytest.raises(type(error)) as caught, errors_in_words():
        raise error
    assert caught.value is error


def test_a_missing_module_of_our_own_is_a_bug_not_a_missing_package():
    with pytest.raises(ImportError), errors_in_words():
        raise ImportError("cannot import name", name="landfuse.core.data.nothing")


def test_the_dispatcher_imports_no_work_by_itself():
    assert "importlib" in dir(dispatch)
    assert not any(name in vars(dispatch) for name in ("torch", "train_job", "numpy"))
