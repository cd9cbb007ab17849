"""The training of a network, on patches or on tiles."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import OutOfMemoryError, TrainingError
from ..progress import Progress, silent
from .augmentation import draw_views, jittered
from .examples import Examples, PatchExamples
from .own_samples import OwnScore, own_score, right_and_known
from .plan import TrainingPlan
from .sampling import EpochSampler, batch_stop, class_weights
from .seeding import generator_for, seeded
from .state import Facts, Metric, State, StateKeeper

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .examples import Patches

    Labels = NDArray[np.int64]

REPORT_SECONDS = 0.25
# The training accuracy is measured on a part of the epoch and not after each one: it costs a forward pass.
ACCURACY_POINTS = 10
FINAL_LOOK = 4  # times as many examples for the last look, in both modes
SUSPICIOUS_VALUE = 1e3  # after normalisation


def train_network(
    network: nn.Module,
    source: Patches,
    labels: Labels,
    places: Labels,
    plan: TrainingPlan,
    progress: Progress = silent,
    *,
    n_classes: int = 0,
    device: torch.device | str = "cpu",
    keeper: StateKeeper | None = None,
) -> OwnScore:
    """Train a network on patches, see `train_on`.

    `labels` (n,) class indexes and `places` (n,) polygon ids belong to the samples of `source`. `n_classes`:
    0 takes it from the labels.
    """
    n_classes = n_classes or int(labels.max()) + 1
    sampler = EpochSampler(labels, places, plan.seed, plan.max_per_place, plan.max_per_class)
    examples = PatchExamples(source, labels, sampler)
    return train_on(network, examples, plan, n_classes, progress, device=device, keeper=keeper)


def train_on(
    network: nn.Module,
    examples: Examples,
    plan: TrainingPlan,
    n_classes: int,
    progress: Progress = silent,
    *,
    device: torch.device | str = "cpu",
    keeper: StateKeeper | None = None,
    watched: Examples | None = None,
) -> OwnScore:
    """Train `network` in place for `plan.epochs`; leave it on the CPU in eval mode, as of the last epoch.

    Returns how well it knows its own examples then, and warns where it does not.

    `network` has `loss(inputs, labels, weight=..., label_smoothing=...)`. Reports the curves `loss`,
    `accuracy` (on training samples) and `learning_rate`; before the last epoch also `held_back_accuracy`, on
    the examples `watched`: it is only shown, nothing is chosen by it. With a `keeper` the run goes on from
    the state of an earlier one, if there is any; the result is that of a single run.

    Raises:
        TrainingError: the loss is not finite, or there are too few examples for batch normalisation.
        OutOfMemoryError: not even the smallest batch fits on the GPU.
    """
    if min(examples.size, plan.batch_size) < examples.smallest_batch:
        raise TrainingError(
            f"{examples.size} {examples.noun} in batches of {plan.batch_size}: batch normalisation needs at "
            f"least {examples.smallest_batch} in a batch.",
            where="training",
            remedy="Add samples, hold back fewer of them, or use a larger batch size.",
        )
    arranged = memory_format(network, device)
    network.to(device).to(memory_format=arranged)  # type: ignore[call-overload]  # not in torch's stubs
    try:
        with seeded(plan.seed):
            run = _Run(network, examples, plan, progress, n_classes, torch.device(device), arranged)
            run.watched = watched
            run.run(keeper)
            score = run.own_score(n_classes)
    finally:
        network.to("cpu").to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        network.eval()
    if score.finding():
        progress.warn(score.finding())
    return score


class _Run:
    """One training run: the state that its epochs share."""

    def __init__(
        self,
        network: nn.Module,
        examples: Examples,
        plan: TrainingPlan,
        progress: Progress,
        n_classes: int,
        device: torch.device,
        arranged: torch.memory_format,
    ) -> None:
        self.network, self.examples, self.plan = network, examples, plan
        self.progress, self.device, self.arranged = progress, device, arranged
        weights = class_weights(examples.class_counts(n_classes))
        self.weight = torch.from_numpy(weights).to(device) if plan.weighted else None
        self.optimiser = make_optimiser(network, plan)
        self.batch_size = plan.batch_size
        self._reported = 0.0
        self._metrics: list[Metric] = []
        self.watched: Examples | None = None

    def run(self, keeper: StateKeeper | None = None) -> None:
        state = keeper.find(self.plan.learning_rate) if keeper else None
        if state is not None:
            self._go_on(state)
        done = state.facts.epochs if state else 0
        last_good = self._state(done) if keeper else None
        for epoch in range(done, self.plan.epochs):
            try:
                metrics = self._epoch_metrics(epoch)
            except TrainingError:
                if keeper and last_good:
                    keeper.keep(replace(last_good, facts=replace(last_good.facts, failed=True)))
                raise
            self._metrics += metrics
            if keeper:  # before the report, which may cancel
                last_good = self._state(epoch + 1)
                keeper.keep(last_good)
            self._send(metrics)

    def _go_on(self, state: State) -> None:
        state.restore(self.network, self.optimiser)
        self.batch_size, self._metrics = state.facts.batch_size, list(state.facts.metrics)
        self._send(self._metrics)

    def _state(self, epochs: int) -> State:
        facts = Facts(epochs, self.batch_size, self.plan.learning_rate, tuple(self._metrics))
        return State.of(facts, self.network, self.optimiser)

    def _send(self, metrics: list[Metric]) -> None:
        for metric in metrics:
            self.progress.metric(*metric)

    def _epoch_metrics(self, epoch: int) -> list[Metric]:
        """Train for one epoch; return its number from 1, name and value of each curve's point."""
        every = max(1, self.plan.epochs // ACCURACY_POINTS)
        order = self.examples.epoch(epoch)
        loss, rate = self._epoch(epoch, order)
        metrics = [(epoch + 1, "loss", loss), (epoch + 1, "learning_rate", rate)]
        if epoch % every == every - 1 or epoch == self.plan.epochs - 1:
            metrics.append((epoch + 1, "accuracy", self._accuracy(order[: self.examples.checked])))
            if self.watched is not None and epoch < self.plan.epochs - 1:  # the score itself follows the last
                known = self.watched.epoch(epoch)
                metrics.append((epoch + 1, "held_back_accuracy", self._accuracy(known, self.watched)))
        return metrics

    def _epoch(self, epoch: int, order: Labels) -> tuple[float, float]:
        """Train on the examples `order`; return the mean loss and the last learning rate."""
        self.network.train()
        draws = generator_for(self.plan.seed, epoch, 1)
        start, total, rate = 0, 0.0, 0.0
        while start < len(order):
            fraction = (epoch + start / len(order)) / self.plan.epochs
            self._report(fraction, epoch)
            rate = self.plan.learning_rate_at(fraction)
            batch = order[start : batch_stop(start, len(order), self.batch_size)]
            turned = draw_views(len(batch), draws) if self.plan.augment else None
            loss = self._try_step(batch, turned, rate)
            if loss is not None:
                total += loss * len(batch)
                start += len(batch)
        return total / len(order), rate

    def _try_step(self, batch: Labels, turned: Labels | None, rate: float) -> float | None:
        """Take one step; where the batch does not fit on the GPU, halve the batch size and return None."""
        try:
            return self._step(batch, turned, rate)
        except torch.cuda.OutOfMemoryError as error:
            if len(batch) < 2 * self.examples.smallest_batch:
                raise OutOfMemoryError(
                    f"Even {len(batch)} {self.examples.noun} do not fit into the memory of the GPU.",
                    where="training",
                    remedy="Use device 'cpu', a smaller side, or fewer principal components.",
                ) from error
        # Outside of the handler: the error keeps the tensors of the failed step alive.
        self.optimiser.zero_grad(set_to_none=True)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        self.batch_size = len(batch) // 2
        self.progress.warn(f"The GPU's memory is full: training goes on with batches of {self.batch_size}.")
        return None

    def _step(self, batch: Labels, turned: Labels | None, rate: float) -> float:
        gathered = self.examples.gather(batch, turned)
        if self.plan.jitter:
            gathered = jittered(gathered, self.plan.jitter)
        patches, labels = self._placed(gathered), self.examples.labels(batch, turned).to(self.device)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad(set_to_none=True)
        loss = self.network.loss(  # type: ignore[operator]  # a method of the network, not a tensor
            patches, labels, weight=self.weight, label_smoothing=self.plan.label_smoothing
        )
        value = float(loss.detach())
        if not np.isfinite(value):
            raise _not_finite(patches, rate)
        loss.backward()
        self.optimiser.step()
        return value

    def _placed(self, patches: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {key: p.to(self.device, memory_format=self.arranged) for key, p in patches.items()}

    def _batches(
        self, some: Labels, examples: Examples | None = None
    ) -> Iterator[tuple[dict[str, Tensor], Tensor]]:
        examples = examples or self.examples
        for part in np.array_split(some, max(1, len(some) // self.batch_size)):
            yield self._placed(examples.gather(part)), examples.labels(part).to(self.device)

    def _accuracy(self, some: Labels, examples: Examples | None = None) -> float:
        """Return the share of the labels of examples `some` that the network, in eval mode, gets right."""
        right, known = right_and_known(self.network.eval(), self._batches(some, examples))
        return right / max(1, known)

    def own_score(self, n_classes: int) -> OwnScore:
        """Look at examples of the last epoch in evaluation and in training mode."""
        some = self.examples.epoch(self.plan.epochs - 1)[: FINAL_LOOK * self.examples.checked]
        return own_score(self.network, lambda: self._batches(some), n_classes)

    def _report(self, fraction: float, epoch: int) -> None:
        """Report often enough to stop at once, seldom enough to cost nothing."""
        now = time.monotonic()
        if now - self._reported < REPORT_SECONDS:
            self.progress.check()
            return
        self._reported = now
        self.progress(fraction, f"training, epoch {epoch + 1} of {self.plan.epochs}")


def memory_format(network: nn.Module, device: torch.device | str) -> torch.memory_format:
    """Return the order of the channels in training: last, where the network says that it gains on a CPU."""
    gains = getattr(network, "channels_last", False) and torch.device(device).type == "cpu"
    return torch.channels_last if gains else torch.preserve_format


def make_optimiser(network: nn.Module, plan: TrainingPlan) -> torch.optim.Optimizer:
    """Return the optimiser of `plan`. Raises ValueError for an unknown name."""
    if plan.optimiser == "adamw":
        return torch.optim.AdamW(network.parameters(), plan.learning_rate, weight_decay=plan.weight_decay)
    if plan.optimiser == "adam":
        return torch.optim.Adam(network.parameters(), plan.learning_rate, weight_decay=plan.weight_decay)
    raise ValueError(f"unknown optimiser {plan.optimiser!r}")


def _not_finite(patches: Mapping[str, Tensor], rate: float) -> TrainingError:
    """Say which modality made the loss infinite or not a number, as far as its values show."""
    for key, values in patches.items():
        finite = torch.isfinite(values)
        if not bool(finite.all()):
            share = 1 - float(finite.float().mean())
            return TrainingError(
                f"{share:.2%} of the values in a training batch are infinite or not a number.",
                where=f"modality '{key}'",
                remedy="Set the nodata value of this raster, or mask the damaged part.",
            )
    key = max(patches, key=lambda name: float(patches[name].abs().max()))
    largest = float(patches[key].abs().max())
    if largest > SUSPICIOUS_VALUE:
        return TrainingError(
            f"The loss is not finite; normalised values reach {largest:.3g}, a few units are usual.",
            where=f"modality '{key}'",
            remedy="Look for undeclared nodata values or outliers in this raster.",
        )
    return TrainingError(
        f"The loss is not finite, although all values of {', '.join(patches)} are usual.",
        where="training",
        remedy=f"Use a learning rate below {rate:.2g}.",
    )
