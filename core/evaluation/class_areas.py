"""How much ground each class covers on a class map: pixels, weighted by their area on the ellipsoid."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.band_reader import BandReader
from ..data.classes import LandClass
from ..data.geometry_pixels import Shape, ShapeBatch
from ..data.grid import Grid
from ..data.pixel_areas import PixelAreas
from ..data.raster_description import inspect
from ..data.spans import Spans
from ..data.vector_io import VectorLayer
from ..data.windows import Window, iter_tiles
from ..errors import VectorReadError
from ..progress import Progress, silent
from .assess_job import classes_in
from .class_match import map_classes
from .table import BYTE_ORDER_MARK

if TYPE_CHECKING:
    from numpy.typing import NDArray

WHOLE_MAP = "whole map"
PIXEL_COUNT = (
    "Areas are counts of map pixels, each with its area on the ellipsoid. A count is not an estimate of the "
    "true area: classes that are confused with each other gain or lose by it. The accuracy report says which."
)
_TILE = 1024  # pixels
_HECTARE = 10_000.0  # m²


@dataclass(frozen=True)
class ClassArea:
    """What one class covers in one zone; `size` in the table's unit, `share` of the zone's mapped pixels."""

    land_class: LandClass
    pixels: int
    size: float
    share: float


@dataclass(frozen=True)
class ZoneAreas:
    """The classes in one zone, ascending by value. `unmapped`: size of the zone's pixels without a class."""

    name: str
    classes: tuple[ClassArea, ...]
    unmapped: float

    @property
    def mapped(self) -> float:
        """Size of all pixels with a class."""
        return math.fsum(c.size for c in self.classes)


@dataclass(frozen=True)
class AreaTable:
    """All zones of a map. `unit`: "m²", or "square map units" where the map has no CRS."""

    path: str
    zones: tuple[ZoneAreas, ...]
    unit: str

    @property
    def is_metric(self) -> bool:
        """Whether sizes are square metres."""
        return self.unit == "m²"


def class_areas(
    path: str, zones: str = "", zone_field: str = "", layer: str = "", progress: Progress = silent
) -> AreaTable:
    """Measure a class map, whole or within the polygons of a layer.

    Pixels belong to the polygon that their centre is in; polygons with the same value of `zone_field` ("" =
    each by its id) are one zone, and zones may overlap. Raises `RasterReadError`, `ClassesError`,
    `VectorReadError` and `AlignmentError`.
    """
    info = inspect(path)
    names, spans = _zones(zones, zone_field, layer, info.grid) if zones else ([WHOLE_MAP], None)
    counted = _Counted(len(names))
    with BandReader(path) as reader:
        areas = PixelAreas(info.grid)
        for window in iter_tiles(*info.grid.shape, _TILE):
            progress(window.row / info.grid.rows, "Counting pixels")
            values, sizes = classes_in(reader, window), areas.of_window(window)
            if spans is None:
                counted.add(0, values.ravel(), sizes.ravel())
                continue
            for zone, inside in _masks(spans, window):
                counted.add(zone, values[inside], sizes[inside])
    classes = map_classes(info, counted.present())
    found = tuple(counted.zone(i, name, classes) for i, name in enumerate(names))
    return AreaTable(path, found, areas.unit)


class _Counted:
    """Pixels and size of each class value in each zone."""

    def __init__(self, n_zones: int) -> None:
        self._pixels: list[dict[int, int]] = [{} for _ in range(n_zones)]
        self._sizes: list[dict[int, float]] = [{} for _ in range(n_zones)]

    def add(self, zone: int, values: NDArray[np.int64], sizes: NDArray[np.float64]) -> None:
        found, members, counts = np.unique(values, return_inverse=True, return_counts=True)
        summed = np.bincount(members.reshape(-1), weights=sizes, minlength=len(found))
        for value, n, size in zip(found.tolist(), counts.tolist(), summed.tolist()):
            self._pixels[zone][value] = self._pixels[zone].get(value, 0) + n
            self._sizes[zone][value] = self._sizes[zone].get(value, 0.0) + size

    def present(self) -> dict[int, int]:
        """Return the pixels of each class value over all zones."""
        values = sorted({value for pixels in self._pixels for value in pixels} - {0})
        return {value: sum(pixels.get(value, 0) for pixels in self._pixels) for value in values}

    def zone(self, number: int, name: str, classes: Sequence[LandClass]) -> ZoneAreas:
        pixels, sizes = self._pixels[number], self._sizes[number]
        mapped = math.fsum(size for value, size in sizes.items() if value)
        rows = tuple(
            ClassArea(c, pixels[c.value], sizes[c.value], sizes[c.value] / mapped)
            for c in classes
            if pixels.get(c.value)
        )
        return ZoneAreas(name, rows, sizes.get(0, 0.0))


def _zones(path: str, field: str, layer: str, grid: Grid) -> tuple[list[str], Spans]:
    """Return the names of the zones, in order, and their pixels with the zone's number as owner."""
    shapes: dict[str, list[Shape]] = {}
    with VectorLayer(path, layer, field) as source:
        where = source.info.where
        for feature in source.features([field] if field else [], grid):
            name = _name(feature.values[0]) if field else str(feature.number)
            shapes.setdefault(name, []).extend(s for s in feature.shapes if s.dimension == 2)
    names = sorted(shapes, key=_natural)
    if not any(shapes.values()):
        raise VectorReadError("There is no polygon.", where=where, remedy="Choose a layer of polygons.")
    return names, _spans([shapes[name] for name in names], grid)


def _spans(zones: Sequence[Sequence[Shape]], grid: Grid) -> Spans:
    """Return the pixels of all shapes, with the number of their zone as owner.

    Each shape is filled by itself: filled together, two that overlap would cut each other out.
    """
    zone_of = np.repeat(np.arange(len(zones)), [len(shapes) for shapes in zones])
    found: list[Spans] = []
    batch = ShapeBatch()
    for number, shape in enumerate(shape for shapes in zones for shape in shapes):
        batch.add(shape, number)
        if batch.is_full or number == len(zone_of) - 1:
            found.append(batch.spans(grid, lambda _: None, tiny=False))
            batch = ShapeBatch()
    joined = Spans.joined(found)
    return replace(joined, owners=zone_of[joined.owners].astype(np.int32))


def _name(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else str(value).strip()


def _natural(name: str) -> tuple[bool, float, str]:
    """Return what sorts numbers by size and before other names."""
    try:
        return False, float(name), name
    except ValueError:
        return True, 0.0, name


def _masks(spans: Spans, window: Window) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """Yield each zone that reaches into a window with its pixels there (H, W)."""
    near = (spans.rows >= window.row) & (spans.rows < window.row_stop)
    near &= (spans.first < window.col_stop) & (spans.stop > window.col)
    here = spans.taken(np.flatnonzero(near))
    for zone in np.unique(here.owners).tolist():
        inside = np.zeros((window.height, window.width), dtype=bool)
        rows, cols, _ = here.taken(np.flatnonzero(here.owners == zone)).pixels()
        kept = (cols >= window.col) & (cols < window.col_stop)
        inside[rows[kept] - window.row, cols[kept] - window.col] = True
        yield zone, inside


def areas_csv(table: AreaTable) -> str:
    """Return the table as CSV in the form of `table.py`: one line for each class of each zone."""
    size = ["hectares", "square_metres"] if table.is_metric else ["square_map_units"]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["zone", "value", "class", "pixels", *size, "share_of_mapped"])
    for zone in table.zones:
        for item in zone.classes:
            shown = [item.size / _HECTARE, item.size] if table.is_metric else [item.size]
            line = [zone.name, item.land_class.value, item.land_class.name, item.pixels]
            writer.writerow([*line, *(f"{v:.6f}" for v in shown), f"{item.share:.6f}"])
    writer.writerows([[], ["map", PurePath(table.path).name], ["note", PIXEL_COUNT]])
    return BYTE_ORDER_MARK + out.getvalue()
