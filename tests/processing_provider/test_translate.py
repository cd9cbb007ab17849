"""From QGIS layers and parameters to the values of a job."""

from __future__ import annotations

import pytest
from landfuse.core.errors import BandError, RasterReadError
from landfuse.processing_provider.translate import Request, checked_bands, make_job, raster_input, sources
from qgis.core import QgsCoordinateReferenceSystem, QgsRasterLayer, QgsRasterRange, QgsVectorLayer


def test_a_raster_layer_becomes_its_file(qgis_app, make_raster):
    path = make_raster()
    found = raster_input(QgsRasterLayer(path, "a"), {"bands": "1"})
    assert (found.path, found.bands, found.crs, found.nodata) == (path, "1", "", ())


def test_a_crs_set_only_in_qgis_wins_over_the_file(qgis_app, make_raster):
    layer = QgsRasterLayer(make_raster(epsg=None), "a")
    layer.setCrs(QgsCoordinateReferenceSystem("EPSG:25833"))
    assert raster_input(layer).crs == "EPSG:25833"


def test_a_custom_crs_is_passed_as_text_of_its_definition(qgis_app, make_raster):
    layer = QgsRasterLayer(make_raster(epsg=None), "a")
    layer.setCrs(QgsCoordinateReferenceSystem.fromProj("+proj=tmerc +lat_0=10 +lon_0=11 +datum=WGS84"))
    assert "Transverse_Mercator" in raster_input(layer).crs.replace(" ", "_")


def test_nodata_set_in_qgis_is_passed_on(qgis_app, make_raster):
    layer = QgsRasterLayer(make_raster(bands=2), "a")
    layer.dataProvider().setUserNoDataValue(1, [QgsRasterRange(-7.0, -7.0)])
    assert raster_input(layer).nodata == (-7.0,)


def test_a_range_of_nodata_set_in_qgis_is_refused(qgis_app, make_raster):
    layer = QgsRasterLayer(make_raster(), "a")
    layer.dataProvider().setUserNoDataValue(1, [QgsRasterRange(-7.0, 0.0)])
    with pytest.raises(RasterReadError, match="nodata"):
        raster_input(layer)


def test_several_nodata_values_set_in_qgis_come_beside_those_given(qgis_app, make_raster):
    layer = QgsRasterLayer(make_raster(bands=2, nodata=-9), "a")
    layer.dataProvider().setUserNoDataValue(1, [QgsRasterRange(-7.0, -7.0), QgsRasterRange(0.0, 0.0)])
    layer.dataProvider().setUserNoDataValue(2, [QgsRasterRange(-7.0, -7.0)])
    found = raster_input(layer, {"nodata": (255.0,)})
    assert (found.nodata, found.file_nodata) == ((-7.0, 0.0, 255.0), True)


def test_nodata_of_the_file_switched_off_in_qgis_is_ignored(qgis_app, make_raster):
    layer = QgsRasterLayer(make_raster(bands=2, nodata=1), "a")
    for band in (1, 2):
        layer.dataProvider().setUseSourceNoDataValue(band, False)
    assert raster_input(layer).file_nodata is False
    layer.dataProvider().setUseSourceNoDataValue(2, True)
    with pytest.raises(RasterReadError, match="some of the bands only"):
        raster_input(layer)


def test_options_of_the_data_source_are_not_part_of_the_path(qgis_app, make_raster):
    path = make_raster()
    assert raster_input(QgsRasterLayer(path + "|option:NUM_THREADS=1", "a")).path == path


def test_a_web_map_is_refused_in_words(qgis_app):
    layer = QgsRasterLayer("type=xyz&url=http://localhost:1/{z}/{x}/{y}.png&zmax=1", "background", "wms")
    with pytest.raises(RasterReadError, match=r"background.*'wms'.*pictures"):
        raster_input(layer)


@pytest.mark.parametrize(
    ("text", "expected"), [("", ""), ("3", "3"), (" 1-120, 150-200 ", "1-120,150-200"), ("2,2-2", "2,2-2")]
)
def test_band_lists_are_accepted(text, expected):
    assert checked_bands(text, "HSI_BANDS") == expected


@pytest.mark.parametrize("text", ["0", "a", "1-", "-3", "3-1", "1,,2", "1.5", "1;2"])
def test_other_texts_are_no_band_lists(text):
    with pytest.raises(BandError, match="HSI_BANDS"):
        checked_bands(text, "HSI_BANDS")


def test_a_file_that_is_no_raster_is_named(algorithm, context, make_raster, tmp_path):
    (tmp_path / "no.tif").write_text("no raster")
    values = {"HSI": [make_raster(), str(tmp_path / "no.tif")]}
    with pytest.raises(RasterReadError, match=r"HSI.*no\.tif"):
        sources(Request(algorithm("checkinputs"), values, context))


def test_a_folder_is_a_source_beside_layers(algorithm, context, make_raster, tmp_path):
    layer = QgsRasterLayer(make_raster("first.tif"), "first")
    folder = tmp_path / "product"
    folder.mkdir()
    make_raster("product/part.tif")
    values = {"OPTICAL": [str(folder), layer, str(folder)], "OPTICAL_OPTIONS": "2.nodata=3"}
    assert algorithm("checkinputs").checkParameterValues(values, context) == (True, "")
    found = sources(Request(algorithm("checkinputs"), values, context))["optical"]
    assert [raster.path for raster in found] == [str(folder), layer.source(), str(folder)]
    assert [raster.nodata for raster in found] == [(), (3.0,), ()]


def test_the_grid_that_was_fixed_is_in_the_job(algorithm, context, make_raster):
    reference = make_raster("r.tif")
    values = {
        "OPTICAL": make_raster(),
        "PIXEL_SIZE": 4.0,
        "EXTENT": "400000,400010,5000000,5000008 [EPSG:32633]",
        "REFERENCE": reference,
        "REPORT": "TEMPORARY_OUTPUT",
    }
    job = make_job("checkinputs", Request(algorithm("checkinputs"), values, context))
    assert job.grid.pixel_size == 4.0
    assert job.grid.extent == (400000.0, 5000000.0, 400010.0, 5000008.0)
    assert job.grid.extent_crs == "EPSG:32633"
    assert job.grid.reference == reference
    assert job.outputs["report"].endswith(".html")


def test_nothing_fixed_leaves_the_grid_to_core(algorithm, context, make_raster):
    job = make_job("checkinputs", Request(algorithm("checkinputs"), {"SAR": make_raster()}, context))
    assert (job.grid.pixel_size, job.grid.extent, job.grid.reference) == (None, None, "")
    assert job.outputs == {}
    assert job.samples is None


def test_a_mask_of_polygons_is_written_as_seen(algorithm, context, make_raster):
    mask = QgsVectorLayer("Polygon?crs=EPSG:32633", "mask", "memory")
    job = make_job(
        "checkinputs", Request(algorithm("checkinputs"), {"SAR": make_raster(), "MASK": mask}, context)
    )
    assert job.mask.endswith(".gpkg")
    assert QgsVectorLayer(job.mask, "mask", "ogr").isValid()


def test_a_mask_raster_is_passed_as_its_file(algorithm, context, make_raster):
    values = {"SAR": make_raster(), "MASK": make_raster("mask.tif")}
    assert make_job("checkinputs", Request(algorithm("checkinputs"), values, context)).mask == values["MASK"]


def test_the_class_map_of_assess_is_a_layer(algorithm, context, make_raster):
    values = {"CLASSMAP": QgsRasterLayer(make_raster("map.tif"), "map"), "LABELS": make_raster("truth.tif")}
    job = make_job("assess", Request(algorithm("assess"), values, context))
    assert job.parameters["classmap"].endswith("map.tif")
    assert (job.samples.type, job.samples.path) == ("raster", values["LABELS"])
