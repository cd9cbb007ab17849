import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from landfuse.core import environment
from landfuse.core.environment import EngineRecord
from landfuse.core.errors import Cancelled, EngineError, JobError, MissingDependencyError
from landfuse.core.job_file import parse_job
from landfuse.core.progress import Progress
from landfuse.core.version import __version__
from landfuse.processing_provider.engine_client import EngineClient, close_shared_client, shared_client
from landfuse.processing_provider.engine_process import exit_in_words

STUB = Path(__file__).with_name("stub_engine.py")
JOB = {
    "kind": "train",
    "inputs": {"hsi": [{"path": "/data/hyper.tif"}]},
    "samples": {"path": "/data/areas.gpkg", "class_field": "class"},
    "outputs": {"model": "/data/m.safetensors"},
}


class Events:
    """Keeps the events of a run; `stop_after` seconds from the first progress event on, the user cancels."""

    def __init__(self, stop_after=None):
        self.seen, self.stop_after, self.started = [], stop_after, None
        self.progress = Progress(self.receive, self.is_cancelled)

    def receive(self, event):
        self.seen.append({**event, "thread": threading.current_thread()})
        self.started = self.started or time.monotonic()

    def is_cancelled(self):
        return self.stop_after is not None and bool(self.started) and self.age() > self.stop_after

    def age(self):
        return time.monotonic() - self.started

    def of(self, kind):
        return [event for event in self.seen if event["event"] == kind]


@pytest.fixture
def stub(tmp_path):
    """Return a function that makes a client of a stub engine with the given manners."""
    clients = []

    def make(mode="work", version=__version__, **record):
        to_set = {"STUB": mode, "STUB_VERSION": version, "STUB_NOTES": str(tmp_path)}
        client = EngineClient(EngineRecord(sys.executable, (str(STUB),), to_set=to_set, **record))
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def outcome(client, events):
    """Return the result of a run, or what it raised."""
    try:
        return client.run(JOB, events.progress)
    except Exception as error:  # noqa: BLE001  it is what the test looks at
        return error


def wait_until(condition, seconds=5.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def test_events_reach_the_caller_on_its_own_thread(stub):
    events = Events()
    result = stub().run(JOB, events.progress)
    assert result.outputs == {"model": "m"}
    assert result.numbers["OA"] == 0.5
    assert [(e["fraction"], e["stage"]) for e in events.of("progress")] == [(0.5, "Half")]
    assert [(e["level"], e["text"]) for e in events.of("log")] == [("warning", "mind the gap")]
    assert [(e["epoch"], e["name"], e["value"]) for e in events.of("metric")] == [(3, "loss", 0.25)]
    assert {e["thread"] for e in events.seen} == {threading.current_thread()}


def test_the_engine_is_started_by_path_and_gets_the_whole_job(stub, tmp_path, root):
    stub().run(JOB)
    arguments = json.loads((tmp_path / "arguments").read_text())
    assert arguments == ["-I", "-X", "utf8", str(root / "core" / "__main__.py"), "serve"]
    assert parse_job(json.loads((tmp_path / "job").read_text()), tmp_path) == parse_job(JOB, tmp_path)


def test_a_warm_engine_serves_the_next_run(stub):
    client = stub()
    first, second = client.run(JOB), client.run(JOB)
    assert first.numbers["PID"] == second.numbers["PID"]


def test_another_record_starts_another_engine(stub, tmp_path, monkeypatch):
    monkeypatch.setenv("LANDFUSE_HOME", str(tmp_path / "home"))
    client = EngineClient()
    pids = []
    for mark in ("1", "2"):
        to_set = {"STUB_VERSION": __version__, "STUB_NOTES": str(tmp_path), "MARK": mark}
        environment.write_record(EngineRecord(sys.executable, (str(STUB),), to_set=to_set))
        pids.append(client.run(JOB).numbers["PID"])
    client.close()
    assert pids[0] != pids[1]
    assert not is_running(pids[0])


def test_a_polite_engine_is_cancelled_and_stays_warm(stub):
    client, events = stub("obey"), Events(stop_after=0.1)
    with pytest.raises(Cancelled):
        client.run(JOB, events.progress)
    assert events.age() < 1.0
    pid = client._engine.pid
    assert is_running(pid)
    with pytest.raises(Cancelled):
        client.run(JOB, Events(stop_after=0.1).progress)
    assert client._engine.pid == pid


def test_a_deaf_engine_is_killed_with_its_children_within_two_seconds(stub, tmp_path):
    client, events = stub("hang"), Events(stop_after=0.1)
    with pytest.raises(Cancelled):
        client.run(JOB, events.progress)
    assert events.age() - 0.1 < 2.0
    assert wait_until(lambda: not is_running(int((tmp_path / "child").read_text())), 1.0)


def test_what_a_killed_engine_left_half_made_is_removed(stub, tmp_path):
    job = {**JOB, "outputs": {"model": str(tmp_path / "m.safetensors")}}
    others = tmp_path / ".landfuse-1-else"
    others.mkdir()
    with pytest.raises(Cancelled):
        stub("hang").run(job, Events(stop_after=0.1).progress)
    pid = (tmp_path / "pid").read_text()
    assert sorted(p.name for p in tmp_path.glob(".landfuse-*")) == [others.name]
    assert (tmp_path / "draft").read_text() == f".landfuse-{pid}-abc"


def test_the_run_does_not_go_on_when_the_receiver_of_its_events_fails(stub, tmp_path):
    def fail(event):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stub("hang").run(JOB, Progress(fail))
    assert wait_until(lambda: not is_running(int((tmp_path / "child").read_text())), 1.0)


def test_prints_of_libraries_neither_block_nor_break_the_stream(stub):
    assert stub("babble").run(JOB).outputs == {"model": "m"}


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("crash", ["SIGABRT", "the last words"]),
        ("leave", ["exit code 3", "giving up"]),
        ("be_killed", ["memory ran out", "SIGKILL", "smaller tile"]),
        ("never_ready", ["did not start", "no module named anything", "Set up"]),
    ],
)
def test_an_engine_that_dies_is_explained_with_the_end_of_its_log(stub, mode, words):
    client = stub(mode)
    with pytest.raises(EngineError) as caught:
        client.run(JOB)
    assert [word for word in words if word not in str(caught.value)] == []


def test_after_a_crash_the_next_run_gets_a_new_engine(stub):
    client = stub("crash")
    for _ in range(2):
        with pytest.raises(EngineError, match="SIGABRT"):
            client.run(JOB)


def test_an_engine_that_left_idle_as_the_request_came_is_replaced(stub):
    assert stub("leave_idle_once").run(JOB).outputs == {"model": "m"}


def test_an_engine_of_another_version_is_refused(stub):
    with pytest.raises(EngineError, match="Restart QGIS"):
        stub(version="0.0.1").run(JOB)


def test_a_missing_package_comes_back_with_its_remedy(stub):
    with pytest.raises(MissingDependencyError, match=r"PyTorch is missing. Set up."):
        stub("miss_torch").run(JOB)


def test_a_python_that_does_not_exist_is_an_error_in_words():
    with pytest.raises(EngineError, match="does not start"):
        EngineClient(EngineRecord("/nowhere/python3")).run(JOB)


def test_a_second_run_waits_its_turn_and_can_be_cancelled_meanwhile(stub):
    client, first, second = stub("hang"), Events(stop_after=60), Events(stop_after=0.2)
    caught = []
    thread = threading.Thread(target=lambda: caught.append(outcome(client, first)))
    thread.start()
    assert wait_until(lambda: first.seen)
    with pytest.raises(Cancelled):
        client.run(JOB, second.progress)
    assert "waits" in second.of("log")[0]["text"]
    first.stop_after = 0
    thread.join(5)
    assert isinstance(caught[0], Cancelled)


def test_closing_the_client_cancels_the_run_and_ends_the_engine(stub):
    client, events, caught = stub("hang"), Events(), []
    thread = threading.Thread(target=lambda: caught.append(outcome(client, events)))
    thread.start()
    assert wait_until(lambda: events.seen)
    pid = client._engine.pid
    client.close()
    thread.join(5)
    assert isinstance(caught[0], Cancelled)
    assert not is_running(pid)


def test_variables_of_the_record_are_set_and_unset(monkeypatch):
    monkeypatch.setenv("BAD_PLUGIN_PATH", "/bad")
    record = EngineRecord(
        "python", to_set={"GOOD": "1"}, to_unset=("BAD_PLUGIN_PATH",), import_paths=("/a", "/b")
    )
    variables = record.environment()
    assert variables["GOOD"] == "1"
    assert "BAD_PLUGIN_PATH" not in variables
    assert variables["LANDFUSE_IMPORT_PATHS"] == os.pathsep.join(["/a", "/b"])


def test_a_job_that_needs_no_engine_runs_here(tmp_path):
    client = EngineClient(EngineRecord("/nowhere/python3"))
    model = tmp_path / "m.safetensors"
    model.write_bytes(b"not a model")
    with pytest.raises(Exception, match=r"m\.safetensors") as caught:
        client.run({"kind": "modelinfo", "parameters": {"model": str(model)}})
    assert not isinstance(caught.value, EngineError)


def test_a_wrong_job_is_refused_before_an_engine_starts():
    with pytest.raises(JobError):
        EngineClient(EngineRecord("/nowhere/python3")).run({"kind": "train"})


def test_the_real_engine_does_not_outlive_its_killed_parent_in_the_middle_of_a_job(tmp_path, root):
    code = f"""
import importlib.util, sys
from pathlib import Path
spec = importlib.util.spec_from_file_location(
    "landfuse", {str(root / "__init__.py")!r}, submodule_search_locations=[{str(root)!r}])
sys.modules["landfuse"] = package = importlib.util.module_from_spec(spec)
from landfuse.core.environment import EngineRecord
from landfuse.core.job_file import parse_job
from landfuse.core.progress import Progress
from landfuse.processing_provider.engine_client import EngineClient
client = EngineClient(EngineRecord({sys.executable!r}))
job = parse_job({{"kind": "demoscene", "outputs": {{"folder": "scene"}}}}, Path({str(tmp_path)!r}))
client.run_in_engine(job, Progress(lambda event: print(client._engine.pid, flush=True)))
"""
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    pid = int(parent.stdout.readline())
    assert is_running(pid)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert wait_until(lambda: not is_running(pid), 2.0)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_the_real_engine_stops_a_job_within_two_seconds(tmp_path):
    client, events = EngineClient(EngineRecord(sys.executable)), Events(stop_after=0.3)
    job = parse_job({"kind": "demoscene", "outputs": {"folder": "scene"}}, tmp_path)
    with pytest.raises(Cancelled):
        client.run_in_engine(job, events.progress)
    assert events.age() - 0.3 < 2.0
    client.close()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_the_real_engine_runs_a_job_and_stays_warm(tmp_path):
    client = EngineClient(EngineRecord(sys.executable))
    model = tmp_path / "m.safetensors"
    model.write_bytes(b"not a model")
    job = parse_job({"kind": "modelinfo", "parameters": {"model": str(model)}}, tmp_path)
    for _ in range(2):
        with pytest.raises(Exception, match=r"m\.safetensors") as caught:
            client.run_in_engine(job)
        assert not isinstance(caught.value, EngineError)
    pid = client._engine.pid
    client.close()
    assert wait_until(lambda: not is_running(pid), 2.0)


def test_there_is_one_client_for_the_session():
    assert shared_client() is shared_client()
    close_shared_client()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (-9, "SIGKILL"),
        (137, "SIGKILL"),
        (-11, "SIGSEGV"),
        (1, "exit code 1"),
        (0xC0000005, "0xC0000005"),
        (-63, "signal 63"),
    ],
)
def test_exit_codes_are_put_into_words(code, words):
    assert words in exit_in_words(code)
