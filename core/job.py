"""Job descriptions: one JSON form for dock, Processing, modeler, command line and run history. Free of torch.

`KINDS` is the one table of jobs, their parameters and outputs. The command line makes its options from it and
the Processing algorithms their parameters, so that a new option is added in one place.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .dataset_names import absolute_name, file_of
from .errors import JobError, OutputError
from .job_kinds import DERIVED, JOINS, KINDS, MODALITIES, ZERO_MEANS, JobKind

SCHEMA = 1
_AS_TEXT: Mapping[type, str] = {
    int: "a whole number",
    float: "a number",
    str: "text",
    bool: "true or false",
    dict: "an object {...}",
    list: "a list [...]",
}


@dataclass(frozen=True)
class RasterInput:
    """One raster of a modality, or a folder, product or container that `data.products` expands into rasters.

    `bands` as `1-120,150-200` ("" = all that are good), `quantity` one of `quantities.QUANTITIES` ("" =
    guess), `resampling` average, bilinear or nearest ("" = average when coarsening, else bilinear). `crs`,
    `scale` and `offset` replace what the file says ("" and None = as in the file); a measurement is the
    stored value times `scale` plus `offset`. `nodata` are values that mean no data beside the one the file
    declares, which `file_nodata` = false ignores. `join`: "mosaic" with the raster before it, as "bands" of
    their own, "" decides. `fill`: what a missing pixel becomes, in the units of the measurement (None: it
    stays a hole).
    `derived`: bands computed from a height, a list of `DERIVED`. `speckle`: side in map pixels, odd, of the
    filter for a SAR raster (0: none).
    """

    path: str
    bands: str = ""
    quantity: str = ""
    resampling: str = ""
    crs: str = ""
    nodata: tuple[float, ...] = ()
    file_nodata: bool = True
    scale: float | None = None
    offset: float | None = None
    join: str = ""
    fill: float | None = None
    derived: tuple[str, ...] = ()
    speckle: int = 0


@dataclass(frozen=True)
class SamplesInput:
    """Training or test samples: a vector layer or a label raster.

    `type` is "vector" or "raster" (its first band). `radius` in metres applies to points and lines (0 = the
    containing pixel, the pixels touched); `radius_field` names a field that holds it, in metres, per feature.
    `zero`: what class value 0 means, "unlabelled" or "class". `renumber`: all class values are numbered
    1, 2, 3 ... in ascending order; without it values outside 1 to 65535 are refused.
    """

    path: str
    type: str = "vector"
    layer: str = ""
    class_field: str = ""
    group_field: str = ""
    radius: float = 0.0
    radius_field: str = ""
    zero: str = "unlabelled"
    renumber: bool = False


@dataclass(frozen=True)
class GridRequest:
    """What the user fixed of the grid.

    `pixel_size` in map units of the grid; `extent` as x_min, y_min, x_max, y_max in `extent_crs` (WKT or
    authority code; "" = the grid's); `reference` a raster to copy the grid from; `exact` a whole grid
    (`Grid.to_json`), as a kept job has it.
    """

    pixel_size: float | None = None
    extent: tuple[float, float, float, float] | None = None
    extent_crs: str = ""
    reference: str = ""
    exact: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Job:
    """A validated job with absolute paths and every parameter filled in.

    `classes` are plain {"value", "name", "color"}, with "source" where the samples hold another value;
    `data.classes.classes_from_json` makes classes of them.
    `mask_values` as `3,8-10`: values of a raster mask to leave out ("" = 0, or what its kind of mask means).
    `resolved` is what an earlier run of this job found out (see `M.job.json`); it changes nothing.
    """

    kind: str
    inputs: Mapping[str, tuple[RasterInput, ...]] = field(default_factory=dict)
    samples: SamplesInput | None = None
    test_samples: SamplesInput | None = None
    classes: tuple[Mapping[str, Any], ...] = ()
    grid: GridRequest = field(default_factory=GridRequest)
    mask: str = ""
    mask_values: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    resolved: Mapping[str, Any] = field(default_factory=dict)

    @property
    def spec(self) -> JobKind:
        """The description of this kind of job."""
        return KINDS[self.kind]

    def with_parameters(self, **values: Any) -> Job:
        """Return the job with some parameters replaced."""
        return replace(self, parameters={**self.parameters, **values})

    def to_json(self) -> dict[str, Any]:
        """Return the job as plain values; what was not set is left out."""
        items: dict[str, Any] = {"landfuse_job": SCHEMA, "kind": self.kind}
        items["inputs"] = {key: [_plain(r) for r in rasters] for key, rasters in self.inputs.items()}
        items["samples"] = _plain(self.samples) if self.samples else None
        items["test_samples"] = _plain(self.test_samples) if self.test_samples else None
        items["classes"] = [dict(c) for c in self.classes]
        items["grid"] = _plain(self.grid)
        items["mask"] = self.mask
        items["mask_values"] = self.mask_values
        items["parameters"] = dict(self.parameters)
        items["outputs"] = dict(self.outputs)
        items["resolved"] = dict(self.resolved)
        return {key: value for key, value in items.items() if value not in (None, {}, [], "")}


def _plain(value: Any) -> dict[str, Any]:
    """Return a dataclass as a dict of JSON values without the fields that stand at their default."""
    fields = {name: getattr(value, name) for name in value.__dataclass_fields__}
    return {
        name: list(item) if isinstance(item, tuple) else item
        for name, item in fields.items()
        if item != value.__dataclass_fields__[name].default
    }


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
    top = _Reader(values, "job", folder)
    if top.take("landfuse_job", int, SCHEMA) != SCHEMA:
        raise JobError(
            f"The job is of version {values['landfuse_job']}, this program knows version {SCHEMA}.",
            remedy="Update the plugin.",
        )
    kind = top.take("kind", str)
    if kind not in KINDS:
        raise JobError(
            f"Unknown kind of job '{kind}'.", where="kind", remedy=f"Use one of: {', '.join(KINDS)}."
        )
    job = Job(
        kind=kind,
        inputs=_inputs(top.child("inputs")),
        samples=_samples(top.child("samples")),
        test_samples=_samples(top.child("test_samples")),
        classes=tuple(_class(item) for item in top.children("classes")),
        grid=_grid(top.child("grid")),
        mask=top.path("mask"),
        mask_values=top.take("mask_values", str, ""),
        parameters=_parameters(KINDS[kind], top.child("parameters")),
        outputs=_outputs(KINDS[kind], top.child("outputs")),
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
        remedy=_choose(fitting),
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


class _Reader:
    """Takes typed values out of a JSON object and complains about what is left."""

    def __init__(self, values: Any, where: str, folder: Path) -> None:
        if not isinstance(values, Mapping):
            raise JobError(
                "An object {...} is expected.", where=where, remedy='Write it as {"key": value, ...}.'
            )
        self._left, self._where, self._folder = dict(values), where, folder

    def take(self, key: str, kind: type, default: Any = ...) -> Any:
        if self._left.get(key) is None:
            self._left.pop(key, None)
            if default is ...:
                raise JobError(
                    f"Key '{key}' is missing.", where=self._where, remedy=f"Add it, as {_AS_TEXT[kind]}."
                )
            return default
        value = self._left.pop(key)
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise JobError(
                f"'{key}' must be of type {kind.__name__}, got {value!r}.",
                where=self._where,
                remedy=f"Write it as {_AS_TEXT[kind]}.",
            )
        return value

    def numbers(self, key: str) -> tuple[float, ...]:
        """Take a number or a list of numbers."""
        values = self._left.pop(key, None)
        listed = values if isinstance(values, list) else [] if values is None else [values]
        if not all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in listed):
            raise JobError(
                f"'{key}' must be a number or a list of numbers, got {values!r}.",
                where=self._where,
                remedy="Write -9999 or [0, -9999].",
            )
        return tuple(float(v) for v in listed)

    def path(self, key: str, default: Any = "") -> str:
        return absolute(self.take(key, str, default), self._folder)

    def child(self, key: str) -> _Reader | None:
        values = self.take(key, dict, None)
        return None if values is None else _Reader(values, f"{self._where}.{key}", self._folder)

    def children(self, key: str) -> list[_Reader]:
        values = self.take(key, list, [])
        return [_Reader(v, f"{self._where}.{key}[{i}]", self._folder) for i, v in enumerate(values)]

    def keys(self) -> list[str]:
        return list(self._left)

    def finish(self) -> None:
        if self._left:
            raise JobError(
                f"Unknown key '{next(iter(self._left))}'.", where=self._where, remedy="Check its spelling."
            )


def absolute(path: str, folder: Path) -> str:
    """Return `path` made absolute against `folder`; GDAL's names (`NETCDF:"f.nc":red`) by their file."""
    return absolute_name(path, folder) if path else path


def _inputs(reader: _Reader | None) -> dict[str, tuple[RasterInput, ...]]:
    if reader is None:
        return {}
    unknown = [key for key in reader.keys() if key not in MODALITIES]  # noqa: SIM118  not a dict
    if unknown:
        raise JobError(
            f"Unknown modality '{unknown[0]}'.",
            where="job.inputs",
            remedy=f"Use one of: {', '.join(MODALITIES)}.",
        )
    inputs = {key: tuple(_raster(item) for item in reader.children(key)) for key in MODALITIES}
    return {key: rasters for key, rasters in inputs.items() if rasters}


def _raster(reader: _Reader) -> RasterInput:
    raster = RasterInput(
        reader.path("path", ...),
        reader.take("bands", str, ""),
        reader.take("quantity", str, ""),
        reader.take("resampling", str, ""),
        reader.take("crs", str, ""),
        reader.numbers("nodata"),
        reader.take("file_nodata", bool, True),
        reader.take("scale", float, None),
        reader.take("offset", float, None),
        reader.take("join", str, ""),
        reader.take("fill", float, None),
        tuple(str(name) for name in reader.take("derived", list, [])),
        reader.take("speckle", int, 0),
    )
    reader.finish()
    check_raster(raster)
    return raster


def check_raster(raster: RasterInput) -> None:
    """Raise `JobError` for settings of a raster that cannot be."""
    where = raster.path
    if raster.join not in JOINS:
        raise JobError(
            f"join is '{raster.join}', not one of: mosaic, bands.",
            where=where,
            remedy="Use one of these, or leave it out.",
        )
    unknown = [name for name in raster.derived if name not in DERIVED]
    if unknown:
        raise JobError(f"There is no derived band '{unknown[0]}'.", where=where, remedy=_choose(DERIVED))
    if raster.scale == 0:
        raise JobError(
            "A scale of 0 leaves nothing of the values.",
            where=where,
            remedy="Give the factor from the stored value to the measurement, or leave it out.",
        )
    if raster.speckle and (raster.speckle % 2 == 0 or not 3 <= raster.speckle <= 31):
        raise JobError(
            f"The speckle filter's side {raster.speckle} is not odd and from 3 to 31 map pixels.",
            where=where,
            remedy="Use 5 or 7, or 0 for none.",
        )


def _choose(names: tuple[str, ...]) -> str:
    return f"Use one of: {', '.join(names)}."


def _class(reader: _Reader) -> dict[str, Any]:
    item = {
        "value": reader.take("value", int),
        "name": reader.take("name", str, ""),
        "color": reader.take("color", str, ""),
    }
    source = reader.take("source", int, None)
    reader.finish()
    return item if source is None else {**item, "source": source}


def _samples(reader: _Reader | None) -> SamplesInput | None:
    if reader is None:
        return None
    samples = SamplesInput(
        reader.path("path", ...),
        reader.take("type", str, "vector"),
        reader.take("layer", str, ""),
        reader.take("class_field", str, ""),
        reader.take("group_field", str, ""),
        reader.take("radius", float, 0.0),
        reader.take("radius_field", str, ""),
        reader.take("zero", str, "unlabelled"),
        reader.take("renumber", bool, False),
    )
    reader.finish()
    if samples.type not in ("vector", "raster"):
        raise JobError(
            f"Type '{samples.type}' is not 'vector' or 'raster'.", where="samples", remedy="Use one of these."
        )
    if samples.zero not in ZERO_MEANS:
        raise JobError(
            f"Class value 0 cannot mean '{samples.zero}'.", where="samples", remedy=_choose(ZERO_MEANS)
        )
    if samples.type == "vector" and not samples.class_field:
        raise JobError(
            "A vector layer of samples needs 'class_field'.",
            where="samples",
            remedy="Name the field that holds the class.",
        )
    if samples.radius < 0:
        raise JobError(
            f"The radius {samples.radius:g} is below 0.",
            where="samples",
            remedy="Give it in metres; 0 takes the pixel that contains a point.",
        )
    return samples


def _grid(reader: _Reader | None) -> GridRequest:
    if reader is None:
        return GridRequest()
    extent = reader.take("extent", list, None)
    grid = GridRequest(
        reader.take("pixel_size", float, None),
        None if extent is None else _extent(extent),
        reader.take("extent_crs", str, ""),
        reader.path("reference"),
        reader.take("exact", dict, None),
    )
    reader.finish()
    if grid.pixel_size is not None and not grid.pixel_size > 0:
        raise JobError(
            f"Pixel size {grid.pixel_size} is not positive.",
            where="grid",
            remedy="Give it in map units, or leave it out.",
        )
    return grid


def _extent(values: list[Any]) -> tuple[float, float, float, float]:
    try:
        x_min, y_min, x_max, y_max = (float(v) for v in values)
    except (TypeError, ValueError) as error:
        raise JobError(
            "An extent is [x_min, y_min, x_max, y_max].", where="grid.extent", remedy="Give four numbers."
        ) from error
    # In degrees an extent across 180 ends west of its beginning: grid_choice knows whether it may.
    if not (x_min != x_max and y_min < y_max):
        raise JobError(
            f"The extent {values} has no area.",
            where="grid.extent",
            remedy="Give it as smallest x, smallest y, largest x, largest y.",
        )
    return x_min, y_min, x_max, y_max


def _parameters(spec: JobKind, reader: _Reader | None) -> dict[str, Any]:
    reader = reader or _Reader({}, "job.parameters", Path())
    values = {}
    for parameter in spec.parameters:
        value = reader.take(parameter.name, parameter.python_type, parameter.default)
        if parameter.type in ("file", "folder") and value:
            value = absolute(value, reader._folder)
        values[parameter.name] = parameter.checked(value)
    reader.finish()
    return values


def _outputs(spec: JobKind, reader: _Reader | None) -> dict[str, str]:
    if reader is None:
        return {}
    outputs = {name: reader.path(name) for name in spec.outputs}
    reader.finish()
    return {name: path for name, path in outputs.items() if path}
