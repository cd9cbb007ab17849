"""The points of the training curves as they come in: a few hundred of each at most, however long the run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MOST_POINTS = 400  # of one line; a panel has fewer pixels than that
LOSS, ACCURACY, HELD_BACK_LOSS, HELD_BACK = "loss", "accuracy", "held_back_loss", "held_back_accuracy"
DIFFUSION_LOSS = "loss of "  # and the source

Points = list[tuple[float, float]]


@dataclass
class Training:
    """One training: its lines by metric. A run that scores has two: on a part, then on all samples."""

    lines: dict[str, Points] = field(default_factory=dict)
    steps: dict[str, int] = field(default_factory=dict)  # every how many rounds a point is kept

    @property
    def last_round(self) -> float:
        """The latest training round of any line."""
        return max((points[-1][0] for points in self.lines.values()), default=0.0)

    def add(self, name: str, epoch: float, value: float) -> None:
        """Add a point; when a line is full, every second point goes."""
        points = self.lines.setdefault(name, [])
        step = self.steps.setdefault(name, 1)
        if len(points) > 1 and points[-1][0] - points[-2][0] < step:
            points[-1] = epoch, value  # the end of the line is always the latest
        else:
            points.append((epoch, value))
        if len(points) > MOST_POINTS:
            self.lines[name] = points[::2] if len(points) % 2 else [*points[::2], points[-1]]
            self.steps[name] = 2 * step


class CurveData:
    """The trainings of a run. `add` takes the events of the engine and says whether there is a new point."""

    def __init__(self) -> None:
        self.trainings: list[Training] = []

    def clear(self) -> None:
        """Forget everything, at the start of a run."""
        self.trainings = []

    def add(self, event: Mapping[str, Any]) -> bool:
        """Take a `metric` event; each diffusion model of a source is a training of its own."""
        name, epoch, value = event["name"], float(event["epoch"]), float(event["value"])
        name = LOSS if name.startswith(DIFFUSION_LOSS) else name
        if name not in (LOSS, ACCURACY, HELD_BACK_LOSS, HELD_BACK) or not math.isfinite(value):
            return False
        known = self.trainings[-1].lines.get(name) if self.trainings else None
        if not self.trainings or (known and epoch <= known[-1][0]):
            self.trainings.append(Training())
        self.trainings[-1].add(name, epoch, value)
        return True

    def latest(self, name: str) -> float | None:
        """Return the last value of a line, of whichever training has it last; None where there is none."""
        found = [t.lines[name][-1][1] for t in self.trainings if name in t.lines]
        return found[-1] if found else None
