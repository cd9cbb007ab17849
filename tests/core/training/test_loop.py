from __future__ import annotations

import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from landfuse.core.errors import Cancelled, OutOfMemoryError, TrainingError  # noqa: E402
from landfuse.core.models.catalog import build_model  # noqa: E402
from landfuse.core.models.config import ModelConfig  # noqa: E402
from landfuse.core.progress import Progress, silent  # noqa: E402
from landfuse.core.training.loop import train_network  # noqa: E402
from landfuse.core.training.patches import PatchSource  # noqa: E402
from landfuse.core.training.plan import TrainingPlan  # noqa: E402
from landfuse.core.training.seeding import seeded  # noqa: E402

PLAN = TrainingPlan(epochs=4, batch_size=8, learning_rate=1e-2, seed=1).for_samples(10**9)
PLAN = replace(PLAN, epochs=4)


class Linear(torch.nn.Module):
    """A linear classifier on the mean of a patch, with a count of what it was asked for."""

    def __init__(self, n_classes=3):
        super().__init__()
        self.layer = torch.nn.Linear(2, n_classes)
        self.batches, self.settings, self.largest = [], [], 10**9

    def forward(self, patches):
        return self.layer(patches["sar"].mean(dim=(2, 3)))

    def loss(self, patches, labels, weight=None, label_smoothing=0.0):
        self.batches.append(len(labels))
        self.settings.append((weight, label_smoothing))
        if len(labels) > self.largest:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return torch.nn.functional.cross_entropy(
            self(patches), labels, weight, label_smoothing=label_smoothing
        )


class Source:
    """Patches whose mean tells the class."""

    def __init__(self, labels, factor=1.0):
        self.values = torch.from_numpy(np.stack([labels == 0, labels == 1]).T.astype(np.float32)) * factor

    def gather(self, indices, turned=None):
        return {"sar": self.values[torch.from_numpy(indices)][:, :, None, None].expand(-1, -1, 3, 3)}


LABELS = np.arange(33) % 3


def network_after(plan, progress=silent, largest=10**9):
    with seeded(0):
        network = Linear()
    network.largest = largest
    train_network(network, Source(LABELS), LABELS, np.arange(33), plan, progress)
    return network


def test_training_learns_and_ends_in_eval_mode():
    network = network_after(replace(PLAN, epochs=60))
    assert not network.training
    found = network(Source(LABELS).gather(np.arange(33))).argmax(dim=1)
    assert (found.numpy() == LABELS).all()


def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not():
    first, second = network_after(PLAN), network_after(PLAN)
    assert torch.equal(first.layer.weight, second.layer.weight)
    assert not torch.equal(first.layer.weight, network_after(replace(PLAN, seed=2)).layer.weight)


def test_no_batch_has_a_single_sample():
    assert network_after(PLAN).batches == [8, 8, 8, 9] * 4


def test_weights_and_smoothing_reach_the_loss():
    weighted = network_after(replace(PLAN, label_smoothing=0.1)).settings[0]
    assert weighted[0].tolist() == pytest.approx([1, 1, 1])
    assert weighted[1] == 0.1
    assert network_after(replace(PLAN, weighted=False)).settings[0][0] is None


def test_curves_arrive_as_events():
    events = []
    network_after(PLAN, Progress(events.append))
    curves = {}
    for event in events:
        if event["event"] == "metric":
            curves.setdefault(event["name"], []).append((event["epoch"], event["value"]))
    assert [epoch for epoch, _ in curves["loss"]] == [1, 2, 3, 4]
    assert curves["loss"][-1][1] < curves["loss"][0][1]
    assert curves["accuracy"][-1][0] == 4
    assert 0 <= curves["accuracy"][-1][1] <= 1
    assert curves["learning_rate"][-1][1] < curves["learning_rate"][1][1]


def test_cancelling_stops_at_the_next_batch():
    start, asked = time.monotonic(), []

    def is_cancelled():
        asked.append(time.monotonic())
        return time.monotonic() - start > 0.3

    with pytest.raises(Cancelled):
        network_after(replace(PLAN, epochs=10**6), Progress(is_cancelled=is_cancelled))
    assert max(np.diff(asked)) < 0.3


def test_a_full_gpu_halves_the_batch_and_goes_on():
    events = []
    network = network_after(PLAN, Progress(events.append), largest=5)
    done = [size for size in network.batches if size <= 5]
    assert network.batches[:2] == [8, 4]
    assert sum(done) == 33 * 4
    assert any("batches of 4" in event.get("text", "") for event in events)


def test_a_gpu_too_small_for_any_batch_is_an_error():
    with pytest.raises(OutOfMemoryError, match="cpu"):
        network_after(PLAN, largest=1)


@pytest.mark.parametrize(
    ("factor", "words"), [(np.nan, "not a number"), (1e30, "1e\\+30"), (1.0, "learning rate below")]
)
def test_a_loss_that_is_not_finite_names_the_suspect(factor, words):
    network = Linear()
    if factor == 1.0:
        network.layer.weight.data.fill_(float("inf"))
    else:
        network.layer.weight.data.fill_(1e30)
    with pytest.raises(TrainingError, match=words) as caught:
        train_network(network, Source(LABELS, factor), LABELS, LABELS, PLAN)
    assert ("sar" in caught.value.where) == (factor != 1.0)


@pytest.mark.parametrize("preset_augment", [True, False])
def test_mibf_net_learns_a_small_scene_and_repeats_bit_for_bit(memory_stack, fill_zero, preset_augment):
    rng = np.random.default_rng(0)
    truth = np.add.outer(np.arange(40) // 8, np.arange(40) // 8) % 3
    stack = memory_stack(
        hsi=rng.normal(size=(4, 40, 40)) + (truth == 1) * 2,
        lidar=rng.normal(size=(1, 40, 40)) + (truth == 2) * 2,
    )
    rows, cols = rng.integers(0, 40, 60), rng.integers(0, 40, 60)
    labels = truth[rows, cols]
    plan = replace(PLAN, epochs=12, batch_size=16, learning_rate=3e-3, augment=preset_augment)

    def train():
        with seeded(1):
            network = build_model("mibf_net", ModelConfig({"hsi": 4, "lidar": 1}, 3, 5))
        with PatchSource(stack, fill_zero, SimpleNamespace(rows=rows, cols=cols), 5) as source:
            train_network(network, source, labels, np.arange(60), plan)
            with torch.no_grad():
                return network(source.gather(np.arange(60)))

    first = train()
    assert torch.equal(first, train())
    assert (first.argmax(dim=1).numpy() == labels).mean() > 0.8


@pytest.mark.parametrize(("n", "batch_size"), [(1, 8), (33, 1)])
def test_too_few_patches_for_batch_normalisation_are_an_error_in_words(n, batch_size):
    plan = replace(PLAN, batch_size=batch_size)
    with pytest.raises(TrainingError, match="batch normalisation needs at least 2"):
        train_network(Linear(), Source(LABELS), LABELS[:n], np.arange(n), plan)
