"""The diffusion process against values worked out by hand and against its own algebra."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from landfuse.core.models.diffusion import make_schedule, noise_loss  # noqa: E402


def test_the_signal_left_is_the_published_one():
    schedule = make_schedule()
    published = {0: 0.99990, 5: 0.99880, 10: 0.99671, 50: 0.94555, 100: 0.80914, 200: 0.43871, 499: 0.00635}
    for step, left in published.items():
        assert float(schedule.alphas_cumprod[step]) == pytest.approx(left, abs=6e-6)


def test_a_cube_comes_back_when_its_noise_is_known():
    schedule, steps = make_schedule(), torch.tensor([5, 300])
    clean, noise = torch.randn(2, 2, 1, 8, 3, 3)
    noisy = schedule.noised(clean, noise, steps)
    torch.testing.assert_close(schedule.reconstruction(noisy, noise, steps), clean, atol=1e-4, rtol=1e-4)


def test_one_step_of_noise_is_taken_back_exactly():
    schedule, steps = make_schedule(), torch.tensor([0, 0])
    clean, noise = torch.randn(2, 2, 1, 8, 3, 3)
    noisy = schedule.noised(clean, noise, steps)
    found = schedule.reverse_step(noisy, noise, steps, torch.full_like(noisy, 1e6))  # adds none at t = 0
    torch.testing.assert_close(found, clean, atol=1e-4, rtol=1e-4)


def test_a_reverse_step_adds_noise_of_the_posterior_variance():
    schedule, steps = make_schedule(), torch.tensor([200])
    noisy, noise = torch.randn(2, 1, 1, 8, 3, 3)
    drawn = torch.ones_like(noisy)
    added = schedule.reverse_step(noisy, noise, steps, drawn) - schedule.reverse_mean(noisy, noise, steps)
    torch.testing.assert_close(added, schedule.posterior_variance[200].sqrt() * drawn)


def test_the_loss_is_the_mean_absolute_error():
    assert float(noise_loss(torch.tensor([1.0, -3.0]), torch.zeros(2))) == 2.0
