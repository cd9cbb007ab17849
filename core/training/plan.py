"""How a network is trained: one value with every setting, and the presets of each method."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from .sampling import MAX_PER_CLASS, MAX_PER_PLACE

_NO_LIMIT = 2**31 - 1


@dataclass(frozen=True)
class TrainingPlan:
    """Settings of one training run.

    `optimiser`: "adamw" or "adam" (coupled weight decay). `schedule`: "one_cycle", "warmup_cosine", "steps"
    or "poly", see `learning_rate_at`; `warmup` is its rising share of the run. `augment`: flips and quarter
    turns; `jitter`: deviation of the shift of each band of a patch, in units of the normalised bands.
    `weighted`: classes weigh by the inverse square root of their frequency. `max_per_place`, `max_per_class`:
    pixels per epoch. `min_steps`, `max_steps`: what `for_samples` fits the epochs to (0 = not bounded).
    """

    epochs: int = 40
    batch_size: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    optimiser: str = "adamw"
    schedule: str = "one_cycle"
    warmup: float = 0.25
    label_smoothing: float = 0.05
    augment: bool = True
    jitter: float = 0.03
    weighted: bool = True
    max_per_place: int = MAX_PER_PLACE
    max_per_class: int = MAX_PER_CLASS
    min_steps: int = 300
    max_steps: int = 2000
    seed: int = 42

    def for_samples(self, n_per_epoch: int) -> TrainingPlan:
        """Return the plan with the number of epochs that suits `n_per_epoch` samples.

        Few samples get more epochs and many fewer, so that the time is bounded. Use the result for the scored
        run and for the run on all samples alike: both then have the same number of epochs.
        """
        steps = max(1, math.ceil(n_per_epoch / self.batch_size))
        epochs = self.epochs
        if self.min_steps:
            epochs = max(epochs, math.ceil(self.min_steps / steps))
        if self.max_steps:
            epochs = min(epochs, max(1, math.ceil(self.max_steps / steps)))
        return replace(self, epochs=epochs, min_steps=0, max_steps=0)

    def learning_rate_at(self, fraction: float) -> float:
        """Return the learning rate where `fraction` (0 to 1) of the run is done.

        one_cycle: a half cosine from 1/25 of the peak up to it, then one down to 1/10,000 of it.
        warmup_cosine: a straight line from 0, then a half cosine down to 1/1000 of the peak.
        steps: a tenth less after each fifth of the run; no warm-up.
        poly: down to 0 with the power 0.9 of what is left of the run; no warm-up.
        """
        if self.schedule == "poly":
            return self.learning_rate * (1 - fraction) ** 0.9
        if self.schedule == "steps":
            return self.learning_rate * 0.9 ** math.floor(5 * fraction + 1e-9)  # 3/5 * 5 may fall short of 3
        rising = fraction < self.warmup
        part = fraction / self.warmup if rising else (fraction - self.warmup) / (1 - self.warmup)
        low = 0.5 * (1 - math.cos(math.pi * part))  # 0 to 1 along a half cosine
        if self.schedule == "one_cycle":
            factor = 1 / 25 + (1 - 1 / 25) * low if rising else 1 - (1 - 1e-4) * low
        else:
            factor = part if rising else 1 - (1 - 1e-3) * low
        return self.learning_rate * factor


# Measured with 50 pixels per class and with whole label rasters: benchmarks/README.md.
DEFAULT = TrainingPlan(batch_size=64, learning_rate=2e-3, min_steps=150, max_steps=1000)

# A first map soon, a little less accurate (benchmarks/README.md).
SMALL = replace(DEFAULT, epochs=25, min_steps=100, max_steps=300)

# What the three papers have in common: Adam, batches of 64, every sample in every epoch, as it is.
_PAPER = TrainingPlan(
    batch_size=64,
    optimiser="adam",
    label_smoothing=0.0,
    augment=False,
    jitter=0.0,
    weighted=False,
    max_per_place=_NO_LIMIT,
    max_per_class=_NO_LIMIT,
    min_steps=0,
    max_steps=0,
)

# The authors' protocol (epochs, batch, Adam, warm-up over 10 epochs, peak 1e-3 * batch / 256) with its slips
# put right: the learning rate is set before the step, and the order changes from epoch to epoch.
MIBF_NET_PAPER = replace(
    _PAPER,
    epochs=300,
    learning_rate=2.5e-4,
    weight_decay=5e-4,
    schedule="warmup_cosine",
    warmup=10 / 300,
)

# Few trials (benchmarks/README.md). The bands have deviation 1, which is wider than 0 to 1: hence the jitter.
NCGLF2_DEFAULT = TrainingPlan(jitter=0.1)
NCGLF2_SMALL = replace(NCGLF2_DEFAULT, epochs=20, min_steps=150, max_steps=400)

# The authors' protocol; their choice of the epoch by validation samples, seven times as many as for training,
# is not repeated: the last epoch counts.
NCGLF2_PAPER = replace(
    _PAPER,
    epochs=80,
    learning_rate=1e-4,
    weight_decay=0.0,
    schedule="steps",
    warmup=0.0,
)

# Few trials (benchmarks/README.md). With the published dropout of 0.8 and fewer steps than a thousand the
# network does not even learn its own samples.
GIHCN_DEFAULT = TrainingPlan(learning_rate=3e-3)
GIHCN_SMALL = replace(GIHCN_DEFAULT, epochs=20, min_steps=150, max_steps=400)

# Batch, patch side and width are the authors'; they have not published how they train, so the rest is Adam as
# usual with a cosine down to (nearly) 0.
GIHCN_PAPER = replace(
    _PAPER,
    epochs=100,
    learning_rate=1e-3,
    weight_decay=0.0,
    schedule="warmup_cosine",
    warmup=0.0,
)

# Batches of tiles; very few trials (benchmarks/README.md).
REF_NET_DEFAULT = TrainingPlan(batch_size=8, learning_rate=3e-3, min_steps=300, max_steps=400)
REF_NET_SMALL = replace(REF_NET_DEFAULT, epochs=20, min_steps=150, max_steps=200)

# The authors' protocol: 70,000 batches of 8 tiles of 256 pixels, turned and flipped.
REF_NET_PAPER = replace(
    _PAPER,
    batch_size=8,
    optimiser="adamw",
    learning_rate=5e-4,
    weight_decay=5e-4,
    schedule="poly",
    warmup=0.0,
    augment=True,
    min_steps=70_000,
    max_steps=70_000,
)

PRESETS: dict[str, dict[str, TrainingPlan]] = {
    "mibf_net": {"default": DEFAULT, "small": SMALL, "paper": MIBF_NET_PAPER},
    "gihcn": {"default": GIHCN_DEFAULT, "small": GIHCN_SMALL, "paper": GIHCN_PAPER},
    "ncglf2": {"default": NCGLF2_DEFAULT, "small": NCGLF2_SMALL, "paper": NCGLF2_PAPER},
    "ref_net": {"default": REF_NET_DEFAULT, "small": REF_NET_SMALL, "paper": REF_NET_PAPER},
}


def training_plan(
    method: str,
    preset: str = "default",
    *,
    seed: int = 42,
    epochs: int = 0,
    batch_size: int = 0,
    learning_rate: float = 0.0,
) -> TrainingPlan:
    """Return the plan of `preset` with what the user fixed (0 = as in the preset).

    `preset`: "default", "small" or "paper". Epochs that the user fixed are kept whatever the number of
    samples. Raises KeyError for an unknown preset.
    """
    plan = PRESETS.get(method, PRESETS["mibf_net"])[preset]
    fixed: dict[str, Any] = {"seed": seed}
    if epochs:
        fixed.update(epochs=epochs, min_steps=0, max_steps=0)
    if batch_size:
        fixed["batch_size"] = batch_size
    if learning_rate:
        fixed["learning_rate"] = learning_rate
    return replace(plan, **fixed)
