"""The minimum mapping unit on small arrays whose patches can be counted."""

from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.data.raster_description import inspect
from landfuse.core.dispatch import run_job
from landfuse.core.errors import Cancelled, ClassesError, JobError
from landfuse.core.evaluation.minimum_mapping_unit_job import smallest_patch
from landfuse.core.job_file import parse_job
from landfuse.core.progress import Progress

gdal = pytest.importorskip("osgeo.gdal", reason="needs GDAL")
osr = pytest.importorskip("osgeo.osr", reason="needs GDAL")

RAW = np.uint8(
    [
        [1, 1, 1, 1, 2, 2],
        [1, 3, 1, 1, 2, 2],
        [1, 1, 1, 1, 2, 2],
        [4, 0, 2, 1, 2, 2],
        [4, 0, 1, 1, 1, 2],
    ]
)
COLORS = [(0, 0, 0), (0, 0, 255), (0, 128, 0), (255, 200, 0), (9, 9, 9)]


def write_map(path, values, kind=gdal.GDT_Byte, crs="EPSG:32633"):
    data = gdal.GetDriverByName("GTiff").Create(str(path), values.shape[1], values.shape[0], 1, kind)
    data.SetGeoTransform((500000.0, 10.0, 0, 5800000.0, 0, -10.0))
    if crs:
        reference = osr.SpatialReference()
        reference.SetFromUserInput(crs)
        data.SetProjection(reference.ExportToWkt())
    band = data.GetRasterBand(1)
    band.SetNoDataValue(0)
    band.SetCategoryNames(["", "Water", "Forest", "Field", "Rock"])
    table = gdal.ColorTable()
    for value, color in enumerate(COLORS):
        table.SetColorEntry(value, (*color, 255))
    if kind == gdal.GDT_Byte:
        band.SetColorTable(table)
    band.WriteArray(values)
    return str(path)


def sieve(folder, path, unit, corners=False, progress=None):
    job = parse_job(
        {
            "kind": "minimummappingunit",
            "parameters": {"classmap": path, "unit": unit, "corners": corners},
            "outputs": {"filtered": "filtered.tif"},
        },
        folder,
    )
    result = run_job(job, progress or Progress())
    return gdal.Open(result.outputs["filtered"]).ReadAsArray(), result


def test_small_patches_take_the_class_of_their_largest_neighbour(tmp_path):
    path = write_map(tmp_path / "raw.tif", RAW)
    found, result = sieve(tmp_path, path, unit=190.0)
    expected = RAW.copy()
    expected[1, 1] = 1  # Field amid water
    expected[3, 2] = 1  # one pixel of forest between water and nodata
    assert np.array_equal(found, expected)
    assert result.numbers["SMALLEST_PATCH"] == 2
    assert result.numbers["CHANGED_SHARE"] == pytest.approx(2 / 28)
    assert np.array_equal(gdal.Open(path).ReadAsArray(), RAW)


def test_nodata_stays_and_is_no_neighbour(tmp_path):
    # Two pixels of rock touch water above and nodata beside: with a larger unit they become water.
    found, _ = sieve(tmp_path, write_map(tmp_path / "raw.tif", RAW), unit=290.0)
    assert found[3:, 0].tolist() == [1, 1]
    assert np.array_equal(found == 0, RAW == 0)


def test_an_island_in_nodata_stays(tmp_path):
    values = np.zeros((5, 5), np.uint8)
    values[2, 2] = 3
    values[0] = 1
    found, _ = sieve(tmp_path, write_map(tmp_path / "raw.tif", values), unit=500.0)
    assert found[2, 2] == 3


def test_pixels_joined_at_a_corner_are_one_patch_if_asked(tmp_path):
    values = np.full((4, 4), 1, np.uint8)
    values[1, 1] = values[2, 2] = 2
    path = write_map(tmp_path / "raw.tif", values)
    assert (sieve(tmp_path, path, unit=150.0)[0] == 1).all()
    assert np.array_equal(sieve(tmp_path, path, unit=150.0, corners=True)[0], values)


def test_colours_names_and_style_are_kept(tmp_path):
    path = write_map(tmp_path / "raw.tif", RAW)
    (tmp_path / "raw.qml").write_text("<qgis>mine</qgis>", encoding="utf-8")
    _, result = sieve(tmp_path, path, unit=190.0)
    info = inspect(result.outputs["filtered"])
    assert info.category_names[1:] == ("Water", "Forest", "Field", "Rock")
    assert info.color_table[3] == "#ffc800"
    assert info.band(1).nodata == (0.0,)
    assert (tmp_path / "filtered.qml").read_text(encoding="utf-8") == "<qgis>mine</qgis>"


def test_without_a_style_file_one_is_made(tmp_path):
    sieve(tmp_path, write_map(tmp_path / "raw.tif", RAW), unit=190.0)
    assert 'label="Forest"' in (tmp_path / "filtered.qml").read_text(encoding="utf-8")


def test_class_values_above_255_stay(tmp_path):
    values = RAW.astype(np.uint16)
    values[values == 2] = 300
    found, _ = sieve(tmp_path, write_map(tmp_path / "raw.tif", values, gdal.GDT_UInt16), unit=190.0)
    assert found[0, 5] == 300
    assert found[3, 2] == 1


def test_a_unit_of_one_pixel_changes_nothing(tmp_path):
    found, result = sieve(tmp_path, write_map(tmp_path / "raw.tif", RAW), unit=100.0)
    assert np.array_equal(found, RAW)
    assert result.numbers == {"SMALLEST_PATCH": 1, "CHANGED_SHARE": 0.0}


def test_a_map_without_a_class_is_refused(tmp_path):
    with pytest.raises(ClassesError, match="no pixel"):
        sieve(tmp_path, write_map(tmp_path / "raw.tif", np.zeros((3, 3), np.uint8)), unit=100.0)


@pytest.mark.parametrize("stage", ["Reading", "Removing"])
def test_cancelling_leaves_nothing(tmp_path, stage):
    path, seen = write_map(tmp_path / "raw.tif", RAW), []

    def send(event):
        seen.append(event.get("stage", ""))

    progress = Progress(send, lambda: bool(seen) and seen[-1].startswith(stage))
    with pytest.raises(Cancelled):
        sieve(tmp_path, path, unit=190.0, progress=progress)
    left = {p.name for p in tmp_path.iterdir()} - {"raw.tif", "raw.tif.aux.xml"}
    assert left == set()


@pytest.mark.parametrize(("unit", "pixel", "pixels"), [(100, 100, 1), (101, 100, 2), (0, 4, 1), (50, 4, 13)])
def test_a_patch_must_reach_the_unit(unit, pixel, pixels):
    assert smallest_patch(unit, pixel) == pixels


def test_a_unit_beyond_all_maps_is_refused():
    with pytest.raises(JobError):
        smallest_patch(1e20, 1.0)
