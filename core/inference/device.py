"""Where a network runs: torch present or not, CPU or GPU, number of threads. Free of torch until called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import EngineError, MissingDependencyError
from ..machine import thread_count

if TYPE_CHECKING:
    import torch

_SETUP = "Use 'Set up' in the dock or the options page, or run 'landfuse setup'."


def require_torch() -> None:
    """Import torch, or raise `MissingDependencyError` with the remedy.

    An `OSError` is what Windows gives for a library of torch that does not load.
    """
    try:
        import torch  # noqa: F401  only whether it loads
    except ImportError as error:
        raise MissingDependencyError(
            f"torch, which computes the networks, is not installed ({error}).", where="engine", remedy=_SETUP
        ) from error
    except OSError as error:
        raise MissingDependencyError(
            f"torch is installed but does not load ({error}).",
            where="engine",
            remedy=f"{_SETUP} On Windows, install the Microsoft Visual C++ runtime first.",
        ) from error


def choose_device(asked: str = "auto") -> torch.device:
    """Return the device for "auto", "cpu" or "cuda". Raises `EngineError` if there is no GPU for "cuda"."""
    require_torch()
    import torch

    has_gpu = torch.cuda.is_available()
    if asked == "cuda" and not has_gpu:
        raise EngineError(
            "A GPU was asked for, but torch finds none.",
            where="device",
            remedy="Use device 'auto' or 'cpu', or install a torch build with CUDA.",
        )
    return torch.device("cuda" if has_gpu and asked in ("auto", "cuda") else "cpu")


def set_threads(asked: int = 0) -> int:
    """Let torch compute with `thread_count(asked)` threads in this process and return that number."""
    require_torch()
    import torch

    count = thread_count(asked)
    torch.set_num_threads(count)
    return count
