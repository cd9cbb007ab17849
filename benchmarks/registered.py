"""Registers the checkout as package `landfuse`, so that a benchmark runs the tree it stands in."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SCENES = ROOT.parent / "shared" / "data"

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the engine sets it; read when torch is imported

if "landfuse" not in sys.modules:
    spec = importlib.util.spec_from_file_location(
        "landfuse", ROOT / "__init__.py", submodule_search_locations=[str(ROOT)]
    )
    sys.modules["landfuse"] = package = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(package)
