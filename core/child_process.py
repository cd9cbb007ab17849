"""Start a child process, follow what it prints, and end it together with everything it started."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import IO, Any

from .progress import Progress, silent

POLL_SECONDS = 0.1
_DRAIN_SECONDS = 1.0  # a grandchild may hold the pipe open after the child has ended
_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)
_NEW_GROUP = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
_BELOW_NORMAL = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)


def changed_environment(to_set: Mapping[str, str], to_unset: Iterable[str]) -> dict[str, str]:
    """Return this process's variables with some unset and some set."""
    variables = {key: value for key, value in os.environ.items() if key not in set(to_unset)}
    return {**variables, **to_set}


def start(command: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
    """Start `command` in a process group of its own, at low priority and without a console window.

    `options` go to `subprocess.Popen`. On POSIX the child lowers its own priority. Raises `OSError`.
    """
    if sys.platform == "win32":
        options["creationflags"] = _NO_WINDOW | _NEW_GROUP | _BELOW_NORMAL
    else:
        options["start_new_session"] = True
    return subprocess.Popen(list(command), **options)


def kill_tree(process: subprocess.Popen[bytes]) -> None:
    """End a process that `start` made and all that it started, at once. Harmless when it has ended."""
    if process.poll() is not None:
        return
    try:
        if sys.platform == "win32":
            subprocess.run(
                ["taskkill", "/T", "/F", "/PID", str(process.pid)],
                creationflags=_NO_WINDOW,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
            )
        else:
            os.killpg(process.pid, signal.SIGKILL)
    except OSError:  # the group has ended meanwhile, or there is no taskkill: the process itself remains
        process.kill()
    try:
        process.wait(timeout=2)
    except subprocess.TimeoutExpired:
        process.kill()


def read_lines(stream: IO[bytes], receive: Callable[[str], None], done: Callable[[], None]) -> None:
    """Pass every line of `stream` on without its line end, in a thread of its own; then call `done`."""

    def drain() -> None:
        try:
            for line in stream:
                receive(line.decode("utf-8", "replace").rstrip("\r\n"))
        except (OSError, ValueError):  # the pipe was closed under us; what matters is that it has ended
            receive("(the stream was closed)")
        finally:
            stream.close()
            done()

    threading.Thread(target=drain, name="landfuse-reader", daemon=True).start()


def run(
    command: Sequence[str],
    receive: Callable[[str], None],
    *,
    env: Mapping[str, str] | None = None,
    progress: Progress = silent,
    time_limit: float | None = None,
    tick: Callable[[], None] | None = None,
) -> int | None:
    """Run `command` to its end and pass on what it prints (stdout and stderr), on the calling thread.

    `tick` is called about ten times a second. Returns the exit code, None when `time_limit` seconds have
    passed. The process tree is killed when the user cancels, when the time is up, and on any error in
    `receive` or `tick`. Raises `OSError` when the command cannot be started.
    """
    process = start(
        command,
        env=dict(env) if env is not None else None,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        return _follow(process, receive, progress, time_limit, tick)
    finally:
        kill_tree(process)


def _follow(
    process: subprocess.Popen[bytes],
    receive: Callable[[str], None],
    progress: Progress,
    time_limit: float | None,
    tick: Callable[[], None] | None,
) -> int | None:
    lines: queue.Queue[str | None] = queue.Queue()
    read_lines(process.stdout, lines.put, lambda: lines.put(None))  # type: ignore[arg-type]
    started, ended = time.monotonic(), None
    while True:
        progress.check()
        if tick:
            tick()
        if time_limit is not None and time.monotonic() - started > time_limit:
            return None
        try:
            line = lines.get(timeout=POLL_SECONDS)
        except queue.Empty:
            if process.poll() is not None:
                ended = ended or time.monotonic()
                if time.monotonic() - ended > _DRAIN_SECONDS:
                    return process.returncode
            continue
        if line is None:
            return process.wait()
        receive(line)
