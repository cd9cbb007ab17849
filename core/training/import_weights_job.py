"""The `importweights` job: a published checkpoint becomes a model file.

A checkpoint holds weights alone. What a map needs besides, scaling and principal components, is fitted on the
given scene as the authors do on theirs; classes have the names that the user gives. The model file and the
log say so: the labels mean something only on the scene, and with the classes, of the original training.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.classes import LandClass, class_list, classes_from_json
from ..data.grid_choice import choose_grid
from ..data.modalities import Modality, describe_inputs
from ..data.normalisation import Preprocess, fit_preprocess
from ..data.stack import Stack
from ..data.staged_output import check_writable
from ..errors import BandError, ClassesError, ModalityError
from ..inference.device import require_torch
from ..job import Job
from ..job_spec import JobResult
from ..models.catalog import CATALOG, build_model, published_weights
from ..models.config import ModelConfig
from ..models.model_file import TrainedModel, write_model
from ..progress import Progress
from .fit import grid_facts
from .provenance import versions
from .whitening import whitened

if TYPE_CHECKING:
    from ..models.tensor_file import Arrays

N_SOURCES = 2
FITTED_HERE = (
    "The checkpoint holds weights alone. Scaling and principal components were fitted on the sources given "
    "here; the original ones are not published, and a component may point the other way. Expect a useful map "
    "only on the scene of the original training, and check it against samples."
)
_NOT_SCORED = "nothing: the weights were imported, check a map of this model with 'assess'"


def run(job: Job, progress: Progress) -> JobResult:
    """Write a model file from a checkpoint; the figure is the number of classes.

    Raises `ModelFileError` for a checkpoint that does not fit the method, `ModalityError`, `BandError` and
    `ClassesError` for sources and names that do not fit the checkpoint.
    """
    require_torch()
    from ..models.checkpoint import read_checkpoint

    check_writable(job.outputs["model"])
    progress(0.0, "Reading the checkpoint")
    path, method = job.parameters["checkpoint"], job.parameters["method"]
    checkpoint = read_checkpoint(path)
    modalities = _in_order(describe_inputs(job.inputs), job.parameters["first_source"])
    config, arrays = published_weights(method, checkpoint.weights, tuple(modalities), path)
    classes = _classes(job, config.n_classes)
    for line in (_summary(config), *(note for m in modalities.values() for note in m.notes)):
        progress.log(line)
    training = {
        "imported_from": Path(path).name,
        "numbers_in_the_checkpoint": checkpoint.numbers,
        "scaling_and_components": "fitted on the sources given at the import",
        "versions": versions(),
    }
    model = _model(job, (config, arrays), modalities, classes, training, progress.part(0.1, 0.95))
    progress.warn(FITTED_HERE)
    write_model(job.outputs["model"], model)
    return JobResult(dict(job.outputs), {"N_CLASSES": config.n_classes})


def _summary(config: ModelConfig) -> str:
    sources = ", ".join(f"{key} with {count}" for key, count in config.bands.items())
    return (
        f"The network takes patches of {config.patch_size} x {config.patch_size} pixels ({sources} bands or "
        f"components) and tells {config.n_classes} classes apart."
    )


def _in_order(modalities: Mapping[str, Modality], first: str) -> dict[str, Modality]:
    """Return the two modalities, that of the network's first branch first: `first`; auto: with more bands."""
    if len(modalities) != N_SOURCES:
        raise ModalityError(
            f"The published network fuses {N_SOURCES} sources; given: {', '.join(modalities)}.",
            where="sources",
            remedy="Give the two kinds of sources that the checkpoint was trained on.",
        )
    if first == "auto":
        first = max(modalities, key=lambda key: len(modalities[key].bands))
    if first not in modalities:
        raise ModalityError(
            f"The first source is '{first}', which is not given.",
            where="first_source",
            remedy=f"Use one of: {', '.join(modalities)}.",
        )
    return {first: modalities[first], **{key: m for key, m in modalities.items() if key != first}}


def _classes(job: Job, count: int) -> tuple[LandClass, ...]:
    names = [name.strip() for name in str(job.parameters["class_names"]).split(",") if name.strip()]
    given = classes_from_json(job.classes) or class_list(
        range(1, (len(names) or count) + 1), dict(enumerate(names, start=1))
    )
    if len(given) != count:
        raise ClassesError(
            f"The checkpoint has {count} outputs, but {len(given)} classes are named.",
            where="class_names",
            remedy="Name every class, in the order of the outputs, or none.",
        )
    return given


def _model(
    job: Job,
    network: tuple[ModelConfig, Arrays],
    modalities: Mapping[str, Modality],
    classes: tuple[LandClass, ...],
    training: Mapping[str, Any],
    progress: Progress,
) -> TrainedModel:
    config, arrays = network
    components = _components(config, modalities)
    grid, notes = choose_grid(modalities, job.grid)
    for note in notes:
        progress.log(note)
    method = job.parameters["method"]
    with Stack(modalities, grid, job.mask, job.mask_values) as stack:
        preprocess: Preprocess = whitened(
            fit_preprocess(stack, CATALOG[method].normalisation, components, progress=progress)
        )
    filled_in: Any = build_model(method, config)
    return TrainedModel(
        method=method,
        config=filled_in.config,
        modalities={key: m.to_json() for key, m in modalities.items()},
        preprocess=preprocess,
        classes=classes,
        grid=grid_facts(grid, config.patch_size),
        arrays=arrays,
        scores={"measured_on": _NOT_SCORED},
        training=training,
    )


def _components(config: ModelConfig, modalities: Mapping[str, Modality]) -> dict[str, int]:
    """Return the principal components of each modality, 0 for none: the first one is always transformed."""
    first, second = modalities
    found = {key: len(m.bands) for key, m in modalities.items()}
    if found[first] < config.bands[first]:
        raise _other_bands(first, found[first], f"at least {config.bands[first]}")
    if found[second] != config.bands[second]:
        raise _other_bands(second, found[second], str(config.bands[second]))
    return {first: config.bands[first], second: 0}


def _other_bands(key: str, found: int, wanted: str) -> BandError:
    return BandError(
        f"Modality '{key}' has {found} bands; the checkpoint needs {wanted}.",
        where=key,
        remedy=f"Choose bands (--{key}-bands, {key.upper()}_BANDS), or say which source is the first one "
        "(first_source).",
    )
