from __future__ import annotations

import sys

import pytest
from landfuse.core.errors import EngineError, MissingDependencyError
from landfuse.core.inference.device import choose_device, require_torch, set_threads, thread_count


def test_missing_torch_is_told_with_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingDependencyError, match="landfuse setup"):
        require_torch()


def test_a_library_that_does_not_load_is_told_apart_from_one_that_is_missing(monkeypatch):
    class Broken:
        def find_spec(self, name, path=None, target=None):
            if name == "torch":
                raise OSError("[WinError 126] c10.dll")

    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    with pytest.raises(MissingDependencyError, match=r"does not load .*c10\.dll"):
        require_torch()


def test_a_gpu_that_is_not_there_is_an_error_only_when_asked_for(monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto").type == "cpu"
    assert choose_device("cpu").type == "cpu"
    with pytest.raises(EngineError, match="'cpu'"):
        choose_device("cuda")


def test_auto_takes_the_gpu_if_there_is_one(monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto").type == "cuda"
    assert choose_device("cpu").type == "cpu"


def test_a_given_number_of_threads_is_used():
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    try:
        assert set_threads(1) == 1
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
    assert thread_count(0) >= 1
