"""The CUDA kernel of the package mamba-ssm for the selective scan: used where installed, never needed."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from typing import Any

from torch import Tensor

_MODULE = "mamba_ssm.ops.selective_scan_interface"


@lru_cache(maxsize=1)
def available_kernel() -> Callable[..., Any] | None:
    """Return the package's function, None where it cannot be imported. Asks once: the import is slow."""
    try:
        function: Callable[..., Any] = import_module(_MODULE).selective_scan_fn
    except (ImportError, OSError, AttributeError):  # absent, built for another torch, or another version
        return None
    return function


def run_kernel(
    u: Tensor, delta: Tensor, a: Tensor, b: Tensor, c: Tensor, d: Tensor, *, reverse: bool
) -> Tensor:
    """Return y (L, B, G, E) of the scan; the arguments are those of `ScanInputs`, float32 on one CUDA device.

    The kernel wants (B, G E, L) and (B, G, N, L), and runs forwards only.
    """
    kernel = available_kernel()
    if kernel is None:
        raise RuntimeError("mamba-ssm is not installed")
    length, batch, groups, channels = u.shape

    def token_last(values: Tensor) -> Tensor:
        values = values.permute(1, 2, 3, 0)
        return (values.flip(3) if reverse else values).contiguous()

    y = kernel(
        token_last(u).flatten(1, 2),
        token_last(delta).flatten(1, 2),
        a.flatten(0, 1).contiguous(),
        token_last(b),
        token_last(c),
        d.flatten().contiguous(),
    )
    y = y.view(batch, groups, channels, length)
    result: Tensor = (y.flip(3) if reverse else y).permute(3, 0, 1, 2)
    return result
