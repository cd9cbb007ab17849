"""Training of the diffusion model of one source, on all its pixels and without labels."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ..data.normalisation import (
    Normalisation,
    Preprocess,
    fit_normalisation,
    leading_components,
    scene_sample,
)
from ..data.stack import Stack
from ..data.windows import Window, iter_tiles
from ..errors import OutOfMemoryError, TrainingError
from ..inference.information_reader import InformationReader, block_side
from ..inference.precision import autocast
from ..models.diffusion import Schedule, make_schedule, noise_loss
from ..models.diffusion_extractor import DiffusionExtractor, ExtractorSettings, scaled_cube
from ..models.spectral_unet import DEPTH_FACTOR, SpectralUnet
from ..progress import Progress, silent
from .crop_pool import CropPool
from .diffusion_plan import ROUND, DiffusionPlan
from .seeding import generator_for, seeded
from .state import Facts, Metric, State, StateKeeper

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..models.tensor_file import Arrays

    Floats = NDArray[np.float32]

REDUCTION_PIXELS = 40_000  # on which the principal components of the features are fitted
REPORT_SECONDS = 0.25
_LAST_ROUNDS = 4  # whose mean loss is what was reached


@dataclass(frozen=True)
class Scaling:
    """What brings raw bands to the cube of the diffusion; see `DiffusionExtractor`."""

    normalisation: Normalisation
    low: Floats
    high: Floats

    @property
    def depth(self) -> int:
        """Length of the spectral axis."""
        return math.ceil(self.normalisation.n_out / DEPTH_FACTOR) * DEPTH_FACTOR

    def arrays(self) -> list[Floats]:
        """Return all that it holds, to tell one scene from another."""
        fitted = Preprocess(source=self.normalisation).to_arrays()
        return [self.low, self.high, *fitted.values()]

    def cube(self, raw: Floats) -> Floats:
        """Return the cube (S, H, W) of raw bands (C, H, W)."""
        return scaled_cube(self.normalisation.apply(raw), self.low, self.high, self.depth)


def fit_extractor(
    stack: Stack,
    key: str,
    plan: DiffusionPlan,
    settings: ExtractorSettings | None = None,
    *,
    device: torch.device | str = "cpu",
    scaling: Scaling | None = None,
    keeper: StateKeeper | None = None,
    progress: Progress = silent,
) -> DiffusionExtractor:
    """Train the diffusion model of source `key` on the whole scene and fit what stands behind it.

    The information has as many bands as the source has after any principal component analysis. `scaling` is
    that of `fit_scaling` where it is known already. Reports the curve `loss of KEY`. Raises `TrainingError`
    where the loss is not finite, `OutOfMemoryError`.
    """
    started, settings = time.monotonic(), settings or ExtractorSettings()
    scaling = scaling or fit_scaling(stack, key, plan.components, progress.part(0.0, 0.03))
    if not (scaling.high > scaling.low).any():
        progress.warn(f"'{key}' is constant: its diffusion model learns nothing but noise.")
    pool = CropPool(
        lambda window: scaling.cube(stack.read_source(key, window)),
        stack.grid.shape, scaling.depth, plan.crop, plan.seed,
    )  # fmt: skip
    if pool.crop != (plan.crop, plan.crop):
        progress.log(f"The scene is smaller than a crop: crops of {pool.crop[0]} x {pool.crop[1]} pixels.")
    weights, losses = train_unet(
        pool, plan, key, device=torch.device(device),
        keeper=keeper, progress=progress.part(0.03, 0.9),
    )  # fmt: skip
    facts = {
        **vars(plan),
        "loss": round(float(np.mean(losses[-_LAST_ROUNDS:])), 5),
        "seconds": round(time.monotonic() - started),
        "device": str(device),
    }
    extractor = DiffusionExtractor(
        scaling.normalisation, scaling.low, scaling.high, weights, settings, facts=facts
    )
    if settings.kind == "reconstruction":
        return extractor
    return _reduced(stack, key, extractor, torch.device(device), progress.part(0.9, 1.0))


def fit_scaling(stack: Stack, key: str, components: int, progress: Progress = silent) -> Scaling:
    """Fit principal components (of more bands than `components`) and the range of each band to the scene."""
    sample = scene_sample(stack, progress=progress).values[key]
    count = components if components and sample.shape[1] > components else 0
    normalisation = fit_normalisation(sample, "none", count)
    values = normalisation.apply(np.ascontiguousarray(sample.T))
    return Scaling(normalisation, values.min(axis=1), values.max(axis=1))


def train_unet(
    pool: CropPool,
    plan: DiffusionPlan,
    name: str,
    *,
    device: torch.device,
    keeper: StateKeeper | None = None,
    progress: Progress = silent,
) -> tuple[Arrays, list[float]]:
    """Train a U-Net on crops of `pool`; return its weights and the mean loss of each round of steps.

    Half precision is used on a GPU that has bf16. A run with a `keeper` goes on where an earlier one stopped.
    """
    with seeded(plan.seed):
        network = SpectralUnet().to(device)
        run = _Run(network, pool, plan, name, device, progress)
        losses = run.run(keeper)
        state = network.cpu().eval().state_dict()
    return {key: value.numpy().copy() for key, value in state.items()}, losses


class _Run:
    """One training: what its rounds share."""

    def __init__(
        self,
        network: SpectralUnet,
        pool: CropPool,
        plan: DiffusionPlan,
        name: str,
        device: torch.device,
        progress: Progress,
    ) -> None:
        self.network, self.pool, self.plan, self.name = network, pool, plan, name
        self.device, self.progress = device, progress
        self.schedule: Schedule = make_schedule(device=device)
        self.optimiser = torch.optim.Adam(network.parameters(), plan.learning_rate)
        half = device.type == "cuda" and torch.cuda.is_bf16_supported()
        self.dtype = torch.bfloat16 if half else torch.float32
        self.batch_size = plan.batch_size
        self._metrics: list[Metric] = []
        self._reported = 0.0

    def run(self, keeper: StateKeeper | None) -> list[float]:
        state = keeper.find(self.plan.learning_rate) if keeper else None
        if state is not None:
            state.restore(self.network, self.optimiser)
            self.batch_size, self._metrics = state.facts.batch_size, list(state.facts.metrics)
            self._send(self._metrics)
        n_rounds = math.ceil(self.plan.steps / ROUND)
        for number in range(state.facts.epochs if state else 0, n_rounds):
            metric = (min((number + 1) * ROUND, self.plan.steps), f"loss of {self.name}", self._round(number))
            self._metrics.append(metric)
            if keeper:
                facts = Facts(number + 1, self.batch_size, self.plan.learning_rate, tuple(self._metrics))
                keeper.keep(State.of(facts, self.network, self.optimiser))
            self._send([metric])
        return [value for _, _, value in self._metrics]

    def _send(self, metrics: list[Metric]) -> None:
        for metric in metrics:
            self.progress.metric(*metric)

    def _round(self, number: int) -> float:
        """Take the steps of a round; return their mean loss."""
        self.pool.fill(number, self.progress)
        draws = generator_for(self.plan.seed, number, 3)
        self.network.train()
        first, stop = number * ROUND, min((number + 1) * ROUND, self.plan.steps)
        losses: list[float] = []
        while first + len(losses) < stop:
            self._report(first + len(losses))
            loss = self._try_step(self.pool.draw(self.batch_size, draws))
            if loss is not None:
                losses.append(loss)
        return float(np.mean(losses))

    def _try_step(self, crops: Floats) -> float | None:
        """Take one step; where it does not fit on the GPU, halve the batch size and return None."""
        try:
            return self._step(torch.from_numpy(crops)[:, None].to(self.device))
        except torch.cuda.OutOfMemoryError as error:
            if self.batch_size == 1:
                raise OutOfMemoryError(
                    "Even a single crop does not fit into the memory of the GPU.",
                    where=f"diffusion model of '{self.name}'",
                    remedy="Use device 'cpu', or the preset 'reduced'.",
                ) from error
        self.optimiser.zero_grad(set_to_none=True)
        torch.cuda.empty_cache()
        self.batch_size //= 2
        self.progress.warn(f"The GPU's memory is full: training goes on with batches of {self.batch_size}.")
        return None

    def _step(self, clean: Tensor) -> float:
        steps = torch.randint(len(self.schedule.betas), (len(clean),)).to(self.device)
        noise = torch.randn(clean.shape).to(self.device)  # drawn on the CPU: the same with any device
        self.optimiser.zero_grad(set_to_none=True)
        with autocast(self.device, self.dtype):
            predicted = self.network(self.schedule.noised(clean, noise, steps), steps)
        loss = noise_loss(predicted.float(), noise)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise TrainingError(
                f"The loss of the diffusion model of '{self.name}' is not finite; its scaled values reach "
                f"{float(clean.abs().max()):.3g}, 1 is usual.",
                where=f"modality '{self.name}'",
                remedy="Look for undeclared nodata values or outliers in this source.",
            )
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        return value

    def _report(self, step: int) -> None:
        now = time.monotonic()
        if now - self._reported < REPORT_SECONDS:
            self.progress.check()
            return
        self._reported = now
        stage = f"diffusion model of {self.name}, step {step + 1} of {self.plan.steps}"
        self.progress(step / self.plan.steps, stage)


def _reduced(
    stack: Stack, key: str, extractor: DiffusionExtractor, device: torch.device, progress: Progress
) -> DiffusionExtractor:
    """Return the extractor with the principal components of its features, summed up window by window."""
    reader = InformationReader(stack, key, extractor, device)
    n = 32 * extractor.depth
    total, products, count = np.zeros(n), np.zeros((n, n)), 0
    windows = _spread_windows(stack.grid.shape, block_side(extractor))
    for done, window in enumerate(windows):
        progress(done / len(windows), f"reducing the features of {key}")
        values = reader.inner_maps(window).cpu().numpy()[:, stack.valid(window)].astype(np.float64)
        total += values.sum(axis=1)
        products += values @ values.T
        count += values.shape[1]
    mean = total / max(1, count)
    components = leading_components(products / max(1, count) - np.outer(mean, mean), extractor.n_bands)
    return replace(extractor, mean=mean.astype(np.float32), components=components)


def _spread_windows(shape: tuple[int, int], side: int) -> list[Window]:
    """Return windows spread over the scene that hold about `REDUCTION_PIXELS` pixels."""
    windows = list(iter_tiles(*shape, side))
    every = max(1, round(shape[0] * shape[1] / REDUCTION_PIXELS))
    return windows[every // 2 :: every] or windows[:1]
