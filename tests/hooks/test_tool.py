from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(folder, *arguments):
    """Run the hook's runner with an environment of its own in `folder`, as a commit outside any would."""
    variables = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    return subprocess.run(
        [sys.executable, str(ROOT / "tests" / "hooks" / "tool.py"), *arguments],
        env={**variables, "LANDFUSE_HOME": str(folder)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_tool_of_this_python_runs_and_its_exit_code_is_kept(tmp_path):
    assert run(tmp_path, "json.tool", "--help").returncode == 0
    assert run(tmp_path, "json.tool", "--no-such-option").returncode == 2


def test_a_tool_that_is_nowhere_is_told_with_what_to_do(tmp_path):
    done = run(tmp_path, "no_such_tool", "--version")
    assert done.returncode == 1
    assert "make tools" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for Python is a shell script")
def test_the_environment_of_the_makefile_comes_before_this_python(tmp_path):
    python = tmp_path / "runtime" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\ncase "$1" in -c) exit 0;; *) echo "ours: $*";; esac\n', encoding="utf-8")
    python.chmod(0o755)
    assert run(tmp_path, "ruff", "check").stdout.strip() == "ours: -m ruff check"


def test_the_hooks_start_files_that_are_there():
    text = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    entries = re.findall(r"entry: python3 (\S+)", text)
    assert len(entries) == text.count("- id:")
    assert all((ROOT / entry).is_file() for entry in entries)
