"""How a diffusion model is trained on a scene: the published recipe, and one for a CPU. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .recipe import DEFAULT_COMPONENTS

PUBLISHED_COMPONENTS = 30
ROUND = 50  # steps between two points of the loss curve, and between two states that are kept


@dataclass(frozen=True)
class DiffusionPlan:
    """Settings of one training of a diffusion model.

    `crop`: side of the pieces of the scene in pixels; `batch_size`: pieces in a step. `components`: bands
    left of a source with more of them, 0 for all.
    """

    crop: int = 16
    batch_size: int = 8
    steps: int = 600
    learning_rate: float = 2e-4
    components: int = DEFAULT_COMPONENTS
    seed: int = 42


REDUCED = DiffusionPlan()

# Batch, tile and learning rate are the authors'. They train for 30,000 epochs and more, of a scene of some 50
# tiles; a number of steps means the same on every scene.
PAPER = DiffusionPlan(
    crop=64, batch_size=20, steps=60_000, learning_rate=1e-4, components=PUBLISHED_COMPONENTS
)

DIFFUSION_PRESETS = {"reduced": REDUCED, "paper": PAPER}


def diffusion_plan(preset: str, seed: int, steps: int = 0, components: int = -1) -> DiffusionPlan:
    """Return the plan of `preset` with what the user fixed (0 and -1: as in the preset)."""
    plan = replace(DIFFUSION_PRESETS[preset], seed=seed)
    if steps:
        plan = replace(plan, steps=steps)
    return replace(plan, components=components) if components >= 0 else plan
