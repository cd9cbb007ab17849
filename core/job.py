"""Job descriptions: one JSON form for dock, Processing, modeler, command line and run history. Free of torch.

`job_kinds` holds the one table of jobs, their parameters and outputs. The command line makes its options
from it and the Processing algorithms their parameters, so that a new option is added in one place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .job_kinds import ALL_KINDS
from .job_spec import JobKind

SCHEMA = 1


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
        return ALL_KINDS[self.kind]

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
