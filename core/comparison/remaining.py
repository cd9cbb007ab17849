"""How long the rest of a comparison will take: cells of one row take about the same time."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ..progress import Event, Progress
from .design import Cell


class Pace:
    """The seconds that finished cells took, and what follows for the others."""

    def __init__(self) -> None:
        self._seconds: list[tuple[Cell, float]] = []

    def add(self, cell: Cell, seconds: float) -> None:
        """Note that a cell is finished."""
        self._seconds.append((cell, seconds))

    def expected(self, cell: Cell) -> float | None:
        """Return the mean seconds of cells of the same row, else of the same method, else of all."""
        for alike in (self._of_row, self._of_method, self._of_any):
            found = [seconds for other, seconds in self._seconds if alike(other, cell)]
            if found:
                return sum(found) / len(found)
        return None

    def left(self, cells: Sequence[Cell]) -> float | None:
        """Return the seconds that `cells` will take, None as long as nothing is known."""
        times = [self.expected(cell) for cell in cells]
        known = [seconds for seconds in times if seconds is not None]
        return sum(known) if len(known) == len(times) else None

    @staticmethod
    def _of_row(other: Cell, cell: Cell) -> bool:
        return other.row == cell.row

    @staticmethod
    def _of_method(other: Cell, cell: Cell) -> bool:
        return other.row.method == cell.row.method

    @staticmethod
    def _of_any(other: Cell, cell: Cell) -> bool:
        return True


class CellProgress(Progress):
    """Reports a cell as a part of the whole, with the time left of all cells.

    Metrics are not passed on: the curves of many trainings on one axis say nothing.
    """

    def __init__(
        self, outer: Progress, name: str, span: tuple[float, float], pace: Pace, cells: Sequence[Cell]
    ) -> None:
        """`cells`: this one and those after it; `span`: where the cell lies in the whole, 0 to 1."""
        super().__init__(outer.send, outer._is_cancelled)
        self._outer, self._name, self._span = outer, name, span
        self._expected, self._after = pace.expected(cells[0]), pace.left(cells[1:])
        self._begun, self._like_this = time.monotonic(), len(cells) - 1

    def __call__(self, fraction: float, stage: str = "", seconds_left: float | None = None) -> None:
        fraction = min(max(fraction, 0.0), 1.0)
        start, stop = self._span
        text = f"{self._name}: {stage}" if stage else self._name
        self._outer(start + fraction * (stop - start), text, self._seconds_left(fraction))

    def _seconds_left(self, fraction: float) -> float | None:
        passed = time.monotonic() - self._begun
        whole = passed / fraction if fraction > 0.05 else self._expected
        if whole is None:
            return None
        after = self._after if self._after is not None else self._like_this * whole
        return max(whole - passed, 0.0) + after

    def send(self, event: Event) -> None:
        if event["event"] == "metric":
            self.check()
            return
        if event["event"] == "log":
            event = {**event, "text": f"[{self._name}] {event['text']}"}
        super().send(event)
