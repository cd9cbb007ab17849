"""The step sizes with which the selective scans of the networks start."""

from __future__ import annotations

import math

import torch
from torch import Tensor

RANGE = (1e-3, 1e-1)
FLOOR = 1e-4


def initial_biases(*shape: int) -> Tensor:
    """Draw biases with which softplus gives step sizes spread evenly over the orders of `RANGE`."""
    low, high = (math.log(limit) for limit in RANGE)
    steps = torch.empty(shape).uniform_(low, high).exp().clamp_min(FLOOR)
    return steps + torch.log(-torch.expm1(-steps))  # the inverse of softplus
