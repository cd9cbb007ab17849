"""How geometries come onto a grid: transformed, and with the longitudes nearest to it.

Geometries and transformations are osgeo's, handed in by `vector_io`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .longitudes import turns_to


@dataclass(frozen=True)
class Move:
    """Moves single parts of geometries in place.

    `transformation`: None where none is needed. `turn`: the x after which places repeat, 0 on grids that are
    not in degrees; `middle`: the x in the middle of the grid.
    """

    transformation: Any = None
    turn: float = 0.0
    middle: float = 0.0

    def apply(self, part: Any) -> bool:
        """Move a part; false where it cannot be (outside the domain of the projection)."""
        inner = part.Centroid() if self.turn and self.transformation is not None else None
        if not self._transformed(part):
            return False
        if self.turn:
            low, high = part.GetEnvelope()[:2]
            if inner is not None and high - low > self.turn / 2 and self._transformed(inner):
                _shift(part, inner.GetX(), self.turn)  # it was torn apart at 180 degrees
                low, high = part.GetEnvelope()[:2]
            offset = turns_to((low + high) / 2, self.middle, self.turn)
            if offset:
                _add(part, offset)
        return True

    def _transformed(self, part: Any) -> bool:
        try:
            done = self.transformation is None or part.Transform(self.transformation) == 0
        except RuntimeError:
            return False
        return done and all(map(math.isfinite, part.GetEnvelope()))


def _shift(part: Any, goal: float, turn: float) -> None:
    """Give every vertex the longitude nearest to `goal`."""
    for line in _lines(part):
        for i in range(line.GetPointCount()):
            x = line.GetX(i)
            line.SetPoint_2D(i, x + turns_to(x, goal, turn), line.GetY(i))


def _add(part: Any, offset: float) -> None:
    for line in _lines(part):
        for i in range(line.GetPointCount()):
            line.SetPoint_2D(i, line.GetX(i) + offset, line.GetY(i))


def _lines(part: Any) -> Iterator[Any]:
    """Yield what holds the vertices of a point, line or polygon."""
    if part.GetGeometryCount():
        for i in range(part.GetGeometryCount()):
            yield part.GetGeometryRef(i)
    else:
        yield part
