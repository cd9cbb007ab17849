"""Product folders and containers like those that agencies deliver, in miniature."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
from landfuse.core.data.grid_choice import choose_grid
from landfuse.core.data.modalities import describe_inputs
from landfuse.core.data.product_metadata import with_product_metadata
from landfuse.core.data.raster_description import inspect
from landfuse.core.data.recipes import repeat_recipes
from landfuse.core.data.stack import Stack
from landfuse.core.data.windows import Window
from landfuse.core.errors import RasterReadError
from landfuse.core.job import GridRequest, RasterInput
from osgeo import gdal, osr

UTM = "EPSG:32633"
METRES = {
    "B01": 60, "B02": 10, "B03": 10, "B04": 10, "B05": 20, "B06": 20, "B07": 20, "B08": 10, "B8A": 20,
    "B09": 60, "B11": 20, "B12": 20,
}  # fmt: skip
CODES = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12")
XML = """<?xml version="1.0" encoding="UTF-8"?>
<n1:Level-2A_User_Product xmlns:n1="https://psd-14.sentinel2.eo.esa.int/PSD/User_Product_Level-2A.xsd">
 <n1:General_Info><Product_Image_Characteristics>
  <Special_Values><SPECIAL_VALUE_TEXT>NODATA</SPECIAL_VALUE_TEXT><SPECIAL_VALUE_INDEX>0</SPECIAL_VALUE_INDEX></Special_Values>
  <Special_Values><SPECIAL_VALUE_TEXT>SATURATED</SPECIAL_VALUE_TEXT><SPECIAL_VALUE_INDEX>65535</SPECIAL_VALUE_INDEX></Special_Values>
  <QUANTIFICATION_VALUES_LIST><BOA_QUANTIFICATION_VALUE unit="none">10000</BOA_QUANTIFICATION_VALUE>
   <AOT_QUANTIFICATION_VALUE unit="none">1000.0</AOT_QUANTIFICATION_VALUE></QUANTIFICATION_VALUES_LIST>
  <BOA_ADD_OFFSET_VALUES_LIST>%s</BOA_ADD_OFFSET_VALUES_LIST>
 </Product_Image_Characteristics></n1:General_Info>
</n1:Level-2A_User_Product>"""


def write_raster(path, data, pixel=10.0, x=400000.0, crs=UTM, driver="GTiff", **band_settings):
    data = np.asarray(data)
    data = data[None] if data.ndim == 2 else data
    kind = {"uint16": gdal.GDT_UInt16, "int16": gdal.GDT_Int16, "uint8": gdal.GDT_Byte}.get(
        data.dtype.name, gdal.GDT_Float32
    )
    dataset = gdal.GetDriverByName("MEM").Create("", data.shape[2], data.shape[1], len(data), kind)
    if pixel:
        dataset.SetGeoTransform((x, pixel, 0, 5800000.0, 0, -pixel))
        reference = osr.SpatialReference()
        reference.SetFromUserInput(crs)
        dataset.SetProjection(reference.ExportToWkt())
    for number, values in enumerate(data, 1):
        dataset.GetRasterBand(number).WriteArray(values)
    path.parent.mkdir(parents=True, exist_ok=True)
    options = ["QUALITY=100", "REVERSIBLE=YES"] if driver == "JP2OpenJPEG" else []
    assert gdal.GetDriverByName(driver).CreateCopy(str(path), dataset, options=options)
    return str(path)


def stored(code, side):
    """Values of a band: 2000 + its place among the bands, with a hole in the upper left corner."""
    values = np.full((side, side), 2000 + CODES.index(code), np.uint16)
    values[0, 0], values[-1, -1] = 0, 3000
    return values


@pytest.fixture
def safe(tmp_path):
    """A Sentinel-2 L2A product of 120 m x 120 m, bands as JPEG 2000 in three resolutions."""
    folder = tmp_path / "S2B_MSIL2A_20230701T100559_N0509_R022_T33UUU_20230701T120000.SAFE"
    images = folder / "GRANULE" / "L2A_T33UUU_A033000_20230701T100559" / "IMG_DATA"
    stem = "T33UUU_20230701T100559"
    for code, finest in METRES.items():
        for metres in (10, 20, 60):
            if metres >= finest:
                path = images / f"R{metres}m" / f"{stem}_{code}_{metres}m.jp2"
                write_raster(path, stored(code, 120 // metres), metres, driver="JP2OpenJPEG")
    for name in ("TCI_10m", "SCL_20m", "AOT_20m", "WVP_10m"):
        metres = int(name[-3:-1])
        values = np.ones((120 // metres, 120 // metres), np.uint8)
        write_raster(images / f"R{metres}m" / f"{stem}_{name}.jp2", values, metres, driver="JP2OpenJPEG")
    quality = images.parent / "QI_DATA"
    write_raster(quality / "MSK_DETFOO_B02.jp2", np.ones((12, 12), np.uint8), driver="JP2OpenJPEG")
    write_raster(quality / f"{stem}_PVI.jp2", np.ones((12, 12), np.uint8), driver="JP2OpenJPEG")
    offsets = "".join(f'<BOA_ADD_OFFSET band_id="{i}">-1000</BOA_ADD_OFFSET>' for i in range(13))
    (folder / "MTD_MSIL2A.xml").write_text(XML % offsets, encoding="utf-8")
    (folder / "manifest.safe").write_text("<xml/>")
    return folder


def describe(*rasters, key="optical"):
    rasters = [r if isinstance(r, RasterInput) else RasterInput(str(r)) for r in rasters]
    return describe_inputs({key: rasters})[key]


def values_of(modality, row=1, col=1):
    grid, _ = choose_grid({modality.key: modality}, GridRequest())
    with Stack({modality.key: modality}, grid) as stack:
        return stack.read(Window(0, 0, grid.rows, grid.cols)).data[modality.key][:, row, col]


def test_a_sentinel2_product_gives_every_band_at_its_finest_resolution(safe):
    optical = describe(safe)
    assert [r.info.grid.pixel_metres for r in optical.rasters] == [
        60, 10, 10, 10, 20, 20, 20, 10, 20, 60, 20, 20,
    ]  # fmt: skip
    assert [b.name for b in optical.bands] == [code for code in CODES if code != "B10"]
    assert [b.wavelength for b in optical.bands][1:3] == [492.4, 559.8]
    assert optical.bands[1].width == 66
    assert optical.quantity == "reflectance"
    assert "S2B_MSIL2A" in optical.notes[0]
    assert "bands B01 (60 m), B02 (10 m)" in optical.notes[0]
    assert "AOT, PVI, SCL, TCI, WVP left out" in optical.notes[1]
    assert optical.notes[3] == "optical: measurement = stored value x 0.0001 -0.1 by MTD_MSIL2A.xml."


def test_the_offset_and_the_hole_of_a_product_are_used(safe):
    expected = [(2000 + CODES.index(code) - 1000) / 1e4 for code in METRES]
    assert values_of(describe(safe), 11, 0) == pytest.approx(expected, abs=1e-5)
    assert np.isnan(values_of(describe(safe), 0, 0)[1])


def test_what_the_job_says_wins_over_the_product(safe):
    band = describe(RasterInput(str(safe), offset=0.0, scale=1.0)).rasters[1].info.bands[0]
    assert (band.scale, band.offset) == (1, 0)


@pytest.mark.parametrize("inside", ["MTD_MSIL2A.xml", "manifest.safe", "GRANULE", ""])
def test_any_file_or_folder_of_a_product_stands_for_it(safe, inside):
    assert len(describe(safe / inside if inside else str(safe) + "/").bands) == 12


def test_a_folder_of_products_and_an_archive(safe, tmp_path):
    assert len(describe(tmp_path).bands) == 12
    archive = shutil.make_archive(str(tmp_path / "product"), "zip", tmp_path, safe.name)
    optical = describe(archive)
    assert len(optical.bands) == 12
    assert optical.rasters[0].info.bands[0].offset == pytest.approx(-0.1)


def test_single_band_files_out_of_a_product_know_their_metadata(safe):
    files = sorted(safe.rglob("*_10m.jp2"))
    red, green = (next(f for f in files if code in f.name) for code in ("B04", "B03"))
    optical = describe(red, green)
    assert [b.wavelength for b in optical.bands] == [664.6, 559.8]
    assert optical.rasters[0].info.bands[0].scale == pytest.approx(1e-4)


def test_the_bands_of_a_product_are_counted_over_its_files(safe):
    chosen = describe(RasterInput(str(safe), bands="4,2-3"))
    assert [b.name for b in chosen.bands] == ["B04", "B02", "B03"]


def test_a_model_trained_on_a_stack_is_applied_to_a_product(safe, tmp_path):
    wavelengths = {"B08": 833, "B04": 665, "B02": 492}
    data = np.stack([stored(code, 12).astype(np.float32) / 1e4 for code in wavelengths])
    path = write_raster(tmp_path / "stack" / "stack.tif", data)
    tiff = gdal.Open(path, gdal.GA_Update)
    for number, wavelength in enumerate(wavelengths.values(), 1):
        tiff.GetRasterBand(number).SetMetadataItem("wavelength", str(wavelength))
    tiff = None
    recipe = {"optical": describe(path).to_json()}
    found = repeat_recipes({"optical": [RasterInput(str(safe))]}, recipe)["optical"]
    assert [b.name for b in found.bands] == ["B08", "B04", "B02"]


def test_sentinel2_files_in_a_plain_folder(tmp_path):
    for code in ("B02", "B10", "B8A", "B12"):
        write_raster(tmp_path / f"{code}.tif", stored(code, 12))
    optical = describe(tmp_path)
    assert [b.name for b in optical.bands] == ["B02", "B8A", "B12"]
    assert "optical: 1 of 1 bands of B10.tif are left out: 1 (in a water vapour range)." in optical.notes
    assert "wavelengths by the band codes of Sentinel-2 in the file names." in optical.notes[1]


def test_landsat_bands_and_their_scale(tmp_path):
    stem = "LC08_L2SP_193023_20200701_20200913_02_T1"
    for number in range(1, 8):
        write_raster(tmp_path / f"{stem}_SR_B{number}.TIF", stored("B02", 6), 30.0)
    write_raster(tmp_path / f"{stem}_QA_PIXEL.TIF", stored("B02", 6), 30.0)
    lines = [
        f"REFLECTANCE_{k}_BAND_{n} = {v}" for n in range(1, 8) for k, v in (("MULT", 2.75e-05), ("ADD", -0.2))
    ]
    (tmp_path / f"{stem}_MTL.txt").write_text("\n".join([*lines, "REFLECTANCE_MULT_BAND_1 = 2.0E-05"]))
    optical = describe(tmp_path / f"{stem}_MTL.txt")
    assert [b.wavelength for b in optical.bands] == [443, 482, 561.4, 654.6, 864.7, 1608.9, 2200.7]
    assert values_of(optical) == pytest.approx([2001 * 2.75e-5 - 0.2] * 7, abs=1e-5)
    assert any("QA_PIXEL left out" in note for note in optical.notes)


def test_enmap_metadata_beside_the_image(tmp_path):
    stem = "ENMAP01-____L2A-DT0000001867_20220724T104526Z_008_V010302_20230628T165614Z"
    image = write_raster(tmp_path / f"{stem}-SPECTRAL_IMAGE.TIF", np.full((2, 6, 6), 500, np.int16))
    write_raster(tmp_path / f"{stem}-QL_QUALITY_CLOUD.TIF", np.ones((6, 6), np.uint8))
    band = (
        '<bandID number="{0}"><wavelengthCenterOfBand>{1}</wavelengthCenterOfBand>'
        "<FWHMOfBand>7.5</FWHMOfBand><GainOfBand>0.0001</GainOfBand><OffsetOfBand>0</OffsetOfBand></bandID>"
    )
    xml = (
        "<level_X><product><bandStatistics><bandID number='1'><minimum>0</minimum></bandID></bandStatistics>"
        "</product><specific><backgroundValue>-32768</backgroundValue><bandCharacterisation>"
        + band.format(1, 418.4) + band.format(2, 424.0)
        + "</bandCharacterisation></specific></level_X>"
    )  # fmt: skip
    metadata = tmp_path / f"{stem}-METADATA.XML"
    metadata.write_text(xml)
    for path in (image, metadata, tmp_path):
        info = describe(RasterInput(str(path), bands="1-2"), key="hsi").rasters[0].info
        assert [(b.wavelength, b.width) for b in info.bands] == [(418.4, 7.5), (424.0, 7.5)]
        assert [(b.scale, b.nodata) for b in info.bands] == [(1e-4, (-32768.0,))] * 2
    metadata.write_text("<level_X>")
    with pytest.raises(RasterReadError, match="metadata of the product cannot be read"):
        describe(image, key="hsi")


def test_a_plain_folder_gives_all_rasters_but_class_maps_and_pictures(tmp_path):
    for number in (10, 2, 1):
        write_raster(tmp_path / f"date{number}.tif", stored("B02", 6).astype(np.float32))
    write_raster(tmp_path / "preview.png", np.ones((3, 6, 6), np.uint8), 0, driver="PNG")
    labels = write_raster(tmp_path / "labels.tif", np.ones((6, 6), np.uint8))
    tiff = gdal.Open(labels, gdal.GA_Update)
    tiff.GetRasterBand(1).SetCategoryNames(["none", "water"])
    tiff = None
    (tmp_path / "notes.txt").write_text("x")
    other = describe(tmp_path, key="other")
    assert [r.name for r in other.rasters] == ["date1.tif", "date2.tif", "date10.tif"]
    assert "3 rasters: date1.tif, date2.tif, date10.tif." in other.notes[0]
    assert "labels.tif, preview.png left out" in other.notes[1]


def test_a_folder_without_rasters_is_told(tmp_path):
    (tmp_path / "readme.txt").write_text("x")
    with pytest.raises(RasterReadError, match="The folder holds no raster"):
        describe(tmp_path)


@pytest.fixture
def write_netcdf(tmp_path):
    """Return a function that writes variables {name: (rows, cols)} with coordinates into one file."""

    def write(name, variables, attributes=None):
        path = str(tmp_path / name)
        dataset = gdal.GetDriverByName("netCDF").CreateMultiDimensional(path, [], ["FORMAT=NC4"])
        group, number = dataset.GetRootGroup(), gdal.ExtendedDataType.Create(gdal.GDT_Float64)
        for text, value in (attributes or {}).items():
            group.CreateAttribute(text, [], gdal.ExtendedDataType.CreateString()).Write(value)
        reference = osr.SpatialReference()
        reference.SetFromUserInput(UTM)
        axes = {}
        for size in dict.fromkeys(s for shape in variables.values() for s in shape[-2:]):
            for axis, kind in (("y", "HORIZONTAL_Y"), ("x", "HORIZONTAL_X")):
                label = axis if not axes or axis not in {k[0] for k in axes} else f"{axis}{size}"
                axes[axis, size] = group.CreateDimension(label, kind, None, size)
                array = group.CreateMDArray(label, [axes[axis, size]], number)
                places = 10.0 * np.arange(size) + 5
                array.Write(5800000 - places if axis == "y" else 400000 + places)
        for label, (*layers, rows, cols) in variables.items():
            bands = [group.CreateDimension(f"{label}_{size}", None, None, size) for size in layers]
            place = [*bands, axes["y", rows], axes["x", cols]]
            array = group.CreateMDArray(label, place, gdal.ExtendedDataType.Create(gdal.GDT_Float32))
            array.SetSpatialRef(reference)
            values = len(label) + np.random.default_rng(0).uniform(0, 0.1, (*layers, rows, cols))
            array.Write(values.astype(np.float32))
            array = None
        return path

    return write


def test_the_variables_of_a_netcdf_file_on_one_grid_are_joined(write_netcdf):
    path = write_netcdf("two.nc", {"red": (6, 6), "green": (6, 6), "quality_flag": (6, 6)})
    other = describe(path, key="other")
    assert [r.name for r in other.rasters] == ["two.nc:red", "two.nc:green"]
    assert np.floor(values_of(other)).tolist() == [3, 5]
    assert other.notes[0] == "other: two.nc: red, green are used."
    assert "quality_flag left out" in other.notes[1]


def test_one_variable_can_be_named(write_netcdf):
    path = write_netcdf("two.nc", {"red": (6, 6), "green": (6, 6)})
    assert np.floor(values_of(describe(f'NETCDF:"{path}":green', key="other"))).tolist() == [5]
    assert len(describe(write_netcdf("one.nc", {"red": (6, 6)}), key="other").bands) == 1


def test_variables_on_other_grids_are_an_error_that_names_them(write_netcdf):
    path = write_netcdf("two.nc", {"red": (6, 6), "coarse": (3, 3)})
    with pytest.raises(RasterReadError, match=r"do not lie on one grid: NETCDF:.*red.*coarse") as refused:
        describe(path)
    assert 'NETCDF:"f.nc":name' in refused.value.remedy


PRISMA = {
    "List_Cw_Vnir": "972.5 961.1 0", "List_Fwhm_Vnir": "13 12.9 0", "List_Cw_Swir": "2400 2300",
    "L2ScaleVnirMin": "0", "L2ScaleVnirMax": "1.5",
}  # fmt: skip


def test_the_cubes_of_a_prisma_file_have_their_wavelengths(write_netcdf):
    """A netCDF 4 file is an HDF5 file, which GDAL can write."""
    cubes = {"VNIR_Cube": (3, 6, 6), "SWIR_Cube": (2, 6, 6), "PAN": (4, 4)}
    hsi = describe(write_netcdf("PRS_L2D.he5", cubes, PRISMA), key="hsi")
    assert sorted(b.wavelength for b in hsi.bands) == [961.1, 972.5, 2300, 2400]
    assert any("1 of 3 bands of PRS_L2D.he5:VNIR_Cube are left out: 3 (flagged bad" in n for n in hsi.notes)
    vnir = next(r for r in hsi.rasters if r.name.endswith("VNIR_Cube"))
    assert vnir.info.bands[0].scale == pytest.approx(1.5 / 65535)


def test_a_prisma_cube_that_gdal_turns_is_refused(write_netcdf):
    path = write_netcdf("PRS_L2D.he5", {"VNIR_Cube": (6, 3, 6)}, PRISMA)
    with pytest.raises(RasterReadError, match="takes the 3 bands of the PRISMA cube for rows"):
        describe(f'HDF5:"{path}"://VNIR_Cube', key="hsi")


def test_an_hdf4_file_is_read(tmp_path):
    path = write_raster(tmp_path / "a.hdf", stored("B02", 6).astype(np.int16), driver="HDF4Image")
    assert len(describe(path, key="other").bands) == 1


def test_subdatasets_of_gdals_sentinel2_driver(safe, tmp_path):
    """Its bands are named so; QGIS passes the dataset's name. By-products are no bands."""
    names = ("B4, central wavelength 665 nm", "B8A, central wavelength 865 nm", "SCL, Scene Classification")
    path = write_raster(tmp_path / "sub.tif", np.full((3, 6, 6), 2000, np.uint16))
    tiff = gdal.Open(path, gdal.GA_Update)
    tiff.SetMetadataItem("BOA_QUANTIFICATION_VALUE", "10000")
    for number, name in enumerate(names, 1):
        tiff.GetRasterBand(number).SetDescription(name)
    tiff = None
    named = replace(inspect(path), path=f"SENTINEL2_L2A:{safe}/MTD_MSIL2A.xml:20m:EPSG_32633")
    info, notes = with_product_metadata(named)
    assert [(b.wavelength, b.width, b.alpha) for b in info.bands[:2]] == [(665, 31, False), (865, 21, False)]
    assert [b.offset for b in info.bands[:2]] == pytest.approx([-0.1, -0.1])
    assert info.bands[2].alpha
    assert notes[-1] == "left out, as no reflectance: SCL."


def test_numbered_files_are_no_bands_of_sentinel2(tmp_path):
    for number in range(8, 13):
        write_raster(tmp_path / f"b{number}.tif", stored("B02", 8))
    modality = describe(*sorted(tmp_path.glob("b*.tif")))
    assert [band.wavelength for band in modality.bands] == [None] * 5
