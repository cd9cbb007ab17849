"""Random numbers that can be repeated, without touching those of the rest of the process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Run a block with torch seeded and deterministic; afterwards everything is as it was.

    Build and train a network inside: weights, dropout and noise then follow from `seed`. On a CPU the same
    seed, thread count and versions give the same bits; a GPU keeps to deterministic convolutions only.
    """
    import torch  # here: a forest, which only draws numbers, is trained without it

    cudnn = torch.backends.cudnn
    before = cudnn.deterministic, cudnn.benchmark
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        cudnn.deterministic, cudnn.benchmark = True, False
        try:
            yield
        finally:
            cudnn.deterministic, cudnn.benchmark = before


def generator_for(seed: int, *path: int) -> np.random.Generator:
    """Return a numpy generator for one purpose, as `generator_for(seed, epoch)`; paths are independent."""
    return np.random.default_rng([seed, *path])
