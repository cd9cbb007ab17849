"""One setting of MIBF-Net changed at a time, on the scenes with which the defaults of `train` were chosen.

    python benchmarks/accuracy/trials.py

Same split as benchmarks/accuracy/run.py, all sources fused, three seeds. Writes
benchmarks/accuracy/trials.json and prints its table. Trials that are in the file already are not repeated.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import registered
from accuracy.protocol import split
from accuracy.run import job_of, train_and_score
from accuracy.scenes import SCENES
from accuracy.table import trials_markdown
from landfuse.core.data.classes import class_list
from landfuse.core.data.grid_choice import choose_grid
from landfuse.core.data.modalities import describe_inputs
from landfuse.core.data.samples import drop_invalid, read_samples
from landfuse.core.data.stack import Stack
from landfuse.core.evaluation.metrics import compute_metrics
from landfuse.core.inference.device import set_threads
from landfuse.core.job import GridRequest
from landfuse.core.training.recipe import make_recipe

RESULTS = Path(__file__).with_name("trials.json")
TUNING_SCENES = ("berlin_urban", "s1s2_chile")
SEEDS = (0, 1, 2)
TRIALS: dict[str, dict[str, object]] = {
    "default": {},
    "20 epochs": {"epochs": 20},
    "learning rate 2e-3": {"learning_rate": 2e-3},
    "batch 64": {"batch_size": 64},
    "30 components": {"pca": 30},
    "patch 7": {"patch_size": 7},
}


def main() -> None:
    set_threads(2)
    runs = json.loads(RESULTS.read_text())["runs"] if RESULTS.exists() else []
    for scene in SCENES:
        if scene.name in TUNING_SCENES:
            for seed in SEEDS:
                run_scene(scene, seed, runs)
    print(trials_markdown({"runs": runs}))


def run_scene(scene, seed, runs) -> None:
    job = job_of(scene, tuple(scene.sources), "mibf_net", "", seed, 0)
    modalities = describe_inputs(job.inputs)
    grid, _ = choose_grid(modalities, GridRequest(), labels_path=job.samples.path)
    names = scene.class_names(registered.SCENES)
    with Stack(modalities, grid) as stack:
        samples = drop_invalid(read_samples(job.samples, grid, class_list(names, names)), stack)
    training, tests = split(samples, make_recipe(job, modalities, grid).gap, seed)
    done = {(r["scene"], r["name"], r["seed"]) for r in runs}
    for name, changes in TRIALS.items():
        if (scene.name, name, seed) in done:
            continue
        matrix, seconds = train_and_score(job.with_parameters(**changes), grid, training, tests, modalities)
        run = {"scene": scene.name, "name": name, "seed": seed, "seconds": round(seconds, 1)}
        run.update(compute_metrics(matrix).numbers())
        runs.append(run)
        RESULTS.write_text(json.dumps({"runs": runs}, indent=1))
        print(f"{scene.name} seed {seed} {name}: F1 {run['F1']:.3f} {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
