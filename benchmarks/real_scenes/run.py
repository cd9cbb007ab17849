"""Eight real scenes through the four commands with no option but the file names and classes.

    python benchmarks/real_scenes/run.py [--scenes potsdam_enmap ...] [--maps FOLDER]

Every scene goes through `checkinputs`, `train`, `classify` and `assess` as an analyst would run them from the
command line, each in a process of its own. Writes benchmarks/real_scenes/results.json: what the program said,
its figures, seconds, and whether it said what is known about the scene. Exits 1 if a fact was missed.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import registered
from real_scenes.scenes import SCENES, RealScene
from real_scenes.table import markdown

RESULTS = Path(__file__).with_name("results.json")
PROGRESS = re.compile(r"\s*\d+%")
LIMIT = 1800  # seconds for one command


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--scenes", nargs="+", default=[scene.name for scene in SCENES])
    options.add_argument("--maps", type=Path, help="folder to keep maps and reports in")
    chosen = options.parse_args()
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for scene in SCENES:
        if scene.name in chosen.scenes:
            print(f"== {scene.name}", flush=True)
            with tempfile.TemporaryDirectory() as scratch:
                folder = chosen.maps / scene.name if chosen.maps else Path(scratch)
                folder.mkdir(parents=True, exist_ok=True)
                results[scene.name] = run_scene(scene, folder)
            RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    print(markdown(results))
    return int(any(not fact["said"] for result in results.values() for fact in result["facts"]))


def run_scene(scene: RealScene, folder: Path) -> dict[str, Any]:
    data = registered.SCENES / scene.name
    labels = ["--labels", str(data / scene.labels)]
    sources = []
    for key, names in scene.sources.items():
        sources += [f"--{key}", *(str(data / name) for name in names)]
    model, class_map = str(folder / "model.safetensors"), str(folder / "map.tif")
    commands = {
        "checkinputs": [*sources, *labels, "--report", str(folder / "inputs.html")],
        "train": [*sources, *labels, "--model", model, "--report", str(folder / "training.html")],
        "classify": [*sources, "--model", model, "--classmap", class_map],
        "assess": ["--classmap", class_map, *labels, "--report", str(folder / "accuracy.html")],
    }
    steps = {name: run_command(name, arguments, data) for name, arguments in commands.items()}
    said = "\n".join(line for step in steps.values() for line in step["said"])
    facts = [
        {"known": fact.known, "line": first_match(fact.said, said), "said": fact.holds(said)}
        for fact in scene.facts
    ]
    return {"sources": scene.sources, "labels": scene.labels, "steps": steps, "facts": facts}


def run_command(name: str, arguments: list[str], data: Path) -> dict[str, Any]:
    """Run one command; `said`: its lines without progress and folders; `figures`: what it printed."""
    started = time.monotonic()
    program = [sys.executable, str(registered.ROOT / "core" / "__main__.py"), name, *arguments]
    done = subprocess.run(program, capture_output=True, text=True, timeout=LIMIT)
    seconds = round(time.monotonic() - started, 1)
    if done.returncode:
        raise SystemExit(f"{name} failed: {done.stderr[-2000:]}")
    lines = [line.replace(f"{data}/", "") for line in done.stderr.splitlines()]
    figures = dict(re.findall(r"^([A-Z][A-Z0-9_]*) +([-\d.]+)$", done.stdout, re.M))
    return {
        "seconds": seconds,
        "said": [line for line in lines if line and not PROGRESS.match(line)],
        "figures": {key: float(value) for key, value in figures.items()},
    }


def first_match(pattern: str, text: str) -> str:
    return next((line for line in text.splitlines() if re.search(pattern, line)), "")


if __name__ == "__main__":
    sys.exit(main())
