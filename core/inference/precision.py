"""Half precision where it is asked for, or where a trial shows that it is faster and changes no label."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
# A trial passes if few labels change, and only such where the two best logits are close.
CHANGED_SHARE = 1e-3
CLOSE_LOGITS = 0.05
WORTHWHILE = 0.8  # of the time in fp32


def autocast(device: torch.device, dtype: torch.dtype) -> AbstractContextManager[object]:
    """Return the context in which a network with fp32 weights computes in `dtype`."""
    return nullcontext() if dtype == torch.float32 else torch.autocast(device.type, dtype)


def choose_precision(device: torch.device, trial: Callable[[torch.dtype], Tensor]) -> str:
    """Return "fp16", "bf16" or "fp32" after computing a trial batch in each.

    `trial(dtype)` returns logits (n, K). fp16 comes first: it rounds eight times finer than bf16.
    """
    if device.type != "cuda":
        return "fp32"  # half precision is emulated on most CPUs
    reference, seconds = _timed(device, trial, torch.float32)
    for name in ("fp16", "bf16"):
        logits, half_seconds = _timed(device, trial, DTYPES[name])
        if half_seconds < WORTHWHILE * seconds and labels_agree(reference, logits):
            return name
    return "fp32"


def labels_agree(reference: Tensor, logits: Tensor) -> bool:
    """Tell whether two sets of logits (n, K) give the same map but for ties."""
    if not bool(torch.isfinite(logits).all()):
        return False
    best = reference.float().topk(2, dim=1)
    changed = logits.argmax(dim=1) != best.indices[:, 0]
    clear = best.values[:, 0] - best.values[:, 1] > CLOSE_LOGITS
    return not bool((changed & clear).any()) and float(changed.float().mean()) <= CHANGED_SHARE


def _timed(
    device: torch.device, trial: Callable[[torch.dtype], Tensor], dtype: torch.dtype
) -> tuple[Tensor, float]:
    trial(dtype)  # the first call chooses and compiles kernels
    _wait(device)
    start = time.perf_counter()
    logits = trial(dtype)
    _wait(device)
    return logits.float(), time.perf_counter() - start


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
