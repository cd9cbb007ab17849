from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from landfuse.core.models.config import IGNORED  # noqa: E402
from landfuse.core.progress import Progress  # noqa: E402
from landfuse.core.training.loop import train_network  # noqa: E402
from landfuse.core.training.own_samples import OwnScore, own_score  # noqa: E402
from landfuse.core.training.plan import TrainingPlan  # noqa: E402

LABELS = np.arange(120) % 2


class Normalised(torch.nn.Module):
    """Batch normalisation and a linear layer; `foreign` puts statistics of other data in place at the end."""

    def __init__(self, momentum=0.1):
        super().__init__()
        self.norm = torch.nn.BatchNorm2d(1, momentum=momentum)
        self.layer = torch.nn.Linear(1, 2)

    def forward(self, patches):
        return self.layer(self.norm(patches["sar"]).mean(dim=(2, 3)))

    def loss(self, patches, labels, weight=None, label_smoothing=0.0):
        return torch.nn.functional.cross_entropy(self(patches), labels)


class Source:
    """Patches whose values tell the class: 10 or 12."""

    def gather(self, indices, turned=None):
        values = 10 + 2.0 * torch.from_numpy(LABELS[indices]).float()
        return {"sar": values[:, None, None, None].expand(-1, -1, 3, 3)}


def trained(momentum, epochs=30):
    torch.manual_seed(0)
    events, network = [], Normalised(momentum)
    plan = TrainingPlan(epochs=epochs, batch_size=30, learning_rate=0.05, jitter=0, min_steps=0)
    score = train_network(network, Source(), LABELS, np.arange(120), plan, Progress(events.append))
    return network, score, [event["text"] for event in events if event.get("level") == "warning"]


def test_a_sound_training_knows_its_samples_in_both_modes_and_says_nothing():
    _, score, warnings = trained(momentum=0.1)
    assert (score.evaluation, score.training) == (1.0, 1.0)
    assert warnings == []


def test_statistics_that_do_not_fit_the_samples_are_told_although_the_loss_fell():
    # A momentum of 0 leaves the averages as they were before the training: mean 0, deviation 1.
    network, score, warnings = trained(momentum=0.0)
    assert score.training == 1.0
    assert score.evaluation == pytest.approx(0.5)
    assert len(warnings) == 1
    assert "50% of its own training samples" in warnings[0]
    assert score.facts()["warning"] == warnings[0]
    assert network.norm.running_mean.item() == 0  # the look in training mode left no trace


def test_a_network_that_has_learned_nothing_is_told():
    score = OwnScore(evaluation=0.52, training=0.55, commonest=0.5, n=400)
    assert "not learned" in score.finding()
    assert OwnScore(0.7, 0.7, 0.5, 400).finding() == ""


def test_few_samples_that_differ_by_chance_are_no_finding():
    assert OwnScore(evaluation=0.85, training=1.0, commonest=0.25, n=20).finding() == ""
    assert OwnScore(evaluation=0.85, training=1.0, commonest=0.25, n=500).finding() != ""


def test_pixels_without_a_class_do_not_count():
    class Fixed(torch.nn.Module):
        def forward(self, tiles):
            return torch.stack([torch.zeros(1, 2, 2), torch.ones(1, 2, 2)], dim=1)

    labels = torch.tensor([[[1, IGNORED], [0, IGNORED]]])
    score = own_score(Fixed(), lambda: [({"sar": torch.zeros(1, 1, 2, 2)}, labels)], 2)
    assert (score.n, score.evaluation, score.commonest) == (2, 0.5, 0.5)
