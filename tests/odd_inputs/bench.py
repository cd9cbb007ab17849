"""Writes the files of a case: rasters and vector layers of a ground, in any format, place and type."""

from __future__ import annotations

import zlib

import numpy as np
from osgeo import gdal, ogr

from .ground import BLOCK, LAYOUT, SIDE, Ground, centres, measured, moved, reference, truth

NUMPY = {
    "Byte": np.uint8, "UInt16": np.uint16, "Int16": np.int16, "UInt32": np.uint32, "Int32": np.int32,
    "Float32": np.float32, "Float64": np.float64, "Int64": np.int64, "UInt64": np.uint64,
    "CFloat32": np.complex64, "CFloat64": np.complex128, "CInt16": np.complex64, "CInt32": np.complex128,
}  # fmt: skip


class Bench:
    """Makes files of one ground in one folder; `out` is the folder of the outputs."""

    def __init__(self, folder, ground=Ground()):  # noqa: B008  it is frozen
        self.folder, self.out, self.ground = folder / "in", folder / "out", ground
        self.folder.mkdir()
        self.out.mkdir()

    def values(self, name, kind="colour", transform=None, shape=(SIDE, SIDE), crs=None):
        """Return values (bands, rows, cols) and places (u, v) of the pixels of a raster."""
        x, y = centres(transform or self.ground.transform(), *shape)
        u, v = self.ground.places(x, y, crs)
        return measured(kind, u, v, zlib.crc32(name.encode())), u, v

    def raster(
        self, name, kind="colour", *, transform=None, shape=(SIDE, SIDE), crs=None, change=None, hole=None,
        **how,
    ):  # fmt: skip
        """Write what a sensor measures and return the path.

        `crs` None: the ground's; `change(values)` alters the values (bands, rows, cols), `hole(u, v)` tells
        where they become `how["nodata"]` (NaN without one). Further: see `write`.
        """
        transform = self.ground.transform() if transform is None else transform
        values, u, v = self.values(name, kind, transform, shape, crs)
        values = values if change is None else change(values)
        if hole is not None:
            nodata = how.get("nodata")
            values[:, hole(u, v)] = np.nan if nodata is None else nodata
        return self.write(name, values, transform, self.ground.crs if crs is None else crs, **how)

    def write(
        self, name, values, transform, crs, *, dtype="Float32", driver="GTiff", options=(), nodata=None,
        finish=None,
    ):  # fmt: skip
        """Write (bands, rows, cols); `transform` () writes none. `finish(dataset)` is called at the end."""
        values = np.asarray(values)
        values = values[None] if values.ndim == 2 else values
        kind = gdal.GetDataTypeByName(dtype)
        path = str(self.folder / name)
        create = gdal.GetDriverByName(driver).GetMetadataItem("DCAP_CREATE") == "YES"
        maker, target, extra = (driver, path, list(options)) if create else ("MEM", "", [])
        dataset = gdal.GetDriverByName(maker).Create(
            target, values.shape[2], values.shape[1], len(values), kind, extra
        )
        if transform:
            dataset.SetGeoTransform(transform)
        if crs:
            dataset.SetProjection(reference(crs).ExportToWkt())
        for number, band in enumerate(values, 1):
            if nodata is not None:
                dataset.GetRasterBand(number).SetNoDataValue(nodata)
            dataset.GetRasterBand(number).WriteArray(band.astype(NUMPY[dtype]))
        if finish is not None:
            finish(dataset)
        if not create:
            gdal.GetDriverByName(driver).CreateCopy(path, dataset, options=list(options))
        dataset.FlushCache()
        return path

    def labels(self, name="labels.tif", *, transform=None, shape=(SIDE, SIDE), crs=None, change=None, **how):
        """Write the truth two units inside its blocks as a label raster, 0 elsewhere."""
        transform = self.ground.transform() if transform is None else transform
        u, v = self.ground.places(*centres(transform, *shape), crs)
        inner = (np.abs(u % BLOCK - BLOCK / 2) < 2) & (np.abs(v % BLOCK - BLOCK / 2) < 2)
        inner &= (u > 0) & (u < SIDE) & (v > 0) & (v < SIDE)
        values = np.where(inner, truth(u, v), 0)
        values = values if change is None else change(values)
        how = {"dtype": "Byte", **how}
        return self.write(name, values, transform, self.ground.crs if crs is None else crs, **how)

    def boxes(self):
        """Return (u, v, u_stop, v_stop, class) of the training areas, one in each block."""
        return [
            (BLOCK * j + 2, BLOCK * i + 2, BLOCK * j + 6, BLOCK * i + 6, int(LAYOUT[i, j]))
            for i in range(3)
            for j in range(3)
        ]

    def wkt(self, box, crs=None, shift=(0.0, 0.0)):
        """Return a training area as polygon, in `crs`."""
        u, v, u_stop, v_stop = box[:4]
        x, y = self.ground.at([u, u_stop, u_stop, u, u], [v, v, v_stop, v_stop, v])
        x, y = moved(x, y, self.ground.crs, self.ground.crs if crs is None else crs)
        return "POLYGON((" + ", ".join(f"{a + shift[0]!r} {b + shift[1]!r}" for a, b in zip(x, y)) + "))"

    def features(self, values=None, crs=None, shift=(0.0, 0.0)):
        """Return (WKT, value) of the training areas; `values`: class -> field value."""
        return [(self.wkt(box, crs, shift), values.get(box[4]) if values else box[4]) for box in self.boxes()]

    def layer(
        self, name="areas.gpkg", features=None, *, crs=None, driver="GPKG", field="class", kind=None,
        geometry=ogr.wkbUnknown, options=(),
    ):  # fmt: skip
        """Write (WKT, value) with one field and return the path; `crs` None: the ground's, "": none."""
        crs = self.ground.crs if crs is None else crs
        features = self.features(crs=crs) if features is None else features
        path = str(self.folder / name)
        dataset = ogr.GetDriverByName(driver).CreateDataSource(path)
        layer = dataset.CreateLayer("areas", reference(crs) if crs else None, geometry, list(options))
        types = {type(value) for _, value in features}
        guessed = ogr.OFTString if str in types else ogr.OFTReal if float in types else ogr.OFTInteger
        layer.CreateField(ogr.FieldDefn(field, guessed if kind is None else kind))
        for wkt, value in features:
            feature = ogr.Feature(layer.GetLayerDefn())
            if wkt is not None:
                feature.SetGeometry(wkt if isinstance(wkt, ogr.Geometry) else ogr.CreateGeometryFromWkt(wkt))
            if value is not None:
                feature.SetField(0, value)
            layer.CreateFeature(feature)
        feature = layer = dataset = None  # closes the file
        return path

    def samples(self, path=None, **changes):
        """Return the samples of a job."""
        return {"path": self.layer() if path is None else path, "class_field": "class", **changes}

    def label_samples(self, path):
        """Return a label raster as the samples of a job."""
        return {"path": path, "type": "raster"}
