"""Features of a scene as a raster, and the same features of another scene from the kept models."""

from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.dispatch import run_job
from landfuse.core.errors import BandError, Cancelled, ModelFileError
from landfuse.core.job_file import parse_job
from landfuse.core.progress import Progress, silent

pytest.importorskip("torch", reason="needs the engine's packages")
gdal = pytest.importorskip("osgeo.gdal", reason="needs GDAL")

FAST = {"device": "cpu", "threads": 1, "steps": 4, "pca": 0}


def job(scene, inputs=None, outputs=("features",), **parameters):
    names = {"features": "features.tif", "extractor": "models.safetensors"}
    return parse_job(
        {
            "kind": "diffusionfeatures",
            "inputs": inputs or scene.inputs,
            "parameters": {**FAST, **parameters},
            "outputs": {name: names[name] for name in outputs},
        },
        scene.out,
    )


def bands(path):
    raster = gdal.Open(str(path))
    names = [raster.GetRasterBand(i + 1).GetDescription() for i in range(raster.RasterCount)]
    return dict(zip(names, raster.ReadAsArray()))


def test_every_source_gets_as_many_features_as_it_has_bands(small_scene):
    told = []
    result = run_job(job(small_scene), Progress(lambda event: told.append(str(event.get("text", "")))))
    assert result.numbers == {"N_FEATURES": 5}
    found = bands(small_scene.out / "features.tif")
    assert list(found) == ["lidar features 1", *(f"optical features {i}" for i in (1, 2, 3, 4))]
    assert all(np.isfinite(values).all() and values.std() > 0 for values in found.values())
    assert any("The diffusion model of 'lidar' reached a loss of" in text for text in told)
    assert small_scene.left() == ["features.tif"]


def test_the_kept_models_give_the_same_features_without_training(small_scene):
    run_job(job(small_scene, outputs=("features", "extractor")), silent)
    first = bands(small_scene.out / "features.tif")
    metrics = []
    run_job(
        job(small_scene, trained=str(small_scene.out / "models.safetensors"), steps=9999),
        Progress(lambda event: metrics.append(event) if event["event"] == "metric" else None),
    )
    assert metrics == []
    again = bands(small_scene.out / "features.tif")
    assert list(again) == list(first)
    for name, values in first.items():
        np.testing.assert_allclose(again[name], values, atol=1e-6)


def test_a_reconstruction_is_written_under_its_name(small_scene):
    run_job(job(small_scene, information="reconstruction"), silent)
    assert "optical reconstruction 4" in bands(small_scene.out / "features.tif")


def test_holes_stay_holes(small_scene):
    optical = small_scene.optical()
    optical[:, 5:9, 7:11] = -1
    inputs = {"optical": [{"path": small_scene.write_raster("hole.tif", optical, nodata=-1)}]}
    run_job(job(small_scene, inputs), silent)
    values = np.stack(list(bands(small_scene.out / "features.tif").values()))
    assert np.isnan(values[:, 5:9, 7:11]).all()
    assert np.isnan(values).sum() == 4 * 16


def test_another_number_of_bands_is_refused(small_scene):
    run_job(job(small_scene, outputs=("features", "extractor")), silent)
    fewer = small_scene.write_raster("fewer.tif", small_scene.optical()[:2])
    with pytest.raises(BandError, match="2 bands"):
        run_job(
            job(
                small_scene,
                {**small_scene.inputs, "optical": [{"path": fewer}]},
                trained=str(small_scene.out / "models.safetensors"),
            ),
            silent,
        )


def test_a_file_of_another_kind_is_refused(small_scene, tmp_path):
    run_job(small_scene.train(), silent)
    with pytest.raises(ModelFileError, match="holds no diffusion models"):
        run_job(job(small_scene, trained=str(small_scene.out / "m.safetensors")), silent)


def test_a_stopped_run_leaves_no_raster(small_scene):
    def stop(event):
        if event["event"] == "progress" and "features" in event["stage"]:
            raise Cancelled

    with pytest.raises(Cancelled):
        run_job(job(small_scene, outputs=("features", "extractor")), Progress(stop))
    assert small_scene.left() == []
