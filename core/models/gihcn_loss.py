"""The loss of GIHCN: two views of a sample are drawn together, and each is classified."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

TEMPERATURE = 0.5


def contrastive_loss(first: Tensor, second: Tensor) -> Tensor:
    """Return NT-Xent of features (B, D): which of the 2 B - 1 others is the same sample's other view?"""
    features = functional.normalize(torch.cat([first, second]), dim=1)
    n = len(features)
    similarity = (features @ features.T / TEMPERATURE).masked_fill(
        torch.eye(n, dtype=torch.bool, device=features.device), -torch.inf
    )
    other_view = torch.arange(n, device=features.device).roll(n // 2)
    return functional.cross_entropy(similarity, other_view)


def divergence(first: Tensor, second: Tensor, reversed_arguments: bool = True) -> Tensor:
    """Return how far the softmax p, q of features (B, D) are apart, m being their mean.

    As published (KL(m, p) + KL(m, q)) / 2, whose arguments are the reverse of Jensen-Shannon's;
    `reversed_arguments=False` gives that one.
    """
    p, q = first.log_softmax(dim=1), second.log_softmax(dim=1)
    m = torch.logaddexp(p, q) - torch.log(p.new_tensor(2.0))
    pairs = ((m, p), (m, q)) if reversed_arguments else ((p, m), (q, m))
    return sum((_relative_entropy(*pair) for pair in pairs), p.new_zeros(())) / 2


def _relative_entropy(of: Tensor, to: Tensor) -> Tensor:
    """Return KL(of, to) of log probabilities (B, D), the mean over the batch."""
    return (of.exp() * (of - to)).sum(dim=1).mean()
