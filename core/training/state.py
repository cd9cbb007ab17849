"""The state of an unfinished training, kept beside the model so that a run that stops can go on.

A state belongs to one run: its name holds a fingerprint of everything the result follows from but the
learning rate. It is written after each epoch once a training has lasted a minute. Where the loss is not
finite, that of the last good epoch is written: a run with a smaller learning rate goes on from there. The
file is of the same format as a model's; nothing in it is executed.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from ..errors import ModelFileError, OutputError
from ..models.tensor_file import read_arrays, read_header, write_arrays
from ..progress import Progress, silent
from .diffusion_plan import DiffusionPlan
from .plan import TrainingPlan

if TYPE_CHECKING:
    from ..models.tensor_file import Arrays

KEEP_AFTER = 60.0  # seconds of training; what is shorter is repeated
SUFFIX = ".training"
_KEY = "landfuse_training"
_NETWORK, _OPTIMISER, _CPU, _GPU = "network.", "optimiser.", "random.cpu", "random.gpu"
_DIGITS = 16
Metric = tuple[int, str, float]  # epoch, name, value


@dataclass(frozen=True)
class Facts:
    """What of a state is no array: epochs done, batch size in use, learning rate of the plan, metrics sent.

    `failed`: the epoch after it had a loss that was not finite.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    metrics: tuple[Metric, ...] = ()
    failed: bool = False


@dataclass(frozen=True)
class State:
    """A training after a whole epoch: weights, optimiser and generators as arrays, and `facts`."""

    facts: Facts
    arrays: Arrays

    @classmethod
    def of(cls, facts: Facts, network: nn.Module, optimiser: torch.optim.Optimizer) -> State:
        """Copy the state of a training."""
        arrays = {_NETWORK + name: _copied(value) for name, value in network.state_dict().items()}
        for index, values in optimiser.state_dict()["state"].items():
            arrays.update({f"{_OPTIMISER}{index}.{name}": _copied(v) for name, v in values.items()})
        arrays[_CPU] = torch.get_rng_state().numpy().copy()
        if torch.cuda.is_available():
            arrays[_GPU] = torch.cuda.get_rng_state().numpy().copy()
        return cls(facts, arrays)

    def restore(self, network: nn.Module, optimiser: torch.optim.Optimizer) -> None:
        """Put weights, optimiser and torch's generators into this state."""
        network.load_state_dict(
            {
                k[len(_NETWORK) :]: torch.from_numpy(v)
                for k, v in self.arrays.items()
                if k.startswith(_NETWORK)
            }
        )
        whole = optimiser.state_dict()
        whole["state"] = _nested(self.arrays)
        optimiser.load_state_dict(whole)
        torch.set_rng_state(torch.from_numpy(self.arrays[_CPU]))
        if _GPU in self.arrays and torch.cuda.is_available():
            torch.cuda.set_rng_state(torch.from_numpy(self.arrays[_GPU]))


def _copied(value: Any) -> Any:
    return np.array(torch.as_tensor(value).detach().cpu().numpy())


def _nested(arrays: Arrays) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for name, array in arrays.items():
        if name.startswith(_OPTIMISER):
            index, key = name[len(_OPTIMISER) :].split(".", 1)
            found.setdefault(int(index), {})[key] = torch.from_numpy(array)
    return found


def fingerprint(plan: TrainingPlan | DiffusionPlan, config: Mapping[str, Any], arrays: Iterable[Any]) -> str:
    """Return what tells one run from another: plan (but for its learning rate), configuration, data."""
    digest = hashlib.sha256(repr(replace(plan, learning_rate=0.0)).encode())
    digest.update(json.dumps(config, sort_keys=True).encode())
    for array in arrays:
        values = np.ascontiguousarray(array)
        digest.update(f"{values.dtype}{values.shape}".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()[:_DIGITS]


class StateKeeper:
    """Finds, writes and names the state of one run; `model` is the path of the model that it is to make."""

    def __init__(self, model: str, mark: str, progress: Progress = silent) -> None:
        path = Path(model)
        self.path = path.with_name(f"{path.stem}.{mark}{SUFFIX}")
        self._mark, self._progress = mark, progress
        self._started, self._announced, self._broken = time.monotonic(), False, False

    def find(self, learning_rate: float) -> State | None:
        """Return the state that a run with this learning rate goes on from, None to start anew.

        A state of another model's name in the folder is as good; it takes the name of this one.
        """
        for path in sorted(self.path.parent.glob(f"*.{self._mark}{SUFFIX}")):
            state = _read(path)
            if state is not None and _may_go_on(state.facts, learning_rate):
                os.replace(path, self.path)
                self._progress.log(
                    f"An earlier run stopped after epoch {state.facts.epochs}; training goes on from there."
                )
                self._announced = True
                return state
        return None

    def keep(self, state: State) -> None:
        """Write the state if the training has lasted long enough, or has failed."""
        long_enough = self._announced or time.monotonic() - self._started >= KEEP_AFTER
        if self._broken or not (long_enough or state.facts.failed):
            return
        try:
            write_arrays(self.path, state.arrays, json.dumps(asdict(state.facts)), _KEY)
        except OutputError as error:
            self._broken = True
            self._progress.warn(f"The state of the training cannot be kept: {error}")
            return
        if not self._announced:
            self._announced = True
            self._progress.log(
                f"After each epoch the state of the training is kept in {self.path.name}: the same job goes "
                "on from it if this run is stopped."
            )


def remove_states(model: str) -> None:
    """Remove the states of all runs that were to make this model."""
    path = Path(model)
    length = len(f"{path.stem}.") + _DIGITS + len(SUFFIX)
    for state in path.parent.glob(f"*{SUFFIX}"):
        if state.name.startswith(f"{path.stem}.") and len(state.name) == length:
            state.unlink(missing_ok=True)


def _may_go_on(facts: Facts, learning_rate: float) -> bool:
    if facts.failed:
        return learning_rate < facts.learning_rate
    return learning_rate == facts.learning_rate


def _read(path: Path) -> State | None:
    """Read a state; None for a file that is damaged or no state: then the run starts anew."""
    try:
        header = read_header(path)
        facts = json.loads(header.metadata[_KEY])
        metrics = tuple((int(e), str(n), float(v)) for e, n, v in facts.pop("metrics"))
        return State(Facts(**facts, metrics=metrics), read_arrays(path, header))
    except (ModelFileError, KeyError, ValueError, TypeError):
        return None
