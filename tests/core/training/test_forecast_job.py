from __future__ import annotations

import json

import pytest

torch = pytest.importorskip("torch")

from landfuse.core.dispatch import run_job  # noqa: E402
from landfuse.core.errors import OutOfMemoryError  # noqa: E402
from landfuse.core.forecast_job_kind import FIGURES, number_name  # noqa: E402
from landfuse.core.job_file import parse_job  # noqa: E402
from landfuse.core.job_spec import METHODS  # noqa: E402
from landfuse.core.models.config import ModelConfig  # noqa: E402
from landfuse.core.progress import Progress  # noqa: E402
from landfuse.core.training import cost, trial  # noqa: E402
from landfuse.core.training.plan import training_plan  # noqa: E402


def forecast(scene, samples=False, events=None, **parameters):
    job = {
        "landfuse_job": 1,
        "kind": "forecast",
        "inputs": scene.inputs,
        "parameters": {**scene.cpu, **parameters},
        **({"samples": scene.samples} if samples else {}),
    }
    send = events.append if events is not None else lambda event: None
    return run_job(parse_job(job, scene.folder), Progress(send)).numbers


def test_every_method_gets_seconds_and_memory_that_can_be_sent(small_scene):
    found = forecast(small_scene, tile_size=32)
    for method in METHODS:
        for figure in FIGURES:
            assert found[number_name(method, figure)] >= 0, (method, figure)
    assert found["MIBF_NET_TRAINING_SECONDS"] > 0
    assert found["FREE_MIB"] > 0
    json.dumps(found)


@pytest.fixture
def steady(monkeypatch):
    """Trials that take the same time whatever else the machine does."""
    monkeypatch.setattr(trial, "try_training", lambda *_: trial.Trial(0.1, 0.001, 10 << 20))


@pytest.mark.usefixtures("steady")
def test_one_method_leaves_the_others_open_and_small_costs_less(small_scene):
    default = forecast(small_scene, method="mibf_net")
    small = forecast(small_scene, method="mibf_net", preset="small")
    assert default["NCGLF2_TRAINING_SECONDS"] is None
    # 250 samples: 40 and 25 epochs of 250 / 64 steps, 18 looks at 128 samples, and three quarters held in.
    assert default["MIBF_NET_TRAINING_SECONDS"] == pytest.approx(1.75 * (15.625 + 2.304), abs=0.1)
    assert small["MIBF_NET_TRAINING_SECONDS"] == pytest.approx(1.75 * (9.766 + 2.304), abs=0.1)


@pytest.mark.usefixtures("steady")
def test_samples_replace_the_numbers(small_scene):
    few = forecast(small_scene, method="mibf_net", sample_count=20)
    own = forecast(small_scene, samples=True, method="mibf_net", sample_count=20)
    assert own["MIBF_NET_TRAINING_MIB"] >= few["MIBF_NET_TRAINING_MIB"]
    assert own["MIBF_NET_TRAINING_SECONDS"] > few["MIBF_NET_TRAINING_SECONDS"]


def test_a_method_that_cannot_take_the_settings_is_named_and_the_others_are_told(small_scene):
    events = []
    found = forecast(small_scene, events=events, patch_size=8, tile_size=32)
    assert found["MIBF_NET_TRAINING_SECONDS"] is None
    assert found["RANDOM_FOREST_TRAINING_SECONDS"] is not None
    assert any("mibf_net" in e.get("text", "") and "not odd" in e["text"] for e in events)


def test_a_trial_leaves_the_random_numbers_of_the_run_alone():
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    trial.step_bytes("mibf_net", ModelConfig({"sar": 2}, 3, 5), training_plan("mibf_net"))
    assert torch.equal(torch.rand(1), expected)


def test_the_memory_of_a_step_follows_the_batch():
    config = ModelConfig({"sar": 2, "optical": 4}, 3, 9)
    small, large = (
        trial.step_bytes("mibf_net", config, training_plan("mibf_net", batch_size=size)) for size in (64, 256)
    )
    weights = 4 * 4 * 350_000
    assert 3 < (large - weights) / (small - weights) < 5


def texts_of_training(scene, preset):
    events = []
    run_job(scene.train({**scene.tiles, "tile_size": 0, "preset": preset}), Progress(events.append))
    return [event.get("text", "") for event in events]


def test_too_little_memory_is_told_before_the_training_with_a_preset_that_fits(small_scene, monkeypatch):
    monkeypatch.setattr(cost, "free_bytes", lambda device: 1000 << 20)
    with pytest.raises(OutOfMemoryError, match="are free") as caught:
        texts_of_training(small_scene, "paper")
    assert "preset 'paper'" in caught.value.where
    assert "Use the preset 'default'" in caught.value.remedy


def test_a_training_says_what_it_will_take(small_scene):
    texts = texts_of_training(small_scene, "default")
    assert any(text.startswith("Forecast: about") and text.endswith("free.") for text in texts)
