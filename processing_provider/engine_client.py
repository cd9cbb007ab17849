"""Runs jobs in the engine process and brings progress, results and errors back. Free of QGIS and torch.

One client has one engine, which stays warm between runs. Runs of one client take turns: a second one waits
(and can be cancelled while it waits), because two engines would need twice the memory.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..core.data.drafts import remove_drafts
from ..core.dispatch import run_job
from ..core.environment import EngineRecord, usable_record
from ..core.errors import Cancelled, from_event
from ..core.job import Job
from ..core.job_file import parse_job
from ..core.job_spec import JobResult
from ..core.progress import Progress, silent
from .engine_process import EngineGone, EngineProcess

POLL_SECONDS = 0.05
CANCEL_SECONDS = 1.5


class EngineClient:
    """Runs one job at a time. `record`: which Python to use; None takes the one on record, or looks."""

    def __init__(self, record: EngineRecord | None = None) -> None:
        self._record = record
        self._engine: EngineProcess | None = None
        self._turn = threading.Lock()
        self._closing = False
        self._ids = itertools.count(1)

    def run(self, job: Job | Mapping[str, Any], progress: Progress = silent) -> JobResult:
        """Run a job where it belongs: in the engine if it needs torch, else here.

        Raises `LandfuseError`, or `Cancelled` at most two seconds after the user stopped the run.
        """
        known = job if isinstance(job, Job) else parse_job(job, Path.cwd())
        if known.spec.needs_engine:
            return self.run_in_engine(known, progress)
        return run_job(known, progress)

    def run_in_engine(self, job: Job, progress: Progress = silent) -> JobResult:
        """Run a job in the engine process; events reach `progress` on the calling thread. Raises as `run`."""
        with self._my_turn(progress):
            for is_last_try in (False, True):
                engine = self._ready_engine(progress)
                try:
                    return self._converse(engine, job, progress)
                except EngineGone as gone:
                    self._engine = None
                    if self._closing:
                        raise Cancelled from gone
                    # It may leave, idle for long, as a request is sent: then a new one takes the request.
                    if is_last_try or not engine.left_of_itself():
                        raise engine.failure() from gone
                finally:
                    if not engine.is_alive:
                        remove_drafts(list(job.outputs.values()), engine.pid)
        raise EngineGone  # not reached

    def close(self) -> None:
        """End the engine, also in the middle of a run, which raises `Cancelled`. Can be used again."""
        self._closing = True
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()

    @contextmanager
    def _my_turn(self, progress: Progress) -> Iterator[None]:
        if not self._turn.acquire(blocking=False):
            progress.log("Another Landfuse run uses the engine; this one waits for it.")
            while not self._turn.acquire(timeout=POLL_SECONDS):
                progress.check()
        try:
            self._closing = False
            yield
        finally:
            self._turn.release()

    def _ready_engine(self, progress: Progress) -> EngineProcess:
        """Return the warm engine if it lives and is the one on record, else start one."""
        record = self._record or usable_record(progress)
        engine = self._engine
        if engine is not None and engine.is_alive and engine.record == record:
            return engine
        if engine is not None:
            engine.close()
        self._engine = engine = EngineProcess(record)
        try:
            engine.wait_until_ready(progress)
            if self._closing:
                raise Cancelled
        except BaseException:
            self._engine = None
            engine.kill()
            raise
        return engine

    def _converse(self, engine: EngineProcess, job: Job, progress: Progress) -> JobResult:
        request_id = str(next(self._ids))
        engine.send({"do": "run", "id": request_id, "job": job.to_json()})
        try:
            last = _follow(engine, request_id, progress)
        except EngineGone:
            raise
        except BaseException:  # cancelled, or the receiver failed: the run must not go on unseen
            self._stop(engine, request_id)
            raise
        if last["event"] == "result":
            return JobResult(last.get("outputs") or {}, last.get("numbers") or {})
        raise Cancelled if last.get("code") == "cancelled" else from_event(last)

    def _stop(self, engine: EngineProcess, request_id: str) -> None:
        """Ask the engine to stop a run; kill it if it has not stopped after a moment."""
        deadline = time.monotonic() + CANCEL_SECONDS
        try:
            engine.send({"do": "cancel", "id": request_id})
            while time.monotonic() < deadline:
                event = engine.next_event(POLL_SECONDS)
                if event is not None and _is_last(event, request_id):
                    return
        except EngineGone:
            self._engine = None
            return
        self._engine = None
        engine.kill()


def _follow(engine: EngineProcess, request_id: str, progress: Progress) -> dict[str, Any]:
    """Pass the events of a run on until its last one, which is returned. Raises `EngineGone`, `Cancelled`."""
    while True:
        event = engine.next_event(POLL_SECONDS)
        if event is not None and event.get("id") == request_id:
            if _is_last(event, request_id):
                return event
            _forward(event, progress)
        progress.check()


def _is_last(event: Mapping[str, Any], request_id: str) -> bool:
    return event.get("id") == request_id and event["event"] in ("result", "error")


def _forward(event: Mapping[str, Any], progress: Progress) -> None:
    kind = event["event"]
    if kind == "progress":
        left = event.get("seconds_left")
        progress(float(event.get("fraction") or 0.0), str(event.get("stage", "")), left)
    elif kind == "log":
        progress.log(str(event.get("text", "")), str(event.get("level", "info")))
    elif kind == "metric":
        value = event.get("value")
        number = float("nan") if value is None else float(value)
        progress.metric(int(event.get("epoch") or 0), str(event.get("name", "")), number)


_shared = EngineClient()


def shared_client() -> EngineClient:
    """Return the client of this QGIS session; its engine stays warm between runs."""
    return _shared


def close_shared_client() -> None:
    """End the warm engine, when the plugin is unloaded or its Python has changed."""
    _shared.close()
