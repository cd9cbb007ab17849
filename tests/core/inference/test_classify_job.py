"""The whole classification job on a scene of 48 x 48 pixels, with a network and a forest.

Elsewhere: predictors and streaming on arrays in test_predictor.py and test_streaming.py, the files of a class
map in tests/core/data/test_raster_output.py, errors of the input in tests/test_bad_input.py.
"""

from __future__ import annotations

import sys

import numpy as np
import pytest
from landfuse.core.data.band_reader import read_band_window
from landfuse.core.data.raster_description import inspect
from landfuse.core.data.windows import Window
from landfuse.core.dispatch import run_job
from landfuse.core.errors import AlignmentError, Cancelled, MissingDependencyError
from landfuse.core.inference.map_outputs import uncertainty
from landfuse.core.progress import Progress

pytest.importorskip("torch", reason="needs the engine's packages")
pytest.importorskip("sklearn", reason="needs the engine's packages")
gdal = pytest.importorskip("osgeo.gdal")

ALL = ("classmap", "probabilities", "uncertainty")


@pytest.fixture(scope="module")
def models(make_scene, tmp_path_factory):
    """Model files: network, forest and machine of classes 1, 2, 3, and a forest of classes 1, 3, 300."""
    scene = make_scene(tmp_path_factory.mktemp("training"))
    unscored = {"test_fraction": 0.0}
    wide = scene.write_areas("wide.gpkg", scene.areas((1, 3, 300)))
    jobs = {
        "forest": scene.train({**scene.forest, **unscored}, outputs={"model": "forest.safetensors"}),
        "machine": scene.train(
            {**scene.machine, **unscored, "context_windows": ""}, outputs={"model": "machine.safetensors"}
        ),
        "network": scene.train(
            {**scene.network, **unscored, "epochs": 8}, outputs={"model": "network.safetensors"}
        ),
        "tiles": scene.train(
            {**scene.tiles, **unscored, "epochs": 25}, outputs={"model": "tiles.safetensors"}
        ),
        "wide": scene.train(
            {**scene.forest, **unscored},
            samples={"path": wide, "class_field": "class"},
            outputs={"model": "wide.safetensors"},
        ),
    }
    return {name: run_job(job).outputs["model"] for name, job in jobs.items()}


@pytest.fixture(params=["forest", "machine", "network", "tiles"])
def model(request, models):
    return models[request.param]


def read(path):
    """Return all bands (C, H, W)."""
    data = gdal.Open(str(path))
    values = data.ReadAsArray()
    return values if values.ndim == 3 else values[None]


def logs(events):
    return "\n".join(e["text"] for e in events if e["event"] == "log")


def test_the_map_finds_the_classes(small_scene, model):
    result = run_job(small_scene.classify(model))
    found = read(small_scene.out / "classmap.tif")[0]
    assert np.mean(found == small_scene.truth) > 0.8
    assert result.numbers == {"CLASSIFIED_PIXELS": 48 * 48, "UNMAPPED_SHARE": 0.0}
    assert result.outputs == {"classmap": str(small_scene.out / "classmap.tif")}
    assert small_scene.left() == ["classmap.qml", "classmap.tif", "classmap.tif.aux.xml"]


def test_the_map_equals_what_the_model_says_at_single_pixels(small_scene, model):
    from landfuse.core.data.recipes import repeat_recipes
    from landfuse.core.data.stack import Stack
    from landfuse.core.inference.predictor import make_predictor
    from landfuse.core.models.model_file import read_model

    job = small_scene.classify(model, {"tile_size": 20})
    run_job(job)
    trained = read_model(model)
    grid = inspect(str(small_scene.out / "classmap.tif")).grid
    rows, cols = (axis.ravel() for axis in np.indices(grid.shape))
    with Stack(repeat_recipes(job.inputs, trained.modalities), grid) as stack:
        labels = make_predictor(trained, "cpu", "fp32").predict_at(stack, rows, cols)
    values = np.array([c.value for c in trained.classes])[labels]
    assert np.mean(values == read(small_scene.out / "classmap.tif")[0].ravel()) > 0.999  # ties may fall


@pytest.mark.parametrize("size", [7, 20, 48])
def test_the_tile_size_does_not_change_the_labels(small_scene, model, size):
    run_job(small_scene.classify(model, outputs=("classmap", "probabilities")))
    whole, chances = read(small_scene.out / "classmap.tif")[0], read(small_scene.out / "probabilities.tif")
    run_job(small_scene.classify(model, {"tile_size": size}))
    tiled = read(small_scene.out / "classmap.tif")[0]
    best = np.sort(np.log(np.maximum(chances, 1e-30)), axis=0)[-2:]
    clear = best[1] - best[0] > 1e-4
    assert clear.mean() > 0.9
    assert (tiled == whole)[clear].all()


@pytest.mark.parametrize("side", [2, 4])
def test_a_scene_smaller_than_a_patch_is_mapped(small_scene, model, side):
    inputs = {
        "optical": [{"path": small_scene.write_raster("o.tif", small_scene.optical()[:, :side, :side])}],
        "lidar": [
            {
                "path": small_scene.write_raster(
                    "l.tif", small_scene.height()[:, : side // 2, : side // 2], pixel=4.0
                )
            }
        ],
    }
    result = run_job(small_scene.classify(model, inputs=inputs))
    assert result.numbers["CLASSIFIED_PIXELS"] == side * side
    assert read(small_scene.out / "classmap.tif")[0].shape == (side, side)


@pytest.fixture
def holes(small_scene):
    """The scene with a corner without height and NaN and infinity in the image; returns what is valid."""
    image, height = small_scene.optical(), small_scene.height()
    image[:, 20, 20], image[:, 30, 31] = np.nan, np.inf
    height[0, :5, :6] = -9999
    small_scene.inputs = {
        "optical": [{"path": small_scene.write_raster("o.tif", image)}],
        "lidar": [{"path": small_scene.write_raster("l.tif", height, pixel=4.0, nodata=-9999.0)}],
    }
    valid = np.ones((48, 48), bool)
    valid[20, 20] = valid[30, 31] = valid[:10, :12] = False
    return valid


def test_invalid_pixels_are_0_in_the_map_and_nan_beside_it(small_scene, model, holes):
    result = run_job(small_scene.classify(model, outputs=ALL))
    found, chances, doubt = (read(small_scene.out / f"{name}.tif") for name in ALL)
    # Between valid and invalid heights the interpolation may give either; elsewhere it is known.
    border = np.zeros((48, 48), bool)
    border[9:11, :13] = border[:11, 11:13] = True
    known = ~border
    assert ((found[0] > 0) == holes)[known].all()
    mapped = found[0] > 0
    assert np.isnan(chances[:, ~mapped]).all()
    assert np.isnan(doubt[:, ~mapped]).all()
    assert np.isfinite(chances[:, mapped]).all()
    assert np.isfinite(doubt[:, mapped]).all()
    assert result.numbers["CLASSIFIED_PIXELS"] == mapped.sum()
    assert result.numbers["UNMAPPED_SHARE"] == pytest.approx(1 - mapped.mean())


def test_a_mask_leaves_pixels_out(small_scene, model):
    mask = np.ones((48, 48), np.uint8)
    mask[:, 30:] = 0
    run_job(small_scene.classify(model, mask=small_scene.write_raster("mask.tif", mask)))
    assert ((read(small_scene.out / "classmap.tif")[0] > 0) == (mask > 0)).all()


def test_probabilities_sum_to_1_and_their_largest_is_the_class(small_scene, model):
    run_job(small_scene.classify(model, outputs=ALL))
    found, chances, doubt = (read(small_scene.out / f"{name}.tif") for name in ALL)
    np.testing.assert_allclose(chances.sum(axis=0), 1, atol=1e-5)
    assert (chances.argmax(axis=0) + 1 == found[0]).all()
    np.testing.assert_array_equal(doubt[0], chances.max(axis=0))
    assert doubt[1].min() >= 0
    assert doubt[1].max() <= 1
    info = inspect(str(small_scene.out / "probabilities.tif"))
    assert [band.name for band in info.bands] == ["class 1", "class 2", "class 3"]


def test_uncertainty_by_hand():
    probabilities = np.float32([[1, 0.25, 0.5], [0, 0.25, 0.5], [0, 0.25, 0], [0, 0.25, 0]])[:, None]
    # Four classes: one certain, all alike, and two alike (ln 2 / ln 4).
    np.testing.assert_allclose(uncertainty(probabilities)[:, 0], [[1, 0.25, 0.5], [0, 1, 0.5]], atol=1e-6)


def test_class_values_above_255_make_a_map_of_16_bits(small_scene, models):
    run_job(small_scene.classify(models["wide"]))
    data = gdal.Open(str(small_scene.out / "classmap.tif"))
    assert gdal.GetDataTypeName(data.GetRasterBand(1).DataType) == "UInt16"
    assert np.unique(data.ReadAsArray()).tolist() == [1, 3, 300]
    assert (data.ReadAsArray() == np.array([0, 1, 3, 300])[small_scene.truth]).mean() > 0.8


def test_a_model_of_2_m_maps_a_scene_of_1_m_at_2_m(small_scene, model):
    fine = np.repeat(np.repeat(small_scene.optical(), 2, axis=1), 2, axis=2)
    fine = {"optical": [{"path": small_scene.write_raster("fine.tif", fine, pixel=1.0)}]}
    run_job(small_scene.classify(model, outputs=("classmap",)))
    native = read(small_scene.out / "classmap.tif")[0]
    run_job(small_scene.classify(model, inputs={**small_scene.inputs, **fine}))
    info = inspect(str(small_scene.out / "classmap.tif"))
    assert info.grid.pixel_size == (2.0, 2.0)
    assert info.grid.shape == (48, 48)
    assert (
        read_band_window(str(small_scene.out / "classmap.tif"), 1, Window(0, 0, 48, 48)) == native
    ).mean() > 0.99


def test_a_source_much_coarser_than_in_training_is_refused_unless_it_is_allowed(small_scene, models):
    coarse = small_scene.optical()[:, ::2, ::2]
    coarse = {"optical": [{"path": small_scene.write_raster("coarse.tif", coarse, pixel=4.0)}]}
    inputs = {**small_scene.inputs, **coarse}
    with pytest.raises(AlignmentError, match=r"'optical' has pixels of 4 m, .* 2 m: 2 times coarser"):
        run_job(small_scene.classify(models["forest"], inputs=inputs))
    assert small_scene.left() == []
    events = []
    job = small_scene.classify(models["forest"], {"allow_coarser": True}, inputs=inputs)
    run_job(job, Progress(events.append))
    assert "2 times coarser" in logs(events)
    assert inspect(str(small_scene.out / "classmap.tif")).grid.pixel_size == (2.0, 2.0)


@pytest.mark.parametrize(
    ("crs", "pixel", "x", "y"),
    [
        ("EPSG:32719", 2.0, 400000.0, 5800000.0),  # another zone and hemisphere
        ("EPSG:2263", 2 / 0.3048006096012192, 980000.0, 200000.0),  # feet
        ("EPSG:3857", 2.0 / 0.6691, -13000000.0, 6155000.0),  # stretched by latitude: 2 m on the ground
        ("EPSG:4326", 2.0 / 111200.0, 9.2, 0.01),  # degrees, at the equator
    ],
)
def test_a_scene_elsewhere_is_mapped_as_if_it_were_here(small_scene, models, crs, pixel, x, y):
    inputs = {
        "optical": [small_scene.write_raster("o.tif", small_scene.optical(), pixel=pixel, x=x, y=y, crs=crs)],
        "lidar": [
            small_scene.write_raster("l.tif", small_scene.height(), pixel=2 * pixel, x=x, y=y, crs=crs)
        ],
    }
    inputs = {key: [{"path": path} for path in paths] for key, paths in inputs.items()}
    events = []
    run_job(small_scene.classify(models["forest"], inputs=inputs), Progress(events.append))
    found = read(small_scene.out / "classmap.tif")[0]
    assert inspect(str(small_scene.out / "classmap.tif")).grid.pixel_metres == pytest.approx(2.0, rel=0.02)
    if crs == "EPSG:4326":  # brought to UTM
        assert found.shape == pytest.approx((48, 48), abs=1)
        found = found[:48, :48]
        assert (found == small_scene.truth[: found.shape[0], : found.shape[1]]).mean() > 0.7
    else:
        assert found.shape == (48, 48)
        assert (found == small_scene.truth).mean() > 0.8
    assert "warning" not in {e.get("level") for e in events if e["event"] == "log"}


@pytest.mark.parametrize("pixel", [2.0, 0.0])
def test_a_scene_without_coordinate_system_is_mapped_and_told(small_scene, models, pixel):
    image = small_scene.write_raster("o.tif", small_scene.optical(), pixel=2.0, crs="")
    height = np.repeat(np.repeat(small_scene.height(), 2, axis=1), 2, axis=2)
    height = small_scene.write_raster("l.tif", height, pixel=2.0, crs="")
    if not pixel:  # no geotransform either: its pixels are taken as they are
        for path in (image, height):
            gdal.Open(path, gdal.GA_Update).SetGeoTransform((0, 1, 0, 0, 0, 1))
    events = []
    inputs = {"optical": [{"path": image}], "lidar": [{"path": height}]}
    run_job(small_scene.classify(models["forest"], inputs=inputs), Progress(events.append))
    assert (read(small_scene.out / "classmap.tif")[0] == small_scene.truth).mean() > 0.8
    assert "trained in EPSG:32633, this scene has no coordinate system" in logs(events)


def test_sources_may_come_in_any_order_and_an_unused_one_is_told(small_scene, model):
    run_job(small_scene.classify(model))
    before = read(small_scene.out / "classmap.tif")
    events = []
    given = {"sar": small_scene.inputs["lidar"], **dict(reversed(small_scene.inputs.items()))}
    run_job(small_scene.classify(model, inputs=given), Progress(events.append))
    assert (read(small_scene.out / "classmap.tif") == before).all()
    assert "sar: given, but the model does not use it." in logs(events)


def test_a_scene_where_nothing_is_valid_is_an_error_and_nothing_is_written(small_scene, model):
    empty = np.zeros((48, 48), np.uint8)
    with pytest.raises(AlignmentError) as caught:
        run_job(small_scene.classify(model, outputs=ALL, mask=small_scene.write_raster("mask.tif", empty)))
    assert "leaves nothing of the scene" in caught.value.what
    assert caught.value.where
    assert caught.value.remedy
    assert small_scene.left() == []


def test_missing_torch_is_told_before_the_scene_is_read(small_scene, models, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    inputs = {"optical": [{"path": "nowhere.tif"}], "lidar": [{"path": "nowhere.tif"}]}
    with pytest.raises(MissingDependencyError, match=r"torch.*[Ss]et up"):
        run_job(small_scene.classify(models["network"], inputs=inputs))
    assert small_scene.left() == []


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.9, 1.0])
def test_a_cancelled_run_leaves_an_older_map_as_it_is(small_scene, model, share):
    parameters, events = {"tile_size": 16}, []
    run_job(small_scene.classify(model, parameters, outputs=ALL), Progress(events.append))
    before = {path.name: path.read_bytes() for path in small_scene.out.iterdir()}
    limit, seen = max(1, int(share * len(events))), []
    cancelling = Progress(seen.append, lambda: len(seen) >= limit)
    mask = np.eye(48, dtype=np.uint8)
    with pytest.raises(Cancelled):
        run_job(
            small_scene.classify(model, parameters, ALL, mask=small_scene.write_raster("m.tif", mask)),
            cancelling,
        )
    assert {path.name: path.read_bytes() for path in small_scene.out.iterdir()} == before


def test_bands_that_lie_off_the_training_range_are_told_before_mapping(make_scene, tmp_path):
    scene = make_scene(tmp_path)
    image = np.concatenate([scene.optical()] * 3)
    trained = {"optical": [{"path": scene.write_raster("twelve.tif", image), "quantity": "reflectance"}]}
    unscored = {**scene.forest, "test_fraction": 0.0}
    model = run_job(scene.train(unscored, inputs=trained)).outputs["model"]
    image[[1, 5, 9]] += 1000  # where the training range is narrow beside the offset
    shifted = {"optical": [{"path": scene.write_raster("shifted.tif", image), "quantity": "reflectance"}]}
    events = []
    run_job(scene.classify(model, inputs=shifted), Progress(events.append))
    warnings = [e["text"] for e in events if e["event"] == "log" and e["level"] == "warning"]
    assert len(warnings) == 1
    assert warnings[0].startswith("optical: 3 of 12 bands lie about 1000 above training")
    assert "; Sentinel-2 offset?" in warnings[0]
    events.clear()
    run_job(scene.classify(model, inputs=trained), Progress(events.append))
    assert "above training" not in logs(events)
