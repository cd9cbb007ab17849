"""The serving engine: requests come in on stdin, events go out on stdout, one JSON object per line.

Jobs run one at a time on the main thread. A second thread reads the requests, so that a cancellation is seen
at once and the end of stdin (the QGIS process is gone) ends this process even in the middle of a computation.
"""

from __future__ import annotations

import faulthandler
import gc
import importlib
import importlib.metadata
import json
import math
import os
import platform
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from .data.drafts import remove_drafts
from .dispatch import errors_in_words, run_job
from .errors import Cancelled, JobError, LandfuseError
from .job import Job
from .job_file import parse_job
from .progress import Event, Progress
from .version import __version__

PROTOCOL = 1
IDLE_SECONDS = 300.0  # LANDFUSE_IDLE replaces it
_NICENESS = 5


def serve_standard_streams() -> None:
    """Serve stdin and stdout of this process until it is idle for long or stdin ends. Does not return.

    Events get a private copy of stdout and file descriptor 1 then points at stderr, so that nothing a library
    prints can break the stream. stdin is made private too: a child of a library must not read our requests.
    """
    events = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    requests = os.fdopen(os.dup(0), "rb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in the terminal of QGIS; cancelling is a request
    if hasattr(os, "nice"):  # Windows: the client sets the priority
        os.nice(_NICENESS)
    Server(requests, events, float(os.environ.get("LANDFUSE_IDLE") or IDLE_SECONDS)).run()
    os._exit(0)  # the reader thread holds stdin; a regular end would wait for its lock


def prepare_engine() -> None:
    """Set GDAL up for a process of our own, never in QGIS's. Raises `MissingDependencyError`."""
    with errors_in_words():
        raster_io = importlib.import_module(".data.raster_io", __package__)
        raster_io.configure_for_engine()


def _end_at_once() -> None:
    os._exit(0)


class Server:
    """Runs the jobs of one client. `on_end` is called on the reader thread when the client is gone."""

    def __init__(
        self,
        requests: IO[bytes],
        events: IO[bytes],
        idle_seconds: float = IDLE_SECONDS,
        on_end: Callable[[], None] = _end_at_once,
    ) -> None:
        self._requests, self._events = requests, events
        self._idle_seconds, self._on_end = idle_seconds, on_end
        self._jobs: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._cancelled: set[str] = set()
        self._targets: list[str] = []  # outputs of the job that runs now
        self._sending = threading.Lock()

    def run(self) -> None:
        """Serve until no request came for `idle_seconds` or the requests end."""
        threading.Thread(target=self._read_requests, name="landfuse-requests", daemon=True).start()
        self._send({"event": "ready", **_versions()})
        while True:
            try:
                request = self._jobs.get(timeout=self._idle_seconds)
            except queue.Empty:
                return
            if request is None:
                return
            self._answer(str(request.get("id", "")), request.get("job"))

    def _read_requests(self) -> None:
        try:
            for line in self._requests:
                if line.strip():
                    self._accept(line)
        finally:
            self._end()

    def _accept(self, line: bytes) -> None:
        try:
            request = json.loads(line)
            action, request_id = request["do"], str(request["id"])
        except (ValueError, TypeError, KeyError) as error:
            wrong = JobError(f"A request could not be understood ({type(error).__name__}: {error}).")
            self._send({"event": "error", "id": "", **wrong.to_event()})
            return
        if action == "run":
            self._jobs.put(request)
        elif action == "cancel":
            self._cancelled.add(request_id)
        else:
            wrong = JobError(f"Unknown request '{action}'.", remedy="Restart QGIS: plugin and engine differ.")
            self._send({"event": "error", "id": request_id, **wrong.to_event()})

    def _answer(self, request_id: str, values: Any) -> None:
        """Run one job; its last event is its result or its error."""

        def send(event: Event) -> None:
            self._send({"id": request_id, **event})

        try:
            job = parse_job(values, Path.cwd())
            self._targets = list(job.outputs.values())
            send(_outcome(job, Progress(send, lambda: request_id in self._cancelled)))
        except LandfuseError as error:
            send({"event": "error", **error.to_event()})
        except Exception as error:  # noqa: BLE001  a bug must not end the engine unexplained
            send({"event": "log", "level": "warning", "text": traceback.format_exc()})
            send({"event": "error", **_internal(error)})
        finally:
            self._cancelled.discard(request_id)
            self._targets = []
            _release_memory()

    def _send(self, event: Event) -> None:
        line = json.dumps(_plain({"v": PROTOCOL, **event}), allow_nan=False).encode() + b"\n"
        with self._sending:
            try:
                _write_all(self._events, line)
            except OSError:  # nobody listens any more
                self._end()

    def _end(self) -> None:
        """Leave nothing half-made behind and end, also in the middle of a job."""
        if self._targets:
            remove_drafts(self._targets)
        self._on_end()
        self._jobs.put(None)


def _outcome(job: Job, progress: Progress) -> Event:
    """Run a job and return its last event. Raises `LandfuseError`, or whatever a bug raises."""
    try:
        progress.check()
        prepare_engine()
        result = run_job(job, progress)
    except Cancelled as stopped:
        return {"event": "error", "code": "cancelled", "what": str(stopped), "where": "", "remedy": ""}
    except SystemExit as ended:
        raise RuntimeError(f"the job tried to end the engine ({ended})") from ended
    return {"event": "result", "outputs": dict(result.outputs), "numbers": dict(result.numbers)}


def _internal(error: Exception) -> dict[str, str]:
    return {
        "code": "internal",
        "what": f"Landfuse failed unexpectedly ({type(error).__name__}: {error}).",
        "where": "engine",
        "remedy": "This is a bug: please report it with the log of this run.",
    }


def _versions() -> dict[str, Any]:
    """Return the fields of the ready event; torch's version is read from its files, torch is not imported."""
    try:
        torch = importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        torch = ""
    return {
        "version": __version__,
        "python": platform.python_version(),
        "torch": torch,
        "executable": sys.executable,
        "pid": os.getpid(),
    }


def _release_memory() -> None:
    """Give memory back that a finished job no longer needs."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.empty_cache()


def _plain(value: Any) -> Any:
    """Return `value` as JSON allows it: numpy numbers as plain ones, NaN and infinities as null."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (str, bool, int)) or value is None:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return _plain(value.item()) if hasattr(value, "item") else str(value)


def _write_all(stream: IO[bytes], data: bytes) -> None:
    """Write to an unbuffered stream, which may take only a part at a time."""
    view = memoryview(data)
    while view:
        view = view[stream.write(view) or 0 :]
