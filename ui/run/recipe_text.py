"""A recipe as text: commands for a shell, Python, or job files."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...core.errors import OutputError
from ...core.job_file import read_job
from ..state import jobs
from ..state.choices import RunRecord
from ..state.session import Session
from .recipe import Recipe, kept_job, qgis_process_name


def as_command(recipe: Recipe, program: str = "", for_windows: bool = os.name == "nt") -> str:
    """Return one command for each call, quoted for the shell, notes as comments above.

    `program`: what to call, "" for `qgis_process` as it is named here.
    """
    comment = "rem" if for_windows else "#"
    lines = [f"{comment} Landfuse, {recipe.name}", *(f"{comment} {note}" for note in recipe.notes)]
    for kind, values in recipe.calls:
        words = [program or qgis_process_name(), "run", f"landfuse:{kind}", "--", *_assignments(values)]
        lines.append(subprocess.list2cmdline(words) if for_windows else shlex.join(words))
    return "\n".join(lines) + "\n"


def as_python(recipe: Recipe) -> str:
    """Return lines for QGIS's Python console or a script."""
    lines = [f"# Landfuse, {recipe.name}", *(f"# {note}" for note in recipe.notes)]
    lines += ["import processing", ""]
    for kind, values in recipe.calls:
        lines += ["processing.run(", f'    "landfuse:{kind}",', "    {"]
        lines += [f"        {name!r}: {value!r}," for name, value in values.items()]
        lines += ["    },", ")"]
    return "\n".join(lines) + "\n"


def as_jobs(recipe: Recipe, record: RunRecord, session: Session) -> dict[str, str]:
    """Return the job files of a run by name, for `landfuse run`; paths in them are absolute.

    The training is the job that was kept with the model: resolved, with the samples as they were.
    """
    stem = re.sub(r"\W+", "_", recipe.name).strip("_").lower()
    files = {}
    for kind, values in recipe.calls:
        job = read_job(kept_job(record)) if kind == "train" else jobs.job_of(kind, values, session)
        files[f"{stem}.{kind}.json"] = json.dumps(job.to_json(), indent=1, ensure_ascii=False) + "\n"
    return files


def save_text(path: str | Path, text: str) -> None:
    """Write a file. Raises `OutputError`."""
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"The file cannot be written ({error.strerror}).",
            where=str(path),
            remedy="Check folder and permissions.",
        ) from error


def _assignments(values: dict[str, Any]) -> Iterator[str]:
    """Yield NAME=value; a list is given as the same name several times."""
    for name, value in values.items():
        for item in value if isinstance(value, (list, tuple)) else [value]:
            yield f"{name}={_in_words(item)}"


def _in_words(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
