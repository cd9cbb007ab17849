"""The arrows of the house, read from the imports: none points back, heavy packages stay where they belong."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Which parts of core a part may import. Anything not listed here is an error.
BASE = {"errors", "progress", "job", "job_file", "job_kinds", "job_spec", "version", "dataset_names"}
CORE_ARROWS: dict[str, set[str]] = {
    "version": set(),
    "errors": set(),
    "progress": {"errors"},
    "job_spec": {"errors"},
    "device_parameters": {"job_spec"},
    "model_job_kinds": {"job_spec", "device_parameters"},
    "train_job_kind": {"job_spec", "device_parameters"},
    "feature_job_kinds": {"job_spec", "device_parameters"},
    "study_job_kinds": {"job_spec", "train_job_kind"},
    "forecast_job_kind": {"job_spec", "train_job_kind"},
    "job_kinds": {
        "forecast_job_kind",
        "job_spec",
        "model_job_kinds",
        "train_job_kind",
        "study_job_kinds",
        "feature_job_kinds",
    },
    "dataset_names": set(),
    "job": {"job_kinds", "job_spec"},
    "job_values": {"errors", "job", "job_spec", "dataset_names"},
    "job_file": {"errors", "job", "job_kinds", "job_spec", "job_values", "dataset_names"},
    "source_options": {"errors", "job_spec"},
    "child_process": {"progress"},
    "machine": {"progress", "child_process"},
    "environment": BASE | {"child_process"},
    "pip_failures": {"errors"},
    "setup_runtime": BASE | {"environment", "child_process", "pip_failures"},
    "data": BASE,
    "models": BASE | {"data"},
    "evaluation": BASE | {"data"},
    "inference": BASE | {"data", "models", "source_options", "machine"},
    "training": BASE
    | {"data", "models", "evaluation", "inference", "environment", "machine"}
    | {"train_job_kind", "forecast_job_kind"},
    "scene_import": BASE | {"data"},
    "comparison": BASE | {"data", "models", "evaluation", "inference", "training"},
    "dispatch": BASE | {"environment"},
    "serve": BASE | {"environment", "dispatch", "data"},
    "cli_options": BASE | {"source_options"},
    "cli_progress": BASE,
    "cli": BASE
    | {"cli_options", "cli_progress", "environment", "setup_runtime", "dispatch", "serve", "data"},
    "__main__": {"cli"},
}
# Two modules of evaluation read the header of a model file; the reading function is free of torch.
CORE_EXCEPTIONS = {("evaluation/model_info_job.py", "models"), ("evaluation/run_accuracy.py", "models")}
SHELL_ARROWS: dict[str, set[str]] = {
    "core": set(),
    "processing_provider": {"core"},
    "ui": {"core", "processing_provider"},
    "plugin": {"core", "processing_provider", "ui"},
    "__init__": {"plugin"},
}
TORCH_FREE = ("processing_provider", "ui", "core/data", "core/evaluation")
HEAVY = {"torch", "sklearn", "scipy", "safetensors", "mamba_ssm"}


def python_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    shell = [Path(name) for name in listed if not name.startswith(("tests/", "benchmarks/", "resources/"))]
    return [path for path in shell if (ROOT / path).exists()]


def imported(path: Path, text: str | None = None) -> set[tuple[str, ...]]:
    """Every import of a file as a dotted path: ("osgeo",) or ("landfuse", "core", "errors")."""
    tree = ast.parse(text if text is not None else (ROOT / path).read_text(encoding="utf-8"))
    package = ("landfuse", *path.parent.parts)
    found: set[tuple[str, ...]] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {tuple(alias.name.split(".")) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            base += tuple((node.module or "").split(".")) if node.module else ()
            found |= {(*base, alias.name) for alias in node.names}
    return found


def part_of_core(parts: tuple[str, ...]) -> str | None:
    """The part of core that an import reaches, None for anything else."""
    return parts[2] if parts[:2] == ("landfuse", "core") and len(parts) > 2 else None


def core_violations(path: Path, text: str | None = None) -> list[str]:
    own = path.parts[1].removesuffix(".py")
    allowed = CORE_ARROWS[own] | {own}
    wrong = []
    for parts in imported(path, text):
        target = part_of_core(parts)
        if target and target not in allowed and ("/".join(path.parts[1:]), target) not in CORE_EXCEPTIONS:
            wrong.append(f"{path} imports core.{target}")
        if parts[0] in ("qgis", "PyQt5", "PyQt6"):
            wrong.append(f"{path} imports {parts[0]}")
        if parts[0] == "landfuse" and parts[1] != "core":
            wrong.append(f"{path} imports {'.'.join(parts)}")
    return wrong


def test_core_imports_point_one_way():
    files = [path for path in python_files() if path.parts[0] == "core" and path.name != "__init__.py"]
    assert len(files) > 10
    assert [line for path in files for line in core_violations(path)] == []


def test_shell_imports_point_one_way():
    wrong = []
    for path in python_files():
        own = path.parts[0].removesuffix(".py")
        if own not in SHELL_ARROWS:
            continue
        for parts in imported(path):
            if parts[0] == "landfuse" and len(parts) > 1:
                target = parts[1]
                if target in SHELL_ARROWS and target != own and target not in SHELL_ARROWS[own]:
                    wrong.append(f"{path} imports {target}")
    assert wrong == []


def test_osgeo_is_imported_in_two_places_only():
    using = {str(path) for path in python_files() if any(p[0] == "osgeo" for p in imported(path))}
    assert using <= {"core/data/raster_io.py", "core/data/vector_io.py"}


def test_the_qgis_side_imports_no_heavy_package():
    wrong = [
        f"{path} imports {parts[0]}"
        for path in python_files()
        if str(path).startswith(TORCH_FREE)
        for parts in imported(path)
        if parts[0] in HEAVY
    ]
    assert wrong == []


def test_qt_comes_through_qgis():
    wrong = [str(path) for path in python_files() if any(p[0].startswith("PyQt") for p in imported(path))]
    assert wrong == []


def test_no_multiprocessing_outside_the_engine_and_no_pickle_anywhere():
    wrong = [
        f"{path} imports {parts[0]}"
        for path in python_files()
        for parts in imported(path)
        if parts[0] in ("multiprocessing", "pickle", "joblib", "concurrent")
        and parts[:2] != ("concurrent", "futures")
    ]
    assert wrong == []


def test_no_file_is_a_dumping_ground():
    names = {path.name for path in python_files()}
    assert not names & {"utils.py", "helpers.py", "common.py", "misc.py"}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("core/data/bad.py", "from ..models import catalog"),
        ("core/models/bad.py", "from ..training.loop import train_network"),
        ("core/evaluation/bad.py", "from ..models.catalog import CATALOG"),
        ("core/data/bad.py", "from qgis.core import QgsProject"),
        ("core/errors.py", "from .job import Job"),
        ("core/inference/bad.py", "from ...plugin import LandfusePlugin"),
    ],
)
def test_the_guard_sees_an_arrow_that_points_back(path, text):
    assert core_violations(Path(path), text)
