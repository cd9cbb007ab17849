"""The generative information of a training scene: made once, kept, and read beside the sources.

A diffusion model follows from its source, the grid and the recipe alone, not from samples: training again
with other samples, or another seed of the classifier, finds it in the folder of the program.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.stack import Stack
from ..environment import home
from ..errors import ModelFileError
from ..inference.device import choose_device, set_threads
from ..inference.information_reader import attach_information
from ..job import Job
from ..models.diffusion_extractor import DiffusionExtractor, ExtractorSettings
from ..models.extractor_file import ExtractorFile, read_extractors, write_extractors
from ..progress import Progress
from .diffusion_features_job import extractor_settings, reached
from .diffusion_fit import Scaling, fit_extractor, fit_scaling
from .diffusion_plan import DiffusionPlan, diffusion_plan
from .recipe import Recipe
from .state import StateKeeper, fingerprint

if TYPE_CHECKING:
    import torch

KEPT = 24  # files of some 20 MB; the oldest go first
SEED = 42  # of the diffusion: another seed of the classifier finds the same models
_SOURCE = "source"


def add_information(job: Job, stack: Stack, recipe: Recipe, progress: Progress) -> None:
    """Make (or find) the diffusion models of all sources and attach their information to the stack."""
    plan = diffusion_plan(_preset(job), SEED, job.parameters["diffusion_steps"])
    settings = extractor_settings(recipe.information, SEED)
    set_threads(job.parameters["threads"])
    device = choose_device(job.parameters["device"])
    progress.log(
        "The diffusion models are trained on every pixel of the scene, those of held-back samples included, "
        "but see no label."
    )
    extractors, keys = {}, stack.keys
    for number, key in enumerate(keys):
        own = replace(plan, components=recipe.components.get(key, 0))
        part = progress.part(number / len(keys), (number + 1) / len(keys))
        extractors[key] = _extractor(stack, key, own, settings, device, part)
    attach_information(stack, extractors, device, keep=True, progress=progress)


def _preset(job: Job) -> str:
    return "paper" if job.parameters["preset"] == "paper" else "reduced"


def _extractor(
    stack: Stack,
    key: str,
    plan: DiffusionPlan,
    settings: ExtractorSettings,
    device: torch.device,
    progress: Progress,
) -> DiffusionExtractor:
    scaling = fit_scaling(stack, key, plan.components, progress.part(0.0, 0.03))
    path = _folder() / f"{_mark(stack, key, plan, settings, scaling)}.safetensors"
    found = _kept(path)
    if found is not None:
        progress.log(f"The diffusion model of '{key}' was found among those of earlier runs.")
        return found
    keeper = StateKeeper(str(path), path.stem, progress)
    made = fit_extractor(
        stack, key, plan, settings, device=device, scaling=scaling, keeper=keeper, progress=progress
    )
    progress.log(reached(key, plan, made.facts))
    write_extractors(path, ExtractorFile({_SOURCE: made}, {}, {}))
    keeper.path.unlink(missing_ok=True)
    _forget_oldest(path.parent)
    return made


def _mark(stack: Stack, key: str, plan: DiffusionPlan, settings: ExtractorSettings, scaling: Scaling) -> str:
    facts: dict[str, Any] = {"source": key, "shape": stack.grid.shape, **vars(settings)}
    facts["files"] = [[r.name, Path(r.path).stat().st_size] for r in _files(stack, key)]
    return fingerprint(plan, facts, [*scaling.arrays(), np.array(stack.grid.transform)])


def _files(stack: Stack, key: str) -> list[Any]:
    return [r for r in stack.modalities[key].rasters if Path(r.path).is_file()]


def _folder() -> Path:
    folder = home() / "diffusion"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _kept(path: Path) -> DiffusionExtractor | None:
    """Return a kept model; None where there is none, or a damaged one, which is then made anew."""
    if not path.is_file():
        return None
    try:
        found: Mapping[str, DiffusionExtractor] = read_extractors(path).extractors
    except ModelFileError:
        return None
    path.touch()  # it is in use: the oldest are removed
    return found[_SOURCE]


def _forget_oldest(folder: Path) -> None:
    files = sorted(folder.glob("*.safetensors"), key=lambda path: path.stat().st_mtime)
    for path in files[:-KEPT]:
        path.unlink(missing_ok=True)
