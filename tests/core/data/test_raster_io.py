from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.data.band_reader import BandReader, read_band_window
from landfuse.core.data.coordinates import make_grid, metres_per_pixel, transform_bounds, utm_crs_at
from landfuse.core.data.grid import Bounds
from landfuse.core.data.raster_description import inspect
from landfuse.core.data.raster_io import (
    crs_name,
    crs_wkt,
    is_geographic,
    is_raster,
    same_crs,
    transform_points,
)
from landfuse.core.data.windows import Window
from landfuse.core.errors import AlignmentError, RasterReadError
from osgeo import gdal, osr


@pytest.fixture(params=[False, True], ids=["None style", "exception style"])
def gdal_style(request):
    used = gdal.GetUseExceptions()
    (gdal.UseExceptions if request.param else gdal.DontUseExceptions)()
    yield
    (gdal.UseExceptions if used else gdal.DontUseExceptions)()


def test_a_raster_is_described(write_raster):
    path = write_raster(
        "a.tif",
        np.zeros((2, 3, 4), np.int16),
        nodata=-99,
        names=("red", "band 2 (0.86 Micrometers)"),
        bands={1: {"wavelength": "660", "wavelength_units": "Nanometers", "fwhm": "10"}},
    )
    info = inspect(path)
    assert info.grid.shape == (3, 4)
    assert info.grid.metres == (10.0, 10.0)
    assert crs_name(info.grid.crs) == "EPSG:32633"
    assert info.has_georeference
    assert not info.has_mask
    first = info.bands[0]
    assert (first.number, first.name, first.nodata, first.dtype) == (1, "red", (-99.0,), "Int16")
    assert (info.bands[0].wavelength, info.bands[0].width) == (660, 10)
    assert info.bands[1].wavelength == pytest.approx(860)


def test_wavelengths_in_micrometres_become_nanometres(write_raster):
    bands = {1: {"wavelength": "0.66"}, 2: {"wavelength": "2.2", "wavelength_units": "Micrometers"}}
    info = inspect(write_raster("a.tif", np.zeros((2, 2, 2), np.int16), bands=bands))
    assert [b.wavelength for b in info.bands] == pytest.approx([660, 2200])


def test_bad_bands_of_an_envi_header_are_flagged(tmp_path):
    path = tmp_path / "a.img"
    path.write_bytes(np.zeros((3, 2, 2), np.int16).tobytes())
    path.with_suffix(".hdr").write_text(
        "ENVI\nsamples = 2\nlines = 2\nbands = 3\ndata type = 2\ninterleave = bsq\nbyte order = 0\n"
        "wavelength units = Nanometers\nwavelength = {450, 550, 650}\nbbl = {1, 0, 1}\n"
    )
    info = inspect(str(path))
    assert [b.bad for b in info.bands] == [False, True, False]
    assert [b.wavelength for b in info.bands] == [450, 550, 650]


def test_a_raster_without_geotransform_has_unit_pixels(write_raster):
    info = inspect(write_raster("a.tif", np.zeros((3, 4), np.uint8), pixel=0, crs=""))
    assert not info.has_georeference
    assert info.grid.transform == (0, 1, 0, 0, 0, -1)
    assert info.grid.crs == ""
    assert info.grid.metres == (1, 1)


def test_the_crs_can_be_replaced(write_raster):
    path = write_raster("a.tif", np.zeros((2, 2), np.uint8), crs="")
    assert crs_name(inspect(path, "EPSG:32633").grid.crs) == "EPSG:32633"
    with pytest.raises(AlignmentError, match="not a coordinate system"):
        inspect(path, "EPSG:nonsense")


@pytest.mark.usefixtures("gdal_style")
def test_files_that_are_no_rasters_are_told_in_words(tmp_path):
    text = tmp_path / "a.txt"
    text.write_text("hello")
    with pytest.raises(RasterReadError, match=r"a\.txt.*cannot be read"):
        inspect(str(text))
    with pytest.raises(RasterReadError, match="does not exist"):
        inspect(str(tmp_path / "none.tif"))
    with pytest.raises(RasterReadError):
        inspect(str(tmp_path))
    assert not is_raster(str(text))


@pytest.mark.usefixtures("gdal_style")
def test_a_truncated_raster_is_told_in_words(write_raster):
    path = write_raster("a.tif", np.ones((64, 64), np.float32))
    with open(path, "r+b") as file:
        file.truncate(6000)
    with pytest.raises(RasterReadError, match=r"a\.tif"):
        read_band_window(path, 1, Window(0, 0, 64, 64))


def test_a_band_is_read_as_it_is_stored(write_raster):
    data = np.array([[[1, 2], [3, 65535]]], np.uint16)
    path = write_raster("a.tif", data, nodata=3)
    found = read_band_window(path, 1, Window(1, 0, 1, 2))
    assert found.dtype == np.uint16
    assert found.tolist() == [[3, 65535]]
    with pytest.raises(RasterReadError, match="no band 2"):
        BandReader(path, 2)


def test_coordinate_systems_are_compared_by_meaning():
    reference = osr.SpatialReference()
    reference.ImportFromEPSG(32633)
    old_text = reference.ExportToWkt(["FORMAT=WKT1_ESRI"])
    assert same_crs(crs_wkt("EPSG:32633"), reference.ExportToWkt(["FORMAT=WKT2_2019"]))
    assert same_crs(crs_wkt("EPSG:32633"), old_text)
    assert not same_crs(crs_wkt("EPSG:32633"), crs_wkt("EPSG:32632"))
    assert not same_crs("", crs_wkt("EPSG:32633"))
    assert same_crs("", "")


def test_a_height_system_does_not_make_another_crs():
    assert same_crs(crs_wkt("EPSG:25832+7837"), crs_wkt("EPSG:25832"))


def test_a_local_system_counts_as_no_crs():
    assert crs_wkt('LOCAL_CS["montage",UNIT["metre",1]]') == ""


def test_axes_are_east_then_north():
    x, y = transform_points([13.0], [52.0], crs_wkt("EPSG:4326"), crs_wkt("EPSG:32633"))
    assert (x[0], y[0]) == pytest.approx((362705.63, 5762926.81), abs=0.1)


def test_transformed_bounds_hold_the_curved_edges():
    degrees, utm = crs_wkt("EPSG:4326"), crs_wkt("EPSG:32633")
    box = transform_bounds(Bounds(12.0, 52.0, 18.0, 53.0), degrees, utm)
    x, y = transform_points(np.linspace(12, 18, 200), np.full(200, 52.0), degrees, utm)
    assert box.y_min <= y.min() + 20
    assert box.x_min <= x.min()


def test_utm_zones():
    assert crs_name(utm_crs_at(13.3, 52.4, crs_wkt("EPSG:4326"))) == "EPSG:32633"
    assert crs_name(utm_crs_at(-72.5, -38.8, crs_wkt("EPSG:4326"))) == "EPSG:32718"
    assert crs_name(utm_crs_at(180.0, 10.0, crs_wkt("EPSG:4326"))) == "EPSG:32601"


@pytest.mark.parametrize(
    ("crs", "x", "y", "size", "expected"),
    [
        ("EPSG:32633", 400000, 5800000, 10, (10, 10)),
        ("EPSG:4326", 0, 0.0005, 0.001, (111.32, 110.57)),
        ("EPSG:4326", 13, 60.0005, 0.001, (55.80, 111.41)),
        ("EPSG:3857", 1500000, 8399737, 10, (5.02, 5.0)),
        ("EPSG:2263", 1000000, 200000, 100, (30.48, 30.48)),
        ("", 0, 0, 3, (3, 3)),
    ],
)
def test_pixel_size_in_metres(crs, x, y, size, expected):
    found = metres_per_pixel(crs_wkt(crs), (x, size, 0, y, 0, -size), 1, 1)
    assert found == pytest.approx(expected, rel=5e-3)


def test_a_grid_made_of_a_code_holds_wkt_and_metres():
    grid = make_grid("EPSG:4326", (13.0, 0.001, 0, 52.0, 0, -0.001), 10, 10)
    assert is_geographic(grid.crs)
    assert grid.metres[1] == pytest.approx(111.3, abs=0.1)


def test_category_names_and_colours_are_read(write_raster):
    path = write_raster("a.tif", np.zeros((2, 2), np.uint8))
    tiff = gdal.Open(path, gdal.GA_Update)
    table = gdal.ColorTable()
    table.SetColorEntry(1, (255, 0, 16, 255))
    tiff.GetRasterBand(1).SetColorTable(table)
    tiff.GetRasterBand(1).SetCategoryNames(["none", "water"])
    tiff = None
    info = inspect(path)
    assert info.category_names[:2] == ("none", "water")
    assert info.color_table[1] == "#ff0010"
