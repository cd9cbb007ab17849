"""The selective scan of an image along its rows and its columns, each from both ends (VMamba's SS2D).

Liu et al., "VMamba: Visual state space model", 2024, arXiv:2401.10166. Directions: 0 along the rows, 1 along
the columns, 2 and 3 the same from the end. As everything but the recursion works pixel by pixel, a direction
from the end reads the sequence of its partner and is never copied.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from .selective_scan import ScanInputs, selective_scan

N_DIRECTIONS = 4
N_SEQUENCES = 2  # along the rows, along the columns


class CrossScanWeights(NamedTuple):
    """Of the four directions, E channels, N states, step sizes of rank R.

    `project` (4, R + 2 N, E): from a pixel to the step's R numbers, then b, then c; `step` (4, E, R) and
    `step_bias` (4, E) make the step size; `a` (4, E, N), negative; `d` (4, E).
    """

    project: Tensor
    step: Tensor
    step_bias: Tensor
    a: Tensor
    d: Tensor


def cross_scan(maps: Tensor, weights: CrossScanWeights, backend: str = "auto") -> Tensor:
    """Return the sum of the four scans of maps (B, E, H, W) as (B, H, W, E), float32 at least."""
    height, width = maps.shape[2:]
    sequences = to_sequences(maps)
    total = sum_of_pair(sequences, weights, False, backend) + sum_of_pair(sequences, weights, True, backend)
    return from_sequences(total, height, width)


def sum_of_pair(sequences: Tensor, weights: CrossScanWeights, reverse: bool, backend: str = "auto") -> Tensor:
    """Return the scans (L, B, 2, E) along rows and columns in one direction, pixels in the given order."""
    chosen = slice(N_SEQUENCES, N_DIRECTIONS) if reverse else slice(N_SEQUENCES)
    inputs = pair_inputs(sequences, CrossScanWeights(*(value[chosen] for value in weights)))
    return selective_scan(inputs, reverse, backend)


def pair_inputs(sequences: Tensor, weights: CrossScanWeights) -> ScanInputs:
    """Return the inputs of the scan of both sequences; `weights` are those of two directions."""
    rank, n_states = weights.step.shape[2], weights.a.shape[2]
    projected = torch.einsum("lbge,gre->lbgr", sequences, weights.project)
    step, b, c = projected[..., :rank], projected[..., rank:-n_states], projected[..., -n_states:]
    raw = torch.einsum("lbgr,ger->lbge", step, weights.step)
    # Under autocast the bias, in float32, lifts the sum out of half precision.
    delta = functional.softplus(raw + weights.step_bias)
    return ScanInputs(sequences, delta, weights.a, b, c, weights.d)


def to_sequences(maps: Tensor) -> Tensor:
    """Return maps (B, E, H, W) as sequences (H W, B, 2, E): pixels row by row, and column by column."""
    rows = maps.permute(2, 3, 0, 1).flatten(0, 1)
    columns = maps.permute(3, 2, 0, 1).flatten(0, 1)
    return torch.stack([rows, columns], dim=2)


def from_sequences(sequences: Tensor, height: int, width: int) -> Tensor:
    """Put sequences (H W, B, 2, E) back to their pixels and add them: (B, H, W, E)."""
    batch, channels = sequences.shape[1], sequences.shape[3]
    rows = sequences[:, :, 0].reshape(height, width, batch, channels)
    columns = sequences[:, :, 1].reshape(width, height, batch, channels)
    return rows.permute(2, 0, 1, 3) + columns.permute(2, 1, 0, 3)
