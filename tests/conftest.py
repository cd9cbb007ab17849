"""Registers the checkout as package `landfuse` before any installed copy can be found."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"

if "landfuse" not in sys.modules:
    spec = importlib.util.spec_from_file_location(
        "landfuse", ROOT / "__init__.py", submodule_search_locations=[str(ROOT)]
    )
    sys.modules["landfuse"] = package = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(package)


@pytest.fixture
def root() -> Path:
    """The folder of the checkout, which is the plugin folder."""
    return ROOT


@pytest.fixture
def shared() -> Path:
    """The folder of real scenes and parity fixtures; the test is skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"real scenes and fixtures are not here ({SHARED})")
    return SHARED


class SmallScene:
    """48 x 48 pixels of 2 m in a folder: `optical` (4 bands), `lidar` (1 band, 4 m), training areas, labels.

    Sixteen blocks of 12 x 12 pixels hold classes 1 (grass), 2 (trees: as grass, but high) and 3 (water) in
    turn; the areas are 6 x 6 pixels in each block, so that every class has at least five places.
    """

    SIDE, X, Y, CRS = 48, 400000.0, 5800000.0, "EPSG:32633"

    def __init__(self, folder):
        self.cpu = {"device": "cpu", "threads": 1}
        self.network = {**self.cpu, "method": "mibf_net", "patch_size": 5, "epochs": 1, "gap": 4.0}
        self.tiles = {**self.cpu, "method": "ref_net", "tile_size": 32, "epochs": 1, "gap": 4.0}
        self.forest = {"method": "random_forest", "trees": 5, "context_windows": "3", "gap": 4.0}
        self.machine = {"method": "svm", "context_windows": "3", "gap": 4.0}
        self.folder, self.out = folder / "scene", folder / "out"
        self.folder.mkdir()
        self.out.mkdir()
        block = np.arange(self.SIDE) // 12
        self.truth = np.uint8((block[:, None] + block) % 3 + 1)
        self.inputs = {
            "optical": [{"path": self.write_raster("optical.tif", self.optical())}],
            "lidar": [{"path": self.write_raster("lidar.tif", self.height(), pixel=4.0)}],
        }
        self.samples = {"path": self.write_areas("areas.gpkg", self.areas()), "class_field": "class"}

    def optical(self):
        colors = np.float32([[0, 0, 0, 0], [400, 700, 500, 3000], [400, 700, 500, 3000], [300, 250, 100, 50]])
        noise = np.random.default_rng(1).normal(0, 40, (4, self.SIDE, self.SIDE))
        return (colors[self.truth].transpose(2, 0, 1) + noise).astype(np.float32)

    def height(self):
        coarse = self.truth[::2, ::2]
        noise = np.random.default_rng(2).normal(0, 0.5, coarse.shape)
        return (50 + 12 * (coarse == 2) + noise).astype(np.float32)[None]

    def areas(self, values=(1, 2, 3)):
        """(WKT, value) of each training area; `values` stand for the three classes."""
        return [
            (self.box(12 * i + 3, 12 * j + 3, 12 * i + 9, 12 * j + 9), values[self.truth[12 * i, 12 * j] - 1])
            for i in range(4)
            for j in range(4)
        ]

    def box(self, row, col, row_stop, col_stop):
        x, x_stop = self.X + 2 * col, self.X + 2 * col_stop
        y, y_stop = self.Y - 2 * row, self.Y - 2 * row_stop
        return f"POLYGON(({x} {y}, {x_stop} {y}, {x_stop} {y_stop}, {x} {y_stop}, {x} {y}))"

    def write_raster(self, name, data, *, pixel=2.0, x=X, y=Y, crs=CRS, nodata=None):
        """Write (C, H, W) and return the path."""
        from osgeo import gdal, osr

        kind = gdal.GDT_Byte if data.dtype == np.uint8 else gdal.GDT_Float32
        data = data[None] if data.ndim == 2 else data
        path = str(self.folder / name)
        tiff = gdal.GetDriverByName("GTiff").Create(path, data.shape[2], data.shape[1], len(data), kind)
        tiff.SetGeoTransform((x, pixel, 0, y, 0, -pixel))
        if crs:
            reference = osr.SpatialReference()
            reference.SetFromUserInput(crs)
            tiff.SetProjection(reference.ExportToWkt())
        for number, band in enumerate(data, start=1):
            if nodata is not None:
                tiff.GetRasterBand(number).SetNoDataValue(nodata)
            tiff.GetRasterBand(number).WriteArray(band)
        del tiff
        return path

    def write_areas(self, name, areas, field="class"):
        """Write (WKT, value) as a GeoPackage, replacing an older one, and return the path."""
        from osgeo import ogr, osr

        path = self.folder / name
        path.unlink(missing_ok=True)
        reference = osr.SpatialReference()
        reference.SetFromUserInput(self.CRS)
        dataset = ogr.GetDriverByName("GPKG").CreateDataSource(str(path))
        layer = dataset.CreateLayer("areas", reference, ogr.wkbPolygon)
        types = {type(value) for _, value in areas}
        kind = ogr.OFTString if str in types else ogr.OFTReal if float in types else ogr.OFTInteger
        layer.CreateField(ogr.FieldDefn(field, kind))
        for wkt, value in areas:
            feature = ogr.Feature(layer.GetLayerDefn())
            feature.SetGeometry(ogr.CreateGeometryFromWkt(wkt))
            if value is not None:
                feature.SetField(field, value)
            layer.CreateFeature(feature)
        del feature, layer, dataset
        return str(path)

    def train(self, parameters=None, report=False, **changes):
        """Return a training job; `changes` replace its keys."""
        from landfuse.core.job_file import parse_job

        outputs = {"model": "m.safetensors", **({"report": "m.html"} if report else {})}
        values = {
            "kind": "train", "inputs": self.inputs, "samples": self.samples, "outputs": outputs,
            "parameters": parameters or self.forest, **changes,
        }  # fmt: skip
        return parse_job({key: value for key, value in values.items() if value is not None}, self.out)

    def classify(self, model, parameters=None, outputs=("classmap",), **changes):
        """Return a classification job that writes `outputs`: name -> path, or names written as NAME.tif."""
        from landfuse.core.job_file import parse_job

        outputs = outputs if isinstance(outputs, dict) else {name: f"{name}.tif" for name in outputs}
        values = {
            "kind": "classify", "inputs": self.inputs, "outputs": outputs,
            "parameters": {"model": str(model), **self.cpu, **(parameters or {})}, **changes,
        }  # fmt: skip
        return parse_job(values, self.out)

    def left(self):
        """The names in the folder of the outputs, hidden ones included."""
        return sorted(path.name for path in self.out.iterdir())


@pytest.fixture(scope="session")
def make_scene():
    """The class `SmallScene`, for tests that need a scene in a folder of their own."""
    return SmallScene


@pytest.fixture
def small_scene(tmp_path):
    return SmallScene(tmp_path)
