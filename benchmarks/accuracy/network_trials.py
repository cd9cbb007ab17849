"""Trials of a method other than MIBF-Net: one setting changed at a time.

The trials stand in trials_ncglf2.py, trials_gihcn.py and trials_svm.py. Same split as
benchmarks/accuracy/run.py, all sources fused. Trials that are in the file already are not repeated.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import registered
from accuracy.protocol import split
from accuracy.run import job_of
from accuracy.scenes import SCENES
from accuracy.table import trials_markdown
from landfuse.core.data.classes import class_list
from landfuse.core.data.grid_choice import choose_grid
from landfuse.core.data.modalities import describe_inputs
from landfuse.core.data.samples import drop_invalid, read_samples
from landfuse.core.data.stack import Stack
from landfuse.core.evaluation.confusion import ConfusionMatrix
from landfuse.core.evaluation.metrics import compute_metrics
from landfuse.core.inference.device import set_threads
from landfuse.core.job import GridRequest
from landfuse.core.models.catalog import CATALOG
from landfuse.core.progress import silent
from landfuse.core.training import plan
from landfuse.core.training.fit import fit_model, predict_samples
from landfuse.core.training.recipe import make_recipe


@dataclass(frozen=True)
class Trial:
    """What differs from the defaults: parameters of the job, the plan, network options, the scaling."""

    job: dict[str, object] = field(default_factory=dict)
    plan: dict[str, object] = field(default_factory=dict)
    options: dict[str, object] = field(default_factory=dict)
    normalisation: str = "standardise"


@dataclass(frozen=True)
class Trials:
    """The trials of `method` by their names; they are recorded in the file `results`."""

    method: str
    results: Path
    trials: dict[str, Trial]

    def runs(self) -> list[dict[str, object]]:
        return json.loads(self.results.read_text())["runs"] if self.results.exists() else []


def main(trials: Trials) -> None:
    """Run what the command line asks for and print the table."""
    options = argparse.ArgumentParser(description=f"Trials of {trials.method}.")
    options.add_argument("--trials", nargs="+", default=list(trials.trials))
    options.add_argument("--scenes", nargs="+", default=["berlin_urban", "s1s2_chile"])
    options.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    chosen = options.parse_args()
    set_threads(2)
    for name in chosen.trials:
        for seed in chosen.seeds:
            for scene in SCENES:
                if scene.name in chosen.scenes:
                    run_trial(trials, scene, name, seed)
    print(trials_markdown({"runs": trials.runs()}))


def run_trial(trials: Trials, scene, name: str, seed: int) -> None:
    if (scene.name, name, seed) in {(r["scene"], r["name"], r["seed"]) for r in trials.runs()}:
        return
    # The gap, and with it the split, is that of the default network, whatever the trial.
    usual = job_of(scene, tuple(scene.sources), "mibf_net", "", seed, 0)
    modalities = describe_inputs(usual.inputs)
    grid, _ = choose_grid(modalities, GridRequest(), labels_path=usual.samples.path)
    names = scene.class_names(registered.SCENES)
    trial = trials.trials[name]
    job = usual.with_parameters(method=trials.method, **trial.job)
    recipe = make_recipe(job, modalities, grid)
    recipe = replace(recipe, options={**recipe.options, **trial.options})
    with Stack(modalities, grid) as stack, changed(trials.method, trial):
        samples = drop_invalid(read_samples(usual.samples, grid, class_list(names, names)), stack)
        training, tests = split(samples, make_recipe(usual, modalities, grid).gap, seed)
        started, cpu = time.perf_counter(), time.process_time()
        fit = fit_model(job, stack, training, recipe, tests, silent)
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        found = predict_samples(job, fit.model, stack, tests, silent)
    figures = compute_metrics(ConfusionMatrix.from_labels(tests.labels, found, training.classes)).numbers()
    run = {"scene": scene.name, "name": name, "seed": seed, "seconds": round(seconds, 1)}
    run.update(cpu_seconds=round(cpu, 1), **figures)
    trials.results.write_text(json.dumps({"runs": [*trials.runs(), run]}, indent=1))
    print(f"{scene.name} seed {seed} {name}: F1 {run['F1']:.3f} {seconds:.0f} s", flush=True)


@contextmanager
def changed(method: str, trial: Trial) -> Iterator[None]:
    """Put the plan and the scaling of a trial in the place of the defaults for a while."""
    presets, entry = dict(plan.PRESETS.get(method, {})), CATALOG[method]
    if presets:  # a pixel method has none
        plan.PRESETS[method]["default"] = replace(presets["default"], **trial.plan)
    CATALOG[method] = replace(entry, normalisation=trial.normalisation)
    try:
        yield
    finally:
        CATALOG[method] = entry
        if presets:
            plan.PRESETS[method] = presets
