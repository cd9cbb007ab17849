from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.data.modalities import describe_inputs
from landfuse.core.data.raster_description import inspect
from landfuse.core.data.spectral import BandMetadata, read_spectra
from landfuse.core.errors import BandError
from landfuse.core.job import RasterInput
from osgeo import gdal


@pytest.fixture
def write_envi(tmp_path):
    """Return a function that writes a cube of three bands with these lines in its header."""

    def write(*lines, bands=3):
        values = np.random.default_rng(0).integers(1, 9999, (bands, 4, 4)).astype(np.int16)
        path = tmp_path / "cube.img"
        path.write_bytes(values.tobytes())
        head = ["ENVI", "samples = 4", "lines = 4", f"bands = {bands}", "data type = 2"]
        head += ["interleave = bsq", "byte order = 0", *lines]
        path.with_suffix(".hdr").write_text("\n".join(head) + "\n")
        return str(path)

    return write


def spectra(path):
    return [(b.wavelength, b.width, b.bad) for b in inspect(path).bands]


NANOMETRES = [(450, 10, False), (550, 10, True), (650, 20, False)]


@pytest.mark.parametrize(
    "lines",
    [
        ("wavelength units = Nanometers", "wavelength = {450, 550, 650}", "fwhm = {10, 10, 20}"),
        ("WAVELENGTH UNITS = NANOMETERS", "Wavelength = {450, 550, 650}", "FWHM = {10, 10, 20}"),
        ("wavelength = {450.0,", "550.0,", "650.0}", "fwhm = {10,", "10, 20}"),  # no unit, several lines
        ("wavelength units = Micrometers", "wavelength = {0.45, 0.55, .65}", "fwhm = {0.01, 0.01, 0.02}"),
        ("wavelength units = um", "wavelength = {0.45, 0.55, 0.65}", "fwhm = {1e-2, 1e-2, 2e-2}"),
        ("wavelength = {0.45, 0.55, 0.65}", "fwhm = {0.01, 0.01, 0.02}"),
        (
            "wavelength units = Nanometers", "wavelength = {450, 550, 650}", "fwhm = {10, 10, 20}",
            "band names = {a, b (2.0 um), c}",
        ),
    ],
)  # fmt: skip
def test_envi_headers_in_nanometres_and_micrometres(write_envi, lines):
    path = write_envi(*lines, "bbl = {1, 0, 1}")
    for found, expected in zip(spectra(path), NANOMETRES):
        assert found == pytest.approx(expected)


def test_bad_bands_of_an_envi_header_are_left_out_and_told(write_envi):
    path = write_envi("wavelength = {450, 550, 650}", "bbl = {1.000, 0.000, 1.000}")
    hsi = describe_inputs({"hsi": [RasterInput(path)]})["hsi"]
    assert [band.number for band in hsi.bands] == [1, 3]
    assert hsi.notes[-1] == ("hsi: 1 of 3 bands of cube.img are left out: 2 (flagged bad in the metadata).")


def test_lists_of_another_length_are_not_believed(write_envi):
    path = write_envi("wavelength = {450, 550, 650}", "fwhm = {10, 20}", "bbl = {0, 1}")
    assert spectra(path) == [(450, None, False), (550, None, False), (650, None, False)]
    assert spectra(write_envi("bbl = {0, 0, 0}"))[0] == (None, None, True)
    with pytest.raises(BandError, match=r"1-3 \(flagged bad in the metadata\)"):
        describe_inputs({"hsi": [RasterInput(write_envi("bbl = {0, 0, 0}"))]})


def test_names_tell_the_wavelength_where_nothing_else_does(write_raster):
    names = "band 1 (450.5 Nanometers)", "0.55 µm", "red"
    path = write_raster("a.tif", np.ones((3, 2, 2), np.uint8), names=names)
    assert [b[0] for b in spectra(path)] == [450.5, pytest.approx(550), None]


def test_lists_of_the_whole_file_are_read_from_any_format(write_raster):
    path = write_raster("a.tif", np.ones((2, 2, 2), np.uint8))
    tiff = gdal.Open(path, gdal.GA_Update)
    for key, value in {
        "wavelength": "{0.45, 0.55}",
        "wavelength_units": "Micrometers",
        "fwhm": "{.01,.02}",
    }.items():
        tiff.SetMetadataItem(key, value, "ENVI")
    tiff = None
    assert [b[:2] for b in spectra(path)] == [pytest.approx((450, 10)), pytest.approx((550, 20))]


def one(items=(), imagery=(), name="band 1", dataset=()):
    (found,) = read_spectra(dict(dataset), [BandMetadata(dict(items), dict(imagery), name)], "a.tif")
    return found.wavelength, found.width


def test_gdals_imagery_domain():
    assert one(imagery={"CENTRAL_WAVELENGTH_UM": "0.665", "FWHM_UM": "0.03"}) == pytest.approx((665, 30))


def test_sentinel2_subdatasets_of_gdal():
    items = {
        "BANDNAME": "B4",
        "BANDWIDTH": "30",
        "BANDWIDTH_UNIT": "nm",
        "WAVELENGTH": "665",
        "WAVELENGTH_UNIT": "nm",
    }
    assert one(items) == (665, 30)


def test_a_unit_of_the_whole_file_holds_for_its_bands():
    assert one({"wavelength": "1.6"}, dataset={"wavelength_units": "Micrometers"})[0] == pytest.approx(1600)
    assert one({"wavelength": "665 nm"}) == (665, None)


PRISMA = {
    "List_Cw_Vnir": "972.5 961.1 0 ", "List_Fwhm_Vnir": "13.1 12.9 0",
    "List_Cw_Swir": "2497.1 2490.2", "List_Fwhm_Swir": "9.1 9.2",
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ('HDF5:"PRS_L2D.he5"://HDFEOS/SWATHS/PRS_L2D_HCO/Data_Fields/VNIR_Cube', [972.5, 961.1, None]),
        ('HDF5:"PRS_L2D.he5"://HDFEOS/SWATHS/PRS_L2D_HCO/Data_Fields/SWIR_Cube', [2497.1, 2490.2]),
        ("PRS_L2D.tif", [972.5, 961.1, None, 2497.1, 2490.2]),  # both cubes in one file
        ("PRS_L2D_SWIR.tif", [2497.1, 2490.2]),
        ("PRS_L2D.tif", [None] * 4),  # the lists fit neither
    ],
)
def test_prisma_lists(path, expected):
    bands = [BandMetadata({}, {}, f"band {i}") for i, _ in enumerate(expected)]
    found = read_spectra(PRISMA, bands, path)
    assert [s.wavelength for s in found] == expected
    assert [s.bad for s in found] == [len(expected) != 4 and w is None for w in expected]
