from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from landfuse.core.errors import Cancelled, TrainingError  # noqa: E402
from landfuse.core.progress import Progress, silent  # noqa: E402
from landfuse.core.training import state as state_module  # noqa: E402
from landfuse.core.training.loop import train_network  # noqa: E402
from landfuse.core.training.plan import TrainingPlan  # noqa: E402
from landfuse.core.training.seeding import seeded  # noqa: E402
from landfuse.core.training.state import StateKeeper, fingerprint, remove_states  # noqa: E402

PLAN = replace(TrainingPlan(batch_size=8, learning_rate=1e-2, seed=1), epochs=6, min_steps=0, max_steps=0)
LABELS = np.arange(33) % 3
MARK = "0123456789abcdef"


class Network(torch.nn.Module):
    """A network with dropout and batch norm, which depend on generators and buffers."""

    def __init__(self, poisoned=10**9):
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(3, 8), torch.nn.BatchNorm1d(8), torch.nn.Dropout(0.5), torch.nn.Linear(8, 3)
        )
        self.steps, self.poisoned = 0, poisoned

    def forward(self, patches):
        return self.layers(patches["hsi"].mean(dim=(2, 3)))

    def loss(self, patches, labels, weight=None, label_smoothing=0.0):
        self.steps += 1
        loss = torch.nn.functional.cross_entropy(self(patches), labels, weight)
        return loss * float("nan") if self.steps > self.poisoned else loss


class Source:
    def gather(self, indices, turned=None):
        values = torch.eye(3)[torch.from_numpy(LABELS[indices])]
        return {"hsi": values[:, :, None, None].expand(-1, -1, 3, 3)}


class Stopped:
    """Collects events and cancels after a number of epochs."""

    def __init__(self, after=10**9):
        self.events, self.after = [], after
        self.progress = Progress(self.events.append, self.is_cancelled)

    def is_cancelled(self):
        return sum(e.get("name") == "loss" for e in self.events) >= self.after

    def curve(self):
        return [(e["epoch"], e["value"]) for e in self.events if e.get("name") == "loss"]


@pytest.fixture
def at_once(monkeypatch):
    monkeypatch.setattr(state_module, "KEEP_AFTER", 0.0)


def train(folder, plan=PLAN, progress=silent, network=None, name="m"):
    if network is None:
        with seeded(0):
            network = Network()
    keeper = StateKeeper(str(folder / f"{name}.safetensors"), MARK, progress) if folder else None
    train_network(network, Source(), LABELS, np.arange(33), plan, progress, keeper=keeper)
    return network


def same(first, second):
    one, two = first.state_dict(), second.state_dict()
    return all(torch.equal(one[name], two[name]) for name in one)


def states(folder):
    return sorted(path.name for path in folder.glob("*.training"))


def test_a_run_that_was_stopped_goes_on_and_ends_as_one_run_would(tmp_path, at_once):
    whole, run = train(None, progress=(once := Stopped()).progress), Stopped(after=4)
    with pytest.raises(Cancelled):
        train(tmp_path, progress=run.progress)
    assert states(tmp_path) == [f"m.{MARK}.training"]
    again = Stopped()
    network = train(tmp_path, progress=again.progress)
    assert network.steps == 2 * 4  # the last two epochs alone, of four batches
    assert same(network, whole)
    assert again.curve() == once.curve()
    assert any("after epoch 4" in e.get("text", "") for e in again.events)


def test_a_short_training_keeps_nothing(tmp_path):
    with pytest.raises(Cancelled):
        train(tmp_path, progress=Stopped(after=4).progress)
    assert states(tmp_path) == []


def test_a_finished_training_is_not_repeated(tmp_path, at_once):
    first = train(tmp_path)
    again = train(tmp_path)
    assert again.steps == 0
    assert same(first, again)


def test_a_state_is_found_under_another_model_name_and_takes_the_new_one(tmp_path, at_once):
    train(tmp_path, name="first")
    assert train(tmp_path, name="second").steps == 0
    assert states(tmp_path) == [f"second.{MARK}.training"]


def test_after_a_loss_that_is_not_finite_a_smaller_rate_goes_on_from_the_last_good_epoch(tmp_path):
    with seeded(0):
        network = Network(poisoned=10)  # in the third epoch
    with pytest.raises(TrainingError):
        train(tmp_path, network=network)
    assert states(tmp_path) == [f"m.{MARK}.training"]
    assert train(tmp_path).steps == 6 * 4  # the same rate would end the same way: from the start
    assert train(tmp_path, replace(PLAN, learning_rate=1e-3)).steps == 4 * 4


def test_another_learning_rate_starts_anew(tmp_path, at_once):
    train(tmp_path)
    assert train(tmp_path, replace(PLAN, learning_rate=1e-3)).steps == 6 * 4


@pytest.mark.parametrize(
    "damage", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: b"x" * 99]
)
def test_a_damaged_state_starts_anew(tmp_path, at_once, damage):
    train(tmp_path)
    path = next(tmp_path.glob("*.training"))
    path.write_bytes(damage(path.read_bytes()))
    assert train(tmp_path).steps == 6 * 4


def test_a_folder_that_cannot_be_written_costs_a_warning_not_the_run(tmp_path, at_once):
    events = []
    network = train(tmp_path / "missing", progress=Progress(events.append))
    assert network.steps == 6 * 4
    assert sum("cannot be kept" in event.get("text", "") for event in events) == 1


def test_the_fingerprint_follows_plan_configuration_and_data_but_not_the_learning_rate():
    base = fingerprint(PLAN, {"bands": 3}, [LABELS])
    assert base == fingerprint(replace(PLAN, learning_rate=1.0), {"bands": 3}, [LABELS.copy()])
    others = [
        fingerprint(replace(PLAN, epochs=7), {"bands": 3}, [LABELS]),
        fingerprint(PLAN, {"bands": 4}, [LABELS]),
        fingerprint(PLAN, {"bands": 3}, [LABELS[::-1]]),
        fingerprint(PLAN, {"bands": 3}, [LABELS.astype(np.int32)]),
    ]
    assert len({base, *others}) == 5


def test_only_the_states_of_this_model_are_removed(tmp_path):
    kept = [f"other.{MARK}.training", "m.training", f"m.x.{MARK}.training", "m.notes.training"]
    for name in [f"m.{MARK}.training", *kept]:
        (tmp_path / name).touch()
    remove_states(str(tmp_path / "m.safetensors"))
    assert states(tmp_path) == sorted(kept)
