from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from landfuse.core.data.grid_choice import choose_grid
from landfuse.core.data.modalities import describe_inputs
from landfuse.core.data.normalisation import fit_preprocess, fitting_sample
from landfuse.core.data.range_check import RANGE_LIMIT, compare_ranges
from landfuse.core.data.stack import Stack
from landfuse.core.job import GridRequest, RasterInput
from landfuse.core.source_options import options_of_rasters


def stack_of(path, key="optical"):
    modalities = describe_inputs({key: (RasterInput(path),)})
    return Stack(modalities, choose_grid(modalities, GridRequest())[0])


def bands(seed=0):
    rng = np.random.default_rng(seed)
    return (rng.uniform(300, 2000, (4, 40, 40)) * np.array([1, 1.2, 0.8, 2])[:, None, None]).astype(
        np.float32
    )


@pytest.fixture
def compare(write_raster):
    def lines(scene, key="optical"):
        with stack_of(write_raster("train.tif", bands()), key) as stack:
            preprocess = fit_preprocess(stack, "stretch")
        with stack_of(write_raster("scene.tif", scene.astype(np.float32)), key) as stack:
            return compare_ranges(stack, preprocess, fitting_sample(stack, RANGE_LIMIT))

    return lines


def test_a_scene_like_the_training_scene_is_silent(compare):
    assert compare(bands(seed=1)) == []


def test_an_offset_is_told_with_its_size_likely_cause_and_remedy(compare):
    (line,) = compare(bands(seed=1) + 1000)
    assert line.startswith("optical: 4 of 4 bands lie about 1000 above training")
    assert "; Sentinel-2 offset? " in line
    assert line.endswith(
        "OPTICAL_OPTIONS offset=-1000 (--optical-options offset=-1000) brings them to the training range."
    )
    (line,) = compare(bands(seed=1) - 1000)
    assert "4 of 4 bands lie about 1000 below training" in line
    assert "OPTICAL_OPTIONS offset=1000 (" in line


def test_no_remedy_is_offered_that_would_spoil_a_band_that_fits(compare):
    scene = bands(seed=1)
    scene[:3] += 1000
    (line,) = compare(scene)
    assert line.endswith("3 of 4 bands lie about 1000 above training (band 1, band 2, band 3); "
                         "Sentinel-2 offset?")  # fmt: skip


def test_other_units_are_told_as_a_factor(compare):
    (line,) = compare(bands(seed=1) / 10000)
    assert line.startswith("optical: 4 of 4 bands vary about 10000 times less than in training")
    assert "OPTICAL_OPTIONS scale=10000 (--optical-options scale=10000)" in line


@pytest.mark.parametrize(
    ("key", "change", "file_units"),
    [
        ("optical", lambda x: x + 1000, (1.0, 0.0)),
        ("optical", lambda x: x / 10000, (1.0, 0.0)),
        ("optical", lambda x: x - 777, (0.5, 20.0)),
        ("other", lambda x: x * 33, (1.0, 0.0)),
        ("sar", lambda x: x / 100 - 40, (1.0, 0.0)),
    ],
)
def test_the_remedy_makes_the_warning_go_away(write_raster, key, change, file_units):
    values = bands() / 100 - 30 if key == "sar" else bands()  # decibels
    (trained,) = [RasterInput(write_raster("train.tif", values), scale=file_units[0], offset=file_units[1])]
    path = write_raster("scene.tif", change(bands(seed=1)).astype(np.float32))

    def lines(raster):
        modalities = describe_inputs({key: (raster,)})
        with Stack(modalities, choose_grid(modalities, GridRequest())[0]) as stack:
            return compare_ranges(stack, preprocess, fitting_sample(stack, RANGE_LIMIT))

    modalities = describe_inputs({key: (trained,)})
    with Stack(modalities, choose_grid(modalities, GridRequest())[0]) as stack:
        preprocess = fit_preprocess(stack, "stretch")
    scene = RasterInput(path, scale=file_units[0], offset=file_units[1])
    (line,) = lines(scene)
    option = line.split(f"(--{key}-options ")[1].split(")")[0]
    (settings,) = options_of_rasters(option, 1, "test")
    assert lines(replace(scene, **settings)) == []


def test_another_offset_has_no_named_cause(compare):
    (line,) = compare(bands(seed=1) + 5000)
    assert "lie about 5000 above" in line
    assert "Sentinel" not in line


def test_heights_of_another_terrain_are_told(compare):
    (line,) = compare(bands(seed=1) + 9000, key="lidar")
    assert "terrain or height reference" in line
    assert "OPTIONS" not in line


def test_a_darker_part_of_the_range_is_not_a_shift(compare):
    scene = bands(seed=1)
    scene = np.where(scene > np.median(scene, axis=(1, 2), keepdims=True), scene * 0.7, scene)
    assert compare(scene) == []


def test_the_fix_is_offered_in_the_units_that_are_used(write_raster):
    scaled = RasterInput(write_raster("train.tif", bands()), scale=1e-4)
    shifted = RasterInput(write_raster("scene.tif", bands(seed=1) + 1000), scale=1e-4)
    trained, scene = (describe_inputs({"optical": (raster,)}) for raster in (scaled, shifted))
    with Stack(trained, choose_grid(trained, GridRequest())[0]) as stack:
        preprocess = fit_preprocess(stack, "stretch")
    with Stack(scene, choose_grid(scene, GridRequest())[0]) as stack:
        (line,) = compare_ranges(stack, preprocess, fitting_sample(stack, RANGE_LIMIT))
    assert "lie about 0.1 above training" in line
    assert "--optical-options offset=-0.1" in line
