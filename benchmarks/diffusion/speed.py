"""Time and memory of the diffusion features: the reduced recipe on a real scene, and extraction.

    python benchmarks/diffusion/speed.py [--scene berlin_urban] [--steps 0] [--side 500]

Extraction is timed on a synthetic scene of side x side pixels with 30 components on one thread (the target is
1 ms per pixel and core) in a process of its own, whose memory is read before and at its peak. Writes
benchmarks/diffusion/speed.json and prints it.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import registered  # noqa: F401  makes `landfuse` importable
import torch
from accuracy.run import job_of
from accuracy.scenes import SCENES
from landfuse.core.data.grid_choice import choose_grid
from landfuse.core.data.modalities import describe_inputs
from landfuse.core.data.normalisation import fit_normalisation
from landfuse.core.data.stack import Stack
from landfuse.core.data.windows import Window, iter_tiles
from landfuse.core.inference.device import set_threads
from landfuse.core.inference.information_reader import InformationReader, block_side
from landfuse.core.job import GridRequest
from landfuse.core.models.diffusion_extractor import DiffusionExtractor
from landfuse.core.models.spectral_unet import SpectralUnet
from landfuse.core.training.diffusion_fit import fit_extractor
from landfuse.core.training.diffusion_plan import diffusion_plan

RESULTS = Path(__file__).with_name("speed.json")
COMPONENTS = 30


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--scene", default="berlin_urban")
    options.add_argument("--steps", type=int, default=0, help="0 takes the preset's")
    options.add_argument("--side", type=int, default=500)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--only-extraction", action="store_true", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.only_extraction:
        print(json.dumps(extraction(chosen.side)))
        return
    results = {"machine": f"{platform.machine()}, Python {platform.python_version()}"}
    own = [sys.executable, __file__, "--only-extraction", "--side", str(chosen.side)]
    results["extraction"] = json.loads(subprocess.run(own, capture_output=True, text=True, check=True).stdout)
    results["training"] = training(chosen.scene, chosen.steps, chosen.threads)
    RESULTS.write_text(json.dumps(results, indent=1))
    print(json.dumps(results, indent=1))


class Scene:
    """Bands that read like a stack of one source."""

    def __init__(self, bands: np.ndarray) -> None:
        self.bands = bands
        self.grid = type("Grid", (), {"shape": bands.shape[1:]})

    def read_source(self, key: str, window: Window) -> np.ndarray:
        rows, cols = window.slices()
        return self.bands[:, rows, cols]


def extraction(side: int) -> dict[str, float]:
    """Time one thread on side x side pixels; memory in MiB, of which the scene itself is part of `before`."""
    torch.set_num_threads(1)
    bands = np.random.default_rng(0).normal(size=(COMPONENTS, side, side)).astype(np.float32)
    found = extractor(bands)
    reader = InformationReader(Scene(bands), "hsi", found, torch.device("cpu"))
    block = block_side(found)
    reader.read(Window(0, 0, 8, 8))  # what is allocated once
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    for window in iter_tiles(side, side, block):
        reader.read(window)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "side": side, "depth": found.depth, "block": block, "seconds": round(seconds, 1),
        "ms per pixel and core": round(1e3 * seconds / side**2, 3),
        "MiB before": before >> 10, "MiB at the peak": peak >> 10,
    }  # fmt: skip


def extractor(bands: np.ndarray) -> DiffusionExtractor:
    """An untrained model: it costs the same."""
    weights = {name: value.numpy() for name, value in SpectralUnet().state_dict().items()}
    normalisation = fit_normalisation(bands.reshape(len(bands), -1).T[::97], "none")
    inner = 32 * (-(-len(bands) // 8) * 8)
    low = np.full(len(bands), -3, np.float32)
    return DiffusionExtractor(
        normalisation, low, -low, weights,
        mean=np.zeros(inner, np.float32), components=np.eye(len(bands), inner, dtype=np.float32),
    )  # fmt: skip


def training(name: str, steps: int, threads: int) -> dict[str, dict[str, float]]:
    """Train the reduced recipe on every source of a real scene."""
    set_threads(threads)
    scene = next(s for s in SCENES if s.name == name)
    job = job_of(scene, tuple(scene.sources), "gihcn", "", 0, 0)
    modalities = describe_inputs(job.inputs)
    grid, _ = choose_grid(modalities, GridRequest(), labels_path=job.samples.path)
    found = {}
    with Stack(modalities, grid) as stack:
        for key in stack.keys:
            facts = fit_extractor(stack, key, diffusion_plan("reduced", 42, steps)).facts
            found[key] = {n: facts[n] for n in ("steps", "loss", "seconds")}
    return {"scene": name, "threads": threads, **found}


if __name__ == "__main__":
    main()
