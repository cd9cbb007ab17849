"""What the product promises, on the scene that users get: all sources together beat the best one alone."""

from __future__ import annotations

import pytest
from landfuse.core.dispatch import run_job
from landfuse.core.job_file import parse_job

pytest.importorskip("torch", reason="needs the engine's packages")

SOURCES = ("hsi", "lidar", "sar", "optical")
# 2 m pixels and four epochs: five trainings within half a minute on two cores.
SETTINGS = {"epochs": 4, "device": "cpu", "threads": 2, "seed": 0}


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    job = {"landfuse_job": 1, "kind": "demoscene", "outputs": {"folder": str(folder)}}
    return run_job(parse_job(job, folder)).outputs


def f1_at_the_reference_points(scene, keys, folder):
    """Macro F1 of a network that is trained on the training areas with some of the sources."""
    job = {
        "landfuse_job": 1,
        "kind": "train",
        "inputs": {key: [{"path": scene[key]}] for key in keys},
        "samples": {"path": scene["training_areas"], "class_field": "class"},
        "test_samples": {"path": scene["reference_points"], "class_field": "class"},
        "grid": {"pixel_size": 2.0},
        "parameters": SETTINGS,
        "outputs": {"model": str(folder / "m.safetensors")},
    }
    return run_job(parse_job(job, folder)).numbers["F1"]


@pytest.mark.slow
def test_the_fused_network_beats_the_best_single_source(scene, tmp_path):
    fused = f1_at_the_reference_points(scene, SOURCES, tmp_path)
    alone = {key: f1_at_the_reference_points(scene, [key], tmp_path) for key in SOURCES}
    assert fused > max(alone.values()), (fused, alone)
