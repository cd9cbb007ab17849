"""Do diffusion features help? GIHCN with and without them, MIBF-Net and the forest with them as a source.

    python benchmarks/diffusion/run.py [--scenes berlin_urban ...] [--seeds 0 1 2] [--per-class 10 30 50]

Protocol of benchmarks/accuracy: spatial blocks, a gap. The diffusion models are trained once on the whole
scene, without labels, with the reduced preset; of their features as many principal components are kept as the
source has bands. Writes benchmarks/diffusion/results.json and prints the table. Runs that are in the file are
not repeated.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import registered
from accuracy.protocol import split
from accuracy.run import job_of, train_and_score
from accuracy.scenes import SCENES, BenchmarkScene
from diffusion.table import markdown
from landfuse.core.data.classes import class_list
from landfuse.core.data.grid_choice import choose_grid
from landfuse.core.data.modalities import describe_inputs
from landfuse.core.data.raster_output import create_float_raster
from landfuse.core.data.samples import drop_invalid, read_samples
from landfuse.core.data.stack import Stack
from landfuse.core.data.windows import iter_tiles
from landfuse.core.evaluation.metrics import compute_metrics
from landfuse.core.inference.device import set_threads
from landfuse.core.inference.information_reader import attached_extractors
from landfuse.core.job import GridRequest, RasterInput
from landfuse.core.models.config import INFORMATION
from landfuse.core.progress import silent
from landfuse.core.training.information import add_information
from landfuse.core.training.recipe import make_recipe

RESULTS = Path(__file__).with_name("results.json")
# Name -> method, what GIHCN takes as its information, whether the features are a source.
CONTESTANTS = {
    "GIHCN, raw data": ("gihcn", "raw", False),
    "GIHCN, diffusion features": ("gihcn", "features", False),
    "MIBF-Net": ("mibf_net", "raw", False),
    "MIBF-Net + features": ("mibf_net", "raw", True),
    "forest + context": ("random_forest", "raw", False),
    "forest + context + features": ("random_forest", "raw", True),
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--scenes", nargs="+", default=["berlin_urban", "muufl_lidar"])
    options.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    options.add_argument("--per-class", nargs="+", type=int, default=[50, 10, 30])
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--results", type=Path, default=RESULTS)
    chosen = options.parse_args()
    results = json.loads(chosen.results.read_text()) if chosen.results.exists() else {"runs": [], "cost": {}}
    results["machine"] = f"{platform.machine()}, {chosen.threads} threads, Python {platform.python_version()}"
    set_threads(chosen.threads)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LANDFUSE_HOME"] = folder  # models of earlier versions must not be found
        scenes = [Prepared(s, Path(folder), results, chosen) for s in SCENES if s.name in chosen.scenes]
        for per_class in chosen.per_class:
            for seed in chosen.seeds:
                for scene in scenes:
                    scene.run(seed, per_class)
    print(markdown(results))


class Prepared:
    """A scene with the features of its sources as a raster."""

    def __init__(
        self, scene: BenchmarkScene, folder: Path, results: dict, chosen: argparse.Namespace
    ) -> None:
        self.scene, self.results, self.chosen = scene, results, chosen
        self.job = job_of(scene, tuple(scene.sources), "gihcn", "", 0, 0)
        self.job = self.job.with_parameters(information="features", threads=chosen.threads)
        self.modalities = describe_inputs(self.job.inputs)
        self.grid, _ = choose_grid(self.modalities, GridRequest(), labels_path=self.job.samples.path)
        names = scene.class_names(registered.SCENES)
        with Stack(self.modalities, self.grid) as stack:
            found = read_samples(self.job.samples, self.grid, class_list(names, names))
            self.samples = drop_invalid(found, stack)
        self.features = folder / f"{scene.name}_features.tif"
        self._write_features()
        self.with_features = describe_inputs(self._inputs(True))

    def _inputs(self, features: bool) -> dict:
        if not features:
            return dict(self.job.inputs)
        own = RasterInput(str(self.features))
        return {**self.job.inputs, "other": (*self.job.inputs.get("other", ()), own)}

    def _write_features(self) -> None:
        """Train the diffusion models and write what GIHCN reads of them."""
        recipe = make_recipe(self.job, self.modalities, self.grid)
        with Stack(self.modalities, self.grid) as stack:
            started = time.perf_counter()
            add_information(self.job, stack, recipe, silent)
            trained = time.perf_counter()
            keys = [INFORMATION.format(key) for key in self.modalities]
            names = [f"{key} {i}" for key in keys for i in range(stack.bands[key])]
            with create_float_raster(self.features, self.grid, names) as raster:
                for window in iter_tiles(*self.grid.shape, 128):
                    read = stack.read(window)
                    values = np.concatenate([read.data[key] for key in keys])
                    values[:, ~read.valid] = np.nan
                    raster.write(window, values)
            losses = {key: found.facts["loss"] for key, found in attached_extractors(stack).items()}
        self.results["cost"][self.scene.name] = {
            "training s": round(trained - started), "extraction s": round(time.perf_counter() - trained),
            "pixels": self.grid.rows * self.grid.cols, "loss": losses,
        }  # fmt: skip

    def run(self, seed: int, per_class: int) -> None:
        """Run what is not in the results yet."""
        fused = job_of(self.scene, tuple(self.scene.sources), "mibf_net", "", seed, 0)
        gap = make_recipe(fused, self.modalities, self.grid).gap
        training, tests = split(self.samples, gap, seed, per_class)
        for name, contestant in CONTESTANTS.items():
            key = {"scene": self.scene.name, "name": name, "seed": seed, "per_class": per_class}
            if any(all(r[k] == v for k, v in key.items()) for r in self.results["runs"]):
                continue
            matrix, seconds = self._score(contestant, seed, training, tests)
            run = {**key, **compute_metrics(matrix).numbers(), "seconds": round(seconds, 1), "gap": gap}
            self.results["runs"].append({**run, "train": len(training), "test": len(tests)})
            self.chosen.results.write_text(json.dumps(self.results, indent=1))
            print(f"{key}: OA {run['OA']:.3f} F1 {run['F1']:.3f} {seconds:.0f} s", flush=True)

    def _score(self, contestant, seed, training, tests):
        method, information, features = contestant
        windows = "3,7,15" if method == "random_forest" else ""
        job = job_of(self.scene, tuple(self.scene.sources), method, windows, seed, 0)
        job = job.with_parameters(information=information, threads=self.chosen.threads)
        modalities = self.with_features if features else self.modalities
        keyed = dict.fromkeys(modalities)
        return train_and_score(job, self.grid, training, tests, modalities, keyed)


if __name__ == "__main__":
    main()
