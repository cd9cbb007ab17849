from __future__ import annotations

import numpy as np
import pytest
from landfuse.core.data import normalisation
from landfuse.core.data.grid_choice import choose_grid
from landfuse.core.data.modalities import describe_inputs
from landfuse.core.data.normalisation import (
    Normalisation,
    Preprocess,
    fit_normalisation,
    fit_preprocess,
    fitting_sample,
    principal_components,
)
from landfuse.core.data.stack import Stack
from landfuse.core.errors import AlignmentError, ModelFileError, SamplesError
from landfuse.core.job import GridRequest, RasterInput


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(100, 10, shape).astype(np.float32)


def stack_of(path, mask=""):
    modalities = describe_inputs({"hsi": (RasterInput(path, bands="1-2"),)})
    return Stack(modalities, choose_grid(modalities, GridRequest())[0], mask)


def test_a_stretch_brings_the_percentiles_to_0_and_1():
    sample = np.arange(1001, dtype=np.float32)[:, None]  # 0.5 % is 5, 99.5 % is 995
    normalisation = fit_normalisation(sample, "stretch")
    assert (normalisation.low[0], normalisation.high[0]) == (5, 995)
    found = normalisation.apply(np.array([[0, 5, 500, 995, 2000]], np.float32))
    assert found[0].tolist() == pytest.approx([0, 0, 0.5, 1, 1])


def test_standardising_gives_mean_0_and_deviation_1():
    sample = noise(5000, 3) * np.array([1, 1000, 1e-4], np.float32)
    found = fit_normalisation(sample, "standardise").apply(sample.T)
    assert found.mean(axis=1) == pytest.approx([0, 0, 0], abs=1e-3)
    assert found.std(axis=1) == pytest.approx([1, 1, 1], abs=1e-3)


def test_none_only_fills():
    sample = np.array([[1, 10], [3, np.nan]], np.float32)
    normalisation = fit_normalisation(sample, "none")
    assert normalisation.apply(np.array([[np.nan, 5], [np.nan, np.inf]], np.float32)).tolist() == [
        [2, 5],
        [10, 10],
    ]


@pytest.mark.parametrize("kind", ["stretch", "standardise", "none"])
@pytest.mark.parametrize("n_components", [0, 2])
def test_no_input_gives_nan(kind, n_components):
    sample = noise(50, 4)
    sample[:, 1] = 7  # constant
    sample[:, 2] = np.nan  # never valid
    normalisation = fit_normalisation(sample, kind, n_components)
    raw = noise(4, 5, 6)
    raw[:, 0], raw[1, 2, 2], raw[0, 3, 3] = np.nan, np.inf, -np.inf
    found = normalisation.apply(raw)
    assert found.shape == (n_components or 4, 5, 6)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()


def test_a_constant_band_becomes_0():
    for kind in ("stretch", "standardise"):
        normalisation = fit_normalisation(np.full((20, 1), 3000.1, np.float32), kind)
        assert normalisation.apply(np.array([[3000.1, 9000]], np.float32)).tolist() == [[0, 0]]


def test_a_sample_of_one_pixel_is_enough():
    assert fit_normalisation(noise(1, 3), "stretch", 2).apply(noise(3, 2, 2)).shape == (2, 2, 2)


def test_components_are_ordered_orthonormal_and_of_fixed_sign():
    base = noise(2000, 2)
    values = (base @ np.array([[3, 1, 0, 2], [0, 1, 1, -1]], np.float32)).astype(np.float32)
    mean, components = principal_components(values, 3)
    assert components @ components.T == pytest.approx(np.eye(3), abs=1e-5)
    variance = ((values - mean) @ components.T).var(axis=0)
    assert variance[0] >= variance[1] >= variance[2]
    largest = np.abs(components).argmax(axis=1)
    assert (components[np.arange(3), largest] > 0).all()
    assert np.array_equal(components, principal_components(values, 3)[1])


@pytest.mark.parametrize("kind", ["stretch", "standardise"])
def test_components_differ_by_the_square_root_of_their_ranges(kind):
    rng = np.random.default_rng(0)
    sample = (rng.normal(size=(5000, 3)) * [100.0, 10.0, 1.0]).astype(np.float32)
    found = fit_normalisation(sample, kind, 3).apply(sample.T)
    assert found[0].std() / found[1].std() == pytest.approx(10**0.5, rel=0.05)
    assert found[0].std() / found[2].std() == pytest.approx(10, rel=0.05)


def test_components_that_are_only_rounding_become_0():
    base = noise(500, 1)
    normalisation = fit_normalisation(np.repeat(base, 5, axis=1), "stretch", 3)
    found = normalisation.apply(np.repeat(base, 5, axis=1).T)
    assert found[0].std() > 0.1
    assert not found[1:].any()


def test_a_preprocess_survives_being_stored():
    preprocess = Preprocess(
        hsi=fit_normalisation(noise(50, 5), "stretch", 3), lidar=fit_normalisation(noise(50, 1), "stretch")
    )
    arrays = preprocess.to_arrays()
    assert "preprocess.hsi.pca_components" in arrays
    again = Preprocess.from_arrays(arrays, preprocess.to_json())
    data = {"lidar": noise(1, 4, 4), "hsi": noise(5, 4, 4)}
    assert list(again) == ["hsi", "lidar"]
    for key, values in preprocess.apply(data).items():
        assert np.array_equal(again.apply(data)[key], values)
    assert preprocess["hsi"].n_in == 5
    assert preprocess["hsi"].n_out == 3


@pytest.mark.parametrize(
    "spoil",
    [
        lambda a: a.pop("preprocess.hsi.fill"),
        lambda a: a.update({"preprocess.hsi.scale": np.ones(2, np.float32)}),
        lambda a: a.update({"preprocess.hsi.nonsense": np.ones(2, np.float32)}),
        lambda a: a.pop("preprocess.hsi.pca_mean"),
    ],
)
def test_a_stored_preprocess_that_does_not_fit_together_is_refused(spoil):
    preprocess = Preprocess(hsi=fit_normalisation(noise(50, 5), "stretch", 3))
    arrays = preprocess.to_arrays()
    spoil(arrays)
    with pytest.raises(ModelFileError):
        Preprocess.from_arrays(arrays, preprocess.to_json())


def test_the_sample_is_of_valid_pixels_on_a_lattice(write_raster):
    data = noise(2, 60, 50)
    data[:, :30] = np.nan
    with stack_of(write_raster("a.tif", data)) as stack:
        everything = fitting_sample(stack)["hsi"]
        assert np.array_equal(np.sort(everything[:, 0]), np.sort(data[0, 30:].ravel()))
        assert 50 <= len(fitting_sample(stack, limit=200)["hsi"]) <= 100


def test_excluded_pixels_are_not_in_the_sample(write_raster):
    data = noise(2, 20, 20)
    with stack_of(write_raster("a.tif", data)) as stack:
        left = fitting_sample(stack, exclude=lambda rows, cols: cols >= 10)["hsi"]
        assert np.array_equal(np.sort(left[:, 1]), np.sort(data[1, :, :10].ravel()))
        with pytest.raises(SamplesError, match="outside the held-back groups"):
            fitting_sample(stack, exclude=lambda rows, cols: rows >= 0)


def test_a_scene_without_a_valid_pixel_is_an_error(write_raster):
    mask = write_raster("mask.tif", np.zeros((4, 4), np.uint8))
    with (
        stack_of(write_raster("a.tif", noise(2, 4, 4)), mask) as stack,
        pytest.raises(AlignmentError, match="valid"),
    ):
        fit_preprocess(stack, "stretch")


def test_a_small_valid_area_is_found_however_large_the_scene(write_raster, monkeypatch):
    monkeypatch.setattr(normalisation, "READ_BUDGET", 1 << 14)  # tiles of 128 pixels, one of nine is read
    data, mask = noise(2, 400, 400), np.zeros((400, 400), np.uint8)
    mask[3:8, 250:255] = 1
    with stack_of(write_raster("a.tif", data), write_raster("mask.tif", mask)) as stack:
        found = fitting_sample(stack, limit=500)["hsi"]
        assert np.array_equal(np.sort(found[:, 0]), np.sort(data[0, 3:8, 250:255].ravel()))


def test_fitting_a_scene_gives_each_modality_its_components(write_raster):
    with stack_of(write_raster("a.tif", noise(2, 30, 30))) as stack:
        preprocess = fit_preprocess(stack, "standardise", {"hsi": 1})
    assert isinstance(preprocess["hsi"], Normalisation)
    assert preprocess["hsi"].n_out == 1
    assert preprocess["hsi"].kind == "standardise"


def test_tiny_values_are_magnified_by_a_power_of_two_where_nothing_else_is_done():
    sample = np.float32([[1e-30, 5.0, 2.0], [3e-30, 9.0, 2.0]]).repeat(50, axis=0)
    fitted = fit_normalisation(sample, "none")
    assert np.log2(fitted.scale[0]) % 1 == 0
    assert fitted.scale[1:].tolist() == [1, 1]
    found = fitted.apply(sample.T)
    assert 1 <= np.ptp(found[0]) < 2
    assert (found[1:] == sample.T[1:]).all()
