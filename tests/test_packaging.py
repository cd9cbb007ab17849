"""The list of packages in pyproject.toml is the tree."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_listed_packages_are_the_packages_of_the_tree():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = set(re.findall(r'^    "(landfuse[\w.]*)",$', text, flags=re.MULTILINE))
    tops = ("core", "processing_provider", "ui")
    folders = [f.parent for top in tops for f in (ROOT / top).rglob("__init__.py")]
    tree = {".".join(("landfuse", *folder.relative_to(ROOT).parts)) for folder in folders} | {"landfuse"}
    assert listed == tree
    with_code = {f.parent for top in tops for f in (ROOT / top).rglob("*.py")}
    assert with_code <= set(folders), "a folder with code lacks __init__.py"
