"""The diffusion process around the U-Net: schedule, noising, loss, reverse step and reconstruction.

Denoising diffusion as in Ho et al., NeurIPS 2020, with the settings of SpectralDiff (Chen et al., IEEE TGRS
61, 2023): 500 steps, variance rising linearly from 1e-4 to 0.02, and the mean absolute error of the noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

STEPS = 500
FIRST_BETA, LAST_BETA = 1e-4, 0.02


@dataclass(frozen=True)
class Schedule:
    """The published process, step by step; each of the fields is (T,) float32.

    `betas`: how much noise a step adds; `alphas_cumprod`: what is left of the signal's variance;
    `posterior_variance`: of the reverse step.
    """

    betas: Tensor
    alphas_cumprod: Tensor
    posterior_variance: Tensor

    def noised(self, clean: Tensor, noise: Tensor, steps: Tensor) -> Tensor:
        """Return x_t: cubes (B, ...) after `steps` (B,) of noise."""
        signal, spread = self._signal_and_spread(clean, steps)
        return signal * clean + spread * noise

    def reconstruction(self, noisy: Tensor, noise: Tensor, steps: Tensor) -> Tensor:
        """Return the clean cubes that `noisy` would be without `noise`."""
        signal, spread = self._signal_and_spread(noisy, steps)
        return (noisy - spread * noise) / signal

    def reverse_mean(self, noisy: Tensor, noise: Tensor, steps: Tensor) -> Tensor:
        """Return the mean of x_(t-1) for x_t and the noise predicted in it."""
        beta = _of_steps(self.betas, noisy, steps)
        _, spread = self._signal_and_spread(noisy, steps)
        return (noisy - beta * noise / spread) / (1.0 - beta).sqrt()

    def reverse_step(self, noisy: Tensor, noise: Tensor, steps: Tensor, drawn: Tensor) -> Tensor:
        """Return x_(t-1); `drawn` is standard normal noise, which the last step (t = 0) does not add."""
        spread = _of_steps(self.posterior_variance, noisy, steps).sqrt()
        last = _of_steps((steps == 0).to(noisy.dtype), noisy, torch.arange(len(steps), device=noisy.device))
        return self.reverse_mean(noisy, noise, steps) + (1.0 - last) * spread * drawn

    def _signal_and_spread(self, cubes: Tensor, steps: Tensor) -> tuple[Tensor, Tensor]:
        left = _of_steps(self.alphas_cumprod, cubes, steps)
        return left.sqrt(), (1.0 - left).sqrt()


def make_schedule(steps: int = STEPS, device: torch.device | None = None) -> Schedule:
    """Return the published schedule, or one of another number of steps between the same ends."""
    betas = torch.linspace(FIRST_BETA, LAST_BETA, steps)
    left = torch.cumprod(1.0 - betas, dim=0)
    before = torch.cat([torch.ones(1), left[:-1]])
    return Schedule(*(v.to(device) for v in (betas, left, betas * (1.0 - before) / (1.0 - left))))


def noise_loss(predicted: Tensor, noise: Tensor) -> Tensor:
    """Return the mean absolute error of the predicted noise."""
    return (predicted - noise).abs().mean()


def _of_steps(values: Tensor, cubes: Tensor, steps: Tensor) -> Tensor:
    """Return the entries `steps` (B,) of `values` in the shape that multiplies `cubes` (B, ...)."""
    return values[steps].view(-1, *(1,) * (cubes.dim() - 1))
