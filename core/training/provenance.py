"""What stands beside a model so that the run can be repeated: `M.job.json`, `M.samples.gpkg` and the like."""

from __future__ import annotations

import importlib
import json
import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..data.classes import LandClass
from ..data.kept_samples import keep_samples
from ..data.text_output import write_text_atomic
from ..dataset_names import file_of
from ..errors import OutputError
from ..job import GridRequest, Job, SamplesInput
from ..progress import Progress, silent
from ..version import __version__
from .scene import Scene

PACKAGES = ("numpy", "torch", "sklearn", "safetensors", "osgeo")


@dataclass(frozen=True)
class Sidecars:
    """The files beside a model: the resolved job, and copies of samples, test samples and mask polygons."""

    job: Path
    samples: Path
    test_samples: Path
    mask: Path


def sidecar_paths(model_path: str) -> tuple[Path, ...]:
    """Return the paths of all files that may stand beside a model file."""
    beside = sidecars(model_path)
    return beside.job, beside.samples, beside.test_samples, beside.mask


def sidecars(model_path: str) -> Sidecars:
    """Return the files that belong to a model file."""
    path = Path(model_path)
    suffixes = (".job.json", ".samples.gpkg", ".test_samples.gpkg", ".mask.gpkg")
    return Sidecars(*(path.with_suffix(suffix) for suffix in suffixes))


def versions() -> dict[str, str]:
    """Return the versions of the plugin, Python and the packages that shape the numbers."""
    found = {"landfuse": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = str(importlib.import_module(name).__version__)
        except (ImportError, OSError):
            found[name] = "absent"
    return found


def write_sidecars(
    model_path: str, job: Job, scene: Scene, settings: Mapping[str, Any], progress: Progress = silent
) -> None:
    """Write the resolved job and copies of what may change or vanish: samples and mask of vector layers.

    `model_path` may lie in a folder of drafts: the job names copies and outputs without a folder. Label
    rasters are not copied: the job names them with their size and time of change.
    """
    beside, classes = sidecars(model_path), scene.samples.classes
    read = [raster.path for rasters in job.inputs.values() for raster in rasters]
    read += [spec.path for spec in (job.samples, job.test_samples) if spec is not None]
    resolved = {
        **settings,
        "versions": versions(),
        "inputs": [file_facts(path) for path in read],
        "finished": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }
    kept = replace(
        job,
        samples=_kept_samples(job.samples, classes, beside.samples, progress),
        test_samples=_kept_samples(job.test_samples, classes, beside.test_samples, progress),
        mask=_kept_mask(job.mask, beside.mask),
        classes=tuple(c.to_json() for c in classes),
        grid=GridRequest(exact=scene.grid.to_json()),
        parameters={**job.parameters, **_fixed(job, settings)},
        outputs=_outputs_beside(job),
        resolved=resolved,
    )
    write_text_atomic(beside.job, json.dumps(kept.to_json(), indent=1, ensure_ascii=False) + "\n")


def _kept_samples(
    spec: SamplesInput | None, classes: tuple[LandClass, ...], path: Path, progress: Progress
) -> SamplesInput | None:
    if spec is None or spec.type != "vector":
        return spec
    return replace(keep_samples(spec, classes, str(path), progress), path=path.name)


def _kept_mask(mask: str, path: Path) -> str:
    """Copy a mask of polygons; QGIS gives it as a GeoPackage that lives no longer than the run."""
    if not mask.lower().endswith(".gpkg"):
        return mask
    try:
        shutil.copyfile(mask, path)
    except OSError as error:
        raise OutputError(
            f"The mask cannot be copied ({error.strerror}).",
            where=mask,
            remedy="Check folder and permissions.",
        ) from error
    return path.name


def _outputs_beside(job: Job) -> dict[str, str]:
    """Return the outputs, by name alone where they lie beside the model: the folder can then be moved."""
    folder = Path(job.outputs["model"]).parent
    return {
        name: Path(path).name if Path(path).parent == folder else path for name, path in job.outputs.items()
    }


def _fixed(job: Job, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that the run chose itself and a repetition must not choose again."""
    return {name: settings[name] for name in job.parameters if name in settings}


def file_facts(name: str) -> dict[str, Any]:
    """Return size and time of change of an input, of a folder all files in it; no file has neither."""
    path = Path(file_of(name))
    try:
        files = [path] if not path.is_dir() else [f for f in path.rglob("*") if f.is_file()]
        facts = [file.stat() for file in files]
    except OSError:
        return {"path": name}
    changed = datetime.fromtimestamp(max((f.st_mtime for f in facts), default=0), timezone.utc)
    return {
        "path": name,
        "bytes": sum(f.st_size for f in facts),
        "changed": changed.isoformat(timespec="seconds"),
        **({"files": len(files)} if path.is_dir() else {}),
    }
