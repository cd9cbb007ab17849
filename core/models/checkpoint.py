"""Weights of a published checkpoint: `.pth`, `.pth.tar`, `.npz` or `.safetensors`. Nothing in it is run."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ModelFileError
from .tensor_file import read_arrays, read_header

if TYPE_CHECKING:
    from .tensor_file import Arrays

# Where a dictionary around the weights keeps them, and what training on several GPUs puts before each name.
_STATE_KEYS = ("state_dict", "model_state_dict", "model", "net")
_PARALLEL = "module."
_NPZ_PREFIX = "w:"


@dataclass(frozen=True)
class Checkpoint:
    """Weights by the name that the file gives them, and single numbers found beside them."""

    weights: Arrays
    numbers: dict[str, float] = field(default_factory=dict)


def read_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """Read the weights of a checkpoint and nothing else.

    Raises:
        ModelFileError: the file is missing, damaged, holds more than weights, or is a model file of Landfuse.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if not path.is_file():
        raise ModelFileError("There is no such file.", where=str(path), remedy="Check the path.")
    if suffix == ".safetensors":
        return _from_safetensors(path)
    found = _from_npz(path) if suffix == ".npz" else _from_torch(path)
    if not found.weights:
        raise _foreign(path, "it holds no weights")
    return found


def _from_safetensors(path: Path) -> Checkpoint:
    header = read_header(path)
    if "landfuse" in header.metadata:
        raise ModelFileError(
            "This is a model file of Landfuse already.", where=str(path), remedy="Classify with it directly."
        )
    return Checkpoint(_plain_names(read_arrays(path, header)))


def _from_npz(path: Path) -> Checkpoint:
    try:
        with np.load(path, allow_pickle=False) as archive:
            prefixed = [name for name in archive.files if name.startswith(_NPZ_PREFIX)]
            names = {name[len(_NPZ_PREFIX) :]: name for name in prefixed} or {n: n for n in archive.files}
            return Checkpoint(_plain_names({name: archive[key] for name, key in names.items()}))
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise _foreign(path, f"it cannot be read as .npz ({error})") from error


def _from_torch(path: Path) -> Checkpoint:
    import torch

    try:
        with _numpy_scalars_allowed():
            content = torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception as error:  # a foreign file makes torch raise almost anything
        raise _foreign(path, "it holds more than weights, or is damaged; nothing of it was run") from error
    if not isinstance(content, Mapping):
        raise _foreign(path, f"it holds a {type(content).__name__}, not a table of weights")
    state: Mapping[str, Any] = content
    for key in _STATE_KEYS:
        if isinstance(content.get(key), Mapping):
            state = content[key]
            break
    weights = {str(k): v.detach().numpy() for k, v in state.items() if isinstance(v, torch.Tensor)}
    numbers = {
        str(k): float(v) for k, v in content.items() if isinstance(v, (int, float, np.floating, np.integer))
    }
    return Checkpoint(_plain_names(weights), numbers)


def _numpy_scalars_allowed() -> AbstractContextManager[Any]:
    """Let a weights-only load accept numpy's single numbers, such as the best accuracy of a training.

    Their type is the only one added. Its function has moved between numpy 1 and 2; a file names either place.
    """
    from torch import serialization

    if not hasattr(serialization, "safe_globals"):  # torch before 2.5 reads only files without such numbers
        return nullcontext()
    scalar: Any = np.float64(0).__reduce__()[0]
    places = [(scalar, f"numpy.{core}.multiarray.scalar") for core in ("core", "_core")]
    kinds = {type(np.dtype(kind)) for kind in (np.float64, np.float32, np.int64)}
    return serialization.safe_globals([*places, np.dtype, *kinds])


def _plain_names(arrays: Arrays) -> Arrays:
    if arrays and all(name.startswith(_PARALLEL) for name in arrays):
        return {name[len(_PARALLEL) :]: array for name, array in arrays.items()}
    return arrays


def _foreign(path: Path, why: str) -> ModelFileError:
    return ModelFileError(
        f"This is no checkpoint that can be read: {why}.",
        where=str(path),
        remedy="Choose the .pth, .pth.tar, .npz or .safetensors file that the authors published.",
    )
