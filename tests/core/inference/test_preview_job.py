"""The preview of what is in view: what it shows, what it keeps, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("osgeo", reason="needs GDAL")
pytest.importorskip("sklearn", reason="needs scikit-learn")

from landfuse.core.data.band_reader import BandReader
from landfuse.core.data.windows import Window
from landfuse.core.dispatch import run_job
from landfuse.core.errors import AlignmentError, Cancelled, ModelFileError, SamplesError
from landfuse.core.inference import preview_forest, preview_view
from landfuse.core.job_file import parse_job
from landfuse.core.progress import Progress


@pytest.fixture(autouse=True)
def forgotten():
    preview_forest.forget_scenes()
    yield
    preview_forest.forget_scenes()


def preview(scene, **changes):
    values = {
        "kind": "preview", "inputs": scene.inputs, "samples": scene.samples, "parameters": {"trees": 10},
        "outputs": {"classmap": "p.tif"}, **changes,
    }  # fmt: skip
    return parse_job({key: value for key, value in values.items() if value is not None}, scene.out)


def labels_of(result):
    with BandReader(result.outputs["classmap"]) as reader:
        grid = reader.info.grid
        return reader.read(Window(0, 0, grid.rows, grid.cols)), grid


def test_the_whole_scene_is_mapped_by_a_forest_of_the_samples(small_scene):
    result = run_job(preview(small_scene))
    labels, grid = labels_of(result)
    assert grid.shape == (48, 48)
    assert (labels == small_scene.truth).mean() > 0.85
    assert result.numbers["N_SAMPLES"] == 16 * 36
    assert Path(result.outputs["classmap"]).with_suffix(".qml").is_file()


def test_a_view_is_that_part_of_the_scene(small_scene):
    x, y = small_scene.X, small_scene.Y
    grid = {"extent": [x + 24, y - 48, x + 48, y - 24], "extent_crs": small_scene.CRS}
    labels, found = labels_of(run_job(preview(small_scene, grid=grid)))
    assert found.shape == (12, 12)
    assert (found.transform[0], found.transform[3]) == (x + 24, y - 24)
    assert (labels == small_scene.truth[12:24, 12:24]).mean() > 0.85


def test_pixels_grow_until_the_view_fits_the_budget(small_scene):
    result = run_job(preview(small_scene, parameters={"trees": 10, "pixels": 600}))
    labels, grid = labels_of(result)
    assert grid.shape == (24, 24)
    assert result.numbers["PIXEL_METRES"] == pytest.approx(4.0)
    assert (labels == small_scene.truth[::2, ::2]).mean() > 0.8


def test_a_wide_view_is_read_thinly(small_scene):
    result = run_job(preview(small_scene, parameters={"trees": 20, "pixels": 150}))
    labels, grid = labels_of(result)
    assert grid.shape == (12, 12)
    inner = np.add.outer(np.arange(12) % 3, 10 * (np.arange(12) % 3)) == 11  # amid the blocks of 3 x 3 pixels
    assert (labels == small_scene.truth[2::4, 2::4])[inner].mean() > 0.8


def test_only_pixels_of_new_samples_are_read_again(small_scene, monkeypatch):
    read = []
    original = preview_forest.features_at

    def counting(stack, preprocess, rows, cols, windows, progress):
        read.append(len(rows))
        return original(stack, preprocess, rows, cols, windows, progress)

    monkeypatch.setattr(preview_forest, "features_at", counting)
    areas = small_scene.areas()
    small_scene.write_areas("areas.gpkg", areas[:9])
    run_job(preview(small_scene))
    run_job(preview(small_scene))
    small_scene.write_areas("areas.gpkg", areas[:10])
    run_job(preview(small_scene))
    assert read == [9 * 36, 36]


def test_a_changed_source_is_looked_at_again(small_scene):
    run_job(preview(small_scene))
    changed = np.flip(small_scene.optical(), axis=0).copy()
    small_scene.write_raster("optical.tif", changed * 3)
    assert len(preview_forest._scenes) == 1
    run_job(preview(small_scene))
    assert len(preview_forest._scenes) == 2


def test_one_class_is_refused_with_words(small_scene):
    small_scene.write_areas("areas.gpkg", [a for a in small_scene.areas() if a[1] == 1])
    with pytest.raises(SamplesError, match="two classes"):
        run_job(preview(small_scene))


def test_a_view_beside_the_scene_is_refused(small_scene):
    grid = {"extent": [0, 0, 10, 10], "extent_crs": small_scene.CRS}
    with pytest.raises(AlignmentError, match="outside the sources"):
        run_job(preview(small_scene, grid=grid))


def test_a_cancelled_preview_leaves_nothing(small_scene):
    with pytest.raises(Cancelled):
        run_job(preview(small_scene), Progress(is_cancelled=lambda: True))
    assert small_scene.left() == []


@pytest.fixture
def model(small_scene):
    run_job(small_scene.train())
    return str(small_scene.out / "m.safetensors")


def test_a_model_maps_the_view_at_its_own_pixels(small_scene, model):
    job = preview(small_scene, samples=None, parameters={"model": model})
    labels, _ = labels_of(run_job(job))
    full, _ = labels_of(run_job(small_scene.classify(model)))
    assert np.array_equal(labels, full)


def test_a_model_is_asked_at_every_nth_pixel_of_a_large_view(small_scene, model):
    job = preview(small_scene, samples=None, parameters={"model": model, "pixels": 256})
    labels, grid = labels_of(run_job(job))
    full, _ = labels_of(run_job(small_scene.classify(model)))
    assert grid.shape == (16, 16)
    assert np.array_equal(labels, full[1::3, 1::3])


@pytest.mark.slow
def test_a_network_is_asked_at_fewer_pixels_than_a_forest(small_scene):
    pytest.importorskip("torch", reason="needs PyTorch")
    run_job(small_scene.train(small_scene.network))
    path = str(small_scene.out / "m.safetensors")
    parameters = {"model": path, "pixels": 16 * 256, **small_scene.cpu}
    labels, grid = labels_of(run_job(preview(small_scene, samples=None, parameters=parameters)))
    full, _ = labels_of(run_job(small_scene.classify(path)))
    assert grid.shape == (16, 16)
    assert (labels == full[1::3, 1::3]).mean() > 0.99  # logits that are nearly equal may fall either way


def test_a_missing_model_is_told(small_scene):
    with pytest.raises(ModelFileError):
        run_job(preview(small_scene, samples=None, parameters={"model": str(small_scene.out / "none")}))


def test_views_of_one_factor_share_one_grid(small_scene):
    from landfuse.core.data.grid import Grid

    grid = Grid("", (0.0, 1.0, 0.0, 0.0, 0.0, -1.0), 101, 200, (1.0, 1.0))
    one = preview_view.zoomed_out(preview_view.View(grid, Window(3, 5, 60, 60), 1), 1000)
    other = preview_view.zoomed_out(preview_view.View(grid, Window(30, 90, 50, 61), 1), 1000)
    assert one.factor == other.factor == 2
    assert one.grid == other.grid
    assert one.grid.shape == (51, 100)
    assert one.window == Window(1, 2, 31, 31)
