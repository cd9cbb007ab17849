import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from landfuse.core import serve
from landfuse.core.data.drafts import draft_prefix
from landfuse.core.errors import OutOfMemoryError
from landfuse.core.job_spec import JobResult
from landfuse.core.serve import Server
from landfuse.core.version import __version__


class Session:
    """A server in a thread of this process, with pipes at both ends."""

    def __init__(self, idle_seconds=5.0):
        out, self._into = os.pipe()
        self._from, into = os.pipe()
        self.requests, self.events = os.fdopen(self._into, "wb", 0), os.fdopen(self._from, "rb")
        self.ended = threading.Event()
        streams = os.fdopen(out, "rb"), os.fdopen(into, "wb", 0)
        self.server = Server(*streams, idle_seconds, self.ended.set)
        self.thread = threading.Thread(target=self._run, args=streams)
        self.thread.start()

    def _run(self, *streams):
        self.server.run()
        streams[1].close()

    def send(self, line):
        self.requests.write((line if isinstance(line, str) else json.dumps(line)).encode() + b"\n")

    def run(self, request_id="1", **job):
        self.send({"do": "run", "id": request_id, "job": {"kind": "modelinfo", **job}})

    def next(self, kind=None):
        while True:
            event = json.loads(self.events.readline())
            if kind is None or event["event"] == kind:
                return event


MODEL = {"model": "/data/m.safetensors"}


@pytest.fixture
def session():
    running = Session()
    assert running.next()["event"] == "ready"
    yield running
    with contextlib.suppress(OSError):
        running.requests.close()
    running.thread.join(5)


@pytest.fixture
def work(monkeypatch):
    """Replace the work behind every job by a function of (job, progress)."""

    def replace(function):
        monkeypatch.setattr(serve, "run_job", function)
        monkeypatch.setattr(serve, "prepare_engine", lambda: None)

    return replace


def test_the_first_event_carries_the_versions():
    session = Session()
    ready = session.next()
    session.requests.close()
    assert (ready["event"], ready["version"], ready["v"]) == ("ready", __version__, 1)
    assert ready["python"] == ".".join(str(n) for n in sys.version_info[:3])
    session.thread.join(5)


def test_events_of_a_run_carry_its_id_and_end_with_the_result(session, work):
    def run(job, progress):
        progress(0.5, "Half")
        progress.log("text", "warning")
        progress.metric(1, "loss", float("nan"))
        return JobResult({"report": "r"}, {"OA": 0.5, "F1": float("inf")})

    work(run)
    session.run("7", parameters=MODEL)
    events = [session.next() for _ in range(4)]
    assert {event["id"] for event in events} == {"7"}
    assert [event["event"] for event in events] == ["progress", "log", "metric", "result"]
    assert events[2]["value"] is None
    assert events[3]["outputs"] == {"report": "r"}
    assert events[3]["numbers"] == {"OA": 0.5, "F1": None}


def test_numpy_numbers_become_plain_ones(session, work):
    np = pytest.importorskip("numpy")
    work(
        lambda job, progress: JobResult({}, {"N": np.int64(3), "OA": np.float32(0.5), "X": np.float64("nan")})
    )
    session.run(parameters=MODEL)
    assert session.next("result")["numbers"] == {"N": 3, "OA": 0.5, "X": None}


def test_a_cancel_request_stops_the_run_and_the_next_one_works(session, work):
    started = threading.Event()

    def run(job, progress):
        if job.parameters["model"] != "/data/m.safetensors":
            return JobResult()
        started.set()
        while True:
            progress.check()
            time.sleep(0.01)

    work(run)
    session.run("1", parameters=MODEL)
    assert started.wait(5)
    session.send({"do": "cancel", "id": "1"})
    assert session.next()["code"] == "cancelled"
    session.run("2", parameters={"model": "/data/n.safetensors"})
    assert session.next()["event"] == "result"


def test_a_run_that_waits_is_cancelled_before_it_starts(session, work):
    go, ran = threading.Event(), []

    def run(job, progress):
        ran.append(job.parameters["model"])
        assert go.wait(5)
        return JobResult()

    work(run)
    session.run("1", parameters=MODEL)
    session.run("2", parameters={"model": "/data/n.safetensors"})
    session.send({"do": "cancel", "id": "2"})
    time.sleep(0.1)
    go.set()
    assert session.next()["event"] == "result"
    assert session.next()["code"] == "cancelled"
    assert ran == ["/data/m.safetensors"]


def test_an_error_for_the_user_keeps_its_parts(session, work):
    def run(job, progress):
        raise OutOfMemoryError("Too big.", where="here", remedy="Make it smaller.")

    work(run)
    session.run(parameters=MODEL)
    event = session.next()
    parts = [event[key] for key in ("event", "code", "what", "where", "remedy")]
    assert parts == ["error", "out_of_memory", "Too big.", "here", "Make it smaller."]


@pytest.mark.parametrize("bug", [ZeroDivisionError("by zero"), SystemExit(3)])
def test_a_bug_gives_its_traceback_and_the_engine_goes_on(session, work, bug):
    def run(job, progress):
        raise bug

    work(run)
    for _ in range(2):
        session.run(parameters=MODEL)
        assert "Traceback" in session.next("log")["text"]
        assert session.next()["code"] == "internal"


@pytest.mark.parametrize(
    "line",
    ["nonsense", "[]", '{"do": "run"}', '{"do": "dance", "id": "1"}', '{"do": "run", "id": 1, "job": 5}'],
)
def test_a_request_that_cannot_be_understood_is_answered(session, line):
    session.send(line)
    event = session.next()
    assert (event["event"], event["code"]) == ("error", "job")


def test_a_wrong_job_is_refused_in_words(session):
    session.run(parameters={"modell": "m"})
    assert "Unknown key 'modell'" in session.next()["what"]


def test_the_server_leaves_when_it_is_idle():
    session = Session(idle_seconds=0.2)
    session.thread.join(5)
    assert not session.thread.is_alive()
    session.requests.close()


def test_the_end_of_the_requests_ends_the_server_and_leaves_no_drafts(session, work, tmp_path):
    started, stop = threading.Event(), threading.Event()

    def run(job, progress):
        (tmp_path / f"{draft_prefix()}abc").mkdir()
        started.set()
        stop.wait(5)
        return JobResult()

    work(run)
    session.run(parameters=MODEL, outputs={"report": str(tmp_path / "r.html")})
    assert started.wait(5)
    session.requests.close()
    assert session.ended.wait(5)
    assert list(tmp_path.iterdir()) == []
    stop.set()


@pytest.fixture
def engine(root):
    """Start the real engine process."""
    started = []

    def start(code="", **variables):
        main = str(root / "core" / "__main__.py")
        command = [sys.executable, "-I", "-X", "utf8", main, "serve"]
        if code:  # something happens in the process before it serves
            command = [sys.executable, "-c", f"import sys, runpy; sys.argv = [{main!r}, 'serve']\n{code}\n"]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, **variables},
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()


def test_the_process_ends_at_once_when_stdin_ends(engine):
    process = engine()
    assert json.loads(process.stdout.readline())["event"] == "ready"
    began = time.monotonic()
    process.stdin.close()
    assert process.wait(5) == 0
    assert time.monotonic() - began < 1.0


def test_the_process_leaves_when_it_is_idle(engine):
    process = engine(LANDFUSE_IDLE="0.2")
    assert process.wait(10) == 0


def test_the_process_runs_at_low_priority_and_ignores_ctrl_c(engine):
    process = engine()
    process.stdout.readline()
    assert os.getpriority(os.PRIO_PROCESS, process.pid) >= min(19, os.getpriority(os.PRIO_PROCESS, 0) + 5)
    process.send_signal(2)
    time.sleep(0.2)
    assert process.poll() is None


def test_what_libraries_print_goes_to_stderr_not_into_the_events(engine, root, tmp_path):
    model = tmp_path / "m.safetensors"
    model.write_bytes(b"no model")
    noise = (
        "import os, threading\n"
        "def talk():\n    os.write(1, b'raw noise')\n    print('noise', flush=True)\n"
        "threading.Timer(0.5, talk).start()\n"
    )
    process = engine(noise + "runpy.run_path(sys.argv[0], run_name='__main__')")
    assert json.loads(process.stdout.readline())["event"] == "ready"
    time.sleep(1.0)
    job = {"kind": "modelinfo", "parameters": {"model": str(model)}}
    process.stdin.write(json.dumps({"do": "run", "id": "1", "job": job}).encode() + b"\n")
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["code"] == "model_file"
    process.stdin.close()
    errors = process.stderr.read()
    assert b"raw noise" in errors
    assert b"noise\n" in errors


def test_the_process_ignores_python_path_and_user_packages(engine, tmp_path):
    (tmp_path / "landfuse").mkdir()
    (tmp_path / "landfuse" / "__init__.py").write_text("raise RuntimeError('the wrong package')")
    (tmp_path / "numpy.py").write_text("raise RuntimeError('the wrong numpy')")
    process = engine(PYTHONPATH=str(tmp_path))
    assert json.loads(process.stdout.readline())["version"] == __version__


def test_import_paths_of_the_record_come_last(root, tmp_path):
    code = (
        f"import runpy, sys; names = runpy.run_path({str(root / 'core' / '__main__.py')!r}, run_name='x')\n"
        "names['_clean_search_path'](); print(sys.path[-1])"
    )
    variables = {**os.environ, "LANDFUSE_IMPORT_PATHS": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True
    )
    assert Path(done.stdout.strip()) == tmp_path
