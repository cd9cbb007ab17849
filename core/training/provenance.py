"""What stands beside a model so that the run can be repeated: `M.job.json` and `M.samples.gpkg`."""

from __future__ import annotations

import importlib
import json
import platform
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..data.kept_samples import keep_samples
from ..data.text_output import write_text_atomic
from ..job import GridRequest, Job
from ..version import __version__
from .scene import Scene

PACKAGES = ("numpy", "torch", "sklearn", "safetensors", "osgeo")


def sidecar_paths(model_path: str) -> tuple[Path, Path]:
    """Return the paths of the resolved job and of the samples that belong to a model file."""
    path = Path(model_path)
    return path.with_suffix(".job.json"), path.with_suffix(".samples.gpkg")


def versions() -> dict[str, str]:
    """Return the versions of the plugin, Python and the packages that shape the numbers."""
    found = {"landfuse": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = str(importlib.import_module(name).__version__)
        except (ImportError, OSError):
            found[name] = "absent"
    return found


def write_sidecars(model_path: str, job: Job, scene: Scene, settings: Mapping[str, Any]) -> None:
    """Write the resolved job and, for samples of a vector layer, their copy beside a model.

    `model_path` may lie in a folder of drafts: the job names the copy without a folder. A label raster is not
    copied: the job names it with its size and time of change.
    """
    job_path, samples_path = sidecar_paths(model_path)
    samples = job.samples
    if samples is not None and samples.type == "vector":
        kept_samples = keep_samples(samples, scene.samples.classes, str(samples_path))
        samples = replace(kept_samples, path=samples_path.name)  # relative to the job file
    read = [raster.path for rasters in job.inputs.values() for raster in rasters]
    read += [spec.path for spec in (job.samples, job.test_samples) if spec is not None]
    resolved = {
        **settings,
        "versions": versions(),
        "inputs": [_file_facts(path) for path in read],
        "finished": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }
    kept = replace(
        job,
        samples=samples,
        classes=tuple(c.to_json() for c in scene.samples.classes),
        grid=GridRequest(exact=scene.grid.to_json()),
        parameters={**job.parameters, **_fixed(job, settings)},
        resolved=resolved,
    )
    write_text_atomic(job_path, json.dumps(kept.to_json(), indent=1, ensure_ascii=False) + "\n")


def _fixed(job: Job, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that the run chose itself and a repetition must not choose again."""
    return {name: settings[name] for name in job.parameters if name in settings}


def _file_facts(path: str) -> dict[str, Any]:
    """Return size and time of change of an input; a dataset that is no plain file has neither."""
    try:
        facts = Path(path).stat()
    except OSError:
        return {"path": path}
    changed = datetime.fromtimestamp(facts.st_mtime, timezone.utc).isoformat(timespec="seconds")
    return {"path": path, "bytes": facts.st_size, "changed": changed}
