"""How much later QGIS Desktop starts with the plugin, and how long its dock takes to open.

    python benchmarks/start/run.py [--repeats 5]

QGIS is started under Xvfb, in turn without and with the plugin enabled in a profile of its own, each time
after a start that is not counted. A start lasts from the process to the signal `initializationCompleted`;
`busy_..._ms` is how long the main thread computed until then, which other work on the machine changes less.
The dock is opened once, the first time in that QGIS: from the click to the first drawing of its first step
(`open_ms`; `open_busy_ms` is the time the main thread computed), and to all steps (`complete_ms`). Figures
are medians. Writes benchmarks/start/results.json.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import registered
from start.table import markdown

RESULTS = Path(__file__).with_name("results.json")
SCRIPT = Path(__file__).with_name("in_qgis.py")
ENABLE = registered.ROOT / "resources" / "demo" / "desktop_profile.py"
OPENING = ("open_ms", "open_busy_ms", "complete_ms")
SECONDS = 300


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--repeats", type=int, default=5)
    repeats = options.parse_args().repeats
    runs: dict[str, list[dict[str, float]]] = {"without": [], "with": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "plugins").mkdir()
        (folder / "plugins" / "landfuse").symlink_to(registered.ROOT, target_is_directory=True)
        subprocess.run(["/usr/bin/python3", str(ENABLE), str(folder / "with")], check=True)
        for number in range(repeats + 1):
            for kind, found in runs.items():
                seen = start(folder, kind)
                if number:  # the first start makes the profile
                    found.append(seen)
                print(kind, seen, flush=True)
    results = {
        "start_without_s": round(median(r["start"] for r in runs["without"]), 2),
        "start_with_s": round(median(r["start"] for r in runs["with"]), 2),
        "busy_without_ms": round(median(r["busy_ms"] for r in runs["without"])),
        "busy_with_ms": round(median(r["busy_ms"] for r in runs["with"])),
        **{
            key: round(median(r[key] for r in runs["with"]))
            for key in ("open_ms", "open_busy_ms", "complete_ms")
        },
        "repeats": repeats,
        "load": round(os.getloadavg()[0], 1),
    }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(markdown(results))


def start(folder: Path, kind: str) -> dict[str, float]:
    """Start QGIS once and return what it saw, with the seconds until it was ready."""
    report = folder / "seen.json"
    report.unlink(missing_ok=True)
    command = ["xvfb-run", "-a", "-s", "-screen 0 1600x1000x24", "qgis", "--nologo", "--noversioncheck"]
    command += ["--profiles-path", str(folder / kind), "--code", str(SCRIPT)]
    environment = {
        **{key: value for key, value in os.environ.items() if key != "QT_QPA_PLATFORM"},
        "QGIS_PLUGINPATH": str(folder / "plugins"),
        "LANDFUSE_BENCH": str(report),
    }
    began = time.time()
    subprocess.run(command, env=environment, timeout=SECONDS, capture_output=True, check=True)
    seen = json.loads(report.read_text(encoding="utf-8"))
    return {**seen, "start": seen["ready"] - began}


if __name__ == "__main__":
    main()
