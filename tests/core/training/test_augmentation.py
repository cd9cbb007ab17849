from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from landfuse.core.training.augmentation import draw_views, jittered, views  # noqa: E402


def test_the_views_are_the_eight_turns_and_flips_of_a_square():
    patch = np.arange(9).reshape(3, 3)
    seen = {tuple(patch.reshape(-1)[order].reshape(-1)) for order in views(3)}
    expected = {tuple(np.rot90(p, k).reshape(-1)) for p in (patch, patch[::-1]) for k in range(4)}
    assert seen == expected
    assert len(seen) == 8


def test_the_first_view_is_upright_and_every_view_keeps_the_centre_pixel():
    assert (views(5)[0] == np.arange(25).reshape(5, 5)).all()
    assert (views(5)[:, 2, 2] == 12).all()


def test_draws_repeat_with_the_seed_and_use_every_view():
    first, second = (draw_views(200, np.random.default_rng(3)) for _ in range(2))
    assert (first == second).all()
    assert set(first) == set(range(8))


def test_jitter_shifts_whole_bands_of_a_patch_but_not_those_of_height_or_radar():
    patches = {"hsi": torch.zeros(50, 4, 3, 3), "lidar": torch.ones(50, 1, 3, 3)}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        found = jittered(patches, 0.1)
    assert torch.equal(found["hsi"].amax(dim=(2, 3)), found["hsi"].amin(dim=(2, 3)))
    assert found["hsi"].std() == pytest.approx(0.1, rel=0.2)
    assert torch.equal(found["lidar"], patches["lidar"])
