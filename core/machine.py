"""What this computer computes with: the processor or GPU by name, threads, free memory. Free of torch.

Meant for a worker thread: a GPU is asked for through a child process.
"""

from __future__ import annotations

import ctypes
import os
import platform
import re
import shutil
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .child_process import run
from .progress import Progress, silent

_SECONDS = 5.0  # a driver that answers more slowly is as none
_MEBIBYTE = 1 << 20
_QUERY = ("--query-gpu=name,memory.free,memory.total", "--format=csv,noheader,nounits")


@dataclass(frozen=True)
class Machine:
    """A device. `kind`: cpu or cuda, as the job's parameter `device`; bytes 0 where they are not known."""

    kind: str
    name: str
    threads: int
    free_bytes: int
    total_bytes: int


def find_machine(device: str = "auto", has_cuda: bool = False, progress: Progress = silent) -> Machine:
    """Return the device that a run with `device` (auto, cpu, cuda) uses.

    `has_cuda`: the runtime on record found a GPU when it was verified; a driver alone is not enough.
    """
    if device != "cpu" and has_cuda:
        found = _gpu(progress)
        if found is not None:
            return found
    free, total = memory()
    return Machine("cpu", processor_name(), thread_count(), free, total)


def thread_count(asked: int = 0) -> int:
    """Return the number of threads: `asked`, or for 0 all cores but one (both of a machine with two)."""
    if asked > 0:
        return asked
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores - 1 if cores > 2 else cores


def memory() -> tuple[int, int]:
    """Return free and total bytes of memory, zeros where the system does not tell."""
    if sys.platform == "win32":
        return _windows_memory()
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
    except OSError:
        return _posix_memory()
    sizes = {m[1]: 1024 * int(m[2]) for m in re.finditer(r"^(\w+):\s+(\d+) kB", text, re.M)}
    free, total = sizes.get("MemAvailable", 0), sizes.get("MemTotal", 0)
    limit, used = _container_memory()
    return (min(free, limit - used), min(total, limit)) if 0 < limit < total else (free, total)


def processor_name() -> str:
    """Return the processor's name as its maker writes it, without marks and clock rate."""
    name = ""
    with suppress(OSError):  # only Linux has the file
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        match = re.search(r"^model name\s*:\s*(.+)$", text, re.M)
        name = match[1] if match else ""
    name = name or _mac_processor() or platform.processor() or platform.machine()
    return " ".join(re.sub(r"\((R|TM)\)|\bCPU\b|@.*$|\bProcessor\b|\d+-Core", "", name).split())


def _gpu(progress: Progress) -> Machine | None:
    """Return the first GPU as NVIDIA's own program tells it, None without one."""
    program = shutil.which("nvidia-smi")
    lines = _told([program, *_QUERY], progress) if program else []
    parts = [part.strip() for part in lines[0].rsplit(",", 2)] if lines else []
    if len(parts) != 3 or not (parts[1].isdigit() and parts[2].isdigit()):
        return None
    return Machine("cuda", parts[0], thread_count(), int(parts[1]) * _MEBIBYTE, int(parts[2]) * _MEBIBYTE)


def _told(command: list[str], progress: Progress = silent) -> list[str]:
    """Return the lines a program prints; [] where it fails or does not start."""
    lines: list[str] = []
    try:
        code = run(command, lines.append, env=dict(os.environ), progress=progress, time_limit=_SECONDS)
    except OSError:
        return []
    return lines if code == 0 else []


def _container_memory() -> tuple[int, int]:
    """Return limit and use in a container, (0, 0) outside of one."""
    places = (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    )
    for limit, used in places:
        try:
            texts = [Path("/sys/fs/cgroup", name).read_text(encoding="ascii") for name in (limit, used)]
            return int(texts[0]), int(texts[1])
        except (OSError, ValueError):  # ValueError: "max", no limit
            continue
    return 0, 0


def _posix_memory() -> tuple[int, int]:
    """Return what macOS and the BSDs tell: of free memory only what is not used for anything."""
    try:
        page = os.sysconf("SC_PAGE_SIZE")
        total = page * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError):
        return 0, 0
    pages = {}
    for line in _told(["vm_stat"]) if sys.platform == "darwin" else ():
        match = re.match(r"Pages (free|inactive|purgeable):\s+(\d+)", line)
        if match:
            pages[match[1]] = int(match[2])
    return page * sum(pages.values()), total


def _mac_processor() -> str:
    lines = _told(["sysctl", "-n", "machdep.cpu.brand_string"]) if sys.platform == "darwin" else []
    return lines[0] if lines else ""


class _MemoryStatus(ctypes.Structure):
    """MEMORYSTATUSEX of the Windows API."""

    _fields_ = (
        ("length", ctypes.c_ulong),
        ("load", ctypes.c_ulong),
        ("total", ctypes.c_ulonglong),
        ("available", ctypes.c_ulonglong),
        ("total_page_file", ctypes.c_ulonglong),
        ("available_page_file", ctypes.c_ulonglong),
        ("total_virtual", ctypes.c_ulonglong),
        ("available_virtual", ctypes.c_ulonglong),
        ("available_extended", ctypes.c_ulonglong),
    )


def _windows_memory() -> tuple[int, int]:
    status = _MemoryStatus(length=ctypes.sizeof(_MemoryStatus))
    if not getattr(ctypes, "windll").kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):  # noqa: B009  Windows only
        return 0, 0
    return int(status.available), int(status.total)
