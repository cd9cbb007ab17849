"""What a run shows on the command line: a bar in a terminal, plain lines everywhere else. All on stderr."""

from __future__ import annotations

import shutil
import time
from typing import TextIO

from .progress import Event

_BAR = 24
_REDRAW_SECONDS = 0.1
_LINE_STEP = 0.1  # without a terminal: a line per tenth of the work and per stage


class Display:
    """Receives the events of a run and writes them to `stream`."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._bar = ""
        self._drawn_at = 0.0
        self._stage, self._fraction = "", -1.0
        self._metrics: dict[str, float] = {}

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if event["event"] == "log":
            mark = "warning: " if event["level"] == "warning" else ""
            self.line(mark + event["text"])
        elif event["event"] == "metric":
            self._metrics[event["name"]] = event["value"]
        elif self._is_terminal:
            self._draw(event)
        else:
            self._plain_line(event)

    def line(self, text: str) -> None:
        """Write a line; the bar, if there is one, stays below it."""
        self._erase()
        self._stream.write(text + "\n")
        self._stream.write(self._bar)
        self._stream.flush()

    def close(self) -> None:
        """Remove the bar."""
        self._erase()
        self._bar = ""
        self._stream.flush()

    def _plain_line(self, event: Event) -> None:
        fraction, stage = event["fraction"], event["stage"] or self._stage
        if stage == self._stage and fraction < self._fraction + _LINE_STEP:
            return
        self._stage, self._fraction = stage, fraction
        self.line(f"{fraction:4.0%} {stage}".rstrip())

    def _draw(self, event: Event) -> None:
        stage = event["stage"] or self._stage
        now = time.monotonic()
        if stage == self._stage and now - self._drawn_at < _REDRAW_SECONDS and event["fraction"] < 1:
            return
        self._erase()
        self._stage, self._drawn_at = stage, now
        self._bar = self._bar_text(event["fraction"], stage, event["seconds_left"])
        self._stream.write(self._bar)
        self._stream.flush()

    def _bar_text(self, fraction: float, stage: str, seconds_left: float | None) -> str:
        done = round(fraction * _BAR)
        parts = [f"[{'#' * done}{'.' * (_BAR - done)}] {fraction:4.0%}", stage]
        parts += [f"{name} {value:.4g}" for name, value in list(self._metrics.items())[-2:]]
        if seconds_left is not None and fraction < 1:
            parts.append(f"{duration(seconds_left)} left")
        return "  ".join(part for part in parts if part)[: shutil.get_terminal_size().columns - 1]

    def _erase(self) -> None:
        if self._bar:
            self._stream.write("\r" + " " * len(self._bar) + "\r")


def duration(seconds: float) -> str:
    """Return seconds as 0:07, 12:30 or 3:05:00."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
