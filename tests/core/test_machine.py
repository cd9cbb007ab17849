"""The machine is named with its memory; what the system does not tell is 0 or left out."""

from __future__ import annotations

import pytest
from landfuse.core import machine
from landfuse.core.machine import find_machine, memory, processor_name, thread_count


def test_memory_is_plausible():
    free, total = memory()
    assert 0 < free <= total


def test_the_processor_has_a_name_without_marks():
    assert processor_name()
    assert "(R)" not in processor_name()


def test_threads_are_those_asked_for_or_at_least_one():
    assert thread_count(3) == 3
    assert thread_count(0) >= 1


@pytest.mark.parametrize(
    ("device", "has_cuda", "lines", "kind", "free"),
    [
        ("auto", True, ["NVIDIA H100 80GB HBM3, 79000, 81559"], "cuda", 79000 << 20),
        ("auto", False, ["NVIDIA H100 80GB HBM3, 79000, 81559"], "cpu", None),
        ("cpu", True, ["NVIDIA H100 80GB HBM3, 79000, 81559"], "cpu", None),
        ("auto", True, ["NVIDIA-SMI has failed"], "cpu", None),
        ("auto", True, [], "cpu", None),
        ("cuda", True, ["Odd, Name, 100, [N/A]"], "cpu", None),
    ],
)
def test_a_gpu_counts_when_the_runtime_uses_it_and_the_driver_answers(
    monkeypatch, device, has_cuda, lines, kind, free
):
    monkeypatch.setattr(machine.shutil, "which", lambda _: "/usr/bin/nvidia-smi")
    monkeypatch.setattr(machine, "_told", lambda command, progress: lines)
    found = find_machine(device, has_cuda)
    assert found.kind == kind
    if free is not None:
        assert found.free_bytes == free
        assert found.name == "NVIDIA H100 80GB HBM3"


def test_a_program_that_does_not_start_tells_nothing():
    assert machine._told(["/no/such/program"]) == []
