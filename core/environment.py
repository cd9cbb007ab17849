"""Which Python runs the engine: the record `environment.json`, the candidates, and how one is verified.

Start-up, `canExecute` and the dock only read the record. A candidate counts after a child of its own really
imported what the engine needs; that takes seconds and belongs on a worker thread.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .child_process import changed_environment, run
from .errors import EngineError, LandfuseError, MissingDependencyError, OutputError
from .progress import Progress, silent
from .version import __version__

SCHEMA = 1
MAIN = Path(__file__).resolve().with_name("__main__.py")
VERIFY_SECONDS = 180.0  # the first import of torch is slow on a cold disk or beside a virus scanner
SET_UP = "Run 'Set up' in the Landfuse panel or options, or 'landfuse setup' on the command line."
# What the engine imports: name in messages -> module.
ENGINE_PACKAGES = {
    "numpy": "numpy",
    "gdal": "osgeo.gdal_array",
    "torch": "torch",
    "scikit-learn": "sklearn.ensemble",
    "safetensors": "safetensors.numpy",
}
SYSTEM_PACKAGES = {"numpy": "numpy", "gdal": "osgeo.gdal_array"}
_MARK = "LANDFUSE-VERIFIED "
_VERIFY = """
import importlib, json, platform, sys
paths, packages, mark = json.loads(sys.argv[1])
sys.path += paths
found, missing = {"python": platform.python_version()}, {}
for label, name in packages.items():
    try:
        module = importlib.import_module(name)
        root = sys.modules[name.split(".")[0]]
        found[label] = str(getattr(root, "__version__", ""))
        if label == "torch":
            module.zeros(1).numpy()
            found["cuda"] = str(module.version.cuda or "") if module.cuda.is_available() else ""
    except BaseException as error:
        missing[label] = f"{type(error).__name__}: {error}"
print(mark + json.dumps([found, missing]), flush=True)
"""
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class EngineRecord:
    """How the engine is started and what was verified.

    `arguments` stand between the executable and Python's own options. `import_paths` are appended to the
    engine's `sys.path`. `stamp` (size in bytes, time in ns) tells whether the executable changed since
    `verified_at` (UTC).
    """

    executable: str
    arguments: tuple[str, ...] = ()
    to_set: Mapping[str, str] = field(default_factory=dict)
    to_unset: tuple[str, ...] = ()
    import_paths: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    plugin_version: str = ""
    verified_at: str = ""
    stamp: tuple[int, ...] = ()

    def command(self, *arguments: str) -> list[str]:
        """Return the command line that starts the engine with `arguments`."""
        return [self.executable, *self.arguments, "-I", "-X", "utf8", str(MAIN), *arguments]

    def environment(self) -> dict[str, str]:
        """Return the variables of the engine process."""
        paths = {"LANDFUSE_IMPORT_PATHS": os.pathsep.join(self.import_paths)} if self.import_paths else {}
        return changed_environment({**self.to_set, **paths}, self.to_unset)

    def is_current(self) -> bool:
        """Tell whether executable and plugin are the ones that were verified."""
        return self.plugin_version == __version__ and self.stamp == _stamp(self.executable) != ()

    def to_json(self) -> dict[str, Any]:
        """Return the record as plain values."""
        return {
            "landfuse_environment": SCHEMA,
            "executable": self.executable,
            "arguments": list(self.arguments),
            "set": dict(self.to_set),
            "unset": list(self.to_unset),
            "import_paths": list(self.import_paths),
            "versions": dict(self.versions),
            "plugin_version": self.plugin_version,
            "verified_at": self.verified_at,
            "stamp": list(self.stamp),
        }


def record_from_json(values: Mapping[str, Any]) -> EngineRecord:
    """Rebuild a record. Raises `ValueError`, `KeyError` or `TypeError` when `values` are none of ours."""
    if values["landfuse_environment"] != SCHEMA:
        raise ValueError(f"version {values['landfuse_environment']} of environment.json is not known here")
    return EngineRecord(
        executable=str(values["executable"]),
        arguments=tuple(values.get("arguments", ())),
        to_set=dict(values.get("set", {})),
        to_unset=tuple(values.get("unset", ())),
        import_paths=tuple(values.get("import_paths", ())),
        versions=dict(values.get("versions", {})),
        plugin_version=str(values.get("plugin_version", "")),
        verified_at=str(values.get("verified_at", "")),
        stamp=tuple(values.get("stamp", ())),
    )


def home() -> Path:
    """Return the folder of the record and the private runtime: $LANDFUSE_HOME or the user's data folder."""
    given = os.environ.get("LANDFUSE_HOME")
    if given:
        return Path(given).expanduser().resolve()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "Landfuse"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "Landfuse"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "landfuse"


def record_path() -> Path:
    """Return where the record lies."""
    return home() / "environment.json"


def runtime_folder() -> Path:
    """Return where `setup` makes the private runtime unless told otherwise."""
    return home() / "runtime"


def python_in(folder: Path) -> Path:
    """Return the Python of a virtual environment."""
    return folder / "Scripts" / "python.exe" if sys.platform == "win32" else folder / "bin" / "python"


def read_record() -> EngineRecord | None:
    """Return the record, None if there is none or it cannot be understood (then it is as unknown)."""
    try:
        return record_from_json(json.loads(record_path().read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        logger.warning("%s is ignored: %s", record_path(), error)
        return None


def write_record(record: EngineRecord) -> None:
    """Write the record in one step. Raises `OutputError`."""
    path = record_path()
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(record.to_json(), indent=2) + "\n", encoding="utf-8")
        os.replace(draft, path)
    except OSError as error:
        raise OutputError(
            f"The record of the engine cannot be written ({error.strerror}).",
            where=str(path),
            remedy="Check the permissions of the folder or set LANDFUSE_HOME to another one.",
        ) from error


def forget_record() -> None:
    """Remove the record, for example when its runtime broke while it was mended."""
    record_path().unlink(missing_ok=True)


def candidates(explicit: str = "") -> list[str]:
    """Return the Pythons that may run the engine, the likeliest first; all exist.

    `sys.executable` is not among them: inside QGIS it is QGIS. Links are kept, a virtual environment's Python
    is one.
    """
    record = read_record()
    paths = [Path(explicit)] if explicit else []
    paths += [Path(record.executable)] if record else []
    paths += [python_in(runtime_folder()), *_own_pythons()]
    if sys.platform != "win32":
        paths.append(Path("/usr/bin/python3"))
    return list(dict.fromkeys(os.path.abspath(path) for path in paths if path.is_file()))


def _own_pythons() -> list[Path]:
    """Return the Pythons of the installation that this process runs in."""
    found = []
    for prefix in (Path(sys.prefix), Path(sys.base_prefix)):
        if sys.platform == "win32":
            found += [prefix / "python.exe", prefix / "python3.exe", prefix / "Scripts" / "python.exe"]
        else:
            found += [prefix / "bin" / "python3", prefix / "bin" / "python"]
    return found


def probe(
    record: EngineRecord,
    packages: Mapping[str, str],
    progress: Progress = silent,
    time_limit: float = VERIFY_SECONDS,
) -> tuple[dict[str, str], dict[str, str]]:
    """Import `packages` in a child; return the versions found and, for the others, what went wrong.

    Raises `EngineError` when the child does not start, does not end in time or crashes.
    """
    told: deque[str] = deque(maxlen=20)
    request = json.dumps([list(record.import_paths), dict(packages), _MARK])
    command = [record.executable, *record.arguments, "-I", "-X", "utf8", "-c", _VERIFY, request]
    try:
        code = run(command, told.append, env=record.environment(), progress=progress, time_limit=time_limit)
    except OSError as error:
        raise EngineError(
            f"It does not start ({error.strerror}).", where=record.executable, remedy=SET_UP
        ) from error
    answer = next((line for line in reversed(told) if line.startswith(_MARK)), "")
    if answer:
        found, missing = json.loads(answer[len(_MARK) :])
        return found, missing
    what = f"No answer within {time_limit:.0f} s." if code is None else f"It ended with exit code {code}."
    raise EngineError(" ".join([what, *told]), where=record.executable, remedy=SET_UP)


def verify(
    python: str | EngineRecord, progress: Progress = silent, time_limit: float = VERIFY_SECONDS
) -> EngineRecord:
    """Return the record of a Python after a child really imported everything the engine needs.

    Raises `MissingDependencyError` naming what is missing, or `EngineError` when it does not run.
    """
    record = EngineRecord(python) if isinstance(python, str) else python
    stamp = _stamp(record.executable)
    found, missing = probe(record, ENGINE_PACKAGES, progress, time_limit)
    if missing:
        reasons = "; ".join(f"{label}: {reason}" for label, reason in missing.items())
        raise MissingDependencyError(
            f"{', '.join(missing)} cannot be imported ({reasons}).", where=record.executable, remedy=SET_UP
        )
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return replace(record, versions=found, plugin_version=__version__, verified_at=now, stamp=stamp)


def find(progress: Progress = silent, explicit: str = "") -> EngineRecord:
    """Verify the candidates in turn, record the first that works and return it.

    Raises `MissingDependencyError` with the reason for each when none does.
    """
    reasons = []
    for python in candidates(explicit):
        progress.log(f"Trying {python} as the Python of the engine.")
        try:
            record = verify(_known(python), progress)
        except LandfuseError as error:
            progress.log(str(error))
            reasons.append(f"{error.where}: {error.what}")
            continue
        write_record(record)
        return record
    raise MissingDependencyError(
        "\n".join(["No Python with all that the engine needs was found. Tried:", *reasons, ""]), remedy=SET_UP
    )


def usable_record(progress: Progress = silent) -> EngineRecord:
    """Return the record if its Python exists, else look for one. Raises `MissingDependencyError`."""
    record = read_record()
    if record is not None and Path(record.executable).is_file():
        return record
    return find(progress)


def _known(python: str) -> str | EngineRecord:
    """Return the record that stands for `python` with its variables, else `python` itself."""
    record = read_record()
    same = record is not None and os.path.abspath(record.executable) == python
    return record if record is not None and same else python


def _stamp(executable: str) -> tuple[int, ...]:
    try:
        status = os.stat(executable)
    except OSError:
        return ()
    return (status.st_size, status.st_mtime_ns)
