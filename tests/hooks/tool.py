"""Runs a tool of the development environment (`make tools`), whichever Python starts this file.

An active virtual environment comes first, then the one that the Makefile keeps.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def pythons() -> list[str]:
    """Return the Pythons that may have the tools, without those that are not there."""
    home = Path(os.environ.get("LANDFUSE_HOME") or Path.home() / ".cache" / "landfuse")
    places = [Path(os.environ["VIRTUAL_ENV"])] if os.environ.get("VIRTUAL_ENV") else []
    names = ("Scripts/python.exe",) if sys.platform == "win32" else ("bin/python",)
    found = [place / name for place in [*places, home / "runtime"] for name in names]
    return [str(path) for path in found if path.is_file()] + [sys.executable]


def has(python: str, module: str) -> bool:
    """Return whether a Python can import `module`."""
    test = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    return subprocess.run([python, "-c", test], check=False).returncode == 0


if __name__ == "__main__":
    module, *arguments = sys.argv[1:]
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # pytest-qgis starts Qt, also without a screen
    for python in pythons():
        if has(python, module):
            sys.exit(subprocess.run([python, "-m", module, *arguments], check=False).returncode)
    sys.exit(f"{module} is not installed. Run 'make tools', or activate an environment that has it.")
