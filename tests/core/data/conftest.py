"""Small rasters and vector layers for the tests of the data layer."""

from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.data.coordinates import make_grid
from osgeo import gdal, ogr, osr

UTM = "EPSG:32633"
TYPES = {
    "float32": gdal.GDT_Float32,
    "uint8": gdal.GDT_Byte,
    "int16": gdal.GDT_Int16,
    "uint16": gdal.GDT_UInt16,
    "int32": gdal.GDT_Int32,
    "complex64": gdal.GDT_CFloat32,
}


@pytest.fixture
def write_raster(tmp_path):
    """Return a function that writes (C, H, W) as GeoTIFF and returns its path."""

    def write(
        name,
        data,
        *,
        pixel=10.0,
        x=400000.0,
        y=5800000.0,
        crs=UTM,
        nodata=None,
        names=(),
        bands=None,
        options=(),
    ):
        data = np.asarray(data)
        data = data[None] if data.ndim == 2 else data
        n_bands, rows, cols = data.shape
        path = str(tmp_path / name)
        tiff = gdal.GetDriverByName("GTiff").Create(
            path, cols, rows, n_bands, TYPES[data.dtype.name], list(options)
        )
        if pixel:
            tiff.SetGeoTransform((x, pixel, 0, y, 0, -pixel))
        if crs:
            reference = osr.SpatialReference()
            reference.SetFromUserInput(crs)
            tiff.SetProjection(reference.ExportToWkt())
        for i in range(n_bands):
            band = tiff.GetRasterBand(i + 1)
            if nodata is not None:
                band.SetNoDataValue(nodata)
            if names:
                band.SetDescription(names[i])
            for key, value in (bands or {}).get(i + 1, {}).items():
                band.SetMetadataItem(key, value)
            band.WriteArray(data[i])
        tiff = None
        return path

    return write


@pytest.fixture
def coarse():
    """Return a function for grids at the corner of the written rasters, `factor` times coarser."""

    def make(factor, rows, cols, pixel=10.0):
        side = pixel * factor
        return make_grid(UTM, (400000.0, side, 0.0, 5800000.0, 0.0, -side), rows, cols)

    return make


FIELD_TYPES = {int: ogr.OFTInteger, float: ogr.OFTReal, str: ogr.OFTString, "date": ogr.OFTDate}


@pytest.fixture
def write_layer(tmp_path):
    """Return a function that writes (WKT or None, value, ...) as a GeoPackage layer and returns its path."""

    def write(name, features, fields, *, crs=UTM, layer="areas"):
        path = tmp_path / name
        driver = ogr.GetDriverByName("GPKG")
        dataset = ogr.Open(str(path), 1) if path.exists() else driver.CreateDataSource(str(path))
        reference = None
        if crs:
            reference = osr.SpatialReference()
            reference.SetFromUserInput(crs)
            reference.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
        table = dataset.CreateLayer(layer, reference, ogr.wkbUnknown)
        for field, kind in fields.items():
            table.CreateField(ogr.FieldDefn(field, FIELD_TYPES[kind]))
        for wkt, *values in features:
            feature = ogr.Feature(table.GetLayerDefn())
            if wkt is not None:
                feature.SetGeometry(ogr.CreateGeometryFromWkt(wkt))
            for field, value in zip(fields, values):
                if value is not None:
                    feature.SetField(field, value)
            table.CreateFeature(feature)
        return str(path)

    return write


@pytest.fixture
def box():
    """Return a function that gives the WKT of rows and columns of 10 m pixels of the written rasters."""

    def wkt(row, col, row_stop, col_stop):
        x, x_stop = 400000 + 10 * col, 400000 + 10 * col_stop
        y, y_stop = 5800000 - 10 * row, 5800000 - 10 * row_stop
        return f"POLYGON(({x} {y}, {x_stop} {y}, {x_stop} {y_stop}, {x} {y_stop}, {x} {y}))"

    return wkt
