"""Reading a job: its values, whether it is complete, and whether its outputs would replace what it reads."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from .dataset_names import file_of
from .errors import JobError, OutputError
from .job import SCHEMA, Job, SamplesInput
from .job_kinds import ALL_KINDS, KINDS
from .job_spec import MODALITIES, JobKind
from .job_values import (
    JobReader,
    read_class,
    read_grid,
    read_inputs,
    read_outputs,
    read_parameters,
    read_samples_input,
    use_one_of,
)


def read_job(path: Path) -> Job:
    """Read a job file; relative paths are relative to its folder. Raises `JobError`."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise JobError(
            f"The job file cannot be read ({error.strerror}).",
            where=str(path),
            remedy="Check the path and the permissions.",
        ) from error
    except ValueError as error:
        raise JobError(
            f"The job file is not JSON ({error}).",
            where=str(path),
            remedy="Correct it, or take a job that a run has kept.",
        ) from error
    return parse_job(values, path.resolve().parent)


def parse_job(values: Any, folder: Path) -> Job:
    """Validate a job given as plain values. Unknown keys and values out of range raise `JobError`.

    Outputs that would replace an input raise `OutputError`.

    `folder`: what relative paths are relative to.
    """
    top = JobReader(values, "job", folder)
    if top.take("landfuse_job", int, SCHEMA) != SCHEMA:
        raise JobError(
            f"The job is of version {values['landfuse_job']}, this program knows version {SCHEMA}.",
            remedy="Update the plugin.",
        )
    kind = top.take("kind", str)
    if kind not in ALL_KINDS:
        raise JobError(
            f"Unknown kind of job '{kind}'.", where="kind", remedy=f"Use one of: {', '.join(KINDS)}."
        )
    job = Job(
        kind=kind,
        inputs=read_inputs(top.child("inputs")),
        samples=read_samples_input(top.child("samples")),
        test_samples=read_samples_input(top.child("test_samples")),
        classes=tuple(read_class(item) for item in top.children("classes")),
        grid=read_grid(top.child("grid")),
        mask=top.path("mask"),
        mask_values=top.take("mask_values", str, ""),
        parameters=read_parameters(ALL_KINDS[kind], top.child("parameters")),
        outputs=read_outputs(ALL_KINDS[kind], top.child("outputs")),
        resolved=top.take("resolved", dict, {}),
    )
    top.finish()
    _check_completeness(job)
    _check_mask(job)
    _check_fit(job)
    _check_outputs(job)
    return job


def _check_completeness(job: Job) -> None:
    spec = job.spec
    if spec.reads_scene and not spec.scene_optional and not job.inputs:
        raise JobError(
            "No source is given.", where="inputs", remedy=f"Give at least one of {', '.join(MODALITIES)}."
        )
    if job.inputs and not spec.reads_scene:
        raise JobError(f"A '{job.kind}' job reads no sources.", where="inputs", remedy="Leave out 'inputs'.")
    if spec.needs_samples and job.samples is None:
        raise JobError(
            "No samples are given.", where="samples", remedy="Give a vector layer or a label raster."
        )
    if job.samples and not spec.takes_samples:
        raise JobError(
            f"A '{job.kind}' job takes no samples.", where="samples", remedy="Leave out 'samples'."
        )
    if job.test_samples and not spec.takes_test_samples:
        raise JobError(
            f"A '{job.kind}' job takes no test samples.",
            where="test_samples",
            remedy="Leave out 'test_samples'.",
        )
    for name, output in spec.outputs.items():
        if output.required and not job.outputs.get(name):
            raise JobError(f"Output '{name}' is missing.", where="outputs", remedy="Name the file to write.")
    for parameter in spec.parameters:
        if parameter.required and job.parameters[parameter.name] in ("", None):
            raise JobError(
                f"Parameter '{parameter.name}' is missing.", where="parameters", remedy="Give it a value."
            )


def _check_mask(job: Job) -> None:
    if job.mask_values and not job.mask:
        raise JobError(
            "Values of a mask are given, but no mask.",
            where="mask_values",
            remedy="Give the mask, or leave the values out.",
        )


def _check_fit(job: Job) -> None:
    """Refuse outputs that belong to samples of the other type. Raises `JobError`."""
    for name in job.outputs:
        if job.samples and job.spec.outputs[name].samples not in ("", job.samples.type):
            raise _unfitting_output(name, job.samples, job.spec)


def _unfitting_output(name: str, samples: SamplesInput, spec: JobKind) -> JobError:
    fitting = tuple(key for key, output in spec.outputs.items() if output.samples == samples.type)
    what = "a label raster" if samples.type == "raster" else "a vector layer"
    return JobError(
        f"Output '{name}' does not fit: the samples are {what}.",
        where="outputs",
        remedy=use_one_of(fitting),
    )


def _check_outputs(job: Job) -> None:
    """Refuse outputs that would replace an input or each other."""
    read = [raster.path for rasters in job.inputs.values() for raster in rasters]
    read += [spec.path for spec in (job.samples, job.test_samples) if spec is not None]
    read += [job.mask, job.grid.reference]
    read += [job.parameters[p.name] for p in job.spec.parameters if p.type == "file"]
    taken = {os.path.realpath(file_of(path)): "is read by this job" for path in read if path}
    folders = [path for path in taken if os.path.isdir(path)]
    for name, path in job.outputs.items():
        real = os.path.realpath(path)
        inside = [folder for folder in folders if os.path.dirname(real) == folder]
        if inside and job.spec.outputs[name].type == "raster":
            raise OutputError(
                f"The output '{name}' lies in a folder whose rasters this job reads.",
                where=path,
                remedy="Choose another folder, so that the next run does not read the map.",
            )
        if real in taken:
            raise OutputError(
                f"The file {taken[real]}; it cannot be the output '{name}' too.",
                where=path,
                remedy="Choose another name.",
            )
        taken[real] = f"is the output '{name}'"
