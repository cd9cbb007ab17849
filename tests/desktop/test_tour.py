"""The whole loop in the real QGIS Desktop, with clicks: from the empty dock to a second map and its note."""

from __future__ import annotations

import json
import shutil

import pytest

pytest.importorskip("qgis.PyQt", reason="needs QGIS")
pytest.importorskip("torch", reason="needs the engine's packages")
pytest.importorskip("sklearn", reason="needs the engine's packages")

MISSING = [program for program in ("qgis", "xvfb-run") if shutil.which(program) is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"needs {MISSING} (Debian packages qgis, xvfb, xauth)"),
]
SECONDS = 600


@pytest.fixture(scope="module")
def toured(tmp_path_factory, request, desktop):
    """What the tour saw, with the exit code of QGIS, its output and the folder."""
    folder = tmp_path_factory.mktemp("tour")
    variables = {"LANDFUSE_TOUR": str(folder), "LANDFUSE_TOUR_METHOD": "random_forest"}
    script = request.config.rootpath / "resources" / "help" / "tour.py"
    code, output = desktop(folder, script, variables, SECONDS)
    report = folder / "tour.json"
    assert report.is_file(), f"QGIS ended with {code} and wrote nothing:\n{output[-4000:]}"
    found = json.loads(report.read_text(encoding="utf-8"))
    return {**found, "code": code, "output": output, "folder": folder}


@pytest.mark.timeout(SECONDS + 60)
def test_the_loop_goes_from_the_empty_dock_to_a_second_map(toured):
    assert "error" not in toured, toured["error"]
    assert toured["pictures"][0] == "01_welcome.png"
    assert toured["pictures"][-1].endswith("_model_panel.png")
    runs = toured["folder"] / "home" / "demo"
    for name in ("run_1", "run_2"):
        assert list((runs / name).rglob("*.qml")), f"no styled map in {name}"
    assert list((runs / "run_2").rglob("changes_since_*.html"))


def test_qgis_asks_nothing_and_leaves(toured):
    assert toured["modal"] == []
    assert toured["code"] == 0, toured["output"][-4000:]
    assert "Traceback" not in toured["output"]
