"""Lets the modules beside import each other as package `odd_inputs`; tests have no packages of their own."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).resolve().parent

if "odd_inputs" not in sys.modules:
    package = ModuleType("odd_inputs")
    package.__path__ = [str(HERE)]
    sys.modules["odd_inputs"] = package
