from __future__ import annotations

import tempfile
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from landfuse.core.data.windows import Window  # noqa: E402
from landfuse.core.errors import Cancelled  # noqa: E402
from landfuse.core.progress import Progress  # noqa: E402
from landfuse.core.training.augmentation import views  # noqa: E402
from landfuse.core.training.patches import PatchSource  # noqa: E402


@pytest.fixture
def scene(memory_stack):
    rng = np.random.default_rng(0)
    return memory_stack(hsi=rng.normal(size=(5, 150, 90)), lidar=rng.normal(size=(1, 150, 90)))


@pytest.fixture
def samples():
    rng = np.random.default_rng(1)
    rows, cols = rng.integers(0, 150, 60), rng.integers(0, 90, 60)
    rows[:4], cols[:4] = [0, 0, 149, 149], [0, 89, 0, 89]  # the corners need the mirror
    return SimpleNamespace(rows=rows, cols=cols)


def read_one_by_one(stack, samples, size):
    reads = [stack.read(Window(int(r), int(c), 1, 1), size // 2) for r, c in zip(samples.rows, samples.cols)]
    return {key: np.stack([read.data[key] for read in reads]) for key in stack.bands}


@pytest.mark.parametrize("size", [1, 3, 9])
def test_patches_equal_the_windows_around_the_samples(scene, samples, fill_zero, size):
    expected = read_one_by_one(scene, samples, size)
    with PatchSource(scene, fill_zero, samples, size) as source:
        found = source.gather(np.arange(60))
    for key, patches in expected.items():
        assert found[key].dtype == torch.float32
        np.testing.assert_array_equal(found[key].numpy(), patches)


def test_a_view_turns_all_modalities_of_a_sample_alike(scene, samples, fill_zero):
    with PatchSource(scene, fill_zero, samples, 3) as source:
        upright = source.gather(np.arange(8))
        turned = source.gather(np.arange(8), np.arange(8))
    for key, patches in upright.items():
        for i, order in enumerate(views(3)):
            expected = patches[i].reshape(len(patches[i]), 9)[:, order.reshape(-1)].reshape(-1, 3, 3)
            assert torch.equal(turned[key][i], expected)


def test_invalid_neighbours_arrive_filled(memory_stack, fill_zero):
    bands = np.ones((1, 5, 5))
    bands[0, 2, 3] = np.nan
    one = SimpleNamespace(rows=np.array([2]), cols=np.array([2]))
    with PatchSource(memory_stack(sar=bands), fill_zero, one, 3) as source:
        patch = source.gather(np.array([0]))["sar"][0, 0]
    assert patch.sum() == 8
    assert patch[1, 2] == 0


def test_each_part_of_the_scene_is_read_once(scene, samples, fill_zero):
    with PatchSource(scene, fill_zero, samples, 5):
        assert len(scene.reads) <= 6  # tiles of 64 pixels on 150 x 90
        assert sum(w.height * w.width for w in scene.reads) <= 150 * 90


def test_pixels_beyond_the_budget_live_in_a_file_that_is_removed(
    scene, samples, fill_zero, tmp_path, monkeypatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    expected = read_one_by_one(scene, samples, 5)
    with PatchSource(scene, fill_zero, samples, 5, budget=1000) as source:
        assert len(list(tmp_path.rglob("*.f32"))) == 2
        np.testing.assert_array_equal(source.gather(np.arange(60))["hsi"].numpy(), expected["hsi"])
    assert not list(tmp_path.iterdir())


def test_a_cancelled_or_forgotten_source_leaves_no_file(scene, samples, fill_zero, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    asked = iter([False, True])
    with pytest.raises(Cancelled):
        PatchSource(scene, fill_zero, samples, 5, 1000, Progress(is_cancelled=lambda: next(asked)))
    assert not list(tmp_path.iterdir())
    source = PatchSource(scene, fill_zero, samples, 5, budget=1000)
    assert list(tmp_path.iterdir())
    del source
    assert not list(tmp_path.iterdir())
