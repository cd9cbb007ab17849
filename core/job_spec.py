"""What a kind of job is made of: parameters with their limits, outputs, and words of both. Free of torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import JobError

# The keys of models.catalog.CATALOG, which this module must not import; a test compares the two.
METHODS = ("mibf_net", "ncglf2", "gihcn", "ref_net", "random_forest", "svm")

PUBLISHED = ("ncglf2",)  # methods whose authors' checkpoints can be taken over

PATCH_METHODS = ("mibf_net", "ncglf2", "gihcn")  # methods that label the centre of a patch

PIXEL_METHODS = ("random_forest", "svm")  # methods that look at the features of single pixels

TILE_METHODS = ("ref_net",)  # methods that label whole tiles

ROLE_METHODS = ("gihcn", "ref_net")  # methods in which one source has another role than the others

ENCODER_METHODS = ("ref_net",)  # methods whose encoders can start from published ImageNet weights

MODALITIES = ("hsi", "lidar", "sar", "optical", "other")

# Settings of a raster and of samples, see `job.RasterInput` and `job.SamplesInput`.
QUANTITIES = (
    "reflectance", "sar_linear", "sar_db", "height", "terrain_height", "height_above_ground", "index",
    "other",
)  # fmt: skip

JOINS = ("", "mosaic", "bands")

DERIVED = ("slope", "roughness")

ZERO_MEANS = ("unlabelled", "class")

_PYTHON_TYPES = {
    "int": int,
    "float": float,
    "str": str,
    "bool": bool,
    "choice": str,
    "file": str,
    "folder": str,
}


@dataclass(frozen=True)
class Parameter:
    """One setting of a job.

    `type`: int, float, str, bool, choice, file or folder (a path that is read). `label` is the line in a
    form, `help` the sentence below it and on the command line. `advanced` settings are folded away.
    `methods`: the methods that read it; () for all. A form leaves it out for the others.
    """

    name: str
    type: str
    default: Any
    label: str
    help: str = ""
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    advanced: bool = False
    required: bool = False
    methods: tuple[str, ...] = ()

    @property
    def python_type(self) -> Any:
        """The class of the value."""
        return _PYTHON_TYPES[self.type]

    def checked(self, value: Any) -> Any:
        """Return `value` if it is within the limits. Raises `JobError`."""
        where = f"parameters.{self.name}"
        if isinstance(value, float) and not math.isfinite(value):  # NaN passes every comparison below
            raise JobError(f"{value} is not a number.", where=where, remedy="Give a finite number.")
        if self.choices and value not in self.choices:
            raise JobError(
                f"'{value}' is not one of: {', '.join(self.choices)}.",
                where=where,
                remedy="Use one of these.",
            )
        if self.minimum is not None and value < self.minimum:
            raise JobError(
                f"{value} is below the smallest value {self.minimum:g}.",
                where=where,
                remedy="Give a larger one.",
            )
        if self.maximum is not None and value > self.maximum:
            raise JobError(
                f"{value} is above the largest value {self.maximum:g}.",
                where=where,
                remedy="Give a smaller one.",
            )
        return value


@dataclass(frozen=True)
class Output:
    """One file or folder that a job writes.

    `type`: raster, vector, file or folder; `extension` without the dot. `samples`: the type of samples
    ("vector" or "raster") that this output belongs to, "" for any.
    """

    label: str
    extension: str = ""
    type: str = "file"
    required: bool = False
    samples: str = ""


@dataclass(frozen=True)
class JobKind:
    """One kind of job. `module` holds `run(job, progress) -> JobResult`; `numbers` are its figures.

    `reads_scene`: it takes sources and a grid, at least one source unless `scene_optional`.
    """

    title: str
    module: str
    summary: str
    parameters: tuple[Parameter, ...] = ()
    outputs: Mapping[str, Output] = field(default_factory=dict)
    numbers: tuple[str, ...] = ()
    reads_scene: bool = False
    scene_optional: bool = False
    takes_samples: bool = False
    needs_samples: bool = False
    takes_test_samples: bool = False
    needs_engine: bool = False


@dataclass(frozen=True)
class JobResult:
    """What a job made: output name -> path, number name -> value (None where it could not be measured)."""

    outputs: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, Any] = field(default_factory=dict)
