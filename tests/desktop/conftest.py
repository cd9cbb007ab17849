"""Starts the real QGIS Desktop with a fresh profile in which the plugin is enabled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from landfuse.core.environment import verify, write_record

SECONDS = 200


@pytest.fixture(scope="session")
def desktop(request):
    """Return a function that runs a script in QGIS Desktop: (exit code or None, output)."""

    def run(folder, script, variables, seconds=SECONDS):
        environment = {**prepare(folder, request.config.rootpath), **variables}
        return run_desktop(folder, script, environment, seconds)

    return run


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
    }


def run_desktop(folder, script, environment, seconds):
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
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    return code, (folder / "output.txt").read_text(encoding="utf-8", errors="replace")
