"""The generative information of one source: a trained diffusion model and what stands before and behind it.

Raw bands become the classifier's bands (principal components where there are many), each is brought to -1..1,
noise of a fixed pattern is added, and the inner maps of the U-Net (`features`) or the cube it believes to be
behind the noise (`reconstruction`) are the information; features are reduced by principal components. The
published code bases leave this bridge open; it is ours, and the defaults are those of its specification.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from ..data.hashing import uniform
from ..data.normalisation import Normalisation, Preprocess
from ..errors import ModelFileError
from .diffusion import make_schedule
from .spectral_unet import DEPTH_FACTOR, REACHES, SpectralUnet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .tensor_file import Arrays

    Floats = NDArray[np.float32]

KINDS = ("features", "reconstruction")
FEATURE_STEP, RECONSTRUCTION_STEP = 5, 100
STAGE = 2
_UNET, _OWN = "unet.", ("low", "high", "mean", "components")
_WHERE = "diffusion model"
_REMEDY = "Copy the file again, or make the features anew."


@dataclass(frozen=True)
class ExtractorSettings:
    """What is taken from the diffusion model: `kind`, the step t of noise, the stage of the U-Net, the seed.

    A reconstruction has no stage.
    """

    kind: str = "features"
    step: int = FEATURE_STEP
    stage: int = STAGE
    seed: int = 42

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {KINDS}, got {self.kind!r}")

    @property
    def halo(self) -> int:
        """How many pixels around a pixel its information depends on."""
        return REACHES[self.stage] if self.kind == "features" else REACHES[3]


@dataclass(frozen=True)
class DiffusionExtractor:
    """Everything that the information of one source needs.

    `normalisation` turns raw bands (C) into those of the diffusion (C'); `low`, `high` (C',) become -1 and 1.
    `mean` (32 S,) and `components` (g, 32 S) reduce the features; both are empty for a reconstruction.
    `weights`: of the U-Net; `facts`: recipe and loss of its training, plain values.
    """

    normalisation: Normalisation
    low: Floats
    high: Floats
    weights: Arrays
    settings: ExtractorSettings = field(default_factory=ExtractorSettings)
    mean: Floats = field(default_factory=lambda: np.zeros(0, np.float32))
    components: Floats = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def n_bands(self) -> int:
        """Bands of the diffusion, C'."""
        return self.normalisation.n_out

    @property
    def depth(self) -> int:
        """Length S of the spectral axis: the bands, filled up to a multiple of 8."""
        return -(-self.n_bands // DEPTH_FACTOR) * DEPTH_FACTOR

    @property
    def n_out(self) -> int:
        """Bands of the information."""
        return len(self.components) if self.settings.kind == "features" else self.n_bands

    def cube(self, raw: Floats) -> Floats:
        """Return the clean cube (S, H, W), -1..1 in the fitted range, of raw bands (C, H, W)."""
        return scaled_cube(self.normalisation.apply(raw), self.low, self.high, self.depth)

    def to_arrays(self) -> Arrays:
        """Return every array under a name of its own."""
        return {
            **{_UNET + name: array for name, array in self.weights.items()},
            **{name: getattr(self, name) for name in _OWN},
            **Preprocess(source=self.normalisation).to_arrays(),
        }

    def to_json(self) -> dict[str, Any]:
        """Return what is no array."""
        return {"settings": vars(self.settings), "kind": self.normalisation.kind, "facts": dict(self.facts)}

    @classmethod
    def from_arrays(cls, arrays: Arrays, description: Mapping[str, Any]) -> DiffusionExtractor:
        """Rebuild from `to_arrays` and `to_json`. Raises `ModelFileError` for what does not fit together."""
        try:
            preprocess = Preprocess.from_arrays(arrays, {"source": {"kind": description["kind"]}})
            own = {name: np.asarray(arrays[name], np.float32) for name in _OWN}
            found = cls(
                normalisation=preprocess["source"],
                weights={n[len(_UNET) :]: a for n, a in arrays.items() if n.startswith(_UNET)},
                settings=ExtractorSettings(**description["settings"]),
                facts=description["facts"],
                **own,
            )
            found.network()
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise ModelFileError(
                f"The diffusion model in it does not fit together: {str(error).splitlines()[-1].strip()}",
                where=_WHERE,
                remedy=_REMEDY,
            ) from error
        found.check()
        return found

    def check(self) -> None:
        """Raise `ModelFileError` where the arrays do not fit each other."""
        inner = DEPTH_FACTOR * 4 * self.depth
        sizes = [len(self.low) == len(self.high) == self.n_bands]
        if self.settings.kind == "features":
            sizes += [self.mean.shape == (inner,), self.components.shape[1:] == (inner,)]
        if not all(sizes):
            raise ModelFileError(
                "The diffusion model in it does not fit its bands.", where=_WHERE, remedy=_REMEDY
            )

    def network(self) -> SpectralUnet:
        """Return the U-Net in eval mode."""
        network = SpectralUnet()
        network.load_state_dict({name: torch.from_numpy(np.array(a)) for name, a in self.weights.items()})
        return network.eval()


def scaled_cube(bands: Floats, low: Floats, high: Floats, depth: int) -> Floats:
    """Bring bands (C', H, W) to -1..1 (a constant one to 0) and repeat the last one up to `depth`."""
    width = high - low
    varies = width > 1e-6 * np.maximum(np.abs(low), 1e-32)
    factor = np.where(varies, 2.0 / np.where(varies, width, 1.0), 0.0).astype(np.float32)
    middle = ((low + high) / 2).astype(np.float32)
    cube = (bands - middle[:, None, None]) * factor[:, None, None]
    missing = depth - len(cube)
    return np.concatenate([cube, np.repeat(cube[-1:], missing, axis=0)]) if missing else cube


def position_noise(rows: range, cols: range, depth: int, seed: int) -> Floats:
    """Return standard normal noise (S, H, W) that follows from seed and position alone (Box-Muller)."""
    places = (np.arange(rows.start, rows.stop)[:, None] << 31) + np.arange(cols.start, cols.stop)
    keys = (places[None] * depth + np.arange(depth)[:, None, None]).astype(np.int64).ravel()
    radius = np.sqrt(-2.0 * np.log(1.0 - uniform(keys, 2 * seed)))
    angle = 2.0 * np.pi * uniform(keys, 2 * seed + 1)
    return (radius * np.cos(angle)).astype(np.float32).reshape(depth, len(rows), len(cols))


class InformationNetwork:
    """An extractor ready to compute, on one device."""

    def __init__(self, extractor: DiffusionExtractor, device: torch.device) -> None:
        self.extractor, self.device = extractor, device
        self._network = extractor.network().to(device)
        self._schedule = make_schedule(device=device)
        self._components = torch.from_numpy(extractor.components).to(device)
        self._mean = torch.from_numpy(extractor.mean).to(device)

    def information(self, cube: Floats, noise: Floats) -> Floats:
        """Return the information (g, H, W) of a clean cube and its noise, both (S, H, W)."""
        settings = self.extractor.settings
        with torch.inference_mode():
            noisy, steps = self._noisy(cube, noise)
            if settings.kind == "reconstruction":
                found = self._schedule.reconstruction(noisy, self._network(noisy, steps), steps)
                result = found[0, 0, : self.extractor.n_bands]
            else:
                result = self._reduced(self._inner(noisy, steps))
        reduced: Floats = result.cpu().numpy()
        return reduced

    def inner_maps(self, cube: Floats, noise: Floats) -> Tensor:
        """Return the features before they are reduced, (32 S, H, W): index = channel * S' + depth."""
        with torch.inference_mode():
            return self._inner(*self._noisy(cube, noise))

    def _noisy(self, cube: Floats, noise: Floats) -> tuple[Tensor, Tensor]:
        clean, drawn = (torch.from_numpy(np.ascontiguousarray(v))[None, None] for v in (cube, noise))
        steps = torch.tensor([self.extractor.settings.step], device=self.device)
        return self._schedule.noised(clean.to(self.device), drawn.to(self.device), steps), steps

    def _inner(self, noisy: Tensor, steps: Tensor) -> Tensor:
        maps = self._network.features(noisy, steps, (self.extractor.settings.stage,))[0]
        return maps[0].flatten(0, 1)

    def _reduced(self, maps: Tensor) -> Tensor:
        flat = maps.flatten(1) - self._mean[:, None]
        return (self._components @ flat).view(-1, *maps.shape[1:])
