from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def check():
    """The module of the parity command."""
    spec = importlib.util.spec_from_file_location("parity_check", HERE / "check.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["parity_check"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def recorded(shared):
    """Return the path of a fixture by its name; the test is skipped where it is absent."""

    def find(name):
        path = shared / "fixtures" / name
        if not path.is_file():
            pytest.skip(f"the recorded values of the release are not here ({path})")
        return path

    return find
