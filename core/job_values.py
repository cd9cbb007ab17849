"""From the plain values of a job file to typed ones; unknown keys and values out of range are errors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .dataset_names import absolute_name
from .errors import JobError
from .job import GridRequest, RasterInput, SamplesInput
from .job_spec import DERIVED, JOINS, MODALITIES, ZERO_MEANS, JobKind

_AS_TEXT: Mapping[type, str] = {
    int: "a whole number",
    float: "a number",
    str: "text",
    bool: "true or false",
    dict: "an object {...}",
    list: "a list [...]",
}


class JobReader:
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

    def child(self, key: str) -> JobReader | None:
        values = self.take(key, dict, None)
        return None if values is None else JobReader(values, f"{self._where}.{key}", self._folder)

    def children(self, key: str) -> list[JobReader]:
        values = self.take(key, list, [])
        return [JobReader(v, f"{self._where}.{key}[{i}]", self._folder) for i, v in enumerate(values)]

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


def read_inputs(reader: JobReader | None) -> dict[str, tuple[RasterInput, ...]]:
    """Return the rasters of each modality that has any; {} where the job has no `inputs`."""
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


def _raster(reader: JobReader) -> RasterInput:
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
        raise JobError(f"There is no derived band '{unknown[0]}'.", where=where, remedy=use_one_of(DERIVED))
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


def use_one_of(names: tuple[str, ...]) -> str:
    """Return the remedy that lists the choices."""
    return f"Use one of: {', '.join(names)}."


def read_class(reader: JobReader) -> dict[str, Any]:
    """Return one entry of the class list."""
    item = {
        "value": reader.take("value", int),
        "name": reader.take("name", str, ""),
        "color": reader.take("color", str, ""),
    }
    source = reader.take("source", int, None)
    reader.finish()
    return item if source is None else {**item, "source": source}


def read_samples_input(reader: JobReader | None) -> SamplesInput | None:
    """Return samples or test samples; None where the job has none."""
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
            f"Class value 0 cannot mean '{samples.zero}'.", where="samples", remedy=use_one_of(ZERO_MEANS)
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


def read_grid(reader: JobReader | None) -> GridRequest:
    """Return what the job fixes of the grid."""
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


def read_parameters(spec: JobKind, reader: JobReader | None) -> dict[str, Any]:
    """Return the value of every parameter of a kind of job, the default where the job says nothing."""
    reader = reader or JobReader({}, "job.parameters", Path())
    values = {}
    for parameter in spec.parameters:
        value = reader.take(parameter.name, parameter.python_type, parameter.default)
        if parameter.type in ("file", "folder") and value:
            value = absolute(value, reader._folder)
        values[parameter.name] = parameter.checked(value)
    reader.finish()
    return values


def read_outputs(spec: JobKind, reader: JobReader | None) -> dict[str, str]:
    """Return the outputs that are wanted, by name."""
    if reader is None:
        return {}
    outputs = {name: reader.path(name) for name in spec.outputs}
    reader.finish()
    return {name: path for name, path in outputs.items() if path}
