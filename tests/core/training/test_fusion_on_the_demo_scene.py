"""What the product promises, on the scene that users get: all sources together beat the best one alone."""

from __future__ import annotations

import pytest
from landfuse.core.dispatch import run_job
from landfuse.core.job_file import parse_job

pytest.importorskip("torch", reason="needs the engine's packages")

SOURCES = ("hsi", "lidar", "sar", "optical")
# 2 m pixels and few epochs keep 15 trainings within about two minutes on two cores.
SETTINGS = {"epochs": 8, "device": "cpu", "threads": 2}


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    job = {"landfuse_job": 1, "kind": "demoscene", "outputs": {"folder": str(folder)}}
    return run_job(parse_job(job, folder)).outputs


def f1_at_the_reference_points(scene, keys, seed, folder):
    """Macro F1 of a network that is trained on the training areas with some of the sources."""
    job = {
        "landfuse_job": 1,
        "kind": "train",
        "inputs": {key: [{"path": scene[key]}] for key in keys},
        "samples": {"path": scene["training_areas"], "class_field": "class"},
        "test_samples": {"path": scene["reference_points"], "class_field": "class"},
        "grid": {"pixel_size": 2.0},
        "parameters": {**SETTINGS, "seed": seed},
        "outputs": {"model": str(folder / "m.safetensors")},
    }
    return run_job(parse_job(job, folder)).numbers["F1"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_fused_network_beats_the_best_single_source(scene, tmp_path, seed):
    fused = f1_at_the_reference_points(scene, SOURCES, seed, tmp_path)
    alone = {key: f1_at_the_reference_points(scene, [key], seed, tmp_path) for key in SOURCES}
    assert fused > max(alone.values()), (fused, alone)
