"""Peak memory of `landfuse classify` on a small and on a large scene: it must follow the tile, not the scene.

    python benchmarks/memory/run.py [--threads 2]

Each scene (144 + 1 bands, int16, tiled GeoTIFF) is classified by the command line program in a process of its
own, whose largest resident set is read from the system. Writes benchmarks/memory/results.json.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import registered
from memory.table import markdown
from synthetic_scene import write_random_model, write_scene

RESULTS = Path(__file__).with_name("results.json")
# Runs a command and prints the largest resident set (KiB) of its processes.
WATCH = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""
SIZES = ((500, 500), (4000, 1000))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--threads", type=int, default=2)
    chosen = options.parse_args()
    results = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for rows, cols in SIZES:
            paths = write_scene(folder, rows, cols)
            model = folder / "model.safetensors"
            write_random_model(paths, model, 7)
            key = f"{rows} x {cols}"
            results[key] = measure(paths, model, folder / f"map_{rows}.tif", chosen.threads)
            print(key, results[key], flush=True)
    RESULTS.write_text(json.dumps(results, indent=1))
    print(markdown(results))


def measure(paths: dict[str, str], model: Path, target: Path, threads: int) -> dict[str, float]:
    """Run the command in a child that reports its own peak."""
    command = [
        sys.executable,
        str(registered.ROOT / "core" / "__main__.py"),
        "classify",
        "--model",
        str(model),
    ]
    for key, path in paths.items():
        command += [f"--{key}", path]
    command += ["--classmap", str(target), "--threads", str(threads)]
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", WATCH, *command], stdout=subprocess.PIPE, text=True, check=True
    )
    raw = sum(Path(path).stat().st_size for path in paths.values())
    return {
        "peak_mib": round(int(done.stdout.split()[-1]) / 1024),
        "raw_mib": round(raw / 2**20),
        "seconds": round(time.perf_counter() - started, 1),
    }


if __name__ == "__main__":
    main()
