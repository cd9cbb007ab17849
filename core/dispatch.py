"""Carry a job out: find its module, run it, and put the usual failures of the machine into words.

The QGIS process (jobs without torch), the serving engine and the command line all come through here.
"""

from __future__ import annotations

import errno
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from .errors import Cancelled, LandfuseError, MissingDependencyError, OutOfMemoryError, OutputError
from .job import Job
from .job_spec import JobResult
from .progress import Progress, silent

LESS_MEMORY = (
    "Use a smaller tile or batch size, fewer bands or a smaller extent, "
    "or close other programs, then run again."
)
SET_UP = (
    "Run 'Set up' in the Landfuse panel or options, or 'landfuse setup' on the command line, "
    "or choose a Python that has the package."
)
GET_GDAL = (
    "It must match the GDAL library, so pip alone does not bring it. Debian and Ubuntu: 'apt install "
    "python3-gdal', and a Python that sees it (/usr/bin/python3 or an environment made with "
    "--system-site-packages). Conda: 'conda install -c conda-forge gdal'. Windows: use the OSGeo4W Shell of "
    "QGIS. 'landfuse setup' also looks for a Python that has it."
)
_PACKAGES = {
    "torch": "PyTorch", "sklearn": "scikit-learn", "safetensors": "safetensors", "numpy": "NumPy",
    "osgeo": "GDAL for Python", "scipy": "SciPy", "mamba_ssm": "mamba-ssm",
}  # fmt: skip
# What GDAL's bindings name when their compiled half is missing, or was built without numpy.
_COMPILED_HALVES = dict.fromkeys(("_gdal", "_gdal_array", "_ogr", "_osr"), "osgeo")
# Of the disk, of what one user may store on it, of one file. Windows has no quota of this name.
_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG)
_OUT_OF_MEMORY_TEXTS = ("can't allocate memory", "not enough memory", "cuda out of memory", "bad_alloc")


def run_job(job: Job, progress: Progress = silent) -> JobResult:
    """Run a job in this process and return what it made.

    Raises `LandfuseError` for what the user can mend and `Cancelled`; anything else is a bug.
    """
    with errors_in_words():
        module = importlib.import_module(f".{job.spec.module}", __package__)
        result: JobResult = module.run(job, progress)
        return result


@contextmanager
def errors_in_words() -> Iterator[None]:
    """Turn a missing package, exhausted memory and a full disk into a `LandfuseError`."""
    try:
        yield
    except Exception as error:
        known = in_words(error)
        if known is None:
            raise
        raise known from error


def in_words(error: Exception) -> LandfuseError | None:
    """Return the `LandfuseError` that says what `error` means to the user, None if none is known."""
    if isinstance(error, (LandfuseError, Cancelled)):
        return None
    if _is_out_of_memory(error):
        return OutOfMemoryError(f"The memory is used up ({error}).", remedy=LESS_MEMORY)
    if isinstance(error, OSError) and error.errno in _FULL:
        return OutputError(
            "The disk is full."
            if error.errno == errno.ENOSPC
            else f"The file is too large ({error.strerror}).",
            where=str(error.filename or ""),
            remedy="Free some space or write elsewhere.",
        )
    package = _broken_package(error)
    if package in _PACKAGES:
        return MissingDependencyError(
            f"{_PACKAGES[package]} is missing or broken here ({error}).",
            where=package,
            remedy=GET_GDAL if package == "osgeo" else SET_UP,
        )
    return None


def _is_out_of_memory(error: Exception) -> bool:
    """Tell whether memory ran out. torch's own class is known by name: this module must not import torch."""
    kind = type(error)
    if isinstance(error, MemoryError) or (
        kind.__name__ == "OutOfMemoryError" and kind.__module__.split(".")[0] == "torch"
    ):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(part in text for part in _OUT_OF_MEMORY_TEXTS)


def _broken_package(error: Exception) -> str:
    """Return the top-level package whose import failed, "" when the error is of another sort.

    A missing library gives an `OSError` on Windows (WinError 126) and an `ImportError` without a name
    elsewhere; then the package whose own import was running is the broken one.
    """
    if not isinstance(error, (ImportError, OSError)):
        return ""
    name = getattr(error, "name", None)
    package = str(name).split(".")[0] if name else ""
    return _COMPILED_HALVES.get(package, package) or _importing_package(error.__traceback__)


def _importing_package(trace: TracebackType | None) -> str:
    found = ""
    while trace is not None:
        package = str(trace.tb_frame.f_globals.get("__name__", "")).split(".")[0]
        is_import = trace.tb_frame.f_code.co_name in ("<module>", "_load_dll_libraries", "_load_global_deps")
        if is_import and package in _PACKAGES:
            found = package
        trace = trace.tb_next
    return found
