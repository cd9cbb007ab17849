from __future__ import annotations

import json

import numpy as np
import pytest
from landfuse.core.errors import Cancelled, OutputError
from landfuse.core.evaluation.check_inputs_job import run
from landfuse.core.evaluation.input_check import check_inputs, places_per_class
from landfuse.core.evaluation.input_verdict import in_order, verdict
from landfuse.core.evaluation.pictures import picture_bands
from landfuse.core.job_file import parse_job
from landfuse.core.progress import Progress

gdal = pytest.importorskip("osgeo.gdal")
osr = pytest.importorskip("osgeo.osr")

X0, Y0 = 500000.0, 5800000.0


def write_raster(path, values, pixel, x=X0, y=Y0, epsg=32633, nodata=None, names=()):
    """Write float bands (C, H, W)."""
    data = gdal.GetDriverByName("GTiff").Create(
        str(path), values.shape[2], values.shape[1], values.shape[0], gdal.GDT_Float32
    )
    data.SetGeoTransform((x, pixel, 0, y, 0, -pixel))
    if epsg:
        reference = osr.SpatialReference()
        reference.ImportFromEPSG(epsg)
        data.SetProjection(reference.ExportToWkt())
    for i, band in enumerate(values):
        target = data.GetRasterBand(i + 1)
        if nodata is not None:
            target.SetNoDataValue(nodata)
        if names:
            target.SetDescription(names[i])
        target.WriteArray(band)
    return str(path)


def write_polygons(path, squares):
    """Write (x offset, y offset, side, class) in metres from the upper left corner."""
    features = []
    for x, y, side, value in squares:
        left, top = X0 + x, Y0 - y
        ring = [[left, top], [left + side, top], [left + side, top - side], [left, top - side], [left, top]]
        geometry = {"type": "Polygon", "coordinates": [ring]}
        features.append({"type": "Feature", "properties": {"class": value}, "geometry": geometry})
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32633"}}
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": features}))
    return {"path": str(path), "class_field": "class"}


@pytest.fixture
def random():
    return np.random.default_rng(0)


@pytest.fixture
def optical(tmp_path, random):
    """Four bands of 1 m over 80 x 80 m."""
    return write_raster(
        tmp_path / "optical.tif", random.random((4, 80, 80)), 1.0, names=("blue", "green", "red", "nir")
    )


@pytest.fixture
def lidar(tmp_path, random):
    """One band of 2 m over the right half of the optical raster and as much beside it."""
    return write_raster(tmp_path / "dsm.tif", random.random((1, 40, 40)) + 5, 2.0, x=X0 + 40)


def _job(tmp_path, samples=None, report="", **sources):
    values = {
        "landfuse_job": 1,
        "kind": "checkinputs",
        "inputs": {key: [{"path": path}] for key, path in sources.items()},
    }
    if samples:
        values["samples"] = samples
    if report:
        values["outputs"] = {"report": str(report)}
    return parse_job(values, tmp_path)


def test_sources_that_fit_and_samples_that_suffice_are_ready(tmp_path, optical, random):
    lidar = write_raster(tmp_path / "dsm.tif", random.random((1, 40, 40)), 2.0)
    squares = [(5, 5, 5, 1), (30, 5, 5, 1), (5, 40, 5, 2), (50, 50, 5, 2)]
    check = check_inputs(
        _job(tmp_path, write_polygons(tmp_path / "p.geojson", squares), optical=optical, lidar=lidar)
    )
    assert check.problems == ()
    assert verdict(check) == "Ready to train."
    assert check.overlap_share == pytest.approx(1.0)
    assert check.samples.counts().tolist() == [50, 50]
    assert places_per_class(check.samples) == [2, 2]


def test_the_overlap_is_a_share_of_the_smallest_source(tmp_path, optical, lidar):
    check = check_inputs(_job(tmp_path, optical=optical, lidar=lidar))
    assert check.overlap_share == pytest.approx(0.5, abs=0.02)
    assert check.coverage.share("lidar") == pytest.approx(0.5, abs=0.02)
    assert check.grid.shape == (80, 40)


def test_no_overlap_is_a_problem_that_names_both_and_the_rest_is_reported(tmp_path, optical, random):
    far = write_raster(tmp_path / "dsm.tif", random.random((1, 40, 40)), 2.0, x=X0 + 5000)
    report = tmp_path / "r.html"
    events = []
    result = run(_job(tmp_path, report=report, optical=optical, lidar=far), Progress(events.append))
    assert result.numbers["OVERLAP_SHARE"] == 0
    assert result.numbers["PROBLEMS"] >= 1
    assert any("do not overlap" in e["text"] for e in events if e.get("level") == "warning")
    text = report.read_text(encoding="utf-8")
    assert "dsm.tif" in text
    assert "data:image/png" in text


def test_a_source_without_crs_among_others_is_a_problem_not_a_crash(tmp_path, optical, random):
    bare = write_raster(tmp_path / "dsm.tif", random.random((1, 40, 40)), 2.0, epsg=0)
    result = run(_job(tmp_path, report=tmp_path / "r.html", optical=optical, lidar=bare))
    assert result.numbers == {"OVERLAP_SHARE": None, "MAX_SHIFT": None, "PROBLEMS": 1}
    assert "dsm.tif" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_a_missing_file_is_a_problem_and_the_others_are_still_shown(tmp_path, optical):
    check = check_inputs(_job(tmp_path, optical=optical, lidar=str(tmp_path / "none.tif")))
    assert list(check.modalities) == ["optical"]
    assert "none.tif" in check.problems[0].what
    assert verdict(check) == "Not ready to train: 1 problem would stop it."


def test_every_file_that_cannot_be_read_is_told_once(tmp_path, optical):
    missing = {"lidar": str(tmp_path / "a.tif"), "sar": str(tmp_path / "b.tif")}
    check = check_inputs(_job(tmp_path, optical=optical, **missing))
    assert len(check.problems) == 2
    assert "a.tif" in check.problems[0].what
    assert "b.tif" in check.problems[1].what


def test_undeclared_nodata_is_found(tmp_path, optical, random):
    values = random.random((1, 40, 40)).astype(np.float32)
    values[:, :10] = -9999
    lidar = write_raster(tmp_path / "dsm.tif", values, 2.0)
    check = check_inputs(_job(tmp_path, optical=optical, lidar=lidar))
    (problem,) = check.problems
    assert problem.what.startswith("lidar: 25.0 % of the pixels of dsm.tif are -9999 in every band")
    assert "--lidar-options nodata=-9999" in problem.remedy
    declared = write_raster(tmp_path / "declared.tif", values, 2.0, nodata=-9999)
    check = check_inputs(_job(tmp_path, optical=optical, lidar=declared))
    assert check.problems == ()
    assert check.findings["lidar"][0].nodata_share == pytest.approx(0.25)
    assert check.valid_share == pytest.approx(0.75, abs=0.01)


def test_pixels_that_are_zero_in_all_bands_are_pointed_out(tmp_path, random):
    values = random.random((4, 80, 80))
    values[:, :40, :40] = 0
    check = check_inputs(_job(tmp_path, optical=write_raster(tmp_path / "o.tif", values, 1.0)))
    assert "25.0 % of the pixels of o.tif are 0 in every band" in check.problems[0].what


def test_bands_have_their_figures_and_the_reason_why_they_are_left_out(tmp_path, random):
    values = random.random((3, 20, 20)).astype(np.float32)
    values[1] = 7
    path = write_raster(tmp_path / "hsi.tif", values, 4.0, names=("500 nm", "600 nm", "1400 nm"))
    bands = check_inputs(_job(tmp_path, hsi=path)).findings["hsi"][0].bands
    assert [b.dropped for b in bands] == ["", "constant (7)", "in a water vapour range"]
    assert bands[0].wavelength == 500
    assert bands[0].minimum == pytest.approx(values[0].min())
    assert bands[0].mean == pytest.approx(values[0].mean(), rel=1e-5)
    assert bands[0].maximum == pytest.approx(values[0].max())


def test_samples_outside_the_valid_area_are_counted_per_class(tmp_path, optical, random):
    values = random.random((1, 40, 40)).astype(np.float32)
    values[:, :, :10] = -1  # the left 20 m
    lidar = write_raster(tmp_path / "dsm.tif", values, 2.0, nodata=-1)
    squares = [(5, 5, 5, 1), (30, 5, 5, 1), (50, 50, 5, 2)]
    check = check_inputs(
        _job(tmp_path, write_polygons(tmp_path / "p.geojson", squares), optical=optical, lidar=lidar)
    )
    assert check.outside == [25, 0]
    assert check.samples.counts().tolist() == [25, 25]
    assert any("Only one place" in line for line in check.notes)


def test_samples_elsewhere_are_a_problem(tmp_path, optical):
    samples = write_polygons(tmp_path / "p.geojson", [(5000, 5, 5, 1), (6000, 5, 5, 2)])
    check = check_inputs(_job(tmp_path, samples, optical=optical))
    assert len(check.problems) == 1
    assert check.samples is None
    assert check.problems[0].remedy


def test_a_single_class_is_a_problem(tmp_path, optical):
    samples = write_polygons(tmp_path / "p.geojson", [(5, 5, 5, 1), (30, 5, 5, 1)])
    check = check_inputs(_job(tmp_path, samples, optical=optical))
    assert "one class" in check.problems[0].what


def test_pixel_sizes_that_are_far_apart_are_a_problem(tmp_path, optical, random):
    coarse = write_raster(tmp_path / "t.tif", random.random((1, 2, 2)), 40.0)
    check = check_inputs(_job(tmp_path, optical=optical, other=coarse))
    assert "40 times as wide" in check.problems[0].what


def test_the_report_is_one_file_with_pictures_and_tables(tmp_path, optical, lidar):
    run(_job(tmp_path, report=tmp_path / "r.html", optical=optical, lidar=lidar))
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert text.count("data:image/png") == 3
    assert "EPSG:32633" in text
    assert "red, green, blue" in text
    assert "nan" not in text.split("<main>")[1].replace("data:image", "").split("base64")[0]


def test_no_report_is_written_where_none_is_asked_for(tmp_path, optical):
    assert run(_job(tmp_path, optical=optical)).outputs == {}


def test_a_missing_report_folder_is_an_error(tmp_path, optical):
    with pytest.raises(OutputError):
        run(_job(tmp_path, report=tmp_path / "none" / "r.html", optical=optical))


def test_a_check_can_be_cancelled(tmp_path, optical):
    with pytest.raises(Cancelled):
        run(_job(tmp_path, optical=optical), Progress(is_cancelled=lambda: True))


def test_colours_are_chosen_by_name_and_by_wavelength(tmp_path, optical, random):
    waves = write_raster(
        tmp_path / "h.tif", random.random((4, 9, 9)), 1.0, names=("480 nm", "560 nm", "655 nm", "900 nm")
    )
    check = check_inputs(_job(tmp_path, optical=optical, hsi=waves))
    assert picture_bands(check.modalities["optical"])[0] == [2, 1, 0]
    assert picture_bands(check.modalities["hsi"])[0] == [2, 1, 0]


def test_bands_have_deviation_valid_share_and_width(tmp_path, random):
    values = random.random((1, 20, 20)).astype(np.float32)
    values[0, :5] = -1
    check = check_inputs(_job(tmp_path, optical=write_raster(tmp_path / "o.tif", values, 4.0, nodata=-1)))
    band = check.findings["optical"][0].bands[0]
    assert band.deviation == pytest.approx(values[0, 5:].std(ddof=1), rel=1e-4)
    assert band.valid == pytest.approx(0.75)
    assert band.width is None


def test_what_stays_unmapped_is_told_per_source(tmp_path, random):
    first, second = random.random((2, 1, 40, 40)).astype(np.float32)
    first[:, :10] = -1  # a quarter above
    second[:, :, :20] = -1  # the left half
    paths = [write_raster(tmp_path / f"{n}.tif", v, 2.0, nodata=-1) for n, v in (("a", first), ("b", second))]
    check = check_inputs(_job(tmp_path, lidar=paths[0], sar=paths[1]))
    usable = check.usable
    assert usable.share == pytest.approx(0.375)
    assert (usable.unmapped("lidar"), usable.unmapped("sar")) == pytest.approx((0.25, 0.5))
    assert (usable.alone("lidar"), usable.alone("sar")) == pytest.approx((0.125, 0.375))


def test_a_large_shift_is_a_problem_that_does_not_stop_and_its_pictures_are_shown(
    tmp_path, two_views, save_raster
):
    images = two_views(160)
    optical = save_raster("o.tif", images[0], pixel=2.0)
    lidar = save_raster("l.tif", images[1], pixel=2.0, x=500010.0)
    result = run(_job(tmp_path, report=tmp_path / "r.html", optical=optical, lidar=lidar))
    assert result.numbers["MAX_SHIFT"] == pytest.approx(10, abs=0.6)
    assert result.numbers["PROBLEMS"] == 1
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "The sources can be used, but mend 1 problem first." in text
    assert "m east of optical" in text
    assert text.count("data:image/png") == 5  # overlap, two sources, edges before and after
    assert "The same with lidar moved" in text


def test_what_stops_comes_before_what_should_be_mended(tmp_path, optical, random):
    coarse = write_raster(tmp_path / "t.tif", random.random((1, 2, 2)), 40.0)
    samples = write_polygons(tmp_path / "p.geojson", [(5, 5, 5, 1), (30, 5, 5, 1)])
    check = check_inputs(_job(tmp_path, samples, optical=optical, other=coarse))
    assert verdict(check) == "Not ready to train: 1 problem would stop it. 1 more should be mended."
    assert [p.stops for p in in_order(check)] == [True, False]


def test_one_source_without_crs_and_samples_is_enough(tmp_path, random):
    path = write_raster(tmp_path / "o.tif", random.random((4, 30, 30)), 1.0, epsg=0)
    result = run(_job(tmp_path, report=tmp_path / "r.html", optical=path))
    assert result.numbers == {"OVERLAP_SHARE": 1.0, "MAX_SHIFT": None, "PROBLEMS": 0}
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "no CRS" in text
    assert "Shift between" not in text


def test_sources_that_overlap_only_in_invalid_pixels_are_not_ready(tmp_path, random):
    first, second = random.random((2, 1, 40, 40)).astype(np.float32)
    first[:, :, :20], second[:, :, 20:] = -1, -1
    paths = [write_raster(tmp_path / f"{n}.tif", v, 2.0, nodata=-1) for n, v in (("a", first), ("b", second))]
    report = tmp_path / "r.html"
    result = run(_job(tmp_path, report=report, lidar=paths[0], sar=paths[1]))
    assert result.numbers["OVERLAP_SHARE"] == 0
    text = report.read_text(encoding="utf-8")
    assert "Not ready to train" in text
    assert "There is no place where all sources have data." in text


def test_a_source_that_is_invalid_everywhere_is_told(tmp_path, optical):
    empty = write_raster(tmp_path / "e.tif", np.full((1, 40, 40), -1), 2.0, nodata=-1)
    result = run(_job(tmp_path, report=tmp_path / "r.html", optical=optical, lidar=empty))
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert result.numbers["PROBLEMS"] >= 1
    assert "Not ready to train" in text
    assert "e.tif" in text


def test_a_broken_file_among_good_ones_stops_but_the_rest_is_reported(tmp_path, optical):
    broken = tmp_path / "broken.tif"
    broken.write_bytes(b"II*\0 this is no raster")
    run(_job(tmp_path, report=tmp_path / "r.html", optical=optical, lidar=str(broken)))
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "Not ready to train: 1 problem would stop it." in text
    assert "broken.tif" in text
    assert "optical.tif" in text


def test_files_are_told_with_their_format(tmp_path, optical):
    run(_job(tmp_path, report=tmp_path / "r.html", optical=optical))
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "GTiff" in text
    assert "Float32" in text
    assert "none declared" in text


def test_of_many_bands_without_wavelength_three_that_differ_are_shown(tmp_path, random):
    path = write_raster(tmp_path / "h.tif", random.random((40, 9, 9)), 1.0)
    check = check_inputs(_job(tmp_path, hsi=path))
    assert picture_bands(check.modalities["hsi"])[0] == [30, 20, 10]
