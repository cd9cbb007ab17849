"""A new layer of training areas: a GeoPackage in the project's folder, in the CRS of the sources."""

from __future__ import annotations

from pathlib import Path

from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsCoordinateReferenceSystem,
    QgsProject,
    QgsVectorFileWriter,
    QgsVectorLayer,
)

from ...core.errors import OutputError
from ...processing_provider.snapshot import CLASS, NAME
from ..state.session import Session

STEM = "training_areas"


def areas_crs(session: Session) -> QgsCoordinateReferenceSystem:
    """Return the CRS of the source with the smallest pixels, of the project where there is no source."""
    layers = [layer for layer in session.source_layers() if layer.crs().isValid()]
    if not layers:
        return session.project.crs()
    metric = [layer for layer in layers if not layer.crs().isGeographic()] or layers
    return min(metric, key=lambda layer: layer.rasterUnitsPerPixelX()).crs()


def make_areas(folder: str, crs: QgsCoordinateReferenceSystem, title: str) -> QgsVectorLayer:
    """Write an empty GeoPackage with the fields `class` and `name` and return its layer, drawn by class.

    A file that is there stays: the new one takes the next free name. Raises `OutputError`.
    """
    path = _free_path(Path(folder))
    columns = QgsVectorLayer(f"MultiPolygon?field={CLASS}:integer&field={NAME}:string(80)", "areas", "memory")
    columns.setCrs(crs)
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName, options.layerName = "GPKG", path.stem
    context = QgsProject.instance().transformContext()
    result = QgsVectorFileWriter.writeAsVectorFormatV3(columns, str(path), context, options)
    layer = QgsVectorLayer(f"{path}|layername={path.stem}", title, "ogr")
    if result[0] != QgsVectorFileWriter.WriterError.NoError or not layer.isValid():
        raise OutputError(
            f"The layer of training areas cannot be made ({result[1]}).",
            where=str(path),
            remedy="Check the free space and the permissions of the folder.",
        )
    layer.setRenderer(QgsCategorizedSymbolRenderer(CLASS, []))
    return layer


def free_title(project: QgsProject, title: str) -> str:
    """Return a layer name that the project does not have yet."""
    number, name = 1, title
    while project.mapLayersByName(name):
        number += 1
        name = f"{title} {number}"
    return name


def _free_path(folder: Path) -> Path:
    number, path = 1, folder / f"{STEM}.gpkg"
    while path.exists():
        number += 1
        path = folder / f"{STEM}_{number}.gpkg"
    return path
