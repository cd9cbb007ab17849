from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

HERE = Path(__file__).resolve().parent
NAME = "mibf_net_a.npz"


@pytest.fixture
def path(recorded):
    return recorded(NAME)


@pytest.fixture
def fixture(check, path):
    return check.read_fixture(path)


@pytest.mark.shared_data
def test_every_recorded_value_of_the_release_is_reproduced(check, fixture):
    results = check.run("mibf_net", fixture)
    assert [str(r) for r in results if not r.passed] == []
    assert {r.key for r in results} == {key for key in fixture if key.startswith(("y:", "i:"))}


@pytest.mark.shared_data
@pytest.mark.parametrize(
    "key", ["w:net1.conv3x3_1.0.weight", "w:IB_fusion.decoder.bias", "w:f2.1.running_var"]
)
def test_a_slightly_changed_weight_fails(check, fixture, key):
    fixture[key] = fixture[key] + np.float32(0.01)
    failed = {r.key for r in check.run("mibf_net", fixture) if not r.passed}
    assert "y:logits" in failed


@pytest.mark.shared_data
def test_a_value_of_the_fixture_that_is_not_computed_fails(check, fixture):
    fixture["y:something_new"] = np.zeros(3)
    assert [r.key for r in check.run("mibf_net", fixture) if not r.passed] == ["y:something_new"]


@pytest.mark.shared_data
def test_the_command_prints_one_line_per_key_and_its_exit_status_tells(path, fixture, tmp_path):
    def run(file):
        command = [sys.executable, str(HERE / "check.py"), "mibf_net", str(file)]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)

    good = run(path)
    assert good.returncode == 0, good.stderr
    lines = good.stdout.splitlines()
    assert len(lines) == sum(key.startswith(("y:", "i:")) for key in fixture)
    assert all(line.endswith(" PASS") and len(line.split()) == 4 for line in lines)
    fixture["w:ff.0.weight"] = fixture["w:ff.0.weight"] * np.float32(1.01)
    np.savez(tmp_path / "changed.npz", **fixture)
    bad = run(tmp_path / "changed.npz")
    assert bad.returncode == 1
    assert " FAIL" in bad.stdout


def test_nan_must_stand_at_the_same_places(check):
    expected = np.array([np.nan, 1.0])
    assert check.compare_arrays("k", np.array([np.nan, 1.0]), expected, (1e-5, 0)).passed
    assert not check.compare_arrays("k", np.array([0.0, 1.0]), expected, (1e-5, 0)).passed
    assert not check.compare_arrays("k", np.array([np.nan, np.inf]), expected, (1e-5, 0)).passed


def test_another_shape_fails(check):
    assert not check.compare_arrays("k", np.zeros((1, 3)), np.zeros(3), (1e-5, 0)).passed
