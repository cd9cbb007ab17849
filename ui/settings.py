"""What the options page sets for all projects, and how it reaches the jobs."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsSettings

from ..core.environment import read_record

DEVICES = ("auto", "cpu", "cuda")
_GIGABYTE = 10**9


def run_device() -> str:
    """Return where runs compute: auto, cpu or cuda."""
    device = QgsSettings().value("landfuse/device", "auto", type=str)
    return device if device in DEVICES else "auto"


def used_device() -> str:
    """Return where runs compute with these options and the runtime on record: cpu or cuda."""
    record = read_record()
    has_gpu = record is not None and bool(record.versions.get("cuda"))
    return "cuda" if run_device() != "cpu" and has_gpu else "cpu"


def set_run_device(device: str) -> None:
    """Remember where runs compute."""
    QgsSettings().setValue("landfuse/device", device)


def run_threads() -> int:
    """Return the number of processor threads of runs, 0 for automatic."""
    return max(0, QgsSettings().value("landfuse/threads", 0, type=int))


def set_run_threads(threads: int) -> None:
    """Remember the number of threads."""
    QgsSettings().setValue("landfuse/threads", threads)


def memory_budget() -> int:
    """Return the bytes that mapping may take, 0 for no limit."""
    return round(_GIGABYTE * max(0.0, QgsSettings().value("landfuse/memory_gb", 0.0, type=float)))


def set_memory_budget(gigabytes: float) -> None:
    """Remember the memory that mapping may take."""
    QgsSettings().setValue("landfuse/memory_gb", gigabytes)


def machine_parameters() -> dict[str, Any]:
    """Return the Processing parameters of these options; those at their defaults are left out."""
    values: dict[str, Any] = {}
    if run_device() != "auto":
        values["DEVICE"] = run_device()
    if run_threads():
        values["THREADS"] = run_threads()
    return values
