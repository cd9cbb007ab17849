from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from landfuse.core.data.band_reader import read_band_window
from landfuse.core.data.classes import LandClass
from landfuse.core.data.raster_description import inspect
from landfuse.core.data.raster_io import same_crs
from landfuse.core.data.raster_output import create_class_map, create_float_raster
from landfuse.core.data.staged_output import check_writable
from landfuse.core.data.windows import Window, iter_tiles
from landfuse.core.errors import Cancelled, OutputError

CLASSES = (LandClass(1, "water & ice", "#0000ff"), LandClass(7, 'built "dense"', "#ff0010"))


def write_map(path, grid, values, classes=CLASSES):
    with create_class_map(path, grid, classes) as output:
        for window in iter_tiles(grid.rows, grid.cols, 100):
            output.write(window, values[window.slices()])


def test_a_class_map_comes_back_with_values_names_colours_and_place(tmp_path, coarse):
    grid = coarse(1, 150, 230)
    values = np.random.default_rng(0).choice([0, 1, 7], size=grid.shape).astype(np.uint8)
    path = tmp_path / "map.tif"
    write_map(path, grid, values)
    info = inspect(str(path))
    assert np.array_equal(read_band_window(str(path), 1, Window(0, 0, 150, 230)), values)
    assert info.grid.transform == grid.transform
    assert same_crs(info.grid.crs, grid.crs)
    assert (info.bands[0].dtype, info.bands[0].nodata) == ("Byte", (0.0,))
    assert (info.category_names[1], info.category_names[7]) == ("water & ice", 'built "dense"')
    assert (info.color_table[1], info.color_table[7]) == ("#0000ff", "#ff0010")
    assert sorted(os.listdir(tmp_path)) == ["map.qml", "map.tif", "map.tif.aux.xml"]


def test_values_above_255_take_16_bits(tmp_path, coarse):
    grid = coarse(1, 1, 2)
    path = tmp_path / "map.tif"
    write_map(
        path,
        grid,
        np.array([[300, 65535]]),
        (LandClass(300, "a", "#010203"), LandClass(65535, "b", "#040506")),
    )
    info = inspect(str(path))
    assert info.bands[0].dtype == "UInt16"
    assert read_band_window(str(path), 1, Window(0, 0, 1, 2)).tolist() == [[300, 65535]]
    assert info.category_names[65535] == "b"
    assert info.color_table[65535] == "#040506"


def test_the_file_is_tiled_compressed_and_has_overviews(tmp_path, coarse):
    from osgeo import gdal

    grid = coarse(1, 1500, 700)
    path = tmp_path / "map.tif"
    write_map(path, grid, np.ones(grid.shape, np.uint8))
    tiff = gdal.Open(str(path))
    assert tiff.GetRasterBand(1).GetBlockSize() == [256, 256]
    assert tiff.GetMetadataItem("COMPRESSION", "IMAGE_STRUCTURE") == "DEFLATE"
    assert tiff.GetRasterBand(1).GetOverviewCount() >= 2
    assert tiff.GetRasterBand(1).GetOverview(0).ReadAsArray().max() == 1
    assert not (tmp_path / "map.tif.ovr").exists()


def test_the_style_lists_every_class(tmp_path, coarse):
    write_map(tmp_path / "map.tif", coarse(1, 2, 2), np.ones((2, 2), np.uint8))
    style = ET.parse(tmp_path / "map.qml").getroot()
    entries = [(e.get("value"), e.get("color"), e.get("label")) for e in style.iter("paletteEntry")]
    assert entries == [("1", "#0000ff", "water & ice"), ("7", "#ff0010", 'built "dense"')]


def test_probabilities_have_named_bands_and_nan_as_nodata(tmp_path, coarse):
    grid = coarse(1, 3, 4)
    values = np.random.default_rng(0).random((2, 3, 4)).astype(np.float32)
    values[:, 0, 0] = np.nan
    with create_float_raster(tmp_path / "p.tif", grid, ["water", "forest"]) as output:
        output.write(Window(0, 0, 3, 4), values)
    info = inspect(str(tmp_path / "p.tif"))
    assert [b.name for b in info.bands] == ["water", "forest"]
    assert np.isnan(info.bands[0].nodata[0])
    found = [read_band_window(info.path, b, Window(0, 0, 3, 4)) for b in (1, 2)]
    assert np.array_equal(np.stack(found), values, equal_nan=True)


def break_off(path, grid, error):
    with create_class_map(path, grid, CLASSES) as output:
        output.write(Window(0, 0, 2, 4), np.full((2, 4), 7))
        raise error


@pytest.mark.parametrize("error", [Cancelled(), ValueError("x"), KeyboardInterrupt()])
def test_a_run_that_ends_early_leaves_nothing_behind(tmp_path, coarse, error):
    with pytest.raises(type(error)):
        break_off(tmp_path / "map.tif", coarse(1, 4, 4), error)
    assert os.listdir(tmp_path) == []


def test_a_cancelled_run_keeps_the_older_file(tmp_path, coarse):
    write_map(tmp_path / "map.tif", coarse(1, 2, 2), np.ones((2, 2)))
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    with pytest.raises(Cancelled):
        break_off(tmp_path / "map.tif", coarse(1, 4, 4), Cancelled())
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_an_older_file_and_its_stale_sidecars_are_replaced(tmp_path, coarse):
    path = tmp_path / "map.tif"
    write_map(path, coarse(1, 2, 2), np.ones((2, 2)))
    (tmp_path / "map.tif.ovr").write_text("overviews of the older file")
    write_map(path, coarse(1, 2, 2), np.full((2, 2), 7))
    assert read_band_window(str(path), 1, Window(0, 0, 2, 2)).tolist() == [[7, 7], [7, 7]]
    assert sorted(os.listdir(tmp_path)) == ["map.qml", "map.tif", "map.tif.aux.xml"]


def test_a_raster_that_cannot_be_replaced_puts_its_older_sidecars_back(tmp_path, coarse, monkeypatch):
    path = tmp_path / "map.tif"
    write_map(path, coarse(1, 2, 2), np.ones((2, 2)))
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    replace = os.replace

    def refuse(source, target):
        if str(target) == str(path) and str(source) != str(path):
            raise PermissionError(13, "in use")
        replace(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OutputError, match="in use"):
        write_map(path, coarse(1, 2, 2), np.full((2, 2), 7), CLASSES[1:])
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_a_missing_folder_is_told_before_the_run(tmp_path, coarse):
    for attempt in (check_writable, lambda p: create_class_map(p, coarse(1, 2, 2), CLASSES)):
        with pytest.raises(OutputError, match="does not exist") as told:
            attempt(tmp_path / "none" / "map.tif")
        assert told.value.remedy


def test_checking_leaves_nothing_behind_and_keeps_the_target(tmp_path):
    target = tmp_path / "map.tif"
    check_writable(target)
    assert os.listdir(tmp_path) == []
    target.write_text("older")
    check_writable(str(target))
    assert target.read_text() == "older"
    with pytest.raises(OutputError, match="folder of this name"):
        check_writable(tmp_path)


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path, monkeypatch):
    import tempfile

    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    with pytest.raises(OutputError, match="Permission denied"):
        check_writable(tmp_path / "map.tif")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_a_full_disk_is_an_error_and_leaves_nothing_behind(tmp_path, root):
    program = textwrap.dedent(
        f"""
        import resource, signal, sys
        sys.path.insert(0, {str(root / "tests")!r})
        import conftest
        import numpy as np
        from landfuse.core.data.coordinates import make_grid
        from landfuse.core.data.raster_output import create_float_raster
        from landfuse.core.data.windows import iter_tiles
        from landfuse.core.errors import OutputError

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        rng = np.random.default_rng(0)
        grid = make_grid("", (0, 1, 0, 0, 0, -1), 512, 512)
        try:
            with create_float_raster(sys.argv[1], grid, ["a"]) as output:
                for window in iter_tiles(512, 512, 256):
                    output.write(window, rng.random((256, 256)))
        except OutputError as error:
            print(error)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "p.tif")], capture_output=True, text=True, check=False
    )
    assert "cannot be written" in done.stdout, done.stderr
    assert os.listdir(tmp_path) == []
