"""Make the engine's private Python environment: say size and place, install, verify in a child, record.

On Linux it is a `--system-site-packages` environment on the Python that has GDAL, with numpy and scipy held
at the system's versions, so that GDAL's bindings keep the numpy they were built for.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .child_process import run
from .environment import (
    SYSTEM_PACKAGES,
    EngineRecord,
    candidates,
    forget_record,
    probe,
    python_in,
    read_record,
    runtime_folder,
    verify,
    write_record,
)
from .errors import EngineError, LandfuseError, MissingDependencyError, OutputError
from .pip_failures import pip_failure
from .progress import Progress, silent

# The version that the tests and the recorded benchmarks ran with.
TORCH_REQUIREMENT = "torch==2.13.0"
OLD_TORCH_REQUIREMENT = "torch>=2.2"  # for Python 3.9, which newer ones have left
OTHER_REQUIREMENTS = ("scikit-learn>=1.0,<1.11", "safetensors>=0.4")
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
HELD_PACKAGES = ("numpy", "scipy")
CONSTRAINTS = "constraints.txt"
_MEGABYTE = 10**6
# (download, on disk) in megabytes, measured on Linux with torch 2.13.
_SIZES = {"cpu": (300, 1200), "cuda": (3200, 7500)}
_MARK_FILE = "landfuse-runtime"
_PIP_OPTIONS = ("--no-input", "--prefer-binary", "--disable-pip-version-check", "--progress-bar", "off")


@dataclass(frozen=True)
class SetupPlan:
    """What will be installed where. Sizes in megabytes; `held` are versions of the system that stay."""

    folder: Path
    python: str
    requirements: tuple[str, ...]
    index: str
    held: tuple[str, ...]
    download_size: int
    disk_size: int

    def summary(self) -> str:
        """Return size and place in words, to be shown before anything is installed."""
        return (
            f"A private Python environment with {', '.join(self.requirements)} is made in {self.folder}. "
            f"About {self.download_size} MB are downloaded and {self.disk_size} MB used on disk. "
            f"It builds on {self.python}, which stays as it is ({', '.join(self.held)}). "
            "Remove the folder to undo it."
        )


def plan_setup(
    folder: Path | None = None,
    progress: Progress = silent,
    *,
    python: str = "",
    device: str = "auto",
    torch_index: str = "",
) -> SetupPlan:
    """Find the Python to build on and say what would be installed; nothing is changed.

    `python`: build on this one. `device`: auto (CUDA where an NVIDIA driver is), cpu or cuda. `torch_index`:
    where PyTorch comes from. Raises `MissingDependencyError` without a Python that has GDAL and numpy,
    `OutputError` when the folder is taken or the disk too full.
    """
    folder = (folder or runtime_folder()).absolute()
    base, versions = _base_python(python, progress)
    if device == "auto":
        device = "cuda" if _has_nvidia_driver() else "cpu"
    download_size, disk_size = _SIZES[device]
    _check_folder(folder, disk_size)
    torch = _torch_requirement(versions["python"])
    index = torch_index
    if not index and device == "cpu" and sys.platform.startswith("linux"):
        # The plain wheel for Linux brings 3 GB of CUDA; naming the local version fails rather than taking
        # that one.
        index, torch = CPU_INDEX, f"{torch}+cpu" if "==" in torch else torch
    held = tuple(f"{name}=={versions[name]}" for name in HELD_PACKAGES if versions.get(name))
    return SetupPlan(folder, base, (torch, *OTHER_REQUIREMENTS), index, held, download_size, disk_size)


def setup(plan: SetupPlan, progress: Progress = silent) -> EngineRecord:
    """Carry the plan out, verify the result and record it; returns the record.

    Takes minutes. `Cancelled` comes within two seconds. After a failure or cancellation no half-made
    environment is left or recorded. Raises `EngineError` with the usual cause in words.
    """
    is_new = not plan.folder.exists() or not any(plan.folder.iterdir())
    try:
        progress(0.0, "Making the environment")
        _make_environment(plan, progress)
        _install(plan, progress.part(0.05, 0.9))
        progress(0.9, "Checking that the packages load")
        record = verify(str(python_in(plan.folder)), progress)
    except BaseException:
        _undo(plan.folder, is_new)
        raise
    write_record(record)
    progress(1.0, "The engine is ready")
    return record


def is_working(folder: Path, progress: Progress = silent) -> bool:
    """Tell whether the environment in `folder` is complete; it is then the one on record."""
    python = str(python_in(folder))
    if not Path(python).is_file():
        return False
    record = read_record()
    if record is not None and record.executable == python and record.is_current():
        return True
    try:
        write_record(verify(python, progress))
    except (EngineError, MissingDependencyError) as error:
        progress.log(str(error))
        return False
    return True


def _base_python(python: str, progress: Progress) -> tuple[str, dict[str, str]]:
    """Return the Python to build on and its versions: the first candidate that imports numpy and GDAL."""
    reasons = []
    choices = [python] if python else [p for p in candidates() if not _is_ours(p)]
    wanted = {**SYSTEM_PACKAGES, "scipy": "scipy"}
    for choice in choices:
        try:
            found, missing = probe(EngineRecord(choice), wanted, progress)
        except EngineError as error:
            reasons.append(str(error))
            continue
        missing.pop("scipy", None)
        if not missing:
            return choice, found
        reasons.append(f"{choice}: " + "; ".join(missing.values()))
    raise MissingDependencyError(
        "\n".join(["No Python with GDAL's bindings and numpy was found. Tried:", *reasons, ""]),
        remedy="On Debian and Ubuntu: apt install python3-gdal python3-numpy. Else name one with --python.",
    )


def _is_ours(python: str) -> bool:
    """Tell whether a Python is that of an environment we made: one must not build on itself."""
    return (Path(python).parent.parent / _MARK_FILE).exists()


def _has_nvidia_driver() -> bool:
    return shutil.which("nvidia-smi") is not None or Path("/proc/driver/nvidia/version").exists()


def _torch_requirement(python_version: str) -> str:
    major, minor = (int(part) for part in python_version.split(".")[:2])
    return TORCH_REQUIREMENT if (major, minor) >= (3, 10) else OLD_TORCH_REQUIREMENT


def _check_folder(folder: Path, disk_size: int) -> None:
    if folder.exists() and not folder.is_dir():
        raise OutputError("This is a file, not a folder.", where=str(folder), remedy="Choose another folder.")
    if folder.exists() and any(folder.iterdir()) and not (folder / "pyvenv.cfg").exists():
        raise OutputError(
            "The folder is not empty.", where=str(folder), remedy="Choose an empty or a new one."
        )
    parent = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(parent, os.W_OK):
        raise OutputError("The folder cannot be written.", where=str(parent), remedy="Choose another folder.")
    free = shutil.disk_usage(parent).free // _MEGABYTE
    if free < disk_size and not (folder / "pyvenv.cfg").exists():
        raise OutputError(
            f"{free} MB are free, about {disk_size} MB are needed.",
            where=str(parent),
            remedy="Free some space or choose a folder on another disk.",
        )


def _make_environment(plan: SetupPlan, progress: Progress) -> None:
    try:
        plan.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"The folder cannot be made ({error.strerror}).",
            where=str(plan.folder),
            remedy="Choose another one.",
        ) from error
    told: deque[str] = deque(maxlen=20)
    command = [plan.python, "-I", "-X", "utf8", "-m", "venv", "--system-site-packages", str(plan.folder)]
    code = _run(command, told, progress)
    if code != 0:
        text = "\n".join(told)
        has_venv = "ensurepip" not in text and "No module named venv" not in text
        raise EngineError(
            f"The environment could not be made.\n{text}",
            where=plan.python,
            remedy="See the lines above." if has_venv else "Install it: sudo apt install python3-venv",
        )
    (plan.folder / _MARK_FILE).write_text("made by Landfuse; safe to remove\n", encoding="utf-8")
    held = "".join(f"{line}\n" for line in plan.held)
    (plan.folder / CONSTRAINTS).write_text(held, encoding="utf-8")


def _install(plan: SetupPlan, progress: Progress) -> None:
    """Run pip. Downloads go through a folder beside the packages: /tmp is often too small for them.

    PyTorch comes first and alone from its own index; everything it depends on comes from the usual index.
    """
    scratch = plan.folder / "downloads"
    scratch.mkdir(exist_ok=True)
    watch = _Growth(plan, progress)
    torch = plan.requirements[0]
    steps = [["--no-deps", "--extra-index-url", plan.index, torch]] if plan.index else []
    steps.append(list(plan.requirements))
    try:
        for arguments in steps:
            _pip(plan.folder, arguments, {"TMPDIR": str(scratch), "TEMP": str(scratch)}, watch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _pip(folder: Path, arguments: list[str], variables: Mapping[str, str], watch: _Growth) -> None:
    told: deque[str] = deque(maxlen=30)
    command = [str(python_in(folder)), "-I", "-X", "utf8", "-m", "pip", "install", *_PIP_OPTIONS]
    command += ["--constraint", str(folder / CONSTRAINTS), *arguments]
    if _run(command, told, watch.progress, variables, watch) != 0:
        raise pip_failure(list(told), folder)


def _run(
    command: list[str],
    told: deque[str],
    progress: Progress,
    variables: Mapping[str, str] | None = None,
    tick: _Growth | None = None,
) -> int | None:
    """Run a command; its lines go to the log and to `told`. Raises `EngineError` when it does not start."""

    def receive(line: str) -> None:
        told.append(line)
        if line.strip():
            progress.log(line.strip())

    try:
        return run(command, receive, env={**os.environ, **(variables or {})}, progress=progress, tick=tick)
    except OSError as error:
        raise EngineError(f"It does not start ({error.strerror}).", where=command[0]) from error


class _Growth:
    """Reports how far an installation is by the size of its folder: a piped pip shows no more."""

    _SECONDS = 2.0

    def __init__(self, plan: SetupPlan, progress: Progress) -> None:
        self._folder, self.progress = plan.folder, progress
        self._start, self._whole = _size(plan.folder), (plan.download_size + plan.disk_size) * _MEGABYTE
        self._next, self._peak = 0.0, 0.0

    def __call__(self) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self._SECONDS
        grown = _size(self._folder) - self._start
        self._peak = max(self._peak, min(grown / self._whole, 0.99))
        self.progress(self._peak, "Downloading and installing packages")


def _size(folder: Path) -> int:
    """Return the bytes in a folder; what vanishes while we count does not count."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_size
            except OSError:
                continue
    return total


def _undo(folder: Path, is_new: bool) -> None:
    """Leave nothing half-made: remove a new environment, forget a mended one unless it works."""
    if is_new:
        shutil.rmtree(folder, ignore_errors=True)
        return
    record = read_record()
    if record is not None and record.executable == str(python_in(folder)):
        try:
            verify(record)
        except LandfuseError:
            forget_record()
