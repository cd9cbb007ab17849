"""From the choices to jobs, by way of the Processing parameters that mean the same.

The dock and the algorithms so send the same job by construction, and a run can be copied as a command.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qgis.core import QgsApplication, QgsProcessingContext, QgsRasterLayer

from ...core.errors import JobError
from ...core.inference.map_cost import TILE_MARGIN, tile_for_budget
from ...core.job import Job
from ...processing_provider.translate import Request, make_job
from ..settings import machine_parameters, memory_budget
from .session import Session


def scene_parameters(session: Session) -> dict[str, Any]:
    """Return the parameters of the sources and the grid, layers by their ids."""
    values: dict[str, Any] = {}
    for source in session.used_sources():
        name = source.key.upper()
        values[name] = list(source.layers)
        own = {"BANDS": source.bands, "QUANTITY": source.quantity, "OPTIONS": source.options}
        values.update({f"{name}_{part}": text for part, text in own.items() if text})
    values.update(session.method.grid)
    return values


def sample_parameters(session: Session) -> dict[str, Any]:
    """Return the parameters of the samples; {} where there are none."""
    samples = session.samples
    layer = session.samples_layer()
    if layer is None:
        return {}
    if isinstance(layer, QgsRasterLayer):
        return {"LABELS": samples.layer}
    fields = {"CLASS_FIELD": samples.class_field, "GROUP_FIELD": samples.group_field}
    return {"SAMPLES": samples.layer, **{name: text for name, text in fields.items() if text}}


def train_parameters(session: Session) -> dict[str, Any]:
    """Return the parameters of the algorithm `train`, without its outputs."""
    method = session.method
    chosen = {name.upper(): value for name, value in method.parameters.items()}
    return {
        **scene_parameters(session),
        **sample_parameters(session),
        "METHOD": method.method,
        "PRESET": method.preset,
        **machine_parameters(),
        **chosen,
    }


def classify_parameters(session: Session, model: str) -> dict[str, Any]:
    """Return the parameters of the algorithm `classify` with model file `model`, without its outputs."""
    return {**scene_parameters(session), "MODEL": model, **machine_parameters(), **_tile(session)}


def _tile(session: Session) -> dict[str, int]:
    """Return the tile side that keeps to the memory of the options; nothing where there is no limit."""
    budget = memory_budget()
    n_bands = sum(layer.bandCount() for layer in session.source_layers())
    return {"TILE_SIZE": tile_for_budget(n_bands, TILE_MARGIN, budget)} if budget and n_bands else {}


def job_of(kind: str, parameters: Mapping[str, Any], session: Session, notes: list[str] | None = None) -> Job:
    """Return the job that the algorithm `kind` would send. Main thread: layers are read.

    `notes` receives what the user should know about the layers. Raises `LandfuseError`.
    """
    algorithm = QgsApplication.processingRegistry().createAlgorithmById(f"landfuse:{kind}")
    if algorithm is None:
        raise JobError(
            f"The algorithm '{kind}' is not in Processing.",
            remedy="Switch the Landfuse provider on in Settings > Options > Processing.",
        )
    context = QgsProcessingContext()
    context.setProject(session.project)
    request = Request(algorithm, dict(parameters), context, notes if notes is not None else [])
    return make_job(kind, request)
