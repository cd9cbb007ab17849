"""Whether rasters can be placed together: all with a CRS, all with coordinates only, or all without."""

from __future__ import annotations

from pathlib import PurePath

from ..errors import AlignmentError
from .raster_info import RasterInfo


def require_same_place(source: RasterInfo, other: RasterInfo) -> None:
    """Raise `AlignmentError` unless `other` (labels, reference, mask) is placed in the way of a source."""
    if bool(other.grid.crs) != bool(source.grid.crs):
        have, lack = (other, source) if other.grid.crs else (source, other)
        raise AlignmentError(
            f"'{_name(have)}' has a coordinate system, '{_name(lack)}' has none.",
            where=other.path,
            remedy="Assign the coordinate system that is missing.",
        )
    if other.has_georeference != source.has_georeference:
        have, lack = (other, source) if other.has_georeference else (source, other)
        raise AlignmentError(
            f"'{_name(have)}' has coordinates, '{_name(lack)}' has no georeference.",
            where=other.path,
            remedy="Georeference the file that lacks it, or leave it out.",
        )
    if not source.has_georeference and source.grid.shape != other.grid.shape:
        sizes = [f"'{_name(info)}' has {info.grid.cols} x {info.grid.rows}" for info in (source, other)]
        raise AlignmentError(
            f"Rasters without any georeference must have the same columns and rows: {'; '.join(sizes)}.",
            where=other.path,
            remedy="Georeference them, or resample them to one size.",
        )


def _name(info: RasterInfo) -> str:
    return PurePath(info.path).name
