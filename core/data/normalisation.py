"""Bringing bands to the scale a method expects, and comparing a scene with what a model was trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import AlignmentError, ModelFileError, SamplesError
from ..progress import Progress, silent
from .lattice import READ_BUDGET, covers_all, lattice_windows
from .stack import Stack

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Exclude = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.bool_]]

KINDS = ("stretch", "standardise", "none")
FITTING_LIMIT = 100_000  # pixels
_ENOUGH = 1000  # valid pixels; with fewer, percentiles say little
_CLOSER = 8  # times as many pixels in the next lattice
_TINY = 1e-3  # range of a band, in its own units
TAIL = 0.5  # per cent left out at each end of a stretch
_DAMAGED_REMEDY = "Copy or download the model file again, or train a new model."
_CHUNK = 8192  # rows of a sample in float64 at once


@dataclass(frozen=True)
class Normalisation:
    """What happens to the bands of one modality.

    In this order: NaN becomes `fill`; principal components, if any; (x - offset) * scale; a "stretch" is then
    cut to 0..1. `low` and `high` are the range of each raw band in the fitting sample (`TAIL` per cent left
    out).

    Shapes: `fill`, `low`, `high`, `pca_mean` (C,); `pca_components` (C', C); `offset`, `scale` (C',). All
    float32.
    """

    kind: str
    fill: Floats
    low: Floats
    high: Floats
    offset: Floats
    scale: Floats
    pca_mean: Floats | None = None
    pca_components: Floats | None = None

    @property
    def n_in(self) -> int:
        """Number of raw bands C."""
        return len(self.fill)

    @property
    def n_out(self) -> int:
        """Number of bands C' afterwards."""
        return len(self.offset)

    def apply(self, raw: Floats) -> Floats:
        """Return (C', ...) float32 of raw bands (C, ...) with NaN where invalid; the result has no NaN."""
        shape = (-1, *(1,) * (raw.ndim - 1))
        values = np.where(np.isfinite(raw), raw, self.fill.reshape(shape)).astype(np.float32, copy=False)
        if self.pca_components is not None and self.pca_mean is not None:
            flat = values.reshape(len(values), -1) - self.pca_mean[:, None]
            values = (self.pca_components @ flat).reshape(self.n_out, *raw.shape[1:])
        values -= self.offset.reshape(shape)
        values *= self.scale.reshape(shape)
        if self.kind == "stretch":
            np.clip(values, 0.0, 1.0, out=values)
        return values


def fit_normalisation(sample: Floats, kind: str, n_components: int = 0) -> Normalisation:
    """Fit a normalisation to pixels (n, C) with NaN where a band is invalid.

    `kind`: "stretch" brings the 0.5 % and 99.5 % percentiles to 0 and 1, "standardise" gives mean 0 and
    deviation 1, "none" leaves the values (tiny ones times a power of two). A constant band becomes 0.
    `n_components`: principal components to keep, 0 for none; never more than there are bands. Of components,
    the widest gets that range or deviation and the others the square root of their share of it.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {KINDS}, got {kind!r}")
    fill = _means(sample)
    low, high = _ranges(sample)
    mean: Floats | None = None
    components: Floats | None = None
    values = np.where(np.isfinite(sample), sample, fill)
    if n_components:
        mean, components = principal_components(values, min(n_components, sample.shape[1]))
        values = (values - mean) @ components.T
    offset, scale = _offset_and_scale(values, kind, common_unit=components is not None)
    return Normalisation(kind, fill, low, high, offset, scale, mean, components)


def _means(sample: Floats) -> Floats:
    """Return the mean of the valid values of each band, 0 for a band without any."""
    valid = np.isfinite(sample)
    total = np.where(valid, sample, 0).sum(axis=0, dtype=np.float64)
    return (total / np.maximum(valid.sum(axis=0), 1)).astype(np.float32)


def _ranges(sample: Floats) -> tuple[Floats, Floats]:
    """Return the percentiles of the valid values of each band; 0 and 0 for a band without any."""
    low, high = np.zeros((2, sample.shape[1]), np.float32)
    for band, values in enumerate(sample.T):
        valid = values[np.isfinite(values)]
        if len(valid):
            low[band], high[band] = np.percentile(valid, (TAIL, 100 - TAIL))
    return low, high


def _offset_and_scale(values: Floats, kind: str, common_unit: bool) -> tuple[Floats, Floats]:
    """Return offset and scale of each band; `common_unit`: the bands are components of one space."""
    n = values.shape[1]
    if kind == "none":
        low, high = _ranges(values)
        return np.zeros(n, np.float32), _magnification(high - low)
    if kind == "stretch":
        low, high = _ranges(values)
        offset, width = low, high - low
    else:
        offset = values.mean(axis=0, dtype=np.float64)
        width = values.std(axis=0, dtype=np.float64)
    # A band that does not vary, or only within the rounding of float32, says nothing: 0, never NaN.
    varies = width > 1e-6 * np.maximum(np.abs(offset), 1e-32)
    if common_unit:
        # Components differ by orders of magnitude. Stretching each to the full range would blow up those that
        # hold little but noise, keeping their proportions would hide faint spectral features: the square root
        # is between the two and was the best or equal to it on four scenes (benchmarks/README.md).
        varies &= width > 1e-5 * width.max()
        width = np.sqrt(width * width.max())
    scale = np.where(varies, 1.0 / np.where(varies, width, 1.0), 0.0)
    return offset.astype(np.float32), scale.astype(np.float32)


def _magnification(widths: Floats) -> Floats:
    """Return a power of two for each band, 1 unless its values are tiny: a product with it is exact.

    The trees of scikit-learn take a feature for constant that varies by less than 1e-7.
    """
    tiny = (widths > 0) & (widths < _TINY)
    powers = np.minimum(np.ceil(-np.log2(np.where(tiny, widths, 1.0))), 126)
    return np.where(tiny, 2.0**powers, 1.0).astype(np.float32)


def principal_components(values: Floats, count: int) -> tuple[Floats, Floats]:
    """Return the mean (C,) and the first `count` components (count, C) of pixels (n, C) without NaN.

    The sign is fixed (the largest coefficient is positive), so that the same pixels give the same components.
    """
    mean = values.mean(axis=0, dtype=np.float64)
    covariance = np.zeros((values.shape[1], values.shape[1]))
    for start in range(0, len(values), _CHUNK):
        centred = values[start : start + _CHUNK].astype(np.float64) - mean
        covariance += centred.T @ centred
    return mean.astype(np.float32), leading_components(covariance / max(1, len(values)), count)


def leading_components(covariance: NDArray[np.float64], count: int) -> Floats:
    """Return the first `count` eigenvectors (count, C) of a covariance (C, C), their signs fixed as above."""
    _, vectors = np.linalg.eigh(covariance)
    components = vectors[:, ::-1][:, :count].T
    largest = np.abs(components).argmax(axis=1)
    components *= np.sign(components[np.arange(count), largest])[:, None]
    return np.ascontiguousarray(components, np.float32)


class Preprocess(dict[str, Normalisation]):
    """The normalisation of every modality, in the order of use."""

    def apply(self, data: Mapping[str, Floats]) -> dict[str, Floats]:
        """Return each modality's bands (C', ...) from its raw bands (C, ...)."""
        return {key: normalisation.apply(data[key]) for key, normalisation in self.items()}

    def to_arrays(self) -> dict[str, Floats]:
        """Return all arrays under names `preprocess.<key>.<field>`."""
        return {
            f"preprocess.{key}.{name}": np.ascontiguousarray(array)
            for key, normalisation in self.items()
            for name, array in _arrays(normalisation)
        }

    def to_json(self) -> dict[str, Any]:
        """Return what is not an array."""
        return {key: {"kind": normalisation.kind} for key, normalisation in self.items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], description: Mapping[str, Any]) -> Preprocess:
        """Rebuild from `to_arrays` and `to_json`. Raises `ModelFileError` for what does not fit together."""
        return cls({key: _rebuilt(key, arrays, values) for key, values in description.items()})


def _arrays(normalisation: Normalisation) -> Iterator[tuple[str, Floats]]:
    for spec in fields(normalisation):
        value = getattr(normalisation, spec.name)
        if isinstance(value, np.ndarray):
            yield spec.name, value


def _rebuilt(key: str, arrays: Mapping[str, NDArray[Any]], values: Mapping[str, Any]) -> Normalisation:
    prefix = f"preprocess.{key}."
    found = {n[len(prefix) :]: np.asarray(a, np.float32) for n, a in arrays.items() if n.startswith(prefix)}
    try:
        normalisation = Normalisation(kind=str(values["kind"]), **found)
        n_in, n_out = normalisation.n_in, normalisation.n_out
    except (KeyError, TypeError) as error:
        raise ModelFileError(
            f"The scaling of '{key}' is incomplete.", where=key, remedy=_DAMAGED_REMEDY
        ) from error
    wanted: dict[str, tuple[int, ...]] = dict.fromkeys(("fill", "low", "high"), (n_in,))
    wanted |= dict.fromkeys(("offset", "scale"), (n_out,))
    reduced = normalisation.pca_components is not None
    if reduced:
        wanted |= {"pca_mean": (n_in,), "pca_components": (n_out, n_in)}
    shapes = {name: array.shape for name, array in found.items()}
    if shapes != wanted or normalisation.kind not in KINDS or (not reduced and n_in != n_out):
        raise ModelFileError(
            f"The scaling of '{key}' does not fit together.", where=key, remedy=_DAMAGED_REMEDY
        )
    return normalisation


@dataclass(frozen=True)
class SceneSample:
    """Valid pixels of a scene, per modality (n, C), and the share of the lattice that was valid, 0 to 1."""

    values: dict[str, Floats]
    valid_share: float

    def __len__(self) -> int:
        return len(next(iter(self.values.values())))


def fitting_sample(
    stack: Stack, limit: int = FITTING_LIMIT, exclude: Exclude | None = None, progress: Progress = silent
) -> dict[str, Floats]:
    """Return the values of `scene_sample`."""
    return scene_sample(stack, limit, exclude, progress).values


def scene_sample(
    stack: Stack,
    limit: int = FITTING_LIMIT,
    exclude: Exclude | None = None,
    progress: Progress = silent,
    budget: int = READ_BUDGET,
) -> SceneSample:
    """Return valid pixels on a regular lattice, per modality (n, C) with NaN in single invalid bands.

    `budget`: pixels of the scene read at most.
    Where a lattice of about `limit` pixels meets hardly any valid one, as with a narrow mask, closer ones
    are tried. `exclude(rows, cols)` says which pixels must not be used, such as those of held-back samples.
    Raises `AlignmentError` where no pixel is valid in all modalities, `SamplesError` where all are excluded.
    """
    rows, cols = stack.grid.shape
    enough = min(_ENOUGH, limit // 10)
    sample = _lattice_sample(stack, limit, budget, exclude, progress)
    while len(sample) < enough and not covers_all(rows, cols, limit, budget):
        limit, budget = _CLOSER * limit, _CLOSER * budget
        sample = _lattice_sample(stack, limit, budget, exclude, progress)
    if not len(sample):
        kind = SamplesError if exclude else AlignmentError
        raise kind(
            "No pixel is valid in all sources" + (" outside the held-back groups." if exclude else "."),
            where=", ".join(stack.keys),
            remedy="Check nodata values and mask: the sources overlap, but not where they hold data.",
        )
    return sample


def _lattice_sample(
    stack: Stack, limit: int, budget: int, exclude: Exclude | None, progress: Progress
) -> SceneSample:
    parts: dict[str, list[Floats]] = {key: [] for key in stack.keys}
    n_valid = n_looked_at = 0
    for part in lattice_windows(stack.grid.rows, stack.grid.cols, limit, budget):
        progress(part.window.row / stack.grid.rows, "Measuring the bands")
        read = stack.read(part.window)
        rows, cols = part.positions()
        keep = read.valid[rows - part.window.row, cols - part.window.col]
        n_valid, n_looked_at = n_valid + int(keep.sum()), n_looked_at + len(keep)
        if exclude is not None:
            keep &= ~exclude(rows, cols)
        for key, values in read.data.items():
            parts[key].append(part.take(values)[keep])
    joined = {key: np.concatenate(values) for key, values in parts.items()}
    return SceneSample(joined, n_valid / max(1, n_looked_at))


def fit_preprocess(
    stack: Stack,
    kind: str,
    components: Mapping[str, int] | None = None,
    *,
    exclude: Exclude | None = None,
    progress: Progress = silent,
) -> Preprocess:
    """Fit every modality's normalisation to a sample of the scene; `components` per modality, 0 for none."""
    sample = fitting_sample(stack, exclude=exclude, progress=progress)
    counts = components or {}
    return Preprocess({key: fit_normalisation(v, kind, counts.get(key, 0)) for key, v in sample.items()})
