from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.data.classes import LandClass
from landfuse.core.data.samples import class_values, read_samples
from landfuse.core.errors import ClassesError, RasterReadError, SamplesError
from landfuse.core.job import SamplesInput
from osgeo import gdal


@pytest.fixture
def labels():
    picture = np.zeros((20, 30), np.uint8)
    picture[2:6, 3:9] = 4
    picture[10:12, 20:30] = 2
    return picture


def spec(path):
    return SamplesInput(path, type="raster")


def test_every_labelled_pixel_is_a_sample(write_raster, coarse, labels):
    samples = read_samples(spec(write_raster("l.tif", labels)), coarse(1, 20, 30))
    assert [c.value for c in samples.classes] == [2, 4]
    rebuilt = np.zeros_like(labels)
    rebuilt[samples.rows, samples.cols] = np.array([2, 4])[samples.labels]
    assert (rebuilt == labels).all()
    assert (np.diff(samples.rows * 30 + samples.cols) > 0).all()
    assert samples.unit == "none"


def test_nodata_is_unlabelled(write_raster, coarse, labels):
    path = write_raster("l.tif", labels, nodata=4)
    assert [c.value for c in read_samples(spec(path), coarse(1, 20, 30)).classes] == [2]


def test_another_grid_takes_the_nearest_label(write_raster, coarse, labels):
    path = write_raster("l.tif", labels)
    finer = read_samples(spec(path), coarse(0.5, 40, 60))
    assert len(finer) == 4 * np.count_nonzero(labels)
    coarser = read_samples(spec(path), coarse(2, 10, 15))
    assert set(np.unique(coarser.labels)) == {0, 1}
    assert any("(10 m) does not lie on the grid of 20 m pixels" in note for note in coarser.notes)
    assert abs(len(coarser) - np.count_nonzero(labels) / 4) <= 6


def test_the_class_list_decides_and_the_rest_is_counted(write_raster, coarse, labels):
    classes = (LandClass(4, "tree", "#00ff00"),)
    samples = read_samples(spec(write_raster("l.tif", labels)), coarse(1, 20, 30), classes)
    assert samples.classes == classes
    assert len(samples) == 24
    assert samples.notes[0].startswith("556 pixels with class 0 are taken as unlabelled; CLASS_ZERO=class")
    assert samples.notes[1:] == ("20 pixels ignored: 2 not in the class list.",)


def test_names_and_colours_of_the_file_are_used(write_raster, labels):
    path = write_raster("l.tif", labels)
    tiff = gdal.Open(path, gdal.GA_Update)
    band = tiff.GetRasterBand(1)
    table = gdal.ColorTable()
    for value, color in ((0, (0, 0, 0)), (2, (120, 120, 120)), (4, (10, 200, 30))):
        table.SetColorEntry(value, color)
    band.SetColorTable(table)
    band = tiff = None
    tiff = gdal.Open(path)  # opened to read, GDAL keeps the names in a sidecar
    band = tiff.GetRasterBand(1)
    band.SetCategoryNames(["", "", "road", "", "tree"])
    band = tiff = None
    found = [(c.value, c.name, c.color) for c in class_values(spec(path))]
    assert found == [(2, "road", "#787878"), (4, "tree", "#0ac81e")]


def test_a_raster_without_labels_is_an_error(write_raster, coarse):
    path = write_raster("l.tif", np.zeros((20, 30), np.uint8))
    with pytest.raises(SamplesError, match="no labelled pixel"):
        read_samples(spec(path), coarse(1, 20, 30))


def test_labels_with_fractions_are_refused(write_raster, coarse):
    path = write_raster("l.tif", np.full((20, 30), 1.5, np.float32))
    with pytest.raises(SamplesError, match=r"fractions \(1\.5\)"):
        read_samples(spec(path), coarse(1, 20, 30))


@pytest.mark.parametrize("value", [-3, 70000])
def test_values_a_map_cannot_hold_are_refused(write_raster, coarse, value):
    path = write_raster("l.tif", np.full((20, 30), value, np.float32))
    with pytest.raises(ClassesError, match="Renumber"):
        read_samples(spec(path), coarse(1, 20, 30))


@pytest.mark.parametrize("kind", ["uint16", "int32", "float32"])
def test_classes_1_3_and_300_are_read_from_every_type(write_raster, coarse, kind):
    picture = np.zeros((20, 30), kind)
    picture[:2], picture[4:6], picture[8:9] = 1, 3, 300
    samples = read_samples(spec(write_raster("l.tif", picture)), coarse(1, 20, 30))
    assert [c.value for c in samples.classes] == [1, 3, 300]
    assert samples.counts().tolist() == [60, 60, 30]


def test_zero_is_a_class_when_asked_but_nodata_stays_unlabelled(write_raster, coarse, labels):
    labels[0] = 9
    path = write_raster("l.tif", labels, nodata=9)
    samples = read_samples(SamplesInput(path, type="raster", zero="class"), coarse(1, 20, 30))
    assert [(c.value, c.source) for c in samples.classes] == [(1, 0), (2, None), (4, None)]
    assert samples.counts().tolist() == [570 - 44, 20, 24]
    assert samples.notes == ("Class 0 is class 1 ('class 0') in the map.",)


def test_renumbered_labels_follow_the_same_numbers_in_test_labels(write_raster, coarse):
    picture = np.zeros((20, 30), np.float32)
    picture[:2], picture[4:6], picture[8] = -7, 12, 70000
    first = read_samples(
        SamplesInput(write_raster("l.tif", picture), type="raster", renumber=True), coarse(1, 20, 30)
    )
    assert [(c.value, c.source) for c in first.classes] == [(1, -7), (2, 12), (3, 70000)]
    picture[:6] = 0
    path = write_raster("t.tif", picture)
    tests = read_samples(SamplesInput(path, type="raster", renumber=True), coarse(1, 20, 30), first.classes)
    assert tests.counts().tolist() == [0, 0, 30]


def test_numbers_too_large_to_be_told_apart_are_refused(write_raster, coarse):
    path = write_raster("l.tif", np.full((20, 30), 2**24 + 2, np.float32))
    with pytest.raises(ClassesError, match="cannot be told apart"):
        read_samples(SamplesInput(path, type="raster", renumber=True), coarse(1, 20, 30))


def test_a_missing_label_raster_is_told(coarse, tmp_path):
    with pytest.raises(RasterReadError):
        read_samples(spec(str(tmp_path / "nothing.tif")), coarse(1, 20, 30))


def test_large_classes_are_thinned_alike_however_the_raster_is_cut(write_raster, coarse, monkeypatch):
    picture = np.ones((90, 110), np.uint8)
    picture[:, 100:] = 2
    path, kept = write_raster("l.tif", picture), []
    for tile in (16, 64, 1024):
        monkeypatch.setattr("landfuse.core.data.label_raster._TILE", tile)
        samples = read_samples(spec(path), coarse(1, 90, 110), limit_per_class=1000)
        kept.append(set(zip(samples.rows.tolist(), samples.cols.tolist())))
        assert 500 <= samples.counts()[0] <= 1000
        assert samples.counts()[1] == 900
        assert "even selection" in samples.notes[-1]
    assert kept[0] == kept[1] == kept[2]
