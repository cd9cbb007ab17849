"""What `pip install .` installs: the packages of the tree, their data, and a command that runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from landfuse.core.data.classes import LandClass
from landfuse.core.data.normalisation import Preprocess, fit_normalisation
from landfuse.core.models.config import ModelConfig
from landfuse.core.models.model_file import TrainedModel, write_model
from landfuse.core.version import __version__

ROOT = Path(__file__).resolve().parents[1]
TOPS = ("core", "processing_provider", "ui")


def test_listed_packages_are_the_packages_of_the_tree():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = set(re.findall(r'^    "(landfuse[\w.]*)",$', text, flags=re.MULTILINE))
    folders = [f.parent for top in TOPS for f in (ROOT / top).rglob("__init__.py")]
    tree = {".".join(("landfuse", *folder.relative_to(ROOT).parts)) for folder in folders} | {"landfuse"}
    assert listed == tree
    with_code = {f.parent for top in TOPS for f in (ROOT / top).rglob("*.py")}
    assert with_code <= set(folders), "a folder with code lacks __init__.py"


def sources() -> list[str]:
    """The files of the project as paths from the root, what git ignores left out."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split("\0")  # fmt: skip
    return [name for name in listed if name and (ROOT / name).is_file()]


def copy_of_the_tree(folder: Path) -> Path:
    """Copy what is packaged; pip would else leave `build` and `landfuse.egg-info` in the checkout."""
    for name in sources():
        if not name.startswith(("tests/", "benchmarks/")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    return folder


def can_build_here() -> bool:
    """Whether setuptools and what makes its wheels (the package `wheel` before 70.1) are installed."""
    if not find_spec("setuptools"):
        return False
    import setuptools

    major, minor = (int(part) for part in setuptools.__version__.split(".")[:2])
    return (major, minor) >= (70, 1) or find_spec("wheel") is not None


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """A folder with the installed package, its command in `bin`."""
    source, site = copy_of_the_tree(tmp_path_factory.mktemp("source")), tmp_path_factory.mktemp("site")
    offline = ["--no-index", "--no-build-isolation"] if can_build_here() else []
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--no-deps", "--disable-pip-version-check", *offline,
         "--target", str(site), str(source)],
        capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    if done.returncode and not offline:
        pytest.skip(f"setuptools is not installed and could not be fetched: {done.stderr[-300:]}")
    assert done.returncode == 0, done.stdout + done.stderr
    return site


def landfuse(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run the installed command in a folder that knows nothing of the checkout."""
    name = "landfuse.exe" if sys.platform == "win32" else "landfuse"
    environment = {**os.environ, "PYTHONPATH": str(installed), "LANDFUSE_HOME": str(folder / "home")}
    return subprocess.run(
        [str(installed / "bin" / name), *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_all_code_and_data_are_installed_and_nothing_else(installed):
    package = installed / "landfuse"
    found = {path.relative_to(package).as_posix() for path in package.rglob("*") if path.is_file()}
    wanted = {name for name in sources() if name.startswith((*(f"{top}/" for top in TOPS), "resources/"))}
    wanted |= {"__init__.py", "plugin.py", "metadata.txt"}
    assert {name for name in found if "__pycache__" not in name} == wanted
    assert any(name.endswith(".svg") for name in found)
    assert any(name.endswith(".model3") for name in found)


@pytest.mark.slow
def test_the_installed_command_explains_itself(installed, tmp_path):
    done = landfuse(installed, tmp_path, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "train" in done.stdout
    assert landfuse(installed, tmp_path, "--version").stdout.split() == ["landfuse", __version__]


@pytest.mark.slow
def test_the_installed_command_writes_the_demo_scene(installed, tmp_path):
    done = landfuse(installed, tmp_path, "demoscene", "scene")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "scene" / "truth.tif").is_file()


@pytest.mark.slow
def test_the_installed_command_describes_a_model(installed, tmp_path):
    sample = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    model = TrainedModel(
        method="random_forest",
        config=ModelConfig({"lidar": 2}, 2, 1),
        modalities={"lidar": {"quantity": "height", "bands": [{"name": "dsm"}, {"name": "intensity"}]}},
        preprocess=Preprocess({"lidar": fit_normalisation(sample, "none")}),
        classes=(LandClass(1, "Water", "#0000ff"), LandClass(2, "Trees", "#00ff00")),
        grid={"pixel_metres": 1.0},
        arrays={"w": np.ones(3, np.float32)},
        scores={},
        training={"seed": 1},
    )
    write_model(tmp_path / "m.safetensors", model)
    done = landfuse(installed, tmp_path, "modelinfo", "m.safetensors")
    assert done.returncode == 0, done.stderr
    assert "Water" in done.stdout + done.stderr
