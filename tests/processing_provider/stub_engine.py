"""A stand-in for the engine that speaks its protocol and then misbehaves as $STUB says."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

VERSION = os.environ["STUB_VERSION"]
MODE = os.environ.get("STUB", "work")
NOTES = Path(os.environ["STUB_NOTES"])


def send(**event):
    sys.stdout.write(json.dumps({"v": 1, **event}) + "\n")
    sys.stdout.flush()


def receive():
    line = sys.stdin.readline()
    if not line:
        os._exit(0)
    return json.loads(line)


def note(name, value):
    (NOTES / name).write_text(str(value))


def work(request):
    send(event="progress", id=request["id"], fraction=0.5, stage="Half", seconds_left=None)
    send(event="log", id=request["id"], level="warning", text="mind the gap")
    send(event="metric", id=request["id"], epoch=3, name="loss", value=0.25)
    send(event="log", id="another run", level="info", text="not for you")
    send(event="result", id=request["id"], outputs={"model": "m"}, numbers={"OA": 0.5, "PID": os.getpid()})


def hang(request):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    note("child", child.pid)
    draft = Path(request["job"]["outputs"]["model"]).parent / f".landfuse-{os.getpid()}-abc"
    if draft.parent == NOTES:
        draft.mkdir()
        (draft / "map.tif").write_text("half")
    note("draft", draft.name)
    note("pid", os.getpid())
    send(event="progress", id=request["id"], fraction=0.1, stage="Hanging", seconds_left=None)
    time.sleep(600)


def obey(request):
    send(event="progress", id=request["id"], fraction=0.1, stage="Waiting", seconds_left=None)
    assert receive() == {"do": "cancel", "id": request["id"]}
    send(event="error", id=request["id"], code="cancelled", what="stopped", where="", remedy="")


def babble(request):
    sys.stdout.buffer.write(b'hello\n[1, 2]\n{"a": 1}\n\xff\xfe is not UTF-8\n')
    sys.stdout.flush()
    for _ in range(20000):
        sys.stderr.write("a long line of a talkative library that fills every pipe\n")
    work(request)


def crash(request):
    sys.stderr.write("Fatal: the last words\n")
    sys.stderr.flush()
    os.abort()


def leave(request):
    sys.stderr.write("giving up\n")
    sys.stderr.flush()
    os._exit(3)


def be_killed(request):
    os.kill(os.getpid(), signal.SIGKILL)


def miss_torch(request):
    send(
        event="error", id=request["id"], code="missing_dependency", what="PyTorch is missing.", where="torch",
        remedy="Set up.",
    )  # fmt: skip


def leave_idle_once(request):
    if not (NOTES / "left").exists():
        note("left", 1)
        os._exit(0)
    work(request)


if MODE == "never_ready":
    sys.stderr.write("no module named anything\n")
    sys.exit(1)
note("arguments", json.dumps(sys.argv[1:]))
send(event="ready", version=VERSION, pid=os.getpid())
while True:
    incoming = receive()
    if incoming["do"] == "run":
        note("job", json.dumps(incoming["job"]))
        globals()[MODE](incoming)
