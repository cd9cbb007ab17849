"""A GPU without memory left: the same again with smaller batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch

from ..errors import OutOfMemoryError

Result = TypeVar("Result")


def with_smaller_batches(settings: dict[str, Any], noun: str, compute: Callable[[], Result]) -> Result:
    """Return `compute()`; each time the GPU is full, halve `settings["batch_size"]` and compute again.

    Raises `OutOfMemoryError` where not even one `noun` fits.
    """
    while True:
        try:
            return compute()
        except torch.cuda.OutOfMemoryError as error:
            if settings["batch_size"] == 1:
                raise OutOfMemoryError(
                    f"Not even a single {noun} fits into the memory of the GPU.",
                    where="prediction",
                    remedy="Use device 'cpu', or close other programs that use the GPU.",
                ) from error
        # Outside of the handler: the error keeps the tensors of the failed batch alive.
        settings["batch_size"] //= 2
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
