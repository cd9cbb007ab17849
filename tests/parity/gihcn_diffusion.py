"""Compares the diffusion model of GIHCN with a fixture of the authors' program (models/gihcn.md, section 13).

The weights are not in the fixture: a formula gives them, tensor by tensor.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import torch
from landfuse.core.models.diffusion import make_schedule, noise_loss
from landfuse.core.models.spectral_unet import SpectralUnet

Arrays = Mapping[str, np.ndarray]

PREFIXES = ("y:", "i:", "s:")
_BLOCKS = ("downs.0", "downs.1", "downs.2", "ups.0", "ups.1", "ups.2")
_NORM = ("weight", "bias", "running_mean", "running_var")


def names() -> list[str]:
    """Return the tensors of the network in the order of the formula."""
    both = ("weight", "bias")
    listed = [f"{part}.{kind}" for part in ("time_mlp.1", "conv0") for kind in both]
    for block in _BLOCKS:
        for part in ("time_mlp", "conv1", "transform", "conv2"):
            listed += [f"{block}.{part}.{kind}" for kind in both]
        listed += [f"{block}.{part}.{kind}" for part in ("bnorm1", "bnorm2") for kind in _NORM]
    return [*listed, *(f"output.{kind}" for kind in both)]


def made_weight(name: str, shape: tuple[int, ...], number: int, phase: float) -> np.ndarray:
    """Return tensor `number` of the formula."""
    i = np.arange(int(np.prod(shape)), dtype=np.float64)
    r = np.sin(0.37 * i + 1.3 * number + phase + 1e-4 * i * (i % 7)).reshape(shape)
    if name.endswith("running_var"):
        value = 1 + 0.5 * r
    elif ".bnorm" in name and name.endswith("weight"):
        value = 1 + 0.3 * r
    elif len(shape) >= 2:
        value = 1.4 * r / np.sqrt(np.prod(shape[1:]))
    else:
        value = 0.2 * r
    return value.astype(np.float32)


def load(fixture: Arrays) -> SpectralUnet:
    """Build the network with the weights of the formula, which must name every tensor but the counters."""
    network, phase = SpectralUnet(), float(fixture["cfg:phase"])
    state = network.state_dict()
    counters = {name for name in state if name.endswith("num_batches_tracked")}
    if set(state) - counters != set(names()):
        raise ValueError(f"other tensors than the formula's: {sorted(set(state) - counters ^ set(names()))}")
    made = {
        name: torch.from_numpy(made_weight(name, tuple(state[name].shape), number, phase))
        for number, name in enumerate(names())
    }
    network.load_state_dict({**made, **{name: state[name] for name in counters}}, strict=True)
    return network.eval()


def compute(fixture: Arrays) -> Iterator[tuple[str, np.ndarray]]:
    """Yield (key, value) of every `y:`, `i:` and `s:` key of the fixture's format."""
    network, schedule = load(fixture), make_schedule(len(fixture["s:betas"]))
    clean, noise = (torch.from_numpy(fixture[key]) for key in ("x:x0", "x:eps"))
    steps = torch.from_numpy(fixture["x:t"])
    with torch.no_grad():
        embedded, steps = network.time_mlp(steps), steps.expand(len(clean))
        noisy = schedule.noised(clean, noise, steps)
        predicted = network(noisy, steps)
        features = network.features(noisy, steps, (0, 1, 2))
        found = {
            "y:xt": noisy,
            "y:eps_hat": predicted,
            **{f"y:feat{stage}": value for stage, value in enumerate(features)},
            "y:l1_loss": noise_loss(predicted, noise),
            "y:reverse_mean": schedule.reverse_mean(noisy, predicted, steps),
            "i:time_emb": embedded,
            "s:betas": schedule.betas,
            "s:alphas_cumprod": schedule.alphas_cumprod,
            "s:posterior_variance": schedule.posterior_variance,
        }
    for key, value in found.items():
        yield key, value.numpy()


def tolerance(key: str) -> tuple[float, float]:
    """Return (absolute, relative) tolerance: error <= absolute + relative * |expected|."""
    return (0.0, 1e-5) if key.startswith("s:") else (2e-5, 1e-4)
