"""How the batches of MIBF-Net were mended and chosen, on whole label rasters.

    python benchmarks/accuracy/batches.py [--settings shuffled ...] [--scenes ...] [--seeds 0 1 2]

Every scene is divided once, as `train` divides it by default; the seeds change weights, order and noise. Runs
that are in benchmarks/accuracy/batches.json already are not repeated.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import registered
from accuracy.table import batches_markdown
from landfuse.core.data.splits import assign_groups, hold_back
from landfuse.core.evaluation.confusion import ConfusionMatrix
from landfuse.core.evaluation.metrics import compute_metrics
from landfuse.core.job_file import parse_job
from landfuse.core.progress import silent
from landfuse.core.training import plan
from landfuse.core.training.fit import fit_model, predict_samples
from landfuse.core.training.recipe import make_recipe
from landfuse.core.training.sampling import EpochSampler, _first_of_each
from landfuse.core.training.scene import open_scene
from landfuse.core.training.seeding import generator_for
from real_scenes.scenes import SCENES, RealScene

RESULTS = Path(__file__).with_name("batches.json")
OLD = plan.TrainingPlan()  # batches of 32, learning rate 1e-3, 300 to 2000 steps
SETTINGS = {
    "before: rare classes at the end of an epoch": OLD,
    "shuffled": OLD,
    "shuffled, batch 64, learning rate 2e-3": plan.DEFAULT,
    "the same, at most 600 steps": replace(plan.DEFAULT, max_steps=600),
    "the same, at most 300 steps": replace(plan.DEFAULT, max_steps=300),
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--settings", nargs="+", default=list(SETTINGS))
    options.add_argument("--scenes", nargs="+", default=[scene.name for scene in SCENES])
    options.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    chosen = options.parse_args()
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"runs": []}
    for scene in SCENES:
        for seed in chosen.seeds:
            for name in chosen.settings:
                done = {(r["scene"], r["name"], r["seed"]) for r in results["runs"]}
                if scene.name in chosen.scenes and (scene.name, name, seed) not in done:
                    results["runs"].append({"name": name, **run(scene, name, seed)})
                    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    print(batches_markdown(results))


def run(scene: RealScene, name: str, seed: int) -> dict[str, object]:
    inputs = {key: [{"path": file} for file in files] for key, files in scene.sources.items()}
    job = parse_job(
        {
            "landfuse_job": 1,
            "kind": "train",
            "inputs": inputs,
            "samples": {"path": scene.labels, "type": "raster"},
            "outputs": {"model": "unused.safetensors"},
        },
        registered.SCENES / scene.name,
    )
    with open_scene(job, silent) as opened, changed(name):
        recipe = make_recipe(job, opened.modalities, opened.grid)
        samples = assign_groups(opened.samples, recipe.gap, *opened.grid.shape)
        split = hold_back(samples, job.parameters["test_fraction"], recipe.seed, recipe.gap)
        tests = samples.subset(split.test)
        own = replace(recipe, seed=seed)
        fit = fit_model(job, opened.stack, samples.subset(split.train), own, tests, silent)
        found = predict_samples(job, fit.model, opened.stack, tests, silent)
    figures = compute_metrics(ConfusionMatrix.from_labels(tests.labels, found, tests.classes)).numbers()
    return {"scene": scene.name, "seed": seed, **{key: figures[key] for key in ("OA", "KAPPA", "F1")}}


@contextmanager
def changed(name: str) -> Iterator[None]:
    """Train with the plan of a setting, "before" also in the order of that time."""
    presets = {**plan.PRESETS["mibf_net"], "default": SETTINGS[name]}
    epoch = limited_at_the_end if name.startswith("before") else EpochSampler.epoch
    with mock.patch.dict(plan.PRESETS, mibf_net=presets), mock.patch.object(EpochSampler, "epoch", epoch):
        yield


def limited_at_the_end(sampler: EpochSampler, number: int, shuffle: bool = True) -> np.ndarray:
    """Return an epoch as it was: the pixels of rare classes and small places come alone at its end."""
    order = generator_for(sampler._seed, number).permutation(len(sampler._labels))
    order = order[_first_of_each(sampler._places[order], sampler._max_per_place)]
    order = order[_first_of_each(sampler._labels[order], sampler._max_per_class)]
    return order if shuffle else np.sort(order)


if __name__ == "__main__":
    main()
