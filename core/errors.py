"""Errors made to be shown: what is wrong, where, and what to do.

`LandfuseError` and its subclasses are for the user and cross the process border as events; `ValueError` and
`TypeError` stay for programming mistakes. `Cancelled` is not an error: the user stopped the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Cancelled(Exception):  # noqa: N818  not a failure
    """The user stopped the run."""

    def __init__(self) -> None:
        super().__init__("The run was cancelled.")


class LandfuseError(Exception):
    """Something the user can understand and mend.

    `what` says what is wrong with the values found, `where` names file, layer or modality, `remedy` what to
    do.
    """

    code = "error"

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        super().__init__(what, where, remedy)
        self.what, self.where, self.remedy = what, where, remedy

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.what}" + (f" {self.remedy}" if self.remedy else "")

    def to_event(self) -> dict[str, str]:
        """Return the error as the fields of an `error` event."""
        return {"code": self.code, "what": self.what, "where": self.where, "remedy": self.remedy}


class JobError(LandfuseError):
    """A job description with an unknown key, a missing key or a value out of range."""

    code = "job"


class RasterReadError(LandfuseError):
    """A raster that cannot be opened or read."""

    code = "raster_read"


class OutputError(LandfuseError):
    """An output that cannot be written: folder missing, no permission, file in use, disk full."""

    code = "output"


class VectorReadError(LandfuseError):
    """A vector layer or field that cannot be read."""

    code = "vector_read"


class AlignmentError(LandfuseError):
    """Sources that cannot be brought onto one grid."""

    code = "alignment"


class BandError(LandfuseError):
    """A band count, band list or wavelength that does not fit."""

    code = "bands"


class ModalityError(LandfuseError):
    """A modality that is missing or not known."""

    code = "modality"


class SamplesError(LandfuseError):
    """Samples that cannot be used: none inside, too few, one class only, empty class field."""

    code = "samples"


class ClassesError(LandfuseError):
    """Class values or names that do not fit the rules (1 to 65535, 0 = unlabelled)."""

    code = "classes"


class ModelFileError(LandfuseError):
    """A model file that is truncated, foreign or of a newer version."""

    code = "model_file"


class MissingDependencyError(LandfuseError):
    """torch or another package of the engine is missing or broken."""

    code = "missing_dependency"


class EngineError(LandfuseError):
    """The engine process did not start, crashed, or was killed by the system."""

    code = "engine"


class TrainingError(LandfuseError):
    """Training cannot go on, for example because the loss is not finite."""

    code = "training"


class SceneError(LandfuseError):
    """Of several scenes some could not be mapped."""

    code = "scenes"


class OutOfMemoryError(LandfuseError):
    """The computation does not fit into memory even with the smallest batch."""

    code = "out_of_memory"


_BY_CODE: dict[str, type[LandfuseError]] = {
    kind.code: kind
    for kind in (
        JobError, RasterReadError, OutputError, VectorReadError, AlignmentError, BandError, ModalityError,
        SamplesError, ClassesError, ModelFileError, MissingDependencyError, EngineError, TrainingError,
        OutOfMemoryError, SceneError,
    )
}  # fmt: skip


def from_event(event: Mapping[str, Any]) -> LandfuseError:
    """Rebuild the error that an `error` event describes; an unknown code gives a plain `LandfuseError`."""
    kind = _BY_CODE.get(str(event.get("code", "")), LandfuseError)
    return kind(
        str(event.get("what", "unknown error")),
        where=str(event.get("where", "")),
        remedy=str(event.get("remedy", "")),
    )
