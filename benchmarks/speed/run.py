"""Speed of `classify` beside the naive loop: the same weights, the same pixels, one run.

    python benchmarks/speed/run.py [--rows 400] [--cols 500] [--threads 2] [--patch-size 7]

The naive loop reads the whole scene into memory, cuts the patch of every pixel and computes batches of 64 in
fp32; reading and writing are not counted for it. `classify` is timed whole: reading, normalising, computing,
writing. Writes benchmarks/speed/results.json and prints the table of benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the engine sets it
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import registered  # noqa: F401  makes `landfuse` importable
import torch
from landfuse.core.data.band_reader import read_band_window
from landfuse.core.data.grid_choice import choose_grid
from landfuse.core.data.recipes import repeat_recipes
from landfuse.core.data.stack import Stack
from landfuse.core.data.windows import Window
from landfuse.core.dispatch import run_job
from landfuse.core.inference.device import set_threads
from landfuse.core.job import GridRequest, RasterInput
from landfuse.core.job_file import parse_job
from landfuse.core.models.catalog import build_model
from landfuse.core.models.model_file import read_model
from speed.table import markdown
from synthetic_scene import write_random_model, write_scene

RESULTS = Path(__file__).with_name("results.json")
BATCH = 64


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("rows", 400), ("cols", 500), ("threads", 2), ("patch-size", 7)):
        options.add_argument(f"--{name}", type=int, default=default)
    chosen = options.parse_args()
    set_threads(chosen.threads)
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = write_scene(folder, chosen.rows, chosen.cols)
        for components in (0, 10):
            model = folder / f"model{components}.safetensors"
            write_random_model(paths, model, chosen.patch_size, components)
            key = f"p{chosen.patch_size}, {chosen.threads} threads, {components or 'no'} components"
            results[key] = compare(paths, model, folder, chosen.threads)
            print(key, results[key], flush=True)
    RESULTS.write_text(json.dumps(results, indent=1))
    print(markdown(results))


def compare(paths: dict[str, str], model: Path, folder: Path, threads: int) -> dict[str, float]:
    naive, naive_seconds = naive_labels(paths, model)
    started = time.perf_counter()
    class_map = classify(paths, model, folder / "map.tif", threads)
    seconds = time.perf_counter() - started
    labels = read_band_window(class_map, 1, Window(0, 0, *naive.shape))
    return {
        "pixels": int(naive.size),
        "naive_pixels_per_second": round(naive.size / naive_seconds),
        "classify_pixels_per_second": round(naive.size / seconds),
        "ratio": round(naive_seconds / seconds, 2),
        "agreement": float((labels == naive).mean()),
    }


def naive_labels(paths: dict[str, str], path: Path) -> tuple[np.ndarray, float]:
    """Class values (H, W) by the naive loop, and its seconds without reading."""
    model = read_model(path)
    inputs = {key: (RasterInput(name),) for key, name in paths.items()}
    modalities = repeat_recipes(inputs, model.modalities)
    grid, _ = choose_grid(modalities, GridRequest())
    network = build_model(model.method, model.config).eval()
    network.load_state_dict({name: torch.from_numpy(np.array(a)) for name, a in model.arrays.items()})
    half, side = model.config.patch_size // 2, model.config.patch_size
    with Stack(modalities, grid) as stack:
        raw = stack.read(Window(0, 0, grid.rows, grid.cols), half).data
    started = time.perf_counter()
    scene = model.preprocess.apply(raw)
    positions = [(r, c) for r in range(grid.rows) for c in range(grid.cols)]
    found = []
    with torch.no_grad():
        for start in range(0, len(positions), BATCH):
            batch = positions[start : start + BATCH]
            patches = {
                key: torch.from_numpy(np.stack([bands[:, r : r + side, c : c + side] for r, c in batch]))
                for key, bands in scene.items()
            }
            found.append(network(patches).argmax(dim=1).numpy())
    seconds = time.perf_counter() - started
    values = np.array([c.value for c in model.classes])
    return values[np.concatenate(found)].reshape(grid.shape), seconds


def classify(paths: dict[str, str], model: Path, target: Path, threads: int) -> str:
    job = {
        "landfuse_job": 1,
        "kind": "classify",
        "inputs": {key: [{"path": name}] for key, name in paths.items()},
        "parameters": {"model": str(model), "threads": threads},
        "outputs": {"classmap": str(target)},
    }
    return run_job(parse_job(job, target.parent)).outputs["classmap"]


if __name__ == "__main__":
    main()
