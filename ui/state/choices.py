"""The choices of the dock as frozen values with a JSON form; layers are named by their ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypeVar

AIMS = ("train_classify", "train", "classify")

Choice = TypeVar("Choice")


@dataclass(frozen=True)
class SourceChoice:
    """One row of the sources: layers of one modality.

    `key` one of `job_spec.MODALITIES`; `layers` ids of raster layers of the project, in order. `bands`,
    `quantity` and `options` are written as in Processing (`HSI_BANDS`, `HSI_QUANTITY`, `HSI_OPTIONS`).
    A source that is not `used` stays in the list and out of the runs.
    """

    key: str
    layers: tuple[str, ...] = ()
    bands: str = ""
    quantity: str = ""
    options: str = ""
    used: bool = True


@dataclass(frozen=True)
class SamplesChoice:
    """The layer of the training areas (polygons, lines, points) or a label raster, by its id."""

    layer: str = ""
    class_field: str = ""
    group_field: str = ""


@dataclass(frozen=True)
class MethodChoice:
    """What to run. `aim` one of `AIMS`; `parameters` of the train job that differ from their defaults.

    `model`: absolute path of the model file for the aim "classify", "" otherwise.
    `grid`: `PIXEL_SIZE`, `EXTENT` and `REFERENCE` as in Processing, where the user fixed them.
    """

    aim: str = "train_classify"
    method: str = "mibf_net"
    preset: str = "default"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    grid: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RunRecord:
    """A finished run: what was asked, where its files lie, and its numbers.

    `name` is unique in the project ("Run 3"); `folder` holds its files. `parameters` are those of the
    Processing algorithms `train` and `classify` that do the same (see `state.jobs`). `outputs` are absolute
    paths by output name (model, report, classmap, ...); `numbers` the scores (OA, AA, KAPPA, F1).
    `layer`: id of the map's layer, "" when it is not loaded. `finished` in UTC, ISO 8601.
    """

    name: str
    folder: str
    parameters: Mapping[str, Mapping[str, Any]]
    outputs: Mapping[str, str]
    numbers: Mapping[str, float]
    finished: str
    layer: str = ""


def to_json(choice: Any) -> dict[str, Any]:
    """Return plain values."""
    return asdict(choice)


def from_json(kind: type[Choice], items: Mapping[str, Any]) -> Choice:
    """Make a choice of plain values; keys that another version of the plugin wrote are left out."""
    known = {f.name for f in fields(kind)}  # type: ignore[arg-type]
    values = {name: _frozen(value) for name, value in items.items() if name in known}
    return kind(**values)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
