"""Registers the checkout as package `landfuse` before any installed copy can be found."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"

if "landfuse" not in sys.modules:
    spec = importlib.util.spec_from_file_location(
        "landfuse", ROOT / "__init__.py", submodule_search_locations=[str(ROOT)]
    )
    sys.modules["landfuse"] = package = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(package)


@pytest.fixture
def root() -> Path:
    """The folder of the checkout, which is the plugin folder."""
    return ROOT


@pytest.fixture
def shared() -> Path:
    """The folder of real scenes and parity fixtures; the test is skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"real scenes and fixtures are not here ({SHARED})")
    return SHARED
