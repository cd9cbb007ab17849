import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from landfuse.core import setup_runtime
from landfuse.core.environment import EngineRecord, python_in, read_record, write_record
from landfuse.core.errors import Cancelled, EngineError, MissingDependencyError, OutputError
from landfuse.core.progress import Progress
from landfuse.core.setup_runtime import is_working, plan_setup, setup

SYSTEM = {"python": "3.11.2", "numpy": "1.24.2", "gdal": "3.6.2", "scipy": "1.10.1"}


class Machine:
    """Stands in for the child processes of an installation."""

    def __init__(self):
        self.commands, self.system, self.missing = [], dict(SYSTEM), {}
        self.venv, self.pip, self.verified = (0, []), (0, ["Successfully installed torch"]), True

    def probe(self, record, packages, progress=None):
        return self.system, dict(self.missing)

    def run(self, command, receive, *, env=None, progress=None, tick=None, **others):
        self.commands.append(list(command))
        is_venv = "venv" in command
        if is_venv:
            python_in(Path(command[-1])).parent.mkdir(parents=True, exist_ok=True)
            python_in(Path(command[-1])).write_text("python")
            (Path(command[-1]) / "pyvenv.cfg").write_text("")
        code, lines = self.venv if is_venv else self.pip
        for line in lines:
            receive(line)
        progress.check()
        if tick:
            tick()
        return code

    def verify(self, python, progress=None):
        if not self.verified:
            raise MissingDependencyError("torch cannot be imported.")
        return (
            python if isinstance(python, EngineRecord) else EngineRecord(python, versions={"torch": "2.13.0"})
        )


@pytest.fixture
def machine(tmp_path, monkeypatch):
    monkeypatch.setenv("LANDFUSE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(sys, "platform", "linux")
    machine = Machine()
    for name in ("probe", "run", "verify"):
        monkeypatch.setattr(setup_runtime, name, getattr(machine, name))
    monkeypatch.setattr(setup_runtime, "_has_nvidia_driver", lambda: False)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=10**11))
    return machine


def test_the_plan_says_size_and_place_and_changes_nothing(machine, tmp_path):
    text = plan_setup(tmp_path / "runtime").summary()
    for words in (str(tmp_path / "runtime"), "300 MB", "1200 MB", "torch==2.13.0+cpu", "numpy==1.24.2"):
        assert words in text
    assert not (tmp_path / "runtime").exists()


def test_the_plan_takes_the_gpu_version_where_a_driver_is(machine, tmp_path, monkeypatch):
    monkeypatch.setattr(setup_runtime, "_has_nvidia_driver", lambda: True)
    plan = plan_setup(tmp_path / "runtime")
    assert (plan.requirements[0], plan.index) == ("torch==2.13.0", "")
    assert plan.disk_size > 5000
    assert plan_setup(tmp_path / "runtime", device="cpu").index == setup_runtime.CPU_INDEX


def test_an_old_python_gets_a_torch_that_still_serves_it(machine, tmp_path):
    machine.system["python"] = "3.9.18"
    assert plan_setup(tmp_path / "runtime").requirements[0] == "torch>=2.2"


def test_an_index_of_the_users_own_is_taken_as_it_is(machine, tmp_path):
    plan = plan_setup(tmp_path / "runtime", torch_index="https://mirror/simple")
    assert (plan.requirements[0], plan.index) == ("torch==2.13.0", "https://mirror/simple")


def test_without_gdal_nothing_can_be_built(machine, tmp_path):
    machine.missing = {"gdal": "ModuleNotFoundError: No module named 'osgeo'"}
    with pytest.raises(MissingDependencyError, match=r"python3-gdal") as caught:
        plan_setup(tmp_path / "runtime")
    assert "No module named 'osgeo'" in str(caught.value)


def test_scipy_of_the_system_is_held_only_where_there_is_one(machine, tmp_path):
    assert plan_setup(tmp_path / "runtime").held == ("numpy==1.24.2", "scipy==1.10.1")
    del machine.system["scipy"]
    machine.missing = {"scipy": "ModuleNotFoundError"}
    assert plan_setup(tmp_path / "runtime").held == ("numpy==1.24.2",)


def test_a_folder_with_other_things_in_it_is_refused(machine, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_text("cat")
    with pytest.raises(OutputError, match="not empty"):
        plan_setup(tmp_path / "photos")
    with pytest.raises(OutputError, match="a file"):
        plan_setup(tmp_path / "photos" / "cat.jpg")


def test_a_disk_that_is_too_full_is_refused_before_anything_is_made(machine, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=5 * 10**8))
    with pytest.raises(OutputError, match="500 MB are free, about 1200 MB are needed"):
        plan_setup(tmp_path / "runtime")


def test_a_set_up_environment_is_verified_and_recorded(machine, tmp_path):
    folder, told = tmp_path / "runtime", []
    record = setup(plan_setup(folder), Progress(told.append))
    assert record.executable == str(python_in(folder))
    assert read_record() == record
    assert (folder / "constraints.txt").read_text() == "numpy==1.24.2\nscipy==1.10.1\n"
    assert "Successfully installed torch" in [event.get("text") for event in told]
    assert told[-1]["fraction"] == 1.0


def test_torch_alone_comes_from_its_own_index_and_numpy_is_held(machine, tmp_path):
    setup(plan_setup(tmp_path / "runtime"))
    venv, first, second = machine.commands
    assert "--system-site-packages" in venv
    assert first[-1] == "torch==2.13.0+cpu"
    assert {"--no-deps", "--extra-index-url", setup_runtime.CPU_INDEX} <= set(first)
    assert "--extra-index-url" not in second
    for pip in (first, second):
        assert pip[pip.index("--constraint") + 1] == str(tmp_path / "runtime" / "constraints.txt")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ERROR: Could not install packages: [Errno 28] No space left on device", "disk is full"),
        ("Failed to establish a new connection: Name or service not known", "cannot be reached"),
        ("OSError('Tunnel connection failed: 407 Proxy Authentication Required')", "HTTPS_PROXY"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]'", "PIP_CERT"),
        ("ERROR: No matching distribution found for torch==2.13.0+cpu", "64-bit Python"),
        ("ERROR: [Errno 13] Permission denied: '/opt/x'", "cannot be written"),
        ("something never seen before", "something never seen before"),
    ],
)  # fmt: skip
def test_a_failed_installation_names_its_cause_and_leaves_nothing(machine, tmp_path, line, words):
    machine.pip = (1, ["Collecting torch", line])
    with pytest.raises(EngineError, match=words):
        setup(plan_setup(tmp_path / "runtime"))
    assert not (tmp_path / "runtime").exists()
    assert read_record() is None


def test_a_missing_venv_module_is_told_with_the_package_to_install(machine, tmp_path):
    machine.venv = (
        1,
        ["The virtual environment was not created successfully because ensurepip is not available."],
    )
    with pytest.raises(EngineError, match="apt install python3-venv"):
        setup(plan_setup(tmp_path / "runtime"))
    assert not (tmp_path / "runtime").exists()


def test_a_cancelled_installation_leaves_nothing(machine, tmp_path):
    told = []
    progress = Progress(told.append, lambda: any("installed" in event.get("text", "") for event in told))
    with pytest.raises(Cancelled):
        setup(plan_setup(tmp_path / "runtime"), progress)
    assert not (tmp_path / "runtime").exists()
    assert read_record() is None


def test_packages_that_do_not_load_are_not_recorded(machine, tmp_path):
    machine.verified = False
    with pytest.raises(MissingDependencyError):
        setup(plan_setup(tmp_path / "runtime"))
    assert read_record() is None


def test_an_environment_that_was_not_mended_stays_but_is_forgotten_if_broken(machine, tmp_path):
    folder = tmp_path / "runtime"
    setup(plan_setup(folder))
    machine.pip = (1, ["oh"])
    with pytest.raises(EngineError):
        setup(plan_setup(folder))
    assert folder.exists()
    assert read_record() is not None
    machine.verified = False
    with pytest.raises(EngineError):
        setup(plan_setup(folder))
    assert read_record() is None


def test_an_environment_of_ours_is_no_base_for_another(machine, tmp_path, monkeypatch):
    setup(plan_setup(tmp_path / "runtime"))
    pythons = [str(python_in(tmp_path / "runtime")), "/usr/bin/python3"]
    monkeypatch.setattr(setup_runtime, "candidates", lambda: pythons)
    assert plan_setup(tmp_path / "second").python == "/usr/bin/python3"


def test_working_means_present_and_verified(machine, tmp_path):
    folder = tmp_path / "runtime"
    assert not is_working(folder)
    setup(plan_setup(folder))
    assert is_working(folder)
    write_record(EngineRecord("/some/other/python"))
    assert is_working(folder)
    assert read_record().executable == str(python_in(folder))
    machine.verified = False
    assert not is_working(folder)
