"""The real QGIS Desktop with a fresh profile: plugin enabled, demo opened, scene mapped, result styled."""

from __future__ import annotations

import json
import shutil

import pytest

pytest.importorskip("qgis.PyQt", reason="needs QGIS")
pytest.importorskip("torch", reason="needs the engine's packages")
pytest.importorskip("sklearn", reason="needs the engine's packages")

from landfuse.core.data.demo_scene.legend import CLASSES
from landfuse.core.data.demo_scene_job import run as write_scene
from landfuse.core.job_file import parse_job
from landfuse.core.progress import silent

MISSING = [program for program in ("qgis", "xvfb-run") if shutil.which(program) is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"needs {MISSING} (Debian packages qgis, xvfb, xauth)"),
]
COLORS = {c.name: c.color for c in CLASSES}


@pytest.fixture(scope="module")
def seen(tmp_path_factory, request, desktop):
    """What the script saw in the desktop, with the exit code of QGIS and the end of its output."""
    folder = tmp_path_factory.mktemp("desktop")
    root = request.config.rootpath
    job = {"landfuse_job": 1, "kind": "demoscene", "outputs": {"folder": str(folder / "scene")}}
    write_scene(parse_job(job, folder), silent)
    variables = {"LANDFUSE_DEMO": str(folder), "LANDFUSE_TEST_FOLDER": str(folder)}
    code, output = desktop(folder, root / "tests" / "desktop" / "in_qgis.py", variables)
    report = folder / "seen.json"
    assert report.is_file(), f"QGIS ended with {code} and wrote nothing:\n{output[-4000:]}"
    return {
        **json.loads(report.read_text(encoding="utf-8")),
        "code": code,
        "output": output,
        "folder": folder,
    }


def test_the_script_ran_through_and_qgis_left(seen):
    assert "error" not in seen, seen["error"]
    assert seen["code"] == 0, seen["output"][-4000:]
    assert "Traceback" not in seen["output"]
    assert seen["modal"] == []


def test_the_plugin_is_enabled_and_its_algorithms_are_listed(seen):
    assert "landfuse" in seen["plugins"]
    assert {"landfuse:train", "landfuse:classify", "landfuse:train_classify_assess"} <= set(
        seen["algorithms"]
    )


def test_the_demo_is_opened_in_groups_with_the_truth_hidden(seen):
    tree = dict(seen["tree"])
    assert list(tree) == ["Samples", "Sources", "True classes"]
    assert dict(tree["Samples"])["Training areas"] is True
    assert len(tree["Sources"]) == 4
    assert all(visible for _, visible in tree["Sources"])
    assert tree["True classes"] is False
    assert seen["samples"] == COLORS


def test_the_class_map_arrives_with_names_and_colors_of_the_samples(seen):
    assert seen["accuracy"] > 0.3
    assert seen["renderer"] == "paletted"
    assert seen["classes"] == COLORS
    assert seen["unfolded"] is True
    assert [name for name in seen["legend"] if name in COLORS] == list(COLORS)


def test_the_class_map_is_drawn(seen):
    assert seen["share_in_class_colors"] > 0.2
    assert (seen["folder"] / "desktop.png").stat().st_size > 50_000
