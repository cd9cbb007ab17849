"""The `diffusionfeatures` job: what a scene teaches without labels, as bands that any method can use."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import numpy as np

from ..data.grid import Grid
from ..data.grid_choice import choose_grid
from ..data.holes import find_holes
from ..data.modalities import Modality, describe_inputs
from ..data.raster_output import create_float_raster
from ..data.recipes import repeat_recipes
from ..data.stack import Stack
from ..data.staged_output import check_writable
from ..data.windows import iter_tiles
from ..errors import AlignmentError
from ..inference.device import choose_device, require_torch, set_threads
from ..job import Job
from ..job_spec import JobResult
from ..progress import Progress
from .diffusion_plan import DiffusionPlan, diffusion_plan
from .fit import grid_facts


def run(job: Job, progress: Progress) -> JobResult:
    """Train (or read) the diffusion models of the sources and write their features; the figure is the bands.

    Raises `LandfuseError`; nothing is left behind then but the state of an unfinished training.
    """
    require_torch()
    from ..models.extractor_file import ExtractorFile, read_extractors, write_extractors
    from .state import remove_states

    for path in job.outputs.values():
        check_writable(path)
    given = job.parameters["trained"]
    known = read_extractors(given) if given else None
    modalities, grid, notes = _scene(job, known)
    for note in notes:
        progress.log(note)
    with Stack(modalities, grid, job.mask, job.mask_values) as stack:
        for line in (*stack.require_mask(), *(holes.text for holes in find_holes(modalities, grid))):
            progress.log(line)
        set_threads(job.parameters["threads"])
        extractors = known.extractors if known else _trained(job, stack, progress.part(0.0, 0.8))
        n_bands = _write_features(job, stack, extractors, progress.part(0.8, 1.0))
    if "extractor" in job.outputs:
        recipes = {key: modality.to_json() for key, modality in modalities.items()}
        write_extractors(job.outputs["extractor"], ExtractorFile(extractors, recipes, grid_facts(grid, 1)))
    remove_states(job.outputs["features"])
    return JobResult(dict(job.outputs), {"N_FEATURES": n_bands})


def _scene(job: Job, known: Any) -> tuple[dict[str, Modality], Grid, list[str]]:
    """Return sources, grid and notes; with `known` models the sources are read as at their training."""
    if known is None:
        modalities = describe_inputs(job.inputs)
        grid, notes = choose_grid(modalities, job.grid)
    else:
        modalities = repeat_recipes(job.inputs, known.modalities)
        grid, notes = choose_grid(modalities, job.grid, model_pixel=float(known.grid["pixel_metres"]))
    return modalities, grid, [note for m in modalities.values() for note in m.notes] + list(notes)


def _trained(job: Job, stack: Stack, progress: Progress) -> dict[str, Any]:
    from .diffusion_fit import Scaling, fit_extractor, fit_scaling
    from .state import StateKeeper, fingerprint

    wanted = job.parameters
    plan = diffusion_plan(wanted["preset"], wanted["seed"], wanted["steps"], wanted["pca"])
    settings, device = (
        extractor_settings(wanted["information"], wanted["seed"]),
        choose_device(wanted["device"]),
    )

    def keeper(key: str, scaling: Scaling) -> StateKeeper:
        facts = {"source": key, "shape": stack.grid.shape}
        mark = fingerprint(plan, facts, [*scaling.arrays(), np.array(stack.grid.transform)])
        return StateKeeper(job.outputs["features"], mark, progress)

    extractors, total = {}, len(stack.keys)
    for number, key in enumerate(stack.keys):
        part = progress.part(number / total, (number + 1) / total)
        scaling = fit_scaling(stack, key, plan.components, part.part(0.0, 0.03))
        extractors[key] = found = fit_extractor(
            stack, key, plan, settings, device=device, scaling=scaling, keeper=keeper(key, scaling),
            progress=part,
        )  # fmt: skip
        progress.log(reached(key, plan, found.facts))
    return extractors


def extractor_settings(information: str, seed: int) -> Any:
    """Return what is taken from the diffusion model: its `features`, or the `reconstruction`."""
    from ..models.diffusion_extractor import FEATURE_STEP, RECONSTRUCTION_STEP, ExtractorSettings

    step = FEATURE_STEP if information == "features" else RECONSTRUCTION_STEP
    return ExtractorSettings(information, step, seed=seed)


def reached(key: str, plan: DiffusionPlan, facts: Any) -> str:
    """Return in words how far a training came."""
    return (
        f"The diffusion model of '{key}' reached a loss of {facts['loss']:.4f} after {plan.steps} steps of "
        f"{plan.batch_size} crops; 0.8 is that of no model at all."
    )


def _write_features(job: Job, stack: Stack, extractors: Any, progress: Progress) -> int:
    """Write the features of all sources as the bands of one raster; return their number."""
    from ..inference.information_reader import attach_information, block_side
    from ..models.config import INFORMATION

    attach_information(stack, extractors, choose_device(job.parameters["device"]), progress=progress)
    names = [
        f"{key} {found.settings.kind} {i + 1}"
        for key, found in extractors.items()
        for i in range(found.n_out)
    ]
    side, (rows, cols) = min(block_side(found) for found in extractors.values()), stack.grid.shape
    done = n_valid = 0
    with ExitStack() as opened:
        raster = opened.enter_context(create_float_raster(job.outputs["features"], stack.grid, names))
        for window in iter_tiles(rows, cols, side):
            progress(done / (rows * cols), "computing the features")
            read = stack.read(window)
            values = np.concatenate([read.data[INFORMATION.format(key)] for key in extractors])
            values[:, ~read.valid] = np.nan
            raster.write(window, values)
            n_valid += int(read.valid.sum())
            done += window.height * window.width
        if not n_valid:
            raise AlignmentError(
                "No pixel is valid in all sources, so there are no features; nothing is written.",
                where=", ".join(extractors),
                remedy="Check nodata values, extent and mask of the sources ('Check the inputs' shows them).",
            )
    return len(names)
