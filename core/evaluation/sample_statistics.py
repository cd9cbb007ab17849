"""What the samples of each class amount to, and what the sources measure on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..data.classes import LandClass
from ..data.grid import Grid
from ..data.groups import merge_groups
from ..data.modalities import Modality
from ..data.sample_set import SampleSet
from ..data.sample_values import SampleValues
from ..data.split_parts import LabelledFeature

if TYPE_CHECKING:
    from numpy.typing import NDArray

GOOD, THIN, FEW, NONE = "good", "thin", "too few", "none"
_GOOD_PLACES, _THIN_PLACES, FEWEST_PIXELS = 5, 3, 30
FEW_BANDS = 6  # up to here bands are shown one by one, not as a curve
LOW, HIGH = 10, 90  # percentiles of the spread


@dataclass(frozen=True)
class ClassFigures:
    """One class: `features` with it (None for a label raster), usable `pixels`, their area `hectares`.

    `places` are separate: areas whose pixels are farther apart than a pixel of the coarsest source; of a
    label raster, where a region has no end, cells of 32 x 32 pixels, each counted by its share of the class
    (inverse of Simpson's index). `share` of all pixels; `unusable`: samples without data. `verdict`: `GOOD`
    from 5 places and 30 pixels, `THIN` from 3 places, `FEW` below, `NONE`.
    """

    land_class: LandClass
    features: int | None
    pixels: int
    hectares: float
    places: int
    share: float
    unusable: int

    @property
    def verdict(self) -> str:
        """Whether the class has enough samples."""
        if not self.pixels:
            return NONE
        if self.pixels < FEWEST_PIXELS or self.places < _THIN_PLACES:
            return FEW
        return GOOD if self.places >= _GOOD_PLACES else THIN


def class_figures(
    every: SampleSet, usable: SampleSet, features: Sequence[LabelledFeature] | None, grid: Grid, reach: int
) -> list[ClassFigures]:
    """Count per class; `every`: all samples, `usable`: those where the sources have data.

    `reach`: areas with pixels closer than this many pixels are one place.
    """
    totals = np.array(every.totals or every.counts(), dtype=np.int64)
    # Exact unless a selection was made and a part of it lies where there are no data.
    counts = np.round(totals * usable.counts() / np.maximum(every.counts(), 1)).astype(np.int64)
    hectares = grid.metres[0] * grid.metres[1] / 10_000
    labels = None if features is None else np.array([f.label for f in features], dtype=np.int64)
    return [
        ClassFigures(
            item,
            None if labels is None else int((labels == i).sum()),
            int(counts[i]),
            int(counts[i]) * hectares,
            _places(usable.subset(usable.labels == i), reach),
            float(counts[i] / counts.sum()),
            int(totals[i] - counts[i]),
        )
        for i, item in enumerate(usable.classes)
    ]


def _places(samples: SampleSet, reach: int) -> int:
    if not len(samples):
        return 0
    if samples.unit != "none":
        return len(np.unique(merge_groups(samples, reach)))
    counts = np.unique(samples.places, return_counts=True)[1].astype(np.float64)
    return int(counts.sum() ** 2 / (counts**2).sum() + 1e-9)


@dataclass(frozen=True, eq=False)
class Spectra:
    """What one modality measures per class: `mean`, `low` and `high` (10 % and 90 % percentiles), (K, C).

    NaN for classes without pixels. `title` names the modality and, where it has several, the raster. `names`
    and `wavelengths` (nm) of the bands; `wavelengths` is () where not all are known.
    """

    title: str
    quantity: str
    names: tuple[str, ...]
    wavelengths: tuple[float, ...]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def class_spectra(found: SampleValues, modality: Modality) -> list[Spectra]:
    """Return the spectra of the classes in one modality; of several rasters with many bands one for each."""
    bands, count = modality.bands, len(modality.layers)
    sizes = [sum(band.layer == layer for band in bands) for layer in range(count)]
    if count == 1 or max(sizes) <= FEW_BANDS:
        return [_spectra(found, modality, modality.key, range(len(bands)))]
    return [
        _spectra(
            found,
            modality,
            f"{modality.key}, {modality.layers[layer][0].name}",
            [i for i, band in enumerate(bands) if band.layer == layer],
        )
        for layer in range(count)
    ]


def _spectra(found: SampleValues, modality: Modality, title: str, positions: Sequence[int]) -> Spectra:
    """Return the spectra of some bands, by ascending wavelength where all are known."""
    bands = [modality.bands[i] for i in positions]
    waves = [band.wavelength for band in bands if band.wavelength is not None]
    known = len(waves) == len(bands)
    order = np.argsort(waves, kind="stable") if known else np.arange(len(bands))
    values = found.values[modality.key][:, np.array(positions)[order]]
    figures = np.full((3, len(found.samples.classes), len(bands)), np.nan)
    for label in range(len(found.samples.classes)):
        own = values[found.samples.labels == label].astype(np.float64)
        measured = np.isfinite(own).any(axis=0) if len(own) else np.zeros(len(bands), dtype=bool)
        if measured.any():
            figures[0, label, measured] = np.nanmean(own[:, measured], axis=0)
            figures[1:, label, measured] = np.nanpercentile(own[:, measured], [LOW, HIGH], axis=0)
    names = tuple(bands[i].name for i in order.tolist())
    quantity = modality.layers[bands[0].layer][0].quantity
    return Spectra(title, quantity, names, tuple(sorted(waves)) if known else (), *figures)
