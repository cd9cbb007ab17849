"""QGIS with the provider registered, and small layers to call algorithms with."""

from __future__ import annotations

import pytest

pytest.importorskip("qgis.core", reason="needs QGIS")

import numpy as np
from landfuse.core.job_spec import JobResult
from osgeo import gdal, osr
from qgis.core import QgsApplication, QgsProcessingContext, QgsProcessingFeedback, QgsProject, QgsVectorLayer


@pytest.fixture
def provider(qgis_app, qgis_processing):
    """The provider as the plugin registers it."""
    from landfuse.plugin import LandfusePlugin

    plugin = LandfusePlugin(None)
    plugin.initProcessing()
    yield plugin.provider
    plugin.unload()


@pytest.fixture
def algorithm(provider):
    """Return an algorithm by the last part of its id."""
    return lambda name: QgsApplication.processingRegistry().createAlgorithmById(f"landfuse:{name}")


@pytest.fixture
def make_raster(tmp_path):
    """Write an 8 x 8 GeoTIFF with 2 m pixels and return its path."""

    def make(name="a.tif", bands=1, epsg=32633, nodata=None):
        path = str(tmp_path / name)
        dataset = gdal.GetDriverByName("GTiff").Create(path, 8, 8, bands, gdal.GDT_Float32)
        dataset.SetGeoTransform((400000.0, 2.0, 0.0, 5000016.0, 0.0, -2.0))
        if epsg:
            reference = osr.SpatialReference()
            reference.ImportFromEPSG(epsg)
            dataset.SetProjection(reference.ExportToWkt())
        for band in range(1, bands + 1):
            dataset.GetRasterBand(band).WriteArray(np.full((8, 8), band, dtype=np.float32))
            if nodata is not None:
                dataset.GetRasterBand(band).SetNoDataValue(nodata)
        return path

    return make


@pytest.fixture
def samples_layer():
    """Return a memory layer of four points: classes 1, 2, 2 and 5, parcels a, a, b, c."""
    from qgis.core import QgsFeature, QgsGeometry, QgsPointXY

    uri = "Point?crs=EPSG:32633&field=cover:integer&field=kind:string&field=parcel:string"
    layer = QgsVectorLayer(uri, "areas", "memory")
    rows = [(1, "water", "a"), (2, "grass", "a"), (2, "grass", "b"), (5, "roof", "c")]
    features = []
    for position, row in enumerate(rows):
        feature = QgsFeature(layer.fields())
        feature.setAttributes(list(row))
        feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(400001.0 + 2 * position, 5000001.0)))
        features.append(feature)
    layer.dataProvider().addFeatures(features)
    return layer


class StubClient:
    """Stands for the engine client: keeps the job and does what the test asks."""

    def __init__(self):
        self.jobs = []
        self.result = JobResult()
        self.work = lambda progress: None

    def run(self, job, progress):
        self.jobs.append(job)
        self.work(progress)
        return self.result


@pytest.fixture
def client(monkeypatch):
    """Replace the engine by a stub."""
    from landfuse.processing_provider import runtime

    stub = StubClient()
    monkeypatch.setattr(runtime, "shared_client", lambda: stub)
    return stub


class Feedback(QgsProcessingFeedback):
    """Keeps what an algorithm reports."""

    def __init__(self):
        super().__init__(False)
        self.lines, self.warnings, self.stages = [], [], []

    def pushInfo(self, text):  # noqa: N802  QGIS names it
        self.lines.append(text)

    def pushWarning(self, text):  # noqa: N802  QGIS names it
        self.warnings.append(text)

    def setProgressText(self, text):  # noqa: N802  QGIS names it
        self.stages.append(text)


@pytest.fixture
def feedback():
    return Feedback()


@pytest.fixture
def context():
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    yield context
    # pytest lets go of the last test's fixtures after QGIS has ended: layers would be freed too late.
    context.temporaryLayerStore().removeAllMapLayers()
