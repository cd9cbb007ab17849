"""Start the engine by path: `PYTHON -I -X utf8 PLUGIN/core/__main__.py serve`.

Never `python -m landfuse` and never PYTHONPATH: a stale installed copy or a folder named `torch` would win.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from pathlib import Path

_CORE = Path(__file__).resolve().parent


def _register_package(root: Path) -> None:
    """Make the folder `root`, whatever its name, importable as `landfuse`."""
    spec = importlib.util.spec_from_file_location(
        "landfuse", root / "__init__.py", submodule_search_locations=[str(root)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{root} is not the Landfuse plugin folder")
    sys.modules["landfuse"] = package = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(package)


def _clean_search_path() -> None:
    """Drop our own folder (without -I Python puts it first) and add what the environment record names."""
    sys.path[:] = [entry for entry in sys.path if entry and Path(entry).resolve() != _CORE]
    sys.path += [entry for entry in os.environ.get("LANDFUSE_IMPORT_PATHS", "").split(os.pathsep) if entry]


if __name__ == "__main__":
    _clean_search_path()
    _register_package(_CORE.parent)
    sys.exit(importlib.import_module("landfuse.core.cli").main())
