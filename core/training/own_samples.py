"""Whether a trained network knows its own training samples in the mode in which it makes maps.

The loss of a training is measured in training mode, where batch normalisation uses the batch at hand. A map
is made with averages kept from the training instead. Where these do not describe the samples, the loss falls
and the map is wrong all the same: only a look at both modes tells.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..models.config import IGNORED

Batch = tuple[dict[str, Tensor], Tensor]  # bands and class indexes, `IGNORED` where unknown
Batches = Callable[[], Iterable[Batch]]

WORTH_WARNING = 0.1  # share of the samples; healthy trainings differ by 0.03 at most (benchmarks/README.md)


@dataclass(frozen=True)
class OwnScore:
    """Shares of `n` training samples that are right: in `evaluation` mode and in `training` mode.

    `commonest`: share of the most frequent class, which naming it everywhere would reach.
    """

    evaluation: float
    training: float
    commonest: float
    n: int

    def facts(self) -> dict[str, Any]:
        """Return what model file and report keep of it."""
        finding = self.finding()
        own = {"accuracy_on_training_samples": round(self.evaluation, 4)}
        return {**own, "warning": finding} if finding else own

    def finding(self) -> str:
        """Return what the analyst must know, in words; "" where all is well."""
        if self.training - self.evaluation > max(WORTH_WARNING, self._chance(0.5)):
            return (
                f"Do not trust this model: it gets {self.evaluation:.0%} of its own training samples right "
                f"as it makes maps, but {self.training:.0%} as it was trained. Its averages of batch "
                "normalisation do not fit the samples. Train with another seed, more epochs or a larger "
                "batch size; if it stays, please report it."
            )
        if self.evaluation < self.commonest + self._chance(0.25) and self.commonest < 1:
            return (
                f"The network has not learned its own training samples: {self.evaluation:.0%} are right, and "
                f"naming the most frequent class everywhere would reach {self.commonest:.0%}. Use more "
                "epochs, or check samples and sources."
            )
        return ""

    def _chance(self, variance: float) -> float:
        """Return three standard deviations of a mean over the samples."""
        return 3 * math.sqrt(variance / self.n)


def own_score(network: nn.Module, batches: Batches, n_classes: int) -> OwnScore:
    """Score `network` on batches of its training samples in both modes; leave it as it was, in eval mode."""
    counts = torch.zeros(n_classes, dtype=torch.int64)
    for _, labels in batches():
        counts += torch.bincount(labels[labels != IGNORED].cpu(), minlength=n_classes)
    evaluation, _ = right_and_known(network.eval(), batches())
    kept = {name: value.clone() for name, value in network.named_buffers()}
    try:
        training, _ = right_and_known(network.train(), batches())
    finally:
        for name, value in network.named_buffers():
            value.copy_(kept[name])
        network.eval()
    n = max(1, int(counts.sum()))
    return OwnScore(evaluation / n, training / n, int(counts.max()) / n, n)


def right_and_known(network: nn.Module, batches: Iterable[Batch]) -> tuple[int, int]:
    """Return how many labels `network` gets right in the mode it is in, and how many are known."""
    right = known = 0
    with torch.no_grad():
        for patches, labels in batches:
            right += int((network(patches).argmax(dim=1) == labels).sum())
            known += int((labels != IGNORED).sum())
    return right, known
