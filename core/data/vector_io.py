"""Vector layers: opening, fields, and which pixels of a grid their geometries mean.

With `raster_io` the only module that imports osgeo. GDAL tells failures by None or by exceptions, depending
on what another plugin switched on; both become `VectorReadError` here.
"""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from osgeo import gdal, ogr, osr

from ..errors import AlignmentError, OutputError, SamplesError, VectorReadError
from .drafts import draft_prefix
from .geometry_move import Move
from .geometry_pixels import Shape, ShapeBatch
from .grid import Bounds, Grid
from .raster_io import full_turn, same_crs
from .windows import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]

_REASON = 200  # letters of GDAL's reason that are told; of GeoPackages it quotes SQL
_BROKEN_REMEDY = "Check that the file is complete and still there, or export the layer to a new GeoPackage."
_FIELD_TYPES = {
    ogr.OFTInteger: "integer",
    ogr.OFTInteger64: "integer",
    ogr.OFTReal: "real",
    ogr.OFTString: "text",
}


_GETTERS: dict[str, Callable[[Any, int], Any]] = {
    "integer": lambda feature, i: feature.GetFieldAsInteger64(i),
    "real": lambda feature, i: feature.GetFieldAsDouble(i),
    "text": lambda feature, i: _text(feature.GetFieldAsString(i)),
    "other": lambda feature, i: feature.GetFieldAsString(i),
}


@dataclass(frozen=True)
class FieldInfo:
    """A field: `type` is "integer", "real", "text" or "other"."""

    name: str
    type: str


@dataclass(frozen=True)
class LayerInfo:
    """One layer of a file. `crs` is WKT ("" = none), `geometry` "point", "line", "polygon", "mixed" or ""."""

    path: str
    layer: str
    crs: str
    geometry: str
    n_features: int
    fields: tuple[FieldInfo, ...]
    layers: tuple[str, ...]

    @property
    def where(self) -> str:
        """File and layer for messages."""
        return f"{self.path} ({self.layer})" if len(self.layers) > 1 else self.path

    def field(self, name: str) -> FieldInfo:
        """Return a field. Raises `SamplesError` with the names there are."""
        for item in self.fields:
            if item.name == name:
                return item
        names = ", ".join(f.name for f in self.fields) or "none"
        raise SamplesError(
            f"The layer has no field '{name}'." if name else "No class field is chosen.",
            where=self.where,
            remedy=f"Choose one of its fields: {names}.",
        )


@dataclass(eq=False)
class Feature:
    """A feature as it was read.

    `values` of the fields asked for. `shapes`: its single parts, valid ones. `problem`: "" or why there are
    none, "empty" or "invalid"; `repaired`: its geometry was invalid and has been mended. `key`: a number that
    features with the very same geometry share. `number`: the feature's id in its layer.
    """

    values: tuple[Any, ...]
    shapes: tuple[Shape, ...]
    problem: str = ""
    repaired: bool = False
    key: int = 0
    number: int = -1


class VectorLayer:
    """An open layer; a context manager. `layer` "" takes the first one that has the field `field`.

    Raises `VectorReadError` for a file or layer that cannot be opened.
    """

    def __init__(self, path: str, layer: str = "", field: str = "") -> None:
        self._dataset = _open(path)
        with _told(path):
            names = [self._dataset.GetLayer(i).GetName() for i in range(self._dataset.GetLayerCount())]
            self._layer = self._choose(path, names, layer, field)
            self.info = _describe(path, self._layer, tuple(names))

    def __enter__(self) -> VectorLayer:
        return self

    def __exit__(self, *error: object) -> None:
        self._layer = self._dataset = None

    def _choose(self, path: str, names: list[str], layer: str, field: str) -> Any:
        if layer and layer not in names:
            raise VectorReadError(
                f"There is no layer '{layer}'.", where=path, remedy=f"Layers in the file: {', '.join(names)}."
            )
        if not names:
            raise VectorReadError(
                "The file holds no vector layer.", where=path, remedy="Choose a file with training areas."
            )
        if layer:
            return self._dataset.GetLayer(names.index(layer))
        layers = [self._dataset.GetLayer(i) for i in range(len(names))]
        fitting = [item for item in layers if field and item.GetLayerDefn().GetFieldIndex(field) >= 0]
        return (fitting or layers)[0]

    def values(self, fields: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Yield the values of `fields` of every feature; NULL is None."""
        skips = self._layer.TestCapability(ogr.OLCIgnoreFields)
        if skips:
            self._layer.SetIgnoredFields(["OGR_GEOMETRY", "OGR_STYLE"])
        try:
            read = self._reader(fields)
            for feature in self._features():
                yield read(feature)
        finally:
            if skips:
                self._layer.SetIgnoredFields([])

    def records(self, fields: Sequence[str]) -> Iterator[tuple[bytes, tuple[Any, ...]]]:
        """Yield geometry (ISO WKB, in the CRS of the layer) and values of every feature with a geometry."""
        read = self._reader(fields)
        for feature in self._features():
            geometry = feature.GetGeometryRef()
            if geometry is not None:
                yield bytes(geometry.ExportToIsoWkb()), read(feature)

    def features(self, fields: Sequence[str], grid: Grid) -> Iterator[Feature]:
        """Yield field values and shapes, in the coordinates of a grid, of every feature.

        Raises `AlignmentError` where either layer or grid has no CRS.
        """
        move, read = self._move(grid), self._reader(fields)
        for feature in self._features():
            found = _read_feature(read(feature), feature.GetGeometryRef(), move)
            found.number = feature.GetFID()
            yield found

    def geometries(self) -> Iterator[tuple[int, bytes]]:
        """Yield id and geometry (ISO WKB, in the CRS of the layer) of every feature with a geometry."""
        for feature in self._features():
            geometry = feature.GetGeometryRef()
            if geometry is not None and not geometry.IsEmpty():
                yield feature.GetFID(), bytes(geometry.ExportToIsoWkb())

    def bounds(self) -> Bounds | None:
        """Return the rectangle around all features in the CRS of the layer; None without any geometry."""
        with _told(self.info.path), _quiet():
            x_min, x_max, y_min, y_max = self._layer.GetExtent(force=1)
        known = all(math.isfinite(v) for v in (x_min, x_max, y_min, y_max))
        return Bounds(x_min, y_min, x_max, y_max) if known and x_min <= x_max else None

    def window_mask(self, grid: Grid, window: Window) -> NDArray[np.bool_]:
        """Return where the centres of the pixels of a window lie inside a polygon, (height, width)."""
        part = grid.window(window)
        inside = np.zeros(part.shape, dtype=bool)
        self._filter(part, self._move(grid))
        batch = ShapeBatch()
        for feature in self.features([], grid):
            for shape in feature.shapes:
                if shape.dimension == 2:
                    batch.add(shape, len(batch.shapes))
            if batch.is_full:
                _fill(inside, batch, part)
                batch = ShapeBatch()
        _fill(inside, batch, part)
        self._layer.SetSpatialFilter(None)
        return inside

    def _filter(self, grid: Grid, move: Move) -> None:
        """Let GDAL skip features far from the grid; only where nothing is moved, so that it is exact."""
        if move.transformation is None and not move.turn:
            box = grid.bounds
            self._layer.SetSpatialFilterRect(box.x_min, box.y_min, box.x_max, box.y_max)

    def _features(self) -> Iterator[Any]:
        with _told(self.info.path):
            self._layer.ResetReading()
            gdal.ErrorReset()
            while (feature := self._layer.GetNextFeature()) is not None:
                yield feature
                gdal.ErrorReset()  # a caller's failure is not ours
            if gdal.GetLastErrorType() >= gdal.CE_Failure:
                raise VectorReadError(
                    f"Reading stopped early ({gdal.GetLastErrorMsg()}).",
                    where=self.info.where,
                    remedy=_BROKEN_REMEDY,
                )

    def _reader(self, fields: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
        """Return a function that reads the values of fields from a feature; NULL is None."""
        readers = [
            (self._layer.GetLayerDefn().GetFieldIndex(name), _GETTERS[self.info.field(name).type])
            for name in fields
        ]

        def read(feature: Any) -> tuple[Any, ...]:
            return tuple(get(feature, i) if feature.IsFieldSetAndNotNull(i) else None for i, get in readers)

        return read

    def _move(self, grid: Grid) -> Move:
        """Return how geometries come onto a grid."""
        crs = grid.crs
        if not crs and not self.info.crs:
            return Move()
        if not crs or not self.info.crs:
            lacking = (
                "the samples have none but the rasters" if crs else "the rasters have none but the samples"
            )
            raise AlignmentError(
                f"Coordinate systems do not fit: {lacking} have one.",
                where=self.info.where,
                remedy="Assign the coordinate system that is missing.",
            )
        return _move_onto(grid, self.info.crs)


def layer_info(path: str, layer: str = "", field: str = "") -> LayerInfo:
    """Describe a layer; `layer` "" takes the first that has `field`. Raises `VectorReadError`."""
    with VectorLayer(path, layer, field) as source:
        return source.info


def list_fields(path: str, layer: str = "") -> tuple[FieldInfo, ...]:
    """Return the fields of a layer. Raises `VectorReadError`."""
    return layer_info(path, layer).fields


def rasterise_mask(path: str, grid: Grid, window: Window, layer: str = "") -> NDArray[np.bool_]:
    """Return where pixel centres of a window of `grid` lie inside a polygon of a layer, (height, width).

    Raises `VectorReadError` and, where only one of grid and layer has a CRS, `AlignmentError`.
    """
    with VectorLayer(path, layer) as source:
        return source.window_mask(grid, window)


def polygon_widths(
    path: str, layer: str = "", field: str = "", crs: str = "", limit: int = 5000
) -> NDArray[np.float64]:
    """Return the width in metres of up to `limit` polygons of a layer, (n,); empty for points and lines.

    The width is the short side of the rectangle of the same area and perimeter, or of the square of the same
    area where the outline is rounder than any rectangle. `crs` stands in for a layer without one.
    """
    widths: list[float] = []
    with VectorLayer(path, layer, field) as source:
        step = max(1, source.info.n_features // limit)
        for number, feature in enumerate(source._features()):
            if number % step == 0:
                parts, _ = _usable_parts(feature.GetGeometryRef(), Move())
                widths += [_width(p, source.info.crs or crs) for p in parts if _dimension(p) == 2]
    known = np.array(widths, dtype=np.float64)
    return known[np.isfinite(known)]


def _width(polygon: Any, crs: str) -> float:
    metres = 1.0
    if crs:
        reference = _reference(crs)
        if reference.IsGeographic():
            x, y = polygon.Centroid().GetPoint_2D()
            low, high = polygon.GetEnvelope()[:2]
            if not abs(y) <= 90 or high - low > 180:  # no degrees, or torn apart at 180
                return math.nan
            local = osr.SpatialReference()
            local.ImportFromProj4(f"+proj=laea +lat_0={y:.9f} +lon_0={x:.9f} +datum=WGS84 +units=m")
            polygon.Transform(_transformation(crs, local.ExportToWkt()))
        else:
            metres = reference.GetLinearUnits()
    area, half = polygon.GetArea(), polygon.Boundary().Length() / 2
    spread = half * half - 4 * area
    return metres * (math.sqrt(area) if spread <= 0 else (half - math.sqrt(spread)) / 2)


def _fill(inside: NDArray[np.bool_], batch: ShapeBatch, grid: Grid) -> None:
    rows, cols, _ = batch.spans(grid, lambda _: None, tiny=False).pixels()
    inside[rows, cols] = True


def _read_feature(values: tuple[Any, ...], geometry: Any, move: Move) -> Feature:
    if geometry is None or geometry.IsEmpty():
        return Feature(values, (), "empty")
    parts, repaired = _usable_parts(geometry, move)
    shapes = tuple(_shape_of(part) for part in parts)
    key = hash(bytes(geometry.ExportToIsoWkb()))
    return Feature(values, shapes, "" if shapes else "invalid", repaired, key)


def _shape_of(part: Any) -> Shape:
    """Return a flat point, line or polygon as arrays."""
    dimension = _dimension(part)
    if dimension == 0:
        return Shape(0, (np.array([[part.GetX(), part.GetY()]]),))
    wkb = bytes(part.ExportToWkb(ogr.wkbNDR))
    if dimension == 1:
        return Shape(1, (np.frombuffer(wkb, "<f8", offset=9).reshape(-1, 2),))
    rings, at = [], 9
    for _ in range(int.from_bytes(wkb[5:9], "little")):
        size = int.from_bytes(wkb[at : at + 4], "little")
        if size:
            rings.append(np.frombuffer(wkb, "<f8", 2 * size, at + 4).reshape(size, 2))
        at += 4 + 16 * size
    return Shape(2, tuple(rings))


def inner_point(shape: Shape) -> tuple[float, float] | None:
    """Return a point inside a polygon, None where there is none."""
    polygon = ogr.Geometry(ogr.wkbPolygon)
    for outline in shape.outlines:
        ring = ogr.Geometry(ogr.wkbLinearRing)
        for x, y in outline.tolist():
            ring.AddPoint_2D(x, y)
        polygon.AddGeometryDirectly(ring)
    with _quiet():
        point = polygon.PointOnSurface()
    return None if point is None or point.IsEmpty() else (point.GetX(), point.GetY())


def _usable_parts(geometry: Any, move: Move) -> tuple[list[Any], bool]:
    """Return the single, valid, transformed parts of a geometry and whether it had to be mended."""
    parts: list[Any] = []
    repaired = False
    for part in _single_parts(geometry) if geometry is not None else ():
        with _quiet():
            valid = part.IsEmpty() or _dimension(part) < 2 or part.IsValid()
            pieces = [part] if valid else _mended(part)
            repaired |= not valid and bool(pieces)
            parts += [p for p in pieces if not p.IsEmpty() and move.apply(p)]
    return parts, repaired


def _single_parts(geometry: Any) -> Iterator[Any]:
    if geometry.HasCurveGeometry():
        geometry = geometry.GetLinearGeometry()
    kind = ogr.GT_Flatten(geometry.GetGeometryType())
    if kind in (ogr.wkbTIN, ogr.wkbPolyhedralSurface):
        yield from _joined_patches(geometry)
    elif kind in (ogr.wkbPoint, ogr.wkbLineString, ogr.wkbPolygon, ogr.wkbTriangle):
        part = geometry.Clone()
        part.FlattenTo2D()
        part.CloseRings()
        yield part
    else:
        for i in range(geometry.GetGeometryCount()):
            yield from _single_parts(geometry.GetGeometryRef(i))


def _joined_patches(surface: Any) -> Iterator[Any]:
    """Yield the area under a surface of triangles or polygons: its patches are one place, not many."""
    together = ogr.Geometry(ogr.wkbMultiPolygon)
    for i in range(surface.GetGeometryCount()):
        patch = ogr.Geometry(ogr.wkbPolygon)
        for ring in range(surface.GetGeometryRef(i).GetGeometryCount()):
            patch.AddGeometry(surface.GetGeometryRef(i).GetGeometryRef(ring))
        patch.FlattenTo2D()
        if patch.GetArea() > 0:  # walls have none
            together.AddGeometry(patch)
    with _quiet():
        union = together.UnionCascaded()
    for part in _single_parts(union) if union is not None else ():
        if _dimension(part) == 2:
            yield part


def _mended(polygon: Any) -> list[Any]:
    mended = None
    with suppress(RuntimeError):  # GDAL without GEOS 3.8: the polygon is counted as invalid
        mended = polygon.MakeValid()
    return [p for p in _single_parts(mended) if _dimension(p) == 2] if mended is not None else []


def _dimension(geometry: Any) -> int:
    return int(geometry.GetDimension())


def _open(path: str) -> Any:
    if not os.path.exists(path) and not path.startswith("/vsi"):
        raise VectorReadError(
            "The file does not exist.", where=path, remedy="Check the path, or choose the layer again."
        )
    with _told(path), _quiet():
        dataset = gdal.OpenEx(path, gdal.OF_VECTOR | gdal.OF_READONLY)
    if dataset is None:
        raise VectorReadError(
            "The file cannot be opened as a vector layer.",
            where=path,
            remedy="Save the layer as a GeoPackage and choose that.",
        )
    return dataset


def _describe(path: str, layer: Any, names: tuple[str, ...]) -> LayerInfo:
    definition = layer.GetLayerDefn()
    fields = tuple(
        FieldInfo(item.GetName(), _FIELD_TYPES.get(item.GetType(), "other"))
        for item in (definition.GetFieldDefn(i) for i in range(definition.GetFieldCount()))
    )
    reference = layer.GetSpatialRef()
    # A GeoPackage without a CRS reports "Undefined Cartesian SRS" or "Undefined geographic SRS".
    unknown = reference is None or reference.IsLocal() or str(reference.GetName()).startswith("Undefined")
    crs = "" if unknown else reference.ExportToWkt()
    return LayerInfo(
        path, layer.GetName(), crs, _shape(definition.GetGeomType()), layer.GetFeatureCount(), fields, names
    )


def _shape(kind: int) -> str:
    flat = ogr.GT_Flatten(kind)
    if flat == ogr.wkbNone:
        return ""
    if flat in (ogr.wkbPoint, ogr.wkbMultiPoint):
        return "point"
    for shape, single, several in (
        ("line", ogr.wkbCurve, ogr.wkbMultiCurve),
        ("polygon", ogr.wkbSurface, ogr.wkbMultiSurface),
    ):
        if ogr.GT_IsSubClassOf(flat, single) or ogr.GT_IsSubClassOf(flat, several):
            return shape
    return "mixed"


def _reference(crs: str) -> Any:
    reference = osr.SpatialReference()
    with _told("coordinate system"):
        if reference.SetFromUserInput(crs) != 0:
            raise VectorReadError(
                "The coordinate system cannot be understood.",
                where=crs[:80],
                remedy="Assign the layer's coordinate system anew.",
            )
    reference.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    return reference


def _move_onto(grid: Grid, crs: str) -> Move:
    """Return how geometries in `crs` come onto a grid."""
    box = grid.bounds
    return Move(_transformation(crs, grid.crs), full_turn(grid.crs), (box.x_min + box.x_max) / 2)


def _transformation(source: str, target: str) -> Any:
    if same_crs(source, target):
        return None
    return osr.CoordinateTransformation(_reference(source), _reference(target))


def _text(value: Any) -> Any:
    """Return text as it was meant where it is not UTF-8: then it is taken for Windows-1252, or Latin-1.

    GDAL hands such text over as bytes, or as text with surrogates. Replacing what cannot be decoded would
    make one class of two.
    """
    if isinstance(value, str) and not value.isascii():
        value = value.encode("utf-8", "surrogateescape")
    if not isinstance(value, bytes):
        return value
    for encoding in ("utf-8", "cp1252"):
        with suppress(UnicodeDecodeError):
            return value.decode(encoding)
    return value.decode("latin-1")


@contextmanager
def _told(where: str) -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise VectorReadError(
            f"The layer cannot be read ({error}).", where=where, remedy=_BROKEN_REMEDY
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep GDAL's own messages of this thread off the console; failures are looked at by the caller."""
    gdal.PushErrorHandler("CPLQuietErrorHandler")
    try:
        yield
    finally:
        gdal.PopErrorHandler()


def overlapping(before: Sequence[bytes], after: Sequence[bytes]) -> int:
    """Return how many geometries (WKB, of one CRS) of two lists lie over each other, in pairs.

    Each geometry is in one pair at most, with the one with which it has the largest area in common. Areas
    that only touch are apart; lines and points that touch are not.
    """
    with _quiet():
        olds = [ogr.CreateGeometryFromWkb(wkb) for wkb in before]
        news = [ogr.CreateGeometryFromWkb(wkb) for wkb in after]
        boxes = np.array([new.GetEnvelope() for new in news]).reshape(-1, 4)
        found = []
        for i, old in enumerate(olds):
            x_min, x_max, y_min, y_max = old.GetEnvelope()
            near = (boxes[:, 0] <= x_max) & (boxes[:, 1] >= x_min)
            near &= (boxes[:, 2] <= y_max) & (boxes[:, 3] >= y_min)
            for j in np.flatnonzero(near).tolist():
                if old.Intersects(news[j]):
                    size = _common_area(old, news[j])
                    if size or _dimension(old) < 2:
                        found.append((-size, i, j))
    taken: tuple[set[int], set[int]] = (set(), set())
    for _, i, j in sorted(found):
        if i not in taken[0] and j not in taken[1]:
            taken[0].add(i)
            taken[1].add(j)
    return len(taken[0])


def _common_area(one: Any, other: Any) -> float:
    common = one.Intersection(other)
    return 0.0 if common is None or _dimension(common) < 2 else float(common.GetArea())


def geometry_kind(wkb: bytes) -> str:
    """Return "point", "line", "polygon", or "mixed" for a geometry as WKB."""
    return _shape(ogr.CreateGeometryFromWkb(wkb).GetGeometryType())


def shapes_of(wkb: bytes, crs: str, grid: Grid) -> list[Shape]:
    """Return the usable parts of a geometry (WKB, in `crs`; "" as on the grid) on a grid."""
    move = _move_onto(grid, crs) if crs and grid.crs else Move()
    return [_shape_of(part) for part in _usable_parts(ogr.CreateGeometryFromWkb(wkb), move)[0]]


def pieces_within(wkb: bytes, crs: str, rows: Integers, cols: Integers, grid: Grid) -> bytes:
    """Return the part of a polygon (WKB, in `crs`) inside some pixels of a grid, as WKB in `crs`.

    `rows`, `cols` (n,): pixels with their centre inside the polygon. Cut along the edges of the pixels, so
    that on this grid the result means exactly these. Where the outline cannot be cut, the pixels themselves.
    """
    pixels = ogr.CreateGeometryFromWkb(_rectangles(rows, cols, grid)).UnionCascaded()
    parts, _ = _usable_parts(ogr.CreateGeometryFromWkb(wkb), _move_onto(grid, crs) if crs else Move())
    whole = ogr.Geometry(ogr.wkbMultiPolygon)
    for part in parts:
        whole.AddGeometry(part)
    with _quiet(), suppress(RuntimeError):
        cut = whole.Intersection(pixels)
        areas = [p for p in _single_parts(cut) if _dimension(p) == 2 and p.GetArea() > 0] if cut else []
        if areas:
            pixels = ogr.Geometry(ogr.wkbMultiPolygon)
            for area in areas:
                pixels.AddGeometry(area)
    if crs:
        Move(_transformation(grid.crs, crs)).apply(pixels)
    return bytes(pixels.ExportToIsoWkb())


def _rectangles(rows: Integers, cols: Integers, grid: Grid) -> bytes:
    """Return pixels as a multipolygon (WKB): one rectangle per run of neighbours in a row."""
    order = np.lexsort((cols, rows))
    rows, cols = rows[order], cols[order]
    starts = np.flatnonzero(np.r_[True, (np.diff(rows) != 0) | (np.diff(cols) != 1)])
    stops = np.r_[starts[1:], len(rows)]
    polygons = [struct.pack("<BII", 1, ogr.wkbMultiPolygon, len(starts))]
    for start, stop in zip(starts.tolist(), stops.tolist()):
        top, left, right = int(rows[start]), int(cols[start]), int(cols[stop - 1]) + 1
        ring = [(top, left), (top, right), (top + 1, right), (top + 1, left), (top, left)]
        points = [value for row, col in ring for value in grid.xy(row, col)]
        polygons.append(struct.pack("<BIII10d", 1, ogr.wkbPolygon, 1, 5, *points))
    return b"".join(polygons)


SAMPLE_FIELDS = {"class": "integer", "name": "text", "group": "text"}


def write_samples_gpkg(
    path: str, features: Sequence[tuple[bytes, int, str, str]], crs: str, layer: str = "samples"
) -> None:
    """Write (WKB, class value, class name, group) as a GeoPackage with fields `class`, `name`, `group`.

    Written beside the target and moved when complete. Raises `OutputError`.
    """
    write_layer(path, features, SAMPLE_FIELDS, crs, layer)


def write_layer(
    path: str,
    features: Iterable[tuple[Any, ...]],
    fields: Mapping[str, str],
    crs: str,
    layer: str = "samples",
    geometry: str = "",
) -> None:
    """Write features (WKB, then the values of `fields`) as a GeoPackage with one layer.

    `fields`: name -> "integer", "long", "real" or "text". `geometry`: "point", "line" or "polygon" where all
    features are of this kind, else "". Written beside the target, moved when complete. Raises `OutputError`.
    """
    partial = str(Path(path).with_name(f"{draft_prefix()}{Path(path).name}"))
    try:
        with _quiet():
            count = _write_gpkg(partial, features, fields, (crs, layer, geometry))
            _require_complete(partial, layer, count)
        os.replace(partial, path)
    except (OSError, RuntimeError) as error:
        reason = str(error).replace(partial, path)
        raise OutputError(
            f"The layer cannot be written ({reason[:_REASON]}{'...' if len(reason) > _REASON else ''}).",
            where=path,
            remedy="Check the free space and the permissions of the folder.",
        ) from error
    finally:
        with suppress(OSError):
            os.remove(partial)


def _write_gpkg(
    path: str, features: Iterable[tuple[Any, ...]], fields: Mapping[str, str], about: tuple[str, str, str]
) -> int:
    """Write a layer and return how many features it should have."""
    crs, name, geometry = about
    count = 0
    with suppress(FileNotFoundError):
        os.remove(path)
    dataset = ogr.GetDriverByName("GPKG").CreateDataSource(path)
    if dataset is None:
        raise RuntimeError(gdal.GetLastErrorMsg())
    kind, as_kind = _LAYER_KINDS.get(geometry, (ogr.wkbUnknown, lambda shape: shape))
    layer = dataset.CreateLayer(name, _reference(crs) if crs else None, kind)
    for field, type_name in fields.items():
        layer.CreateField(ogr.FieldDefn(field, _OGR_TYPES[type_name]))
    layer.StartTransaction()
    for wkb, *values in features:
        feature = ogr.Feature(layer.GetLayerDefn())
        feature.SetGeometry(as_kind(ogr.CreateGeometryFromWkb(wkb)))
        for field, content in zip(fields, values):
            feature.SetField(field, content)
        layer.CreateFeature(feature)
        count += 1
    layer.CommitTransaction()
    return count


def _require_complete(path: str, layer: str, count: int) -> None:
    """Raise `RuntimeError` unless a layer was written in full: a full disk shows when the file is closed."""
    dataset = gdal.OpenEx(path, gdal.OF_VECTOR | gdal.OF_READONLY)
    written = dataset.GetLayerByName(layer) if dataset is not None else None
    if written is None or written.GetFeatureCount() != count:
        raise RuntimeError("it is not complete, the disk may be full")


def _flat(force: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def flattened(shape: Any) -> Any:
        shape = force(shape.GetLinearGeometry() if shape.HasCurveGeometry() else shape)
        shape.FlattenTo2D()
        return shape

    return flattened


_OGR_TYPES = {"integer": ogr.OFTInteger, "long": ogr.OFTInteger64, "real": ogr.OFTReal, "text": ogr.OFTString}
_LAYER_KINDS = {
    "point": (ogr.wkbMultiPoint, _flat(ogr.ForceToMultiPoint)),
    "line": (ogr.wkbMultiLineString, _flat(ogr.ForceToMultiLineString)),
    "polygon": (ogr.wkbMultiPolygon, _flat(ogr.ForceToMultiPolygon)),
}
