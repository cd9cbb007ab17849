import json
import os
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest
from landfuse.core import environment
from landfuse.core.environment import EngineRecord
from landfuse.core.errors import Cancelled, EngineError, MissingDependencyError, OutputError
from landfuse.core.progress import Progress
from landfuse.core.version import __version__


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    folder = tmp_path / "home"
    monkeypatch.setenv("LANDFUSE_HOME", str(folder))
    return folder


@pytest.fixture
def few_packages(monkeypatch):
    """Verify with packages that every Python has."""
    monkeypatch.setattr(environment, "ENGINE_PACKAGES", {"json": "json.decoder", "system": "sys"})


def make_executable(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\nexit 7\n")
    path.chmod(0o755)
    return path


def test_home_is_the_users_data_folder_unless_given(monkeypatch, home):
    assert environment.home() == home
    monkeypatch.delenv("LANDFUSE_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", "/data/of/user")
    monkeypatch.setattr(sys, "platform", "linux")
    assert environment.home() == Path("/data/of/user/landfuse")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert environment.home() == Path.home() / "Library" / "Application Support" / "Landfuse"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", "/local")
    assert environment.home() == Path("/local/Landfuse")


def test_a_record_survives_its_file(home):
    record = EngineRecord(
        "/opt/python", ("wrapper.py",), {"A": "1"}, ("B",), ("/extra",), {"torch": "2.13.0"}, "0.1.0",
        "2026-01-01T00:00:00Z", (1, 2),
    )  # fmt: skip
    environment.write_record(record)
    assert environment.read_record() == record
    assert [path.name for path in home.iterdir()] == ["environment.json"]
    written = json.loads(environment.record_path().read_text())
    assert {"executable", "arguments", "set", "unset", "import_paths", "versions", "verified_at"} <= set(
        written
    )


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"landfuse_environment": 99, "executable": "p"}'])
def test_a_record_that_cannot_be_understood_is_as_unknown(home, text):
    home.mkdir()
    environment.record_path().write_text(text)
    assert environment.read_record() is None


def test_no_record_is_unknown():
    assert environment.read_record() is None


def test_a_record_that_cannot_be_written_is_an_error_in_words(home):
    home.write_text("a file where the folder should be")
    with pytest.raises(OutputError, match="LANDFUSE_HOME"):
        environment.write_record(EngineRecord("python"))


def test_a_record_is_current_until_executable_or_plugin_change(tmp_path, few_packages, monkeypatch):
    executable = make_executable(tmp_path / "python")
    status = executable.stat()
    record = EngineRecord(
        str(executable), plugin_version=__version__, stamp=(status.st_size, status.st_mtime_ns)
    )
    assert record.is_current()
    executable.write_text("another one")
    assert not record.is_current()
    assert not EngineRecord("/nowhere", plugin_version=__version__).is_current()
    monkeypatch.setattr(environment, "__version__", "9.9.9")
    assert environment.verify(sys.executable).plugin_version == "9.9.9"


def test_candidates_exist_and_never_come_from_sys_executable(tmp_path, monkeypatch):
    impostor = make_executable(tmp_path / "qgis.bin")
    monkeypatch.setattr(sys, "executable", str(impostor))
    found = environment.candidates()
    assert found
    assert str(impostor) not in found
    assert all(Path(python).is_file() for python in found)
    assert len(set(found)) == len(found)


def test_candidates_come_in_order_explicit_record_runtime(tmp_path):
    explicit, recorded = (
        make_executable(tmp_path / "a" / "python"),
        make_executable(tmp_path / "b" / "python"),
    )
    runtime = make_executable(environment.python_in(environment.runtime_folder()))
    environment.write_record(EngineRecord(str(recorded)))
    assert environment.candidates(str(explicit))[:3] == [str(explicit), str(recorded), str(runtime)]


def test_verifying_really_imports_in_a_child(few_packages):
    record = environment.verify(sys.executable)
    assert record.versions["python"] == ".".join(str(n) for n in sys.version_info[:3])
    assert record.is_current()
    assert record.verified_at.endswith("Z")


@pytest.mark.skipif(find_spec("torch") is None, reason="needs torch")
def test_a_python_with_torch_is_verified_with_all_versions():
    versions = environment.verify(sys.executable).versions
    assert {"python", "numpy", "gdal", "torch", "scikit-learn", "safetensors"} <= set(versions)
    assert versions["torch"]


def test_import_paths_and_variables_count_while_verifying(tmp_path, monkeypatch):
    (tmp_path / "extra").mkdir()
    (tmp_path / "extra" / "odd_package.py").write_text("import os\n__version__ = os.environ['ODD']\n")
    monkeypatch.setattr(environment, "ENGINE_PACKAGES", {"odd": "odd_package"})
    record = EngineRecord(sys.executable, to_set={"ODD": "3.1"}, import_paths=(str(tmp_path / "extra"),))
    assert environment.verify(record).versions["odd"] == "3.1"


def test_what_is_missing_is_named_with_the_reason(monkeypatch):
    monkeypatch.setattr(environment, "ENGINE_PACKAGES", {"json": "json", "nothing": "no_such_module"})
    with pytest.raises(
        MissingDependencyError, match=r"nothing cannot be imported .*ModuleNotFoundError.*Set up"
    ):
        environment.verify(sys.executable)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import os; os.abort()", "exit code"),
        ("import time; time.sleep(60)", "No answer within"),
        ("0", "exit code 0"),
    ],
)
def test_a_python_that_crashes_hangs_or_says_nothing_is_refused(code, words):
    with pytest.raises(EngineError, match=words):
        environment.verify(EngineRecord(sys.executable, ("-c", code)), time_limit=0.5)


def test_a_python_that_does_not_exist_is_refused():
    with pytest.raises(EngineError, match="does not start"):
        environment.verify("/nowhere/python")


def test_verifying_can_be_cancelled():
    began = time.monotonic()
    progress = Progress(is_cancelled=lambda: time.monotonic() - began > 0.2)
    with pytest.raises(Cancelled):
        environment.verify(EngineRecord(sys.executable, ("-c", "import time; time.sleep(60)")), progress)
    assert time.monotonic() - began < 2.0


def test_the_first_candidate_that_works_is_recorded(tmp_path, few_packages, monkeypatch):
    broken = make_executable(tmp_path / "python")
    monkeypatch.setattr(environment, "candidates", lambda explicit="": [str(broken), sys.executable])
    told = []
    record = environment.find(Progress(told.append))
    assert record.executable == sys.executable
    assert environment.read_record() == record
    assert any("exit code 7" in event.get("text", "") for event in told)


def test_when_no_candidate_works_the_reasons_are_told_and_nothing_is_recorded(tmp_path, monkeypatch):
    broken = make_executable(tmp_path / "python")
    monkeypatch.setattr(environment, "candidates", lambda explicit="": [str(broken)])
    with pytest.raises(MissingDependencyError, match=r"exit code 7(.|\n)*Set up"):
        environment.find()
    assert environment.read_record() is None


def test_a_record_is_used_as_it_stands_without_verifying(tmp_path, monkeypatch):
    record = EngineRecord(str(make_executable(tmp_path / "python")))
    environment.write_record(record)
    assert environment.usable_record() == record
    os.remove(record.executable)
    monkeypatch.setattr(environment, "candidates", lambda explicit="": [])
    with pytest.raises(MissingDependencyError):
        environment.usable_record()
