from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from landfuse.core.data.raster_description import inspect
from landfuse.core.dispatch import run_job
from landfuse.core.errors import (
    AlignmentError,
    ClassesError,
    JobError,
    OutputError,
    RasterReadError,
    SamplesError,
)
from landfuse.core.job_file import parse_job, read_job
from landfuse.core.progress import Progress
from landfuse.core.scene_import import houston

gdal = pytest.importorskip("osgeo.gdal")
pytest.importorskip("scipy", reason="needs the engine's packages")


def job_of(place, /, **parameters):
    values = {"kind": "importscene", "parameters": parameters, "outputs": {"scene": "scene"}}
    return parse_job(values, place)


def read(path):
    return gdal.Open(str(path)).ReadAsArray()


@pytest.fixture
def files(scene, save_v5, tmp_path):
    return {
        "hsi_file": save_v5(tmp_path / "HSI.mat", HSI=scene.hsi),
        "lidar_file": save_v5(tmp_path / "LiDAR.mat", LiDAR=scene.lidar),
        "train_file": save_v5(tmp_path / "TR.mat", TRLabel=scene.train),
        "test_file": save_v5(tmp_path / "TS.mat", TSLabel=scene.test),
    }


def test_modalities_labels_and_classes_are_written(scene, files, tmp_path):
    result = run_job(job_of(tmp_path, **files, class_names="water, grass, roof", pixel_size=2.5))
    assert result.numbers == {
        "N_CLASSES": 3,
        "N_TRAINING": int((scene.train > 0).sum()),
        "N_TEST": int((scene.test > 0).sum()),
    }
    folder = tmp_path / "scene"
    assert np.array_equal(read(folder / "hsi.tif"), scene.hsi.transpose(2, 0, 1))
    assert np.array_equal(read(folder / "lidar.tif"), scene.lidar)
    assert np.array_equal(read(folder / "train.tif"), scene.train)
    assert np.array_equal(read(folder / "test.tif"), scene.test)
    info = inspect(str(folder / "hsi.tif"))
    assert info.grid.transform == (0.0, 2.5, 0.0, 75.0, 0.0, -2.5)
    with (folder / "classes.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [(line["value"], line["name"]) for line in lines] == [
        ("1", "water"),
        ("2", "grass"),
        ("3", "roof"),
    ]
    assert [int(line["training_pixels"]) for line in lines] == np.bincount(scene.train.ravel())[1:].tolist()
    assert json.loads((folder / "scene.json").read_text())["random_split"] is False


def test_version_73_gives_the_same_scene(scene, files, save_v73, tmp_path):
    run_job(job_of(tmp_path, **files))
    first = read(tmp_path / "scene" / "hsi.tif")
    newer = {**files, "hsi_file": save_v73(tmp_path / "new.mat", HSI=scene.hsi)}
    run_job(job_of(tmp_path, **newer))
    assert np.array_equal(read(tmp_path / "scene" / "hsi.tif"), first)


def test_what_is_not_finite_is_no_data(scene, files, save_v5, tmp_path):
    lidar = scene.lidar.copy()
    lidar[3, 4], lidar[5, 6] = np.nan, np.inf
    run_job(job_of(tmp_path, **{**files, "lidar_file": save_v5(tmp_path / "n.mat", d=lidar)}))
    found = read(tmp_path / "scene" / "lidar.tif")
    assert np.argwhere(np.isnan(found)).tolist() == [[3, 4], [5, 6]]


def test_a_random_split_is_called_optimistic(scene, files, save_v5, tmp_path):
    labels = {"labels_file": save_v5(tmp_path / "gt.mat", gt=scene.gt), "split": "number", "per_class": 9}
    modalities = {"hsi_file": files["hsi_file"]}
    events = []
    result = run_job(job_of(tmp_path, **modalities, **labels), Progress(events.append))
    assert result.numbers["N_TRAINING"] == 27
    assert any(e.get("level") == "warning" and "optimistic" in e["text"] for e in events)
    facts = json.loads((tmp_path / "scene" / "scene.json").read_text())
    assert facts["random_split"] is True
    assert "optimistic" in facts["split"]
    assert np.array_equal(read(tmp_path / "scene" / "labels.tif"), scene.gt)


def test_the_job_beside_the_scene_names_the_published_protocol(files, tmp_path):
    run_job(job_of(tmp_path, **files))
    job = read_job(tmp_path / "scene" / "paper.job.json")
    assert (job.kind, job.parameters["preset"]) == ("compare", "paper")
    assert job.parameters["methods"] == "mibf_net,ncglf2"
    assert job.samples.path == str(tmp_path / "scene" / "train.tif")
    assert job.test_samples.path == str(tmp_path / "scene" / "test.tif")
    assert {key: rasters[0].bands for key, rasters in job.inputs.items()} == {"hsi": "1-6", "lidar": "1-1"}


def test_the_job_beside_the_scene_runs(scene, files, tmp_path):
    pytest.importorskip("sklearn", reason="needs the engine's packages")
    run_job(job_of(tmp_path, **files, methods="random_forest", class_names="water,grass,roof"))
    result = run_job(read_job(tmp_path / "scene" / "paper.job.json"))
    assert result.numbers == {"CELLS": 1, "FINISHED": 1, "FAILED": 0}
    cell = json.loads(next((tmp_path / "scene" / "paper" / "cells").iterdir()).read_text())
    assert np.sum(cell["matrix"]["counts"]) == (scene.test > 0).sum()
    assert cell["numbers"]["OA"] > 0.9
    page = (tmp_path / "scene" / "paper" / "comparison.html").read_text()
    assert "preset paper" in page


def test_bands_that_come_first_are_moved_where_only_that_fits(scene, files, save_v5, tmp_path):
    first = save_v5(tmp_path / "f.mat", HSI=scene.hsi.transpose(2, 0, 1))
    run_job(job_of(tmp_path, **{**files, "hsi_file": first}))
    assert np.array_equal(read(tmp_path / "scene" / "hsi.tif"), scene.hsi.transpose(2, 0, 1))


def test_shapes_that_do_not_agree_are_told_with_the_remedy(scene, files, save_v5, tmp_path):
    turned = {**files, "lidar_file": save_v5(tmp_path / "t.mat", LiDAR=scene.lidar.T)}
    with pytest.raises(AlignmentError, match=r"lidar 44 x 30.*train 30 x 44") as caught:
        run_job(job_of(tmp_path, **turned))
    assert "gt'" in caught.value.remedy
    run_job(job_of(tmp_path, **turned, lidar_variable="LiDAR'"))
    assert np.array_equal(read(tmp_path / "scene" / "lidar.tif"), scene.lidar)


@pytest.mark.parametrize(
    ("change", "error", "told"),
    [
        ({"hsi_variable": "hsi"}, RasterReadError, r"HSI \(30 x 44 x 6\)"),
        ({"class_names": "water,grass"}, ClassesError, "reach 3, but only 2"),
        ({"train_file": ""}, JobError, "no training mask"),
        ({"split": "number"}, JobError, "none are given"),
        ({"hsi_file": "", "lidar_file": ""}, JobError, "No modality"),
        ({"train_file": "", "test_file": ""}, JobError, "No labels"),
        ({"sar_variable": "x"}, JobError, "without sar_file"),
        ({"methods": "forest"}, JobError, "no list of methods"),
        ({"layout": "houston2013"}, JobError, "folder"),
    ],
)
def test_bad_input_is_told(files, tmp_path, change, error, told):
    with pytest.raises(error, match=told) as caught:
        run_job(job_of(tmp_path, **{**files, **change}))
    assert caught.value.remedy


def test_an_empty_training_mask_is_told(scene, files, save_v5, tmp_path):
    empty = save_v5(tmp_path / "e.mat", TR=np.zeros_like(scene.train))
    with pytest.raises(SamplesError, match="empty"):
        run_job(job_of(tmp_path, **{**files, "train_file": empty}))


def test_a_folder_that_cannot_be_made_is_told(files, tmp_path):
    (tmp_path / "scene").write_text("a file")
    with pytest.raises(OutputError):
        run_job(job_of(tmp_path, **files))


# The contest of 2013.

REGIONS = ("grass_healthy", "water", "running_track")


def write_contest(folder, scene, interleaved=False, georeferenced=True):
    """A miniature of the contest's files: names and layout are the published ones, the pixels are not."""
    folder.mkdir(parents=True)
    for name, data in (("CASI", scene.hsi.transpose(2, 0, 1)), ("LiDAR", scene.lidar[None])):
        kind = gdal.GDT_UInt16 if data.dtype == np.uint16 else gdal.GDT_Float32
        path = str(folder / f"2013_IEEE_GRSS_DF_Contest_{name}.tif")
        tiff = gdal.GetDriverByName("GTiff").Create(path, data.shape[2], data.shape[1], len(data), kind)
        if georeferenced:
            tiff.SetGeoTransform((272056.0, 2.5, 0, 3290290.0, 0, -2.5))
            from osgeo import osr

            place = osr.SpatialReference()
            place.ImportFromEPSG(26915)
            tiff.SetProjection(place.ExportToWkt())
        tiff.WriteArray(data)
        del tiff
    waves = ", ".join(f"{364.0 + 4.8 * i:.6f}" for i in range(scene.hsi.shape[2]))
    header = "ENVI\nbands = 6\nwavelength units = Nanometers\nwavelength = {\n " + waves + "}\n"
    (folder / "2013_IEEE_GRSS_DF_Contest_CASI.hdr").write_text(header)
    for name, labels in (("TR", scene.train), ("VA", scene.test)):
        text = regions_text(labels, interleaved=interleaved and name == "TR")
        (folder / f"2013_IEEE_GRSS_DF_Contest_Samples_{name}.txt").write_text(text)


def regions_text(labels, interleaved=False, names=REGIONS):
    """Regions as ENVI writes them: all headers first; or, as in the training file, each before its pixels."""
    head = ["; ENVI Output of ROIs (4.8) [Tue Jan 15 12:00:00 2013]", f"; Number of ROIs: {len(names)}"]
    head += [f"; File Dimension: {labels.shape[1]} x {labels.shape[0]}", ";"]
    headers, blocks = [], []
    for value, name in enumerate(names, 1):
        places = np.argwhere(labels == value)
        headers.append(
            [f"; ROI name: {name}", "; ROI rgb value: {0, 205, 0}", f"; ROI npts: {len(places)}", ";"]
        )
        lines = [f"{i:7d} {x + 1:5d} {y + 1:4d}" for i, (y, x) in enumerate(places.tolist(), 1)]
        blocks.append([f"{line}  29.72  -95.34" for line in lines] if interleaved else lines)
    if interleaved:
        parts = [[*h[:3], ";  ID   X   Y   Lat   Lon", *b, ""] for h, b in zip(headers, blocks)]
        return "\n".join([*head, *(line for part in parts for line in part)])
    body = [line for block in blocks for line in (*block, "")]
    return "\r\n".join([*head, *(line for h in headers for line in h), ";    ID     X    Y", *body])


@pytest.mark.parametrize("interleaved", [False, True])
def test_the_contest_is_imported_by_its_published_names(scene, tmp_path, interleaved):
    write_contest(tmp_path / "in" / "2013_DFTC", scene, interleaved)
    result = run_job(job_of(tmp_path, layout="houston2013", folder="in"))
    folder = tmp_path / "scene"
    assert result.numbers["N_CLASSES"] == 15
    places = {1: 1, 2: 6, 3: 15}  # our regions among the fifteen of the contest
    for name, labels in (("train", scene.train), ("test", scene.test)):
        expected = np.vectorize(lambda v: places.get(v, 0))(labels)
        assert np.array_equal(read(folder / f"{name}.tif"), expected)
    assert np.array_equal(read(folder / "hsi.tif"), scene.hsi.transpose(2, 0, 1))
    info = inspect(str(folder / "hsi.tif"))
    assert info.grid.transform[:2] == (272056.0, 2.5)
    assert [round(band.wavelength, 1) for band in info.bands[:2]] == [364.0, 368.8]
    job = read_job(folder / "paper.job.json")
    assert [c["name"] for c in job.classes] == ["Healthy grass", "Water", "Running track"]


def test_without_a_georeference_the_contest_has_pixels_of_2_5_metres(scene, tmp_path):
    write_contest(tmp_path / "in", scene, georeferenced=False)
    run_job(job_of(tmp_path, layout="houston2013", folder="in"))
    assert inspect(str(tmp_path / "scene" / "lidar.tif")).grid.transform == (0.0, 2.5, 0.0, 75.0, 0.0, -2.5)


def test_missing_files_of_the_contest_are_named_with_the_remedy(scene, tmp_path):
    write_contest(tmp_path / "in", scene)
    (tmp_path / "in" / houston.TESTING).unlink()
    with pytest.raises(RasterReadError, match=r"Samples_VA\.txt") as caught:
        run_job(job_of(tmp_path, layout="houston2013", folder="in"))
    assert "ROI" in caught.value.remedy


@pytest.mark.parametrize("kind", ["raster", "matlab"])
def test_labels_of_ones_own_replace_the_regions_of_the_contest(scene, save_v5, tmp_path, kind):
    write_contest(tmp_path / "in", scene)
    (tmp_path / "in" / houston.TESTING).unlink()
    own = np.where(scene.test == 3, 15, scene.test)
    if kind == "matlab":
        path = save_v5(tmp_path / "TE.mat", TE_map=own)
    else:
        path = str(tmp_path / "val_roi.tif")
        tiff = gdal.GetDriverByName("GTiff").Create(path, own.shape[1], own.shape[0], 1, gdal.GDT_Byte)
        tiff.WriteArray(own.astype(np.uint8))
        del tiff
    run_job(job_of(tmp_path, layout="houston2013", folder="in", test_file=path))
    assert np.array_equal(read(tmp_path / "scene" / "test.tif"), own)
    turned = save_v5(tmp_path / "turned.mat", TE_map=own.T)
    with pytest.raises(AlignmentError, match="test 44 x 30"):
        run_job(job_of(tmp_path, layout="houston2013", folder="in", test_file=turned))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text.replace("ROI name: water", "ROI name: lake"), "lake"),
        (lambda text: text.rstrip().rsplit("\n", 1)[0], "announce"),
        (lambda text: text.replace("      1     3    5", "      1    99    5", 1), "outside the image"),
        (lambda text: text.replace("      1     3    5", "      1     0    5", 1), "outside the image"),
        (lambda text: text.replace("      1     3    5", "      1     x    5", 1), "no pixel"),
        (lambda text: "nothing\n", "no pixel"),
        (lambda text: "; nothing\n", "names 0 regions"),
    ],
)
def test_regions_that_cannot_be_read_are_refused(scene, tmp_path, change, told):
    path = tmp_path / "regions.txt"
    text = regions_text(scene.train)
    assert change(text) != text
    path.write_text(change(text))
    with pytest.raises(SamplesError, match=told) as caught:
        houston.read_regions(path, scene.train.shape)
    assert caught.value.where == str(path)
