"""The command line: the same jobs as in QGIS, on a machine without it.

Exit codes: 0 done, 1 an error told in words on stderr, 2 wrong usage, 130 cancelled. stdin is not read,
except that `setup` asks and `serve` takes its requests from it.
"""

from __future__ import annotations

import _thread
import argparse
import importlib.util
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .cli_options import job_of, make_parser
from .cli_progress import Display
from .data.drafts import remove_drafts
from .dispatch import run_job
from .environment import read_record, runtime_folder, verify, write_record
from .errors import Cancelled, EngineError, JobError, LandfuseError
from .job import Job
from .job_file import read_job
from .job_spec import JobResult
from .progress import Progress
from .serve import prepare_engine, serve_standard_streams
from .setup_runtime import is_working, plan_setup, setup

DONE, FAILED, USAGE, CANCELLED = 0, 1, 2, 130
_CANCEL_SECONDS = 1.5
_HANDED_OVER = "LANDFUSE_HANDED_OVER"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code. Wrong usage raises `SystemExit(2)`, as argparse does."""
    # Waiting threads sleep: torch's threads else spin, and beside other work they stall each other.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = make_parser()
    options = parser.parse_args(given)
    if options.command == "serve":
        serve_standard_streams()
    display = Display(sys.stderr)
    try:
        return _run(options, given, parser, display)
    except (Cancelled, KeyboardInterrupt):
        display.close()
        display.line("Cancelled.")
        return CANCELLED
    except LandfuseError as error:
        return _failed(display, f"Error: {error}", options.debug)
    except Exception as error:  # noqa: BLE001  the border: an error in words, the traceback on demand
        what = f"Error: Landfuse failed unexpectedly ({type(error).__name__}: {error})."
        return _failed(display, f"{what} This is a bug; --debug shows where.", options.debug)
    finally:
        display.close()


def _failed(display: Display, text: str, debug: bool) -> int:
    display.close()
    if debug:
        display.line(traceback.format_exc().rstrip())
    display.line(text)
    return FAILED


def _run(
    options: argparse.Namespace, given: list[str], parser: argparse.ArgumentParser, display: Display
) -> int:
    progress = Progress(display, _cancellation(display))
    if options.command == "setup":
        return _set_up(options, progress, display)
    job = _job(options, parser)
    if _is_missing("osgeo") or (job.spec.needs_engine and _is_missing("torch")):
        code = _hand_over(given)
        if code is not None:
            return code
    prepare_engine()
    try:
        result = run_job(job, progress)
    except BaseException:  # an interrupt may come while the work tidies up
        remove_drafts(list(job.outputs.values()))
        raise
    display.close()
    _tell(job, result)
    return DONE


def _job(options: argparse.Namespace, parser: argparse.ArgumentParser) -> Job:
    if options.command == "run":
        return read_job(Path(options.job))
    try:
        return job_of(options)
    except JobError as error:
        parser.error(f"{error} See 'landfuse {options.command} --help'.")


def _cancellation(display: Display) -> Callable[[], bool]:
    """Return what tells whether the user pressed Ctrl+C (or the system asked us to end).

    The first signal cancels at the next report of the work, after a moment wherever it is; a third one ends
    the process at once.
    """
    count = 0
    timer = threading.Timer(_CANCEL_SECONDS, _thread.interrupt_main)
    timer.daemon = True

    def on_signal(number: int, frame: Any) -> None:
        nonlocal count
        count += 1
        if count == 1:
            display.line("Cancelling ...")
            timer.start()
        elif count == 2:
            raise KeyboardInterrupt
        else:
            os._exit(CANCELLED)

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, on_signal)
        signal.signal(signal.SIGTERM, on_signal)

    def is_cancelled() -> bool:
        if count:
            timer.cancel()  # the work stops by itself now; nothing may disturb its tidying up
        return count > 0

    return is_cancelled


def _is_missing(package: str) -> bool:
    return importlib.util.find_spec(package) is None


def _hand_over(given: list[str]) -> int | None:
    """Run the command with the Python on record, which has what this one lacks; None: this one does it."""
    record = None if os.environ.get(_HANDED_OVER) else read_record()
    if record is None or not Path(record.executable).is_file():
        return None
    variables = {**record.environment(), _HANDED_OVER: "1"}
    if sys.platform != "win32":
        os.execve(record.executable, record.command(*given), variables)
    return subprocess.run(record.command(*given), env=variables, check=False).returncode


def _tell(job: Job, result: JobResult) -> None:
    """Write paths and numbers to stdout, one per line: label, tab-free gap, value."""
    rows = [
        (job.spec.outputs[name].label if name in job.spec.outputs else name, path)
        for name, path in result.outputs.items()
    ]
    rows += [(name, _number(value)) for name, value in result.numbers.items()]
    width = max((len(label) for label, _ in rows), default=0)
    for label, value in rows:
        sys.stdout.write(f"{label:<{width}}  {value}\n")
    sys.stdout.flush()


def _number(value: Any) -> str:
    if value is None:
        return "not measured"
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _set_up(options: argparse.Namespace, progress: Progress, display: Display) -> int:
    if options.use:
        record = verify(options.use, progress)
        write_record(record)
        sys.stdout.write(f"The engine uses {record.executable}.\n")
        return DONE
    folder = Path(options.folder).absolute() if options.folder else runtime_folder()
    if options.if_needed and is_working(folder, progress):
        sys.stdout.write(f"The engine's environment works: {folder}\n")
        return DONE
    plan = plan_setup(
        folder, progress, python=options.python, device=options.device, torch_index=options.torch_index
    )
    display.line(plan.summary())
    if not options.yes:
        _ask()
    record = setup(plan, progress)
    display.close()
    sys.stdout.write(f"The engine uses {record.executable}.\n")
    return DONE


def _ask() -> None:
    """Ask whether to go on. Raises `Cancelled`, or `EngineError` when nobody can answer."""
    if not sys.stdin or not sys.stdin.isatty():
        raise EngineError("There is nobody to ask.", remedy="Add --yes to install.")
    sys.stderr.write("Go on? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Cancelled
