"""One engine process as the QGIS side sees it: start, events, requests, and why it ended. Free of QGIS."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import time
from collections import deque
from typing import Any

from ..core.child_process import kill_tree, read_lines, start
from ..core.dispatch import LESS_MEMORY
from ..core.environment import SET_UP, EngineRecord
from ..core.errors import EngineError
from ..core.progress import Progress
from ..core.version import __version__

START_SECONDS = 120.0
_LOG_LINES = 50
_SHOWN_LINES = 20
_BUG_REMEDY = "Run it again; if it happens again, report it with this text."
_SIGNALS = {
    "SIGSEGV": "it used memory that is not its own",
    "SIGBUS": "it used memory that is not there",
    "SIGABRT": "it gave up",
    "SIGILL": "a package needs a newer processor",
    "SIGFPE": "an arithmetic fault",
    "SIGTERM": "another program ended it",
    "SIGKILL": "the system ended it, probably because the memory ran out",
}
_WINDOWS_CODES = {
    0xC0000005: "it used memory that is not its own",
    0xC0000135: "a DLL is missing",
    0xC0000017: "the memory ran out",
    0xC000001D: "a package needs a newer processor",
    0xC0000409: "it gave up",
}


class EngineGone(Exception):  # noqa: N818  the process has ended; `EngineProcess.failure` says why
    """The engine process has ended."""


class EngineProcess:
    """A running engine. One thread at a time talks to it; only `close` and `kill` may come from another."""

    def __init__(self, record: EngineRecord) -> None:
        """Start the process. Raises `EngineError`."""
        self.record = record
        self._events: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._log: deque[str] = deque(maxlen=_LOG_LINES)
        try:
            self._process = start(
                record.command("serve"),
                env=record.environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        except OSError as error:
            raise EngineError(
                f"The engine does not start ({error.strerror}).", where=record.executable, remedy=SET_UP
            ) from error
        read_lines(self._process.stdout, self._receive, lambda: self._events.put(None))
        read_lines(self._process.stderr, self._log.append, lambda: None)

    @property
    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def left_of_itself(self) -> bool:
        """Tell whether an engine whose stream has ended left as it does after some idle minutes."""
        try:
            return self._process.wait(timeout=2) == 0
        except subprocess.TimeoutExpired:
            return False

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def _receive(self, line: str) -> None:
        """Queue an event; anything else is something a library printed and belongs to the log."""
        try:
            event = json.loads(line)
        except ValueError:
            event = None
        if isinstance(event, dict) and "event" in event:
            self._events.put(event)
        else:
            self._log.append(line)

    def wait_until_ready(self, progress: Progress) -> dict[str, Any]:
        """Return the ready event. Raises `EngineError` when it fails, is slow or of another version."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            progress.check()
            try:
                event = self.next_event(0.1)
            except EngineGone as gone:
                raise self.failure("did not start") from gone
            if event is not None and event["event"] == "ready":
                self._check_version(event)
                return event
        raise EngineError(
            f"The engine did not answer within {START_SECONDS:.0f} s.{self.end_of_log()}", remedy=SET_UP
        )

    def _check_version(self, ready: dict[str, Any]) -> None:
        if ready.get("version") != __version__:
            raise EngineError(
                f"The engine is of version {ready.get('version')}, the plugin of version {__version__}.",
                where=self.record.executable,
                remedy="Restart QGIS: the plugin was updated while it ran.",
            )

    def send(self, request: dict[str, Any]) -> None:
        """Send one request. Raises `EngineGone`."""
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except (OSError, ValueError) as error:
            raise EngineGone from error

    def next_event(self, seconds: float) -> dict[str, Any] | None:
        """Return the next event, None if none comes within `seconds`. Raises `EngineGone` at the end."""
        try:
            event = self._events.get(timeout=seconds)
        except queue.Empty:
            return None
        if event is None:
            self._events.put(None)
            raise EngineGone
        return event

    def end_of_log(self) -> str:
        """Return the last lines that the engine wrote, below a heading; "" if none."""
        lines = list(self._log)[-_SHOWN_LINES:]
        return "\nEnd of its log:\n" + "\n".join(lines) if lines else ""

    def failure(self, what: str = "ended during the run") -> EngineError:
        """Return the error that explains why the process ended."""
        try:
            code = self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:  # its stream is closed but it lives on
            self.kill()
            return EngineError(f"The engine closed its stream.{self.end_of_log()}", remedy=_BUG_REMEDY)
        time.sleep(0.1)  # the last lines of stderr are still on their way
        remedy = LESS_MEMORY if code in (-9, 137, 0xC0000017) else _BUG_REMEDY
        if what == "did not start":
            remedy = SET_UP
        return EngineError(
            f"The engine {what}: {exit_in_words(code)}.{self.end_of_log()}",
            where=self.record.executable,
            remedy=remedy,
        )

    def kill(self) -> None:
        """End the process and its children at once."""
        kill_tree(self._process)
        self._close_stdin()

    def close(self) -> None:
        """Let the process end: it does when its stdin ends. It is killed after half a second."""
        self._close_stdin()
        try:
            self._process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            kill_tree(self._process)

    def _close_stdin(self) -> None:
        try:
            self._process.stdin.close()
        except OSError:  # the process has gone and left something unsent
            self._log.append("(stdin was closed)")


def exit_in_words(code: int) -> str:
    """Return what an exit code means: a signal (-n, or 128 + n from a shell) or a Windows status."""
    if code in _WINDOWS_CODES:
        return f"{_WINDOWS_CODES[code]} (status 0x{code:08X})"
    number = -code if code < 0 else code - 128
    if code < 0 or 128 < code < 160:
        try:
            name = signal.Signals(number).name
        except ValueError:
            return f"signal {number}"
        return f"{_SIGNALS[name]} ({name})" if name in _SIGNALS else name
    return f"exit code {code}"
