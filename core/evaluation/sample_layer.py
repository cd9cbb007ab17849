"""The likely conflicts as a layer of points, so that they are found on the map."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from ..data.staged_output import StagedOutput
from ..data.vector_io import write_layer
from ..errors import OutputError

if TYPE_CHECKING:
    from .sample_conflicts import Conflict
    from .sample_report import SampleReport

_FIELDS = {
    "kind": "text",
    "finding": "text",
    "class": "integer",
    "name": "text",
    "other_class": "integer",
    "other_name": "text",
    "feature": "long",
    "other_feature": "long",
    "pixels": "integer",
    "share": "real",
}


def write_conflicts(path: str, report: SampleReport) -> None:
    """Write one point per conflict, in the coordinate system of the grid. Raises `OutputError`."""
    if not path.lower().endswith(".gpkg"):
        raise OutputError(
            "Layers are written as GeoPackage.", where=path, remedy="Choose a name that ends in .gpkg."
        )
    output = StagedOutput(path)
    try:
        rows = [_row(conflict, report) for conflict in report.conflicts]
        write_layer(str(output.draft), rows, _FIELDS, report.grid.crs, output.target.stem, "point")
    except BaseException:
        output.discard()
        raise
    output.commit((".qml",))


def _row(conflict: Conflict, report: SampleReport) -> tuple[object, ...]:
    x, y = report.grid.xy(conflict.row + 0.5, conflict.col + 0.5)
    own, other = report.samples.classes[conflict.label], report.samples.classes[conflict.other]
    features = [n if n >= 0 else None for n in (conflict.feature, conflict.other_feature)]
    point = struct.pack("<BI2d", 1, 1, x, y)
    text = conflict.text(report.samples)
    values = (own.value, own.name, other.value, other.name, *features, conflict.pixels, conflict.share)
    return (point, conflict.kind, text, *values)
