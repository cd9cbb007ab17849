import io
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from landfuse.core import cli
from landfuse.core.cli_options import EXAMPLES, job_of, make_parser
from landfuse.core.cli_progress import Display, duration
from landfuse.core.environment import EngineRecord, read_record
from landfuse.core.errors import Cancelled, SamplesError
from landfuse.core.job_kinds import KINDS
from landfuse.core.job_spec import JobResult
from landfuse.core.version import __version__

TRAIN = [
    "train",
    "--hsi",
    "a.tif",
    "--samples",
    "s.gpkg",
    "--class-field",
    "class",
    "--model",
    "m.safetensors",
]


@pytest.fixture(autouse=True)
def signals_as_before(tmp_path, monkeypatch):
    """`main` takes Ctrl+C over for the process that it is the whole of."""
    monkeypatch.setenv("LANDFUSE_HOME", str(tmp_path / "home"))
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.fixture
def work(monkeypatch):
    """Replace the work behind every job by a function of (job, progress); returns the jobs that ran."""
    jobs = []

    def replace(function=lambda job, progress: JobResult()):
        monkeypatch.setattr(cli, "run_job", lambda job, progress: jobs.append(job) or function(job, progress))
        monkeypatch.setattr(cli, "prepare_engine", lambda: None)
        monkeypatch.setattr(cli, "_hand_over", lambda given: None)
        return jobs

    return replace


def parsed(*arguments):
    return job_of(make_parser().parse_args([str(argument) for argument in arguments]))


def test_every_kind_of_job_is_a_command_with_help_and_an_example(capsys):
    for kind, spec in KINDS.items():
        with pytest.raises(SystemExit) as left:
            cli.main([kind, "--help"])
        assert left.value.code == 0
        text = capsys.readouterr().out
        assert "example:" in text
        assert EXAMPLES[kind].split("\\")[0].strip() in text
        for parameter in spec.parameters:
            assert parameter.name.replace("_", "-").lower() in text.lower()


def test_examples_are_understood():
    for kind, example in EXAMPLES.items():
        program, *arguments = example.replace("\\\n", " ").split()
        assert program == "landfuse"
        assert parsed(*arguments).kind == kind


def test_options_become_the_job(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    job = parsed(
        *TRAIN, "--hsi-bands", "1-100", "--lidar", "b.tif", "c.tif", "--group-field", "plot",
        "--sample-radius", 5,
        "--test-labels", "t.tif", "--mask", "m.gpkg", "--pixel-size", 2, "--extent", -10, 0, 10.5, 20,
        "--extent-crs", "EPSG:32633", "--reference", "r.tif", "--method", "random_forest", "--no-refit",
        "--gap", 30,
        "--report", "r.html",
    )  # fmt: skip
    assert [(raster.path, raster.bands) for raster in job.inputs["hsi"]] == [
        (str(tmp_path / "a.tif"), "1-100")
    ]
    assert [raster.path for raster in job.inputs["lidar"]] == [
        str(tmp_path / "b.tif"),
        str(tmp_path / "c.tif"),
    ]
    assert (job.samples.class_field, job.samples.group_field, job.samples.radius) == ("class", "plot", 5.0)
    assert (job.test_samples.path, job.test_samples.type) == (str(tmp_path / "t.tif"), "raster")
    assert job.mask == str(tmp_path / "m.gpkg")
    assert (job.grid.pixel_size, job.grid.extent) == (2.0, (-10.0, 0.0, 10.5, 20.0))
    assert (job.grid.extent_crs, job.grid.reference) == ("EPSG:32633", str(tmp_path / "r.tif"))
    assert (job.parameters["method"], job.parameters["refit"], job.parameters["gap"]) == (
        "random_forest",
        False,
        30,
    )
    assert set(job.outputs) == {"model", "report"}


def test_what_is_not_given_takes_its_default():
    expected = {parameter.name: parameter.default for parameter in KINDS["train"].parameters}
    assert parsed(*TRAIN).parameters == expected


def test_a_layer_of_a_file_is_named_as_in_qgis(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    job = parsed(
        "assess", "--classmap", "m.tif", "--samples", "s.gpkg|layername=points", "--class-field", "c"
    )
    assert (job.samples.path, job.samples.layer) == (str(tmp_path / "s.gpkg"), "points")


def test_labels_are_a_raster_of_samples():
    assert parsed("assess", "--classmap", "m.tif", "--labels", "l.tif").samples.type == "raster"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "COMMAND"),
        (["fly"], "invalid choice"),
        (["train", "--hsi", "a.tif", "--model", "m"], "--samples --labels is required"),
        (["train", "--samples", "s", "--class-field", "c", "--model", "m"], "No source"),
        (["train", "--hsi", "a.tif", "--samples", "s", "--model", "m"], "--class-field"),
        ([*TRAIN, "--labels", "l.tif"], "not allowed with"),
        ([*TRAIN, "--sar-bands", "1-3"], "--sar-bands is given without --sar"),
        ([*TRAIN, "--epochs", "-3"], "below"),
        ([*TRAIN, "--epochs", "many"], "invalid int"),
        ([*TRAIN, "--method", "magic"], "invalid choice"),
        ([*TRAIN, "--epo", "3"], "unrecognized"),
        (["classify", "--hsi", "a.tif", "--classmap", "m.tif"], "--model"),
        (["modelinfo"], "F"),
    ],
)
def test_wrong_usage_is_told_and_ends_with_2(arguments, words, capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(arguments)
    assert left.value.code == 2
    assert words in capsys.readouterr().err


def test_the_version_is_told(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert __version__ in capsys.readouterr().out


def test_results_go_to_stdout_and_progress_to_stderr(work, capsys):
    def run(job, progress):
        progress(0.5, "Halfway")
        progress.warn("mind the gap")
        return JobResult({"report": "/data/r.html"}, {"OA": 0.912345, "KAPPA": None, "N": 3})

    work(run)
    assert cli.main(["modelinfo", "m.safetensors"]) == 0
    out, err = capsys.readouterr()
    rows = [line.rsplit("  ", 1) for line in out.splitlines()]
    assert [(label.strip(), value) for label, value in rows] == [
        ("Model card", "/data/r.html"), ("OA", "0.9123"), ("KAPPA", "not measured"), ("N", "3"),
    ]  # fmt: skip
    assert " 50% Halfway" in err
    assert "warning: mind the gap" in err


def test_an_error_is_told_in_words_and_ends_with_1(work, capsys):
    def run(job, progress):
        raise SamplesError("One class only.", where="s.gpkg", remedy="Add another.")

    work(run)
    assert cli.main(TRAIN) == 1
    err = capsys.readouterr().err
    assert "s.gpkg: One class only. Add another." in err
    assert "Traceback" not in err
    assert cli.main([*TRAIN, "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_a_bug_is_told_in_words_and_ends_with_1(work, capsys):
    work(lambda job, progress: 1 / 0)
    assert cli.main(TRAIN) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err


@pytest.mark.parametrize("error", [Cancelled, KeyboardInterrupt])
def test_a_cancelled_run_ends_with_130(work, capsys, error):
    def run(job, progress):
        raise error

    work(run)
    assert cli.main(TRAIN) == 130
    assert "Cancelled" in capsys.readouterr().err


def test_a_job_file_is_run_with_its_paths_beside_it(work, tmp_path):
    jobs = work()
    path = tmp_path / "city.job.json"
    path.write_text(json.dumps({"kind": "modelinfo", "parameters": {"model": "m.safetensors"}}))
    assert cli.main(["run", str(path)]) == 0
    assert jobs[0].parameters["model"] == str(tmp_path / "m.safetensors")


def test_a_broken_job_file_is_an_error_not_wrong_usage(tmp_path, capsys):
    path = tmp_path / "city.job.json"
    path.write_text("{")
    assert cli.main(["run", str(path)]) == 1
    assert "not JSON" in capsys.readouterr().err


def start(root, *arguments, **options):
    command = [sys.executable, str(root / "core" / "__main__.py"), *(str(a) for a in arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def test_the_program_runs_by_path_and_leaves_stdin_to_its_caller(root, tmp_path):
    reading, writing = os.pipe()
    os.write(writing, b"next line of the caller\n")
    model = tmp_path / "m.safetensors"
    model.write_bytes(b"no model")
    process = start(root, "modelinfo", model, stdin=reading)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert str(model) in err
    assert os.read(reading, 100) == b"next line of the caller\n"
    os.close(reading)
    os.close(writing)


def test_ctrl_c_cancels_within_two_seconds_and_leaves_nothing(root, tmp_path):
    process = start(root, "demoscene", tmp_path / "scene")
    assert "%" in process.stderr.readline()
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Cancelled" in err
    assert time.monotonic() - began < 2.5
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_command_is_handed_over_to_the_python_on_record_when_this_one_has_no_torch(monkeypatch, tmp_path):
    calls = []
    monkeypatch.setattr(cli.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(cli.os, "execve", lambda *call: calls.append(call))
    monkeypatch.setattr(cli, "read_record", lambda: EngineRecord(sys.executable, to_set={"A": "1"}))
    cli._hand_over(["train", "--hsi", "a.tif"])
    program, command, variables = calls[0]
    assert program == sys.executable
    assert command[-3:] == ["train", "--hsi", "a.tif"]
    assert variables["A"] == "1"
    monkeypatch.setenv("LANDFUSE_HANDED_OVER", "1")
    assert cli._hand_over(["train"]) is None
    assert len(calls) == 1


WITHOUT_GDAL = """
import runpy, sys
sys.modules["osgeo"] = None  # every import of it fails
main = sys.argv.pop(1)
sys.argv[0] = main
runpy.run_path(main, run_name="__main__")
"""


def without_gdal(root, folder, *arguments):
    command = [sys.executable, "-I", "-c", WITHOUT_GDAL, str(root / "core" / "__main__.py"), *arguments]
    environment = {**os.environ, "LANDFUSE_HOME": str(folder)}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("arguments", [("demoscene", "scene"), ("modelinfo", "m.safetensors")])
def test_a_missing_gdal_is_told_at_the_start_with_the_ways_to_get_it(root, tmp_path, arguments):
    done = without_gdal(root, tmp_path, *arguments)
    assert done.returncode == 1
    assert "GDAL for Python is missing" in done.stderr
    for way in ("apt install python3-gdal", "conda install", "OSGeo4W", "landfuse setup"):
        assert way in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "scene").exists()


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("train", "--help")])
def test_help_needs_no_gdal(root, tmp_path, arguments):
    done = without_gdal(root, tmp_path, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert "landfuse" in done.stdout


@pytest.mark.parametrize(("missing", "kind", "handed"), [
    ("osgeo", "assess", True), ("torch", "assess", False), ("torch", "train", True), ("", "train", False)
])  # fmt: skip
def test_commands_go_to_the_python_on_record_when_this_one_lacks_what_they_need(
    monkeypatch, missing, kind, handed
):
    monkeypatch.setattr(cli, "_is_missing", lambda package: package == missing)
    monkeypatch.setattr(cli, "_hand_over", lambda given: 7)
    monkeypatch.setattr(cli, "run_job", lambda job, progress: JobResult())
    monkeypatch.setattr(cli, "prepare_engine", lambda: None)
    commands = {
        "train": TRAIN,
        "assess": ["assess", "--classmap", "m.tif", "--labels", "l.tif", "--report", "r.html"],
    }
    assert cli.main(commands[kind]) == (7 if handed else 0)


def test_set_up_can_take_a_python_as_it_is(monkeypatch, capsys):
    monkeypatch.setattr(cli, "verify", lambda python, progress: EngineRecord(python))
    assert cli.main(["setup", "--use", "/opt/torch/bin/python"]) == 0
    assert read_record().executable == "/opt/torch/bin/python"
    assert "/opt/torch/bin/python" in capsys.readouterr().out


def test_set_up_says_size_and_place_and_installs_nothing_unasked(monkeypatch, capsys):
    class Plan:
        def summary(self):
            return "About 300 MB in /data."

    monkeypatch.setattr(cli, "plan_setup", lambda *args, **kwargs: Plan())
    monkeypatch.setattr(cli, "setup", lambda *args: pytest.fail("installed without being asked"))
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert cli.main(["setup"]) == 1
    err = capsys.readouterr().err
    assert "About 300 MB in /data." in err
    assert "--yes" in err


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 130), ("", 130)])
def test_set_up_asks_in_a_terminal(monkeypatch, capsys, answer, code):
    class Plan:
        def summary(self):
            return "About 300 MB in /data."

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(cli, "plan_setup", lambda *args, **kwargs: Plan())
    monkeypatch.setattr(cli, "setup", lambda *args: EngineRecord("/data/bin/python"))
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    assert cli.main(["setup"]) == code


def test_a_working_environment_is_left_alone_if_needed(monkeypatch, capsys):
    monkeypatch.setattr(cli, "is_working", lambda folder, progress: True)
    monkeypatch.setattr(cli, "plan_setup", lambda *args, **kwargs: pytest.fail("planned"))
    assert cli.main(["setup", "--if-needed", "--yes"]) == 0


class Screen(io.StringIO):
    def __init__(self, is_terminal):
        super().__init__()
        self.isatty = lambda: is_terminal


def progress_event(fraction, stage, seconds_left=None):
    return {"event": "progress", "fraction": fraction, "stage": stage, "seconds_left": seconds_left}


def test_a_terminal_shows_a_bar_with_stage_and_time_left():
    screen = Screen(is_terminal=True)
    display = Display(screen)
    display({"event": "metric", "epoch": 3, "name": "loss", "value": 0.25})
    display(progress_event(0.5, "Training", 75))
    last = screen.getvalue().split("\r")[-1]
    assert "[############............]  50%  Training  loss 0.25  1:15 left" in last
    display({"event": "log", "level": "info", "text": "a line"})
    assert "a line\n" in screen.getvalue()
    display.close()
    assert screen.getvalue().endswith(" \r")


def test_a_pipe_gets_plain_lines_per_stage_and_tenth():
    screen = Screen(is_terminal=False)
    display = Display(screen)
    for step in range(101):
        display(progress_event(step / 100, "Reading" if step < 50 else "Writing", 3))
    display.close()
    lines = screen.getvalue().splitlines()
    assert "\r" not in screen.getvalue()
    assert 10 <= len(lines) <= 13
    assert lines[0] == "  0% Reading"
    assert lines[-1] == "100% Writing"


@pytest.mark.parametrize(("seconds", "text"), [(7.2, "0:07"), (750, "12:30"), (11100, "3:05:00")])
def test_durations_read_like_a_clock(seconds, text):
    assert duration(seconds) == text
