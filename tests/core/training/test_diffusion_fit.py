"""Diffusion models on a small scene in memory: they learn, go on where they stopped, and stop at once."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the engine's packages")

from landfuse.core.data.windows import Window  # noqa: E402
from landfuse.core.errors import Cancelled, TrainingError  # noqa: E402
from landfuse.core.models.diffusion_extractor import ExtractorSettings, InformationNetwork  # noqa: E402
from landfuse.core.progress import Progress  # noqa: E402
from landfuse.core.training import diffusion_fit  # noqa: E402
from landfuse.core.training.crop_pool import CropPool  # noqa: E402
from landfuse.core.training.diffusion_fit import fit_extractor, train_unet  # noqa: E402
from landfuse.core.training.diffusion_plan import DiffusionPlan, diffusion_plan  # noqa: E402
from landfuse.core.training.state import StateKeeper  # noqa: E402

PLAN = DiffusionPlan(crop=6, batch_size=4, steps=6, components=3, seed=3)
CPU = torch.device("cpu")


class Scene:
    """Bands (C, H, W) that read like a stack of one source; `texture` repeats over the scene."""

    def __init__(self, bands):
        self.bands = np.asarray(bands, np.float32)
        rows, cols = self.bands.shape[1:]
        self.grid = SimpleNamespace(rows=rows, cols=cols, shape=(rows, cols))
        self.keys = ("hsi",)

    def read_source(self, key, window):
        rows, cols = window.slices()
        return self.bands[:, rows, cols]

    def valid(self, window):
        return np.isfinite(self.read_source("hsi", window)).all(axis=0)

    def read(self, window, margin=0):
        return SimpleNamespace(data={"hsi": self.read_source("hsi", window)}, valid=self.valid(window))


def stripes(rows=14, cols=12, bands=4):
    phase = np.arange(rows)[:, None] + np.arange(cols) + 2 * np.arange(bands)[:, None, None]
    return np.sin(phase) + 0.1 * np.random.default_rng(0).normal(size=(bands, rows, cols))


@pytest.fixture(autouse=True)
def short_rounds(monkeypatch):
    monkeypatch.setattr(diffusion_fit, "ROUND", 2)


def pool(scale=1.0, crop=6):
    cube = np.float32(scale * np.repeat(stripes(bands=1), 8, axis=0))
    return CropPool(lambda w: cube[(slice(None), *w.slices())], cube.shape[1:], 8, crop, seed=1)


def test_the_loss_falls_below_that_of_no_model():
    plan = replace(PLAN, steps=60, learning_rate=2e-3)
    _, losses = train_unet(pool(), plan, "hsi", device=CPU)
    assert losses[0] > 0.75  # the mean of |noise| is 0.80
    assert np.mean(losses[-5:]) < 0.65


def test_the_same_seed_gives_the_same_weights():
    first, second = (train_unet(pool(), PLAN, "hsi", device=CPU)[0] for _ in range(2))
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_a_stopped_run_goes_on_and_ends_as_if_it_had_not_been_stopped(tmp_path, monkeypatch):
    from landfuse.core.training import state

    monkeypatch.setattr(state, "KEEP_AFTER", 0.0)
    whole, losses = train_unet(pool(), PLAN, "hsi", device=CPU)

    def stop(event):
        if event["event"] == "metric":
            raise Cancelled

    model = str(tmp_path / "features.tif")
    with pytest.raises(Cancelled):
        train_unet(
            pool(), PLAN, "hsi", device=CPU, keeper=StateKeeper(model, "a" * 16), progress=Progress(stop)
        )
    sent = []
    again, again_losses = train_unet(
        pool(), PLAN, "hsi", device=CPU, keeper=StateKeeper(model, "a" * 16), progress=Progress(sent.append)
    )
    assert again_losses == losses
    assert [e["epoch"] for e in sent if e["event"] == "metric"] == [2, 4, 6]
    assert all(np.array_equal(whole[name], again[name]) for name in whole)


def test_a_loss_that_is_not_finite_names_the_source():
    with pytest.raises(TrainingError, match="diffusion model of 'hsi' is not finite"):
        train_unet(pool(scale=np.nan), PLAN, "hsi", device=CPU)


def test_a_run_stops_between_two_steps():
    with pytest.raises(Cancelled):
        train_unet(pool(), PLAN, "hsi", device=CPU, progress=Progress(is_cancelled=lambda: True))


def test_an_extractor_gives_as_many_bands_as_the_source_has_components():
    found = fit_extractor(Scene(stripes()), "hsi", PLAN)
    assert (found.n_bands, found.depth, found.n_out) == (3, 8, 3)
    assert found.components.shape == (3, 32 * 8)
    np.testing.assert_allclose(found.components @ found.components.T, np.eye(3), atol=1e-5)
    assert (found.components[range(3), np.abs(found.components).argmax(axis=1)] > 0).all()
    assert 0 < found.facts["loss"] < 2


def test_the_fitted_range_becomes_minus_one_to_one():
    scene = Scene(stripes())
    cube = fit_extractor(scene, "hsi", replace(PLAN, components=0)).cube(scene.bands)
    assert cube.shape == (8, 14, 12)
    np.testing.assert_allclose([cube.min(axis=(1, 2)), cube.max(axis=(1, 2))], [[-1] * 8, [1] * 8], atol=1e-5)
    assert np.array_equal(cube[3:], np.repeat(cube[3:4], 5, axis=0))  # the last band fills up


@pytest.mark.parametrize(
    "bands", [np.full((2, 9, 9), 7.0), np.stack([np.full((9, 9), 7.0), stripes(9, 9, 1)[0]])]
)
def test_constant_bands_give_finite_features(bands):
    scene, told = Scene(bands), []
    found = fit_extractor(scene, "hsi", PLAN, progress=Progress(told.append))
    cube = found.cube(scene.bands)
    assert (cube[0] == 0).all()
    values = InformationNetwork(found, CPU).information(cube, np.zeros_like(cube))
    assert np.isfinite(values).all()
    assert any("is constant" in e.get("text", "") for e in told) == bool(
        (np.ptp(bands, axis=(1, 2)) == 0).all()
    )


def test_a_scene_smaller_than_a_crop_is_trained_on_as_it_is():
    told = []
    fit_extractor(Scene(stripes(4, 3)), "hsi", PLAN, progress=Progress(told.append))
    assert any("crops of 4 x 3 pixels" in event.get("text", "") for event in told)


def test_a_reconstruction_is_near_the_source_where_little_noise_was_added():
    scene = Scene(stripes())
    settings = ExtractorSettings("reconstruction", step=0)
    found = fit_extractor(scene, "hsi", replace(PLAN, steps=20), settings)
    cube = found.cube(scene.bands)
    values = InformationNetwork(found, CPU).information(cube, np.ones_like(cube))
    assert values.shape == (3, 14, 12)
    np.testing.assert_allclose(values, cube[:3], atol=0.05)  # t = 0: the noise has deviation 0.01


def test_a_large_scene_is_read_in_other_windows_each_round():
    read = []

    def reader(window):
        read.append(window)
        return np.zeros((8, window.height, window.width), np.float32)

    small = CropPool(reader, (100, 90), 8, crop=6, seed=1, budget=4 * 8 * 24 * 24 * 3)
    small.fill(0)
    first = list(read)
    small.fill(1)
    assert len(first) == 3
    assert set(first).isdisjoint(read[3:])
    assert all(w.row_stop <= 100 and w.col_stop <= 90 for w in read)
    assert small.draw(5, np.random.default_rng(0)).shape == (5, 8, 6, 6)


def test_a_scene_that_fits_is_read_once():
    read = []
    whole = CropPool(lambda w: read.append(w) or np.zeros((8, 9, 9), np.float32), (9, 9), 8, 6, seed=1)
    whole.fill(0)
    whole.fill(1)
    assert read == [Window(0, 0, 9, 9)]


def test_presets_take_what_the_user_fixed():
    assert diffusion_plan("paper", 1).crop == 64
    assert diffusion_plan("reduced", 1, steps=7, components=0) == replace(
        diffusion_plan("reduced", 1), steps=7, components=0
    )
