"""Trials of a network on random data of the right shapes: seconds and bytes of training and of mapping.

Nothing is read and nothing is learned; a trial takes about a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from ..data.classes import LandClass
from ..data.normalisation import Normalisation, Preprocess
from ..inference.predictor import Predictor, make_predictor
from ..models.catalog import CATALOG, build_model
from ..models.config import ModelConfig
from ..models.model_file import TrainedModel
from ..progress import silent
from .augmentation import jittered
from .loop import make_optimiser, memory_format
from .plan import TrainingPlan
from .seeding import seeded

if TYPE_CHECKING:
    from ..models.tensor_file import Arrays

SECONDS = 0.4  # for each part of a trial
FEW = {"patch": 8, "tile": 2}  # examples of the first, careful step
_BYTES_AT_ONCE = 1 << 30  # a whole batch is tried where it needs less than this
_STATES = 4  # weights, gradients and the two moments of Adam
_WORKSPACE = 1.5  # of what autograd keeps: gradients of maps and workspace of convolutions
# Sides of windows that are mapped on trial: the large one is what a predictor takes at once.
_SMALL_SIDE, _SIDE = 16, 64
_LONGEST = 3.0  # seconds for the large one; a slower method is judged by the small one
_TILES_PER_PIXEL = 4  # overlapping tiles, see `inference.tile_predictor`


@dataclass(frozen=True)
class Trial:
    """Seconds of a training step and of looking at one example; bytes of a step."""

    step_seconds: float
    look_seconds: float
    step_bytes: int


def try_training(method: str, config: ModelConfig, plan: TrainingPlan, device: torch.device) -> Trial:
    """Time training steps and looks of a network with random weights.

    Torch's generators stay as they were.
    """
    with seeded(0):
        network = build_model(method, config)
        few = min(plan.batch_size, FEW[CATALOG[method].kind])
        seconds, kept = _steps(network, config, replace(plan, batch_size=few), device)
        share = plan.batch_size / few
        if 1 < share < SECONDS / seconds and _WORKSPACE * kept * share < _BYTES_AT_ONCE:
            seconds, _ = _steps(network, config, plan, device)
        else:
            seconds *= share
        look = _look(network, config, few, device)
    return Trial(seconds, look, _bytes(network, kept * share))


def try_mapping(method: str, config: ModelConfig, device: torch.device) -> float:
    """Return the seconds that a pixel of a map takes with a network of random weights."""
    with seeded(0):
        network = build_model(method, config)
        if config.tile_size:
            look = _look(network.to(device), config, FEW["tile"], device)
            return look * _TILES_PER_PIXEL / config.side**2
        arrays = {name: tensor.detach().cpu().numpy() for name, tensor in network.state_dict().items()}
        own: Any = network
        model = untrained(method, replace(config, options=own.config.options), arrays)
        return pixel_seconds(model, device.type)


def step_bytes(method: str, config: ModelConfig, plan: TrainingPlan) -> int:
    """Return the bytes of a training step, from a few examples on the CPU."""
    few = min(plan.batch_size, FEW[CATALOG[method].kind])
    with seeded(0):
        network = build_model(method, config)
        _, kept = _steps(network, config, replace(plan, batch_size=few), torch.device("cpu"), seconds=0.0)
    return _bytes(network, kept * plan.batch_size / few)


def pixel_seconds(model: TrainedModel, device: str) -> float:
    """Return the seconds that one pixel of a map takes with a model, in windows of random raw bands."""
    predictor = make_predictor(model, device, "fp32")
    _map_window(predictor, model, _SMALL_SIDE)  # pays for what happens once
    small = _map_window(predictor, model, _SMALL_SIDE)
    if small * (_SIDE / _SMALL_SIDE) ** 2 > _LONGEST:
        return small / _SMALL_SIDE**2
    return _map_window(predictor, model, _SIDE) / _SIDE**2


def _map_window(predictor: Predictor, model: TrainedModel, side: int) -> float:
    wide = side + 2 * predictor.margin
    generator = np.random.default_rng(0)
    data = {
        key: generator.random((n.n_in, wide, wide), dtype=np.float32) for key, n in model.preprocess.items()
    }
    started = time.perf_counter()
    predictor.compute(data, np.ones((side, side), dtype=bool), silent)
    return time.perf_counter() - started


def untrained(method: str, config: ModelConfig, arrays: Arrays) -> TrainedModel:
    """Return a model of these arrays that takes bands as they are."""
    preprocess = Preprocess({key: _as_it_is(count) for key, count in config.bands.items()})
    classes = tuple(LandClass(k + 1, str(k + 1), "#000000") for k in range(config.n_classes))
    return TrainedModel(method, config, {}, preprocess, classes, {}, arrays)


def _bytes(network: nn.Module, kept: float) -> int:
    return int(_STATES * sum(4 * p.numel() for p in network.parameters()) + _WORKSPACE * kept)


def _as_it_is(count: int) -> Normalisation:
    zeros, ones = np.zeros(count, np.float32), np.ones(count, np.float32)
    return Normalisation("none", zeros, zeros, ones, zeros, ones)


def _random(config: ModelConfig, count: int) -> tuple[dict[str, Tensor], Tensor]:
    side = config.side
    bands = {key: torch.rand(count, n, side, side) for key, n in config.bands.items()}
    shape = (count, side, side) if config.tile_size else (count,)
    return bands, torch.randint(config.n_classes, shape)


def _steps(
    network: nn.Module,
    config: ModelConfig,
    plan: TrainingPlan,
    device: torch.device,
    seconds: float = SECONDS,
) -> tuple[float, int]:
    """Return the seconds of a training step and the bytes that autograd keeps for it."""
    arranged = memory_format(network, device)
    network.to(device).to(memory_format=arranged)  # type: ignore[call-overload]  # not in torch's stubs
    network.train()
    optimiser = make_optimiser(network, plan)
    bands, labels = _random(config, plan.batch_size)
    labels = labels.to(device)
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    def step() -> None:
        moved = {k: p.to(device, memory_format=arranged) for k, p in jittered(bands, plan.jitter).items()}
        optimiser.zero_grad(set_to_none=True)
        network.loss(moved, labels, label_smoothing=plan.label_smoothing).backward()  # type: ignore[operator]
        optimiser.step()

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        first = _seconds(step, device)
    if seconds == 0.0:
        return first, sum(kept.values())
    return _typical(step, device, seconds), sum(kept.values())


def _look(network: nn.Module, config: ModelConfig, count: int, device: torch.device) -> float:
    arranged = memory_format(network, device)
    bands: Mapping[str, Tensor] = {
        key: values.to(device, memory_format=arranged) for key, values in _random(config, count)[0].items()
    }
    network.eval()
    with torch.no_grad():
        return _typical(lambda: network(bands), device, SECONDS / 4) / count


def _typical(work: Callable[[], object], device: torch.device, seconds: float) -> float:
    """Return the median seconds of `work`, repeated for about `seconds` and at most nine times."""
    found: list[float] = []
    while not found or (sum(found) < seconds and len(found) < 9):
        found.append(_seconds(work, device))
    return median(found)


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    started = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started
