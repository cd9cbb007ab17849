"""How long work reports and how it is stopped: every report is also a cancellation point."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from .errors import Cancelled

Event = dict[str, Any]


def _ignore(event: Mapping[str, Any]) -> None:
    """Drop an event."""


def _never() -> bool:
    return False


class Progress:
    """Reports to one receiver; every call raises `Cancelled` once `is_cancelled` says so.

    `send` receives events: `{"event": "progress", "fraction", "stage", "seconds_left"}`,
    `{"event": "log", "level", "text"}` and `{"event": "metric", "epoch", "name", "value"}`.
    """

    def __init__(
        self, send: Callable[[Event], None] = _ignore, is_cancelled: Callable[[], bool] = _never
    ) -> None:
        self._send, self._is_cancelled = send, is_cancelled
        self._started = time.monotonic()

    def __call__(self, fraction: float, stage: str = "", seconds_left: float | None = None) -> None:
        """Report that `fraction` (0 to 1) of the work is done; `stage` says in words what runs now.

        `seconds_left`: what the work has measured itself; None takes the pace since the beginning.
        """
        fraction = min(max(fraction, 0.0), 1.0)
        if seconds_left is None and fraction > 0.02:
            seconds_left = (time.monotonic() - self._started) * (1 - fraction) / fraction
        self.send({"event": "progress", "fraction": fraction, "stage": stage, "seconds_left": seconds_left})

    def log(self, text: str, level: str = "info") -> None:
        """Say something worth keeping; `level` is `info` or `warning`."""
        self.send({"event": "log", "level": level, "text": text})

    def warn(self, text: str) -> None:
        """Say something the user must see."""
        self.log(text, level="warning")

    def metric(self, epoch: int, name: str, value: float) -> None:
        """Report one value of a curve, such as the training loss of an epoch."""
        self.send({"event": "metric", "epoch": epoch, "name": name, "value": value})

    def check(self) -> None:
        """Raise `Cancelled` if the user stopped the run; costs next to nothing."""
        if self._is_cancelled():
            raise Cancelled

    def send(self, event: Event) -> None:
        """Pass an event on, then check for cancellation."""
        self._send(event)
        self.check()

    def part(self, start: float, stop: float, name: str = "") -> Progress:
        """Return a progress whose 0 to 1 fills `start` to `stop` of this one; `name` leads its stages."""
        return _Part(self, start, stop, name)


class _Part(Progress):
    def __init__(self, whole: Progress, start: float, stop: float, name: str) -> None:
        super().__init__(whole.send, whole._is_cancelled)
        self._whole, self._start, self._stop, self._name = whole, start, stop, name

    def __call__(self, fraction: float, stage: str = "", seconds_left: float | None = None) -> None:
        reached = self._start + min(max(fraction, 0.0), 1.0) * (self._stop - self._start)
        if seconds_left is not None and reached < self._stop:  # the parts to come are taken to be alike
            seconds_left *= (1 - reached) / (self._stop - reached)
        named = f"{self._name}: {stage}" if self._name and stage else stage
        self._whole(reached, named, seconds_left)


silent = Progress()
