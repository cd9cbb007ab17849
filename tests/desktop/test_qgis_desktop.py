"""The real QGIS Desktop with a fresh profile: plugin enabled, demo opened, scene mapped, result styled."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

pytest.importorskip("qgis.PyQt", reason="needs QGIS")
pytest.importorskip("torch", reason="needs the engine's packages")
pytest.importorskip("sklearn", reason="needs the engine's packages")

from landfuse.core.data.demo_scene.legend import CLASSES
from landfuse.core.data.demo_scene_job import run as write_scene
from landfuse.core.environment import verify, write_record
from landfuse.core.job_file import parse_job
from landfuse.core.progress import silent

MISSING = [program for program in ("qgis", "xvfb-run") if shutil.which(program) is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"needs {MISSING} (Debian packages qgis, xvfb, xauth)"),
]
SECONDS = 200
COLORS = {c.name: c.color for c in CLASSES}


@pytest.fixture(scope="module")
def seen(tmp_path_factory, request):
    """What the script saw in the desktop, with the exit code of QGIS and the end of its output."""
    folder = tmp_path_factory.mktemp("desktop")
    root = request.config.rootpath
    job = {"landfuse_job": 1, "kind": "demoscene", "outputs": {"folder": str(folder / "scene")}}
    write_scene(parse_job(job, folder), silent)
    environment = prepare(folder, root)
    code, output = run_desktop(folder, root / "tests" / "desktop" / "in_qgis.py", environment)
    report = folder / "seen.json"
    assert report.is_file(), f"QGIS ended with {code} and wrote nothing:\n{output[-4000:]}"
    return {
        **json.loads(report.read_text(encoding="utf-8")),
        "code": code,
        "output": output,
        "folder": folder,
    }


def prepare(folder, root):
    """Make the plugin folder, a profile with the plugin enabled, and the record of the engine."""
    (folder / "plugins").mkdir()
    (folder / "plugins" / "landfuse").symlink_to(root, target_is_directory=True)
    (folder / "runtime").mkdir(mode=0o700)
    (folder / "tmp").mkdir()
    profile = str(root / "resources" / "demo" / "desktop_profile.py")
    subprocess.run([sys.executable, profile, str(folder / "profiles")], check=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LANDFUSE_HOME", str(folder / "home"))
        write_record(verify(sys.executable))
    # `make test` runs Qt without a screen; the desktop gets a real X server.
    kept = {key: value for key, value in os.environ.items() if key != "QT_QPA_PLATFORM"}
    return {
        **kept,
        "HOME": str(folder),
        # Layers in the temporary folder make QGIS ask before it leaves.
        "TMPDIR": str(folder / "tmp"),
        "XDG_RUNTIME_DIR": str(folder / "runtime"),
        "QGIS_PLUGINPATH": str(folder / "plugins"),
        "LANDFUSE_HOME": str(folder / "home"),
        "LANDFUSE_DEMO": str(folder),
        "LANDFUSE_TEST_FOLDER": str(folder),
    }


def run_desktop(folder, script, environment):
    """Run QGIS until it leaves or the time is over; return its exit code and output."""
    command = ["xvfb-run", "-a", "-s", "-screen 0 1600x1000x24", "qgis", "--nologo", "--noversioncheck"]
    command += ["--profiles-path", str(folder / "profiles"), "--code", str(script)]
    with open(folder / "output.txt", "wb") as output:
        process = subprocess.Popen(
            command,
            env=environment,
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            code = process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    return code, (folder / "output.txt").read_text(encoding="utf-8", errors="replace")


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
