from __future__ import annotations

import tempfile
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from landfuse.core.data.windows import mirrored  # noqa: E402
from landfuse.core.errors import Cancelled  # noqa: E402
from landfuse.core.models.config import IGNORED  # noqa: E402
from landfuse.core.progress import Progress  # noqa: E402
from landfuse.core.training.augmentation import views  # noqa: E402
from landfuse.core.training.sampling import EpochSampler  # noqa: E402
from landfuse.core.training.tile_sampling import (  # noqa: E402
    TileSampler,
    largest_shift,
    reach,
    tiles_per_epoch,
)
from landfuse.core.training.tiles import TileExamples, TileSource  # noqa: E402


@pytest.fixture
def scene(memory_stack):
    rng = np.random.default_rng(0)
    return memory_stack(hsi=rng.normal(size=(3, 150, 90)), lidar=rng.normal(size=(1, 150, 90)))


def make_samples(rows, cols, n_classes=3):
    rows, cols = np.asarray(rows, np.int64), np.asarray(cols, np.int64)
    return SimpleNamespace(
        rows=rows, cols=cols, labels=np.arange(len(rows)) % n_classes, places=np.arange(len(rows))
    )


@pytest.fixture
def samples():
    rng = np.random.default_rng(1)
    rows, cols = rng.integers(0, 150, 40), rng.integers(0, 90, 40)
    rows[:4], cols[:4] = [0, 0, 149, 149], [0, 89, 0, 89]  # the corners need the mirror
    return make_samples(rows, cols)


def sampler_of(samples, side, seed=1):
    return TileSampler(samples, side, EpochSampler(samples.labels, samples.places, seed), seed)


def cut(scene, key, row, col, side):
    rows = mirrored(row, row + side, scene.grid.rows)
    cols = mirrored(col, col + side, scene.grid.cols)
    return scene.modalities[key][:, rows[:, None], cols[None]]


@pytest.mark.parametrize("side", [32, 45, 64])
def test_tiles_are_what_the_scene_shows_there_mirrored_beyond_its_edges(scene, samples, fill_zero, side):
    draw = sampler_of(samples, side).epoch(0)
    with TileSource(scene, fill_zero, samples, side) as source:
        found = source.gather(draw.rows, draw.cols)
    for key in scene.bands:
        expected = [cut(scene, key, r, c, side) for r, c in zip(draw.rows, draw.cols)]
        assert np.array_equal(found[key].numpy(), np.stack(expected))


def test_a_scene_smaller_than_a_tile_is_mirrored_around_itself(memory_stack, fill_zero):
    small = memory_stack(sar=np.arange(20.0 * 30).reshape(1, 20, 30))
    one = make_samples([4], [25])
    with TileSource(small, fill_zero, one, 64) as source:
        tile = source.gather(np.array([-28]), np.array([-7]))["sar"][0].numpy()
    assert np.array_equal(tile, cut(small, "sar", -28, -7, 64))


def test_bands_and_classes_are_turned_alike(scene, samples, fill_zero):
    side = 32
    with TileSource(scene, fill_zero, samples, side) as source:
        source.know(samples.rows, samples.cols, samples.labels)
        rows, cols = samples.rows[5:6] - 16, samples.cols[5:6] - 16
        upright, classes = source.gather(rows, cols)["hsi"][0], source.labels(rows, cols)[0]
        for number, order in enumerate(views(side)):
            turned = np.array([number])
            found = source.gather(rows, cols, turned)["hsi"][0]
            assert torch.equal(found, upright.reshape(3, -1)[:, order.ravel()].view(3, side, side))
            found = source.labels(rows, cols, turned)[0]
            assert torch.equal(found, classes.reshape(-1)[order.ravel()].view(side, side))


def test_only_known_samples_have_a_class(scene, samples, fill_zero):
    with TileSource(scene, fill_zero, samples, 32) as source:
        source.know(samples.rows, samples.cols, samples.labels)
        source.know(samples.rows[:3], samples.cols[:3], samples.labels[:3])  # the others are forgotten
        for row, col, label in zip(samples.rows[:3], samples.cols[:3], samples.labels[:3]):
            classes = source.labels(np.array([row - 10]), np.array([col - 12]))[0]
            assert classes[10, 12] == label
            assert int((classes != IGNORED).sum()) <= 3
        far = samples.rows[20:21] - 16, samples.cols[20:21] - 16
        near = (abs(samples.rows[:3] - samples.rows[20]) <= 16) & (
            abs(samples.cols[:3] - samples.cols[20]) <= 16
        )
        assert bool((source.labels(*far) == IGNORED).all()) or near.any()


def test_mirrored_samples_have_no_class(memory_stack, fill_zero):
    small = memory_stack(sar=np.zeros((1, 20, 20)))
    one = make_samples([2], [2])
    with TileSource(small, fill_zero, one, 32) as source:
        source.know(one.rows, one.cols, one.labels)
        classes = source.labels(np.array([-8]), np.array([-8]))[0]
    assert np.argwhere(classes.numpy() != IGNORED).tolist() == [[10, 10]]


@pytest.mark.parametrize("side", [32, 45, 64])
def test_every_sample_is_well_inside_of_a_tile_and_no_tile_reaches_farther_than_it_says(samples, side):
    sampler = sampler_of(samples, side)
    for number in range(3):
        draw = sampler.epoch(number)
        assert sorted(draw.known.tolist()) == list(range(40))
        down = samples.rows[:, None] - draw.rows
        right = samples.cols[:, None] - draw.cols
        inner = side // 4
        inside = (down >= inner) & (down < side - inner) & (right >= inner) & (right < side - inner)
        assert inside.any(axis=1).all()
        for row, col in zip(draw.rows, draw.cols):
            corners = np.array([row, row + side - 1]), np.array([col, col + side - 1])
            farthest = [
                max(abs(corners[0] - r).max(), abs(corners[1] - c).max())
                for r, c in zip(samples.rows, samples.cols)
            ]
            assert min(farthest) <= reach(side)


def test_a_held_back_pixel_beyond_the_gap_is_in_no_training_tile():
    rng = np.random.default_rng(0)
    samples, side = make_samples(rng.integers(0, 40, 30), rng.integers(0, 40, 30)), 64
    held_back = np.array([samples.rows.max() + reach(side) + 1, 20])
    for number in range(20):
        draw = sampler_of(samples, side).epoch(number)
        down, right = held_back[0] - draw.rows, held_back[1] - draw.cols
        assert not ((down >= 0) & (down < side) & (right >= 0) & (right < side)).any()


def test_dense_labels_need_few_tiles_and_single_points_one_each():
    rows, cols = (axis.ravel() for axis in np.mgrid[:100, :100])
    dense = make_samples(rows, cols)
    dense.places = np.arange(len(rows))
    assert 9 <= tiles_per_epoch(dense, 64) <= 40
    points = make_samples(np.arange(6) * 500, np.arange(6) * 500)
    assert tiles_per_epoch(points, 64) == 6


def test_seed_and_epoch_alone_decide_the_tiles(samples):
    first, again = (sampler_of(samples, 64).epoch(3) for _ in range(2))
    assert np.array_equal(first.rows, again.rows)
    assert np.array_equal(first.known, again.known)
    other = sampler_of(samples, 64).epoch(4)
    assert len(first.rows) != len(other.rows) or not np.array_equal(first.rows, other.rows)


def test_shifts_stay_small(samples):
    one = make_samples([50], [60])
    shifts = [sampler_of(one, 64, seed).epoch(0).rows[0] - (50 - 32) for seed in range(40)]
    assert max(np.abs(shifts)) <= largest_shift(64)
    assert len(set(shifts)) > 5


def test_examples_are_those_of_the_epoch_that_was_asked_for_last(scene, samples, fill_zero):
    with TileSource(scene, fill_zero, samples, 64) as source:
        examples = TileExamples(source, sampler_of(samples, 64), samples, samples.labels)
        assert (examples.size, examples.smallest_batch) == (len(sampler_of(samples, 64).epoch(0).rows), 1)
        assert examples.class_counts(3).tolist() == [14, 13, 13]
        order = examples.epoch(2)
        draw = sampler_of(samples, 64).epoch(2)
        assert order.tolist() == list(range(len(draw.rows)))
        expected = cut(scene, "hsi", draw.rows[1], draw.cols[1], 64)
        assert np.array_equal(examples.gather(order[1:2])["hsi"][0].numpy(), expected)
        labels = examples.labels(order)
        assert labels.shape == (len(order), 64, 64)
        assert set(labels.unique().tolist()) == {IGNORED, 0, 1, 2}


def test_two_tiles_are_needed_where_the_network_halves_one_to_a_single_value(scene, samples, fill_zero):
    with TileSource(scene, fill_zero, samples, 32) as source:
        assert TileExamples(source, sampler_of(samples, 32), samples, samples.labels).smallest_batch == 2


def test_more_pixels_than_the_budget_live_in_a_file_that_goes_away(
    scene, samples, fill_zero, tmp_path, monkeypatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with TileSource(scene, fill_zero, samples, 64) as source:
        rows, cols = samples.rows[:3] - 32, samples.cols[:3] - 32
        expected = source.gather(rows, cols)
    with TileSource(scene, fill_zero, samples, 64, budget=1000) as source:
        assert list(tmp_path.rglob("*.f32"))
        assert torch.equal(source.gather(rows, cols)["hsi"], expected["hsi"])
    assert not list(tmp_path.iterdir())


def test_cancelling_while_reading_leaves_no_file(scene, samples, fill_zero, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    asked = iter([False] * 3 + [True] * 100)
    with pytest.raises(Cancelled):
        TileSource(scene, fill_zero, samples, 64, 1000, Progress(is_cancelled=lambda: next(asked)))
    assert not list(tmp_path.iterdir())
