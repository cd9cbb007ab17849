"""How far a method looks around a pixel on the chosen sources, worked out as a run would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ...core.data.grid_choice import choose_grid
from ...core.data.modalities import describe_inputs
from ...core.job import Job
from ...core.job_kinds import KINDS
from ...core.progress import Progress
from ...core.training.recipe import make_recipe


@dataclass(frozen=True)
class Reach:
    """Side of a map pixel in metres, and the side of the neighbourhood in map pixels."""

    pixel_metres: float
    side: int

    @property
    def metres(self) -> float:
        """Side of the neighbourhood in metres."""
        return self.pixel_metres * self.side


def find_reach(scene: Job, settings: Mapping[str, Any], progress: Progress) -> Reach:
    """Return the reach of a training on the sources of `scene`, a job without samples.

    `settings`: the parameters of the training that are not at their defaults, `method` among them. The width
    of the samples is not looked at. Raises `LandfuseError`.
    """
    modalities = describe_inputs(scene.inputs)
    progress.check()
    labels = scene.samples.path if scene.samples and scene.samples.type == "raster" else ""
    grid, _ = choose_grid(modalities, scene.grid, labels_path=labels)
    progress.check()
    defaults = {p.name: p.default for p in KINDS["train"].parameters}
    training = replace(scene, kind="train", parameters={**defaults, **settings})
    recipe = make_recipe(training, modalities, grid)
    return Reach(grid.metres_of(1), recipe.patch_size)
