"""Accuracy on real scenes: the networks on all sources and on each one alone against forest and SVM.

    python benchmarks/accuracy/run.py [--scenes berlin_urban ...] [--seeds 0 1 2] [--epochs N]
        [--methods MIBF-Net GIHCN ...] [--fused] [--threads 2]

Writes benchmarks/accuracy/results.json (figures, confusion matrices, settings) and prints the table of
benchmarks/README.md. Runs that are already in the file with the same settings are not repeated. GIHCN has the
raw data as its generative information here; benchmarks/diffusion compares.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import registered
from accuracy.protocol import PER_CLASS, split
from accuracy.scenes import SCENES, BenchmarkScene
from accuracy.table import markdown
from landfuse.core.data.classes import class_list
from landfuse.core.data.grid_choice import choose_grid
from landfuse.core.data.modalities import describe_inputs
from landfuse.core.data.samples import drop_invalid, read_samples
from landfuse.core.data.stack import Stack
from landfuse.core.evaluation.confusion import ConfusionMatrix
from landfuse.core.evaluation.metrics import compute_metrics
from landfuse.core.inference.device import set_threads
from landfuse.core.job import GridRequest
from landfuse.core.job_file import parse_job
from landfuse.core.progress import silent
from landfuse.core.training.fit import fit_model, predict_samples
from landfuse.core.training.information import add_information
from landfuse.core.training.recipe import make_recipe

RESULTS = Path(__file__).with_name("results.json")
FORESTS = {"forest": "", "forest + context": "3,7,15"}
NETWORKS = {"MIBF-Net": "mibf_net", "NCGLF2": "ncglf2", "GIHCN (raw data)": "gihcn", "REF-Net": "ref_net"}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--scenes", nargs="+", default=[scene.name for scene in SCENES])
    options.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    options.add_argument("--epochs", type=int, default=0, help="0 takes the default preset's")
    options.add_argument("--methods", nargs="+", default=[""], help="how the names of the runs begin")
    options.add_argument("--fused", action="store_true", help="only on all sources")
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--results", type=Path, default=RESULTS)
    chosen = options.parse_args()
    results = json.loads(chosen.results.read_text()) if chosen.results.exists() else {"runs": []}
    results["machine"] = f"{platform.machine()}, {chosen.threads} threads, Python {platform.python_version()}"
    set_threads(chosen.threads)
    for seed in chosen.seeds:
        for scene in SCENES:
            if scene.name in chosen.scenes:
                run_scene(scene, seed, chosen, results)
    print(markdown(results))


def run_scene(scene: BenchmarkScene, seed: int, chosen: argparse.Namespace, results: dict) -> None:
    folder, epochs, path = registered.SCENES / scene.name, chosen.epochs, chosen.results
    job = job_of(scene, tuple(scene.sources), "mibf_net", "", seed, epochs)
    modalities = describe_inputs(job.inputs)
    grid, _ = choose_grid(modalities, GridRequest(), labels_path=job.samples.path)
    names = scene.class_names(registered.SCENES)
    with Stack(modalities, grid) as stack:
        samples = drop_invalid(read_samples(job.samples, grid, class_list(names, names)), stack)
    gap = make_recipe(job, modalities, grid).gap  # that of the fused network, for every method
    training, tests = split(samples, gap, seed)
    for name, keys, method, windows in contestants(scene):
        done = {(r["scene"], r["name"], r["seed"], r["epochs"]) for r in results["runs"]}
        if (scene.name, name, seed, epochs) in done or not name.startswith(tuple(chosen.methods)):
            continue
        if chosen.fused and len(keys) < len(scene.sources):
            continue
        own = job_of(scene, keys, method, windows, seed, epochs).with_parameters(threads=chosen.threads)
        matrix, seconds = train_and_score(own, grid, training, tests, modalities)
        run = {"scene": scene.name, "name": name, "seed": seed, "epochs": epochs, "gap": gap}
        run.update(
            compute_metrics(matrix).numbers(), matrix=matrix.counts.tolist(), seconds=round(seconds, 1)
        )
        run.update(train=len(training), test=len(tests), per_class=PER_CLASS, folder=folder.name)
        results["runs"].append(run)
        path.write_text(json.dumps(results, indent=1))
        print(
            f"{scene.name} seed {seed} {name}: OA {run['OA']:.3f} F1 {run['F1']:.3f} {seconds:.0f} s",
            flush=True,
        )


def contestants(scene: BenchmarkScene):
    """Name, sources, method and context windows of each run."""
    everything = tuple(scene.sources)
    for name, windows in FORESTS.items():
        yield name, everything, "random_forest", windows
        for key in everything:
            yield f"{name}, {key} alone", (key,), "random_forest", windows
    yield "SVM + context", everything, "svm", "3,7,15"
    for name, method in NETWORKS.items():
        yield name, everything, method, ""
        for key in everything:
            yield f"{name}, {key} alone", (key,), method, ""


def job_of(scene: BenchmarkScene, keys: tuple[str, ...], method: str, windows: str, seed: int, epochs: int):
    folder = registered.SCENES / scene.name
    return parse_job(
        {
            "landfuse_job": 1,
            "kind": "train",
            "inputs": {key: [{"path": name} for name in scene.sources[key]] for key in keys},
            "samples": {"path": scene.labels, "type": "raster"},
            "parameters": {
                "method": method, "context_windows": windows, "seed": seed, "epochs": epochs, "threads": 2,
                "information": "raw",
            },
            "outputs": {"model": "unused.safetensors"},
        },
        folder,
    )  # fmt: skip


def train_and_score(job, grid, training, tests, all_modalities, keys=None):
    """Train on `training`, predict `tests`; the grid is that of all sources, whatever the job reads.

    `keys`: the modalities that are read, those of the job by default.
    """
    modalities = {key: all_modalities[key] for key in keys or job.inputs}
    recipe = make_recipe(job, all_modalities, grid)
    with Stack(modalities, grid) as stack:
        started = time.perf_counter()
        if recipe.information:
            add_information(job, stack, recipe, silent)
        fit = fit_model(job, stack, training, recipe, tests, silent)
        seconds = time.perf_counter() - started
        found = predict_samples(job, fit.model, stack, tests, silent)
    return ConfusionMatrix.from_labels(tests.labels, found, training.classes), seconds


if __name__ == "__main__":
    main()
